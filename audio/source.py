"""What every place that sound comes from looks like, be it a microphone or a file."""

from __future__ import annotations

from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

SourceType = TypeVar("SourceType", bound="Source")


@dataclass(frozen=True, slots=True)
class Block:
    """A run of consecutive samples.

    samples: (n,) float32 mono at the source's own rate, nominally within -1..1; n may be 0. Nobody changes them later.
    start: index of the first sample since the source opened, lost ones counted: time is start / sample_rate.
    dropped: how many samples were lost between the block before and this one.
    """

    samples: NDArray[np.float32]
    start: int
    dropped: int = 0


class Source(Protocol):
    """Gives mono samples at its own rate. Read by one thread; `status` may be looked at from any."""

    @property
    def name(self) -> str:
        """What the user calls it: the device's or the file's name."""

    @property
    def sample_rate(self) -> int:
        """Samples per second of what `read` gives."""

    @property
    def status(self) -> str:
        """Empty when all is well, otherwise one sentence for the user."""

    def read(self, timeout: float) -> Block | None:
        """The next samples; an empty block when `timeout` seconds bring none; None once the source has ended.

        Raises AudioError when the source turns out to be broken half-way (a damaged file).
        """

    def close(self) -> None:
        """Let go of the device or file. May be called twice, never hangs; `read` gives None from then on."""

    def __enter__(self: SourceType) -> SourceType: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class ClosesOnExit:
    """The context manager that every source shares: leaving the `with` closes it."""

    def close(self) -> None:
        raise NotImplementedError

    def __enter__(self: ClosesType) -> ClosesType:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class SourceAround(ClosesOnExit):
    """Another source, given in a way of its own: under the same name, and closed with it."""

    def __init__(self, source: Source) -> None:
        self._source = source

    @property
    def name(self) -> str:
        """The other source's."""
        return self._source.name

    @property
    def sample_rate(self) -> int:
        """The other source's."""
        return self._source.sample_rate

    @property
    def status(self) -> str:
        """The other source's."""
        return self._source.status

    def close(self) -> None:
        """Nothing more comes."""
        self._source.close()


ClosesType = TypeVar("ClosesType", bound=ClosesOnExit)
