"""Hours at the window: what it keeps of the past is small, and closing it leaves nothing behind."""

from __future__ import annotations

import math
import sys
import threading
import time

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.live.model_choice import ModelChooser
from app.live.session import LiveSession
from app.stream.models import torch_model
from app.stream.weights import default_weights
from app.window.main import MainWindow
from model import load_classifier
from scripts.window_soak import KEPT_THREADS, resident_megabytes
from tests.app.scripted_session import ScriptedSession, snapshot

SEVEN_MINUTES = 5419  # frames; what can be looked at frame by frame is six minutes long
AT_ONCE = 40  # frames a tick
PATIENCE = 60_000  # milliseconds; only a fault takes so long


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_once_its_history_is_full_the_window_hardly_grows(window: MainWindow, session: ScriptedSession) -> None:
    window.listen("desk")

    def hear(first: int, count: int) -> None:
        for start in range(first, first + count, AT_ONCE):
            session.queue(
                [snapshot(index, step=100_000 + 37 * index % 5000) for index in range(start, start + AT_ONCE)]
            )
            window.tick()
            QApplication.processEvents()

    hear(0, SEVEN_MINUTES)
    before = resident_megabytes()
    hear(SEVEN_MINUTES, SEVEN_MINUTES)
    assert resident_megabytes() - before < 3.0


def test_closing_while_everything_runs_leaves_no_thread(qtbot: QtBot) -> None:
    before = {thread.name for thread in threading.enumerate()}
    session = LiveSession(ModelChooser(torch_model(load_classifier(default_weights()))), speed=math.inf)
    window = MainWindow(session)
    qtbot.addWidget(window)
    window.show()
    window.demo()
    window.set_recording(True)
    qtbot.waitUntil(lambda: len(window.live.past.log) > 20 and session.recorder.seconds > 1, timeout=PATIENCE)
    began = time.monotonic()
    window.close()
    assert session.close()
    assert time.monotonic() - began < PATIENCE / 1000 / 2  # neither end waits for the music
    # A piece of music that is being made is finished first.
    qtbot.waitUntil(
        lambda: not ({thread.name for thread in threading.enumerate()} - before - KEPT_THREADS), timeout=PATIENCE
    )
