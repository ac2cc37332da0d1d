"""The command line: what was asked for is found out first, heavy things are imported after that."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

from app.cli import EXIT_INTERRUPTED, EXIT_NO_MODEL, EXIT_OK, EXIT_USAGE, UsageError
from app.cli.arguments import parser
from app.files.console import Console


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    options = parser().parse_args(sys.argv[1:] if arguments is None else list(arguments))
    if options.command is not None:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:  # there is none where a shell has closed it
                stream.reconfigure(encoding="utf-8", errors="backslashreplace")  # type: ignore[union-attr]
    from model.weights import WeightsError

    try:
        return run(options)
    except (UsageError, WeightsError) as error:
        Console().error(str(error))
        return EXIT_USAGE if isinstance(error, UsageError) else EXIT_NO_MODEL
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except BrokenPipeError:  # such as `| head`, which has read enough
        sys.stdout = None  # or the interpreter tries to flush it again
        return EXIT_OK


def run(options: argparse.Namespace) -> int:
    """The command, a module of its name, imported only now. Raises UsageError and WeightsError."""
    if options.command in (None, "demo"):
        from app.stream.imports import bulk_imports

        with bulk_imports():
            from app.cli.window import run_window_command
        run_window_command(options)
    name = "models" if options.command == "rows" else options.command
    code: int = import_module(f"app.cli.{name}").run(options)
    return code


def gui() -> int:
    """The window, for launchers that have no terminal."""
    return main([])
