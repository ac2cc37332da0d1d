"""Many steps of every kind beside its definition in float64, at every scale of the logits and through bursts."""

from __future__ import annotations

import pytest

from scripts.soak import SCALES, Result, soak, soak_side_by_side, table

KINDS = ("retroactive", "continual", "fixed")


@pytest.mark.parametrize("kind", KINDS)
def test_fifty_thousand_steps_neither_drift_nor_overflow(kind: str) -> None:
    assert_true({kind: soak(kind, 50_000)}, 50_000)


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_a_million_steps_neither_drift_nor_overflow() -> None:
    assert_true(soak_side_by_side(KINDS, 1_000_000), 1_000_000)


def assert_true(results: dict[str, Result], steps: int) -> None:
    print("\n".join(table(results)))
    for result in results.values():
        assert result.steps == steps
        assert result.checks >= steps // 200
        assert len(result.largest_error) == len(SCALES)
        assert result.finite
        assert result.holds
