"""What is expected of any desktop program: menus, keys, help, full screen, settings, and what the command line says."""

from __future__ import annotations

import re
import socket
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPointF, QRect, Qt, QUrl
from PySide6.QtGui import (
    QAction,
    QDragEnterEvent,
    QDropEvent,
    QFileOpenEvent,
    QGuiApplication,
    QImage,
    QKeySequence,
    QPainter,
    QShortcut,
)
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QFileDialog, QLabel, QScrollArea
from pytestqt.qtbot import QtBot

from app.cli import UsageError
from app.cli.arguments import parser
from app.cli.window import understand
from app.installed import ALL_PACKAGES
from app.live.osc import OscTarget
from app.stream.weights import desktop_file
from app.window.launch import Launch
from app.window.main import MainWindow
from app.window.settings import OSC_ADDRESS, Settings, SettingsFile
from app.window.start import OpenedFiles, begin
from app.window.theme import LIGHT
from audio import Block
from tests.app.scripted_session import MODEL, ScriptedSession, snapshot
from tests.own_process import CHECKOUT, run_python


def toast(window: MainWindow) -> str:
    return window.toast.label.text() if window.toast.isVisible() else ""


def test_every_entry_of_the_menus_has_a_name_a_tip_and_keys_of_its_own(window: MainWindow) -> None:
    actions = window.menus.actions
    assert {"open", "quit", "listen", "demo", "full_screen", "record", "keys", "about"} <= set(actions)
    for action in actions.values():
        assert action.text()
        assert action.toolTip()
    keys = Counter(action.shortcut().toString() for action in actions.values() if not action.shortcut().isEmpty())
    assert len(keys) > 12
    assert max(keys.values()) == 1


def test_the_entries_do_what_the_buttons_do(
    window: MainWindow, session: ScriptedSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    window.tick()
    for name, asked in (("listen", "listen desk"), ("listen", "stop"), ("refresh", "refresh"), ("demo", "demo")):
        window.menus.actions[name].trigger()
        assert session.asked[-1] == asked
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: ("/music/song.mp3", ""))
    window.menus.actions["open"].trigger()
    assert session.asked[-1] == f"play {Path('/music/song.mp3')}"


def test_keys_work_on_every_page_and_without_the_menu_bar(window: MainWindow, session: ScriptedSession) -> None:
    window.activateWindow()
    window.listen("desk")
    window.show_page(1)
    window.menus.bar.hide()
    QTest.keyClick(window, Qt.Key.Key_L, Qt.KeyboardModifier.ControlModifier)
    assert session.asked[-1] == "stop"
    QTest.keyClick(window, Qt.Key.Key_1, Qt.KeyboardModifier.ControlModifier)
    assert window.pages.currentWidget() is window.live


@pytest.mark.parametrize(("press", "name"), [("F1", "keys"), ("?", "keys"), ("about", "about")])
def test_help_is_a_key_away(window: MainWindow, press: str, name: str) -> None:
    if press == "?":
        QTest.keyClicks(window, "?")
    else:
        window.menus.actions["keys" if press == "F1" else press].trigger()
    sheet = window.findChild(QDialog, name)
    assert sheet is not None
    said = "\n".join(label.text() for label in sheet.findChildren(QLabel))
    needed = (
        [keys for _, keys in window.menus.shortcuts()] if name == "keys" else [*ALL_PACKAGES, "MIT", "Nothing is kept"]
    )
    assert all(each in said for each in needed)
    if name == "keys":  # all of them are seen at once
        QApplication.processEvents()
        assert [area.verticalScrollBar().maximum() for area in sheet.findChildren(QScrollArea)] == [0]
    sheet.close()


