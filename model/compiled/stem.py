"""The stem: log-mel frames to tokens, one after the other: level, standardisation, convolutions, projection.

It is a table of numbers, one row per convolution, so that one compiled function serves every stem. Frames lie band by
band, channels last, with the padding of the convolution around them: the bands that one output of a convolution sees
are then neighbours in memory, and each of its three taps in time is a plain product.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.compiled.arithmetic import copy, replace_invalid
from model.compiled.prepare import Tensors, lines, pack
from model.compiled.products import accumulate_rows, as_halves, can_be_halves
from model.compiled.registers import F, Floats, full_width
from model.config import ModelConfig
from model.definitions import KERNEL_TIME, LARGEST_DB, SILENCE_DB

# The columns of a plan.
(
    CHANNELS_IN,
    CHANNELS_OUT,
    DILATION,
    KERNEL_BANDS,
    BANDS_OUT,
    SLOTS,  # frames in the ring of its input
    PADDED,  # numbers of one of them
    STATE_AT,
    WEIGHTS_AT,  # (taps, kernel bands, channels in, channels out)
    BIAS_AT,
) = range(10)
TAPS = KERNEL_TIME
STRIDE = 2  # over bands
NORM_EPSILON = 1e-5  # of the batch norms


@dataclass(frozen=True, eq=False)
class Tokenizing:
    """All that `tokenize` reads."""

    plan: NDArray[np.int64]  # (convolutions, columns)
    weights: NDArray[np.float32]
    standard: NDArray[np.float32]  # (bands + 2,)
    projection: NDArray[np.float32]  # (d,) the bias, then (features, d), perhaps of halves
    halves: int  # 1: it is
    level_window: int
    state_length: int
    work_length: int


def prepare_tokenizing(tensors: Tensors, config: ModelConfig, halves: bool) -> Tokenizing:
    """The tokenizer's tensors, batch norms folded; they may be folded already. halves: whether these are allowed."""
    rows: list[tuple[int, ...]] = []
    parts: list[NDArray[Any]] = []
    state_at, channels, bands, largest = lines(config.level_window), 1, config.bands, 0  # numbers of the largest output
    for index, (count, dilation) in enumerate(zip(config.stem_channels, config.stem_dilations, strict=True)):
        kernel, bias = _fold(tensors, f"tokenizer.stem.convolutions.{index}.")
        parts += [kernel.transpose(2, 3, 1, 0), bias]  # (taps, kernel bands, channels in, channels out)
        kernel_bands = kernel.shape[3]
        halved = -(-bands // STRIDE)
        slots, padded = (TAPS - 1) * dilation + 1, lines((bands + kernel_bands - 1) * channels)
        rows.append((channels, count, dilation, kernel_bands, halved, slots, padded, state_at))
        state_at += slots * padded
        channels, bands = count, halved
        largest = max(largest, bands * channels)
    packed, places = pack(parts)
    plan = np.hstack([rows, np.reshape(places[:-1], (-1, 2))])
    # Features leave torch's stem channel by channel, and this one band by band.
    projection = tensors["tokenizer.projection.weight"].reshape(config.width, channels, bands)
    matrix = projection.transpose(2, 1, 0).reshape(-1, config.width)
    halves = halves and can_be_halves(matrix)
    flat = as_halves(matrix) if halves else matrix.reshape(-1)
    projected, _ = pack([np.concatenate((tensors["tokenizer.projection.bias"], flat))])
    others = (1.0 / float(tensors["tokenizer.band_scale"]), config.level_floor_db)
    return Tokenizing(
        plan=plan.astype(np.int64),
        weights=packed,
        standard=np.append(tensors["tokenizer.band_mean"], others).astype(np.float32),
        projection=projected,
        halves=int(halves),
        level_window=config.level_window,
        state_length=state_at,
        work_length=channels * bands + largest,
    )


def _fold(tensors: Tensors, prefix: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A convolution's kernel (out, in, taps, kernel bands) and bias (out,), its batch norm folded into them."""
    kernel = tensors[prefix + "convolution.weight"].astype(np.float64)
    if prefix + "norm.weight" not in tensors:
        return kernel, tensors[prefix + "convolution.bias"].astype(np.float64)
    gain, offset, mean, variance = (
        tensors[prefix + f"norm.{name}"].astype(np.float64)
        for name in ("weight", "bias", "running_mean", "running_var")
    )
    gain = gain / np.sqrt(variance + NORM_EPSILON)
    return kernel * gain[:, None, None, None], offset - mean * gain


def tokenize(
    frames: Floats,
    plan: Any,
    weights: Floats,
    standard: Floats,
    projection: Floats,
    halves: int,
    state: Floats,
    work: Floats,
    level_window: int,
    position: int,
    tokens: Floats,
) -> bool:
    """frames (T, bands) dB, the first of them number `position` of its stream -> tokens (T, d).

    standard: the bands' means (bands,), one over their scale, and the floor in dB. projection, halves: see Tokenizing.
    False, and nothing is changed, where frames are of other bands.
    """
    full_width()
    bands, d = len(standard) - 2, tokens.shape[1]
    if frames.shape[1] != bands:
        return False
    scale, floor = standard[bands], standard[bands + 1]
    for t in range(len(frames)):
        now, first = position + t, plan[0]
        slot = first[STATE_AT] + now % first[SLOTS] * first[PADDED] + first[KERNEL_BANDS] // 2
        frame = state[slot : slot + bands]
        copy(frames[t], frame)
        replace_invalid(frame, LARGEST_DB, SILENCE_DB)
        mean = 0.0
        for b in range(bands):
            mean += np.float64(frame[b])
        state[now % level_window] = F(mean / bands)
        level, heard = 0.0, min(now + 1, level_window)
        for i in range(heard):
            level += np.float64(state[i])
        level /= heard
        for b in range(bands):
            frame[b] = (max(frame[b] - F(level), -floor) - standard[b]) * scale
        features = work[: plan[-1][BANDS_OUT] * plan[-1][CHANNELS_OUT]]
        outputs = work[len(features) :]
        for number in range(len(plan)):
            layer = plan[number]
            channels, count, slots = layer[CHANNELS_IN], layer[CHANNELS_OUT], layer[SLOTS]
            rows, width = layer[BANDS_OUT], layer[KERNEL_BANDS] * channels
            for r in range(rows):
                for o in range(count):
                    outputs[r * count + o] = weights[layer[BIAS_AT] + o]
            for tap in range(TAPS):
                then = (now + slots - (TAPS - 1 - tap) * layer[DILATION]) % slots
                begin = layer[STATE_AT] + then * layer[PADDED]
                tap_weights = layer[WEIGHTS_AT] + tap * width * count
                accumulate_rows(
                    0,
                    weights[tap_weights : tap_weights + width * count],
                    state[begin : begin + layer[PADDED]],
                    STRIDE * channels,
                    outputs,
                    rows,
                    width,
                    count,
                )
            if number + 1 < len(plan):
                after = plan[number + 1]
                begin = after[STATE_AT] + now % after[SLOTS] * after[PADDED] + after[KERNEL_BANDS] // 2 * count
                target = state[begin : begin + rows * count]
            else:
                target = features
            for i in range(rows * count):
                target[i] = max(outputs[i], F(0.0))
        token, inputs = tokens[t], len(features)
        copy(projection, token)
        accumulate_rows(halves, projection[d:], features, inputs, token, 1, inputs, d)
    return True
