"""Weights of genres of one's own in the window: their names and colours, from two of them to fifty."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtGui import QColor
from pytestqt.qtbot import QtBot

from app.stream.snapshot import Snapshot
from app.window.main import MainWindow
from app.window.theme import DARK, LIGHT, Palette, contrast
from app.window.words import percent
from tests.app.scripted_session import ScriptedSession, snapshot
from tests.app.shown import text
from tests.app.window.test_layout import linear, oklab

ODD = ("Schlager & Volksmusik der Alpenländer", "a, b", "演歌", "<b>polka</b>", "100 %")


def names(count: int) -> tuple[str, ...]:
    return (ODD + tuple(f"genre number {number}" for number in range(count)))[:count]


def answered(session: ScriptedSession, favourite: int, frames_heard: int = 40) -> list[Snapshot]:
    """Frames enough for a genre to be named, of the session's own genres."""
    probabilities = np.full(len(session.genres), 0.1 / (len(session.genres) - 1))
    probabilities[favourite] = 0.9
    frames = []
    for index in range(frames_heard):
        own = replace(snapshot(index), probabilities=probabilities, smoothed=probabilities)
        frames.append(replace(own, twin_probabilities=probabilities, twin_smoothed=probabilities))
    return frames


@pytest.fixture(params=[2, 5, 20, 21, 50])
def own(request: pytest.FixtureRequest, qtbot: QtBot) -> MainWindow:
    session = ScriptedSession()
    session.genres = names(request.param)
    window = MainWindow(session, weights=Path("own.safetensors"))
    window.timer.stop()
    qtbot.addWidget(window)
    window.show()
    window.listen("desk")
    session.queue(answered(session, request.param - 1))
    window.tick()
    return window


def test_every_genre_has_a_row_with_its_name_and_number_that_can_be_read(own: MainWindow) -> None:
    rows, count = own.live.answers.rows, len(own.live.answers.rows)
    assert text(own, "present_genre") == names(count)[-1]
    for width, height in ((1280, 800), (900, 600)):
        own.resize(width, height)
        for row in rows:
            assert own.live.answers.rect().contains(row.geometry())
            assert row.number.width() >= row.number.natural_width(row.scale)
            assert row.width() - row.name_width - row.number_width > 0.15 * row.width()  # there is a bar
            if row.genre.startswith("genre number") and count <= 20 and width == 1280:
                assert not row.name.is_cut
        for one, other in combinations(rows, 2):
            assert not one.geometry().intersects(other.geometry())
    assert rows[-1].number.text() == percent(0.9)


def test_what_is_said_of_the_model_that_ships_is_not_said_of_another(own: MainWindow) -> None:
    now = own.live.now
    assert now.accuracy.text() == ""
    assert "7 of" not in now.genre.explanation
    said = " ".join(part.toolTip() + part.accessibleDescription() for part in own.findChildren(type(now.genre)))
    assert "ten genres" not in said


def test_history_files_and_exports_have_these_genres(own: MainWindow) -> None:
    genres = own.live.past.genres
    own.live.timeline.view.advance(0.1)
    shown = np.asarray(own.live.timeline.view.answers.image)
    assert (shown.reshape(-1, 4) == own.theme.colour(len(genres) - 1).getRgb()).all(axis=1).any()
    header = own.live.past.log.as_csv().decode().splitlines()[0]
    assert header.count("raw_") == len(genres)
    assert ('"a, b"' in header) == (len(genres) > 1)
    assert all(genre in own.files.key.accessibleName() for genre in genres)
    own.show_page(1)
    own.grab()
    own.set_full_screen(True)
    own.grab()


@pytest.mark.parametrize("palette", [DARK, LIGHT])
def test_fifty_colours_are_fifty_and_can_be_seen(palette: Palette) -> None:
    colours = palette.genres + palette.further
    assert len(set(colours)) == 50
    seen = [oklab(linear(colour)) for colour in colours]
    assert min(float(np.linalg.norm(one - other)) for one, other in combinations(seen, 2)) > 0.025
    assert min(float(np.linalg.norm(one - other)) for one, other in pairwise(seen)) > 0.08
    for colour in palette.further:
        assert contrast(QColor(colour), QColor(palette.panel)) >= (4.5 if palette is DARK else 3.0)