def test_the_sheet_of_keys_names_every_key_that_does_something(window: MainWindow) -> None:
    """Those of the menus, and those that any widget asks for in its code."""
    window.help.show_keys()
    sheet = window.findChild(QDialog, "keys")
    assert sheet is not None
    said = " ".join(label.text() for label in sheet.findChildren(QLabel))
    sheet.close()
    pages = {"PageDown": "Page Down", "PageUp": "Page Up", "PgDown": "Page Down", "PgUp": "Page Up"}
    named = {"Escape": "Esc", "Return": "Enter", "Plus": "+", "Equal": "+", "Minus": "\N{MINUS SIGN}", **pages}
    code = "".join(path.read_text(encoding="utf-8") for path in (CHECKOUT / "app" / "window").rglob("*.py"))
    asked_for = set(re.findall(r"Key\.Key_(\w+)", code))
    assert {"Space", "Left", "End", "Escape"} <= asked_for
    assert [key for key in sorted(asked_for) if named.get(key, key) not in said] == []
    actions = [action.shortcut() for action in window.findChildren(QAction) if not action.shortcut().isEmpty()]
    shortcuts = [*actions, *(shortcut.key() for shortcut in window.findChildren(QShortcut))]
    native = {shortcut.toString(QKeySequence.SequenceFormat.NativeText) for shortcut in shortcuts}
    assert [keys for keys in sorted(native) if named.get(keys, keys) not in said] == []


def test_diagnostics_go_to_the_clipboard(window: MainWindow) -> None:
    window.menus.actions["diagnostics"].trigger()
    assert "  Desk microphone (default)\n" in QGuiApplication.clipboard().text()
    assert "clipboard" in toast(window)


def test_full_screen_presents_without_menus_and_esc_leaves_it(window: MainWindow) -> None:
    window.menus.actions["full_screen"].trigger()
    assert window.isFullScreen()
    assert window.live.mode == "presentation"
    assert not window.live.source_bar.isVisible()
    assert not window.menus.bar.isVisible()
    QTest.keyClick(window, Qt.Key.Key_Escape)
    assert not window.isFullScreen()
    assert str(window.live.mode) == "story"
    assert window.menus.bar.isVisible()
    assert not window.menus.actions["full_screen"].isChecked()


def record(session: ScriptedSession, seconds: int = 3) -> None:
    for second in range(seconds):
        session.recorder.push(Block(np.full(1000, 0.5, np.float32), 1000 * second), 1000)


def test_recording_is_off_and_seen_on_every_page_and_on_the_whole_screen_while_it_is_on(
    window: MainWindow, session: ScriptedSession
) -> None:
    window.tick()
    assert not session.recorder.is_on
    assert not window.recording.isVisible()
    window.menus.actions["record"].trigger()
    record(session)
    for page in (0, 1):
        for full_screen in (False, True):
            window.show_page(page)
            window.set_full_screen(full_screen)
            window.tick()
            assert window.recording.isVisible()
            assert "Recording 0:03" in window.recording.text()
            place = window.recording.geometry()
            assert window.rect().contains(place)
            assert place.width() >= window.recording.sizeHint().width()
            if full_screen:
                assert place.top() >= window.live.status.geometry().bottom()
            else:  # it covers nothing of the menu bar's row
                assert place.right() < window.switch.x()
                assert place.bottom() <= window.menus.bar.geometry().bottom()
                titles = [window.menus.bar.actionGeometry(action) for action in window.menus.bar.actions()]
                assert place.left() > max(title.right() for title in titles)
    window.menus.actions["record"].trigger()
    window.tick()
    assert not session.recorder.is_on
    assert not window.recording.isVisible()
    assert session.recorder.seconds == 3  # still there


