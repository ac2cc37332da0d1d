"""The compiled classifier: the same weights as the torch model, the same answers, no torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.compiled.cache import Functions, functions
from model.compiled.layout import Sizes, aligned, make_plan
from model.compiled.prepare import blocks_as_halves, check_covered, prepare_blocks, prepare_head
from model.compiled.shapes import check_shapes, tensor_shapes
from model.compiled.stem_layout import Tokenizing, prepare_tokenizing
from model.compiled.streams import EncoderStreams
from model.config import ModelConfig
from model.weights_file import read_weights, unfitting

Floats = NDArray[np.float32]


@dataclass(eq=False)
class CompiledStream:
    """What one stream remembers; changed in place by every step."""

    tokenizer: Floats  # levels and rings of the stem, see stem_layout.py
    frames: int  # heard by the tokenizer
    encoder: EncoderStreams  # of this one stream
    keys: list[Floats] = field(default_factory=list)  # of tokens that torch has heard, per block (H, n, D)
    keys_until: int = 0  # tokens that torch has heard

    @property
    def position(self) -> int:
        """Tokens heard by the encoder."""
        return int(self.encoder.positions[0])


class CompiledClassifier:
    """Log-mel frames in, probabilities out, a stream's state by hand.

    Raises NotCoveredError for what only torch does, and ValueError for tensors that do not fit the configuration.

    One object serves many streams, one thread at a time. What is not compiled yet is compiled at the first call.
    """

    def __init__(self, config: ModelConfig, tensors: Mapping[str, NDArray[Any]], halves: bool = True) -> None:
        """halves: store as bfloat16 what can be, see halves.py; else all weights as float32."""
        check_covered(config)
        check_shapes(tensors, config)
        self.config = config
        self.tensors = tensors
        self.sizes = Sizes.of(config, halves and blocks_as_halves(tensors, config))
        self.plan = make_plan(self.sizes)
        self.blocks, self.head = prepare_blocks(tensors, config, self.sizes), prepare_head(tensors, config)
        self.tokenizing: Tokenizing = prepare_tokenizing(tensors, config, halves)
        self._tokenizer_work = aligned((self.tokenizing.work_length,), np.float32)

    @cached_property
    def _functions(self) -> Functions:
        return functions()

    @classmethod
    def load(cls, path: Path) -> CompiledClassifier:
        """From a weights file. Raises WeightsError, NotCoveredError."""
        config, tensors = read_weights(path, "np")
        try:
            return cls(config, tensors)
        except ValueError as error:
            raise unfitting(path, error) from None

    def init_state(self) -> CompiledStream:
        """Before the first frame."""
        tokenizer: Floats = aligned((self.tokenizing.state_length,), np.float32)
        return CompiledStream(tokenizer, 0, EncoderStreams(self.sizes, self.config.blocks, 1))

    def tokenize(self, frames: Floats, state: CompiledStream) -> Floats:
        """frames (T, bands) float32 dB -> tokens (T, d)."""
        tokens = np.empty((len(frames), self.config.width), np.float32)
        part = self.tokenizing
        self._functions.tokenize(
            frames,
            part.plan,
            part.weights,
            part.standard,
            part.projection,
            part.halves,
            state.tokenizer,
            self._tokenizer_work,
            part.level_window,
            state.frames,
            tokens,
        )
        state.frames += len(frames)
        return tokens

    def encode(self, tokens: Floats, state: CompiledStream) -> Floats:
        """tokens (T, d) float32 -> probabilities (T, genres), at every token for all heard in the window."""
        return self.encode_streams(tokens, state.encoder)

    def encode_streams(self, tokens: Floats, streams: EncoderStreams) -> Floats:
        """The same for B streams in step: tokens (T, B d), side by side -> (T, B genres)."""
        answers = np.empty((len(tokens), len(streams.positions) * self.sizes.genres), np.float32)
        self._functions.encode(
            tokens,
            self.plan,
            self.blocks,
            self.head,
            streams.floats,
            streams.doubles,
            streams.work,
            streams.positions,
            answers,
        )
        return answers


def warm_up() -> None:
    """Compile or load all functions, on the smallest of models."""
    config = ModelConfig(
        bands=4, stem_channels=(1,), stem_dilations=(1,), width=2, heads=1, landmark_count=1, window=1, feed_forward=1
    )
    tensors = {name: np.ones(shape, np.float32) for name, shape in tensor_shapes(config, folded=True).items()}
    smallest = CompiledClassifier(config, tensors)
    state = smallest.init_state()
    smallest.encode(smallest.tokenize(np.zeros((1, config.bands), np.float32), state), state)
