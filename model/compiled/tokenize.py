"""Log-mel frames to tokens, one after the other: level, standardisation, stem, projection.

Frames lie band by band, channels last, with the padding of the convolution around them: the bands that one output of a
convolution sees are then neighbours in memory, and each of its three taps in time is a plain product.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from model.compiled.arithmetic import copy
from model.compiled.compiling import F, Floats
from model.compiled.products import accumulate_either, accumulate_rows
from model.compiled.stem_layout import (
    BANDS_OUT,
    BIAS_AT,
    CHANNELS_IN,
    CHANNELS_OUT,
    DILATION,
    KERNEL_BANDS,
    PADDED,
    SLOTS,
    STATE_AT,
    STRIDE,
    TAPS,
    WEIGHTS_AT,
)
from model.compiled.vectors import full_width


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
) -> None:
    """frames (T, bands) dB, the first of them number `position` of its stream -> tokens (T, d).

    standard: the bands' means (bands,), one over their scale, and the floor in dB. projection, halves: see Tokenizing.
    """
    full_width()
    bands, d = frames.shape[1], tokens.shape[1]
    scale, floor = standard[bands], standard[bands + 1]
    for t in range(len(frames)):
        now, frame = position + t, frames[t]
        mean = 0.0
        for b in range(bands):
            mean += np.float64(frame[b])
        state[now % level_window] = F(mean / bands)
        level, heard = 0.0, min(now + 1, level_window)
        for i in range(heard):
            level += np.float64(state[i])
        level /= heard
        first = plan[0]
        slot = first[STATE_AT] + now % first[SLOTS] * first[PADDED] + first[KERNEL_BANDS] // 2
        for b in range(bands):
            state[slot + b] = (max(frame[b] - F(level), -floor) - standard[b]) * scale
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
        accumulate_either(halves, projection[d:], features, inputs, token, 1, inputs, d)