def test_answers_are_sent_by_osc_only_once_that_was_asked_for_and_a_sign_says_so(
    window: MainWindow, session: ScriptedSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    offered: list[str] = []

    def give(text: str | None) -> None:
        def ask_text(_window: MainWindow, _title: str, _question: str, offer: str) -> str | None:
            offered.append(offer)
            return text

        monkeypatch.setattr("app.window.main.ask_text", ask_text)
        window.menus.actions["osc"].trigger()
        window.tick()

    window.tick()
    assert (session.osc, window.osc.isVisible()) == (None, False)
    give(None)
    assert (session.osc, window.menus.actions["osc"].isChecked()) == (None, False)
    give("nowhere")
    assert "'nowhere' is no address for OSC" in toast(window)
    assert (session.osc, window.menus.actions["osc"].isChecked()) == (None, False)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        address = "127.0.0.1:{1}".format(*receiver.getsockname())
        give(address)
        window.set_recording(True)
        for full_screen in (False, True):
            window.set_full_screen(full_screen)
            window.tick()
            assert window.osc.text().endswith(f"OSC to {address}")
            assert window.rect().contains(window.osc.geometry())
            assert window.osc.geometry().right() < window.recording.x()
        window.set_full_screen(False)
        sender = session.osc
        assert sender is not None
        monkeypatch.setattr(sender, "_say", lambda status: None)  # its thread may just have found that all is well
        sender.status = "OSC: nobody listens"
        window.tick()
        assert f"does not reach {address}" in window.osc.text()
        assert toast(window) == "OSC: nobody listens."
        window.menus.actions["osc"].trigger()  # off again, without a question
        window.tick()
        assert (session.osc, window.osc.isVisible()) == (None, False)
        assert sender._closed.is_set()
    give(None)
    assert offered == [OSC_ADDRESS, OSC_ADDRESS, OSC_ADDRESS, address]


@pytest.mark.parametrize("end", ["new", "quit"])
@pytest.mark.parametrize("answer", ["Save", "Do not save", "Cancel"])
def test_nothing_recorded_is_lost_without_a_word(
    window: MainWindow,
    session: ScriptedSession,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    end: str,
    answer: str,
) -> None:
    asked: list[str] = []

    def ask(_window: MainWindow, question: str, explanation: str, answers: tuple[str, ...]) -> str:
        assert answer in answers
        asked.append(question + explanation)
        return answer

    monkeypatch.setattr("app.window.main.ask", ask)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "kept.wav"), ""))
    window.set_recording(True)
    record(session)
    window.listen("desk")
    session.queue([snapshot(index) for index in range(5)])
    window.tick()
    window.set_recording(False)
    window.menus.actions[end].trigger()
    assert len(asked) == 1
    assert "0:03 of recorded sound are not saved" in asked[0]
    goes_on = answer == "Cancel"
    assert (tmp_path / "kept.wav").exists() == (answer == "Save")
    assert session.recorder.is_saved == (answer == "Save" or (end == "new" and not goes_on))
    if end == "quit":
        assert window.isVisible() == goes_on
    else:
        assert ("begin anew" in session.asked) != goes_on
        assert window.live.past.frames == (5 if goes_on else 0)


def test_every_click_that_chooses_a_sound_keeps_what_was_heard_and_recorded(
    window: MainWindow, session: ScriptedSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    window.tick()
    window.set_recording(True)
    record(session)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: ("/music/song.mp3", ""))
    bar = window.live.source_bar
    clicks: tuple[Callable[[], object], ...] = (
        *(bar.listen.click, bar.listen.click, bar.open.click, bar.demo.click),
        partial(window.files.play_wished.emit, "/music/row.mp3"),
    )
    for run, click in enumerate(clicks):
        click()
        session.queue([snapshot(index, run=run) for index in range(4)])
        window.tick()
    assert window.live.past.frames == 20
    assert len(window.live.past.log) == 20
    assert session.recorder.seconds == 3


def test_the_window_finds_itself_as_it_was_left(qtbot: QtBot, session: ScriptedSession, tmp_path: Path) -> None:
    file = SettingsFile(tmp_path / "settings.ini")
    first = MainWindow(session, kept=file)
    qtbot.addWidget(first)
    first.show()
    assert session.aloud
    first.tick()
    first.choose_theme("light")
    first.set_aloud(False)
    first.send_osc(OscTarget("127.0.0.1", 9))
    first.live.source_bar.picker.setCurrentIndex(0)
    session.models.description = replace(MODEL, choice=session.models.choices[1], window_seconds=299.9)
    first.resize(900, 700)  # no wider than Qt's screen without a screen
    first.close()
    assert (file.load().device, file.load().osc) == ("headset", "127.0.0.1:9")
    first.send_osc(None)
    session.aloud = True
    second = MainWindow(session, kept=file)
    qtbot.addWidget(second)
    second.show()
    second.tick()
    assert second.theme.palette == LIGHT
    assert second.menus.actions["theme_light"].isChecked()
    assert not session.aloud
    assert session.osc is None  # only the address is remembered
    assert second.live.source_bar.picker.key() == "headset"
    assert (second.width(), second.height()) == (900, 700)
    session.models.description = MODEL
    second.recall_model()
    assert session.asked[-1] == "model 'soft' 300"
    session.models.choices = session.models.choices[:1]
    asked = list(session.asked)
    second.recall_model()  # that one is no longer there
    assert session.asked == asked


