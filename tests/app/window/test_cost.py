"""The cost panel shows the cost meter's figures, each in its place and with its unit."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from app.live.past import Past
from app.stream.snapshot import FrameFlops, StepTimes
from app.window import words
from app.window.cost.comparison import LogAxis, tail
from app.window.cost.panel import CostPanel
from app.window.cost.tiles import Explained
from app.window.main import MainWindow
from tests.app.scripted_session import FLOPS, MODEL, ScriptedSession, snapshot
from tests.app.shown import text


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
    assert window.live.cost.tiles[1].value.colour == colour


def test_every_number_of_the_cost_panel_explains_itself(window: MainWindow) -> None:
    panel = window.live.cost
    assert isinstance(panel, CostPanel)
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
    panel = window.live.cost
    assert not panel.explanation.isVisible()
    QTest.mouseClick(panel.tiles[2].value, Qt.MouseButton.LeftButton)
    assert panel.explanation.isVisible()
    assert panel.explanation.heading.text() == "Arithmetic saved"
    assert "twin has to compute" in panel.explanation.words.text()
    QTest.keyClick(panel.explanation, Qt.Key.Key_Escape)
    assert not panel.explanation.isVisible()
    QTest.keyClick(panel.views[0].ratio_place, Qt.Key.Key_Return)
    assert panel.explanation.isVisible()
    assert panel.explanation.words.text() == panel.views[0].ratio_place.explanation
    panel.explanation.hide()


def test_a_slow_twin_is_said_to_answer_every_kth_frame(window: MainWindow, session: ScriptedSession) -> None:
    window.listen("desk")
    session.queue([snapshot(index, twin=90_000_000 if index % 5 == 0 else None, twin_every=5) for index in range(30)])
    window.tick()
    labels = [label.text() for label in window.live.cost.row_labels]
    assert labels[0] == "This encoder alone; twin on every 5th frame"
    assert "every 5th" not in labels[1]  # arithmetic is counted, not measured
    assert "every 5th one only" in window.live.cost.views[0].lines[1].explanation


def test_a_twin_that_is_not_loaded_yet_is_said_to_be(window: MainWindow, session: ScriptedSession) -> None:
    labels = window.live.cost.row_labels
    assert "loaded" not in labels[0].text()  # nothing runs
    window.listen("desk")
    session.queue([snapshot(index, twin=None, twin_every=0) for index in range(5)])
    window.tick()
    assert labels[0].text() == "This encoder alone; the twin is being loaded"
    assert "loaded" not in labels[1].text()
    session.queue([snapshot(5)])
    window.tick()
    assert labels[0].text() == "This encoder alone"


def test_saved_arithmetic_memory_and_what_computes_are_shown(window: MainWindow, session: ScriptedSession) -> None:
    window.listen("desk")
    session.queue([snapshot(index, saved_flops=108_000_000, backend="compiled") for index in range(40)])
    window.tick()
    assert text(window, "saved") == "4.32 GFLOP"
    assert (text(window, "memory_step"), text(window, "memory_twin")) == ("412 kB", "twin 645 kB")
    assert "compiled" in window.live.cost.heads[0].text()
    assert text(window, "budget_twin").startswith("ok; ")


def test_the_boxes_choose_another_row_and_another_window(window: MainWindow, session: ScriptedSession) -> None:
    controls = window.live.cost.controls
    assert [controls.length.itemText(at) for at in range(controls.length.count())] == ["5 s", "30 s", "5 min"]
    assert (controls.family.currentText(), controls.length.currentText()) == (session.models.choices[0].name, "30 s")
    controls.family.setCurrentIndex(1)
    controls.family.activated.emit(1)
    assert session.asked[-1] == "model 'soft' 30"
    for control in (controls.family, controls.length):
        assert control.focusPolicy() & Qt.FocusPolicy.TabFocus
        assert control.accessibleName()


def test_the_list_of_rows_says_which_is_the_quickest_here(window: MainWindow, session: ScriptedSession) -> None:
    controls = window.live.cost.controls
    family, names = controls.family, [row.name for row in session.models.choices]
    family.showPopup()
    assert session.asked[-1] == "measure 30"
    session.models.steps = StepTimes(30.0, {"": 9_640.0, "soft": 31_000.0})
    window.tick()
    assert [family.itemText(0), family.itemText(1)] == [
        f"{names[0]}   9.6 µs a step, the quickest here",
        f"{names[1]}   31 µs a step",
    ]
    assert family.view().width() > family.fontMetrics().horizontalAdvance(family.itemText(0))  # nothing is cut off
    session.models.steps = StepTimes(30.0, {"": 40_000.0})  # the other one cannot have this window
    window.tick()
    assert [family.itemText(0), family.itemText(1)] == [f"{names[0]}   40 µs a step, the quickest here", names[1]]
    family.hidePopup()
    controls.length.setCurrentIndex(0)
    controls.show_steps()  # which is not of this window
    assert [family.itemText(0), family.itemText(1)] == names


def test_until_the_chosen_model_answers_the_panel_says_that_it_catches_up(
    window: MainWindow, session: ScriptedSession
) -> None:
    other = replace(MODEL, window=65, window_seconds=5.0)
    window.listen("desk")
    session.models.description = other
    session.queue([snapshot(0, model=MODEL)])
    window.tick()
    assert text(window, "model_note") == "catching up"
    assert window.live.cost.controls.length.currentText() == "5 s"
    assert window.live.spectrogram.window_seconds == 30.0
    session.queue([snapshot(1, model=other)])
    window.tick()
    window.tick()
    assert text(window, "model_note") == ""
    assert window.live.spectrogram.window_seconds == 5.0
    assert text(window, "heard") == "2 of 5 s heard"
    session.models.problem = "This model cannot be used, choose another one."
    window.tick()
    assert text(window, "model_note") == session.models.problem


def test_the_axis_widens_to_hold_every_value_and_keeps_even_decades() -> None:
    axis = LogAxis(1e4, 1e7).holding(3e3, 2e8)
    assert axis == LogAxis(1e3, 1e9)
    positions = [axis.position(decade) for decade in axis.decades()]
    assert positions == pytest.approx([step / 6 for step in range(7)])
    assert [axis.position(value) for value in (1e2, 1e3, 1e9, 1e12)] == [0, 0, 1, 1]
    assert LogAxis(1e4, 1e7).holding() == LogAxis(1e4, 1e7)


def test_a_model_chosen_before_anything_runs_is_counted_at_once(window: MainWindow, session: ScriptedSession) -> None:
    flops = FrameFlops(FLOPS.shared, FLOPS.step, {"attention": 1_000_000, "head": 100_000})
    session.models.description = replace(MODEL, window=65, window_seconds=5.0, flops=flops)
    window.tick()
    assert text(window, "flops_encoder_twin") == "1.10 MFLOP"
    assert window.live.spectrogram.window_seconds == 5.0


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (words.duration(118_400), "118 µs"),
        (words.duration(3_521_000), "3.5 ms"),
        (words.duration(122_400_000), "122 ms"),
        (words.duration(9_440), "9.4 µs"),
        (words.flops(412_345), "412 kFLOP"),
        (words.flops(999_600), "1.00 MFLOP"),
        (words.flops(36_500_000), "36.5 MFLOP"),
        (words.ratio(4.24), "4.2\N{MULTIPLICATION SIGN}"),
        (words.ratio(412.4), "412\N{MULTIPLICATION SIGN}"),
        (words.difference(2.94e-7), "0.0000003"),
        (words.difference(0.0), "0"),
        (words.budget_share(0.00373), "0.37 %"),
        (words.budget_share(0.061), "6.1 %"),
        (words.budget_share(1.3), "130 %"),
        (tail(123_456, 456_789), "p95/99 123/457 µs"),
        (tail(123_456, 4_567_890), "p95/99 0.1/4.6 ms"),
        (tail(98_000_000, 123_456_789), "p95/99 98/123 ms"),
        (words.every(2), "every 2nd frame"),
        (words.every(13), "every 13th frame"),
        (words.flops(515_000, "B"), "515 kB"),
        (words.window_length(9.99), "10 s"),
        (words.window_length(120.06), "2 min"),
        (words.heard(0.999, 30.0), "29 of 30 s heard"),
        (words.heard(1.0, 29.977), "30 of 30 s heard"),
    ],
)
def test_numbers_are_said_with_few_digits_and_their_unit(said: str, expected: str) -> None:
    assert said == expected
