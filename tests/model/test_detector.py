"""Online action detection: a step answers what the window does, at the costs that are said, at the published sizes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch

from model import (
    DetectorConfig,
    Encoder,
    EncoderConfig,
    OnlineDetector,
    detector_step_cost,
    detector_window_cost,
    step_cost,
)
from model.presets import FEATURES, GTZAN, LANDMARKS, OADTR, co_oadtr
from tests.model.flop_counter import FlopCounter

ENCODER = EncoderConfig(
    width=12, heads=3, window=5, feed_forward=8, attention="softmax", blocks=2, stacking="retroactive", positions=7
)
ANTICIPATING: dict[str, Any] = {"queries": 4, "decoder_layers": 2, "decoder_heads": 2, "decoder_feed_forward": 10}
DETECTORS: dict[str, DetectorConfig] = {
    "encoder alone": DetectorConfig(replace(ENCODER, attention="nystrom", stacking="deep"), features=6, classes=3),
    "retroactive": DetectorConfig(ENCODER, features=6, classes=3),
    "class token": DetectorConfig(ENCODER, features=6, classes=3, class_token=1),
    "decoder": DetectorConfig(replace(ENCODER, blocks=3), features=6, classes=3, **ANTICIPATING),
    "both": DetectorConfig(replace(ENCODER, norm="post"), features=6, classes=3, class_token=1, **ANTICIPATING),
}
every_detector = pytest.mark.parametrize("config", DETECTORS.values(), ids=DETECTORS.keys())
BEFORE = DetectorConfig(ENCODER, features=6, classes=3, class_token=0, **ANTICIPATING)


def make(config: DetectorConfig) -> OnlineDetector:
    torch.manual_seed(0)
    detector = OnlineDetector(config).double().eval().requires_grad_(False)
    if detector.class_token is not None:
        detector.class_token.normal_()
    return detector


def features(frames: int = 14) -> torch.Tensor:
    return torch.randn(2, frames, 6, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


@every_detector
def test_a_step_answers_at_every_frame_what_the_window_does(config: DetectorConfig) -> None:
    detector, given = make(config), features()
    state = detector.init_state(2)
    for t in range(given.shape[1]):
        found, state = detector.step(given[:, t], state)
        seen = given[:, max(0, t + 1 - config.encoder.history) : t + 1]
        expected = detector.recompute(seen, t + 1)
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-9)
        assert found.classes.shape == (2, 3)
        assert (found.ahead is None) == (config.queries == 0)


@pytest.mark.parametrize("config", [*list(DETECTORS.values())[1:], BEFORE], ids=[*list(DETECTORS)[1:], "before"])
def test_counted_operations_are_what_the_formulas_say(config: DetectorConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.mha, "get_fastpath_enabled", lambda: False)  # one operation, uncounted
    detector, given = make(config), features(12)[:1]
    with FlopCounter() as counter:
        detector.recompute(given[:, -5:], 12)
    window = detector_window_cost(config)
    if not config.queries and config.class_token is not None:  # the last block's other outputs are not asked for
        tokens, d = ENCODER.window + 1, ENCODER.width
        window["encoder"] -= (tokens - 1) * (2 * d * d + 4 * tokens * d + 4 * d * ENCODER.feed_forward)
    assert counter.total == sum(window.values())
    if config.class_token == 0:
        return
    state = detector.init_state(1)
    for t in range(12):
        with FlopCounter() as counter:
            _, state = detector.step(given[:, t], state)
    assert counter.total == sum(detector_step_cost(config).values())


def test_oadtr_at_its_sizes_costs_what_is_published() -> None:
    """2513.5 million multiply-adds, counted as they do: without the products of attention (reproduce_cost.py)."""
    parts = detector_window_cost(OADTR)
    d, q, memory = OADTR.encoder.width, OADTR.queries, OADTR.encoder.window + 1
    products = 4 * d * (OADTR.encoder.blocks * memory**2 + OADTR.decoder_layers * q * (q + memory))
    assert (sum(parts.values()) - products) / 2e6 == pytest.approx(2513.5, rel=0.001)


@pytest.mark.parametrize(("blocks", "published"), [(1, (673.0, 10.6)), (2, (1075.7, 411.9))])
def test_cooadtr_at_its_sizes_costs_what_is_published_heads_included(
    blocks: int, published: tuple[float, float]
) -> None:
    config = co_oadtr(blocks, FEATURES["Kinetics"])
    window, step = (sum(cost(config).values()) / 2e6 for cost in (detector_window_cost, detector_step_cost))
    assert (window, step) == pytest.approx(published, rel=0.02)


def test_the_audio_preset_is_the_published_one() -> None:
    assert (GTZAN.window, GTZAN.width, GTZAN.heads, GTZAN.feed_forward, GTZAN.outputs) == (120, 192, 16, 192, 10)
    approximate = replace(GTZAN, attention="nystrom", landmarks="continual")
    assert approximate.landmark_count == LANDMARKS
    assert step_cost(approximate).parts["attention"] < step_cost(GTZAN).parts["attention"]
    assert Encoder(GTZAN)(torch.zeros(1, 2, 192)).shape == (1, 2, 10)


def test_a_class_token_before_the_first_block_is_of_windows_alone() -> None:
    detector = make(BEFORE)
    assert detector.recompute(features(5), 5).classes.shape == (2, 3)
    for call in (detector.init_state, lambda: detector_step_cost(BEFORE)):
        with pytest.raises(ValueError, match="no continual form"):
            call()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"class_token": 2}, "class_token is 2"),
        ({"features": 0}, "features is 0"),
        ({"queries": -1}, "queries is -1"),
        ({"encoder": replace(ENCODER, outputs=2)}, "2 outputs"),
        ({"encoder": replace(ENCODER, attention="gaussian"), "class_token": 1}, "need softmax attention"),
        ({"decoder_heads": 5}, "over 5 heads"),
    ],
    ids=str,
)
def test_sizes_of_a_detector_that_do_not_fit_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(DETECTORS["retroactive"], **change)
    with pytest.raises(ValueError, match="features have shape"):
        make(DETECTORS["retroactive"]).recompute(features()[..., :5], 14)
