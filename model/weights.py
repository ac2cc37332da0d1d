"""Weights on disk: safetensors with the configuration in the metadata. Nothing is ever unpickled.

torch is imported by what gives or takes a torch model, and by nothing else here.

Most weights have no more digits than bfloat16 has, so that half of their bytes suffice (model/compiled/products.py):
eight binary digits are left of every weight of the matrices that most of a frame's bytes are. It is the model that is
rounded, once and for all: every backend has these weights, and all arithmetic stays float32.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safetensors import SafetensorError, safe_open

from model.config import ModelConfig

if TYPE_CHECKING:
    from model.classifier import Classifier

FORMAT = "nystream-1"
ROUNDED_IN_BLOCKS = ("attention.output", "widen", "narrow")  # layers
LARGEST = 1e9  # of any number in a file; those of trained models stay far below
MEASURED = ("band_mean", "band_scale", "running_mean", "running_var", "num_batches_tracked")


class WeightsError(Exception):
    """The weights cannot be used; the text is one sentence that says why."""


def read_weights(path: Path, framework: str) -> tuple[ModelConfig, dict[str, Any]]:
    """The configuration, and all tensors as torch's ("pt") or numpy's ("np"). Raises WeightsError."""
    with _opened(path, framework) as file:
        config = _config(path, _metadata(path, file))
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
    for name, tensor in tensors.items():
        if not bool((abs(tensor) <= LARGEST).all()):  # nor is NaN
            raise WeightsError(f"{path} is damaged, {name} has numbers that no weights have: fetch the file again")
    return config, tensors


def read_config(path: Path) -> ModelConfig:
    """The configuration alone, without reading the weights. Raises WeightsError."""
    with _opened(path, "np") as file:
        return _config(path, _metadata(path, file))


def read_notes(path: Path) -> dict[str, str]:
    """What was said of the weights when they were saved. Raises WeightsError."""
    with _opened(path, "np") as file:
        said = _metadata(path, file).get("notes", "{}")
    try:
        return {str(name): str(note) for name, note in json.loads(said).items()}
    except (ValueError, AttributeError) as error:
        raise WeightsError(
            f"{path} is damaged, its notes cannot be read ({_one_line(error)}): fetch it again"
        ) from None


def learned_numbers(tensors: Mapping[str, Any]) -> int:
    """How many parameters were trained; what was measured from the data is not counted. `tensors` are numpy's."""
    return sum(int(tensor.size) for name, tensor in tensors.items() if not name.endswith(MEASURED))


def unfitting(path: Path, error: Exception) -> WeightsError:
    """To be raised when tensors and configuration do not belong together."""
    return WeightsError(f"{path} does not fit its own configuration: {_one_line(error)}")


def save_classifier(classifier: Classifier, path: Path, notes: dict[str, str] | None = None) -> None:
    """Write the weights, whole or not at all. `notes` say where they come from, for people. Raises OSError."""
    from safetensors.torch import save

    metadata = {
        "format": FORMAT,
        "config": classifier.config.to_json(),
        "notes": json.dumps(notes or {}, sort_keys=True),
    }
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in classifier.state_dict().items()}
    write_whole(path, save(tensors, metadata))


def load_for_training(path: Path) -> Classifier:
    """The classifier as it was saved. Raises WeightsError."""
    from model.classifier import Classifier

    config, tensors = read_weights(path, "pt")
    try:
        classifier = Classifier(config)
        classifier.load_state_dict(tensors)
    except (ValueError, TypeError, RuntimeError) as error:
        raise unfitting(path, error) from None
    return classifier


def load_classifier(path: Path) -> Classifier:
    """The classifier ready for use: evaluation mode, batch norms folded. Raises WeightsError."""
    return load_for_training(path).for_inference()


def round_weights(classifier: Classifier) -> None:
    """To the nearest bfloat16, in place: the matrices of the blocks, and the projection to tokens."""
    for name in ("tokenizer.projection.weight", *rounded_in_blocks(classifier.config.blocks)):
        weight = classifier.get_parameter(name).data
        weight.copy_(weight.bfloat16())


def rounded_in_blocks(blocks: int) -> list[str]:
    """The names of these weights, of a model of so many blocks."""
    return [f"encoder.blocks.{index}.{layer}.weight" for index in range(blocks) for layer in ROUNDED_IN_BLOCKS]


def write_whole(path: Path, content: bytes) -> None:
    """Write a file whole or not at all. Raises OSError; what was there before is then still there."""
    partial = path.with_name(path.name + ".partial")
    try:
        partial.write_bytes(content)
        partial.replace(path)
    except OSError:
        partial.unlink(missing_ok=True)
        raise


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
