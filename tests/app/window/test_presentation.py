"""Full screen is another layout: read from the last row, and whole on every projector."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QApplication, QWidget

from app.live.protocol import EngineState
from app.live.verdict import Verdict
from app.stream.snapshot import FrameFlops
from app.window.live.places import Mode
from app.window.main import MainWindow
from app.window.widgets import Reading
from audio.watchdog import Condition, sentence
from tests.app.scripted_session import FLOPS, GENRES, MODEL, ScriptedSession, sound
from tests.app.shown import press, text
from tests.own_process import run_python

SIZES = [(1280, 720), (1920, 1080), (3840, 2160)]
PRESENTED = [("presentation", *size) for size in SIZES]
LARGE = replace(
    MODEL,
    window_seconds=300.0,
    flops=FrameFlops(FLOPS.shared, FLOPS.step, {"attention": 7_900_000_000, "head": 100_000}),
)


def present(window: MainWindow, width: int, height: int) -> None:
    window.live.show_mode("presentation")
    window.menus.bar.hide()
    window.resize(width, height)
    QApplication.processEvents()


def readings(window: MainWindow) -> list[Reading]:
    return [one for one in window.live.findChildren(Reading) if one.isVisible() and one.text()]


def unread(window: MainWindow) -> list[str]:
    """The texts that do not fit where they stand, or are smaller than they ought to be."""
    found = []
    for reading in readings(window):
        drawn, around = QFontMetrics(reading.fitted_font()), reading.parentWidget()
        assert around is not None
        fits = drawn.horizontalAdvance(reading.text()) <= reading.width() and drawn.ascent() <= reading.height()
        if not (fits and around.rect().contains(reading.geometry()) and window.rect().contains(whole(window, reading))):
            found.append(reading.text())
    return found


def whole(window: QWidget, part: QWidget) -> QRect:
    return part.rect().translated(part.mapTo(window, part.rect().topLeft()))


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_everything_is_whole_and_large_at_every_size(
    window: MainWindow, session: ScriptedSession, width: int, height: int
) -> None:
    present(window, width, height)
    window.listen("desk")
    first = 0
    for genre in GENRES:
        session.queue(
            sound(60, genre, 1.0, first=first, step=123_456, twin=23_456_789, saved_flops=7_899_000_000, model=LARGE)
        )
        first += 60
        window.tick()
        QApplication.processEvents()
        assert text(window, "present_genre") == genre
        assert unread(window) == []
        letters = QFontMetrics(window.live.now.genre.reading.fitted_font()).tightBoundingRect(genre).height()
        assert letters >= 120 * height / 1080, genre
    assert (
        text(window, "story") == "Same answer. 3\N{NARROW NO-BREAK SPACE}591 times less arithmetic, 86 times less time."
    )
    assert window.live.story.sentence.fitted_font().pixelSize() >= 44 * height / 1080
    assert window.live.now.height() > height / 3
    session.queue(
        sound(300, "jazz", first=first, twin=155_000_000, saved_flops=7_899_000_000, model=LARGE, twin_every=8)
    )
    window.tick()
    assert text(window, "story") == "The ordinary transformer cannot keep up."
    assert unread(window) == []


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_nothing_lies_over_anything_else(window: MainWindow, width: int, height: int) -> None:
    present(window, width, height)
    window.listen("desk")
    window.tick()
    seen = [part for part in window.live.parts.values() if part.isVisible()]
    assert {type(part).__name__ for part in seen} == {"NowPanel", "StoryPanel", "Badge", "TimelinePanel"}
    for one, other in itertools.combinations(seen, 2):
        assert not one.geometry().intersects(other.geometry())


def test_source_controls_are_away_and_warnings_are_not(window: MainWindow, session: ScriptedSession) -> None:
    press(window, Qt.Key.Key_F11)
    window.listen("desk")
    session.queue(sound())
    window.tick()
    assert not window.live.source_bar.isVisible()
    assert not window.live.status.isVisible()
    session.state = EngineState("running", "Sound was lost: the computer was too busy.")
    window.tick()
    assert window.live.status.isVisible()
    assert window.live.status.words.fitted_font().pixelSize() > window.live.story.budget.fitted_font().pixelSize()
    press(window, Qt.Key.Key_Escape)
    assert window.live.source_bar.isVisible()


def test_a_frozen_picture_says_so(window: MainWindow, session: ScriptedSession) -> None:
    window.listen("desk")
    session.queue(sound())
    window.tick()
    present(window, 1280, 720)
    press(window, Qt.Key.Key_Space)
    window.tick()
    assert window.live.status.isVisible()
    assert text(window, "status").startswith("Frozen at 0:03: press Space")
    press(window, Qt.Key.Key_Space)
    window.tick()
    assert not window.live.status.isVisible()


def test_details_lead_back_to_the_stage(window: MainWindow) -> None:
    press(window, Qt.Key.Key_F11)
    for mode in ("details", "presentation"):
        press(window, Qt.Key.Key_D)
        assert window.live.mode == mode
    press(window, Qt.Key.Key_D)
    press(window, Qt.Key.Key_Escape)  # from the details of the whole screen to the window
    for mode in ("story", "details", "story"):
        assert window.live.mode == mode
        press(window, Qt.Key.Key_D)


def test_the_answer_for_a_whole_file_says_so(window: MainWindow, session: ScriptedSession) -> None:
    window.play(Path("song.wav"))
    session.queue(sound())
    window.tick()
    present(window, 1280, 720)
    session.state, session.source_name = EngineState("ended"), "song.wav"
    window.whole.verdict = Verdict("genre", 3, 0, 0.7)
    window.tick()
    assert text(window, "status") == "“song.wav” has ended: this is the whole file."
    assert text(window, "present_genre") == GENRES[3]


@pytest.mark.parametrize(("mode", "width", "height"), [("story", 900, 600), ("story", 1280, 800), *PRESENTED])
def test_warnings_are_whole(window: MainWindow, session: ScriptedSession, mode: Mode, width: int, height: int) -> None:
    window.listen("desk")
    present(window, width, height)
    window.live.show_mode(mode)
    for state in ("lost", "zeros", "stalled"):
        said = sentence(state, "System default (Microphone of the hall)", False, Condition())
        session.state = EngineState("running", said, state)
        window.tick()
        QApplication.processEvents()
        assert text(window, "status") == said
        assert not window.live.status.words.is_cut


ON_A_DENSE_SCREEN = """
import json
from tests.app.scripted_session import ScriptedSession, sound
from app.window.opening import start_qt
from app.window.main import MainWindow
from tests.app.window.test_presentation import present, unread
application = start_qt()
session = ScriptedSession()
window = MainWindow(session)
window.timer.stop()
window.show()
present(window, 1920, 1080)
window.listen("desk")
session.queue(sound(60, "classical", 1.0))
window.tick()
picture = window.grab().toImage()
print(json.dumps([unread(window), [picture.width(), picture.height()]]))
"""


def test_on_a_screen_of_twice_the_density_it_is_whole_too() -> None:
    """3840x2160 at scale 2 is a window of 1920x1080."""
    said = run_python(ON_A_DENSE_SCREEN, QT_QPA_PLATFORM="offscreen", QT_SCALE_FACTOR="2")
    assert json.loads(said.splitlines()[-1]) == [[], [3840, 2160]]
