"""Sees to the system libraries before anything else: installs what is missing where it may, and otherwise
says the one thing to do."""

from __future__ import annotations

from collections.abc import Sequence

from . import debian
from .needs import TO_RUN, TO_SET_UP, TO_TEST, Need, missing, packages
from .report import SetUpError, say, tail


def see_to_system(set_up: bool, test: bool) -> None:
    """Check what the system must have to run, with what it takes to `set_up` and to `test`.

    Raises SetUpError when something to run or set up is missing on a Debian-like system and cannot be
    installed.
    """
    needed = missing((*TO_SET_UP, *TO_RUN) if set_up else TO_RUN)
    helpful = missing(TO_TEST) if test else []
    if not (needed or helpful):
        return
    if not debian.this_is_debian_like():
        name_what_is_missing(needed, helpful)
        return
    before = debian.rights()
    if before is None:
        explain(needed, helpful)
        return
    if needed:
        provide(needed, before)
    if helpful:
        provide_for_tests(helpful, before)


def provide(needed: Sequence[Need], before: list[str]) -> None:
    """Install what is needed, or raise SetUpError."""
    names = packages(needed)
    say(f"installing system packages: {' '.join(names)}")
    output = debian.install(names, before)
    if output is not None:
        raise SetUpError(
            f"apt-get could not install system packages; the end of what it said:\n{tail(output)}\n"
            f"Run this command, then start again:\n    {debian.command_to_show(names)}"
        )
    if still := missing(needed):
        raise SetUpError(
            f"apt-get installed its packages, but {join(still)} cannot be found; "
            "if this Python is not the system's own, start again with /usr/bin/python3."
        )


def provide_for_tests(helpful: Sequence[Need], before: list[str]) -> None:
    """Install what tests use; without it they skip, so a failure is only told."""
    names = packages(helpful)
    say(f"installing system packages for the tests: {' '.join(names)}")
    if debian.install(names, before) is not None:
        say(f"that failed, so the tests that need {join(helpful)} will skip; the command was:")
        say(f"    {debian.command_to_show(names)}")


def explain(needed: Sequence[Need], helpful: Sequence[Need]) -> None:
    """Without rights: the one command, as an error if the program needs it."""
    command = debian.command_to_show(packages((*needed, *helpful)))
    if needed:
        raise SetUpError(
            "System packages are missing, and this account may not install them without a password. "
            f"Run this command, then start again:\n    {command}"
        )
    say(f"the tests that need {join(helpful)} will skip; this command installs what they need:")
    say(f"    {command}")


def name_what_is_missing(needed: Sequence[Need], helpful: Sequence[Need]) -> None:
    """On a Linux whose packages we do not know: name the libraries and go on."""
    if needed:
        say(
            f"not found on this system: {join(needed)}. Install them with the system's package manager; "
            "without PortAudio there is no microphone, without the others perhaps no window."
        )
    if helpful:
        say(f"the tests that need {join(helpful)} will skip, as this system does not have them")


def join(needs: Sequence[Need]) -> str:
    return ", ".join(need.name for need in needs)
