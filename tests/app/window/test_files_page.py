"""The files page: real files in a real process, one bad one among them; sorting, playing, cancelling, exporting."""

from __future__ import annotations

import csv
import io
import json
import multiprocessing
import os
import signal
import time
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import soundfile
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QWidget
from pytestqt.qtbot import QtBot

from app.files.answer import FileAnswer, FileError, Timeline, Verdict
from app.files.classify import Outcome, Task, classify_file, perform
from app.files.parameters import Parameters
from app.stream.models import torch_model
from app.stream.weights import default_weights
from app.window.files.batch import Batch
from app.window.files.page import FilesPage
from app.window.files.table import CONFIDENCE, FILE, GENRE, LENGTH, TIMELINE
from app.window.main import MainWindow
from app.window.theme import DARK
from model import load_classifier
from tests.app.made_music import made_music
from tests.app.scripted_session import GENRES, ScriptedSession

PATIENCE = 120_000  # milliseconds; a process imports torch before it answers


@pytest.fixture
def page(window: MainWindow) -> FilesPage:
    window.show_page(1)
    return window.files


def answer(path: str, genre: str, probability: float, duration: float = 10.0, silent: bool = False) -> FileAnswer:
    """Of a file whose first half is of this genre, and whose second is rock, or silence as the whole is then."""
    rows = np.zeros((2, 10))
    rows[0, GENRES.index(genre)] = probability
    rows[1, GENRES.index("rock")] = 1.0
    half = duration / 2
    timeline = Timeline(
        GENRES, np.array([0.0, half]), np.array([half, duration]), rows, np.zeros(2, bool), np.array([False, silent])
    )
    verdict: Verdict = "silence" if silent else "genre"
    named = dict.fromkeys(GENRES, 0.1)
    return FileAnswer(path, genre, probability, named, False, verdict, duration, 44_100, timeline)


def shown(page: FilesPage, column: int) -> list[str]:
    model = page.view.model()
    return [str(model.index(row, column).data()) for row in range(model.rowCount())]


def test_what_was_heard_and_what_was_missing_is_said_as_the_command_says_it(page: FilesPage) -> None:
    page.table.add(["whole.mkv", "cut.mp3"])
    page.table.answer(0, replace(answer("whole.mkv", "jazz", 0.9), track=2, tracks=3))
    page.table.answer(1, replace(answer("cut.mp3", "jazz", 0.9), complete=False, invalid_samples=7))
    said = [page.table.index(row, LENGTH).data(Qt.ItemDataRole.ToolTipRole) for row in (0, 1)]
    assert said[0] == "whole.mkv\n10.0 s heard, track 2 of 3"
    assert said[1].splitlines() == [
        "cut.mp3",
        "10.0 s heard",
        "heard as silence, samples that are NaN, infinite or absurdly large: 7",
        "it ends early, answered for the 10.0 s that are there: fetch it again for the rest",
    ]
    page._show_state()
    QApplication.processEvents()
    picture = page.view.grab().toImage()
    places = [page.view.visualRect(page.view.model().index(row, LENGTH)) for row in (0, 1)]
    offset = page.view.viewport().pos()
    warned = [
        any(
            picture.pixelColor(x, y).name() == DARK.warning
            for x in range(place.left() + offset.x(), place.right() + offset.x())
            for y in range(place.top() + offset.y(), place.bottom() + offset.y())
        )
        for place in places
    ]
    assert warned == [False, True]


def fill(page: FilesPage) -> None:
    page.table.add(["/b/low.wav", "/a/High.wav", "/c/mid.wav", "/d/bad.mp3"])
    page.table.answer(0, answer("/b/low.wav", "jazz", 0.2, 5.0))
    page.table.answer(1, answer("/a/High.wav", "blues", 0.9, 700.0))
    page.table.answer(2, answer("/c/mid.wav", "metal", 0.5, 61.0))
    page.table.answer(3, FileError("/d/bad.mp3", "the file is empty: fetch it again"))
    page._show_state()
    QApplication.processEvents()


def test_silence_is_said_and_has_neither_confidence_nor_colour(page: FilesPage) -> None:
    page.table.add(["a.wav"])
    page.table.answer(0, answer("a.wav", "blues", 0.14, silent=True))
    assert [shown(page, column) for column in (GENRE, CONFIDENCE)] == [["silence"], [""]]
    assert not page.table.rows[0].has_genre
    assert [start for start, *_ in page.table.rows[0].stretches] == [0.0]


