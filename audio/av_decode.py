"""What FFmpeg decodes, through PyAV: a container's first soundtrack as mono samples."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audio.errors import UnreadableFile
from audio.mono import check_channel, mix_to_mono


class Soundtrack:
    """The first one in a container. `kind` is what the user calls it: file, stream.

    Raises UnreadableFile, with the sentence `not_sound` where FFmpeg knows no such encoding.
    """

    def __init__(self, source: Any, kind: str, not_sound: str, channel: int | None = None) -> None:
        import av

        self._kind, self._channel = kind, channel
        try:
            self._container: Any = av.open(source, metadata_errors="ignore")
        except (av.FFmpegError, OSError, ValueError) as error:
            raise UnreadableFile(not_sound) from error
        try:
            if not self._container.streams.audio:
                raise UnreadableFile(f"there is no sound in this {kind}: choose one that has a soundtrack")
            self._stream = self._container.streams.audio[0]
            if self._stream.codec_context is None:  # a damaged header names an encoding that nobody decodes
                raise UnreadableFile(not_sound)
            check_channel(channel, self.channels, kind)
        except UnreadableFile:
            self._container.close()
            raise

    @property
    def sample_rate(self) -> int:
        """Hz. Decoding the first block can correct it (AAC with SBR doubles the rate)."""
        return int(self._stream.codec_context.sample_rate)

    @property
    def channels(self) -> int:
        """Before mixing; the first block can correct it too."""
        return int(self._stream.codec_context.channels)

    @property
    def duration(self) -> float | None:
        """Seconds as the container states it."""
        import av

        return None if self._container.duration is None else self._container.duration / av.time_base

    def close(self) -> None:
        """Let go of it."""
        self._container.close()

    def blocks(self, begin: float = 0.0) -> Generator[NDArray[np.float32], None, None]:
        """(n,) samples, those before `begin` seconds left out. Raises UnreadableFile where it is damaged."""
        import av

        to_samples = FrameConverter(self._channel)
        try:
            if begin:
                self._container.seek(round(begin * av.time_base))  # to a packet before it
            for packet in self._container.demux(self._stream):
                for frame in _frames_of(packet):
                    early = round((begin - (frame.time or 0.0)) * frame.sample_rate) if begin else 0
                    if early < frame.samples:
                        for samples in to_samples(frame):
                            yield samples[max(0, early) :]
        except (av.FFmpegError, OSError, ValueError) as error:
            raise UnreadableFile(
                f"the {self._kind} is damaged and cannot be decoded to its end: convert it or fetch it again"
            ) from error


class FrameConverter:
    """Decoded frames into mono samples at the rate of the first one.

    Pieces that were joined, as in a recorded broadcast, may change the rate, the channels or the sample type.
    """

    def __init__(self, channel: int | None) -> None:
        self._channel = channel
        self._rate: int | None = None
        self._form: tuple[str, str, int] | None = None
        self._resampler: Any = None

    def __call__(self, frame: Any) -> Iterator[NDArray[np.float32]]:
        """-> (n,) float32, once for each frame that it becomes."""
        import av

        form = (frame.format.name, frame.layout.name, frame.sample_rate)
        if form != self._form:
            self._form, self._rate = form, self._rate or frame.sample_rate
            # Not planar: PyAV reads beyond its memory from 9 planes on.
            self._resampler = av.AudioResampler(format="flt", rate=self._rate)
        for converted in self._resampler.resample(frame):
            samples = converted.to_ndarray().reshape(-1, converted.layout.nb_channels)
            is_there = self._channel is None or self._channel < samples.shape[1]
            with np.errstate(over="ignore", invalid="ignore"):  # infinite ones are heard as silence, and counted
                mono = mix_to_mono(samples, self._channel if is_there else None)
            yield mono


def _frames_of(packet: Any) -> list[Any]:
    """A damaged packet gives no frames: players leave it out and go on."""
    import av

    try:
        frames: list[Any] = packet.decode()
    except av.error.InvalidDataError:
        return []
    return frames
