"""Debian and its relatives: recognising them, and installing packages there."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from pathlib import Path

OS_RELEASE = Path("/etc/os-release")
INSTALL = ("apt-get", "install", "-y", "--no-install-recommends")


def is_debian_like(os_release: str) -> bool:
    """Whether the text of an os-release file names Debian, or something made from it."""
    fields = dict(line.split("=", 1) for line in os_release.splitlines() if "=" in line)
    return "debian" in " ".join(fields.get(key, "").strip("\"'") for key in ("ID", "ID_LIKE")).split()


def this_is_debian_like() -> bool:
    return OS_RELEASE.exists() and is_debian_like(OS_RELEASE.read_text(encoding="utf-8", errors="replace"))


def rights() -> list[str] | None:
    """What to put before a command that needs root: nothing as root, sudo where it asks for no password;
    None without such rights."""
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


def install(packages: list[str], before: list[str]) -> str | None:
    """Install `packages`; None when that worked, otherwise what apt-get said.

    `before` is what `rights` gave. Nothing that is installed is ever removed for it, and another
    package manager at work is waited for.
    """
    quiet = [*before, "env", "DEBIAN_FRONTEND=noninteractive"]
    careful = ["--no-remove", "-o", "DPkg::Lock::Timeout=120"]
    output = ""
    # A repository of the user's that cannot be reached fails the update, yet need not hinder the install.
    for command in (["apt-get", "update"], [*INSTALL, *careful, *packages]):
        apt = subprocess.run(
            [*quiet, *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
        )
        output += apt.stdout
    return None if apt.returncode == 0 else output
