"""The captions go on by themselves, point at what is there, and undo what they change."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QRect, Qt
from PySide6.QtWidgets import QApplication

from app.window.live.places import Mode
from app.window.main import MainWindow
from app.window.tour.captions import STEPS
from app.window.tour.tour import INSTEAD, card_place
from tests.app.scripted_session import GENRES, MODEL, ScriptedSession, sound
from tests.app.shown import press


def test_it_goes_from_the_first_caption_to_the_last_and_ends(window: MainWindow) -> None:
    window.tour.go()
    said: list[str] = []
    for _ in range(int(sum(step.seconds for step in STEPS) / 0.1) + 50):
        if window.tour.is_running and (not said or said[-1] != window.tour.card.title.text()):
            said.append(window.tour.card.title.text())
        window.tour.tick(0.1)
    assert said == [step.title for step in STEPS]
    assert not window.tour.is_running


def test_keys_and_clickers_turn_it_and_end_it_whatever_has_the_focus(
    window: MainWindow, session: ScriptedSession
) -> None:
    window.listen("desk")
    window.tick()
    keys = Qt.Key
    bar = window.live.source_bar
    for focused in (window.live, bar.picker, bar.open, window.live.timeline.view, window.live.controls.length):
        focused.setFocus()
        window.tour.go()
        asked = list(session.asked)
        for key, number in (
            (keys.Key_Left, 0),
            (keys.Key_Right, 1),
            (keys.Key_PageDown, 2),
            (keys.Key_Space, 3),
            (keys.Key_PageUp, 2),
            (keys.Key_Left, 1),
        ):
            press(window, key)
            assert window.tour.step is STEPS[number], focused
        assert (window.live.moment, session.asked) == (None, asked), focused
        press(window, keys.Key_Escape)
        assert not window.tour.is_running
    window.live.setFocus()
    session.queue(sound())
    window.tick()
    press(window, keys.Key_Space)  # once the captions are gone, keys mean what they always do
    assert window.live.moment is not None


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


@pytest.mark.parametrize("mode", ["story", "details", "presentation"])
@pytest.mark.parametrize(("width", "height"), [(900, 600), (1280, 720), (1280, 800), (1920, 1080), (3840, 2160)])
def test_the_card_stays_in_the_window_and_off_the_panel_that_it_speaks_of(
    window: MainWindow, width: int, height: int, mode: Mode
) -> None:
    window.live.show_mode(mode)
    window.resize(width, height)
    QApplication.processEvents()
    window.tour.go()
    for number, step in enumerate(STEPS):
        window.tour.go(number)
        QApplication.processEvents()
        card = window.tour.card
        assert window.live.rect().contains(card.geometry()), step.title
        assert card.sentence.height() >= card.sentence.heightForWidth(card.sentence.width()), step.title
        for name in (step.panel, INSTEAD.get(step.panel, "")):
            if name and window.live.parts[name].isVisible():
                assert not card.geometry().intersects(window.live.parts[name].geometry()), step.title
                break


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (1920, 1080), (3840, 2160)])
def test_in_a_presentation_captions_are_nearly_as_large_as_the_story_and_leave_the_genre_uncovered(
    window: MainWindow, session: ScriptedSession, width: int, height: int
) -> None:
    window.menus.bar.hide()
    window.live.show_mode("presentation")
    window.resize(width, height)
    window.listen("desk")
    session.queue(sound(share=1.0))
    window.tick()
    card, live = window.tour.card, window.live
    for number in range(len(STEPS)):
        window.tour.go(number)
        QApplication.processEvents()
        letters = card.sentence.font().pixelSize()
        assert letters >= 0.7 * live.story.sentence.fitted_font().pixelSize(), number
        assert not card.geometry().intersects(live.now.geometry()), number


def test_the_card_follows_when_the_page_is_laid_out_in_another_way(window: MainWindow) -> None:
    window.resize(1280, 800)
    window.tour.go(1)
    window.live.show_mode("presentation")
    window.tour.tick(0.1)
    assert not window.tour.card.geometry().intersects(window.live.story.geometry())


def test_without_room_beside_the_panel_the_card_stands_at_the_bottom() -> None:
    """The genre and its probability are above."""
    page = QRect(0, 0, 1000, 700)
    place = card_place(page, QRect(100, 0, 800, 700), 1.0, lambda _width: 200)
    assert abs(place.center().x() - page.center().x()) <= 1
    assert page.bottom() - 40 < place.bottom() < page.bottom()
