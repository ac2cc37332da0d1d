"""The window shows what the session says, in fixed places, and passes on what the user wishes."""

from __future__ import annotations

import math
import threading
import time
from pathlib import Path
from statistics import median

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.live.protocol import EngineState
from app.window.live.answer import GenreRow
from app.window.main import MainWindow
from audio import Level
from tests.app.scripted_session import GENRES, ScriptedSession, snapshot, sound
from tests.app.shown import text


def rows_from_top(window: MainWindow) -> list[str]:
    rows = window.findChildren(GenreRow)
    return [row.genre for row in sorted(rows, key=lambda row: row.y())]


def test_shown_numbers_come_from_the_last_snapshot(window: MainWindow, session: ScriptedSession) -> None:
    window.listen("desk")
    session.level = Level(rms_dbfs=-23.4, peak_dbfs=-12.0)
    session.queue([*sound(favourite="metal"), *sound(favourite="reggae", share=0.73, filled=0.41, first=40)])
    window.tick()
    assert text(window, "present_genre") == "reggae"
    assert text(window, "present_probability") == "73 %"
    assert text(window, "genre_reggae") == "73 %"
    assert text(window, "genre_metal") == "3 %"
    assert text(window, "heard") == "12 of 30 s heard"
    assert text(window, "level") == "\N{MINUS SIGN}23 dBFS"
    assert text(window, "source_name") == "desk"
    assert text(window, "status") == "Listening to “desk”."


def test_the_present_genre_is_the_smoothed_one(window: MainWindow, session: ScriptedSession) -> None:
    window.listen("desk")
    session.queue(sound(favourite="blues", raw_favourite="pop"))
    window.tick()
    assert text(window, "present_genre") == "blues"


def test_genre_rows_never_change_places(window: MainWindow, session: ScriptedSession) -> None:
    window.listen("desk")
    for index, genre in enumerate(("rock", "blues", "jazz")):
        session.queue([snapshot(index, genre, 0.95)])
        window.tick()
        assert rows_from_top(window) == list(GENRES)


def test_zeros_have_no_level(window: MainWindow, session: ScriptedSession) -> None:
    window.listen("desk")
    session.level = Level()
    session.queue([snapshot(level_dbfs=-math.inf)])
    window.tick()
    assert text(window, "level") == "no signal"


def test_what_was_heard_stays_after_the_end(window: MainWindow, session: ScriptedSession) -> None:
    window.play(Path("song.wav"))
    session.queue(sound(favourite="disco"))
    session.state = EngineState("ended")
    window.tick()
    window.tick()
    assert text(window, "present_genre") == "disco"
    assert text(window, "status") == "“song.wav” has ended."
    assert not window.live.invitation.isVisible()


def test_a_new_source_goes_on_in_the_same_session_with_a_mark(window: MainWindow, session: ScriptedSession) -> None:
    window.listen("desk")
    session.queue([snapshot(index, difference=1e-6) for index in range(9)])
    window.tick()
    window.play(Path("song.wav"))
    session.queue([snapshot(index, run=2, source="song.wav") for index in range(3)])
    window.tick()
    assert window.live.past.frames == 12
    assert text(window, "same_answer") == "same answer"
    assert [mark.text for mark in window.live.past.marks] == ["desk", "song.wav"]


def test_closing_stops_the_session(window: MainWindow, session: ScriptedSession) -> None:
    window.timer.start()
    window.listen("desk")
    window.close()
    assert session.asked[-1] == "stop"
    assert not window.timer.isActive()


def test_closing_does_not_wait_for_a_session_that_hangs(
    window: MainWindow, session: ScriptedSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    released = threading.Event()
    monkeypatch.setattr(session, "stop", lambda: released.wait(60))
    begun = time.monotonic()
    assert window.close()
    assert time.monotonic() - begun < 30
    released.set()


def test_the_timer_shows_what_comes_without_being_asked(
    window: MainWindow, session: ScriptedSession, qtbot: QtBot
) -> None:
    window.timer.start()
    window.listen("desk")
    session.queue(sound(favourite="country"))
    qtbot.waitUntil(lambda: text(window, "present_genre") == "country", timeout=30_000)


def test_200_frames_at_once_are_drawn_as_one(window: MainWindow, session: ScriptedSession) -> None:
    """In 2 to 3 times the time that a single frame takes; scripts/window_soak.py tells the milliseconds."""
    window.listen("desk")
    frames = 0
    spent: dict[int, list[float]] = {1: [], 200: []}
    for count in [1, 200] * 6:
        session.queue([snapshot(frames + position) for position in range(count)])
        frames += count
        begun = time.thread_time()  # of this thread alone: another program may take the processor away
        window.tick()
        QApplication.processEvents()  # and the painting that follows
        spent[count].append(time.thread_time() - begun)
    assert median(spent[200]) < 20 * median(spent[1])


def test_every_control_can_be_reached_and_named_without_a_mouse(window: MainWindow) -> None:
    bar = window.live.source_bar
    for control in (bar.picker, bar.refresh, bar.listen, bar.open, window.live.invitation.open):
        assert control.focusPolicy() & Qt.FocusPolicy.TabFocus
        assert control.accessibleName()
        assert control.toolTip()
