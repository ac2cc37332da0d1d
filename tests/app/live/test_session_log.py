"""The log of a session has every frame of every run, and says nothing that was not measured."""

from __future__ import annotations

import csv
import io
import json
import math

import pytest

from app.live.session_log import NUMBERS, SCHEMA, SessionLog
from tests.app.scripted_session import GENRES, snapshot


@pytest.fixture
def log() -> SessionLog:
    made = SessionLog(GENRES)
    made.add(snapshot(0, "jazz", 0.75, twin=None, level_dbfs=-math.inf, source="desk"))
    made.begin()  # a run of which nothing was heard
    made.begin()
    made.add(snapshot(0, "metal", 0.5, raw_favourite="rock", source="song.wav"))
    made.add(snapshot(1, "metal", 0.6, dropped=4, source="song.wav"))
    return made


def test_every_frame_of_every_run_is_there_in_order(log: SessionLog) -> None:
    rows = list(csv.DictReader(io.StringIO(log.as_csv().decode())))
    assert len(log) == len(rows) == 3
    assert [(row["run"], row["source"], row["genre"]) for row in rows] == [
        ("1", "desk", "jazz"),
        ("2", "song.wav", "metal"),
        ("2", "song.wav", "metal"),
    ]
    assert float(rows[0]["jazz"]) == 0.75
    assert float(rows[1]["raw_rock"]) == 0.5
    assert float(rows[2]["dropped"]) == 4
    assert float(rows[1]["twin_us"]) == 4000
    assert float(rows[1]["step_us"]) == 100


def test_what_was_not_measured_is_empty(log: SessionLog) -> None:
    first = next(csv.DictReader(io.StringIO(log.as_csv().decode())))
    assert first["twin_us"] == ""
    assert first["level_dbfs"] == ""
    lines = [json.loads(line) for line in log.as_json_lines().decode().splitlines()]
    assert lines[0] == {"schema": SCHEMA, "genres": list(GENRES)}
    assert lines[1]["twin_us"] is None
    assert lines[1]["level_dbfs"] is None
    assert lines[2]["probabilities"]["metal"] == 0.5
    assert lines[2]["raw"]["rock"] == 0.5
    assert set(NUMBERS) <= set(lines[3])
    assert len(lines) == 4


def test_an_hour_takes_no_more_than_eight_megabytes() -> None:
    log = SessionLog(GENRES)
    for index in range(1000):
        log.add(snapshot(index))
    assert len(log._numbers) * log._numbers.itemsize * 46.45 < 8e6  # 46 450 frames an hour
