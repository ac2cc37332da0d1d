"""Sound files by FFmpeg, for the scripts that need some and for the tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

# The sample type that loses least comes first.
PREFERRED = ("fltp", "flt", "s32p", "s32", "s16p", "s16", "dblp", "dbl", "u8p", "u8")


def encode(
    path: Path,
    codec: str,
    samples: NDArray[np.float32],
    rate: int,
    options: dict[str, str] | None = None,
    sample_types: tuple[str, ...] = PREFERRED,
) -> Path:
    """Write (n, channels), in the first of these sample types that the codec takes. The suffix says which container;
    `options` are its own.
    """
    layout = {1: "mono", 2: "stereo"}.get(samples.shape[1], f"{samples.shape[1]}c")
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples.T), format="fltp", layout=layout)
    frame.sample_rate = rate
    with av.open(str(path), "w", container_options=options or {}) as container:
        stream: Any = container.add_stream(codec, rate=rate, layout=layout)
        stream.codec_context.options = {"strict": "experimental"}  # or it would not write Vorbis
        offered = {kind.name for kind in stream.codec.audio_formats or ()}
        stream.codec_context.format = next((kind for kind in sample_types if kind in offered), stream.format.name)
        convert = av.AudioResampler(format=stream.format, layout=layout, rate=rate, frame_size=1024)
        for piece in [*convert.resample(frame), *convert.resample(None)]:
            container.mux(stream.encode(piece))
        # The last packet of FLAC is empty: its own container learns from it how long it is, others refuse it.
        container.mux([packet for packet in stream.encode(None) if packet.size or path.suffix == ".flac"])
    return path
