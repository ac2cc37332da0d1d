"""The story is told in one sentence and two pairs of bars, and says when the ordinary model cannot keep up."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from app.live.costs import Percentiles
from app.stream.snapshot import FrameFlops, StepTimes
from app.window import words
from app.window.cost.details import tail
from app.window.cost.story import CostBar
from app.window.explained import Explained
from app.window.main import MainWindow
from app.window.theme import LIGHT
from audio import FRAME_SECONDS
from tests.app.scripted_session import FLOPS, MODEL, ScriptedSession, snapshot, sound
from tests.app.shown import press, text
from tests.own_process import CHECKOUT


def share(bar: CostBar) -> float:
    """How much of its axis is full, by the pixels of its middle line."""
    picture, track = bar.grab().toImage(), bar.track()
    y, colour = round(track.center().y()), bar.theme.colour("problem" if bar.is_over else bar.colour).rgb()
    across = range(round(track.left()), round(track.right()))
    return sum(picture.pixel(x, y) & 0xFFFFFF == colour & 0xFFFFFF for x in across) / len(across)


def test_the_sentence_says_how_much_less_both_in_arithmetic_and_in_time(
    window: MainWindow, session: ScriptedSession
) -> None:
    assert text(window, "story") == "37 times less arithmetic for each frame"
    window.listen("desk")
    session.queue(sound(40, step=100_000, twin=4_000_000, shared=150_000))
    window.tick()
    assert text(window, "story") == "37 times less arithmetic, 17 times less time for each frame"
    assert (text(window, "story_time_twin"), text(window, "story_time_step")) == ("4.2 ms", "250 µs")
    assert (text(window, "story_flops_twin"), text(window, "story_flops_step")) == ("82 million", "2.2 million")


def test_the_bars_are_as_long_as_their_numbers(window: MainWindow, session: ScriptedSession) -> None:
    window.listen("desk")
    session.queue(sound(40, step=250_000, twin=3_750_000, shared=250_000))
    window.tick()
    bars = window.live.story.bars
    for measure, expected in (("time", 0.125), ("flops", 2.2 / 82)):
        assert share(bars[measure, "twin"]) == pytest.approx(1.0, abs=0.02)
        assert share(bars[measure, "step"]) == pytest.approx(expected, abs=0.01)


def test_an_honest_sentence_says_when_the_continual_model_takes_more(
    window: MainWindow, session: ScriptedSession
) -> None:
    window.listen("desk")
    session.queue(sound(40, step=300_000, twin=100_000, shared=0, saved_flops=-100_000))
    window.tick()
    assert text(window, "story") == "1.0 times more arithmetic, 3.0 times more time for each frame"


def test_an_ordinary_model_that_needs_more_than_there_is_time_cannot_keep_up(
    window: MainWindow, session: ScriptedSession
) -> None:
    bars = window.live.story.bars
    window.listen("desk")
    session.queue(sound(40, twin=40_000_000))
    window.tick()
    assert "budget" not in text(window, "budget")
    assert not bars["time", "twin"].is_over
    session.queue(sound(300, twin=155_000_000, first=40, twin_every=8))
    window.tick()
    assert text(window, "story") == "The ordinary transformer cannot keep up"
    assert window.live.story.sentence.colour == "problem"
    assert bars["time", "twin"].is_over
    assert not bars["time", "step"].is_over
    assert "it answers every 8th frame only" in text(window, "premise")
    line = bars["time", "twin"].line
    assert line == pytest.approx(FRAME_SECONDS * 1e9 / 155_150_000)


def test_arithmetic_is_counted_for_what_was_heard_and_the_rest_is_said(
    window: MainWindow, session: ScriptedSession
) -> None:
    window.listen("desk")
    session.queue([snapshot(0, filled=0.4, saved_flops=2_200_000)])
    window.tick()
    assert text(window, "story").startswith("2.0 times less arithmetic")
    assert text(window, "full") == "with 12 of 30 s heard; at 30 s: 37 times less arithmetic"
    session.queue([snapshot(1, filled=1.0)])
    window.tick()
    assert text(window, "full") == ""


def test_a_full_window_that_is_too_much_is_known_long_before_it_is_full(
    window: MainWindow, session: ScriptedSession
) -> None:
    bar = window.live.story.bars["time", "twin"]
    window.listen("desk")
    session.models.full_twin = StepTimes(30.0, {"": 120_000_000})
    session.queue(sound(40, twin=4_000_000))
    window.tick()
    assert text(window, "story") == "At 30 s the ordinary transformer cannot keep up"
    assert text(window, "full").endswith("37 times less arithmetic, ordinary 120 ms")
    assert not bar.is_over  # what was measured of what was heard is not
    assert bar.outlined == 1.0
    assert bar.line == pytest.approx(FRAME_SECONDS / 0.12, rel=0.01)
    session.models.full_twin = StepTimes(30.0, {"": 3_000_000})  # measured while the computer was less busy
    window.tick()
    session.queue(sound(1, twin=4_000_000, first=40))
    window.tick()
    assert "ordinary" not in text(window, "full")
    session.models.full_twin = StepTimes(30.0, {"": 8_000_000})
    window.tick()
    session.queue(sound(1, twin=4_000_000, first=41))
    window.tick()
    assert text(window, "full").endswith("ordinary 8.2 ms")
    assert text(window, "budget").endswith(": 19 times the longer bar")  # not the outline
    session.models.full_twin = StepTimes(5.0, {"": 120_000_000})  # of another window
    session.queue(sound(1, twin=4_000_000, first=42))
    window.tick()
    assert "cannot" not in text(window, "story")


def test_both_answers_stand_side_by_side_and_the_badge_says_that_they_are_the_same(
    window: MainWindow, session: ScriptedSession
) -> None:
    assert text(window, "same_answer") == "not compared yet"
    window.listen("desk")
    session.queue(sound(40, difference=8.2e-7))
    window.tick()
    assert (text(window, "same_answer"), text(window, "differ")) == (
        "same answer",
        "they differ by 0.0000008 at most",
    )
    assert window.live.badge.verdict.colour == "accent"
    jazz = next(row for row in window.live.answers.rows if row.genre == "jazz")
    assert jazz.twin == pytest.approx(0.9)
    session.queue(sound(1, difference=2e-3, first=40))
    window.tick()
    assert (text(window, "same_answer"), text(window, "differ")) == (
        "different answers",
        "they differ by 0.002 at most",
    )
    assert str(window.live.badge.verdict.colour) == "problem"


def test_every_figure_of_the_page_explains_itself_by_a_click(window: MainWindow) -> None:
    explained = [one for one in window.live.findChildren(Explained) if one.isVisible()]
    headings = [one.heading for one in explained]
    assert len(set(headings)) == len(headings)
    for one in explained:
        assert len(one.explanation) > 60, one.heading
        assert one.accessibleDescription() == one.explanation
        assert one.focusPolicy() & Qt.FocusPolicy.TabFocus
    for wanted in ("Present genre", "Probability of jazz", "Input level", "Sound", "Answers", "The same answer"):
        assert wanted in headings
    QTest.mouseClick(window.live.now.genre, Qt.MouseButton.LeftButton)
    assert window.live.explanation.isVisible()
    assert "7 of 10" in window.live.explanation.words.text()
    window.choose_theme("light")
    assert LIGHT.muted in window.live.explanation.words.styleSheet()
    window.live.explanation.hide()


def test_the_boxes_choose_another_row_and_another_window(window: MainWindow, session: ScriptedSession) -> None:
    controls = window.live.controls
    assert (controls.length.minimum(), controls.length.maximum(), controls.length.value()) == (0, 2, 1)
    assert controls.family.currentText() == session.models.choices[0].name
    controls.length.setValue(2)
    assert session.asked[-1] == "model '' 300"
    press(window, Qt.Key.Key_Down, Qt.KeyboardModifier.ControlModifier)
    assert session.asked[-1] == "model '' 30"
    controls.family.setCurrentIndex(1)
    controls.family.activated.emit(1)
    assert session.asked[-1] == "model 'soft' 30"
    for control in (controls.family, controls.length):
        assert control.focusPolicy() & Qt.FocusPolicy.TabFocus
        assert control.accessibleName()


def test_the_list_of_rows_says_which_is_the_quickest_here(window: MainWindow, session: ScriptedSession) -> None:
    controls = window.live.controls
    family, names = controls.family, [row.name for row in session.models.choices]
    family.showPopup()
    assert session.asked[-1] == "measure 30"
    session.models.steps = StepTimes(30.0, {"": 9_640.0, "soft": 31_000.0})
    window.tick()
    assert [family.itemText(0), family.itemText(1)] == [
        f"{names[0]}   9.6 µs a step, the quickest here",
        f"{names[1]}   31 µs a step",
    ]
    assert family.view().width() > family.fontMetrics().horizontalAdvance(family.itemText(0))  # nothing is cut off
    session.models.steps = StepTimes(30.0, {"": 40_000.0})  # the other one cannot have this window
    window.tick()
    assert [family.itemText(0), family.itemText(1)] == [f"{names[0]}   40 µs a step, the quickest here", names[1]]
    family.hidePopup()
    controls.length.setValue(0)
    controls.show_steps()  # which is not of this window
    assert [family.itemText(0), family.itemText(1)] == names


def test_until_the_chosen_model_answers_the_panel_says_that_it_catches_up(
    window: MainWindow, session: ScriptedSession
) -> None:
    other = replace(MODEL, window=65, window_seconds=5.0)
    window.listen("desk")
    session.models.description = other
    session.queue([snapshot(0, model=MODEL)])
    window.tick()
    assert text(window, "model_note") == "catching up"
    assert window.live.controls.length.value() == 0
    assert window.live.timeline.view.window_seconds == 30.0
    session.queue([snapshot(1, model=other)])
    window.tick()
    window.tick()
    assert text(window, "model_note") == ""
    assert window.live.timeline.view.window_seconds == 5.0
    assert text(window, "heard") == "2 of 5 s heard"
    session.models.problem = "This model cannot be used, choose another one."
    window.tick()
    assert text(window, "model_note") == session.models.problem


def test_a_model_chosen_before_anything_runs_is_counted_at_once(window: MainWindow, session: ScriptedSession) -> None:
    flops = FrameFlops(FLOPS.shared, FLOPS.step, {"attention": 1_000_000, "head": 100_000})
    session.models.description = replace(MODEL, window=65, window_seconds=5.0, flops=flops)
    window.tick()
    assert text(window, "story_flops_twin") == "3.1 million"
    assert window.live.timeline.view.window_seconds == 5.0


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (words.duration(118_400), "118 µs"),
        (words.duration(3_521_000), "3.5 ms"),
        (words.duration(122_400_000), "122 ms"),
        (words.duration(9_440), "9.4 µs"),
        (words.flops(412_345), "412 kFLOP"),
        (words.flops(999_600), "1.00 MFLOP"),
        (words.flops(36_500_000), "36.5 MFLOP"),
        (words.ratio(4.24), "4.2\N{MULTIPLICATION SIGN}"),
        (words.ratio(412.4), "412\N{MULTIPLICATION SIGN}"),
        (words.difference(2.94e-7), "0.0000003"),
        (words.difference(0.0), "0"),
        (words.budget_share(0.00373), "0.37 %"),
        (words.budget_share(0.061), "6.1 %"),
        (words.budget_share(1.3), "130 %"),
        (tail(Percentiles(1, 123_456, 456_789)), "123, 457 µs"),
        (tail(Percentiles(1, 123_456, 4_567_890)), "0.1, 4.6 ms"),
        (words.ratio(0.333), "0.33\N{MULTIPLICATION SIGN}"),
        (words.every(2), "every 2nd frame"),
        (words.every(13), "every 13th frame"),
        (words.flops(515_000, "B"), "515 kB"),
        (words.window_length(9.99), "10 s"),
        (words.window_length(120.06), "2 min"),
        (words.heard(0.999, 30.0), "29 of 30 s heard"),
        (words.heard(1.0, 29.977), "30 of 30 s heard"),
        (words.heard(0.355, 299.98), "1:46 of 5 min heard"),
    ],
)
def test_numbers_are_said_with_few_digits_and_their_unit(said: str, expected: str) -> None:
    assert said == expected


def test_how_often_it_is_right_is_what_the_model_card_says(window: MainWindow) -> None:
    card = (CHECKOUT / "assets" / "MODEL_CARD.md").read_text(encoding="utf-8")
    found = re.search(r"\| accuracy \| \*\*(\d+\.\d) %\*\*", card)
    assert found is not None
    said = re.fullmatch(r"right (\d+) times in (\d+)", text(window, "accuracy"))
    assert said is not None
    assert 0 <= float(found[1]) / 100 - int(said[1]) / int(said[2]) < 0.05  # never flattered
