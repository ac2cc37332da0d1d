"""The published retroactive step beside ours, on one stream: continual-inference, where it is installed."""

from __future__ import annotations

import importlib
import importlib.util
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import pytest
import torch
from torch import Tensor

from model import ModelConfig
from model.attention.multi_head import make_kernel
from tests.model import direct

CONFIG = ModelConfig(attention="softmax", stacking="retroactive", blocks=2, window=64, heads=1, width=16)
STEPS = 2000
SCALES = SMALL, LARGE = 0.5, 9.0  # standard deviation of the logits

needs_the_published_code = pytest.mark.skipif(
    importlib.util.find_spec("continual") is None,
    reason="continual-inference is not installed (pip install continual-inference)",
)


def stream(scale: float) -> direct.Stream:
    """Queries, keys and values (1, T, D) with logits of this standard deviation."""
    query, key, value = torch.randn(3, 1, STEPS, CONFIG.width, generator=torch.Generator().manual_seed(0)).unbind(0)
    return query * scale**0.5, key * scale**0.5, value


def error_of(outputs: Tensor, scale: float, heard: int) -> float:
    return (outputs - direct.window_outputs(stream(scale), heard, CONFIG)).abs().max().item()


def our_error(scale: float) -> float:
    """Of the last window's outputs."""
    kernel, tokens = make_kernel(CONFIG), stream(scale)
    state = kernel.init_state(1, like=tokens[0])
    for t in range(STEPS):
        outputs = kernel.step_all(*direct.token(tokens, t), state)
    return error_of(outputs, scale, STEPS)


@pytest.fixture(scope="module")
def published_errors() -> dict[float, float]:
    """The same of the published code by scale, in a process of its own: importing it changes torch's default device."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
        return dict(zip(SCALES, process.map(run_published, SCALES), strict=True))


def run_published(scale: float) -> float:
    continual: Any = importlib.import_module("continual")
    attention = continual.RetroactiveMultiheadAttention(CONFIG.width, 1, sequence_len=CONFIG.window, batch_first=True)
    identity = torch.eye(CONFIG.width)
    with torch.no_grad():
        attention.in_proj_weight.copy_(torch.cat([identity] * 3))
        attention.in_proj_bias.zero_()
        attention.out_proj.weight.copy_(identity)
        attention.out_proj.bias.zero_()
        tokens = stream(scale)
        for t in range(STEPS):
            outputs = attention.forward_step(*direct.token(tokens, t))
    assert outputs.shape == (1, CONFIG.window, CONFIG.width)
    return error_of(outputs, scale, STEPS)


@needs_the_published_code
def test_both_are_right_where_logits_are_small(published_errors: dict[float, float]) -> None:
    """So that the other test is about the numbers, not about a different definition."""
    assert our_error(SMALL) < 1e-6
    assert published_errors[SMALL] < 1e-5


@needs_the_published_code
def test_at_large_logits_the_published_step_is_off_by_orders_of_magnitude_and_ours_is_not(
    published_errors: dict[float, float],
) -> None:
    assert our_error(LARGE) < 1e-6
    assert not published_errors[LARGE] < 1e-2  # NaN would not be less either
