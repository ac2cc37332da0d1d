"""Multi-head attention around a kernel: projections before, one after, and a state that is handed on.

Parameters are laid out as in torch.nn.MultiheadAttention, so that its weights load unchanged.

Tensor dimensions: B streams, T tokens, d width, H heads, D = d / H, R = H * B rows, n window, f = min(n, heard).
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from model.attention.continual import ContinualLandmarkKernel, ContinualState
from model.attention.fixed import FixedLandmarkKernel
from model.attention.gaussian import GaussianKernel, GaussianState
from model.attention.kernel import Kernel, KernelState, Landmarks, StateShape, checksum
from model.attention.nystrom import NystromState
from model.attention.sliding_average import SlidingAverage
from model.attention.softmax import SoftmaxKernel
from model.config import BlockConfig
from model.layers import linear, refuse_masks, rotate, without_gradients


class AttentionState(NamedTuple):
    """One batch of streams between two tokens.

    Every kind of step consumes the state it is given (its rings are written in place, so that a step costs the same
    for every window) and returns the one to go on with; `clone` first to keep a copy. It may be copied, pickled and
    stored in any way, also by torch.save: the answers after it are equal to the bit.
    """

    kernel: KernelState
    position: int  # tokens heard; a state whose rings have moved on is refused

    def clone(self) -> AttentionState:
        return AttentionState(self.kernel.clone(), self.position)


torch.serialization.add_safe_globals(
    [AttentionState, ContinualState, GaussianState, KernelState, Landmarks, NystromState, SlidingAverage, StateShape]
)


class MultiHeadAttention(nn.Module):
    """The configuration chooses the kernel: softmax, Gaussian, or Nystrom with fixed or with continual landmarks.

    Queries come from the tokens; keys and values too, or, where they are given, from another stream that is as long.
    """

    def __init__(self, config: BlockConfig) -> None:
        super().__init__()
        self.config = config
        self.query_key_value = nn.Linear(config.width, 3 * config.width)
        self.output = nn.Linear(config.width, config.width)
        self.kernel = make_kernel(config)

    def init_state(self, batch: int = 1) -> AttentionState:
        """The state of `batch` streams before their first token."""
        with torch.inference_mode(False), torch.no_grad():
            kernel = self.kernel.init_state(batch, self.output.weight.detach())
        kernel.made_by = self
        return AttentionState(kernel, position=0)

    @without_gradients
    def step(
        self, token: Tensor, state: AttentionState, key: Tensor | None = None, value: Tensor | None = None
    ) -> tuple[Tensor, AttentionState]:
        """Single output: token (B, d) -> its output (B, d), and the state after it."""
        self._check(token, 2, state)
        rows = self.kernel.step(*self._project_one(token, state.position, key, value), state.kernel)
        return self._join_one(rows), AttentionState(state.kernel, state.position + 1)

    @without_gradients
    def step_all(
        self, token: Tensor, state: AttentionState, key: Tensor | None = None, value: Tensor | None = None
    ) -> tuple[Tensor, AttentionState]:
        """Retroactive: token (B, d) -> the outputs (B, f, d) of all tokens in the window, oldest first."""
        self._check(token, 2, state)
        rows = self.kernel.step_all(*self._project_one(token, state.position, key, value), state.kernel)
        return self._join(rows), AttentionState(state.kernel, state.position + 1)

    @without_gradients
    def steps(
        self, tokens: Tensor, state: AttentionState, key: Tensor | None = None, value: Tensor | None = None
    ) -> tuple[Tensor, AttentionState]:
        """tokens (B, T, d) -> outputs (B, T, d), what T steps would give, and the state after the last."""
        self._check(tokens, 3, state)
        if tokens.shape[1] == 0:
            return tokens, state
        rows = self.kernel.steps(*self._project(tokens, state.position, key, value), state.kernel)
        return self._join(rows), AttentionState(state.kernel, state.position + tokens.shape[1])

    def forward(
        self,
        tokens: Tensor,
        key: Tensor | None = None,
        value: Tensor | None = None,
        *,
        first: int = 0,
        landmarks: Landmarks | None = None,
        **masks: object,
    ) -> Tensor:
        """tokens (B, T, d) of a stream from its token `first` on -> all single outputs (B, T, d); differentiable.

        landmarks: what `prepare` gave. Masks raise ValueError.
        """
        refuse_masks(None, masks)
        if tokens.shape[1] == 0:
            return tokens
        return self._join(self.kernel.parallel(*self._project(tokens, first, key, value), first, landmarks))

    def recompute(
        self, tokens: Tensor, heard: int, landmarks: Landmarks | None = None, last_only: bool = False
    ) -> Tensor:
        """Non-continual: the last min(heard, history) tokens (B, T, d) of `heard` -> all outputs (B, f, d).

        With `last_only` the newest token's alone, (B, 1, d).
        """
        projected = self._project(tokens, heard - tokens.shape[1])
        return self._join(self.kernel.recompute(*projected, heard, landmarks, last_only))

    @torch.no_grad()
    def fix_landmarks(self, tokens: Tensor) -> None:
        """Set fixed landmarks to the k-means centres (scikit-learn) of the queries and keys of tokens (N, d), per head.

        Raises ValueError when this attention has no fixed landmarks, or for fewer tokens than landmarks.
        """
        try:
            from sklearn.cluster import KMeans
        except ImportError:
            raise ImportError("landmarks are fixed by scikit-learn's k-means: pip install nystream[train]") from None

        kernel, count = self.kernel, self.config.landmark_count
        if not isinstance(kernel, FixedLandmarkKernel):
            raise ValueError("only attention with fixed landmarks has landmarks to fix")
        if len(tokens) < count:
            raise ValueError(f"{len(tokens)} tokens for {count} landmarks; expected at least one each")
        queries, keys, _ = self._project(tokens.unsqueeze(0))  # (H, N, D)
        for landmarks, rows in ((kernel.query_landmarks, queries), (kernel.key_landmarks, keys)):
            for head, points in enumerate(rows):
                means = KMeans(count, n_init=1, random_state=0).fit(points.double().numpy())
                landmarks[head] = torch.from_numpy(means.cluster_centers_).to(landmarks.dtype)

    def _project(
        self, tokens: Tensor, first: int | Tensor = 0, key: Tensor | None = None, value: Tensor | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """(B, T, d) of a stream from its token `first` on -> queries, keys and values, (R, T, D) each.

        Raises ValueError for keys of another shape.
        """
        config, layer = self.config, self.query_key_value
        if key is None and value is None:
            projected = linear(layer, tokens).view(*tokens.shape[:2], 3, config.heads, config.head_width)
            query, key, value = projected.permute(2, 3, 0, 1, 4).flatten(1, 2).unbind(0)
        else:
            key = tokens if key is None else key
            inputs = tokens, key, key if value is None else value
            if any(each.shape != tokens.shape for each in inputs):
                raise ValueError(
                    f"queries, keys and values have shapes {', '.join(str(tuple(each.shape)) for each in inputs)}; "
                    "expected one shape"
                )
            parts = zip(inputs, layer.weight.chunk(3), layer.bias.chunk(3), strict=True)
            split = (F.linear(each, weight, bias).unflatten(-1, (config.heads, -1)) for each, weight, bias in parts)
            query, key, value = (each.permute(2, 0, 1, 3).flatten(0, 1) for each in split)
        return (rotate(query, first), rotate(key, first), value) if config.rotary else (query, key, value)

    def _project_one(
        self, token: Tensor, position: int | Tensor, key: Tensor | None = None, value: Tensor | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """(B, d), number `position` of its stream -> query, key and value, (R, D) each."""
        config = self.config
        if config.rotary or key is not None or value is not None:
            others = (None if each is None else each.unsqueeze(1) for each in (key, value))
            query, key, value = (each.squeeze(1) for each in self._project(token.unsqueeze(1), position, *others))
            return query, key, value
        rows = linear(self.query_key_value, token).view(-1, 3 * config.heads, config.head_width).transpose(0, 1)
        query, key, value = rows.reshape(3, -1, config.head_width).unbind(0)
        return query, key, value

    def _join_one(self, rows: Tensor) -> Tensor:
        """(R, D) -> (B, d)."""
        heads = rows.view(self.config.heads, -1, self.config.head_width)
        return linear(self.output, heads.transpose(0, 1).reshape(-1, self.config.width))

    def _join(self, rows: Tensor) -> Tensor:
        """(R, T, D) -> (B, T, d)."""
        heads = rows.view(self.config.heads, -1, *rows.shape[1:])  # (H, B, T, D)
        return linear(self.output, heads.permute(1, 2, 0, 3).flatten(2))

    def _check(self, tokens: Tensor, dimensions: int, state: AttentionState) -> None:
        """Raises ValueError before anything is changed."""
        if tokens.dim() != dimensions or tokens.shape[-1] != self.config.width:
            shape = f"({'batch' if dimensions == 2 else 'batch, time'}, {self.config.width})"
            raise ValueError(f"tokens have shape {tuple(tokens.shape)}; expected {shape}")
        if tokens.dtype != self.output.weight.dtype:
            raise ValueError(f"tokens are {tokens.dtype}; the weights are {self.output.weight.dtype}")
        kernel = state.kernel
        if kernel.made_by is not self or kernel.shape.streams != len(tokens) or kernel.shape.dtype != tokens.dtype:
            expected = self.kernel.shape(len(tokens), tokens.dtype)
            if kernel.shape != expected:
                raise ValueError(f"the state is for {kernel.shape}; expected one for {expected}")
            if checksum(kernel.made_by) != checksum(self):
                raise ValueError("the state is of a model with other weights; begin with a state of this one")
            kernel.made_by = self
        if state.position != kernel.position:
            raise ValueError(
                f"this state stood at token {state.position} and has been stepped to {kernel.position} since; "
                "go on from the newest state, or clone a state before stepping it"
            )
        if kernel.memory.keys.device != tokens.device:
            raise ValueError(f"the state is on {kernel.memory.keys.device}; the tokens are on {tokens.device}")


def make_kernel(config: BlockConfig) -> Kernel:
    """The kernel that the configuration names."""
    if config.attention == "softmax":
        return SoftmaxKernel(config)
    if config.attention == "gaussian":
        return GaussianKernel(config)
    if config.landmarks == "fixed":
        return FixedLandmarkKernel(config)
    return ContinualLandmarkKernel(config)
