"""Every row of the family as a small configuration."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from model import ModelConfig
from tests.model.conftest import SMALL

KINDS: dict[str, dict[str, Any]] = {
    "softmax": {"attention": "softmax"},
    "gaussian": {"attention": "gaussian"},
    "fixed landmarks": {"attention": "nystrom", "landmarks": "fixed"},
    "continual landmarks": {"attention": "nystrom", "landmarks": "continual"},
}
POST_NORM: dict[str, Any] = {
    "norm": "post",
    "activation": "relu",
    "positions": 13,
    "landmark_count": 4,  # m divides n
    "window": 12,
}
STACKS: dict[str, dict[str, Any]] = {
    "one block": {"blocks": 1},
    "two blocks, retroactive": {"blocks": 2, "stacking": "retroactive"},
    "three blocks, deep": {"blocks": 3},
    "one block - post-norm, recycling positions": {"blocks": 1, **POST_NORM},
    "three blocks, retroactive - post-norm, recycling positions": {"blocks": 3, "stacking": "retroactive", **POST_NORM},
    "three blocks, deep - post-norm, recycling positions": {"blocks": 3, **POST_NORM},
}


def configure(kind: str, stack: str) -> ModelConfig:
    """Deep stacks have rotary positions, where landmarks are not fixed."""
    rotary = stack == "three blocks, deep" and kind != "fixed landmarks"
    return replace(SMALL, rotary=rotary, **KINDS[kind], **STACKS[stack])


FAMILY: dict[str, ModelConfig] = {f"{kind} - {stack}": configure(kind, stack) for kind in KINDS for stack in STACKS}

every_row = pytest.mark.parametrize("config", FAMILY.values(), ids=FAMILY.keys())
