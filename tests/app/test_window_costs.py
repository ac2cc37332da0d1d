"""The cost panel shows the cost meter's figures, each in its place and with its unit."""

from __future__ import annotations

import pytest

from app.costs import CostMeter
from app.window import MainWindow, words
from app.window.cost import CostPanel, tail
from app.window.logbar import LogAxis
from tests.app.scripted_session import MODEL, ScriptedSession, snapshot
from tests.app.shown import text


def test_shown_costs_are_those_of_the_cost_meter(window: MainWindow, session: ScriptedSession) -> None:
    frames = [
        snapshot(index, step=100_000 + 700 * index, twin=4_000_000 + 9_000 * index, difference=index * 1e-8)
        for index in range(60)
    ]
    meter = CostMeter(MODEL, session.frame_seconds)
    meter.add(frames)
    report = meter.report()
    window.listen("desk")
    for begin in range(0, 60, 7):
        session.queue(frames[begin : begin + 7])
        window.tick()
    for name, comparison in (("encoder", report.encoder), ("frame", report.frame)):
        for model, spread in (("step", comparison.step), ("twin", comparison.twin)):
            assert spread is not None
            assert text(window, f"time_{name}_{model}") == words.microseconds(spread.p50)
            assert text(window, f"time_{name}_{model}_tail") == tail(spread)
        assert text(window, f"time_{name}_ratio") == words.ratio(comparison.time_ratio)
        assert text(window, f"flops_{name}_ratio") == words.ratio(comparison.flops_ratio)
        assert text(window, f"flops_{name}_step") == words.flops(comparison.step_flops)
        assert text(window, f"flops_{name}_twin") == words.flops(comparison.twin_flops)
    assert text(window, "largest_difference") == words.difference(report.largest_difference)
    assert words.difference(report.present_difference) in text(window, "present_difference")
    assert text(window, "budget_step") == words.budget_share(report.step_share)
    assert words.budget_share(report.twin_share) in text(window, "budget_twin")


def test_flops_are_known_before_anything_runs_and_times_are_not(window: MainWindow) -> None:
    assert text(window, "flops_encoder_ratio") == "400\N{MULTIPLICATION SIGN}"
    assert text(window, "flops_frame_step") == "2.20 MFLOP"
    assert text(window, "time_encoder_ratio") == words.UNKNOWN
    assert text(window, "time_frame_twin") == words.UNKNOWN


def test_every_loss_is_counted_and_shown(window: MainWindow, session: ScriptedSession) -> None:
    window.listen("desk")
    session.missed = 12
    session.queue([snapshot(dropped=34_567)])
    window.tick()
    assert text(window, "dropped") == f"34{words.THIN}567"
    assert text(window, "missed") == "12 not drawn"


def test_a_dearer_continual_model_is_said_to_be_dearer(window: MainWindow, session: ScriptedSession) -> None:
    window.listen("desk")
    session.queue([snapshot(step=300_000, twin=100_000)])
    window.tick()
    encoder = window.live.cost.views[0]
    assert encoder.ratio.text() == "3.0\N{MULTIPLICATION SIGN}"
    assert encoder.ratio_words.text() == "more time"


@pytest.mark.parametrize(("step", "colour"), [(20_000_000, "text"), (60_000_000, "warning"), (90_000_000, "problem")])
def test_the_budget_warns_before_it_is_used_up(
    window: MainWindow, session: ScriptedSession, step: int, colour: str
) -> None:
    window.listen("desk")
    session.queue([snapshot(step=step)])
    window.tick()
    assert window.live.cost.tiles.tiles[1].value.colour == colour


def test_every_number_of_the_cost_panel_explains_itself(window: MainWindow) -> None:
    panel = window.live.cost
    assert isinstance(panel, CostPanel)
    for view in panel.views:
        assert len(view.ratio.toolTip()) > 40
        for line in view.lines:
            assert len(line.toolTip()) > 40
    for tile in panel.tiles.tiles:
        assert len(tile.toolTip()) > 20
    assert "stem: 1.80 MFLOP" in panel.views[3].lines[0].toolTip()
    assert "stem" not in panel.views[1].lines[0].toolTip()


def test_the_axis_widens_to_hold_every_value_and_keeps_even_decades() -> None:
    axis = LogAxis(1e4, 1e7).holding(3e3, 2e8)
    assert axis == LogAxis(1e3, 1e9)
    positions = [axis.position(decade) for decade in axis.decades()]
    assert positions == pytest.approx([step / 6 for step in range(7)])
    assert LogAxis(1e4, 1e7).holding() == LogAxis(1e4, 1e7)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (words.microseconds(118_400), "118 µs"),
        (words.microseconds(9_440), "9.4 µs"),
        (words.flops(412_345), "412 kFLOP"),
        (words.flops(999_600), "1.00 MFLOP"),
        (words.flops(36_500_000), "36.5 MFLOP"),
        (words.ratio(4.24), "4.2\N{MULTIPLICATION SIGN}"),
        (words.ratio(412.4), "412\N{MULTIPLICATION SIGN}"),
        (words.difference(2.94e-7), "2.9e-7"),
        (words.difference(0.0), "0"),
        (words.budget_share(0.00373), "0.37 %"),
        (words.budget_share(0.061), "6.1 %"),
        (words.budget_share(1.3), "130 %"),
        (words.heard(0.999, 30.0), "29 of 30 s heard"),
        (words.heard(1.0, 29.977), "30 of 30 s heard"),
    ],
)
def test_numbers_are_said_with_few_digits_and_their_unit(said: str, expected: str) -> None:
    assert said == expected
