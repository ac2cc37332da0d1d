"""One file's work as a plain call: the same here, in a worker process and on another machine."""

from __future__ import annotations

import os
import tempfile
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from app.files.answer import FileAnswer, FileError
from app.files.classify import classify_file
from app.files.fingerprint import Fingerprint, take_fingerprint
from app.files.parameters import Parameters
from app.stream.models import Model, identify, load_model
from audio import UnreadableFile
from model import WeightsError

Progress = Callable[[float, float | None], None]


@dataclass(frozen=True)
class Task:
    """What is to be done, small enough to be sent anywhere."""

    path: str
    weights: str
    weights_hash: str
    parameters: Parameters
    fingerprint: bool  # whether that of the file is wanted too


@dataclass(frozen=True)
class Outcome:
    """What came of it."""

    result: FileAnswer | FileError
    fingerprint: Fingerprint | None = None
    fault: str = ""  # the traceback, where the program itself is at fault


def perform(task: Task, on_progress: Progress | None = None) -> Outcome:
    """Never raises for what is wrong with one file: the others have a right to be done."""
    try:
        model = load_once(task.weights, task.weights_hash)
        # Before it is heard: a file that changes meanwhile will not match, and is done again.
        fingerprint = _fingerprint_if_readable(task.path) if task.fingerprint else None
        # Samples near the largest float overflow when channels are averaged: they are heard as silence, and counted.
        with decodable_name(task.path) as path, np.errstate(over="ignore", invalid="ignore"):
            answer = classify_file(model, path, task.parameters, on_progress)
        return Outcome(replace(answer, path=task.path), fingerprint)
    except (UnreadableFile, WeightsError) as error:
        return Outcome(FileError(task.path, str(error)))
    except OSError as error:
        return Outcome(FileError(task.path, f"the file cannot be read to its end ({error.strerror}): try it again"))
    except Exception as error:
        sentence = f"the program failed on this file ({error!r}): please report it, with what --verbose says"
        return Outcome(FileError(task.path, sentence), fault=traceback.format_exc())


@lru_cache(maxsize=1)
def load_once(weights: str, weights_hash: str) -> Model:
    """The model, loaded once in a process. Raises WeightsError, also when it is another one than was asked for."""
    model = load_model(Path(weights))
    if identify(Path(weights))["hash"] != weights_hash:
        raise WeightsError(f"{weights} is another model where the work is done: give every machine the same file")
    return model


@contextmanager
def decodable_name(path: str) -> Iterator[Path]:
    """The path itself, or a link to it where its name is no valid text: the decoders take only text."""
    try:
        path.encode()
    except UnicodeEncodeError:
        with tempfile.TemporaryDirectory(prefix="nystream-") as folder:
            link = Path(folder) / ("sound" + Path(path).suffix.encode("ascii", "ignore").decode())
            link.symlink_to(os.path.abspath(path))
            yield link
    else:
        yield Path(path)


def _fingerprint_if_readable(path: str) -> Fingerprint | None:
    try:
        return take_fingerprint(path)
    except OSError:
        return None  # the decoder says it in better words
