"""What is said of a moment wavers less than the probabilities, and silence is no genre."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from app.live.verdict import HOLD_FRAMES, LISTEN_FRAMES, LOUD_AFTER, SILENT_AFTER, Judge, Verdict

LOUD, QUIET, BETWEEN = -20.0, -70.0, -57.0


def leading(genre: int, share: float = 0.8, second: int = 9) -> NDArray[np.float64]:
    made = np.full(10, 0.01)
    made[second] = 0.1
    made[genre] = share
    return normalised(made)


def doubt(one: int, other: int, more: float = 0.0) -> NDArray[np.float64]:
    made = np.full(10, 0.02)
    made[one], made[other] = 0.42 + more, 0.42 - more
    return normalised(made)


def normalised(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    made: NDArray[np.float64] = weights / weights.sum()
    return made


def judged(
    judge: Judge, frames: int, answer: NDArray[np.float64], level: float = LOUD, is_unsure: bool = False
) -> list[Verdict]:
    return [judge.judge(answer, is_unsure, level) for _ in range(frames)]


@pytest.fixture
def judge() -> Judge:
    """One that has heard enough of a genre, number 3."""
    made = Judge()
    judged(made, LISTEN_FRAMES + 5, leading(3))
    return made


def test_it_listens_before_it_names_a_genre() -> None:
    verdicts = judged(Judge(), LISTEN_FRAMES + 1, leading(3))
    assert [verdict.kind for verdict in verdicts] == ["listening"] * LISTEN_FRAMES + ["genre"]
    assert verdicts[-1].genre == 3
    assert verdicts[-1].probability == pytest.approx(leading(3)[3])


def test_an_answer_that_does_not_last_is_not_said(judge: Judge) -> None:
    for _ in range(20):
        assert {verdict.genre for verdict in judged(judge, HOLD_FRAMES, leading(5))} == {3}
        assert judge.judge(leading(3), False, LOUD).genre == 3


def test_an_answer_that_lasts_is_said_with_its_own_probability(judge: Judge) -> None:
    verdict = judged(judge, HOLD_FRAMES + 1, leading(5, 0.7))[-1]
    assert (verdict.kind, verdict.genre) == ("genre", 5)
    assert verdict.probability == pytest.approx(leading(5, 0.7)[5])


def test_the_shown_probability_is_always_that_of_the_shown_genre(judge: Judge) -> None:
    verdict = judge.judge(leading(5), False, LOUD)
    assert verdict.genre == 3
    assert verdict.probability == pytest.approx(leading(5)[3])


def test_doubt_is_between_two_and_does_not_care_which_of_them_leads(judge: Judge) -> None:
    verdict = judged(judge, HOLD_FRAMES + 1, doubt(5, 0), is_unsure=True)[-1]
    assert (verdict.kind, {verdict.genre, verdict.other}) == ("unsure", {0, 5})
    first = verdict.genre
    for more in (-0.02, 0.02) * 10:
        verdict = judge.judge(doubt(5, 0, more), True, LOUD)
        assert (verdict.kind, verdict.genre) == ("unsure", first)


def test_silence_is_said_after_a_while_and_left_for_sound_that_is_clearly_louder(judge: Judge) -> None:
    verdicts = judged(judge, SILENT_AFTER, leading(3), QUIET)
    assert [verdict.kind for verdict in verdicts] == ["genre"] * (SILENT_AFTER - 1) + ["silence"]
    assert {verdict.kind for verdict in judged(judge, 50, leading(3), BETWEEN)} == {"silence"}
    assert judged(judge, LOUD_AFTER, leading(3), LOUD)[-1].kind == "listening"
    assert judged(judge, LISTEN_FRAMES, leading(3), LOUD)[-1].kind == "genre"


def test_a_level_in_between_is_not_silence_while_there_was_sound(judge: Judge) -> None:
    assert {verdict.kind for verdict in judged(judge, 100, leading(3), BETWEEN)} == {"genre"}


def test_zeros_are_told_apart_from_silence(judge: Judge) -> None:
    assert judged(judge, SILENT_AFTER, leading(3), -math.inf)[-1].kind == "zeros"
    assert judge.judge(leading(3), False, QUIET).kind == "silence"


def test_a_pause_in_music_changes_nothing(judge: Judge) -> None:
    for _ in range(10):
        verdicts = [*judged(judge, SILENT_AFTER - 1, leading(3), QUIET), *judged(judge, 3, leading(3))]
        assert {verdict.kind for verdict in verdicts} == {"genre"}
