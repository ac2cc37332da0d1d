"""Whether there is a screen to open a window on: without one Qt would end the process, and not say it in our words."""

from __future__ import annotations

import ctypes
import os
import sys
from contextlib import suppress

DO_WITHOUT = "start it from a desktop; `nystream classify` and `nystream listen` need no screen"


def screen_fault() -> str:
    """Why no window can be opened here, in a sentence; "" where one can. Takes a millisecond."""
    if sys.platform in ("win32", "darwin") or os.environ.get("QT_QPA_PLATFORM"):
        return ""
    ways = {"WAYLAND_DISPLAY": wayland_answers, "DISPLAY": x11_answers}
    named = [name for name in ways if os.environ.get(name)]
    if not named:
        return f"there is no screen to open a window on: {DO_WITHOUT}"
    if any(ways[name]() for name in named):
        return ""
    said = ", ".join(f"{name}={os.environ[name]}" for name in named)
    return f"the screen ({said}) does not answer, or does not let this account in: {DO_WITHOUT}"


def x11_answers() -> bool:
    """Whether the X server that DISPLAY names lets us in; where its library is missing, Qt shall say so."""
    with suppress(OSError):
        xcb = ctypes.CDLL("libxcb.so.1")
        xcb.xcb_connect.restype = ctypes.c_void_p
        connection = ctypes.c_void_p(xcb.xcb_connect(None, None))  # never null
        failed = xcb.xcb_connection_has_error(connection)
        xcb.xcb_disconnect(connection)
        return not failed
    return True


def wayland_answers() -> bool:
    """Whether the compositor that WAYLAND_DISPLAY names lets us in; where its library is missing, Qt shall say so."""
    with suppress(OSError):
        wayland = ctypes.CDLL("libwayland-client.so.0")
        wayland.wl_display_connect.restype = ctypes.c_void_p
        display = ctypes.c_void_p(wayland.wl_display_connect(None))
        if display:
            wayland.wl_display_disconnect(display)
        return bool(display)
    return True
