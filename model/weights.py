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
from typing import TYPE_CHECKING, Any, TypeVar

from safetensors import SafetensorError, safe_open

from model.config import BlockConfig, EncoderConfig, ModelConfig
from model.cost import step_cost
from model.definitions import FIRST_KERNEL_BANDS, KERNEL_BANDS, KERNEL_TIME

if TYPE_CHECKING:
    from torch import nn

    from model.classifier import Classifier
    from model.encoder import Encoder

FORMAT = "nystream-1"  # a classifier
ENCODER_FORMAT = "nystream-encoder-1"  # an encoder alone
ROUNDED_IN_BLOCKS = ("attention.output", "widen", "narrow")  # layers
LARGEST = 1e9  # of any number in a file; those of trained models stay far below
LARGEST_STATE = 1 << 32  # bytes that one stream may remember
COUNT = "num_batches_tracked"
MEASURED = ("band_mean", "band_scale", "running_mean", "running_var", COUNT)
LEAST = {"band_scale": 1e-6, "running_var": 0.0}  # what is divided by, and what a root is taken of
FOLDED = "convolution.bias"  # there, instead of a batch norm, in a model that is ready for inference
FLOATS = ("F16", "F32", "F64")

Kind = TypeVar("Kind", EncoderConfig, ModelConfig)


class WeightsError(Exception):
    """The weights cannot be used; the text is one sentence that says why."""


def read_weights(path: Path) -> tuple[ModelConfig, dict[str, Any]]:
    """The configuration, and all tensors as numpy's. Raises WeightsError, if possible before it reads a tensor."""
    return _read(path, FORMAT, ModelConfig)


def read_encoder(path: Path) -> tuple[EncoderConfig, dict[str, Any]]:
    """The same of an encoder alone, as `save_encoder` wrote it."""
    return _read(path, ENCODER_FORMAT, EncoderConfig)


def _read(path: Path, form: str, kind: type[Kind]) -> tuple[Kind, dict[str, Any]]:
    with _opened(path, form) as (file, metadata):
        config = _config(path, metadata, kind)
        parts = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
        try:
            check_shapes({name: tuple(part.get_shape()) for name, part in parts.items()}, config)
        except ValueError as error:
            raise unfitting(path, error) from None
        for name, part in parts.items():
            if part.get_dtype() not in FLOATS and not name.endswith(COUNT):
                raise WeightsError(f"{path}: {name} is of {part.get_dtype()} numbers; weights are F32 ones")
        tensors = {name: file.get_tensor(name) for name in parts}
    for name, tensor in tensors.items():
        least = LEAST.get(name.rpartition(".")[2], -LARGEST)
        if not ((tensor >= least) & (tensor <= LARGEST)).all():  # nor is NaN
            raise WeightsError(f"{path} is damaged, {name} has numbers that no weights have: fetch the file again")
    return config, tensors


def read_config(path: Path) -> ModelConfig:
    """The configuration alone, without reading the weights. Raises WeightsError."""
    with _opened(path, FORMAT) as (_, metadata):
        return _config(path, metadata, ModelConfig)


def read_notes(path: Path) -> dict[str, str]:
    """What was said of the weights when they were saved. Raises WeightsError."""
    with _opened(path, FORMAT, ENCODER_FORMAT) as (_, metadata):
        said = metadata.get("notes", "{}")
    try:
        return {str(name): str(note) for name, note in json.loads(said).items()}
    except (ValueError, AttributeError, RecursionError) as error:
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
    _save(classifier, classifier.config, FORMAT, path, notes)


def save_encoder(encoder: Encoder, path: Path, notes: dict[str, str] | None = None) -> None:
    """The same of an encoder alone, in the dtype that it has; `load_encoder` reads it."""
    _save(encoder, encoder.config, ENCODER_FORMAT, path, notes)


def load_encoder(path: Path) -> Encoder:
    """As it was saved by `save_encoder`, in evaluation mode. Raises WeightsError."""
    import torch

    from model.encoder import Encoder

    config, tensors = read_encoder(path)
    encoder = Encoder(config)
    encoder.load_state_dict({name: torch.from_numpy(tensor) for name, tensor in tensors.items()}, assign=True)
    return encoder.eval()


def _save(module: nn.Module, config: BlockConfig, form: str, path: Path, notes: dict[str, str] | None) -> None:
    from safetensors.torch import save

    metadata = {"format": form, "config": config.to_json(), "notes": json.dumps(notes or {}, sort_keys=True)}
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in module.state_dict().items()}
    write_whole(path, save(tensors, metadata))


