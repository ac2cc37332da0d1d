"""Frozen, all panels show the moment that is looked at; sound goes on being heard, and one key goes back to it."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from app.window.history.panel import FREEZE, LIVE
from app.window.main import MainWindow
from tests.app.scripted_session import GENRES, MODEL, ScriptedSession, snapshot, sound
from tests.app.shown import button, text

FRAME = ScriptedSession.frame_seconds


@pytest.fixture
def heard(window: MainWindow, session: ScriptedSession) -> MainWindow:
    """A window that has heard 100 frames of jazz, then 100 of metal."""
    window.listen("desk")
    session.queue(sound(100, "jazz", step=100_000, decibels=-20.0))
    window.tick()
    session.queue(sound(100, "metal", step=300_000, decibels=6.0, first=100))
    window.tick()
    assert text(window, "present_genre") == "metal"
    return window


def look_back(window: MainWindow) -> None:
    window.live.look_at(60 * FRAME + 0.01)


def test_looking_back_shows_the_moment_in_every_panel(heard: MainWindow) -> None:
    look_back(heard)
    assert text(heard, "present_genre") == "jazz"
    assert text(heard, "genre_jazz") == "90 %"
    assert text(heard, "story_time_step") == "250 µs"
    assert heard.live.timeline.view.moment == pytest.approx(60 * FRAME)


def test_it_is_said_that_the_picture_is_frozen_and_that_listening_goes_on(heard: MainWindow) -> None:
    look_back(heard)
    assert heard.live.now.title.text() == "At 0:05, frozen"
    assert text(heard, "history_note") == "frozen at 0:05, still listening"
    freeze = button(heard, "freeze")
    assert freeze.text() == LIVE
    assert freeze.width() >= freeze.sizeHint().width()


def test_while_frozen_nothing_moves_and_everything_is_heard(heard: MainWindow, session: ScriptedSession) -> None:
    look_back(heard)
    shown = heard.live.timeline.view.span
    session.queue(sound(50, "pop", first=200))
    heard.tick()
    assert text(heard, "present_genre") == "jazz"
    assert text(heard, "story_time_step") == "250 µs"
    assert heard.live.timeline.view.span == shown
    heard.live.go_live()
    assert text(heard, "present_genre") == "pop"
    assert heard.live.past.frames == 250
    assert heard.live.now.title.text() == "Now"
    assert button(heard, "freeze").text() == FREEZE
    assert text(heard, "history_note") == ""


def test_space_freezes_and_space_or_end_goes_back_to_live(heard: MainWindow, session: ScriptedSession) -> None:
    heard.live.setFocus()
    QTest.keyClick(heard.live, Qt.Key.Key_Space)
    assert heard.live.moment is not None
    session.queue(sound(50, "pop", first=200))
    heard.tick()
    assert text(heard, "present_genre") == "metal"
    QTest.keyClick(heard.live, Qt.Key.Key_Space)
    assert heard.live.moment is None
    assert text(heard, "present_genre") == "pop"
    QTest.keyClick(heard.live, Qt.Key.Key_Left)
    assert heard.live.moment is not None
    QTest.keyClick(heard.live, Qt.Key.Key_End)
    assert heard.live.moment is None


def test_the_button_freezes_and_goes_back(heard: MainWindow) -> None:
    button(heard, "freeze").click()
    assert heard.live.moment is not None
    button(heard, "freeze").click()
    assert heard.live.moment is None


def test_a_click_on_a_button_leaves_the_space_bar_to_the_picture(heard: MainWindow) -> None:
    for name in ("listen", "open", "freeze"):
        assert not button(heard, name).focusPolicy() & Qt.FocusPolicy.ClickFocus


def test_there_is_nothing_to_freeze_before_anything_was_heard(window: MainWindow) -> None:
    window.live.toggle_freeze()
    window.tick()
    assert window.live.moment is None
    assert not button(window, "freeze").isEnabled()


def test_another_run_begins_live(heard: MainWindow) -> None:
    look_back(heard)
    heard.listen("headset")
    assert heard.live.moment is None
    assert heard.live.now.title.text() == "Now"


def test_a_moment_is_shown_with_the_window_that_the_model_had_then(
    window: MainWindow, session: ScriptedSession
) -> None:
    other = replace(MODEL, window=65, window_seconds=5.0)
    window.listen("desk")
    session.queue([*sound(60, model=MODEL, source="desk"), *sound(60, first=60, model=other, source="song.wav")])
    window.tick()
    assert window.live.timeline.view.window_seconds == 5.0
    window.live.look_at(2.0)
    assert window.live.timeline.view.window_seconds == 30.0
    assert text(window, "heard") == "12 of 30 s heard"
    window.tick()
    assert text(window, "source_name") == "desk"
    window.live.go_live()
    assert window.live.timeline.view.window_seconds == 5.0


def test_arrow_keys_walk_through_time(heard: MainWindow) -> None:
    view = heard.live.timeline.view
    heard.live.look_at(10.0)
    QTest.keyClick(view, Qt.Key.Key_Left)
    assert heard.live.now.title.text() == "At 0:09, frozen"  # the last frame before 9 s
    QTest.keyClick(view, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    assert heard.live.now.title.text() == "At 0:15, frozen"  # no further than what was heard
    QTest.keyClick(view, Qt.Key.Key_Home)
    assert heard.live.now.title.text() == "At 0:00, frozen"


def test_a_click_looks_at_the_moment_under_the_mouse_and_hovering_says_it(heard: MainWindow) -> None:
    view = heard.live.timeline.view
    begin, end = view.span
    assert end - begin == pytest.approx(60.0)
    place = view.getViewBox().sceneBoundingRect()
    at = QPoint(round(place.x() + (5.0 - begin) / 60.0 * place.width()), 10)
    nothing = Qt.MouseButton.NoButton
    moved = QMouseEvent(
        QEvent.Type.MouseMove, QPointF(at), QPointF(at), nothing, nothing, Qt.KeyboardModifier.NoModifier
    )
    QApplication.sendEvent(view.viewport(), moved)
    heard.tick()
    assert text(heard, "history_note") == "0:05  jazz 90 %"
    QApplication.sendEvent(view, QEvent(QEvent.Type.Leave))
    heard.tick()
    assert text(heard, "history_note") == ""
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, at)
    assert heard.live.moment is not None
    assert text(heard, "present_genre") == "jazz"


def test_zoom_shows_less_time_and_keeps_the_moment_in_view(heard: MainWindow) -> None:
    view = heard.live.timeline.view
    heard.live.look_at(3.0)
    for _ in range(6):
        QTest.keyClick(view, Qt.Key.Key_Plus)
    begin, end = view.span
    assert end - begin == pytest.approx(15.0)
    assert begin <= 3.0 <= end
    for _ in range(2):
        button(heard, "history_wider").click()
    assert view.span == (0.0, 60.0)  # the whole session
    wheel = QWheelEvent(
        QPointF(5, 5),
        QPointF(5, 5),
        QPoint(),
        QPoint(0, 120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(view.viewport(), wheel)
    begin, end = view.span
    assert end - begin == pytest.approx(30.0)


def test_what_is_said_when_there_is_nothing_to_judge(window: MainWindow, session: ScriptedSession) -> None:
    window.listen("desk")
    for level, microphone, large, small in (
        (-70.0, True, "silence", "there is nothing to judge"),
        (-math.inf, True, "no signal", "only zeros arrive"),
        (-math.inf, False, "silence", "only zeros"),
    ):
        session.hears_microphone = microphone
        session.queue(sound(30, level_dbfs=level))
        window.tick()
        assert (text(window, "present_genre"), text(window, "reason")) == (large, small)


def test_doubt_is_said_between_two(window: MainWindow, session: ScriptedSession) -> None:
    window.listen("desk")
    frames = [snapshot(index, "jazz", 0.4, unsure=True) for index in range(40)]
    for one in frames:
        one.smoothed.setflags(write=True)
        one.smoothed[:] = np.full(10, 0.2 / 8)
        one.smoothed[[GENRES.index("jazz"), GENRES.index("blues")]] = 0.41, 0.39
    session.queue(frames)
    window.tick()
    assert text(window, "present_genre") == "unsure"
    assert text(window, "reason") == "between jazz and blues"
