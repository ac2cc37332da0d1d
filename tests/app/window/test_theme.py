"""Light, dark and the system's theme, changed while the window is open."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QGuiApplication
from PySide6.QtWidgets import QApplication, QLabel, QPushButton

from app.window.main import MainWindow
from app.window.theme import DARK, LIGHT, Theme
from tests.app.scripted_session import ScriptedSession, snapshot
from tests.app.shown import button


def colours(window: MainWindow) -> set[str]:
    """Every colour on the screen, of each fourth pixel."""
    QApplication.processEvents()
    picture = window.grab().toImage()
    return {
        QColor(picture.pixel(x, y)).name() for x in range(0, picture.width(), 4) for y in range(0, picture.height(), 4)
    }


def test_the_theme_changes_everything_while_the_window_is_open(window: MainWindow, session: ScriptedSession) -> None:
    window.listen("desk")
    session.queue([snapshot(index, "jazz", 0.9) for index in range(50)])
    window.tick()
    for choice, palette, other in (("light", LIGHT, DARK), ("dark", DARK, LIGHT)):
        window.theme.choose(choice)  # type: ignore[arg-type]
        window.tick()
        shown = colours(window)
        jazz = palette.genres[5]
        assert {palette.background, palette.panel, palette.raised, palette.step, jazz} <= shown
        assert {other.background, other.raised, other.step, other.genres[5]} & shown == set()


def test_the_card_in_the_middle_follows(window: MainWindow) -> None:
    window.tick()
    window.theme.choose("light")
    title = window.findChild(QLabel, "invitation_title")
    assert title is not None
    assert LIGHT.text in title.styleSheet()


@pytest.mark.parametrize(
    ("scheme", "palette"),
    [(Qt.ColorScheme.Light, LIGHT), (Qt.ColorScheme.Dark, DARK), (Qt.ColorScheme.Unknown, DARK)],
)
def test_the_system_s_theme_is_asked_and_followed(
    window: MainWindow, monkeypatch: pytest.MonkeyPatch, scheme: Qt.ColorScheme, palette: object
) -> None:
    class Hints:
        colorSchemeChanged = QGuiApplication.styleHints().colorSchemeChanged  # noqa: N815

        def colorScheme(self) -> Qt.ColorScheme:  # noqa: N802
            return scheme

    monkeypatch.setattr(QGuiApplication, "styleHints", lambda: Hints())
    theme = Theme("system")
    assert theme.palette == palette
    theme.choose("light")
    assert theme.palette == LIGHT
    theme.choose("system")
    assert theme.palette == palette


def test_focus_and_selection_look_different(window: MainWindow) -> None:
    """The focus is a frame in the accent's colour, which nothing that is only selected has."""
    window.activateWindow()
    live, files = button(window, "page_live"), button(window, "page_files")

    def has_frame(one: QPushButton) -> bool:
        QApplication.processEvents()
        picture = one.grab().toImage()
        edge = [picture.pixel(x, picture.height() // 2) for x in range(3)]
        return window.theme.palette.accent in [QColor(pixel).name() for pixel in edge]

    window.live.setFocus()
    assert live.isChecked()
    assert not has_frame(live)
    for focused in (live, files):
        focused.setFocus()
        assert has_frame(focused)
