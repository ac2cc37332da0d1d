"""From a bare checkout to a Python that has everything, or to one sentence that says why not."""

from __future__ import annotations

import importlib.util
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

from .environment import CHECKOUT, Environment, alone, set_up
from .system import SetUpError, say, see_to_system

IMPORTED = ("av", "safetensors", "soxr", "torch")
TO_TRAIN = (*IMPORTED, "matplotlib", "sklearn")
TO_WATCH = (*IMPORTED, "pyqtgraph", "PySide6")  # by scripts that open the window
PYTHONS = (3, 10), (3, 14)  # the oldest and the newest
GLIBC = (2, 34)  # of PySide6's wheels


def machine_fault() -> str:
    """Why pip finds no packages for this machine, and what to do; "" where it does. Said before it looks for them."""
    version = sys.version_info[:2]
    if not PYTHONS[0] <= version <= PYTHONS[1]:
        allowed = " to ".join(f"{major}.{minor}" for major, minor in PYTHONS)
        return f"Nystream needs Python {allowed}, and this is {platform.python_version()}: start it with one of those."
    if sys.maxsize < 2**32:
        return "Nystream needs a 64-bit Python, and this one has 32 bits: install a 64-bit Python."
    processor = platform.machine().lower()
    if sys.platform == "win32" and processor != "amd64":
        return (
            f"Its packages are not made for Windows on {processor}: install a Python for x86-64, which runs there, too."
        )
    if sys.platform == "darwin" and processor != "arm64":
        return "Its packages are no longer made for Macs with an Intel processor: use one with Apple silicon."
    if sys.platform == "linux":
        library, said = platform.libc_ver()
        if processor not in ("x86_64", "aarch64") or library != "glibc":
            other = library or "another C library"
            return f"Its packages are made for glibc on x86-64 and 64-bit ARM, not for {other} on {processor}."
        if tuple(map(int, said.split(".")[:2])) < GLIBC:
            return f"Qt needs glibc 2.34, and this system has {said}: use Debian 12, Ubuntu 22.04, Fedora 35 or newer."
    return ""


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
