"""What every kind of continual attention has in common: queries, keys and values in, averages of values out.

A kernel has no projections (they are in multi_head.py); it sees rows, one per head and stream, heads first.

Tensor dimensions: B streams, H heads, R = H * B rows, T tokens, D head width, n window, f = min(n, tokens heard).
"""

from __future__ import annotations

import copy
import zlib
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

import torch
from torch import Tensor, nn

from model.attention.sliding_average import SlidingAverage, WrittenInPlace, as_pytree
from model.config import BlockConfig


class Landmarks(NamedTuple):
    """Fixed landmarks of every row, prepared for use."""

    queries: Tensor  # (R, m, D) Q~
    keys: Tensor  # (R, m, D) K~
    inverse: Tensor  # (R, m, m) P


class StateShape(NamedTuple):
    """What a state must fit; two that are equal can be exchanged."""

    kind: str
    window: int
    heads: int
    head_width: int
    landmarks: int
    streams: int
    dtype: torch.dtype


@as_pytree
@dataclass
class KernelState(WrittenInPlace):
    """What one batch of streams remembers; changed in place by every step."""

    shape: StateShape
    memory: SlidingAverage
    # The module whose weights it is of; in a copy their checksum, until it is stepped.
    made_by: nn.Module | int = field(init=False, default=0)

    @property
    def position(self) -> int:
        """Tokens heard."""
        return self.memory.position

    def clone(self: StateType) -> StateType:
        return copy.copy(self)

    def __getstate__(self) -> dict[str, Any]:
        return super().__getstate__() | {"made_by": checksum(self.made_by)}


StateType = TypeVar("StateType", bound=KernelState)


def checksum(weights: nn.Module | int) -> int:
    """Of all parameters of a module; of a checksum itself."""
    if isinstance(weights, int):
        return weights
    total = 0
    for parameter in weights.parameters():
        total = zlib.crc32(parameter.detach().cpu().contiguous().view(torch.uint8).numpy().tobytes(), total)
    return total


class Kernel(nn.Module, ABC):
    """softmax(q K^T / sqrt(D)) V over the last n tokens, an approximation of it, or Gaussian attention."""

    def __init__(self, config: BlockConfig) -> None:
        super().__init__()
        self.config = config
        self.scale = config.head_width**-0.5
        nystrom = config.attention == "nystrom"
        kind = f"{config.attention} {config.landmarks if nystrom else ''} {config.stacking}{' rotary' * config.rotary}"
        landmarks = config.landmark_count if nystrom else 0
        self._sizes = kind, config.window, config.heads, config.head_width, landmarks

    @abstractmethod
    def init_state(self, batch: int, like: Tensor) -> KernelState:
        """The state before the first token, with the dtype and device of `like`."""

    @abstractmethod
    def step(self, query: Tensor, key: Tensor, value: Tensor, state: KernelState) -> Tensor:
        """Single output: the newest token, each (R, D) -> its output (R, D)."""

    @abstractmethod
    def step_all(self, query: Tensor, key: Tensor, value: Tensor, state: KernelState) -> Tensor:
        """Retroactive: the newest token, each (R, D) -> the outputs (R, f, D) of all in the window, oldest first."""

    @abstractmethod
    def parallel(
        self, query: Tensor, key: Tensor, value: Tensor, first: int = 0, landmarks: Landmarks | None = None
    ) -> Tensor:
        """All single outputs of a stream at once, each (R, T, D) -> (R, T, D); differentiable, without a state.

        `first` is the number of tokens that came before and are not given, `landmarks` what `prepare` gave.
        """

    @abstractmethod
    def recompute(
        self, query: Tensor, key: Tensor, value: Tensor, heard: int, landmarks: Landmarks | None, last_only: bool
    ) -> Tensor:
        """Non-continual: the last tokens, each (R, T, D), of `heard` -> all outputs (R, f, D) of the window.

        T must be min(heard, attention_history). `landmarks` are what `prepare` gave; `last_only` asks for the newest
        output alone, (R, 1, D).
        """

    def prepare(self, batch: int) -> Landmarks | None:
        """What follows from the parameters alone, where anything does; else None."""
        return None

    def steps(self, query: Tensor, key: Tensor, value: Tensor, state: KernelState) -> Tensor:
        """What T steps would give: each (R, T, D) -> (R, T, D)."""
        outputs = [self.step(query[:, t], key[:, t], value[:, t], state) for t in range(query.shape[1])]
        return torch.stack(outputs, dim=1)

    def shape(self, batch: int, dtype: torch.dtype) -> StateShape:
        """Of a state for `batch` streams."""
        return StateShape(*self._sizes, batch, dtype)
