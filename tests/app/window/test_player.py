"""Pause and seek of a file, and the level of a microphone before anybody listens to it."""

from __future__ import annotations

import math

from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from app.live.protocol import DeviceList, EngineState
from app.window.main import MainWindow
from audio import Level
from tests.app.scripted_session import ScriptedPlayer, ScriptedSession
from tests.app.shown import text


def with_player(window: MainWindow, session: ScriptedSession) -> ScriptedPlayer:
    session.state, session.player = EngineState("running"), ScriptedPlayer()
    window.tick()
    return session.player


def test_there_is_a_player_only_while_a_file_is_played(window: MainWindow, session: ScriptedSession) -> None:
    window.tick()
    assert not window.live.player.isVisible()
    player = with_player(window, session)
    player.position = 61.4
    window.tick()
    assert window.live.player.isVisible()
    assert text(window, "player_time") == "1:01 / 1:40"
    assert window.live.player.slider.value() == 614
    session.player = None
    window.tick()
    assert not window.live.player.isVisible()


def test_pause_holds_the_file_and_says_what_it_will_do(window: MainWindow, session: ScriptedSession) -> None:
    player, bar = with_player(window, session), window.live.player
    assert bar.pause.accessibleName() == "Pause"
    bar.pause.click()
    assert player.paused
    assert bar.pause.accessibleName() == "Go on playing"
    bar.pause.click()
    assert not player.paused


def test_a_click_on_the_slider_goes_there(window: MainWindow, session: ScriptedSession) -> None:
    player, slider = with_player(window, session), window.live.player.slider
    QTest.mouseClick(
        slider,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
        QPoint(slider.width() * 3 // 4, slider.height() // 2),
    )
    assert math.isclose(player.position, 75.0, abs_tol=2.0)


def test_keys_wind_the_file(window: MainWindow, session: ScriptedSession) -> None:
    player, slider = with_player(window, session), window.live.player.slider
    QTest.keyClick(slider, Qt.Key.Key_Right)
    assert math.isclose(player.position, 1.0, abs_tol=0.2)


def test_a_file_of_unknown_length_can_be_paused_but_not_wound(window: MainWindow, session: ScriptedSession) -> None:
    player = with_player(window, session)
    player.duration = None
    window.tick()
    assert text(window, "player_time") == "0:00"
    assert not window.live.player.slider.isEnabled()
    assert window.live.player.pause.isEnabled()


def test_the_level_of_a_microphone_is_metered_before_listening(window: MainWindow, session: ScriptedSession) -> None:
    window.tick()
    check = window.live.source_bar.check
    check.click()
    assert session.asked[-1] == "preview desk"
    session.level = Level(rms_dbfs=-31.0, peak_dbfs=-20.0)
    window.tick()
    assert text(window, "level") == "\N{MINUS SIGN}31 dBFS"
    check.click()
    assert session.asked[-1] == "preview None"
    window.tick()
    assert text(window, "level") == ""


def test_another_microphone_is_metered_when_it_is_chosen(window: MainWindow, session: ScriptedSession) -> None:
    window.tick()
    bar = window.live.source_bar
    bar.check.click()
    bar.picker.setCurrentIndex(0)
    bar.picker.activated.emit(0)
    assert session.asked[-1] == "preview headset"


def test_listening_ends_the_metering_before_it(window: MainWindow, session: ScriptedSession) -> None:
    window.tick()
    check = window.live.source_bar.check
    check.click()
    window.listen("desk")
    window.tick()
    assert not check.isChecked()
    assert not check.isEnabled()
    assert session.asked[-1] == "listen desk"  # what runs has ended the preview by itself


def test_clipping_is_said_in_words(window: MainWindow, session: ScriptedSession) -> None:
    window.listen("desk")
    session.level = Level(rms_dbfs=-3.0, peak_dbfs=0.0, clipping=True)
    window.tick()
    assert text(window, "level") == "clipping"
    assert window.live.source_bar.level.number.colour == "problem"


def test_without_a_microphone_there_is_nothing_to_meter(window: MainWindow, session: ScriptedSession) -> None:
    session.devices = DeviceList(problem="No microphone was found.")
    window.tick()
    assert not window.live.source_bar.check.isEnabled()


def test_a_microphone_that_cannot_be_metered_says_why(window: MainWindow, session: ScriptedSession) -> None:
    window.tick()
    window.live.source_bar.check.click()
    session.preview_status = "The microphone “desk” is used by another program: close that one."
    window.tick()
    assert text(window, "status") == session.preview_status
    session.preview_status = ""
    window.tick()
    assert text(window, "status") != session.preview_status
    assert "another program" not in text(window, "status")
