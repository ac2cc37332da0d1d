"""The interface of every source of sound, microphone or file: its blocks, its channels and its errors."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Generator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from audio.front_end import Samples

CANCELLED = 1e-3  # 30 dB: what is left of one loudspeaker's wires changed over is the noise of an encoder
LOOKED_AT = 16  # one sample in so many tells how loud the channels are

SourceType = TypeVar("SourceType", bound="Source")
LOWEST_RATE, HIGHEST_RATE = 1_000, 1_000_000  # Hz; below, a block would become gigabytes when resampled
SourceState = Literal["listening", "silent", "zeros", "muted", "stalled", "lost", "recovering", "paused"]
"""How a source is doing while it is open; see audio.watchdog.Watchdog for those of a device."""


class AudioError(Exception):
    """The text is one sentence for the user: what is wrong and, where there is something to do, what to do next."""


class UnreadableFile(AudioError):  # noqa: N818
    """A file gives no sound. The text does not name the file: the caller does."""


class NoAudioSystem(AudioError):  # noqa: N818
    """PortAudio is missing or does not start: nothing can be captured, files still can be read."""


class NoAnswer(NoAudioSystem):
    """The sound server is there and does not answer."""

    def __init__(self) -> None:
        super().__init__("The sound server does not answer: restart it, or open a file instead.")


class NoMicrophone(AudioError):  # noqa: N818
    """There is no input device, none of that name, or the device refuses to be opened."""


@dataclass(frozen=True, slots=True)
class Block:
    """A run of consecutive samples.

    samples: (n,) mono at the source's own rate, nominally within -1..1; n may be 0. They do not change later.
    start: index of the first sample since the source opened, lost ones counted: time is start / sample_rate.
    dropped: how many samples were lost between the block before and this one.
    """

    samples: Samples
    start: int
    dropped: int = 0


class Source(ABC):
    """Gives mono samples at its own rate; a `with` closes it. Read by one thread, asked for its status by any."""

    name: str  # what the user calls it: the device's or the file's
    sample_rate: int  # Hz, of what `read` gives
    track = tracks = 1  # the soundtrack that it gives, from 1 on, and how many there are

    @property
    def state(self) -> SourceState:
        """How it is doing at this moment."""
        return "listening"

    @property
    def jumps(self) -> int:
        """How often it went on from another place, as after a seek in a file."""
        return 0

    @property
    def status(self) -> str:
        """Empty when all is well, otherwise one sentence for the user."""
        return ""

    @property
    def complete(self) -> bool:
        """Whether it had all that it states; known when it has ended."""
        return True

    @property
    def cancels(self) -> bool:
        """Whether its channels cancel each other, so far; see Mixer."""
        return False

    @abstractmethod
    def read(self, timeout: float) -> Block | None:
        """The next samples; an empty block when `timeout` seconds bring none; None once the source has ended.

        Raises AudioError when the source turns out to be broken half-way (a damaged file).
        """

    @abstractmethod
    def close(self) -> None:
        """Release the device or file. May be called twice, never hangs; `read` gives None from then on."""

    def __enter__(self: SourceType) -> SourceType:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class SampleSource(Source):
    """Mono samples (n,) as something gives them, each once; a `read` waits as long as that does."""

    def __init__(self, name: str, sample_rate: int, samples: Generator[Samples, None, None]) -> None:
        self.name, self.sample_rate = name, sample_rate
        self._samples = samples
        self._position = 0

    def read(self, timeout: float) -> Block | None:
        samples = next(self._samples, None)
        if samples is None:
            return None
        self._position += len(samples)
        return Block(samples, self._position - len(samples))

    def close(self) -> None:
        self._samples.close()


class SourceAround(Source):
    """Another source under the same name, read in a way of its own, and closed with it."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.name, self.sample_rate = source.name, source.sample_rate

    @property
    def state(self) -> SourceState:
        return self._source.state

    @property
    def jumps(self) -> int:
        return self._source.jumps

    @property
    def status(self) -> str:
        return self._source.status

    def close(self) -> None:
        self._source.close()


class Mixer:
    """Makes one channel of those of a source, and knows whether they cancel each other.

    channel: the index of the one to use, None for the mean of all; also where there turn out to be too few.
    """

    def __init__(self, channel: int | None = None) -> None:
        self._channel = channel
        self._first = self._sum = 0.0  # energy of the first channel and of the sum of all, of some samples

    @property
    def cancels(self) -> bool:
        """Whether nearly nothing is left of all channels together, though there is sound in the first."""
        return self._sum < CANCELLED * self._first

    def mix(self, samples: NDArray[Any]) -> Samples:
        """(n, channels) of any type -> (n,) float32 of its own: one channel with its exact bits, or the mean of all.
        Channels are added one after the other, however they lie in memory, so that nothing else changes a bit. What
        overflows is infinite, which counts as silence, and is counted.
        """
        count = samples.shape[1]
        chosen = range(count) if self._channel is None or self._channel >= count else (self._channel,)
        with np.errstate(over="ignore", invalid="ignore"):
            mono = samples[:, chosen[0]].astype(np.float32)
            for other in chosen[1:]:
                mono += samples[:, other].astype(np.float32, copy=False)
            if len(chosen) > 1:
                self._compare(samples[::LOOKED_AT, 0].astype(np.float32), mono[::LOOKED_AT].copy())
                mono /= np.float32(len(chosen))
        return mono

    def _compare(self, first: Samples, total: Samples) -> None:
        energies = _energy(first), _energy(total)
        if math.isfinite(sum(energies)):
            self._first += energies[0]
            self._sum += energies[1]


def _energy(samples: Samples) -> float:
    """Of (n,) samples less their mean."""
    return float(np.dot(samples, samples)) - float(samples.sum()) ** 2 / max(1, len(samples))


def check_channel(channel: int | None, channels: int, kind: str) -> None:
    """Raises UnreadableFile where a `kind` of so many channels, a file or a stream, has no such one."""
    if channel is not None and not 0 <= channel < channels:
        only = f"choose one from 1 to {channels}" if channels > 1 else "it has only one"
        raise UnreadableFile(f"there is no channel {channel + 1} in this {kind}: {only}")