def test_a_folder_is_classified_as_the_command_does_it_and_a_bad_file_is_a_row(
    window: MainWindow, page: FilesPage, tmp_path: Path
) -> None:
    (tmp_path / "below").mkdir()
    song = tmp_path / "below" / "song.flac"
    soundfile.write(song, made_music(4.0), 22_050)
    (tmp_path / "bad.wav").write_text("no sound")
    (tmp_path / "notes.txt").write_text("not looked at")
    looks = 0
    page.add([str(tmp_path)])
    deadline = time.monotonic() + PATIENCE / 1000
    while page.buttons["cancel"].isEnabled():
        window.tick()
        QApplication.processEvents()
        looks += 1
        assert time.monotonic() < deadline
        time.sleep(0.002)
    assert looks > 20  # it takes a process seconds to start: the window did not wait for it
    assert shown(page, FILE) == ["bad.wav", "song.flac"]
    assert [error.path for error in page.table.errors()] == [str(tmp_path / "bad.wav")]
    assert "convert it" in shown(page, TIMELINE)[0]
    expected = classify_file(torch_model(load_classifier(default_weights())), song, Parameters())
    (got,) = page.table.answers()
    assert got.probabilities == pytest.approx(expected.probabilities, abs=1e-6)
    assert (got.genre, got.duration) == (expected.genre, expected.duration)
    unsure = int(expected.unsure)
    assert page.state.text() == f"1 of 2 answered, {unsure} of them unsure, 1 could not be heard"


def test_cancelling_stops_at_once_and_what_is_left_says_so(page: FilesPage, qtbot: QtBot, tmp_path: Path) -> None:
    for number in range(3):
        soundfile.write(tmp_path / f"{number}.wav", np.zeros(22_050 * 600, np.float32), 22_050)
    page.add([str(tmp_path)])
    qtbot.waitUntil(lambda: len(page.table.rows) == 3, timeout=PATIENCE)
    page.buttons["cancel"].click()
    qtbot.waitUntil(lambda: not page.buttons["cancel"].isEnabled(), timeout=PATIENCE)
    assert shown(page, TIMELINE) == ["cancelled"] * 3
    qtbot.waitUntil(lambda: not multiprocessing.active_children(), timeout=PATIENCE)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="Windows has no such signal")
def test_a_decoder_that_crashes_costs_one_row_only(page: FilesPage, qtbot: QtBot, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros(22_050 * 900, np.float32), 22_050)
    soundfile.write(tmp_path / "b.wav", made_music(2.0), 22_050)
    # One process, which takes a.wav first.
    page.add([str(tmp_path / "a.wav")])
    qtbot.waitUntil(lambda: any(row.state == "working" for row in page.table.rows), timeout=PATIENCE)

    def crash_each_try() -> bool:
        for child in multiprocessing.active_children():
            assert child.pid is not None
            os.kill(child.pid, signal.SIGKILL)
        return not page.buttons["cancel"].isEnabled()

    qtbot.waitUntil(crash_each_try, timeout=PATIENCE)
    page.add([str(tmp_path / "b.wav")])
    qtbot.waitUntil(lambda: not page.buttons["cancel"].isEnabled(), timeout=PATIENCE)
    assert [row.state for row in page.table.rows] == ["failed", "done"]
    assert "crashed" in page.table.rows[0].error


def test_rows_are_sorted_by_what_their_cells_mean(page: FilesPage) -> None:
    fill(page)
    for column, order, expected in (
        (FILE, Qt.SortOrder.AscendingOrder, ["bad.mp3", "High.wav", "low.wav", "mid.wav"]),
        (CONFIDENCE, Qt.SortOrder.DescendingOrder, ["High.wav", "mid.wav", "low.wav", "bad.mp3"]),
        (LENGTH, Qt.SortOrder.DescendingOrder, ["High.wav", "mid.wav", "low.wav", "bad.mp3"]),
        (GENRE, Qt.SortOrder.DescendingOrder, ["mid.wav", "low.wav", "High.wav", "bad.mp3"]),
    ):
        page.view.sortByColumn(column, order)
        assert shown(page, FILE) == expected
    assert shown(page, LENGTH) == ["1:01", "0:05", "11:40", ""]


def test_a_click_selects_and_a_double_click_enter_and_the_button_play_the_row_that_is_seen(
    window: MainWindow, page: FilesPage, session: ScriptedSession
) -> None:
    fill(page)
    session.asked.clear()
    page.view.sortByColumn(CONFIDENCE, Qt.SortOrder.DescendingOrder)
    model = page.view.model()

    def click(row: int, twice: bool = False) -> None:
        place = page.view.visualRect(model.index(row, GENRE)).center()
        press = QTest.mouseDClick if twice else QTest.mouseClick
        press(page.view.viewport(), Qt.MouseButton.LeftButton, pos=place)

    click(1)
    assert session.asked == []
    assert page.buttons["play"].isEnabled()
    page.buttons["play"].click()
    assert session.asked == [f"play {Path('/c/mid.wav')}"]
    assert window.pages.currentWidget() is window.live
    window.show_page(1)
    click(0)
    QTest.keyClick(page.view, Qt.Key.Key_Return)
    assert session.asked[1:] == [f"play {Path('/a/High.wav')}"]
    window.show_page(1)
    click(2)
    click(2, twice=True)
    assert session.asked[2:] == [f"play {Path('/b/low.wav')}"]
    window.show_page(1)
    click(3)
    click(3, twice=True)  # it could not be heard
    assert len(session.asked) == 3
    assert not page.buttons["play"].isEnabled()


