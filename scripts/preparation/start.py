"""From a bare checkout to a Python that has everything, or to one sentence that says why not."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

from .environment import CHECKOUT, Environment, alone, set_up
from .machine import machine_fault
from .system import SetUpError, say, see_to_system

IMPORTED = ("av", "safetensors", "soxr", "torch")
TO_TRAIN = (*IMPORTED, "matplotlib", "sklearn")
TO_WATCH = (*IMPORTED, "pyqtgraph", "PySide6")  # by scripts that open the window


def prepare(environment: Environment, extras: tuple[str, ...] = ()) -> None:
    """See to the system libraries, then to `.venv`; quick where nothing has changed.

    Raises SetUpError.
    """
    ready = environment.is_ready(extras)
    if not ready and (fault := machine_fault()):
        raise SetUpError(fault)
    if sys.platform == "linux":  # the wheels for macOS and Windows bring their libraries along
        see_to_system(set_up=not ready, test="test" in extras)
    if ready:
        return
    try:
        with alone(environment.checkout / ".venv.lock"):
            if not environment.is_ready(extras):  # another start may have done it meanwhile
                set_up(environment, extras)
    except OSError as error:
        raise SetUpError(
            f"Setting up {environment.folder} failed: {error}. "
            "Close what uses that folder, check that you may write there, then start again."
        ) from error


def prepare_or_exit(extras: tuple[str, ...] = ()) -> str:
    """The path of the Python of a ready environment; exits with 1 and a sentence where there is none."""
    environment = Environment(CHECKOUT)
    try:
        prepare(environment, extras)
    except SetUpError as error:
        print(error, file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        say("interrupted; the next start begins the set-up again")
        sys.exit(130)
    return str(environment.python)


def hand_over(command: list[str]) -> NoReturn:
    """Become `command`; where a process cannot (Windows), run it and leave with its exit code."""
    if os.name == "posix":
        os.execv(command[0], command)
    try:
        sys.exit(subprocess.run(command).returncode)
    except KeyboardInterrupt:
        sys.exit(130)


def run_within_environment(extras: tuple[str, ...] = (), imported: tuple[str, ...] = IMPORTED) -> None:
    """Go on where all of `imported` is installed; for scripts that import it themselves, before they do.

    An environment that has it is taken as it is. Any other Python hands over to `.venv`, which is set up if need be.
    """
    if all(importlib.util.find_spec(name) for name in imported):
        return
    environment = Environment(CHECKOUT)
    if Path(sys.prefix).resolve() == environment.folder.resolve():
        return  # the import that fails says best what is missing
    hand_over([prepare_or_exit(extras), *sys.argv])
