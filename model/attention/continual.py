"""Continual Nystrom attention with continual landmarks: the means of the last m complete segments of the stream.

A segment is n / m consecutive tokens (model/definitions.py); its mean query and mean key become a landmark when it is
complete, and replace the oldest. There is an answer from the first token on: exact softmax attention before the first
segment is complete, then Nystrom attention with what landmarks there are, and from then on with the last m, which lag
behind the window by less than a segment. docs/attention.md says it in full.

A step costs O(m d), and O(n d + m^3) more when a segment completes.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from model.attention.kernel import Landmarks
from model.attention.nystrom import (
    NystromKernel,
    NystromState,
    attend_by_landmarks,
    landmark_matrix_inverse,
    mix_by_landmarks,
)
from model.attention.sliding_average import SlidingAverage, as_pytree
from model.attention.softmax import attend
from model.definitions import completed_segments, segment_end


@as_pytree
@dataclass
class ContinualState(NystromState):
    """Beside the landmarks, the segment that is not complete yet."""

    query_landmarks: Tensor  # (R, m, D) float64, Q~
    segment_query: Tensor  # (R, D) float64, sum over the segment so far
    segment_key: Tensor  # (R, D) float64


class ContinualLandmarkKernel(NystromKernel):
    """No parameters: the landmarks come from the stream."""

    def init_state(self, batch: int, like: Tensor) -> ContinualState:
        config = self.config
        rows, width, count = config.heads * batch, config.head_width, config.landmark_count
        retroactive = config.stacking == "retroactive"

        def unwritten(*shape: int) -> Tensor:
            return like.new_full((rows, *shape), float("nan"))

        return ContinualState(
            shape=self.shape(batch, like.dtype),
            memory=SlidingAverage.empty(rows, count, width, config.window, like),
            key_landmarks=unwritten(width, count).double(),
            inverse=unwritten(0, 0).double(),
            weights=unwritten(config.window, count).double() if retroactive else None,
            query_landmarks=unwritten(count, width).double(),
            segment_query=like.new_zeros(rows, width, dtype=torch.float64),
            segment_key=like.new_zeros(rows, width, dtype=torch.float64),
            queries=unwritten(config.window, width) if retroactive else None,
        )

    def parallel(
        self, query: Tensor, key: Tensor, value: Tensor, first: int = 0, landmarks: Landmarks | None = None
    ) -> Tensor:
        """Between two completions the landmarks stand still: one piece of the stream after the other."""
        config, length = self.config, query.shape[1]
        outputs, start = [], 0
        while start < length:
            complete = completed_segments(first + start + 1, config.window, config.landmark_count)
            end = min(length, segment_end(complete, config.window, config.landmark_count) - 1 - first)
            begin = max(0, start - config.window + 1)
            piece, keys, values = query[:, start:end], key[:, begin:end], value[:, begin:end]
            standing = self._landmarks(query, key, first, first + start + 1)
            if standing is None:
                seen = torch.arange(begin, end, device=query.device)
                outputs.append(attend(piece, keys, values, seen <= seen[start - begin :].unsqueeze(1)))
            else:
                outputs.append(mix_by_landmarks(piece, keys, values, standing, self.scale, config.window))
            start = end
        return torch.cat(outputs, dim=1)

    def recompute(
        self, query: Tensor, key: Tensor, value: Tensor, heard: int, landmarks: Landmarks | None, last_only: bool
    ) -> Tensor:
        landmarks = self._landmarks(query, key, heard - query.shape[1], heard)
        query = query[:, -1 if last_only else -self.config.window :]
        key, value = key[:, -self.config.window :], value[:, -self.config.window :]
        return attend(query, key, value) if landmarks is None else attend_by_landmarks(query, key, value, landmarks)

    def _landmarks(self, query: Tensor, key: Tensor, first: int, heard: int) -> Landmarks | None:
        """None while no segment is complete: the stream is younger than a segment, and so than the window."""
        window, count = self.config.window, self.config.landmark_count
        queries, keys = (segment_means(tokens, first, heard, window, count) for tokens in (query, key))
        if not queries.shape[1]:
            return None
        return Landmarks(queries, keys, landmark_matrix_inverse(queries, keys.mT * self.scale, self.config))

    def push(self, query: Tensor, key: Tensor, value: Tensor, state: NystromState) -> bool:
        """When the token completes a segment, its means replace a landmark."""
        assert isinstance(state, ContinualState)
        window, count = self.config.window, self.config.landmark_count
        state.memory.push(key, value)
        state.segment_query += query
        state.segment_key += key
        heard = state.position
        complete = completed_segments(heard, window, count)
        if segment_end(complete - 1, window, count) != heard:
            return False
        length = heard - segment_end(complete - 2, window, count)
        place = (complete - 1) % count
        mean_query = state.segment_query / length
        state.query_landmarks[:, place] = mean_query
        state.key_landmarks[..., place] = state.segment_key / length * self.scale
        state.memory.set_query(place, mean_query)
        standing = state.memory.standing
        state.inverse = landmark_matrix_inverse(
            state.query_landmarks[:, :standing], state.key_landmarks[..., :standing], self.config
        )
        state.segment_query.zero_()
        state.segment_key.zero_()
        return True


def segment_means(tokens: Tensor, first: int, heard: int, window: int, count: int) -> Tensor:
    """The last `count` segments complete at `heard`, those that lie within the tokens: (R, T, D) -> (R, <=count, D).

    The first of the tokens has the number `first`.
    """
    complete = completed_segments(heard, window, count)
    indices = range(max(0, complete - count), complete)
    bounds = [(segment_end(index - 1, window, count), segment_end(index, window, count)) for index in indices]
    inside = [(start - first, end - first) for start, end in bounds if start >= first]
    if not inside:
        return tokens[:, :0]
    lengths = torch.tensor([end - start for start, end in inside], device=tokens.device)
    places = torch.arange(inside[0][0], inside[-1][1], device=tokens.device)
    segment = torch.bucketize(places, torch.tensor([end for _, end in inside], device=tokens.device), right=True)
    sums = tokens.new_zeros(len(tokens), len(inside), tokens.shape[2])
    # Sums, as many additions as there are numbers: a product with a matrix of ones and zeros is m times that.
    return sums.index_add(1, segment, tokens[:, inside[0][0] : inside[-1][1]]) / lengths.unsqueeze(-1)
