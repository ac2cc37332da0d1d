"""The command line: what was asked for is found out first, heavy things are imported after that."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from app import __version__
from app.weights import default_weights

EXIT_OK, EXIT_SOME_FAILED, EXIT_USAGE, EXIT_NO_MODEL, EXIT_INTERRUPTED = 0, 1, 2, 3, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    options = parser().parse_args(given)
    try:
        if options.command == "classify":
            from app.commands.classify import run_classify

            return run_classify(options)
        from app.commands.window import run_window_command

        return run_window_command(options)
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except BrokenPipeError:  # whoever read our output has seen enough
        sys.stdout = None  # or the interpreter tries to flush it again
        return EXIT_OK


def gui() -> int:
    """The window, for launchers that have no terminal."""
    return main([])


def parser() -> argparse.ArgumentParser:
    described = argparse.ArgumentParser(
        prog="nystream",
        description="Hears music and says what genre it is. Without a command it opens the window.",
        epilog="exit codes: 0 all done, 1 some files failed, 2 usage, 3 no model, 130 interrupted",
    )
    described.add_argument("--version", action="version", version=f"nystream {__version__}")
    described.add_argument("--weights", type=Path, default=default_weights(), metavar="FILE", help="another model")
    begins = described.add_mutually_exclusive_group()
    begins.add_argument(
        "--listen",
        nargs="?",
        const="",
        metavar="MICROPHONE",
        help="listen at once; without a name to the default microphone",
    )
    begins.add_argument("--play", type=Path, metavar="FILE", help="play a file at live pace at once")
    commands = described.add_subparsers(dest="command", metavar="COMMAND")
    classify = commands.add_parser("classify", help="say what genre files are", description=CLASSIFY_HELP)
    classify.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="sound files, or videos with sound")
    classify.add_argument("--format", choices=("table", "json"), default="table", help="default: table")
    classify.add_argument("--weights", type=Path, default=argparse.SUPPRESS, metavar="FILE", help="another model")
    return described


CLASSIFY_HELP = (
    "Prints one line per file: its path, its genre and the probability of it; or, with --format json, one "
    "object. A file that cannot be read is named on standard error, the others are still done, and the exit "
    "code is 1."
)
