"""The compiled encoder and classifier: the same weights as the torch models, the same answers, no torch."""

from __future__ import annotations

import copy as copies
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from model.compiled.arithmetic import activate, add_to_rows, copy, copy_to_rows, norm, replace_invalid, softmax
from model.compiled.attention import UNSET, attend_exactly, attend_fixed
from model.compiled.cache import kept
from model.compiled.continual import attend_continual
from model.compiled.prepare import (
    HeadAt,
    Sizes,
    StateAt,
    WeightsAt,
    aligned,
    blocks_as_halves,
    check_covered,
    prepare_blocks,
    prepare_head,
    state_at,
)
from model.compiled.products import accumulate_rows
from model.compiled.registers import Floats, as_tuple, compiled, full_width, inlined
from model.compiled.stem import prepare_tokenizing, tokenize
from model.config import EncoderConfig, ModelConfig
from model.definitions import LARGEST_TOKEN
from model.weights import check_shapes, read_encoder, read_weights, tensor_shapes, unfitting

if TYPE_CHECKING:
    from typing_extensions import Self

EPSILON = 1e-5  # of the norms, as torch has it
SINGLE = np.dtype(np.float32)
SIZES, WEIGHTS, HEAD, STATE = (len(each._fields) for each in (Sizes, WeightsAt, HeadAt, StateAt))


class ChangedInPlace:
    """By every step; however it is copied or stored, the copy shares nothing and goes on to the same bits."""

    def __setstate__(self, state: dict[str, Any]) -> None:
        for name, value in state.items():
            if isinstance(value, np.ndarray):
                kept_apart = aligned(value.shape, value.dtype)
                kept_apart[...] = value
                setattr(self, name, kept_apart)
            else:
                setattr(self, name, copies.copy(value))


class EncoderStreams(ChangedInPlace):
    """What the encoder remembers of B streams that are stepped together."""

    def __init__(self, made_by: CompiledEncoder, streams: int) -> None:
        sizes, blocks = made_by.sizes, made_by.config.blocks
        at = state_at(sizes)
        self.made_by: CompiledEncoder | int = made_by  # of a copy the model's checksum, until it is stepped
        self.floats: NDArray[np.float32] = aligned((streams, blocks, at.floats), np.float32)
        self.doubles: NDArray[np.float64] = aligned((streams, blocks, at.doubles), np.float64)
        self.positions = np.zeros(streams, np.int64)  # tokens heard
        numbers = 2 * sizes.width + max(sizes.projected, sizes.feed_forward)
        self.work: NDArray[np.float32] = aligned((streams * numbers,), np.float32)
        self._pairs = sizes.pairs
        for stream in range(streams):
            self.reset(stream)

    @property
    def nbytes(self) -> int:
        """Of all that is remembered."""
        return self.floats.nbytes + self.doubles.nbytes

    def reset(self, stream: int) -> None:
        """Let this stream begin anew."""
        self.floats[stream], self.doubles[stream] = 0.0, 0.0
        self.floats[stream, :, : self._pairs] = UNSET
        self.positions[stream] = 0

    def clone(self) -> EncoderStreams:
        """A copy that goes its own way."""
        return copies.copy(self)

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | {"made_by": checksum(self.made_by)}


@dataclass(eq=False)
class CompiledStream(ChangedInPlace):
    """What one stream remembers."""

    tokenizer: Floats  # levels and rings of the stem, see stem.py
    frames: int  # heard by the tokenizer
    encoder: EncoderStreams  # of this one stream

    @property
    def position(self) -> int:
        """Tokens heard by the encoder."""
        return int(self.encoder.positions[0])

    def clone(self) -> CompiledStream:
        """A copy that goes its own way."""
        return copies.copy(self)


