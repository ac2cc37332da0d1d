"""`nystream completion`: a script for a shell, made by shtab from the parser itself, so that it knows every option."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path

import shtab

from app.cli.arguments import parser

FILE_OPTIONS = ("paths", "output", "watch")  # those that are files without being of type Path


def run(options: argparse.Namespace) -> int:
    """Print it."""
    described = parser()
    complete_files(described)
    script = shtab.complete(described, options.shell)
    if options.shell == "zsh":
        # What shtab writes registers itself when it is evaluated, not when it is sourced as our help says.
        script = f"(( $+functions[compdef] )) || {{ autoload -U compinit && compinit }}\neval {shlex.quote(script)}"
    print(script)
    return 0


def complete_files(part: argparse.ArgumentParser) -> None:
    """Mark what is completed as a file, in the commands too."""
    for action in part._actions:
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                complete_files(command)
        elif action.type is Path or action.dest in FILE_OPTIONS:
            action.complete = shtab.FILE  # type: ignore[attr-defined]
