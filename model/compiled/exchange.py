"""A stream's state from torch to the compiled path and back, between two frames. Only the exchange needs torch."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from model.attention import AttentionState
from model.attention.continual import ContinualState
from model.classifier import Classifier, ClassifierState
from model.compiled.classifier import CompiledClassifier, CompiledStream
from model.compiled.exchange_landmarks import get_landmarks, set_landmarks
from model.compiled.layout import doubles_at, floats_at
from model.compiled.prepare import key_projection, scaled_query_landmarks
from model.compiled.stem_layout import BANDS_OUT, CHANNELS_IN, KERNEL_BANDS, PADDED, SLOTS, STATE_AT, STRIDE
from model.encoder import EncoderState
from model.tokenizer import TokenizerState

Array = NDArray[Any]


def from_torch(compiled: CompiledClassifier, state: ClassifierState) -> CompiledStream:
    """The compiled stream that goes on where a single stream in torch stands. The torch state is left as it is."""
    stream = compiled.init_state()
    stream.encoder.positions[0] = stream.frames = state.encoder.position
    levels = state.tokenizer.levels[0].numpy()
    heard = np.arange(stream.frames - len(levels), stream.frames)
    stream.tokenizer[heard % compiled.config.level_window] = levels
    for layer, frames in zip(compiled.tokenizing.plan, state.tokenizer.stem, strict=True):
        for age, frame in enumerate(frames[0].numpy().transpose(1, 2, 0)[::-1]):  # (history, bands, C), newest first
            _frame(stream, layer, stream.frames - 1 - age)[:] = frame
    for block, attention in enumerate(state.encoder.blocks):
        memory = attention.kernel.memory
        keys, values = (np.nan_to_num(ring.numpy().astype(np.float32)) for ring in (memory.keys, memory.values))
        if isinstance(attention.kernel, ContinualState):
            queries = set_landmarks(compiled, stream, block, attention.kernel)
        elif compiled.sizes.pairs:
            queries = scaled_query_landmarks(compiled.tensors, block, compiled.config)
        else:
            queries = None
        _set_block(compiled, stream, block, keys, values, queries)
        stream.keys.append(keys)
    stream.keys_until = stream.position
    return stream


def to_torch(compiled: CompiledClassifier, stream: CompiledStream, classifier: Classifier) -> ClassifierState:
    """The torch state that goes on where a compiled stream stands. `classifier` has the same weights."""
    state = classifier.init_state()
    window = compiled.config.level_window
    heard = np.arange(max(0, stream.frames - window + 1), stream.frames)
    levels = torch.from_numpy(stream.tokenizer[heard % window][None])
    stem = []
    for layer in compiled.tokenizing.plan:
        history = range(stream.frames - int(layer[SLOTS]) + 1, stream.frames)
        frames = np.stack([_frame(stream, layer, number) for number in history])  # (history, bands, C)
        stem.append(torch.from_numpy(frames.transpose(2, 0, 1)[None].copy()))
    blocks = []
    for block, fresh in enumerate(state.encoder.blocks):
        memory = fresh.kernel.memory
        keys, values = _keys_and_values(compiled, stream, block)
        filled = min(stream.position, compiled.config.window)
        memory.keys[:, :filled] = torch.from_numpy(keys[:, :filled])
        memory.values[:, :filled] = torch.from_numpy(values[:, :filled])
        memory.position = stream.position
        if isinstance(fresh.kernel, ContinualState):
            get_landmarks(compiled, stream, block, fresh.kernel)
        memory.recompute()
        blocks.append(AttentionState(fresh.kernel, stream.position))
    encoder = EncoderState(tuple(blocks), stream.position)
    return ClassifierState(TokenizerState(levels, tuple(stem)), encoder, state.window)


def _frame(stream: CompiledStream, layer: Array, number: int) -> Array:
    """What the ring of one convolution has of a frame, without its padding: a view (bands, C)."""
    channels = int(layer[CHANNELS_IN])
    begin = int(layer[STATE_AT] + number % layer[SLOTS] * layer[PADDED] + layer[KERNEL_BANDS] // 2 * channels)
    bands = int(layer[BANDS_OUT]) * STRIDE
    return stream.tokenizer[begin : begin + bands * channels].reshape(bands, channels)


def _set_block(
    compiled: CompiledClassifier, stream: CompiledStream, block: int, keys: Array, values: Array, queries: Array | None
) -> None:
    """Rings of keys and values, (H, n, D), 0 where nothing was heard -> rings and sums of one block.

    queries: s Q~ (H, m, D), which stand now; None for exact attention.
    """
    sizes, at, double_at = compiled.sizes, floats_at(compiled.sizes), doubles_at(compiled.sizes)
    floats, doubles = stream.encoder.floats[0, block], stream.encoder.doubles[0, block]
    n, d, pairs = sizes.window, sizes.width, sizes.pairs
    if queries is None:
        floats[at.values : at.values + n * d] = values.ravel()
        floats[at.keys : at.keys + n * d] = keys.transpose(0, 2, 1).ravel()
        return
    filled = min(stream.position, n)
    if not filled:
        return
    if sizes.moving:
        floats[at.keys : at.keys + n * d] = keys.transpose(1, 0, 2).ravel()
    scores = np.einsum("hmd,hnd->nhm", queries, keys[:, :filled]).astype(np.float32).reshape(filled, pairs)
    reference = scores.max(axis=0)
    terms = np.exp(scores - reference)
    weighted = np.einsum("nhm,hnd->hmd", terms.reshape(filled, sizes.heads, -1), values[:, :filled], dtype=np.float64)
    floats[at.reference : at.reference + pairs] = reference
    floats[at.scores : at.scores + filled * pairs] = scores.ravel()
    floats[at.terms : at.terms + filled * pairs] = terms.ravel()
    floats[at.values : at.values + n * d] = values.transpose(1, 0, 2).ravel()
    doubles[double_at.weighted : double_at.weighted + weighted.size] = weighted.ravel()
    doubles[double_at.weight : double_at.weight + pairs] = terms.sum(axis=0, dtype=np.float64)
    doubles[double_at.peak : double_at.peak + pairs] = doubles[double_at.weight : double_at.weight + pairs]


def _keys_and_values(compiled: CompiledClassifier, stream: CompiledStream, block: int) -> tuple[Array, Array]:
    """Rings (H, n, D): of keys that were never formed, what attention was given, projected now."""
    sizes, at, floats = compiled.sizes, floats_at(compiled.sizes), stream.encoder.floats[0, block]
    n, d, heads = sizes.window, sizes.width, sizes.heads
    if not sizes.pairs:
        keys = floats[at.keys : at.keys + n * d].reshape(heads, -1, n).transpose(0, 2, 1)
        return keys.copy(), floats[at.values : at.values + n * d].reshape(heads, n, -1).copy()
    values = floats[at.values : at.values + n * d].reshape(n, heads, -1).transpose(1, 0, 2).copy()
    if sizes.moving:
        return floats[at.keys : at.keys + n * d].reshape(n, heads, -1).transpose(1, 0, 2).copy(), values
    weight, bias = key_projection(compiled.tensors, block, compiled.config)
    inputs = floats[at.inputs : at.inputs + n * d].reshape(n, d)
    keys = (inputs @ weight.T + bias).astype(np.float32).reshape(n, heads, -1).transpose(1, 0, 2).copy()
    from_before = np.arange(max(0, stream.position - n), stream.keys_until) % n  # tokens that torch has heard
    if len(from_before):
        keys[:, from_before] = stream.keys[block][:, from_before]
    return keys, values