class CompiledEncoder:
    """Tokens in, answers out, a stream's state by hand: what the torch encoder answers to the same tokens.

    Raises NotCoveredError for what only torch does, and ValueError for tensors that do not fit the configuration.

    One object serves many streams, one thread at a time. What is not compiled yet is compiled at the first call.
    """

    def __init__(
        self, config: EncoderConfig | ModelConfig, tensors: Mapping[str, NDArray[Any]], halves: bool = True
    ) -> None:
        """tensors: numpy's, by the names of `Encoder.state_dict`. halves: store as bfloat16 what can be, see
        products.py; else all weights as float32.
        """
        check_covered(config)
        check_shapes({name: tensor.shape for name, tensor in tensors.items()}, config)
        if not isinstance(config, ModelConfig):
            tensors = {f"encoder.{name}": tensor for name, tensor in tensors.items()}
        self.config = config
        self.sizes = Sizes.of(config, halves and blocks_as_halves(tensors, config))
        self.blocks, self.weights_at = prepare_blocks(tensors, config, self.sizes)
        self.head, self.head_at = prepare_head(tensors, config)
        self.plan = np.array((*self.sizes, *self.weights_at, *self.head_at, *state_at(self.sizes)), np.int64)

    @classmethod
    def load(cls, path: Path) -> Self:
        """From a weights file of an encoder. Raises WeightsError, NotCoveredError."""
        return cls._loaded(path, *read_encoder(path))

    @classmethod
    def _loaded(cls, path: Path, config: Any, tensors: Mapping[str, NDArray[Any]]) -> Self:
        try:
            return cls(config, tensors)
        except ValueError as error:
            raise unfitting(path, error) from None

    def init_streams(self, streams: int = 1) -> EncoderStreams:
        """Of many streams, before the first token."""
        return EncoderStreams(self, streams)

    def steps(self, tokens: Floats, streams: EncoderStreams) -> Floats:
        """tokens (T, d) float32, the next of one stream -> answers (T, outputs). Raises ValueError, see `_checked`."""
        return self._encode(self._checked(tokens, streams), streams)

    def step_streams(self, tokens: Floats, streams: EncoderStreams) -> Floats:
        """tokens (B, d) float32, the next of every stream -> answers (B, outputs), of a classifier probabilities.

        Every weight that is loaded serves four of them. Raises ValueError, see `_checked`.
        """
        tokens = self._checked(tokens, streams)
        if len(tokens) != len(streams.positions) or tokens.shape[1] != self.sizes.width:
            streams_given, width = tokens.shape
            raise ValueError(
                f"tokens of {streams_given} streams with a state of {len(streams.positions)}, {width} numbers wide; "
                f"expected {self.sizes.width}"
            )
        return self._encode(tokens.reshape(1, -1), streams).reshape(len(tokens), self.sizes.outputs)

    def _checked(self, rows: Floats, streams: EncoderStreams) -> Floats:
        """Rows as the compiled functions read them. Raises ValueError before anything is changed: for another type of
        numbers, and for the state of a model with other sizes or weights. The compiled functions look at the width.
        """
        if rows.dtype is SINGLE and rows.ndim == 2 and rows.flags.carray and streams.made_by is self:
            return rows  # of all that can be asked this takes the least time
        if rows.ndim != 2:
            raise ValueError(f"rows have shape {rows.shape}; expected two dimensions")
        if rows.dtype != SINGLE:
            raise ValueError(f"rows are {rows.dtype}; expected float32")
        if streams.made_by is not self:
            if checksum(streams.made_by) != checksum(self):
                raise ValueError("the state is of a model with other weights; begin with a state of this one")
            streams.made_by = self
        return np.array(rows, SINGLE, order="C")

    def _encode(self, tokens: Floats, streams: EncoderStreams) -> Floats:
        """tokens (T, B d), the streams side by side -> (T, B outputs)."""
        answers = np.empty((len(tokens), len(streams.positions) * self.sizes.outputs), np.float32)
        if not kept(encode)(
            tokens,
            self.plan,
            self.blocks,
            self.head,
            streams.floats,
            streams.doubles,
            streams.work,
            streams.positions,
            answers,
        ):
            raise ValueError(f"rows have shape {tokens.shape}; expected (rows, {self.sizes.width})")
        return answers


