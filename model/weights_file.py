"""A weights file as it lies on disk: safetensors with the configuration in the metadata. Needs no torch."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from model.config import ModelConfig

FORMAT = "nystream-1"
MEASURED = ("band_mean", "band_scale", "running_mean", "running_var", "num_batches_tracked")


class WeightsError(Exception):
    """The weights cannot be used; the text is one sentence that says why."""


def read_weights(path: Path, framework: str) -> tuple[ModelConfig, dict[str, Any]]:
    """The configuration, and all tensors as torch's ("pt") or numpy's ("np"). Raises WeightsError."""
    with _opened(path, framework) as file:
        config = _config(path, _metadata(path, file))
        return config, {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping


def read_config(path: Path) -> ModelConfig:
    """The configuration alone, without reading the weights. Raises WeightsError."""
    with _opened(path, "np") as file:
        return _config(path, _metadata(path, file))


def read_notes(path: Path) -> dict[str, str]:
    """What was said of the weights when they were saved. Raises WeightsError."""
    with _opened(path, "np") as file:
        notes: dict[str, str] = json.loads(_metadata(path, file).get("notes", "{}"))
    return notes


def learned_numbers(tensors: Mapping[str, Any]) -> int:
    """How many parameters were trained; what was measured from the data is not counted. `tensors` are numpy's."""
    return sum(int(tensor.size) for name, tensor in tensors.items() if not name.endswith(MEASURED))


def unfitting(path: Path, error: Exception) -> WeightsError:
    """To be raised when tensors and configuration do not belong together."""
    return WeightsError(f"{path} does not fit its own configuration: {_one_line(error)}")


@contextmanager
def _opened(path: Path, framework: str) -> Iterator[Any]:
    try:
        with safe_open(path, framework=framework) as file:
            yield file
    except FileNotFoundError:
        raise WeightsError(f"{path}: there is no such file") from None
    except (OSError, SafetensorError) as error:
        raise WeightsError(f"{path} is not a readable safetensors file: {_one_line(error)}") from None


def _metadata(path: Path, file: Any) -> dict[str, str]:
    metadata = dict(file.metadata() or {})
    if metadata.get("format") != FORMAT:
        raise WeightsError(
            f"{path} holds no Nystream weights: its format is {metadata.get('format')!r}, not {FORMAT!r}"
        )
    return metadata


def _config(path: Path, metadata: dict[str, str]) -> ModelConfig:
    try:
        return ModelConfig.from_json(metadata.get("config", ""))
    except (ValueError, TypeError) as error:
        raise unfitting(path, error) from None


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
