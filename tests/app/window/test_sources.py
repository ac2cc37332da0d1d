"""Choosing what is heard: the window passes it on, and says what stands in the way."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog
from pytestqt.qtbot import QtBot

from app.live.protocol import DeviceList, EngineState, InputDeviceChoice, Phase
from app.window.launch import Launch
from app.window.main import MainWindow
from app.window.start import begin
from tests.app.scripted_session import ScriptedSession, sound
from tests.app.shown import button, text


def test_no_microphone_says_so_in_the_middle_and_offers_a_file(
    window: MainWindow, session: ScriptedSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    session.devices = DeviceList(problem="No audio system was found; install libportaudio2 or open a file.")
    window.tick()
    assert window.live.invitation.isVisible()
    assert text(window, "invitation_sentence") == session.devices.problem
    assert not button(window, "listen").isEnabled()
    assert not button(window, "invitation_listen").isVisible()
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_arguments: ("/music/song.mp3", ""))
    button(window, "invitation_open").click()
    assert session.asked[-1] == f"play {Path('/music/song.mp3')}"
    assert not window.live.invitation.isVisible()


def test_an_empty_list_without_a_reason_still_says_what_to_do(window: MainWindow, session: ScriptedSession) -> None:
    session.devices = DeviceList()
    window.tick()
    assert "open a file" in text(window, "invitation_sentence")


def test_listen_hears_the_chosen_microphone(window: MainWindow, session: ScriptedSession) -> None:
    window.tick()
    button(window, "invitation_listen").click()
    assert session.asked[-1] == "listen desk"  # the default one
    picker = window.live.source_bar.picker
    picker.setCurrentIndex(0)
    picker.activated.emit(0)
    assert session.asked[-1] == "listen headset"  # who listens and chooses another one means to hear that


def test_one_button_listens_and_stops_and_says_which(window: MainWindow, session: ScriptedSession) -> None:
    window.tick()
    for _ in range(2):
        assert text(window, "listen") == "Listen"
        button(window, "listen").click()
        window.tick()
        assert session.asked[-1] == "listen desk"
        assert text(window, "listen") == "Stop"
        QTest.keyClick(window, Qt.Key.Key_L, Qt.KeyboardModifier.ControlModifier)
        window.tick()
        assert session.asked[-1] == "stop"
    session.devices = DeviceList()
    window.play(Path("song.wav"))
    assert button(window, "listen").isEnabled()  # a file can be stopped without any microphone


def test_a_refresh_keeps_the_chosen_microphone(window: MainWindow, session: ScriptedSession) -> None:
    window.tick()
    window.live.source_bar.picker.setCurrentIndex(0)
    window.live.source_bar.refresh.click()
    assert session.asked[-1] == "refresh"
    added = InputDeviceChoice("New one", "new", is_default=True)
    assert session.devices is not None
    session.devices = DeviceList((added, *session.devices.choices))
    window.tick()
    assert window.live.source_bar.picker.key() == "headset"


def test_a_microphone_asked_for_by_its_name_is_not_taken_for_the_default_that_has_it_now(
    window: MainWindow, session: ScriptedSession
) -> None:
    default = InputDeviceChoice("System default (Desk)", "default", is_default=True)
    session.devices = DeviceList((default, InputDeviceChoice("Desk", "the desk", is_default=False)))
    window.tick()
    window.live.source_bar.picker.wish("desk")
    assert window.live.source_bar.picker.key() == "the desk"


def test_a_dropped_file_is_played(window: MainWindow, session: ScriptedSession, tmp_path: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(tmp_path / "song.ogg"))])
    middle, copy = window.rect().center(), Qt.DropAction.CopyAction
    held = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    entered = QDragEnterEvent(middle, copy, data, *held)
    entered.ignore()
    QApplication.sendEvent(window, entered)
    assert window.acceptDrops()
    assert entered.isAccepted()
    assert text(window, "drop") == "Drop to play"
    assert window.drop_sign.isVisible()
    QApplication.sendEvent(window, QDropEvent(QPointF(middle), copy, data, *held))
    assert session.asked[-1] == f"play {tmp_path / 'song.ogg'}"
    assert not window.drop_sign.isVisible()


def test_what_is_no_file_cannot_be_dropped(window: MainWindow) -> None:
    data = QMimeData()
    data.setUrls([QUrl("https://example.org/song.ogg")])
    held = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    entered = QDragEnterEvent(window.rect().center(), Qt.DropAction.CopyAction, data, *held)
    entered.ignore()
    QApplication.sendEvent(window, entered)
    assert not entered.isAccepted()


def test_a_file_that_fails_is_named_before_the_reason(window: MainWindow, session: ScriptedSession) -> None:
    window.play(Path("notes.wav"))
    session.state = EngineState("failed", "the file is empty: fetch it again")
    window.tick()
    assert text(window, "status") == "“notes.wav”: the file is empty: fetch it again."
    assert text(window, "invitation_sentence") == text(window, "status")
    assert window.live.invitation.isVisible()
    assert text(window, "listen") == "Listen"


def test_a_microphone_that_fails_is_told_in_the_session_s_own_words(
    window: MainWindow, session: ScriptedSession
) -> None:
    window.listen("desk")
    session.state = EngineState("failed", "The microphone “desk” cannot be opened: choose another one.")
    window.tick()
    assert text(window, "status") == session.state.message
    assert text(window, "invitation_sentence") == session.state.message


def test_a_file_is_said_to_be_played(window: MainWindow) -> None:
    window.play(Path("song.wav"))
    assert text(window, "status") == "Playing “song.wav”."


@pytest.mark.parametrize("devices", [None, DeviceList(), DeviceList((InputDeviceChoice("Desk", "desk"),))])
@pytest.mark.parametrize("phase", ["starting", "running"])
def test_nothing_ever_covers_a_run_that_began_before_the_window(
    qtbot: QtBot, session: ScriptedSession, phase: Phase, devices: DeviceList | None
) -> None:
    session.devices = devices
    session.listen("desk")
    session.state = EngineState(phase)
    late = MainWindow(session)
    qtbot.addWidget(late)
    late.show()
    assert not late.live.invitation.isVisible()
    late.tick()
    assert not late.live.invitation.isVisible()


def test_a_lost_microphone_is_a_warning_and_silence_is_not(window: MainWindow, session: ScriptedSession) -> None:
    window.listen("desk")
    session.state = EngineState("running", "The microphone “desk” is gone: connect it again.", "lost")
    window.tick()
    warning = window.live.status.words.colour
    session.state = EngineState("running", "The microphone “desk” hears nothing.", "silent")
    window.tick()
    assert text(window, "status") == "The microphone “desk” hears nothing."
    quiet = window.live.status.words.colour
    session.state = EngineState("running")
    window.tick()
    assert quiet == window.live.status.words.colour != warning


def test_the_picker_says_how_to_hear_the_computer_where_it_cannot(window: MainWindow, session: ScriptedSession) -> None:
    session.devices = DeviceList((InputDeviceChoice("Desk", "desk"),), hint="Install a virtual device.")
    window.tick()
    assert window.live.source_bar.picker.toolTip().endswith("\nInstall a virtual device.")


def test_what_is_of_the_past_says_why_and_since_when(window: MainWindow, session: ScriptedSession) -> None:
    window.listen("desk")
    session.queue(sound())
    window.tick()
    assert window.live.now.title.text() == "Now"
    session.state = EngineState("running", "", "lost", since=time.monotonic() - 83)
    window.tick()
    assert window.live.now.title.text() == "The microphone is gone; last heard 1:23 ago"
    assert window.live.now.stale
    session.state = EngineState("running", "", "muted", since=time.monotonic())
    window.tick()
    assert window.live.now.title.text() == "The microphone is muted"


def test_several_files_are_played_one_after_the_other_and_a_bad_one_stops_nothing(
    window: MainWindow, session: ScriptedSession
) -> None:
    begin(window, Launch(plays=(Path("a.wav"), Path("b.wav"), Path("c.wav"), Path("d.wav"))))
    phases: tuple[tuple[Phase, str], ...] = (("running", "a"), ("ended", "b"), ("failed", "c"))
    for phase, name in phases:
        session.state = EngineState(phase, "it is damaged" if phase == "failed" else "")
        window.tick()
        assert session.asked[-1] == f"play {name}.wav"
    assert window.toast.label.text() == "b.wav: it is damaged Now: c.wav"
    window.tick()
    assert text(window, "source_name") == "c.wav"
    window.listen_or_stop()  # what follows is not wanted any more
    session.state = EngineState("ended")
    window.tick()
    assert session.asked[-1] == "stop"
    window.play(Path("a.wav"), Path("b.wav"))
    window.demo()
    session.state = EngineState("ended")
    window.tick()
    assert session.asked[-1] == "demo"


def test_a_key_hears_one_microphone_after_the_other(window: MainWindow, session: ScriptedSession) -> None:
    window.tick()
    for key in ("headset", "desk", "headset"):
        window.menus.actions["next_microphone"].trigger()
        assert session.asked[-1] == f"listen {key}"
        assert window.live.source_bar.picker.key() == key
    session.devices = DeviceList()
    window.tick()
    asked = list(session.asked)
    window.menus.actions["next_microphone"].trigger()
    assert session.asked == asked


def test_standard_input_is_a_source_of_the_window(window: MainWindow, session: ScriptedSession) -> None:
    begin(window, Launch(plays=(Path("-"),)))
    window.tick()
    assert session.asked[-1] == "play pipe"
    assert text(window, "status") == "Playing “standard input”."
