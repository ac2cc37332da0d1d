"""Fixtures of the window's tests: no screen, and a session that does as it is told."""

from __future__ import annotations

import os

import pytest

# Before Qt is imported: the tests need no screen.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QCoreApplication, QEvent
from pytestqt.qtbot import QtBot

from app.window.main import MainWindow
from tests.app.scripted_session import ScriptedSession


@pytest.fixture
def session() -> ScriptedSession:
    """A session with two microphones."""
    return ScriptedSession()


@pytest.fixture
def window(qtbot: QtBot, session: ScriptedSession) -> MainWindow:
    """The window on `session`; it ticks only when a test says so."""
    shown = MainWindow(session)
    shown.timer.stop()
    qtbot.addWidget(shown)
    shown.show()
    return shown


@pytest.fixture(autouse=True)
def _no_question_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """A question that nobody answers would wait for ever: that of a closing window with a recording, above all."""
    monkeypatch.setattr("app.window.main.ask", lambda *_: "Do not save")


def pytest_runtest_logfinish() -> None:
    """Destroy the windows that were closed: without an event loop they stay, and take part in whatever follows."""
    application = QCoreApplication.instance()
    if application is not None:
        application.sendPostedEvents(None, QEvent.Type.DeferredDelete)
