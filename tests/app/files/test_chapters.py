"""Where the genre of one long sound changes: the best of all ways to cut it, as every format writes it."""

from __future__ import annotations

import csv
import io
import json
import tracemalloc
from dataclasses import replace
from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from app.files import chapters
from app.files.answer import FileAnswer, Hop, Timeline
from app.files.chapters import BORDER_PRICE, find_chapters
from app.files.formats import Run
from app.files.output import WRITERS
from model import GTZAN_GENRES
from tests.app.files.test_formats import ODD_NAME, PARAMETERS, made_answer

GENRES = ("blues", "jazz", "rock")


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers are about their own hop."""
    monkeypatch.setattr(chapters, "LOOK_AHEAD_SECONDS", 0.0)


def timeline(probabilities: NDArray[np.float64], silent: NDArray[np.bool_] | None = None, hop: float = 1.0) -> Timeline:
    count = len(probabilities)
    borders = hop * np.arange(count + 1, dtype=np.float64)
    quiet = np.zeros(count, np.bool_) if silent is None else silent
    return Timeline(GENRES, borders[:-1], borders[1:], probabilities, probabilities.max(axis=1) < 0.5, quiet)


def runs(*lengths_and_genres: tuple[int, str], certain: float = 0.8) -> NDArray[np.float64]:
    """Hops of one genre after another."""
    rest = (1 - certain) / (len(GENRES) - 1)
    return np.array(
        [[certain if one == genre else rest for one in GENRES] for n, genre in lengths_and_genres], dtype=np.float64
    ).repeat([n for n, _ in lengths_and_genres], axis=0)


def said(found: list[Hop]) -> list[tuple[float, str]]:
    return [(one.start, "silence" if one.verdict == "silence" else one.genre) for one in found]


@pytest.mark.usefixtures("at_once")
@settings(max_examples=60)
@given(st.integers(1, 9), st.integers(1, 4), st.integers(0, 10_000))
def test_no_other_way_to_cut_is_better(hops: int, least: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    heard = timeline(random.dirichlet(np.full(3, 0.4), hops).round(6), random.random(hops) < 0.2)
    found = find_chapters(heard, least)

    def worth(cut: tuple[int, ...]) -> float:
        """Of the best genres between these borders."""
        total = -BORDER_PRICE * least * (len(cut) - 2)
        for first, after in pairwise(cut):
            silent = heard.silent[first:after]
            total += max(silent.sum(), *heard.probabilities[first:after][~silent].sum(axis=0))
        return float(total)

    cuts = (
        (0, *(at for at, chosen in enumerate(choice, start=1) if chosen), hops)
        for choice in product((False, True), repeat=hops - 1)
    )
    allowed = [cut for cut in cuts if all(after - first >= least for first, after in pairwise(cut)) or len(cut) == 2]
    cut = (0, *(round(one.end) for one in found))
    assert cut in allowed
    assert worth(cut) == pytest.approx(max(map(worth, allowed)))


@pytest.mark.usefixtures("at_once")
def test_a_change_that_lasts_is_a_chapter_and_a_waver_is_none() -> None:
    heard = runs((40, "jazz"), (5, "rock"), (40, "jazz"), (35, "blues"), (1, "jazz"))
    assert said(find_chapters(timeline(heard), 30.0)) == [(0.0, "jazz"), (85.0, "blues")]
    assert said(find_chapters(timeline(heard), 5.0)) == [(0.0, "jazz"), (40.0, "rock"), (45.0, "jazz"), (85.0, "blues")]
    assert said(find_chapters(timeline(heard), 999.0)) == [(0.0, "jazz")]
    assert find_chapters(timeline(heard[:0]), 30.0) == []
    doubtful = runs((40, "jazz"), (40, "rock"), certain=0.45)
    assert [one.verdict for one in find_chapters(timeline(doubtful), 30.0)] == ["unsure", "unsure"]
    halves = timeline(runs((80, "jazz"), (70, "rock")), hop=0.5)
    assert said(find_chapters(halves, 30.0)) == [(0.0, "jazz"), (40.0, "rock")]


def test_silence_is_a_chapter_where_it_lasts_and_says_nothing_of_the_genre() -> None:
    heard = runs((40, "jazz"), (40, "blues"), (40, "jazz"))
    silent = np.repeat([False, True, False], 40)
    found = find_chapters(timeline(heard, silent), 30.0)
    assert said(found) == [(0.0, "jazz"), (40.0, "silence"), (80.0, "jazz")]
    assert found[0].probability == 0.8  # what is said in the silence after it counts for nothing
    (whole,) = find_chapters(timeline(heard, silent), 50.0)
    assert (whole.genre, whole.probability) == ("jazz", 0.8)
    nothing = find_chapters(timeline(heard, np.ones(120, np.bool_)), 30.0)
    assert said(nothing) == [(0.0, "silence")]


def test_a_border_stands_before_the_hop_that_shows_it() -> None:
    """The model looks back, so it is late by as much."""
    found = find_chapters(timeline(runs((47, "jazz"), (60, "rock"))), 30.0)
    assert said(found) == [(0.0, "jazz"), (40.0, "rock")]


def test_a_gap_in_the_sound_is_part_of_its_chapter() -> None:
    whole = timeline(runs((80, "jazz"), (40, "rock")))
    kept = np.r_[0:20, 60:120]
    gap = Timeline(
        GENRES, *(getattr(whole, name)[kept] for name in ("starts", "ends", "probabilities", "unsure", "silent"))
    )
    (first, second) = find_chapters(gap, 50.0)
    assert (first.start, first.end, second.end) == (0.0, second.start, 120.0)


def test_the_search_needs_no_more_memory_for_more_sound() -> None:
    def most(hops: int) -> int:
        scores = np.ones((hops, 4)) * [0.7, 0.2, 0.1, 0.0]
        times = np.arange(hops, dtype=np.float64)
        tracemalloc.start()
        chapters._best_chain(times, times + 1, scores, 30.0)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    few, many = most(500), most(4_000)
    assert many - few < 8 * 4_000 * 8  # the times, as a list, and no more


def changing(path: str = "set.mp3") -> FileAnswer:
    """Hip hop for 50 s, nothing for 40 s, then rock, unsure."""
    answers = np.full((140, 10), 0.05)
    answers[:90, 4], answers[90:, 9] = 0.55, 0.45
    starts = np.arange(140, dtype=np.float64)
    heard = Timeline(
        GTZAN_GENRES, starts, starts + 1, answers, answers.max(axis=1) < 0.5, (starts >= 50) & (starts < 90)
    )
    return replace(made_answer(path), timeline=heard, duration=140.0)


def write(kind: str, answer: FileAnswer, least: float | None = 30.0) -> str:
    stream = io.StringIO()
    writer = WRITERS[kind](stream, Run({}, PARAMETERS, GTZAN_GENRES, chapters=least))
    writer.add(answer)
    writer.finish([])
    return stream.getvalue()


@pytest.mark.usefixtures("at_once")
def test_every_format_has_them() -> None:
    assert write("table", changing("a")).splitlines() == [
        "a 0:00: hiphop 0.55",
        "a 0:50: silence",
        "a 1:30: rock 0.45 (unsure)",
    ]
    rows = list(csv.DictReader(io.StringIO(write("csv", changing()))))
    assert [(row["start"], row["end"], row["genre"], row["verdict"]) for row in rows] == [
        ("0.000", "50.000", "hiphop", "genre"),
        ("50.000", "90.000", "hiphop", "silence"),
        ("90.000", "140.000", "rock", "unsure"),
    ]
    (file,) = json.loads(write("json", changing()))["files"]
    assert [list(one) for one in file["chapters"]] == [list(file["timeline"][0])] * 3
    assert json.loads(write("jsonl", changing()))["chapters"] == file["chapters"]
    assert "chapters" not in write("json", changing(), least=None)
    assert [line.split("\t")[:2] for line in write("audacity", changing()).splitlines()] == [
        ["0.000000", "50.000000"],
        ["50.000000", "90.000000"],
        ["90.000000", "140.000000"],
    ]
    assert write("raven", changing()).count("\n") == 1 + 3
    segments = json.loads(write("jams", changing()))["annotations"][0]["data"]
    assert [(one["time"], one["value"]) for one in segments] == [(0.0, "hip-hop"), (90.0, "rock")]


@pytest.mark.usefixtures("at_once")
def test_a_cue_sheet_names_the_file_and_a_track_for_each() -> None:
    assert write("cue", changing('/music/a "b"\n.MP3')).splitlines()[1:] == [
        "FILE \"/music/a 'b'\\n.MP3\" MP3",
        "  TRACK 01 AUDIO",
        '    TITLE "hiphop"',
        "    INDEX 01 00:00:00",
        "  TRACK 02 AUDIO",
        '    TITLE "silence"',
        "    INDEX 01 00:50:00",
        "  TRACK 03 AUDIO",
        '    TITLE "rock (unsure)"',
        "    INDEX 01 01:30:00",
    ]
    assert write("cue", changing(), least=None) == write("cue", changing())
    assert write("cue", changing(ODD_NAME)).count("\n") == 11
    assert "chapters of 100 s" in write("cue", changing(), least=100.0)
    heard = changing().timeline
    thirds = replace(heard, starts=heard.starts / 3, ends=heard.ends / 3)
    assert "INDEX 01 00:16:50" in write("cue", replace(changing(), timeline=thirds), least=5.0)


@pytest.mark.usefixtures("at_once")
def test_a_cue_sheet_has_99_tracks_at_most() -> None:
    answers = np.full((1200, 10), 0.01)
    answers[np.arange(1200), np.arange(1200) // 6 % 2] = 0.9
    starts = np.arange(1200, dtype=np.float64)
    none = np.zeros(1200, np.bool_)
    many = replace(changing(), timeline=Timeline(GTZAN_GENRES, starts, starts + 1, answers, none, none))
    assert len(find_chapters(many.timeline, 5.0)) == 200
    sheet = write("cue", many, least=5.0)
    assert 0 < sheet.count("TRACK") <= 99
    assert "chapters of 10 s or more" in sheet
