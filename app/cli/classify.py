"""`nystream classify`: what was asked for, checked before anything is loaded."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from app.cli import EXIT_OK, EXIT_SOME_FAILED, UsageError
from app.files.answer import FileError
from app.files.console import Console
from app.files.inputs import STANDARD_INPUT, common_root, expand
from app.files.journal import journal_path
from app.files.output import WRITERS, Destination, Tree, is_stream
from app.files.parameters import choose_genres, parse_chapters, parse_parameters, parse_settle
from app.files.pool import CannotRun, start_ahead
from app.files.run import Request, run_request
from app.files.tags import UNDO_FILE, Tagging, undo
from app.files.watch import CannotWatch, Watch
from audio import RawFormat
from model import read_config


def run(options: argparse.Namespace) -> int:
    """Answers on standard output, everything else on standard error. Raises UsageError and WeightsError."""
    console = Console(options.quiet, options.verbose)
    if options.undo is not None and options.write_tags is None:
        return _take_back(options, console)
    request = understand(options, console)
    if request.jobs > 1:
        start_ahead()
    try:
        return EXIT_OK if run_request(request, console) else EXIT_SOME_FAILED
    except CannotRun as error:
        raise UsageError(str(error)) from None


def _take_back(options: argparse.Namespace, console: Console) -> int:
    """What --undo alone means. Raises UsageError."""
    if options.paths:
        raise UsageError("--undo takes back what was written: add --write-tags=now to write, or leave the paths out")
    try:
        return EXIT_OK if undo(options.undo, options.keep_times, console) else EXIT_SOME_FAILED
    except CannotRun as error:
        raise UsageError(str(error)) from None


def understand(options: argparse.Namespace, console: Console) -> Request:
    """Raises UsageError."""
    try:
        parameters = parse_parameters(options.hop, options.smoothing, options.channel, options.compare, options.track)
        chapters = None if options.chapters is None else parse_chapters(options.chapters)
        raw = None if options.raw is None else RawFormat.parse(options.raw)
    except ValueError as error:
        raise UsageError(str(error)) from None
    if not options.paths and options.watch is None:
        raise UsageError("there is nothing to classify: name at least one path")
    if options.top < 1:
        raise UsageError(f"--top {options.top} is too few: give 1 or more")
    if options.jobs < 1:
        raise UsageError(f"--jobs {options.jobs} is too few: give 1 or more")
    try:  # before the paths are looked for: what comes meanwhile has arrived
        watch = None if options.watch is None else Watch(options.watch, parse_settle(options.settle))
    except (CannotWatch, ValueError) as error:
        raise UsageError(str(error)) from None
    items = tuple(
        expand(
            options.paths,
            options.recursive,
            lambda path: console.detail(f"{path}: passed over, it is hidden or not a sound file by its name or kind"),
        )
    )
    piped = items.count(STANDARD_INPUT)
    if piped > 1 or (piped and "@-" in options.paths):
        raise UsageError("standard input can be read only once: name - once")
    if raw is not None and not piped:
        raise UsageError("--raw describes standard input: add - to the paths")
    kind = WRITERS[options.format]
    destination = find_destination(options, items, kind.suffix)
    if not kind.holds_many and (len(items) > 1 or watch is not None) and not isinstance(destination, Tree):
        raise UsageError(f"--format {options.format} is about one file each: add -o FOLDER")
    if options.resume and journal_path(destination) is None:
        raise UsageError("--resume continues files, not what has been printed: add -o FILE or -o FOLDER")
    check_written([options.errors, destination], options, items)
    if isinstance(destination, Tree) and os.path.lexists(destination.folder) and not destination.folder.is_dir():
        raise UsageError(f"{destination.folder} is no folder: choose another name")
    if options.only or options.exclude:
        parameters = replace(parameters, genres=_choose_genres(options, console))
    return Request(
        items=items,
        parameters=parameters,
        format=options.format,
        destination=destination,
        overwrite=options.overwrite,
        resume=options.resume,
        timeline=options.timeline,
        top=options.top,
        chapters=chapters,
        raw=raw,
        jobs=options.jobs,
        scheduler=options.dask,
        weights=Path(os.path.abspath(options.weights)),
        errors_file=options.errors,
        tagging=_find_tagging(options),
        watch=watch,
    )


def _find_tagging(options: argparse.Namespace) -> Tagging | None:
    """What --write-tags means. Raises UsageError."""
    if options.write_tags is None:
        if options.replace_genres:
            raise UsageError("--replace-genres is about tags: add --write-tags")
        return None
    undo_file = options.undo or Path(UNDO_FILE)
    return Tagging(options.write_tags == "now", options.replace_genres, options.keep_times, undo_file)


def _choose_genres(options: argparse.Namespace, console: Console) -> tuple[str, ...] | None:
    """Raises UsageError, and WeightsError."""
    try:
        genres = choose_genres(read_config(options.weights).genres, options.only, options.exclude)
    except ValueError as error:
        raise UsageError(str(error)) from None
    if genres is not None and options.compare:
        raise UsageError("--compare is about all genres: leave --only or --exclude out")
    if genres is not None:
        console.note(f"answers are among {', '.join(genres)} alone, whose probabilities add up to 1")
    return genres


def check_written(
    written: Sequence[Destination], options: argparse.Namespace, items: Sequence[str | FileError]
) -> None:
    """Whether these files may be made or replaced: none is read, and no two are one. Raises UsageError."""
    paths = [path for path in written if isinstance(path, Path) and not is_stream(path)]
    lists = [path[1:] for path in options.paths if path.startswith("@")]
    read = [path for path in (*items, *lists, options.weights) if not isinstance(path, FileError)]
    for path in paths:
        if os.path.isdir(path):
            raise UsageError(f"{path} is a folder: name a file")
        if os.path.exists(path) and not (options.overwrite or options.resume):
            raise UsageError(f"{path} exists already: add --overwrite, or choose another name")
        if any(map(partial(_is_same, path), read)):
            raise UsageError(f"{path} would replace what is to be read: choose another name")
    if len(set(map(os.path.realpath, paths))) < len(paths):
        raise UsageError(f"{paths[0]} cannot hold both answers and errors: choose another name")


def _is_same(one: str | Path, other: str | Path) -> bool:
    """Whether both are there and one file, by links or not."""
    try:
        return os.path.samefile(one, other)
    except (OSError, ValueError):
        return False


def find_destination(options: argparse.Namespace, items: tuple[str | FileError, ...], suffix: str) -> Destination:
    """What `-o` means."""
    output: str = options.output
    if output == "-":
        return None
    # A folder is there, or its name ends in a slash, or it is new and its name has no suffix.
    new = not os.path.lexists(output)
    if not (os.path.isdir(output) or output.endswith(("/", os.sep)) or (new and not os.path.splitext(output)[1])):
        return Path(output)
    inputs = [item for item in items if isinstance(item, str)]
    given = [path for path in options.paths if not path.startswith("@")]
    if options.watch is not None:
        given = [*(path for path in given if path != options.watch), options.watch]
        inputs.append(os.path.join(options.watch, "arrival"))
    root = common_root(given if len(given) == len(options.paths) else [], inputs)
    return Tree(Path(output), root, suffix)
