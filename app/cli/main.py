"""The command line: what was asked for is found out first, heavy things are imported after that."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from app.cli import EXIT_INTERRUPTED, EXIT_NO_MODEL, EXIT_OK, EXIT_USAGE, UsageError
from app.cli.arguments import parser


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
    except UsageError as error:
        print(f"nystream: {error}", file=sys.stderr)
        return EXIT_USAGE
    except WeightsError as error:
        print(f"nystream: {error}", file=sys.stderr)
        return EXIT_NO_MODEL
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except BrokenPipeError:  # such as `| head`, which has read enough
        sys.stdout = None  # or the interpreter tries to flush it again
        return EXIT_OK


def run(options: argparse.Namespace) -> int:
    """The command, imported only now. Raises UsageError and WeightsError."""
    if options.command == "classify":
        from app.cli.classify import run_classify

        return run_classify(options)
    if options.command == "listen":
        from app.cli.listen import run_listen

        return run_listen(options)
    if options.command == "devices":
        from app.cli.devices import run_devices

        return run_devices(options)
    if options.command == "info":
        from app.cli.info import run_info

        return run_info(options)
    if options.command == "bench":
        from app.cli.bench import run_bench

        return run_bench(options)
    if options.command in ("models", "rows"):
        from app.cli.models import run_models

        return run_models(options)
    if options.command == "completion":
        from app.cli.completion import run_completion

        return run_completion(options)
    from app.stream.imports import bulk_imports

    with bulk_imports():
        from app.cli.window import run_window_command
    run_window_command(options)


def gui() -> int:
    """The window, for launchers that have no terminal."""
    return main([])
