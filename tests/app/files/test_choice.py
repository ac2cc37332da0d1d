"""Answers among some of the genres, and more than one of them in a row."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

import numpy as np
import pytest

from app.files.answer import judge
from app.files.formats import Run, Writer
from app.files.json_formats import file_pieces, read_file
from app.files.output import WRITERS
from app.files.parameters import Parameters, choose_genres
from model import GTZAN_GENRES, ModelConfig
from tests.app.files.test_formats import PARAMETERS, made_answer

GENRES = ("Blues", "Drum, Bass", "jazz", "rock")
CONFIG = ModelConfig(genres=GENRES, unsure_probability=0.5, unsure_margin=0.1)


def test_genres_are_named_in_any_case_between_commas_or_one_by_one() -> None:
    assert choose_genres(GENRES, ["ROCK, blues"], None) == ("Blues", "rock")
    assert choose_genres(GENRES, ["drum, bass", "rock"], None) == ("Drum, Bass", "rock")
    assert choose_genres(GENRES, None, ["jazz"]) == ("Blues", "Drum, Bass", "rock")
    assert choose_genres(GENRES, ["Blues,jazz,rock", "Drum, Bass"], None) is None
    assert choose_genres(GENRES, None, None) is None
    with pytest.raises(ValueError, match="no genre 'polka': choose among Blues, Drum, Bass, jazz, rock"):
        choose_genres(GENRES, None, ["rock,polka"])
    for only, exclude in ((["rock"], None), (None, ["rock,jazz,blues"])):
        with pytest.raises(ValueError, match="at least two"):
            choose_genres(GENRES, only, exclude)


@pytest.mark.parametrize(
    ("mean", "expected", "share", "unsure"),
    [
        ((0.1, 0.1, 0.2, 0.6), (0.25, 0.75), 0.8, False),
        ((0.1, 0.1, 0.42, 0.38), (0.525, 0.475), 0.8, True),  # they are too close now
        ((0.6, 0.0, 0.1, 0.3), (0.25, 0.75), 0.4, True),  # it is rather none of them
        ((1.0, 0.0, 0.0, 0.0), (0.5, 0.5), 0.0, True),
    ],
)
def test_what_is_left_adds_up_to_1_and_is_judged_anew(
    mean: tuple[float, ...], expected: tuple[float, ...], share: float, unsure: bool
) -> None:
    answer, kept, doubt = judge(np.array(mean), CONFIG, ("jazz", "rock"))
    np.testing.assert_allclose(answer, expected)
    assert kept == pytest.approx(share)
    assert doubt == unsure


def write(kind: str, top: int = 1, timeline: bool = False, share: float | None = None) -> str:
    stream = io.StringIO()
    parameters = PARAMETERS | ({} if share is None else {"genres": GTZAN_GENRES})
    writer: Writer = WRITERS[kind](stream, Run({}, parameters, GTZAN_GENRES, timeline, top=top))
    writer.add(replace(made_answer("a"), share=share))
    return stream.getvalue()


def test_the_next_genres_stand_behind_the_first() -> None:
    probabilities = sorted(made_answer().probabilities.values(), reverse=True)
    line = write("table", top=3)
    assert line.startswith("a: hiphop 0.69, ")
    assert [float(part.split()[1]) for part in line.removeprefix("a: ").split(", ")] == pytest.approx(
        probabilities[:3], abs=0.005
    )
    assert line.endswith(" (unsure)\n")
    assert write("table", top=99).count(", ") == 9
    for timeline in (False, True):
        header, *rows = csv.reader(io.StringIO(write("csv", top=3, timeline=timeline)))
        assert header[-5:] == ["complete", "genre_2", "probability_2", "genre_3", "probability_3"]
        for row in rows:
            named = dict(zip(header, row, strict=True))
            first, second, third = (float(named[f"probability{end}"]) for end in ("", "_2", "_3"))
            assert first >= second >= third
            assert second == float(named[named["genre_2"]])


def test_what_the_genres_add_up_to_is_in_json_and_csv_and_survives_the_journal() -> None:
    assert "share" not in "".join(file_pieces(made_answer()))
    record = json.loads("".join(file_pieces(replace(made_answer(), share=0.25))))
    assert record["share"] == read_file(record).share == 0.25
    assert "genres" not in Parameters().described()
    assert Parameters(genres=("a", "b")).described()["genres"] == ("a", "b")
    header, row = csv.reader(io.StringIO(write("csv", share=0.25)))
    assert (header[-1], row[-1]) == ("share", "0.250000")
