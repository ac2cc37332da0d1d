"""Made sound files, in every encoding that soundfile and FFmpeg write here."""

from __future__ import annotations

import io
import tempfile
from pathlib import Path
from typing import Any

import av
import numpy as np
import soundfile
from numpy.typing import NDArray

ENCODINGS: tuple[tuple[str, str | None], ...] = (
    *(("WAV", "PCM_16"), ("WAV", "FLOAT"), ("FLAC", "PCM_16"), ("OGG", "VORBIS"), ("OGG", "OPUS"), ("MP3", None)),
    *(("AIFF", "PCM_24"), ("AU", "PCM_16"), ("CAF", "ALAC_16"), ("W64", "PCM_16"), ("RF64", "PCM_16")),
)
BY_FFMPEG = {"aac.m4a": "aac", "aac.aac": "aac", "opus.webm": "libopus", "pcm.mkv": "pcm_s16le", "aac.mp4": "aac"}
RATE = 48_000


def made_files() -> dict[str, bytes]:
    """Half a second of noise in every encoding that is written here, by file name."""
    noise = np.random.default_rng(0).normal(0, 0.1, (RATE // 2, 2)).astype(np.float32)
    files = {}
    for kind, subtype in ENCODINGS:
        buffer = io.BytesIO()
        soundfile.write(buffer, noise, RATE, format=kind, subtype=subtype)
        files[f"{subtype or 'layer3'}.{kind.lower()}".lower()] = buffer.getvalue()
    with tempfile.TemporaryDirectory() as folder:
        for name, codec in BY_FFMPEG.items():
            files[name] = encode(Path(folder) / name, codec, noise, RATE).read_bytes()
    return files


def encode(path: Path, codec: str, samples: NDArray[np.float32], rate: int) -> Path:
    """Write (n, channels) with FFmpeg, in whatever sample format the codec takes."""
    layout = "mono" if samples.shape[1] == 1 else "stereo"
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples.T), format="fltp", layout=layout)
    frame.sample_rate = rate
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=rate, layout=layout)
        convert = av.AudioResampler(format=stream.format, layout=layout, rate=rate, frame_size=1024)
        for piece in [*convert.resample(frame), *convert.resample(None)]:
            container.mux(stream.encode(piece))
        container.mux(stream.encode(None))
    return path
