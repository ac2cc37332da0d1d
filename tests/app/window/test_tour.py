"""The captions go on by themselves, point at what is there, and undo what they change."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QRect, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from app.window.main import MainWindow
from app.window.tour.captions import STEPS
from app.window.tour.tour import card_place
from tests.app.scripted_session import GENRES, MODEL, ScriptedSession


def test_it_goes_from_the_first_caption_to_the_last_and_ends(window: MainWindow) -> None:
    window.tour.go()
    said: list[str] = []
    for _ in range(int(sum(step.seconds for step in STEPS) / 0.1) + 50):
        if window.tour.is_running and (not said or said[-1] != window.tour.card.title.text()):
            said.append(window.tour.card.title.text())
        window.tour.tick(0.1)
    assert said == [step.title for step in STEPS]
    assert not window.tour.is_running


def test_keys_turn_it_and_end_it(window: MainWindow) -> None:
    window.tour.go()
    for key, number in ((Qt.Key.Key_Left, 0), (Qt.Key.Key_Right, 1), (Qt.Key.Key_Right, 2), (Qt.Key.Key_Left, 1)):
        QTest.keyClick(window, key)
        assert window.tour.step is STEPS[number]
    QTest.keyClick(window, Qt.Key.Key_Escape)
    assert not window.tour.is_running


@pytest.mark.parametrize("leaves", [True, False])
def test_the_window_of_the_model_becomes_longer_and_is_given_back(
    window: MainWindow, session: ScriptedSession, leaves: bool
) -> None:
    window.tour.go()
    changed = next(number for number, step in enumerate(STEPS) if step.change == "longer window")
    window.tour.go(changed)
    longer = session.asked[-1]
    assert longer.startswith("model ")
    assert float(longer.rpartition(" ")[2]) in session.models.windows
    if leaves:
        window.tour.end()
    else:
        window.tour.go(changed + 1)
    assert session.asked[-1] == f"model {MODEL.choice.key!r} {MODEL.window_seconds:g}"
    before = len(session.asked)
    window.tour.end()
    assert len(session.asked) == before


def test_every_caption_points_at_a_panel_that_there_is(window: MainWindow) -> None:
    assert {step.panel for step in STEPS} - {""} <= set(window.live.parts)


def test_no_caption_says_what_the_model_should_answer() -> None:
    said = " ".join(f"{step.title} {step.sentence}" for step in STEPS).lower()
    assert not [genre for genre in GENRES if f" {genre}" in said]


@pytest.mark.parametrize(("width", "height"), [(900, 600), (1280, 800), (1920, 1080), (3840, 2160)])
def test_the_card_stays_in_the_window_and_off_the_panel_that_it_speaks_of(
    window: MainWindow, width: int, height: int
) -> None:
    window.resize(width, height)
    QApplication.processEvents()
    window.tour.go()
    for number, step in enumerate(STEPS):
        window.tour.go(number)
        QApplication.processEvents()
        card = window.tour.card
        assert window.live.rect().contains(card.geometry()), step.title
        assert card.sentence.height() >= card.sentence.heightForWidth(card.sentence.width()), step.title
        if step.panel in ("cost", "now", "genres"):
            assert not card.geometry().intersects(window.live.parts[step.panel].geometry()), step.title


def test_without_room_beside_the_panel_the_card_stands_in_the_middle() -> None:
    page = QRect(0, 0, 1000, 700)
    place = card_place(page, QRect(100, 0, 800, 700), 1.0, lambda _width: 200)
    assert abs(place.center().x() - page.center().x()) <= 1
    assert abs(place.center().y() - page.center().y()) <= 1
