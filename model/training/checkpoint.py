"""A training run on disk between two epochs: tensors and JSON in one safetensors file. Nothing is ever unpickled.

Tensors: `classifier.*`, `average.*`, `optimizer.PARAMETER.KEY` (PARAMETER counted through the groups), and the states
of the generators. Metadata: configuration, plan, how many epochs are done, what the optimizer's groups and the
schedule hold besides tensors, what the data were, and the log so far. It is written whole or not at all.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from model.training.trainer import Trainer, TrainingError
from model.weights import write_whole

FORMAT = "nystream-checkpoint-1"


def save_checkpoint(trainer: Trainer, path: Path, data: str, log: list[dict[str, Any]]) -> None:
    """`data` names the data, so that no other are taken when the run goes on. Raises OSError."""
    tensors: dict[str, Tensor] = {"generator": trainer.generator.get_state(), "dropout": torch.get_rng_state()}
    if trainer.device.type == "cuda":
        tensors["dropout.cuda"] = torch.cuda.get_rng_state(trainer.device)
    for name, module in (("classifier", trainer.classifier), ("average", trainer.average)):
        tensors |= {f"{name}.{key}": value for key, value in module.state_dict().items()}
    optimizer = trainer.optimizer.state_dict()
    for parameter, moments in optimizer["state"].items():
        tensors |= {f"optimizer.{parameter}.{key}": value for key, value in moments.items()}
    metadata = {
        "format": FORMAT,
        "config": trainer.classifier.config.to_json(),
        "plan": json.dumps(asdict(trainer.plan)),
        "epoch": str(trainer.epoch),
        "groups": json.dumps(optimizer["param_groups"]),
        "schedule": json.dumps(trainer.schedule.state_dict()),
        "data": data,
        "log": json.dumps(log),
    }
    write_whole(path, save({name: value.detach().cpu().contiguous() for name, value in tensors.items()}, metadata))


def load_checkpoint(trainer: Trainer, path: Path, data: str) -> list[dict[str, Any]]:
    """Bring a fresh trainer to where the run stood, and return the log. Raises TrainingError.

    Model, plan and data must be those that it was begun with.
    """
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
    except (OSError, SafetensorError) as error:
        raise TrainingError(f"the checkpoint {path} cannot be read ({error}): delete it to begin anew") from None
    if metadata.get("format") != FORMAT:
        raise TrainingError(f"{path} is no checkpoint of a training: delete it to begin anew")
    begun_with = {"model": metadata["config"], "plan": metadata["plan"], "data": metadata["data"]}
    now = {"model": trainer.classifier.config.to_json(), "plan": json.dumps(asdict(trainer.plan)), "data": data}
    if other := [name for name, value in begun_with.items() if value != now[name]]:
        raise TrainingError(
            f"the run in {path} was begun with another {' and '.join(other)}: give the same again, or delete it"
        )
    moments: dict[int, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        if name.startswith("optimizer."):
            _, parameter, key = name.split(".")
            moments.setdefault(int(parameter), {})[key] = value
    trainer.go_on_after(int(metadata["epoch"]))
    for part, module in (("classifier.", trainer.classifier), ("average.", trainer.average)):
        module.load_state_dict({name[len(part) :]: value for name, value in tensors.items() if name.startswith(part)})
    trainer.optimizer.load_state_dict({"state": moments, "param_groups": json.loads(metadata["groups"])})
    trainer.schedule.load_state_dict(json.loads(metadata["schedule"]))
    trainer.generator.set_state(tensors["generator"])
    torch.set_rng_state(tensors["dropout"])
    if "dropout.cuda" in tensors and trainer.device.type == "cuda":
        torch.cuda.set_rng_state(tensors["dropout.cuda"], trainer.device)
    log: list[dict[str, Any]] = json.loads(metadata["log"])
    return log