def test_the_arrow_keys_are_the_tables_as_soon_as_there_are_rows(page: FilesPage, qtbot: QtBot) -> None:
    dialog = QWidget()  # that asked for the files, and is not quite closed
    qtbot.addWidget(dialog)
    dialog.show()
    dialog.activateWindow()
    qtbot.waitUntil(dialog.isActiveWindow)
    fill(page)
    assert page.window().focusWidget() is page.view


def test_tab_leaves_the_table(page: FilesPage) -> None:
    fill(page)
    page.window().activateWindow()
    page.view.setFocus()
    QTest.keyClick(page.view, Qt.Key.Key_Tab)
    assert not page.view.hasFocus()


class PoolInThisProcess:
    """As app.files.pool.Pool, without the time that processes need to start."""

    performed: ClassVar[list[str]] = []

    def __init__(self, *_count: int, polite: bool) -> None:
        pass

    def __enter__(self) -> PoolInThisProcess:
        return self

    def __exit__(self, *_exception: object) -> None:
        pass

    def submit(self, task: Task, _on_progress: object) -> Future[Outcome]:
        self.performed.append(os.path.basename(task.path))
        future: Future[Outcome] = Future()
        future.set_result(perform(task))
        return future


def test_what_is_added_twice_or_meanwhile_or_tried_again_is_classified_once_and_never_doubled(
    page: FilesPage, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.files.pool.Pool", PoolInThisProcess)

    def end() -> None:
        qtbot.waitUntil(lambda: not page.buttons["cancel"].isEnabled(), timeout=PATIENCE)

    bad = tmp_path / "bad.wav"
    bad.write_text("no sound")
    soundfile.write(tmp_path / "a.wav", made_music(2.0), 22_050)
    soundfile.write(tmp_path / "b.wav", made_music(2.0), 22_050)
    page.add([str(tmp_path / "a.wav"), str(tmp_path / "a.wav"), str(bad)])
    page.add([str(tmp_path)])  # while the others are being classified
    end()
    assert sorted(shown(page, FILE)) == ["a.wav", "b.wav", "bad.wav"]
    assert page.state.text().startswith("2 of 3 answered")
    assert page.state.text().endswith("1 could not be heard")
    assert sum(page.key.counts.values()) == 2
    assert sorted(PoolInThisProcess.performed) == ["a.wav", "b.wav", "bad.wav", "bad.wav"]  # which had failed
    first = page.table.answers()
    soundfile.write(bad, made_music(2.0), 22_050)
    page.buttons["retry"].click()
    end()
    assert sorted(shown(page, FILE)) == ["a.wav", "b.wav", "bad.wav"]
    assert [each for each in page.table.answers() if any(each is old for old in first)] == first
    assert not page.buttons["retry"].isEnabled()


def test_a_time_is_left_after_a_moment_of_measuring_and_not_of_starting(
    page: FilesPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0
    monkeypatch.setattr("app.window.files.batch.time.monotonic", lambda: now)
    batch = Batch([], Path("weights"), {}, set(), page)
    batch.numbers, batch._sizes = [0, 1], [1000, 1000]
    now = 160.0  # the processes needed a minute to start
    batch._progress(0, 0.01)
    assert batch.seconds_left is None
    now = 161.0
    batch._progress(0, 0.06)
    assert batch.seconds_left is None
    now = 162.0
    batch._progress(0, 0.11)
    assert batch.seconds_left == pytest.approx(2.0 * (1 - 0.055) / 0.05)


def test_the_timeline_is_drawn_in_the_colours_of_the_genres(page: FilesPage) -> None:
    fill(page)
    index: QModelIndex = page.view.model().index(2, TIMELINE)  # metal, then rock
    place = page.view.visualRect(index)
    picture = page.view.viewport().grab(place).toImage()
    middle = picture.height() // 2
    late = QColor(picture.pixel(picture.width() * 3 // 4, middle))
    assert late.name() == DARK.genres[GENRES.index("rock")]
    assert QColor(picture.pixel(picture.width() // 4, middle)) != late


def test_what_is_exported_is_what_the_command_would_write(
    page: FilesPage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(page)
    rows = list(csv.DictReader(io.StringIO(page.document("csv").decode())))
    assert [row["genre"] for row in rows] == ["jazz", "blues", "metal"]
    document = json.loads(page.document("json"))
    assert [file["path"] for file in document["files"]] == ["/b/low.wav", "/a/High.wav", "/c/mid.wav"]
    assert document["errors"] == [{"path": "/d/bad.mp3", "error": "the file is empty: fetch it again"}]
    assert len(document["model"]["hash"]) == 64
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "answers"), ""))
    page.buttons["files_csv"].click()
    assert (tmp_path / "answers.csv").read_bytes() == page.document("csv")


def test_an_empty_page_says_what_to_do_and_offers_nothing_that_cannot_be_done(page: FilesPage) -> None:
    assert page.empty.isVisible()
    assert "Drop" in page.empty.text()
    enabled = {name for name, button in page.buttons.items() if button.isEnabled()}
    assert enabled == {"add_files", "add_folder"}
    fill(page)
    assert not page.empty.isVisible()
    page.buttons["clear"].click()
    assert page.empty.isVisible()
