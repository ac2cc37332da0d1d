"""Gives the process to the prepared Python."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import NoReturn


def hand_over(command: list[str]) -> NoReturn:
    """Become `command`; where a process cannot (Windows), run it and leave with its exit code."""
    if os.name == "posix":
        os.execv(command[0], command)
    try:
        sys.exit(subprocess.run(command).returncode)
    except KeyboardInterrupt:
        sys.exit(130)
