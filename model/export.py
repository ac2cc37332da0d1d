"""An encoder's step as torch.compile, torch.export and ONNX have it: the state is tensors, in and out.

Nothing is written in place, no shape depends on how much has been heard, and one graph is true from the first token on.
What is averaged is summed up again from the rings at every step, O(n m d) with landmarks where `Encoder.step` moves its
sums on in O(m d): for where Python is not, not for speed.
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
from model.encoder import Encoder, valid


class StepModule(nn.Module):
    """(token (B, d), *state) -> (answer (B, outputs), *the state after it); what `Encoder.step` answers.

    It has a copy of the encoder's weights, in evaluation mode. Raises ValueError for retroactive stacking.
    """

    def __init__(self, encoder: Encoder, batch: int = 1) -> None:
        super().__init__()
        if encoder.config.stacking == "retroactive":
            raise ValueError("retroactive stacking has no step of fixed shapes; export `forward`, or stack deep")
        self.encoder = encoder = copy.deepcopy(encoder).requires_grad_(False)
        self.batch = batch
        prepared = (landmarks for landmarks in encoder.prepare(batch) if landmarks is not None)
        for index, landmarks in enumerate(prepared):
            for name, tensor in landmarks._asdict().items():
                self.register_buffer(f"{name}_{index}", tensor.clone())
        self.eval()

    def init_state(self) -> tuple[Tensor, ...]:
        """Before the first token: how many have been heard (), int64; then, per block, its rings of keys and of values
        (R, n, D), and with continual landmarks these, (R, m, D) twice, and sums of the segment so far, (R, D) twice.
        """
        config, like = self.encoder.config, self.encoder._like()
        rows, width = config.heads * self.batch, config.head_width
        shapes: list[tuple[int, ...]] = [(rows, config.window, width)] * 2
        if config.attention == "nystrom" and config.landmarks == "continual":
            shapes += [(rows, config.landmark_count, width)] * 2 + [(rows, width)] * 2
        state = [like.new_zeros(shape) for _ in range(config.blocks) for shape in shapes]
        return torch.zeros((), dtype=torch.int64, device=like.device), *state

    def forward(self, token: Tensor, position: Tensor, *state: Tensor) -> tuple[Tensor, ...]:
        encoder = self.encoder
        token = valid(token)
        if encoder.positions is not None:
            token = token + encoder.positions.encoding[(position % encoder.config.positions).unsqueeze(0)]
        blocks = encoder._blocks()
        of_each, after = len(state) // len(blocks), []
        for index, block in enumerate(blocks):
            begin = index * of_each
            attended, *remembered = self._attend(
                block.attention, index, block.attention_input(token), position, state[begin : begin + of_each]
            )
            token = block._finish(token, attended)
            after += remembered
        return encoder._answer(token), position + 1, *after

    def _attend(
        self, attention: MultiHeadAttention, index: int, token: Tensor, position: Tensor, state: tuple[Tensor, ...]
    ) -> tuple[Tensor, ...]:
        """token (B, d) -> what it attends to (B, d), and the state after it."""
        window = attention.config.window
        query, key, value = attention._project_one(token, position)
        slots = torch.arange(window, device=token.device)
        here = (slots == position % window).unsqueeze(-1)
        keys, values = (
            torch.where(here, new.unsqueeze(1), ring) for new, ring in zip((key, value), state, strict=False)
        )
        heard = (slots <= position).unsqueeze(0)
        query = query.unsqueeze(1)
        rest: list[Tensor] = []
        if isinstance(attention.kernel, FixedLandmarkKernel):
            landmarks = Landmarks(*(self.get_buffer(f"{name}_{index}") for name in Landmarks._fields))
            rows = attend_by_landmarks(query, keys, values, landmarks, heard)
        elif isinstance(attention.kernel, GaussianKernel):
            rows = attend_by_distance(query, keys, values, heard)
        else:
            rows = attend(query, keys, values, heard)
            if len(state) > 2:
                approximate, complete, *rest = self._segments(
                    attention, query, key, keys, values, heard, position, state[2:]
                )
                rows = torch.where(complete > 0, approximate, rows)
        return attention._join_one(rows.squeeze(1)), keys, values, *rest

    def _segments(
        self,
        attention: MultiHeadAttention,
        query: Tensor,
        key: Tensor,
        keys: Tensor,
        values: Tensor,
        heard: Tensor,
        position: Tensor,
        state: tuple[Tensor, ...],
    ) -> tuple[Tensor, ...]:
        """Continual landmarks: what the query attends to, how many segments are complete, and the state after it.

        A landmark that does not stand yet has no share, and in A the row and the column of an identity.
        """
        config = attention.config
        window, count, scale = config.window, config.landmark_count, attention.kernel.scale
        query_landmarks, key_landmarks, segment_query, segment_key = state
        segment_query, segment_key = segment_query + query.squeeze(1), segment_key + key
        tokens = position + 1
        complete = ((tokens + 1) * count + window - 1) // window - 1
        done = complete * window // count == tokens
        length = tokens - (complete - 1) * window // count
        places = torch.arange(count, device=key.device)
        here = (done & (places == (complete - 1) % count)).unsqueeze(-1)
        query_landmarks = torch.where(here, (segment_query / length).unsqueeze(1), query_landmarks)
        key_landmarks = torch.where(here, (segment_key / length).unsqueeze(1), key_landmarks)
        segment_query, segment_key = (
            torch.where(done, torch.zeros_like(each), each) for each in (segment_query, segment_key)
        )
        stands = places < complete
        scores = (query_landmarks.double() @ key_landmarks.double().mT * scale).masked_fill(~stands, float("-inf"))
        identity = (places.unsqueeze(1) == places).to(scores)
        matrix = torch.where(stands.unsqueeze(1), torch.softmax(scores, dim=-1), identity)
        weights = (query.double() @ key_landmarks.double().mT * scale).masked_fill(~stands, float("-inf"))
        averages = attend(query_landmarks, keys, values, heard).double()
        rows = torch.softmax(weights, dim=-1) @ (inverse_of(matrix, config) @ averages)
        return rows.to(query), complete, query_landmarks, key_landmarks, segment_query, segment_key
