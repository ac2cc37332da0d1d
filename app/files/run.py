"""One run of `nystream classify`: inputs through work into a sink, and an exit code."""

from __future__ import annotations

import json
import sys
from contextlib import ExitStack
from dataclasses import asdict

from app import __version__
from app.cli.main import EXIT_INTERRUPTED, EXIT_NO_MODEL, EXIT_OK, EXIT_SOME_FAILED
from app.cli.usage import UsageError
from app.files.answer import FileError
from app.files.cluster import NoCluster
from app.files.console import Console, wants_colour
from app.files.destination import StandardOutput
from app.files.formats import WRITERS, Run
from app.files.formats.json_object import SCHEMA
from app.files.interrupts import interrupted_afterwards, tidy_on_termination
from app.files.journal import Journal, journal_path
from app.files.queue import Queue
from app.files.request import Request
from app.files.sinks import Sink, open_sink
from app.files.whole_file import WholeFile
from app.files.work import load_once
from app.stream.models import identify
from model import WeightsError


def run_request(request: Request) -> int:
    """Do it; returns the exit code. Raises UsageError, BrokenPipeError."""
    console = Console(request.quiet, request.verbose)
    try:
        identity = identify(request.weights) if request.weights.is_file() else {"name": "", "hash": ""}
        load_once(str(request.weights), identity["hash"])
    except (WeightsError, OSError) as error:
        console.error(str(error))
        return EXIT_NO_MODEL
    described = request.parameters.describe()
    run = Run(identity, described, request.timeline, request.on_terminal and wants_colour(sys.stdout), __version__)
    errors: list[FileError] = []
    with ExitStack() as stack, tidy_on_termination():
        try:
            # What there is of one document is ours to replace when it is continued.
            overwrite = request.overwrite or request.resume
            sink = open_sink(stack, request.destination, WRITERS[request.format], run, overwrite, console)
            journal = _open_journal(request, {"schema": SCHEMA, "model": identity["hash"], "parameters": described})
        except OSError as error:
            if isinstance(request.destination, StandardOutput):
                return _nothing_written(error, console)
            raise UsageError(f"nothing can be written there ({error.strerror}): choose another place") from None
        if journal is not None:
            stack.callback(journal.close)
        return _work(request, identity["hash"], sink, journal, errors, console)


def _work(
    request: Request, weights_hash: str, sink: Sink, journal: Journal | None, errors: list[FileError], console: Console
) -> int:
    code = EXIT_OK
    queue = Queue(request, weights_hash, sink, journal, errors, console)
    try:
        queue.work_off()
    except KeyboardInterrupt:
        console.error("interrupted: what is finished is kept")
        code = EXIT_INTERRUPTED
    except NoCluster as error:
        raise UsageError(str(error)) from None
    except OSError as error:
        return _nothing_written(error, console)
    try:
        with interrupted_afterwards():
            sink.finish(errors)
            if request.errors_file is not None:
                _write_errors(request, errors)
    except OSError as error:
        return _nothing_written(error, console)
    console.clear()
    if errors and code == EXIT_OK:
        console.detail(f"{len(errors)} of {len(request.items)} failed")
        code = EXIT_SOME_FAILED
    return code


def _nothing_written(error: OSError, console: Console) -> int:
    if isinstance(error, BrokenPipeError):
        raise error
    console.error(f"the answers cannot be written ({error.strerror}): make room, or choose another place")
    sys.stdout = None  # or the interpreter tries once more and complains
    return EXIT_SOME_FAILED


def _open_journal(request: Request, answered_with: dict[str, object]) -> Journal | None:
    path = journal_path(request.destination)
    return None if path is None else Journal(path, answered_with, keep=request.resume or not request.overwrite)


def _write_errors(request: Request, errors: list[FileError]) -> None:
    assert request.errors_file is not None
    with WholeFile(request.errors_file, request.overwrite or request.resume) as whole:
        json.dump({"schema": SCHEMA, "errors": [asdict(error) for error in errors]}, whole.stream, indent=1)
        whole.stream.write("\n")
        whole.commit()
