"""JAMS, the JSON Annotated Music Specification."""

from __future__ import annotations

import json
from pathlib import PurePath

from app.files.answer import FileAnswer
from app.files.formats.writer import Writer

JAMS_VERSION = "0.3.4"  # of the specification that this follows
GTZAN_TAGS = frozenset(["blues", "classical", "country", "disco", "hip-hop", "jazz", "metal", "pop", "reggae", "rock"])


class JamsWriter(Writer):
    """One object with one annotation per kind of answer: the segments, and the file as a whole.

    The namespace is `tag_gtzan`, JAMS' own for these ten genres, which spells one of them "hip-hop"; a model with other
    genres gets `tag_open`. JAMS needs the duration of the file; it and everything about the model that has no place of
    its own is in a sandbox, where JAMS wants such things. JAMS is about one sound.
    """

    suffix = ".jams"
    holds_many = False

    def add(self, answer: FileAnswer) -> None:
        segments = [
            self._observation(segment.start, segment.end, segment.genre, segment.probability)
            for segment in answer.timeline.segments()
        ]
        whole = [self._observation(0.0, answer.duration, answer.genre, answer.probability)]
        namespace = "tag_gtzan" if set(map(spell, answer.probabilities)) <= GTZAN_TAGS else "tag_open"
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
                self._annotation(namespace, segments, answer, "segments"),
                self._annotation(namespace, whole, answer, "whole file"),
            ],
            "sandbox": {"path": answer.path, "unsure": answer.unsure, "probabilities": answer.probabilities},
        }
        json.dump(document, self.stream, indent=1)
        self.stream.write("\n")
        self.stream.flush()

    def _observation(self, start: float, end: float, genre: str, probability: float) -> dict[str, object]:
        return {"time": start, "duration": max(0.0, end - start), "value": spell(genre), "confidence": probability}

    def _annotation(
        self, namespace: str, data: list[dict[str, object]], answer: FileAnswer, what: str
    ) -> dict[str, object]:
        return {
            "namespace": namespace,
            "time": 0.0,
            "duration": answer.duration,
            "annotation_metadata": {
                "annotation_tools": f"nystream {self.run.version}",
                "version": "",
                "data_source": "program",
            },
            "data": data,
            "sandbox": {"what": what, "model": self.run.model, "parameters": self.run.parameters},
        }


def spell(genre: str) -> str:
    """A genre as JAMS spells it."""
    return "hip-hop" if genre == "hiphop" else genre
