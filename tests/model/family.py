"""Every row of the family as a small configuration."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from model import ModelConfig
from tests.model.conftest import SMALL

KINDS: dict[str, dict[str, Any]] = {
    "softmax": {"attention": "softmax"},
    "fixed landmarks": {"attention": "nystrom", "landmarks": "fixed"},
    "continual landmarks": {"attention": "nystrom", "landmarks": "continual"},
}
STACKS: dict[str, dict[str, Any]] = {
    "one block": {"blocks": 1},
    "two blocks, retroactive": {"blocks": 2, "stacking": "retroactive"},
    "three blocks, deep": {"blocks": 3},
}
VARIANTS: dict[str, dict[str, Any]] = {
    "": {},
    "post-norm, recycling positions, m divides n": {
        "norm": "post",
        "activation": "relu",
        "positions": 13,
        "landmark_count": 4,
        "window": 12,
    },
}

FAMILY: dict[str, ModelConfig] = {
    " - ".join(filter(None, (kind, stack, variant))): replace(
        SMALL, **KINDS[kind], **STACKS[stack], **VARIANTS[variant]
    )
    for kind in KINDS
    for stack in STACKS
    for variant in VARIANTS
}

every_row = pytest.mark.parametrize("config", FAMILY.values(), ids=FAMILY.keys())
