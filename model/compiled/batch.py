"""Many streams in step: one token of each at a time, so that every weight that is loaded serves four of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from model.compiled.classifier import CompiledClassifier
from model.compiled.compiling import Floats
from model.compiled.streams import EncoderStreams


class CompiledBatch:
    """`streams` streams on one model; each may begin anew at any time."""

    def __init__(self, classifier: CompiledClassifier, streams: int) -> None:
        self._classifier = classifier
        self._streams = EncoderStreams(classifier.sizes, classifier.config.blocks, streams)

    @property
    def positions(self) -> NDArray[np.int64]:
        """(streams,) tokens heard."""
        return self._streams.positions

    def reset(self, stream: int) -> None:
        """Let this stream begin anew."""
        self._streams.reset(stream)

    def step(self, tokens: Floats) -> Floats:
        """tokens (streams, d) float32, the next of every stream -> probabilities (streams, genres)."""
        return self._classifier.encode_streams(tokens.reshape(1, -1), self._streams).reshape(len(tokens), -1)
