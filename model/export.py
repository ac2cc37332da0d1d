"""The step of a model as torch.compile, torch.export and ONNX have it: the state is tensors, in and out.

Nothing is written in place, no shape depends on how much has been heard, and one graph is true from the first token on.
What is averaged is summed up again from the window at every step: O(n m d) with landmarks where `Encoder.step` moves
its sums on in O(m d), and O(n^2 d) in retroactive blocks. It is for where Python is not, not for speed.
"""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from model.attention.fixed import FixedLandmarkKernel
from model.attention.gaussian import GaussianKernel, attend_by_distance
from model.attention.kernel import Landmarks
from model.attention.multi_head import MultiHeadAttention
from model.attention.nystrom import attend_by_landmarks, inverse_of
from model.attention.softmax import attend
from model.classifier import Classifier
from model.definitions import LARGEST_DB, LARGEST_TOKEN, SILENCE_DB
from model.encoder import Encoder
from model.layers import replace_invalid
from model.tokenizer import Tokenizer

Moving = tuple[Tensor, Tensor, Tensor]  # continual landmarks: how many of them stand, queries and keys (R, m, D)


class StepModule(nn.Module):
    """(token (B, d), *state) -> (answer (B, outputs), *the state after it); what `Encoder.step` answers.

    Of a classifier: (frame (B, bands) dB, *state) -> (logits (B, genres), *the state after it). It has a copy of the
    weights, in evaluation mode.
    """

    def __init__(self, model: Encoder | Classifier, batch: int = 1) -> None:
        super().__init__()
        model = copy.deepcopy(model).requires_grad_(False)
        self.encoder: Encoder = model.encoder if isinstance(model, Classifier) else model
        self.tokenizer: Tokenizer | None = model.tokenizer if isinstance(model, Classifier) else None
        self.batch = batch
        prepared = (landmarks for landmarks in self.encoder.prepare(batch) if landmarks is not None)
        for index, landmarks in enumerate(prepared):
            for name, tensor in landmarks._asdict().items():
                self.register_buffer(f"{name}_{index}", tensor.clone())
        self.eval()

    def init_state(self) -> tuple[Tensor, ...]:
        """Before the first token: how many have been heard (), int64; of a classifier levels and stem, see
        TokenizerState, zeros where none was heard; then, per block, its rings of keys and of values (R, n, D), and with
        continual landmarks these, (R, m, D) twice, and sums of the segment so far, (R, D) twice. Of retroactive blocks
        the window's tokens (B, n, d), the newest last, and the first one's landmarks and sums.
        """
        config, like = self.encoder.config, self.encoder._like()
        rows, width = config.heads * self.batch, config.head_width
        retroactive = config.stacking == "retroactive"
        shapes: list[tuple[int, ...]] = [(rows, config.window, width)] * 2
        if retroactive:
            shapes = [(self.batch, config.window, config.width)]
        if config.attention == "nystrom" and config.landmarks == "continual":
            shapes += [(rows, config.landmark_count, width)] * 2 + [(rows, width)] * 2
        heard: list[Tensor] = [torch.zeros((), dtype=torch.int64, device=like.device)]
        if self.tokenizer is not None:
            heard.append(like.new_zeros(self.batch, self.tokenizer.config.level_window - 1))
            heard += self.tokenizer.init_state(self.batch).stem
        return *heard, *(like.new_zeros(shape) for _ in range(1 if retroactive else config.blocks) for shape in shapes)

    def forward(self, token: Tensor, position: Tensor, *state: Tensor) -> tuple[Tensor, ...]:
        encoder, tokenizer = self.encoder, self.tokenizer
        after: list[Tensor] = []
        if tokenizer is not None:
            parts = 1 + len(tokenizer.config.stem_channels)
            token, *after = _tokenize(tokenizer, token, position, *state[:parts])
            state = state[parts:]
        token = replace_invalid(token, LARGEST_TOKEN, 0.0)
        if encoder.positions is not None:
            token = token + encoder.positions.encoding[(position % encoder.config.positions).unsqueeze(0)]
        step = self._step_retroactive if encoder.config.stacking == "retroactive" else self._step_deep
        token, *remembered = step(token, position, state)
        return encoder._answer(token), position + 1, *after, *remembered

    def _step_deep(self, token: Tensor, position: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        blocks = self.encoder._blocks()
        slots = torch.arange(self.encoder.config.window, device=token.device)
        here, heard = (slots == position % len(slots)).unsqueeze(-1), (slots <= position).unsqueeze(0)
        of_each, after = len(state) // len(blocks), []
        for index, block in enumerate(blocks):
            ring_keys, ring_values, *landmarks = state[index * of_each : (index + 1) * of_each]
            query, key, value = block.attention._project_one(block.attention_input(token), position)
            keys = torch.where(here, key.unsqueeze(1), ring_keys)
            values = torch.where(here, value.unsqueeze(1), ring_values)
            moving, landmarks = _move_on(block.attention, query, key, position, landmarks)
            rows = self._attend(block.attention, index, query.unsqueeze(1), keys, values, heard, moving)
            token = block._finish(token, block.attention._join_one(rows.squeeze(1)))
            after += [keys, values, *landmarks]
        return token, *after

    def _step_retroactive(self, token: Tensor, position: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        blocks = self.encoder._blocks()
        window = tokens = torch.cat([state[0][:, 1:], token.unsqueeze(1)], dim=1)
        number = torch.arange(1 - tokens.shape[1], 1, device=token.device) + position  # of every token in its stream
        heard = (number >= 0).unsqueeze(0)
        landmarks = list(state[1:])
        for index, block in enumerate(blocks):
            query, keys, values = block.attention._project(block.attention_input(tokens), number[0])
            if index == 0:
                moving, landmarks = _move_on(block.attention, query[:, -1], keys[:, -1], position, landmarks)
            elif landmarks:
                moving = _segments_of_window(block.attention, query, keys, number)
            rows = self._attend(
                block.attention, index, query if block is not blocks[-1] else query[:, -1:], keys, values, heard, moving
            )
            tokens = block._finish(tokens[:, -rows.shape[1] :], block.attention._join(rows))
        return tokens[:, -1], window, *landmarks

    def _attend(
        self,
        attention: MultiHeadAttention,
        index: int,
        query: Tensor,
        keys: Tensor,
        values: Tensor,
        heard: Tensor,
        moving: Moving | None,
    ) -> Tensor:
        """query (R, T, D), keys and values (R, n, D), of which those count that are heard (1, n) -> (R, T, D)."""
        if isinstance(attention.kernel, FixedLandmarkKernel):
            landmarks = Landmarks(*(self.get_buffer(f"{name}_{index}") for name in Landmarks._fields))
            return attend_by_landmarks(query, keys, values, landmarks, heard)
        if isinstance(attention.kernel, GaussianKernel):
            return attend_by_distance(query, keys, values, heard)
        rows = attend(query, keys, values, heard)
        if moving is None:
            return rows
        return torch.where(moving[0] > 0, _attend_by_moving(attention, query, keys, values, heard, moving), rows)


def _tokenize(
    tokenizer: Tokenizer, frame: Tensor, position: Tensor, levels: Tensor, *stem: Tensor
) -> tuple[Tensor, ...]:
    """frame (B, bands) dB -> token (B, d), and levels and stem after it; levels (B, level_window - 1)."""
    config = tokenizer.config
    frame = replace_invalid(frame, LARGEST_DB, SILENCE_DB)
    levels = torch.cat([levels, frame.mean(dim=-1, keepdim=True)], dim=1)
    level = levels.sum(dim=1, keepdim=True) / (position + 1).clamp(max=config.level_window)
    relative = (frame - level).clamp(min=-config.level_floor_db)
    standardised = (relative - tokenizer.band_mean) / tokenizer.band_scale
    features, stem = tokenizer.stem(standardised.unsqueeze(1), stem)
    token: Tensor = tokenizer.projection(features).squeeze(1)
    return token, levels[:, 1:], *stem


def _move_on(
    attention: MultiHeadAttention, query: Tensor, key: Tensor, position: Tensor, state: list[Tensor]
) -> tuple[Moving | None, list[Tensor]]:
    """Continual landmarks: the newest token, (R, D) each, joins its segment, whose means become a landmark when it is
    complete. The landmarks, None where attention has none, and the state after it.
    """
    if not state:
        return None, state
    window, count = attention.config.window, attention.config.landmark_count
    query_landmarks, key_landmarks, segment_query, segment_key = state
    segment_query, segment_key = segment_query + query, segment_key + key
    tokens = position + 1
    complete = _completed(tokens, window, count)
    done = complete * window // count == tokens
    length = tokens - (complete - 1) * window // count
    places = torch.arange(count, device=key.device)
    here = (done & (places == (complete - 1) % count)).unsqueeze(-1)
    query_landmarks = torch.where(here, (segment_query / length).unsqueeze(1), query_landmarks)
    key_landmarks = torch.where(here, (segment_key / length).unsqueeze(1), key_landmarks)
    segment_query, segment_key = (
        torch.where(done, torch.zeros_like(each), each) for each in (segment_query, segment_key)
    )
    return (complete, query_landmarks, key_landmarks), [query_landmarks, key_landmarks, segment_query, segment_key]


def _segments_of_window(attention: MultiHeadAttention, query: Tensor, key: Tensor, number: Tensor) -> Moving:
    """Continual landmarks of a block whose inputs all change: means of the window's own segments. query and key
    (R, n, D); number (n,) of every token in its stream, below 0 where there is none.
    """
    window, count = attention.config.window, attention.config.landmark_count
    place = number - number[:1].clamp(min=0)  # in the window
    segments = torch.arange(count, device=key.device)
    segment = (place.unsqueeze(1) >= (segments + 1) * window // count).sum(dim=1)
    inside = (segment.unsqueeze(1) == segments) & (place >= 0).unsqueeze(1)  # (n, m)
    shares = inside.to(key) / inside.sum(dim=0).clamp(min=1)
    return _completed(place[-1] + 1, window, count), shares.mT @ query, shares.mT @ key


def _completed(heard: Tensor, window: int, count: int) -> Tensor:
    """definitions.completed_segments, of a tensor."""
    return ((heard + 1) * count + window - 1) // window - 1


def _attend_by_moving(
    attention: MultiHeadAttention, query: Tensor, keys: Tensor, values: Tensor, heard: Tensor, moving: Moving
) -> Tensor:
    """A landmark that does not stand yet has no share, and in A the row and the column of an identity."""
    config, scale = attention.config, attention.kernel.scale
    complete, query_landmarks, key_landmarks = moving
    places = torch.arange(config.landmark_count, device=keys.device)
    stands = places < complete
    scores = (query_landmarks.double() @ key_landmarks.double().mT * scale).masked_fill(~stands, float("-inf"))
    identity = (places.unsqueeze(1) == places).to(scores)
    matrix = torch.where(stands.unsqueeze(1), torch.softmax(scores, dim=-1), identity)
    weights = (query.double() @ key_landmarks.double().mT * scale).masked_fill(~stands, float("-inf"))
    averages = attend(query_landmarks, keys, values, heard).double()
    return (torch.softmax(weights, dim=-1) @ (inverse_of(matrix, config) @ averages)).to(query)