class CompiledClassifier(CompiledEncoder):
    """Log-mel frames in, probabilities out."""

    config: ModelConfig

    def __init__(self, config: ModelConfig, tensors: Mapping[str, NDArray[Any]], halves: bool = True) -> None:
        """tensors: by the names of `Classifier.state_dict`. halves: see CompiledEncoder."""
        super().__init__(config, tensors, halves)
        self.tensors = tensors
        self.tokenizing = prepare_tokenizing(tensors, config, halves)
        self._tokenizer_work = aligned((self.tokenizing.work_length,), np.float32)

    @classmethod
    def load(cls, path: Path) -> Self:
        """From a weights file. Raises WeightsError, NotCoveredError."""
        return cls._loaded(path, *read_weights(path))

    def init_state(self) -> CompiledStream:
        """Before the first frame."""
        tokenizer: Floats = aligned((self.tokenizing.state_length,), np.float32)
        return CompiledStream(tokenizer, 0, self.init_streams(1))

    def tokenize(self, frames: Floats, state: CompiledStream) -> Floats:
        """frames (T, bands) float32 dB -> tokens (T, d). Raises ValueError, see `_checked`."""
        frames = self._checked(frames, state.encoder)
        tokens = np.empty((len(frames), self.config.width), np.float32)
        part, work = self.tokenizing, self._tokenizer_work
        table = part.plan, part.weights, part.standard, part.projection, part.halves
        if not kept(tokenize)(frames, *table, state.tokenizer, work, part.level_window, state.frames, tokens):
            raise ValueError(f"rows have shape {frames.shape}; expected (rows, {self.config.bands})")
        state.frames += len(frames)
        return tokens

    def encode(self, tokens: Floats, state: CompiledStream) -> Floats:
        """tokens (T, d) float32 -> probabilities (T, genres), at every token for all heard in the window.

        Raises ValueError, see `_checked`.
        """
        return self.steps(tokens, state.encoder)


def checksum(model: CompiledEncoder | int) -> int:
    """Of sizes and weights; of a checksum itself."""
    if isinstance(model, int):
        return model
    arrays: list[NDArray[Any]] = [model.plan, model.blocks, model.head]
    if isinstance(model, CompiledClassifier):
        part = model.tokenizing
        arrays += [part.plan, part.weights, part.standard, part.projection]
    total = 0
    for array in arrays:
        total = zlib.crc32(array.tobytes(), total)
    return total


def compile_all() -> tuple[Callable[..., bool], ...]:
    """Compile or load all functions in this process, on the smallest of models: seconds, or half a second."""
    config = ModelConfig(
        bands=4, stem_channels=(1,), stem_dilations=(1,), width=2, heads=1, landmark_count=1, window=1, feed_forward=1
    )
    tensors = {name: np.ones(shape, np.float32) for name, shape in tensor_shapes(config, folded=True).items()}
    smallest = CompiledClassifier(config, tensors)
    state = smallest.init_state()
    smallest.encode(smallest.tokenize(np.zeros((1, config.bands), np.float32), state), state)
    return kept(tokenize), kept(encode)


@inlined
def read_plan(plan: Any) -> tuple[Sizes, WeightsAt, HeadAt, StateAt]:
    """A CompiledClassifier's plan, inside a compiled function."""
    sizes, weights = Sizes(*as_tuple(plan, SIZES)), WeightsAt(*as_tuple(plan[SIZES:], WEIGHTS))
    rest = plan[SIZES + WEIGHTS :]
    return sizes, weights, HeadAt(*as_tuple(rest, HEAD)), StateAt(*as_tuple(rest[HEAD:], STATE))


@compiled
def attend(
    projected: Floats,
    floats: Floats,
    doubles: Any,
    inverse: Floats,
    mixed: Floats,
    position: int,
    sizes: Sizes,
    at: StateAt,
) -> None:
    """`projected` (projected,) of a token -> mixed (d,), what attention gives, by whichever kind the model has.

    floats, doubles: one block's state. inverse: see WeightsAt.
    """
    if sizes.moving:
        attend_continual(projected, floats, doubles, inverse[0], mixed, position, sizes, at)
    elif sizes.pairs:
        attend_fixed(projected, floats, doubles, inverse, mixed, position, sizes, at)
    else:
        attend_exactly(projected, floats, mixed, position, sizes, at)