def test_the_window_lies_within_the_free_part_of_a_screen(window: MainWindow) -> None:
    for area in (QRect(0, 0, 1366, 728), QRect(60, 30, 800, 560), QRect(1920, 0, 3840, 2100)):
        window.fit(area)
        assert area.contains(window.geometry())
        assert window.geometry().y() >= area.y() + 40  # a title bar


def test_a_desktop_knows_the_window_as_the_program() -> None:
    code = (
        "from app.window.opening import start_qt; qt = start_qt()\n"
        "print(qt.desktopFileName(), qt.applicationName(), qt.windowIcon().availableSizes()[0].width())"
    )
    assert run_python(code) == "nystream nystream 256"


def test_the_icon_is_one_picture_in_two_formats(window: MainWindow) -> None:
    """How nystream.png is made again: save `drawn`."""
    kept = QImage(str(desktop_file("nystream.png"))).convertToFormat(QImage.Format.Format_ARGB32)
    drawn = QImage(256, 256, QImage.Format.Format_ARGB32)
    drawn.fill(Qt.GlobalColor.transparent)
    with QPainter(drawn) as painter:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        QSvgRenderer(str(desktop_file("nystream.svg"))).render(painter)
    assert kept.size() == drawn.size()
    one, other = (np.frombuffer(image.constBits(), np.uint8).astype(int) for image in (kept, drawn))
    assert np.abs(one - other).max() <= 4  # Qt's versions round edges differently


def test_a_microphone_that_is_away_at_the_start_is_still_remembered(
    qtbot: QtBot, session: ScriptedSession, tmp_path: Path
) -> None:
    file = SettingsFile(tmp_path / "settings.ini")
    file.save(Settings(device="headset"))
    session.devices = None
    window = MainWindow(session, kept=file)
    qtbot.addWidget(window)
    window.close()
    assert file.load().device == "headset"


@pytest.mark.parametrize("state", [b"rubbish", b"\x01\xd9\xd0\xcb" * 9])
def test_geometry_that_makes_no_sense_is_no_reason_not_to_open(
    qtbot: QtBot, session: ScriptedSession, tmp_path: Path, state: bytes
) -> None:
    file = SettingsFile(tmp_path / "settings.ini")
    file.save(Settings(geometry=state))
    window = MainWindow(session, kept=file)
    qtbot.addWidget(window)
    window.show()
    assert window.width() >= 900


def launched(*arguments: str) -> Launch:
    return understand(parser().parse_args(list(arguments)))


def test_every_switch_of_the_command_line_reaches_the_window() -> None:
    assert launched().begins is False
    assert launched("--source", "Mic A", "--theme", "dark", "--start") == Launch(
        weights=launched().weights, theme="dark", source="Mic A", begins=True
    )
    assert launched("--file", "song.wav").plays == launched("--play", "song.wav").plays == (Path("song.wav"),)
    assert launched("--play", "a.wav", "b.wav", "--silent").plays == (Path("a.wav"), Path("b.wav"))
    with pytest.raises(UsageError, match="played alone"):
        launched("--play", "-", "a.wav")
    assert launched("--open", "song.wav", "other.wav").files == (Path("song.wav"), Path("other.wav"))
    assert launched("--open").files == ()
    assert launched("--listen") == Launch(weights=launched().weights, begins=True)
    assert launched("--listen", "Mic B").source == "Mic B"
    shown = launched("demo", "--fullscreen", "--theme", "light", "--silent")
    assert (shown.demo, shown.full_screen, shown.theme, shown.silent) == (True, True, "light", True)
    assert launched("--theme", "light", "demo").theme == "light"
    assert launched("--osc", "[::1]:9000", "--osc-rate", "5").osc == OscTarget("::1", 9000, 5.0)
    with pytest.raises(UsageError, match="HOST:PORT"):
        launched("demo", "--osc", "9000")
    for said in ([], ["--window-seconds", "60"], ["--weights", "other.safetensors"]):  # goes before what is remembered
        assert launched(*said).says_model == bool(said)


