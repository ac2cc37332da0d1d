"""Starts Qt, opens the window, and returns when it has been closed."""

from __future__ import annotations

import signal
import sys

from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication

from app.session_protocol import Session
from app.window.main import MainWindow
from app.window.palettes import Palette
from app.window.theme import Theme, font


def run_window(session: Session) -> int:
    """Open the window on a session, which may run already. Returns the exit code."""
    application = start_qt()
    theme = Theme("system")
    wear(application, theme)
    window = MainWindow(session, theme)
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
    application.setFont(font(14, 1.0))
    return application


def wear(application: QApplication, theme: Theme) -> None:
    """Give dialogs and all that the style sheet does not reach the theme's colours, now and whenever it changes."""
    application.setPalette(stock_palette(theme.palette))
    theme.changed.connect(lambda: application.setPalette(stock_palette(theme.palette)))


def stock_palette(palette: Palette) -> QPalette:
    """A palette as Qt's own controls take it."""
    made = QPalette()
    for role, colour in (
        (QPalette.ColorRole.Window, palette.panel),
        (QPalette.ColorRole.Base, palette.background),
        (QPalette.ColorRole.AlternateBase, palette.panel),
        (QPalette.ColorRole.Button, palette.raised),
        (QPalette.ColorRole.ToolTipBase, palette.raised),
        (QPalette.ColorRole.Highlight, palette.accent),
        (QPalette.ColorRole.HighlightedText, palette.background),
        (QPalette.ColorRole.PlaceholderText, palette.faint),
    ):
        made.setColor(role, QColor(colour))
    for role in (
        QPalette.ColorRole.WindowText,
        QPalette.ColorRole.Text,
        QPalette.ColorRole.ButtonText,
        QPalette.ColorRole.ToolTipText,
    ):
        made.setColor(role, QColor(palette.text))
    return made
