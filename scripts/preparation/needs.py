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


def has_font() -> bool:
    """Whether there is any font that Qt could show text with."""
    system = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"))
    folders = (*system, Path.home() / ".local/share/fonts", Path.home() / ".fonts")
    return any(font for folder in folders for font in folder.rglob("*.[to]t[fc]"))


def has_alsa_plugin(server: str) -> bool:
    """Whether ALSA, which PortAudio speaks to, has its way to `pulse` or `pipewire`."""
    plugin = f"alsa-lib/libasound_module_pcm_{server}.so"
    return any(found for folder in ("lib*", "lib*/*") for found in Path("/usr").glob(f"{folder}/{plugin}"))


def has_way_to_server() -> bool:
    return has_alsa_plugin("pulse") or has_alsa_plugin("pipewire")


def has_no_server() -> bool:
    """Whether no sound server is installed, so that there is none to ask."""
    return not (shutil.which("pulseaudio") or shutil.which("pipewire-pulse"))


def has_enough_servers(wanted: str) -> bool:
    """Whether the tests have this sound server, or must do with another.

    A second one may take the sound cards from that of a desktop, and Debian's pulseaudio and pipewire-alsa exclude one
    another: to install the one removes the other, and half a desktop with it.
    """
    if shutil.which(wanted):
        return True
    on_a_desktop = bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    return not has_no_server() and (on_a_desktop or has_alsa_plugin("pipewire"))


def library(soname: str) -> Need:
    """Debian names a library's package after its soname, `libxcb-shm.so.0` and `libX11.so.6` thus."""
    name, version = soname.lower().split(".so.")
    return Need(soname, f"{name}{'-' if name[-1].isdigit() else ''}{version}", partial(loads, soname))


def program(name: str, package: str) -> Need:
    return Need(name, package, lambda: shutil.which(name) is not None)


TO_SET_UP = (
    Need("Python's ensurepip", "python{}.{}-venv".format(*sys.version_info), partial(has_module, "ensurepip")),
)

# Qt itself, also without a screen; then Qt on X11, whose own message blames libxcb-cursor whichever of them is missing.
QT = "libGL.so.1 libEGL.so.1 libdbus-1.so.3 libfontconfig.so.1 libfreetype.so.6 libxkbcommon.so.0 libX11.so.6"
X11 = (
    "libX11-xcb.so.1 libxkbcommon-x11.so.0 libxcb-cursor.so.0 libxcb-icccm.so.4 libxcb-image.so.0 libxcb-keysyms.so.1 "
    "libxcb-randr.so.0 libxcb-render.so.0 libxcb-render-util.so.0 libxcb-shape.so.0 libxcb-shm.so.0 libxcb-sync.so.1 "
    "libxcb-util.so.1 libxcb-xfixes.so.0 libxcb-xkb.so.1"
)
TO_RUN = (
    library("libportaudio.so.2"),
    Need("libglib-2.0.so.0", "libglib2.0-0", partial(loads, "libglib-2.0.so.0")),
    *map(library, QT.split()),
    Need("a font", "fonts-dejavu-core", has_font),
    *map(library, X11.split()),
)

# To choose among the sources of a sound server, where there is one; the program runs without.
PACTL = program("pactl", "pulseaudio-utils")
WAY_TO_SERVER = Need("ALSA's plugin for the sound server", "libasound2-plugins", has_way_to_server)
TO_HEAR = (PACTL, WAY_TO_SERVER)

# A microphone and a screen without hardware; the tests that want one skip where it is missing.
TO_TEST = (
    *(Need(name, name, partial(has_enough_servers, name)) for name in ("pulseaudio", "pipewire", "wireplumber")),
    PACTL,
    program("paplay", "pulseaudio-utils"),
    WAY_TO_SERVER,
    program("Xvfb", "xvfb"),
)
