"""Folders of compiled functions that nobody uses any more: those of versions and processors of the past."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from pathlib import Path

UNUSED_DAYS = 30
SECONDS_PER_DAY = 86_400.0


def mark_used(folder: Path) -> None:
    """Remember that this folder was used now, as its own time of change. Raises OSError."""
    os.utime(folder)


def prune(parent: Path, pattern: str) -> None:
    """Remove the folders of this pattern that have not been used for UNUSED_DAYS.

    Any number of processes may do so at the same time: each folder is first given another name, which only one of them
    can do, and whoever comes to use it in this moment makes it anew. What cannot be removed stays for the next time.
    """
    oldest = time.time() - UNUSED_DAYS * SECONDS_PER_DAY
    for folder in parent.glob(pattern):
        with contextlib.suppress(OSError):
            if folder.is_dir() and not folder.is_symlink() and folder.stat().st_mtime < oldest:
                leaving = folder.with_name(f"{folder.name}-leaving-{os.getpid()}")
                folder.rename(leaving)
                shutil.rmtree(leaving, ignore_errors=True)
