"""An answer as JSON and back, and the output formats that are JSON: keys that stay stable, and nothing lost."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePath
from typing import Any

import numpy as np

from app import __version__
from app.files.answer import FileAnswer, FileError, Hop, Segment, Timeline
from app.files.formats import Writer
from app.stream.stream import TwinComparison
from app.text import to_json

SCHEMA = "nystream-classify-1"
JAMS_VERSION = "0.3.4"  # of the specification that this follows
GTZAN_TAGS = frozenset(["blues", "classical", "country", "disco", "hip-hop", "jazz", "metal", "pop", "reggae", "rock"])
RECORD = 3  # another number whenever answers change: what an older program kept is then done again
KEPT = (  # of an answer, as is
    *("path", "genre", "probability", "probabilities", "unsure", "verdict"),
    *("duration", "sample_rate", "invalid_samples", "complete", "track", "tracks"),
)
IN_SANDBOX = ("path", "unsure", "verdict", "complete", "probabilities")
# Keys of a comparison, and what its fields end in: step_flops, twin_flops ...
TWIN_KEYS = ("genre", "probability", "probabilities")
COSTS = {"flops": "flops", "milliseconds": "milliseconds", "real_time_factor": "real_time"}
PAIR = ("step", "twin")

Tag = tuple[Hop | Segment, str, float | None]  # where it stands, what it says, and how sure that is


def file_pieces(answer: FileAnswer, separator: str = ", ", chapters: Iterable[Hop] | None = None) -> Iterator[str]:
    """The JSON object of one file, piece by piece: the timeline of a day is too large to be made at once."""
    head: dict[str, Any] = {key: getattr(answer, key) for key in KEPT}
    head["segments"] = [vars(segment) for segment in answer.timeline.segments()]
    if chapters is not None:
        head["chapters"] = [vars(chapter) for chapter in chapters]
    if answer.share is not None:
        head["share"] = answer.share
    if answer.comparison is not None:
        head["comparison"] = _describe_comparison(answer.comparison)
    yield to_json(head)[:-1]
    yield ', "timeline": ['
    for index, hop in enumerate(answer.timeline.hops()):
        yield (separator if index else "") + to_json(vars(hop))
    yield "]}"


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
        np.array([hop["verdict"] == "silence" for hop in hops], dtype=np.bool_),
    )
    comparison = _read_comparison(record["comparison"]) if "comparison" in record else None
    kept = {key: record[key] for key in KEPT} | {"share": record.get("share")}
    return FileAnswer(**kept, timeline=timeline, comparison=comparison)


def _describe_comparison(comparison: TwinComparison) -> dict[str, Any]:
    return {
        "twin": {key: getattr(comparison, f"twin_{key}") for key in TWIN_KEYS},
        "largest_difference": comparison.largest_difference,
    } | {key: {of: getattr(comparison, f"{of}_{ending}") for of in PAIR} for key, ending in COSTS.items()}


def _read_comparison(record: dict[str, Any]) -> TwinComparison:
    answer = {f"twin_{key}": record["twin"][key] for key in TWIN_KEYS}
    costs = {f"{of}_{ending}": record[key][of] for key, ending in COSTS.items() for of in PAIR}
    return TwinComparison(**answer, largest_difference=record["largest_difference"], **costs)


class JsonWriter(Writer):
    """One object for the whole run, with what it takes to repeat it: which model, which parameters.

    Written as the files come in, so that neither a large library nor a long file is ever held whole; what failed comes
    last because it is known last. A hop stands on a line of its own, for people and for diff. All characters are ASCII:
    a name that is no valid text keeps its bytes as Python's surrogate escapes.
    """

    suffix = ".json"
    _begun = False

    def begin(self) -> None:
        self.stream.write(f'{{"schema": {to_json(SCHEMA)},\n"model": {to_json(self.run.model)},\n')
        self.stream.write(f'"parameters": {to_json(self.run.parameters)},\n"files": [')

    def add(self, answer: FileAnswer) -> None:
        self.stream.write(",\n" if self._begun else "\n")
        self._begun = True
        self.stream.writelines(file_pieces(answer, ",\n  ", self.run.chapters_of(answer)))

    def finish(self, errors: Sequence[FileError]) -> None:
        self.stream.write(f'],\n"errors": {to_json([vars(error) for error in errors])}}}\n')
        self.stream.flush()


class JsonLinesWriter(Writer):
    """One object a line: a file, with the keys of a file in JSON, or a hop of a stream that goes on.

    Every line is flushed when it is known, so that the next program in the pipe can act on it. No header and no
    footer: any line can be lost, and two outputs can be joined with `cat`. Errors are on standard error and in the
    file of `--errors`, not among the answers.
    """

    suffix = ".jsonl"

    def add(self, answer: FileAnswer) -> None:
        self.stream.writelines(file_pieces(answer, chapters=self.run.chapters_of(answer)))
        self.stream.write("\n")
        self.stream.flush()

    def add_hop(self, path: str, hop: Hop) -> None:
        print(to_json({"path": path, **vars(hop)}), file=self.stream, flush=True)


class JamsWriter(Writer):
    """The JSON Annotated Music Specification: an object with an annotation for the segments, one for the whole, and one
    for the segments that are silent or in doubt.

    The namespace is `tag_gtzan`, JAMS' own for these ten genres, which spells one of them "hip-hop"; a model with other
    genres gets `tag_open`, and so do "silence" and "unsure", which are no genres. JAMS needs the duration of the file;
    it and everything about the model that has no place of its own is in a sandbox, where JAMS wants such things. JAMS
    is about one sound.
    """

    suffix = ".jams"
    holds_many = False

    def add(self, answer: FileAnswer) -> None:
        whole = Segment(0.0, answer.duration, answer.genre, answer.probability, answer.verdict)
        namespace = "tag_gtzan" if set(map(_spell, answer.probabilities)) <= GTZAN_TAGS else "tag_open"
        segments = list(self.run.segments(answer))
        in_doubt = [(segment, segment.verdict, None) for segment in segments if segment.verdict != "genre"]
        document = {
            "file_metadata": {
                "title": PurePath(answer.path).stem,
                "artist": "",
                "release": "",
                "duration": answer.duration,
                "identifiers": {},
                "jams_version": JAMS_VERSION,
            },
            "annotations": [
                self._annotation(answer, namespace, _genres(segments), "segments"),
                self._annotation(answer, namespace, _genres([whole]), "whole file"),
                self._annotation(answer, "tag_open", in_doubt, "silence and doubt"),
            ],
            "sandbox": {key: getattr(answer, key) for key in IN_SANDBOX},
        }
        self.stream.write(to_json(document, indent=1) + "\n")
        self.stream.flush()

    def _annotation(self, answer: FileAnswer, namespace: str, tags: Sequence[Tag], what: str) -> dict[str, object]:
        return {
            "namespace": namespace,
            "time": 0.0,
            "duration": answer.duration,
            "annotation_metadata": {
                "annotation_tools": f"nystream {__version__}",
                "version": "",
                "data_source": "program",
            },
            "data": [
                {
                    "time": segment.start,
                    "duration": max(0.0, segment.end - segment.start),
                    "value": value,
                    "confidence": confidence,
                }
                for segment, value, confidence in tags
            ],
            "sandbox": {"what": what, "model": self.run.model, "parameters": self.run.parameters},
        }


def _genres(segments: Sequence[Hop | Segment]) -> list[Tag]:
    """Of those that have one."""
    heard = [segment for segment in segments if segment.verdict in ("genre", "unsure")]
    return [(segment, _spell(segment.genre), segment.probability) for segment in heard]


def _spell(genre: str) -> str:
    """As JAMS spells it."""
    return "hip-hop" if genre == "hiphop" else genre
