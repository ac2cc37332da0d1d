"""The details show all of the past's figures, each in its place and with its unit."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from app.live.past import Past
from app.window import words
from app.window.cost.comparison import LogAxis, tail
from app.window.explained import Explained
from app.window.main import MainWindow
from tests.app.scripted_session import MODEL, ScriptedSession, snapshot
from tests.app.shown import press, text


@pytest.fixture(autouse=True)
def _with_details(window: MainWindow) -> None:
    press(window, Qt.Key.Key_D)
    assert window.live.details.isVisible()
    assert not window.live.story.isVisible()


def test_shown_costs_are_those_of_the_past(window: MainWindow, session: ScriptedSession) -> None:
    frames = [
        snapshot(index, step=100_000 + 700 * index, twin=4_000_000 + 9_000 * index, difference=index * 1e-8)
        for index in range(60)
    ]
    past = Past(session.genres, MODEL)
    past.add(frames)
    report = past.report()
    window.listen("desk")
    for begin in range(0, 60, 7):
        session.queue(frames[begin : begin + 7])
        window.tick()
    for name, comparison in (("encoder", report.encoder), ("frame", report.frame)):
        for model, spread in (("step", comparison.step), ("twin", comparison.twin)):
            assert spread is not None
            assert text(window, f"time_{name}_{model}") == words.duration(spread.p50)
            assert text(window, f"time_{name}_{model}_tail") == tail(spread.p95, spread.p99)
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
    session.queue([snapshot(lost_seconds=0.784)])
    window.tick()
    assert text(window, "lost") == "0.78 s"
    assert text(window, "missed") == "12 not drawn"


def test_a_dearer_continual_model_is_said_to_be_dearer(window: MainWindow, session: ScriptedSession) -> None:
    window.listen("desk")
    session.queue([snapshot(step=300_000, twin=100_000)])
    window.tick()
    encoder = window.live.details.views[0]
    assert encoder.ratio.text() == "3.0\N{MULTIPLICATION SIGN}"
    assert encoder.ratio_words.text() == "more time"


@pytest.mark.parametrize(("step", "colour"), [(20_000_000, "text"), (60_000_000, "warning"), (90_000_000, "problem")])
def test_the_budget_warns_before_it_is_used_up(
    window: MainWindow, session: ScriptedSession, step: int, colour: str
) -> None:
    window.listen("desk")
    session.queue([snapshot(step=step)])
    window.tick()
    assert window.live.details.tiles[1].value.colour == colour


def test_every_number_of_the_cost_panel_explains_itself(window: MainWindow) -> None:
    panel = window.live.details
    explained = panel.findChildren(Explained)
    assert len(explained) == 4 * 3 + 2 + 6
    for one in explained:
        assert len(one.explanation) > 20
        assert one.accessibleName() == one.heading
        assert one.accessibleDescription() == one.explanation
        assert one.focusPolicy() & Qt.FocusPolicy.TabFocus
    assert len({one.heading for one in explained}) == len(explained)
    assert "stem: 1.80 MFLOP" in panel.views[3].lines[0].explanation
    assert "stem:" not in panel.views[1].lines[0].explanation


def test_one_click_or_enter_explains_a_number_and_escape_ends_it(window: MainWindow) -> None:
    panel = window.live.details
    assert not window.live.explanation.isVisible()
    QTest.mouseClick(panel.tiles[2].value, Qt.MouseButton.LeftButton)
    assert window.live.explanation.isVisible()
    assert window.live.explanation.heading.text() == "Arithmetic saved"
    assert "the continual one avoids" in window.live.explanation.words.text()
    QTest.keyClick(window.live.explanation, Qt.Key.Key_Escape)
    assert not window.live.explanation.isVisible()
    QTest.keyClick(panel.views[0].ratio_place, Qt.Key.Key_Return)
    assert window.live.explanation.isVisible()
    assert window.live.explanation.words.text() == panel.views[0].ratio_place.explanation
    window.live.explanation.hide()


def test_a_slow_twin_is_said_to_answer_every_kth_frame(window: MainWindow, session: ScriptedSession) -> None:
    window.listen("desk")
    session.queue([snapshot(index, twin=90_000_000 if index % 5 == 0 else None, twin_every=5) for index in range(30)])
    window.tick()
    labels = [label.text() for label in window.live.details.row_labels]
    assert labels[0] == "This encoder alone; ordinary on every 5th frame"
    assert "every 5th" not in labels[1]  # arithmetic is counted, not measured
    assert "every 5th one only" in window.live.details.views[0].lines[1].explanation


def test_a_twin_that_is_not_loaded_yet_is_said_to_be(window: MainWindow, session: ScriptedSession) -> None:
    labels = window.live.details.row_labels
    assert "loaded" not in labels[0].text()  # nothing runs
    window.listen("desk")
    session.queue([snapshot(index, twin=None, twin_every=0) for index in range(5)])
    window.tick()
    assert labels[0].text() == "This encoder alone; the ordinary model is being loaded"
    assert "loaded" not in labels[1].text()
    session.queue([snapshot(5)])
    window.tick()
    assert labels[0].text() == "This encoder alone"


def test_saved_arithmetic_memory_and_what_computes_are_shown(window: MainWindow, session: ScriptedSession) -> None:
    window.listen("desk")
    session.queue([snapshot(index, saved_flops=108_000_000, backend="compiled") for index in range(40)])
    window.tick()
    assert text(window, "saved") == "4.32 GFLOP"
    assert (text(window, "memory_step"), text(window, "memory_twin")) == ("412 kB", "ordinary 645 kB")
    assert "compiled" in window.live.details.heads[0].text()
    assert text(window, "budget_twin").startswith("ok; ")


def test_the_axis_widens_to_hold_every_value_and_keeps_even_decades() -> None:
    axis = LogAxis(1e4, 1e7).holding(3e3, 2e8)
    assert axis == LogAxis(1e3, 1e9)
    positions = [axis.position(decade) for decade in axis.decades()]
    assert positions == pytest.approx([step / 6 for step in range(7)])
    assert [axis.position(value) for value in (1e2, 1e3, 1e9, 1e12)] == [0, 0, 1, 1]
    assert LogAxis(1e4, 1e7).holding() == LogAxis(1e4, 1e7)
