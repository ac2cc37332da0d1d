"""Numbers stay true: the windowed sums against a direct computation, long and at large scores."""

from __future__ import annotations

import pytest
import torch

from model.running_average import RunningAverage
from model.window_average import window_averages

ROWS, LANDMARKS, WIDTH = 2, 3, 4


def stream(length: int, scale: float, bursts: bool = False) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(int(scale) + bursts)
    scores = torch.randn(ROWS, LANDMARKS, length, generator=generator) * scale
    if bursts:
        loud = torch.rand(length, generator=generator) < 0.01
        scores = torch.where(loud, scores + 5 * scale, scores / 10)
    return scores, torch.randn(ROWS, length, WIDTH, generator=generator)


def push(average: RunningAverage, score: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
    """The averages (R, m, D) after one more position: each landmark mixed by itself."""
    average.push(score, value)
    one_each = torch.eye(LANDMARKS)
    return torch.stack([average.mix(one_each[j].expand(ROWS, -1)) for j in range(LANDMARKS)], dim=1)


def direct(scores: torch.Tensor, values: torch.Tensor, window: int) -> torch.Tensor:
    """The definition, in float64, one window at a time: (R, m, T, D)."""
    averages = []
    for t in range(scores.shape[-1]):
        seen = slice(max(0, t + 1 - window), t + 1)
        averages.append(torch.softmax(scores[..., seen].double(), dim=-1) @ values[:, seen].double())
    return torch.stack(averages, dim=2)


@pytest.mark.parametrize("bursts", [False, True])
@pytest.mark.parametrize("scale", [1.0, 3.0, 10.0, 30.0, 1000.0])
@pytest.mark.parametrize("window", [1, 2, 16, 37])
def test_running_averages_equal_the_definition_at_every_scale(window: int, scale: float, bursts: bool) -> None:
    scores, values = stream(400, scale, bursts)
    average = RunningAverage.empty(ROWS, LANDMARKS, WIDTH, window, like=values)
    running = [push(average, scores[..., t], values[:, t]) for t in range(400)]
    assert_close_for_unit_values(torch.stack(running, dim=2), direct(scores, values, window))


@pytest.mark.parametrize("scale", [1.0, 30.0, 1000.0])
@pytest.mark.parametrize(("length", "window"), [(1, 5), (40, 1), (40, 40), (100, 37), (200, 16), (75, 300)])
def test_parallel_averages_equal_the_definition_at_every_scale(length: int, window: int, scale: float) -> None:
    scores, values = stream(length, scale)
    assert_close_for_unit_values(window_averages(scores, values, window), direct(scores, values, window))


def test_running_averages_have_not_drifted_after_a_hundred_thousand_steps() -> None:
    window, length = 37, 100_000
    scores, values = stream(length, 10.0, bursts=True)
    average = RunningAverage.empty(ROWS, LANDMARKS, WIDTH, window, like=values)
    by_time = scores.permute(2, 0, 1).contiguous(), values.transpose(0, 1).contiguous()
    for t in range(length - window):
        average.push(by_time[0][t], by_time[1][t])
    tail = [push(average, by_time[0][t], by_time[1][t]) for t in range(length - window, length)]
    recent = scores[..., -2 * window :], values[:, -2 * window :]
    assert_close_for_unit_values(torch.stack(tail, dim=2), direct(*recent, window)[:, :, -window:])


def test_gradients_of_the_parallel_averages_are_true() -> None:
    scores, values = stream(45, 2.0)
    inputs = (scores.double().requires_grad_(), values.double().requires_grad_())
    assert torch.autograd.gradcheck(lambda s, v: window_averages(s, v, 20), inputs, fast_mode=True)


def assert_close_for_unit_values(actual: torch.Tensor, expected: torch.Tensor) -> None:
    torch.testing.assert_close(actual.double(), expected, rtol=0, atol=2e-6)
