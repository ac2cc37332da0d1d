"""An answer as JSON and back: the keys that stay stable, and nothing lost on the way."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import numpy as np

from app.files.answer import FileAnswer, Hop, Timeline
from app.stream.stream import TwinComparison


def file_pieces(answer: FileAnswer, separator: str = ", ") -> Iterator[str]:
    """The JSON object of one file, piece by piece: the timeline of a day is too large to be made at once."""
    head: dict[str, Any] = {
        "path": answer.path,
        "genre": answer.genre,
        "probability": answer.probability,
        "probabilities": answer.probabilities,
        "unsure": answer.unsure,
        "duration": answer.duration,
        "invalid_samples": answer.invalid_samples,
        "segments": [asdict(segment) for segment in answer.timeline.segments()],
    }
    if answer.comparison is not None:
        head["comparison"] = _describe_comparison(answer.comparison)
    yield json.dumps(head)[:-1]
    yield ', "timeline": ['
    for index, hop in enumerate(answer.timeline.hops()):
        yield (separator if index else "") + json.dumps(asdict(hop))
    yield "]}"


def describe_hop_line(path: str, hop: Hop) -> str:
    """The JSON object of one hop of a stream."""
    return json.dumps({"path": path, **asdict(hop)})


def read_file(record: dict[str, Any]) -> FileAnswer:
    """The answer that `file_pieces` described. Raises KeyError, TypeError or ValueError for anything else."""
    genres = tuple(record["probabilities"])
    hops = record["timeline"]
    timeline = Timeline(
        genres,
        np.array([hop["start"] for hop in hops], dtype=np.float64),
        np.array([hop["end"] for hop in hops], dtype=np.float64),
        np.array([[hop["probabilities"][genre] for genre in genres] for hop in hops]).reshape(-1, len(genres)),
        np.array([hop["unsure"] for hop in hops], dtype=np.bool_),
    )
    kept = ("path", "genre", "probability", "probabilities", "unsure", "duration", "invalid_samples")
    comparison = _read_comparison(record["comparison"]) if "comparison" in record else None
    return FileAnswer(**{key: record[key] for key in kept}, timeline=timeline, comparison=comparison)


def _describe_comparison(comparison: TwinComparison) -> dict[str, Any]:
    return {
        "twin": {
            "genre": comparison.twin_genre,
            "probability": comparison.twin_probability,
            "probabilities": comparison.twin_probabilities,
        },
        "largest_difference": comparison.largest_difference,
        "flops": {"step": comparison.step_flops, "twin": comparison.twin_flops},
        "milliseconds": {"step": comparison.step_milliseconds, "twin": comparison.twin_milliseconds},
        "real_time_factor": {"step": comparison.step_real_time, "twin": comparison.twin_real_time},
    }


def _read_comparison(record: dict[str, Any]) -> TwinComparison:
    twin = record["twin"]
    return TwinComparison(
        twin["genre"],
        twin["probability"],
        twin["probabilities"],
        record["largest_difference"],
        record["flops"]["step"],
        record["flops"]["twin"],
        record["milliseconds"]["step"],
        record["milliseconds"]["twin"],
        record["real_time_factor"]["step"],
        record["real_time_factor"]["twin"],
    )
