"""The tensors that a weights file must have, with their shapes: what is checked before they are packed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from model.config import ModelConfig
from model.constants import FIRST_KERNEL_BANDS, KERNEL_BANDS, KERNEL_TIME

FOLDED = "convolution.bias"  # there, instead of a batch norm, in a model that is ready for inference


def tensor_shapes(config: ModelConfig, folded: bool) -> dict[str, tuple[int, ...]]:
    """By name; `folded`: batch norms are folded into their convolutions."""
    d, genres, channels = config.width, len(config.genres), 1
    shapes: dict[str, tuple[int, ...]] = {
        "tokenizer.band_mean": (config.bands,),
        "tokenizer.band_scale": (),
        "tokenizer.projection.weight": (d, config.stem_features),
        "tokenizer.projection.bias": (d,),
        **_layer("encoder.head", d, genres),
        **_norm("encoder.head_norm", d),
    }
    for index, count in enumerate(config.stem_channels):
        name = f"tokenizer.stem.convolutions.{index}."
        kernel_bands = KERNEL_BANDS if index else FIRST_KERNEL_BANDS
        shapes[f"{name}convolution.weight"] = (count, channels, KERNEL_TIME, kernel_bands)
        if folded:
            shapes[name + FOLDED] = (count,)
        else:
            parts = ("weight", "bias", "running_mean", "running_var")
            shapes |= {f"{name}norm.{part}": (count,) for part in parts}
        channels = count
    for index in range(config.blocks):
        name = f"encoder.blocks.{index}."
        shapes |= _layer(f"{name}attention.query_key_value", d, 3 * d) | _layer(f"{name}attention.output", d, d)
        shapes |= _layer(f"{name}widen", d, config.feed_forward) | _layer(f"{name}narrow", config.feed_forward, d)
        shapes |= _norm(f"{name}attention_norm", d) | _norm(f"{name}feed_forward_norm", d)
        if config.attention == "nystrom" and config.landmarks == "fixed":
            landmarks = (config.heads, config.landmark_count, config.head_width)
            shapes |= {f"{name}attention.kernel.{kind}_landmarks": landmarks for kind in ("query", "key")}
    if config.positions:
        shapes["encoder.positions.encoding"] = (config.positions, d)
    return shapes


def check_shapes(tensors: Mapping[str, NDArray[Any]], config: ModelConfig) -> None:
    """Raises ValueError for a tensor that is missing or of another shape."""
    folded = any(name.endswith(FOLDED) for name in tensors)
    for name, shape in tensor_shapes(config, folded).items():
        if name not in tensors:
            raise ValueError(f"{name} is missing")
        if tensors[name].shape != shape:
            raise ValueError(f"{name} has shape {tensors[name].shape}; expected {shape}")


def _layer(name: str, width: int, count: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": (count, width), f"{name}.bias": (count,)}


def _norm(name: str, width: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": (width,), f"{name}.bias": (width,)}
