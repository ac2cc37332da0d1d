"""Starts Qt, opens the window, and returns when it has been closed."""

from __future__ import annotations

import signal
import sys

from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication

from app.session_protocol import Session
from app.window.main import MainWindow
from app.window.theme import DARK, Theme, font


def run_window(session: Session) -> int:
    """Open the window on a session, which may run already. Returns the exit code."""
    application = start_qt()
    window = MainWindow(session)
    for number in (signal.SIGINT, signal.SIGTERM):
        # The timer lets Python see the signal; closing the window ends the session.
        signal.signal(number, lambda _number, _frame: window.close())
    window.show()
    return application.exec()


def start_qt() -> QApplication:
    """Qt in the window's style."""
    application = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(application, QApplication)
    application.setApplicationName("Nystream")
    application.setStyle("Fusion")
    application.setPalette(palette(DARK))
    application.setFont(font(14, 1.0))
    return application


def palette(theme: Theme) -> QPalette:
    """The theme for what the style sheet does not reach, such as dialogs."""
    made = QPalette()
    for role, colour in (
        (QPalette.ColorRole.Window, theme.panel),
        (QPalette.ColorRole.Base, theme.background),
        (QPalette.ColorRole.AlternateBase, theme.panel),
        (QPalette.ColorRole.Button, theme.raised),
        (QPalette.ColorRole.ToolTipBase, theme.raised),
        (QPalette.ColorRole.Highlight, theme.accent),
        (QPalette.ColorRole.HighlightedText, theme.background),
        (QPalette.ColorRole.PlaceholderText, theme.faint),
    ):
        made.setColor(role, QColor(colour))
    for role in (
        QPalette.ColorRole.WindowText,
        QPalette.ColorRole.Text,
        QPalette.ColorRole.ButtonText,
        QPalette.ColorRole.ToolTipText,
    ):
        made.setColor(role, QColor(theme.text))
    return made
