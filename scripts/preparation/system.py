"""Sees to the system libraries before anything else: installs what is missing where it may (on Debian and its
relatives), and otherwise says the one thing to do."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .needs import TO_HEAR, TO_RUN, TO_SET_UP, TO_TEST, Need, has_no_server, missing, packages

OS_RELEASE = Path("/etc/os-release")
INSTALL = ("apt-get", "install", "-y", "--no-install-recommends", "--no-remove")
PATIENT = ("-o", "DPkg::Lock::Timeout=120")  # wait for another package manager


class SetUpError(Exception):
    """The set-up cannot go on; its text says what is wrong and what to do next."""


# Of a tool that gets no input, and of which `stdout` is all that it says.
TO_READ: dict[str, Any] = {
    "close_fds": False,  # what outlives a killed start keeps the lock of its set-up
    "stdin": subprocess.DEVNULL,
    "stdout": subprocess.PIPE,
    "stderr": subprocess.STDOUT,
    "encoding": "utf-8",
    "errors": "replace",
}


def say(line: str) -> None:
    """Print a line of progress to stderr, at once."""
    print(f"nystream: {line}", file=sys.stderr, flush=True)


def tail(output: str, lines: int = 20) -> str:
    """The last `lines` lines of a tool's output, indented."""
    return "\n".join("    " + line for line in output.strip().splitlines()[-lines:])


def run_and_read(command: list[str], folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run a tool without input; `stdout` of the result is all that it said."""
    ended: subprocess.CompletedProcess[str] = subprocess.run(command, cwd=folder, **TO_READ)
    return ended


def see_to_system(set_up: bool, test: bool) -> None:
    """Check what the system must have to run, with what it takes to `set_up` and to `test`.

    What is only needed to choose among microphones is seen to once, with the set-up.

    Raises SetUpError when something to run or set up is missing on a Debian-like system and cannot be installed.
    """
    needed = missing((*TO_SET_UP, *TO_RUN) if set_up else TO_RUN)
    to_hear = missing(TO_HEAR) if set_up and not has_no_server() else []
    helpful = missing(TO_TEST) if test else []
    then = f"Run this command, then start again:\n    {command_to_show(packages((*needed, *to_hear, *helpful)))}"
    if needed and (problem := provide(needed, then)):
        if this_is_debian_like():
            raise SetUpError(problem)
        say(f"{problem} Without PortAudio there is no microphone, without the others perhaps no window.")
    if to_hear and (problem := provide(to_hear, then)):
        say(f"without {join(to_hear)} there is only the default microphone, not the computer's own sound: {problem}")
    if helpful and (problem := provide(helpful, then)):
        say(f"the tests that need {join(helpful)} will skip: {problem}")


def provide(needs: Sequence[Need], then: str) -> str:
    """Install what is missing where that is possible; "" when it is there now, else why not and what to do (`then`)."""
    if not this_is_debian_like():
        return f"not found on this system: {join(needs)}. Install them with the system's package manager."
    before, names = rights(), packages(needs)
    if before is None:
        return f"System packages are missing, and this account may not install them without a password. {then}"
    say(f"installing system packages: {' '.join(names)}")
    if output := install(names, before):
        return f"apt-get could not install system packages; the end of what it said:\n{tail(output)}\n{then}"
    if still := missing(needs):
        return (
            f"apt-get installed its packages, but {join(still)} cannot be found; "
            "if this Python is not the system's own, start again with /usr/bin/python3."
        )
    return ""


def join(needs: Sequence[Need]) -> str:
    return ", ".join(need.name for need in needs)


def is_debian_like(os_release: str) -> bool:
    """Whether the text of an os-release file names Debian, or something made from it."""
    fields = dict(line.split("=", 1) for line in os_release.splitlines() if "=" in line)
    return "debian" in " ".join(fields.get(key, "").strip("\"'") for key in ("ID", "ID_LIKE")).split()


def this_is_debian_like() -> bool:
    return OS_RELEASE.exists() and is_debian_like(OS_RELEASE.read_text(encoding="utf-8", errors="replace"))


def rights() -> list[str] | None:
    """What to put before a command that needs root: nothing as root, sudo where it asks for no password.

    None without such rights.
    """
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo") and subprocess.run(["sudo", "-n", "true"], capture_output=True).returncode == 0:
        return ["sudo", "-n"]
    return None


def command_to_show(packages: list[str]) -> str:
    """The one command that a user runs to install `packages`."""
    install = " ".join((*INSTALL, *packages))
    if shutil.which("sudo"):
        return f"sudo apt-get update && sudo {install}"
    return f"su -c {shlex.quote(f'apt-get update && {install}')}"


def install(packages: list[str], before: list[str]) -> str:
    """Install `packages`; "" when that worked, otherwise what apt-get said. `before` is what `rights` gave."""
    quiet = [*before, "env", "DEBIAN_FRONTEND=noninteractive"]
    # A repository of the user's that cannot be reached fails the update, yet need not hinder the install.
    update = run_and_read([*quiet, "apt-get", "update"])
    apt = run_and_read([*quiet, *INSTALL, *PATIENT, *packages])
    return "" if apt.returncode == 0 else f"{update.stdout}{apt.stdout}\napt-get ended with {apt.returncode}"
