"""A weights file as it lies on disk: safetensors with the configuration in the metadata. Needs no torch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from model.config import ModelConfig

FORMAT = "nystream-1"


class WeightsError(Exception):
    """The weights cannot be used; the text is one sentence that says why."""


def read_weights(path: Path, framework: str) -> tuple[dict[str, str], dict[str, Any]]:
    """The metadata and all tensors, those of torch ("pt") or numpy ("np"). Raises WeightsError."""
    try:
        with safe_open(path, framework=framework) as file:
            metadata = dict(file.metadata() or {})
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
    except FileNotFoundError:
        raise WeightsError(f"{path}: there is no such file") from None
    except (OSError, SafetensorError) as error:
        raise WeightsError(f"{path} is not a readable safetensors file: {one_line(error)}") from None
    if metadata.get("format") != FORMAT:
        raise WeightsError(
            f"{path} holds no Nystream weights: its format is {metadata.get('format')!r}, not {FORMAT!r}"
        )
    return metadata, tensors


def read_metadata(path: Path) -> dict[str, str]:
    """Only what is said of the weights."""
    with safe_open(path, framework="np") as file:
        return dict(file.metadata() or {})


def read_config(path: Path, metadata: dict[str, str]) -> ModelConfig:
    """Raises WeightsError."""
    try:
        return ModelConfig.from_json(metadata.get("config", ""))
    except (ValueError, TypeError) as error:
        raise WeightsError(f"{path} does not fit its own configuration: {one_line(error)}") from None


def one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
