"""The details show all of the past's figures, each in its place and with its unit."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from app.live.past import Past
from app.window import words
from app.window.cost.charts import Decades
from app.window.cost.details import FigureRow, tail
from app.window.explained import Explained
from app.window.main import MainWindow
from app.window.theme import font
from tests.app.scripted_session import MODEL, ScriptedSession, snapshot
from tests.app.shown import press, text


def row(window: MainWindow, name: str) -> FigureRow:
    return next(row for row in window.live.details.rows if row.cells[0].objectName() == name)


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
            assert text(window, f"time_{name}_{model}_tail") == tail(spread)
        assert text(window, f"time_{name}_ratio") == words.ratio(comparison.time_ratio)
        assert text(window, f"flops_{name}_ratio") == words.ratio(comparison.flops_ratio)
        assert text(window, f"flops_{name}_step") == words.flops(comparison.step_flops, "")
        assert text(window, f"flops_{name}_twin") == words.flops(comparison.twin_flops, "")
    assert text(window, "largest_difference") == words.difference(report.largest_difference)
    assert text(window, "present_difference") == words.difference(report.present_difference)
    assert text(window, "budget_step") == words.budget_share(report.step_share)
    assert text(window, "budget_twin") == words.budget_share(report.twin_share)


def test_flops_are_known_before_anything_runs_and_times_are_not(window: MainWindow) -> None:
    assert text(window, "flops_encoder_ratio") == "400\N{MULTIPLICATION SIGN}"
    assert text(window, "flops_frame_step") == "2.20 M"
    assert text(window, "time_encoder_ratio") == words.UNKNOWN
    assert text(window, "time_frame_twin") == words.UNKNOWN


def test_every_loss_is_counted_and_shown(window: MainWindow, session: ScriptedSession) -> None:
    window.listen("desk")
    session.missed = 12
    session.queue([snapshot(lost_seconds=0.784)])
    window.tick()
    assert text(window, "lost") == "0.78 s"
    assert text(window, "missed") == "12"
    assert row(window, "frames").cells[0].colour == row(window, "lost").cells[0].colour == "warning"


def test_other_answers_are_told_by_the_minute(window: MainWindow, session: ScriptedSession) -> None:
    window.listen("desk")
    minutes = round(120 / ScriptedSession.frame_seconds)
    session.queue([snapshot(index, "jazz" if index < 800 else "rock") for index in range(minutes)])
    window.tick()
    assert text(window, "changes_minute") == "0.5"


def test_a_dearer_continual_model_is_said_to_be_dearer(window: MainWindow, session: ScriptedSession) -> None:
    window.listen("desk")
    session.queue([snapshot(step=300_000, twin=100_000)])
    window.tick()
    assert text(window, "time_encoder_ratio") == "0.33\N{MULTIPLICATION SIGN}"


@pytest.mark.parametrize(("step", "colour"), [(20_000_000, "text"), (60_000_000, "warning"), (90_000_000, "problem")])
def test_the_budget_warns_before_it_is_used_up(
    window: MainWindow, session: ScriptedSession, step: int, colour: str
) -> None:
    window.listen("desk")
    session.queue([snapshot(step=step)])
    window.tick()
    assert row(window, "budget_step").cells[0].colour == colour


def test_every_figure_explains_itself_by_a_click_or_enter(window: MainWindow) -> None:
    panel, explanation = window.live.details, window.live.explanation
    explained = panel.findChildren(Explained)
    assert len(explained) == len(panel.rows) + 2
    for one in explained:
        assert len(one.explanation) > 50
        assert one.accessibleDescription() == one.explanation
        assert one.focusPolicy() & Qt.FocusPolicy.TabFocus
    assert not explanation.isVisible()
    QTest.mouseClick(row(window, "saved").cells[0], Qt.MouseButton.LeftButton)
    assert explanation.isVisible()
    assert explanation.heading.text() == "FLOPs saved so far"
    QTest.keyClick(explanation, Qt.Key.Key_Escape)
    assert not explanation.isVisible()
    QTest.keyClick(panel.sparkline, Qt.Key.Key_Return)
    assert explanation.words.text() == panel.sparkline.explanation
    explanation.hide()
    for one in window.live.story.bars["flops", "twin"], panel.rows[-1]:  # as tall as each must be
        explanation.show_beside(one)
        QApplication.processEvents()
        assert explanation.height() == explanation._column.totalHeightForWidth(explanation.width())
        explanation.hide()


def test_what_is_said_of_an_ordinary_model_that_is_slow_or_not_loaded_yet(
    window: MainWindow, session: ScriptedSession
) -> None:
    assert text(window, "details_note") == ""  # nothing runs
    window.listen("desk")
    session.queue([snapshot(index, twin=None, twin_every=0) for index in range(5)])
    window.tick()
    assert text(window, "details_note").endswith("; ordinary being loaded")
    session.queue([snapshot(5 + at, twin=90_000_000 if at % 5 == 0 else None, twin_every=5) for at in range(30)])
    window.tick()
    assert text(window, "details_note").endswith("; ordinary on every 5th frame")


def test_the_charts_show_every_time_and_every_part(window: MainWindow, session: ScriptedSession) -> None:
    window.listen("desk")
    session.queue([snapshot(index, step=100_000, twin=1_000_000 if index % 2 else None) for index in range(30)])
    window.tick()
    panel = window.live.details
    (step_at, steps), (twin_at, twins) = (curve.getData() for curve in panel.sparkline.curves)
    assert (step_at.tolist(), twin_at.tolist()) == (list(range(-30, 0)), list(range(-29, 0, 2)))
    assert (set(steps), set(twins)) == ({5.0}, {6.0})
    assert panel.parts.rows == [
        ("log-mel", 200_000, 200_000),
        ("stem", 1_800_000, 1_800_000),
        ("attention", 100_000, 79_900_000),
        ("head", 100_000, 100_000),
    ]


def test_the_axes_have_even_decades() -> None:
    axis = Decades("left", words.DURATIONS)
    axis.setStyle(tickFont=font(12, 1.0))
    for size, expected in ((300, ["10 µs", "100 µs", "1 ms", "10 ms", "100 ms"]), (60, ["10 µs", "1 ms", "100 ms"])):
        ((_, ticks),) = axis.tickValues(3.5, 8.2, size)
        assert axis.tickStrings(ticks, 1, 1) == expected


def test_saved_arithmetic_memory_and_what_computes_are_shown(window: MainWindow, session: ScriptedSession) -> None:
    window.listen("desk")
    session.queue([snapshot(index, saved_flops=108_000_000, backend="compiled") for index in range(40)])
    window.tick()
    assert text(window, "saved") == "4.32 G"
    assert (text(window, "memory_step"), text(window, "memory_twin")) == ("412 kB", "645 kB")
    assert text(window, "details_note").startswith("continual compiled")
