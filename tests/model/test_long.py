"""A million steps of every kind beside its definition in float64, at every scale of the logits and through bursts."""

from __future__ import annotations

import pytest

from scripts.soaking.attention import SCALES, soak_side_by_side, table

STEPS = 1_000_000


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_million_steps_neither_drift_nor_overflow() -> None:
    results = soak_side_by_side(("retroactive", "continual", "fixed"), STEPS)
    print("\n".join(table(results)))
    for result in results.values():
        assert result.steps == STEPS
        assert result.checks >= STEPS // 200
        assert len(result.largest_error) == len(SCALES)
        assert result.finite
        assert result.holds
