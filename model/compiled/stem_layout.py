"""The stem as a table of numbers: one row per convolution. One compiled function then serves every stem."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.compiled.halves import as_halves, can_be_halves
from model.compiled.layout import aligned
from model.config import ModelConfig

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
TAPS = 3  # in time
STRIDE = 2  # over bands
NORM_EPSILON = 1e-5  # of the batch norms

Tensors = Mapping[str, NDArray[Any]]


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
    rows, weights = [], []
    state_at, weights_at = _line(config.level_window), 0
    channels, bands, largest = 1, config.bands, 0  # numbers of the largest output
    for index, (count, dilation) in enumerate(zip(config.stem_channels, config.stem_dilations, strict=True)):
        kernel, bias = _fold(tensors, f"tokenizer.stem.convolutions.{index}.")
        taps_last = kernel.transpose(2, 3, 1, 0)  # (taps, kernel bands, channels in, channels out)
        kernel_bands = kernel.shape[3]
        slots, padded = (TAPS - 1) * dilation + 1, _line((bands + kernel_bands - 1) * channels)
        bias_at = weights_at + _line(taps_last.size)
        rows.append(
            (channels, count, dilation, kernel_bands, bands // STRIDE, slots, padded, state_at, weights_at, bias_at)
        )
        weights += [(weights_at, taps_last.ravel()), (bias_at, bias)]
        largest = max(largest, bands // STRIDE * count)
        state_at += slots * padded
        weights_at = bias_at + _line(count)
        channels, bands = count, bands // STRIDE
    packed: NDArray[np.float32] = aligned((weights_at,), np.float32)
    for begin, values in weights:
        packed[begin : begin + values.size] = values
    # Features leave torch's stem channel by channel, and this one band by band.
    projection = tensors["tokenizer.projection.weight"].reshape(config.width, channels, bands)
    matrix = projection.transpose(2, 1, 0).reshape(-1, config.width)
    halves = halves and can_be_halves(matrix)
    flat = as_halves(matrix) if halves else matrix.reshape(-1)
    projected: NDArray[np.float32] = aligned((config.width + len(flat),), np.float32)
    projected[: config.width], projected[config.width :] = tensors["tokenizer.projection.bias"], flat
    others = (1.0 / float(tensors["tokenizer.band_scale"]), config.level_floor_db)
    return Tokenizing(
        plan=np.array(rows, np.int64),
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


def _line(length: int) -> int:
    """The next whole number of cache lines of float32."""
    return -(-length // 16) * 16
