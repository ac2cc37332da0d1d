"""`nystream classify`: what was asked for, checked before anything heavy is imported."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from app.cli.usage import UsageError
from app.files.answer import FileError
from app.files.destination import Destination, OneFile, StandardOutput, Tree, is_folder
from app.files.formats import WRITERS
from app.files.inputs import STANDARD_INPUT, common_root, expand
from app.files.parameters import Parameters, parse_channel, parse_hop, parse_smoothing
from app.files.processes import start_ahead
from app.files.request import Request
from audio import RawFormat


def run_classify(options: argparse.Namespace) -> int:
    """Answers on standard output, everything else on standard error. Raises UsageError."""
    request = understand(options)
    if request.jobs > 1:
        start_ahead()
    from app.files.run import run_request  # torch: only now that there is something to do

    return run_request(request)


def understand(options: argparse.Namespace) -> Request:
    """Raises UsageError."""
    try:
        hop, smoothing = parse_hop(options.hop), parse_smoothing(options.smoothing)
        parameters = Parameters(hop, smoothing, options.compare, parse_channel(options.channel))
        raw = None if options.raw is None else RawFormat.parse(options.raw)
    except ValueError as error:
        raise UsageError(str(error)) from None
    if options.jobs < 1:
        raise UsageError(f"--jobs {options.jobs} is too few: give 1 or more")
    items = tuple(expand(options.paths, options.recursive))
    from_pipe = [item for item in items if item == STANDARD_INPUT]
    if len(from_pipe) > 1 or (from_pipe and "@-" in options.paths):
        raise UsageError("standard input can be read only once: name - once")
    if raw is not None and not from_pipe:
        raise UsageError("--raw describes standard input: add - to the paths")
    kind = WRITERS[options.format]
    destination = find_destination(options, items, kind.suffix)
    if not kind.holds_many and len(items) > 1 and not isinstance(destination, Tree):
        raise UsageError(f"--format {options.format} is about one file each: add -o FOLDER")
    if options.resume and isinstance(destination, StandardOutput):
        raise UsageError("--resume continues files, not what has been printed: add -o FILE or -o FOLDER")
    written = [options.errors] if options.errors is not None else []
    written += [destination.path] if isinstance(destination, OneFile) else []
    for path in written:
        if os.path.isdir(path):
            raise UsageError(f"{path} is a folder: name a file")
        if os.path.lexists(path) and not (options.overwrite or options.resume):
            raise UsageError(f"{path} exists already: add --overwrite, or choose another name")
    if isinstance(destination, Tree) and os.path.lexists(destination.folder) and not destination.folder.is_dir():
        raise UsageError(f"{destination.folder} is no folder: choose another name")
    return Request(
        items=items,
        parameters=parameters,
        format=options.format,
        destination=destination,
        overwrite=options.overwrite,
        resume=options.resume,
        timeline=options.timeline,
        raw=raw,
        jobs=options.jobs,
        scheduler=options.dask,
        weights=Path(os.path.abspath(options.weights)),
        errors_file=options.errors,
        quiet=options.quiet,
        verbose=options.verbose,
        on_terminal=sys.stdout is not None and sys.stdout.isatty(),
    )


def find_destination(options: argparse.Namespace, items: tuple[str | FileError, ...], suffix: str) -> Destination:
    """What `-o` means."""
    if options.output == "-":
        return StandardOutput()
    if not is_folder(options.output):
        return OneFile(Path(options.output))
    inputs = [item for item in items if isinstance(item, str)]
    given = [path for path in options.paths if not path.startswith("@")]
    root = common_root(given if len(given) == len(options.paths) else [], inputs)
    return Tree(Path(options.output), root, suffix)
