"""The benchmark of `nystream classify` runs, and what it says can be true."""

from __future__ import annotations

import json
from typing import Any

from scripts.benchmark_offline import table
from tests.scripts.gtzan import script


def test_the_report_has_speed_memory_scaling_and_the_start() -> None:
    done = script("benchmark_offline.py", "--quick", "--json")
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    for row in report["one_core"]:
        assert abs(row["real_time"] * row["seconds"] - 60 * row["minutes"]) < 1
        # On Linux it is never less than what the starting process takes, here all of the tests' libraries.
        assert row["megabytes"] is None or 50 < row["megabytes"] < 20_000
    assert {row["encoding"] for row in report["encodings"]} >= {"wav", "flac", "ogg", "mp3", "m4a", "opus"}
    # Of WAV decoding is a small part; on a busy machine two times of a few milliseconds may change places elsewhere.
    assert all(0 < row["real_time"] < 2 * row["decoding_real_time"] for row in report["encodings"])
    assert report["jobs"][0] == {**report["jobs"][0], "jobs": 1, "speedup": 1.0}
    assert 0 < report["start_seconds"] < 100
    assert all(1 < microseconds < 1e5 for microseconds in report["front_end_us"].values())
    lines = table(report)
    assert len(lines) == 4 + len(report["encodings"]) + len(report["one_core"]) + len(report["jobs"])
