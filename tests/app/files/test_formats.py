"""Every format says the same, in the form that its own programs read."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from itertools import pairwise
from typing import Any, get_args

import numpy as np
import pytest

from app.cli.arguments import FORMATS
from app.files.answer import FileAnswer, FileError, Timeline, Verdict
from app.files.formats import Run
from app.files.json_formats import file_pieces, read_file
from app.files.output import WRITERS
from app.stream.stream import TwinComparison
from model import GTZAN_GENRES

PARAMETERS = {"hop": 1.0, "smoothing": 3.0, "compare": False, "channel": 2}
ODD_NAME = 'a "b",\tc\nd\re\x1b[31m\udcff.wav'


def made_answer(path: str = "song.wav", hops: int = 5) -> FileAnswer:
    answers = np.random.default_rng(0).dirichlet(np.ones(10), hops).round(6).astype(np.float64)
    answers[:3, 4] += 1.0  # hiphop leads at first
    starts = np.arange(hops, dtype=np.float64)
    ends = np.append(starts[1:], hops - 0.25)
    mean = answers.mean(axis=0)
    return FileAnswer(
        path=path,
        genre="hiphop",
        probability=float(mean[4]),
        probabilities=dict(zip(GTZAN_GENRES, mean.tolist(), strict=True)),
        unsure=True,
        verdict="unsure",
        duration=hops - 0.25,
        sample_rate=8_000,
        invalid_samples=7,
        timeline=Timeline(GTZAN_GENRES, starts, ends, answers, answers.max(axis=1) < 0.5, starts == 3.0),
    )


def write(
    kind: str,
    *answers: FileAnswer,
    timeline: bool = False,
    errors: tuple[FileError, ...] = (),
    parameters: dict[str, Any] = PARAMETERS,
) -> str:
    stream = io.StringIO()
    writer = WRITERS[kind](stream, Run({"name": "n", "hash": "h"}, parameters, GTZAN_GENRES, timeline))
    for answer in answers:
        writer.add(answer)
    writer.finish(errors)
    return stream.getvalue()


def test_every_format_that_can_be_asked_for_has_a_writer_and_a_suffix_of_its_own() -> None:
    assert set(WRITERS) == set(FORMATS)
    assert len({kind.suffix for kind in WRITERS.values()}) == len(FORMATS)


def test_json_is_one_object_with_the_keys_that_stay() -> None:
    written = json.loads(write("json", made_answer(), made_answer(ODD_NAME), errors=(FileError("x", "no"),)))
    assert list(written) == ["schema", "model", "parameters", "files", "errors"]
    assert written["model"] == {"name": "n", "hash": "h"}
    assert written["errors"] == [{"path": "x", "error": "no"}]
    file = written["files"][1]
    assert {"path", "genre", "probability", "probabilities", "unsure", "duration", "timeline"} <= set(file)
    assert file["path"] == ODD_NAME
    assert len(file["timeline"]) == 5
    assert set(file["timeline"][0]) == {"start", "end", "genre", "probability", "probabilities", "unsure", "verdict"}
    empty = json.loads(write("json"))
    assert empty["files"] == empty["errors"] == []


def test_a_record_is_read_back_to_the_last_bit() -> None:
    twin = TwinComparison("jazz", 0.1, {"jazz": 0.1}, 1e-7, 1, 2, 3.0, 4.0, 5.0, 6.0)
    for answer in (made_answer(ODD_NAME), replace(made_answer(), comparison=twin)):
        again = read_file(json.loads("".join(file_pieces(answer))))
        assert "".join(file_pieces(again)) == "".join(file_pieces(answer))
        assert replace(again, timeline=answer.timeline) == answer
        np.testing.assert_array_equal(again.timeline.probabilities, answer.timeline.probabilities)


def test_json_lines_is_a_file_a_line() -> None:
    lines = write("jsonl", made_answer("a"), made_answer("b\n")).splitlines()
    assert [json.loads(line)["path"] for line in lines] == ["a", "b\n"]


@pytest.mark.parametrize("timeline", [False, True])
def test_csv_survives_any_name(timeline: bool) -> None:
    answers = made_answer(), made_answer(ODD_NAME)
    rows = list(csv.DictReader(io.StringIO(write("csv", *answers, timeline=timeline), newline="")))
    assert len(rows) == (10 if timeline else 2)
    assert rows[-1]["path"] == ODD_NAME
    for row in rows:
        assert float(row["probability"]) == pytest.approx(float(row[row["genre"]]))
    assert rows[0]["genre"] == "hiphop"
    assert {"start", "end"} <= set(rows[0]) if timeline else float(rows[0]["duration"]) == 4.75


@pytest.mark.parametrize("timeline", [False, True])
def test_csv_without_a_single_answer_has_its_header(timeline: bool) -> None:
    assert write("csv", timeline=timeline) == write("csv", made_answer(), timeline=timeline).splitlines(True)[0]


def test_times_in_csv_round_half_up() -> None:
    rows = csv.DictReader(io.StringIO(write("csv", replace(made_answer(), duration=0.0625))))
    assert next(rows)["duration"] == "0.063"


def test_audacity_labels_have_three_columns_and_follow_one_another() -> None:
    lines = write("audacity", made_answer()).splitlines()
    columns = [line.split("\t") for line in lines]
    assert {len(row) for row in columns} == {3}
    times = [(float(start), float(end)) for start, end, _ in columns]
    assert times[0] == (0.0, 3.0)
    assert times[-1][1] == 4.75
    assert all(end == start for (_, end), (start, _) in pairwise(times))
    assert columns[0][2].startswith("hiphop ")
    assert columns[1][2] == "silence"
    assert columns[2][2].endswith(" (unsure)")


def test_raven_gets_its_own_columns() -> None:
    rows = list(
        csv.DictReader(io.StringIO(write("raven", made_answer(ODD_NAME))), delimiter="\t", quoting=csv.QUOTE_NONE)
    )
    assert [row["Selection"] for row in rows] == [str(number + 1) for number in range(len(rows))]
    for row in rows:
        assert float(row["Begin Time (s)"]) < float(row["End Time (s)"])
        assert (row["View"], row["Channel"], float(row["High Freq (Hz)"])) == ("Spectrogram 1", "2", 4_000.0)
        assert None not in row
    assert [row["Verdict"] for row in rows] == ["genre", "silence", "unsure"]
    assert [row["Genre"] == "silence" for row in rows] == [False, True, False]
    other = dict(PARAMETERS) | {"channel": None}
    lines = write("raven", replace(made_answer(), sample_rate=44_100), parameters=other).splitlines()
    assert lines[1].split("\t")[2:7:4] == ["1", "11025.0"]


def test_jams_is_what_its_specification_asks_for() -> None:
    document = json.loads(write("jams", made_answer()))
    assert document["file_metadata"]["duration"] == 4.75
    *genres, doubt = document["annotations"]
    for annotation in genres:
        assert annotation["namespace"] == "tag_gtzan"
        for observation in annotation["data"]:
            assert set(observation) == {"time", "duration", "value", "confidence"}
            assert observation["value"] in {"hip-hop", *GTZAN_GENRES} - {"hiphop"}
    assert [annotation["data"][0]["value"] for annotation in genres] == ["hip-hop", "hip-hop"]
    assert [len(annotation["data"]) for annotation in genres] == [2, 1]
    assert doubt["namespace"] == "tag_open"
    assert [(one["time"], one["value"]) for one in doubt["data"]] == [(3.0, "silence"), (4.0, "unsure")]
    silence = replace(made_answer(), verdict="silence")
    assert json.loads(write("jams", silence))["annotations"][1]["data"] == []


def test_what_was_not_heard_is_said_in_place_of_a_genre() -> None:
    assert write("table", made_answer("a"), timeline=True).splitlines()[3] == "a 0:03: silence"
    said = {verdict: write("table", replace(made_answer("a"), verdict=verdict)) for verdict in get_args(Verdict)}
    assert said == {
        "genre": "a: hiphop 0.69\n",
        "unsure": "a: hiphop 0.69 (unsure)\n",
        "silence": "a: silence\n",
        "cancelled": "a: silence (the channels cancel each other: try --channel 1)\n",
    }
    for verdict in said:
        row = next(csv.DictReader(io.StringIO(write("csv", replace(made_answer("a"), verdict=verdict)))))
        assert (row["verdict"], row["genre"]) == (verdict, "hiphop")


@pytest.mark.filterwarnings("ignore::DeprecationWarning:jsonschema")
def test_jams_itself_accepts_it() -> None:
    jams = pytest.importorskip("jams")
    loaded = jams.load(io.StringIO(write("jams", made_answer())), validate=True, strict=True)
    assert len(loaded.annotations) == 3


def test_a_table_line_stays_one_line_and_commands_nothing() -> None:
    assert write("table", made_answer(ODD_NAME)).startswith('a "b",\\tc\\nd\\re\\x1b[31m\udcff.wav: ')


def test_times_in_a_table_round_half_up() -> None:
    answer = made_answer()
    halves = replace(answer.timeline, starts=answer.timeline.starts + 0.5)
    lines = write("table", replace(answer, timeline=halves), timeline=True).splitlines()
    assert [line.split()[1] for line in lines] == ["0:01:", "0:02:", "0:03:", "0:04:", "0:05:"]