def encode(
    tokens: Floats,
    plan: Any,
    weights: Floats,
    head: Floats,
    floats: Floats,
    doubles: Any,
    work: Floats,
    positions: Any,
    answers: Floats,
) -> bool:
    """Tokens through blocks and head: all that a step is, in one call, for one stream or for many.

    tokens (T, B d): the next T of each of B streams, side by side -> answers (T, B outputs), of a classifier
    probabilities. False, and nothing is changed, where tokens are of another width.

    weights (blocks, .). Of every stream: floats and doubles (B, blocks, .), its state, and positions (B,), how many
    tokens it has heard: these three are brought up to date. All streams have their turn with a weight before the next
    one is loaded.
    """
    full_width()
    sizes, at, last, places = read_plan(plan)
    B, d, wide, projected = len(positions), sizes.width, sizes.feed_forward, sizes.projected
    if tokens.shape[1] != B * d:
        return False
    pre = sizes.post_norm == 0
    x, a, b = work[: B * d], work[B * d : 2 * B * d], work[2 * B * d :]
    for t in range(len(tokens)):
        copy(tokens[t], x)
        for s in range(B):
            replace_invalid(x[s * d : (s + 1) * d], LARGEST_TOKEN, 0.0)
            if sizes.positions:
                row = last.positions + (positions[s] + t) % sizes.positions * d
                add_to_rows(head[row:], d, x[s * d : (s + 1) * d])
        for block in range(len(weights)):
            w = weights[block]
            if pre:
                norm(x, w[at.attention_gain :], w[at.attention_offset :], d, EPSILON, a)
            else:
                copy(x, a)
            copy_to_rows(w[at.project_bias :], projected, b[: B * projected])
            accumulate_rows(0, w[at.project : at.project_bias], a, d, b, B, d, projected)
            for s in range(B):
                mine, scores, inverse = a[s * d : (s + 1) * d], b[s * projected :], w[at.inverse : at.end]
                attend(scores, floats[s, block], doubles[s, block], inverse, mine, positions[s] + t, sizes, places)
            add_to_rows(w[at.output_bias :], d, x)
            accumulate_rows(sizes.halves, w[at.output : at.output_bias], a, d, x, B, d, d)
            if pre:
                norm(x, w[at.feed_forward_gain :], w[at.feed_forward_offset :], d, EPSILON, a)
            else:
                norm(x, w[at.attention_gain :], w[at.attention_offset :], d, EPSILON, a)
                copy(a, x)
            copy_to_rows(w[at.widen_bias :], wide, b[: B * wide])
            accumulate_rows(sizes.halves, w[at.widen : at.widen_bias], a, d, b, B, d, wide)
            activate(b[: B * wide], sizes.activation)
            add_to_rows(w[at.narrow_bias :], d, x)
            accumulate_rows(sizes.halves, w[at.narrow : at.narrow_bias], b, wide, x, B, wide, d)
            if not pre:
                norm(x, w[at.feed_forward_gain :], w[at.feed_forward_offset :], d, EPSILON, a)
                copy(a, x)
        answer, outputs = answers[t], sizes.outputs
        if sizes.final_norm:
            norm(x, head[last.gain :], head[last.offset :], d, EPSILON, a)
        else:
            copy(x, a)
        if sizes.head:
            copy_to_rows(head[last.bias :], outputs, answer)
            accumulate_rows(0, head[last.weight : last.bias], a, d, answer, B, d, outputs)
        else:
            copy(a, answer)
        if sizes.probabilities:
            for s in range(B):
                softmax(answer[s * outputs : (s + 1) * outputs])
    for s in range(B):
        positions[s] += len(tokens)
    return True