def load_for_training(path: Path) -> Classifier:
    """The classifier as it was saved. Raises WeightsError."""
    import torch

    from model.classifier import Classifier

    config, tensors = read_weights(path)
    classifier = Classifier(config)
    try:
        classifier.load_state_dict({name: torch.from_numpy(tensor) for name, tensor in tensors.items()})
    except RuntimeError as error:  # batch norms that are folded already
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
def _opened(path: Path, *forms: str) -> Iterator[tuple[Any, dict[str, str]]]:
    """A file of one of these formats, and its metadata."""
    try:
        with safe_open(path, framework="np") as file:
            metadata = dict(file.metadata() or {})
            if (form := metadata.get("format")) not in forms:
                raise WeightsError(f"{path} holds no Nystream weights: its format is {form!r}, not {forms[0]!r}")
            yield file, metadata
    except FileNotFoundError:
        raise WeightsError(f"{path}: there is no such file") from None
    except (OSError, SafetensorError) as error:
        raise WeightsError(f"{path} is not a readable safetensors file: {_one_line(error)}") from None


def _config(path: Path, metadata: dict[str, str], kind: type[Kind]) -> Kind:
    try:
        config = kind.from_json(metadata.get("config", ""))
        if (needed := step_cost(config).state_bytes) > LARGEST_STATE:
            raise ValueError(f"a stream would remember {needed >> 30} GiB; expected at most {LARGEST_STATE >> 30}")
        return config
    except (ValueError, TypeError) as error:
        raise unfitting(path, error) from None


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]


# --- the tensors that a weights file must have


def tensor_shapes(config: EncoderConfig | ModelConfig, folded: bool) -> dict[str, tuple[int, ...]]:
    """Of all tensors of a weights file, by name; `folded`: batch norms are folded into their convolutions."""
    if not isinstance(config, ModelConfig):
        return _encoder_shapes(config, "")
    channels = 1
    shapes: dict[str, tuple[int, ...]] = {
        "tokenizer.band_mean": (config.bands,),
        "tokenizer.band_scale": (),
        **_layer("tokenizer.projection", config.stem_features, config.width),
        **_encoder_shapes(config, "encoder."),
    }
    for index, count in enumerate(config.stem_channels):
        name = f"tokenizer.stem.convolutions.{index}."
        kernel_bands = KERNEL_BANDS if index else FIRST_KERNEL_BANDS
        shapes[f"{name}convolution.weight"] = (count, channels, KERNEL_TIME, kernel_bands)
        if folded:
            shapes[name + FOLDED] = (count,)
        else:
            shapes |= {f"{name}norm.{part}": (count,) for part in ("weight", "bias", "running_mean", "running_var")}
            shapes[f"{name}norm.{COUNT}"] = ()
        channels = count
    return shapes


def _encoder_shapes(config: EncoderConfig | ModelConfig, prefix: str) -> dict[str, tuple[int, ...]]:
    d = config.width
    shapes: dict[str, tuple[int, ...]] = {}
    if config.outputs:
        shapes |= _layer(f"{prefix}head", d, config.outputs)
    if config.final_norm:
        shapes |= _norm(f"{prefix}head_norm", d)
    for index in range(config.blocks):
        name = f"{prefix}blocks.{index}."
        shapes |= _layer(f"{name}attention.query_key_value", d, 3 * d) | _layer(f"{name}attention.output", d, d)
        shapes |= _layer(f"{name}widen", d, config.feed_forward) | _layer(f"{name}narrow", config.feed_forward, d)
        shapes |= _norm(f"{name}attention_norm", d) | _norm(f"{name}feed_forward_norm", d)
        if config.attention == "nystrom" and config.landmarks == "fixed":
            landmarks = (config.heads, config.landmark_count, config.head_width)
            shapes |= {f"{name}attention.kernel.{kind}_landmarks": landmarks for kind in ("query", "key")}
    if config.positions:
        shapes[f"{prefix}positions.encoding"] = (config.positions, d)
    return shapes


def check_shapes(shapes: Mapping[str, tuple[int, ...]], config: EncoderConfig | ModelConfig) -> None:
    """Raises ValueError for a tensor that is missing, of another shape, or of no use."""
    if config.blocks > len(shapes):  # before a name is made for each of their weights
        raise ValueError(f"{config.blocks} blocks in {len(shapes)} tensors")
    expected = tensor_shapes(config, folded=any(name.endswith(FOLDED) for name in shapes))
    for name, shape in expected.items():
        if name not in shapes:
            raise ValueError(f"{name} is missing")
        if shapes[name] != shape:
            raise ValueError(f"{name} has shape {shapes[name]}; expected {shape}")
    if unknown := sorted(set(shapes) - set(expected)):
        raise ValueError(f"{unknown[0]!r} is no tensor of such a model")


def _layer(name: str, width: int, count: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": (count, width), f"{name}.bias": (count,)}


def _norm(name: str, width: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": (width,), f"{name}.bias": (width,)}
