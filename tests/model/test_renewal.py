"""Windowed sums are made anew: when a dominant token has left, and in turn, so that no error in them lives for ever."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from model.attention.gaussian import GaussianState
from model.attention.kernel import KernelState
from model.attention.multi_head import make_kernel
from model.compiled.attention import MIN_SHARE, RENEWAL
from model.compiled.prepare import state_at
from tests.model import direct
from tests.model.conftest import SMALL
from tests.model.test_compiled import compiled_from, loud_classifier

WINDOW = 32
KINDS: dict[str, dict[str, Any]] = {
    "fixed": {"landmarks": "fixed"},
    "continual": {"landmarks": "continual"},
    "fixed, retroactive": {"landmarks": "fixed", "stacking": "retroactive", "blocks": 2},
    "softmax, retroactive": {"attention": "softmax", "stacking": "retroactive", "blocks": 2},
    "gaussian, retroactive": {"attention": "gaussian", "stacking": "retroactive", "blocks": 2},
}
ERROR = 1e-3  # of every weighted value; the weights are left true, so that nothing else notices


def torch_tokens(rows: int, length: int, width: int) -> direct.Stream:
    query, key, value = torch.randn(3, rows, length, width, generator=torch.Generator().manual_seed(4)).unbind(0)
    return query, key, value


@pytest.mark.parametrize("change", KINDS.values(), ids=KINDS.keys())
def test_an_error_in_the_sums_of_torch_is_gone_after_a_window(change: dict[str, Any]) -> None:
    config = replace(SMALL, heads=3, width=12, window=WINDOW, landmark_count=4, **change)
    torch.manual_seed(5)
    kernel = make_kernel(config).requires_grad_(False)
    stream = torch_tokens(config.heads, 5 * WINDOW, 4)
    step = kernel.step_all if config.stacking == "retroactive" else kernel.step

    def differ(one: KernelState, other: KernelState, t: int) -> float:
        token = direct.token(stream, t)
        return float((step(*token, one) - step(*token, other)).abs().max())

    true, wrong = (kernel.init_state(1, like=stream[0]) for _ in range(2))
    for t in range(2 * WINDOW + 5):
        assert differ(true, wrong, t) == 0.0
    sums = wrong.sums if isinstance(wrong, GaussianState) else wrong.memory.sums[..., :-1]
    assert sums is not None
    sums *= 1.0 + ERROR
    assert differ(true, wrong, 2 * WINDOW + 5) > ERROR / 100
    for t in range(2 * WINDOW + 6, 4 * WINDOW):
        differ(true, wrong, t)
    assert differ(true, wrong, 4 * WINDOW) < ERROR / 1e6


# --- the compiled sums


def test_an_error_in_the_compiled_sums_is_gone_when_each_was_renewed_in_its_turn() -> None:
    compiled = compiled_from(loud_classifier(1.0))
    pairs = compiled.sizes.pairs
    round_of_all = max(RENEWAL, 8 * compiled.sizes.window // pairs) * pairs
    tokens = np.random.default_rng(0).normal(size=(200 + round_of_all, compiled.config.width)).astype(np.float32)
    true, wrong = compiled.init_state(), compiled.init_state()
    for state in (true, wrong):
        compiled.encode(tokens[:100], state)
    wrong.encoder.doubles[0, 0, : pairs * compiled.sizes.head_width] *= 1.0 + ERROR
    first = np.abs(compiled.encode(tokens[100:110], true) - compiled.encode(tokens[100:110], wrong))
    last = np.abs(compiled.encode(tokens[110:], true) - compiled.encode(tokens[110:], wrong))
    assert first.max() > 1e-6
    assert last[-1].max() < 1e-9


def test_no_compiled_sum_stays_small_beside_its_peak() -> None:
    """Otherwise it would be made anew at every step from then on, which takes a hundred times as long."""
    compiled = compiled_from(loud_classifier(30.0))
    state, renewed = compiled.init_state(), 0
    random = np.random.default_rng(0)
    tokens = 0.03 * random.normal(size=(400, 1, compiled.config.width)).astype(np.float32)
    tokens[random.random(400) < 0.02] /= 0.03
    at, pairs = state_at(compiled.sizes), compiled.sizes.pairs
    weight, peak = (state.encoder.doubles[0, 0][begin : begin + pairs] for begin in (at.weight, at.peak))
    for token in tokens:
        before = peak.copy()
        compiled.encode(token, state)
        assert (weight >= peak * MIN_SHARE).all()
        renewed += int((peak < 1e-3 * before).any())  # not only in its turn
    assert renewed >= 3  # a dominant token has left indeed
