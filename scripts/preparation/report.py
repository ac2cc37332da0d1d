"""How the set-up speaks: progress on stderr, and one error that carries a sentence for the user."""

from __future__ import annotations

import sys


class SetUpError(Exception):
    """The set-up cannot go on; its text says what is wrong and what to do next."""


def say(line: str) -> None:
    """Print a line of progress to stderr, at once."""
    print(f"nystream: {line}", file=sys.stderr, flush=True)


def tail(output: str, lines: int = 20) -> str:
    """The last `lines` lines of a tool's output, indented."""
    return "\n".join("    " + line for line in output.strip().splitlines()[-lines:])
