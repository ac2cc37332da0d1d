"""From the microphone to a genre, the whole loop: prints the mean answer of the last 3 s, until Ctrl-C.

PYTHONPATH=. python3 docs/examples/listen.py
"""

from __future__ import annotations

from collections import deque
from contextlib import suppress

import numpy as np

from app.stream.frames import FrameReader
from app.stream.models import load_model
from app.stream.stream import Stream
from app.stream.weights import default_weights
from audio import FRAME_SECONDS, Microphone, Source

SMOOTHED_FRAMES = round(3.0 / FRAME_SECONDS)


def listen(source: Source) -> None:
    """Answer every log-mel frame of a source as soon as it is complete."""
    model = load_model(default_weights())
    stream = Stream(model, singly=True)
    recent: deque[np.ndarray] = deque(maxlen=SMOOTHED_FRAMES)
    for frames in FrameReader(source).live():
        recent.extend(stream.push(frames.log_mels).probabilities)  # (T, genres)
        if len(frames):
            answer = np.mean(recent, axis=0)
            best = int(answer.argmax())
            print(f"{frames.ends[-1]:7.2f} s  {model.config.genres[best]} {answer[best]:.2f}", flush=True)


if __name__ == "__main__":
    with Microphone() as microphone, suppress(KeyboardInterrupt):
        listen(microphone)
