"""What the program and its tests need from the system: how each is found, and which Debian package has it."""

from __future__ import annotations

import ctypes
import importlib.util
import os
import shutil
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path


@dataclass(frozen=True)
class Need:
    """Something the system must have."""

    name: str  # as a user of any Linux knows it
    package: str  # of Debian and its relatives
    is_there: Callable[[], bool]


def missing(needs: Iterable[Need]) -> list[Need]:
    """The needs that are not met, in order."""
    return [need for need in needs if not need.is_there()]


def packages(needs: Iterable[Need]) -> list[str]:
    """The packages that meet `needs`, each named once, in order."""
    return list(dict.fromkeys(need.package for need in needs))


def loads(library: str) -> bool:
    """Whether the dynamic loader finds a library by its soname or path, with all that it needs itself."""
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def has_module(name: str) -> bool:
    importlib.invalidate_caches()  # a package manager may just have brought it
    return importlib.util.find_spec(name) is not None


def has_program(name: str) -> bool:
    return shutil.which(name) is not None


def has_font() -> bool:
    """Whether there is any font that Qt could show text with."""
    system = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"))
    folders = (*system, Path.home() / ".local/share/fonts", Path.home() / ".fonts")
    return any(
        name.lower().endswith((".ttf", ".otf", ".ttc"))
        for folder in folders
        for _, _, names in os.walk(folder)
        for name in names
    )


def has_pulse_plugin() -> bool:
    """Whether ALSA, which PortAudio speaks to, has its way to PulseAudio."""
    plugin = "alsa-lib/libasound_module_pcm_pulse.so"
    return any(
        any(folder.glob(pattern))
        for folder in (Path("/usr/lib"), Path("/usr/lib64"))
        for pattern in (plugin, f"*/{plugin}")
    )


def library(soname: str, package: str) -> Need:
    return Need(soname, package, partial(loads, soname))


def program(name: str, package: str) -> Need:
    return Need(name, package, partial(has_program, name))


TO_SET_UP = (
    Need(
        "Python's ensurepip module",
        f"python{sys.version_info.major}.{sys.version_info.minor}-venv",
        partial(has_module, "ensurepip"),
    ),
)

TO_RUN = (
    library("libportaudio.so.2", "libportaudio2"),
    # Qt itself, also without a screen
    library("libglib-2.0.so.0", "libglib2.0-0"),
    library("libGL.so.1", "libgl1"),
    library("libEGL.so.1", "libegl1"),
    library("libdbus-1.so.3", "libdbus-1-3"),
    library("libfontconfig.so.1", "libfontconfig1"),
    library("libfreetype.so.6", "libfreetype6"),
    library("libxkbcommon.so.0", "libxkbcommon0"),
    library("libX11.so.6", "libx11-6"),
    Need("a font", "fonts-dejavu-core", has_font),
    # Qt on X11; its own message blames libxcb-cursor whichever of these is missing
    library("libX11-xcb.so.1", "libx11-xcb1"),
    library("libxkbcommon-x11.so.0", "libxkbcommon-x11-0"),
    library("libxcb-cursor.so.0", "libxcb-cursor0"),
    library("libxcb-icccm.so.4", "libxcb-icccm4"),
    library("libxcb-image.so.0", "libxcb-image0"),
    library("libxcb-keysyms.so.1", "libxcb-keysyms1"),
    library("libxcb-randr.so.0", "libxcb-randr0"),
    library("libxcb-render.so.0", "libxcb-render0"),
    library("libxcb-render-util.so.0", "libxcb-render-util0"),
    library("libxcb-shape.so.0", "libxcb-shape0"),
    library("libxcb-shm.so.0", "libxcb-shm0"),
    library("libxcb-sync.so.1", "libxcb-sync1"),
    library("libxcb-util.so.1", "libxcb-util1"),
    library("libxcb-xfixes.so.0", "libxcb-xfixes0"),
    library("libxcb-xkb.so.1", "libxcb-xkb1"),
)

# A microphone and a screen without hardware; the tests that want one skip where it is missing.
TO_TEST = (
    program("pulseaudio", "pulseaudio"),
    program("pactl", "pulseaudio-utils"),
    program("paplay", "pulseaudio-utils"),
    Need("ALSA's PulseAudio plugin", "libasound2-plugins", has_pulse_plugin),
    program("Xvfb", "xvfb"),
)
