"""The command line: what was asked for is found out first, heavy things are imported after that."""

from __future__ import annotations

import argparse
import errno
import faulthandler
import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.util import find_spec

from app.cli import EXIT_INTERRUPTED, EXIT_NO_MODEL, EXIT_OK, EXIT_SOME_FAILED, EXIT_USAGE, UsageError
from app.cli.arguments import fill_in, launcher, parser
from app.files.console import Console

WINDOW = ("PySide6", "pyqtgraph")  # the extra `gui`

Parse = Callable[[], argparse.Namespace]  # raises SystemExit


def main(arguments: Sequence[str] | None = None) -> int:
    """One command; returns its exit code."""
    words = sys.argv[1:] if arguments is None else arguments
    return finish(lambda: parser().parse_args(fill_in(words)))


def gui() -> int:
    """The window, for launchers that have no terminal and may give it files."""
    return finish(lambda: launcher().parse_intermixed_args(sys.argv[1:]))


def finish(parse: Parse) -> int:
    """Run what was asked for; returns the exit code, when all that it printed is written."""
    prepare_streams()
    if not faulthandler.is_enabled():
        faulthandler.enable(2)  # a library that crashes says where
    code = EXIT_OK
    try:
        code = attempt(parse)
        sys.stdout.flush()
    except BrokenPipeError:  # such as `| head`, which has read enough
        pass
    except OSError as error:
        written = f"the answers cannot be written ({error.strerror}): make room, or choose another place"
        closed = "standard output is closed: open it, and try again"
        Console().error(closed if error.errno == errno.EBADF else written)
        code = EXIT_SOME_FAILED
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:  # or the interpreter tries once more, complains, and changes the exit code
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    return code


def prepare_streams() -> None:
    """Standard output and error are UTF-8 whatever the locale says, and there where a shell has closed them.

    A descriptor that is closed would be given to the next file that is opened, and what is printed would get into it.
    In its place writing fails on standard output, where it would be an answer that is lost, and not on standard error.
    """
    for descriptor, flags in enumerate((os.O_WRONLY, os.O_RDONLY, os.O_WRONLY)):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, flags)  # the lowest that is free: this one
    for descriptor, name in ((1, "stdout"), (2, "stderr")):
        if getattr(sys, name) in (None, getattr(sys, f"__{name}__")):  # by itself an unbuffered one loses half writes
            stream = open(descriptor, "w", encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115
            setattr(sys, name, stream)
        else:
            getattr(sys, name).reconfigure(encoding="utf-8", errors="backslashreplace")


def attempt(parse: Parse) -> int:
    """Run one command; returns its exit code. Raises OSError where nothing can be printed."""
    try:
        options = parse()
        from model.weights import WeightsError
    except SystemExit as left:  # it has said what is wrong, or what was asked for
        return int(left.code or EXIT_OK)
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    try:
        return run(options)
    except (UsageError, WeightsError) as error:
        Console().error(str(error))
        return EXIT_USAGE if isinstance(error, UsageError) else EXIT_NO_MODEL
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED


def run(options: argparse.Namespace) -> int:
    """The command, a module of its name, imported only now. Raises UsageError and WeightsError."""
    if options.command in (None, "demo"):
        from app.stream.imports import bulk_imports
        from app.window.screen import screen_fault

        if not all(map(find_spec, WINDOW)):
            raise UsageError("the window needs Qt, which is not installed: pip install 'nystream[gui]'")
        if fault := screen_fault():
            raise UsageError(fault)
        opening = None
        with bulk_imports():
            if sys.stderr.isatty():
                print("Opening the window.", file=sys.stderr, flush=True)
            else:
                from app.window.opening import show_opening

                opening = show_opening()
            from app.cli.window import run_window_command
        run_window_command(options, opening)
    name = "models" if options.command == "rows" else options.command
    code: int = import_module(f"app.cli.{name}").run(options)
    return code