def test_a_launch_begins_what_it_says(window: MainWindow, session: ScriptedSession) -> None:
    begin(window, Launch(source="head", begins=True, theme="light", silent=True))
    assert session.asked[-1] == "listen head"
    assert window.theme.palette == LIGHT
    window.tick()
    assert window.live.source_bar.picker.key() == "headset"
    begin(window, Launch(files=(Path("song.wav"),)))
    assert session.asked[-1] == "play song.wav"
    begin(window, Launch(demo=True))
    assert session.asked[-1] == "demo"
    assert window.tour.is_running


def drop(window: MainWindow, *paths: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    held = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    middle, copy = window.rect().center(), Qt.DropAction.CopyAction
    QApplication.sendEvent(window, QDragEnterEvent(middle, copy, data, *held))
    QApplication.sendEvent(window, QDropEvent(QPointF(middle), copy, data, *held))


def test_files_that_the_system_hands_over_are_taken_like_dropped_ones(window: MainWindow, qtbot: QtBot) -> None:
    """As macOS does it, an event for each."""
    taken: list[list[str]] = []
    opened = OpenedFiles(taken.append)
    for name in ("/one.wav", "/two.wav"):
        opened.eventFilter(window, QFileOpenEvent(name))
    qtbot.waitUntil(lambda: bool(taken))
    opened.eventFilter(window, QFileOpenEvent("/three.wav"))
    qtbot.waitUntil(lambda: len(taken) == 2)
    assert taken == [["/one.wav", "/two.wav"], ["/three.wav"]]


def test_a_dropped_folder_and_several_files_go_to_the_files_page(
    window: MainWindow, session: ScriptedSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    added: list[list[str]] = []
    monkeypatch.setattr(window.files, "add", added.append)
    drop(window, tmp_path)
    drop(window, tmp_path / "one.wav")  # the files page is open: it gets single files too
    window.show_page(0)
    drop(window, tmp_path / "one.wav", tmp_path / "two.wav")
    one, two = str(tmp_path / "one.wav"), str(tmp_path / "two.wav")
    assert added == [[str(tmp_path)], [one], [one, two]]
    assert window.pages.currentWidget() is window.files
    assert not [asked for asked in session.asked if asked.startswith("play")]


def test_exports_are_whole_files_with_every_answer(
    window: MainWindow, session: ScriptedSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = tmp_path / "session"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(chosen), ""))
    window.menus.actions["export_csv"].trigger()
    assert "nothing to export yet" in toast(window)
    window.listen("desk")
    session.queue([snapshot(index, "metal", 0.9) for index in range(5)])
    window.tick()
    for name, suffix in (("export_csv", "csv"), ("export_jsonl", "jsonl"), ("export_png", "png")):
        window.menus.actions[name].trigger()
        assert toast(window) == f"Saved session.{suffix}."
    assert len((tmp_path / "session.csv").read_text().splitlines()) == 6
    assert len((tmp_path / "session.jsonl").read_text().splitlines()) == 6
    assert (tmp_path / "session.png").read_bytes().startswith(b"\x89PNG")
    window.menus.actions["export_wav"].trigger()
    assert "Nothing has been recorded" in toast(window)
    assert not (tmp_path / "session.wav").exists()


def test_an_export_that_fails_says_what_to_do_and_leaves_what_was_there(
    window: MainWindow, session: ScriptedSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window.listen("desk")
    session.queue([snapshot()])
    window.tick()
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "gone" / "a.csv"), ""))
    window.menus.actions["export_csv"].trigger()
    assert "a.csv could not be written" in toast(window)
    assert "choose another place" in toast(window)


def test_dialogs_begin_where_music_is_or_at_home(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    for begins in (tmp_path, tmp_path / "Music"):
        begins.mkdir(exist_ok=True)
        window = MainWindow(ScriptedSession())
        qtbot.addWidget(window)
        window.timer.stop()
        assert window.files.folder == window.exports.folder == str(begins)
