"""`nystream desktop`: the window in the desktop's menu, and offered for sound files, by files in the user's folders.

Where they go, and what they say, is the XDG Base Directory, Desktop Entry and Icon Theme specifications.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from app.cli import EXIT_OK, UsageError
from app.stream.weights import desktop_file

LAUNCHER = "applications/nystream.desktop"
ICONS = "icons/hicolor"
PLACES = {
    LAUNCHER: "nystream.desktop",
    f"{ICONS}/scalable/apps/nystream.svg": "nystream.svg",
    f"{ICONS}/256x256/apps/nystream.png": "nystream.png",
}


def run(options: argparse.Namespace) -> int:
    """Install or remove; both can be done again. Raises UsageError."""
    if sys.platform in ("win32", "darwin"):
        raise UsageError("`nystream desktop` is for Linux: on this system the application that one downloads does it")
    folder = data_folder()
    try:
        if options.wish == "install":
            install(folder)
            said = "Nystream is in the menu now, and offered for sound files"
        else:
            said = "Nystream is no longer in the menu" if remove(folder) else "Nystream was not in the menu"
    except OSError as error:
        raise UsageError(
            f"{folder} cannot be written ({error.strerror}): make it writable, or set XDG_DATA_HOME"
        ) from None
    refresh(folder)
    print(f"{said}: {folder / LAUNCHER}")
    return EXIT_OK


def data_folder() -> Path:
    """The user's own. The specification has a path that is not absolute ignored."""
    given = Path(os.environ.get("XDG_DATA_HOME", ""))
    return given if given.is_absolute() else Path.home() / ".local" / "share"


def install(folder: Path) -> None:
    """Raises OSError."""
    for place, name in PLACES.items():
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(desktop_file(name), folder / place)
    launcher = folder / LAUNCHER
    text = launcher.read_text(encoding="utf-8")
    launcher.write_text(text.replace("Exec=nystream-gui", f"Exec={' '.join(map(quoted, command()))}"), encoding="utf-8")


def remove(folder: Path) -> bool:
    """Whether there was anything. Raises OSError."""
    there = [folder / place for place in PLACES if (folder / place).exists()]
    for path in there:
        path.unlink()
    return bool(there)


def command() -> list[str]:
    """What starts this very program, wherever the launcher is, with files behind it."""
    if getattr(sys, "frozen", False):
        return [sys.executable, "--open"]
    safe_path = ["-P"] if sys.version_info >= (3, 11) else []  # as in scripts/run.py
    return [sys.executable, *safe_path, "-m", "app", "--open"]


def quoted(argument: str) -> str:
    """As an Exec line has it: within quotation marks, where some characters have a meaning; then % and, as in any value
    of the file, the backslash.
    """
    return '"{}"'.format(re.sub(r'(["`$\\])', r"\\\1", argument)).replace("%", "%%").replace("\\", "\\\\")


def refresh(folder: Path) -> None:
    """Tell the desktop, where it does not look by itself."""
    with suppress(OSError):
        os.utime(folder / ICONS)  # a cache of icons that is older is not used
    with suppress(OSError, subprocess.SubprocessError):
        subprocess.run(["update-desktop-database", "-q", folder / "applications"], capture_output=True, timeout=60)
