"""The log, and what somebody who is to help needs to know of this installation."""

from __future__ import annotations

import logging
import platform
import sys
import threading
from collections.abc import Callable, Sequence
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType

from PySide6.QtCore import QStandardPaths, qInstallMessageHandler

from app import __version__
from app.installed import ALL_PACKAGES, version_of
from app.live.protocol import DeviceList
from app.stream.models import identify
from audio.portaudio import print_elsewhere

LARGEST_BYTES = 500_000
OLD_ONES = 3
FAULT = (
    "Something in the program went wrong. The rest goes on; if it happens again, choose Help, Copy diagnostics, and "
    "send that to whoever gave you the program."
)
log = logging.getLogger("app.fault")
LOG_LINES = 40


def default_log() -> Path:
    """In the platform's folder for what a program notes down."""
    return Path(QStandardPaths.writableLocation(QStandardPaths.StandardLocation.StateLocation)) / "nystream.log"


def begin_log(path: Path) -> None:
    """Write everything that is logged there from now on, and what Qt and C libraries have to say; where that cannot be
    written it is said nowhere.
    """
    logging.raiseExceptions = False  # a disk that is full later on is no reason for a traceback
    handler: logging.Handler
    qInstallMessageHandler(lambda _kind, _where, message: logging.getLogger("qt").warning(message))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handler = RotatingFileHandler(path, maxBytes=LARGEST_BYTES, backupCount=OLD_ONES, encoding="utf-8")
    except OSError:
        handler = logging.NullHandler()
    else:
        if sys.platform == "linux":
            print_elsewhere(path)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.INFO)


def last_lines(path: Path, count: int) -> list[str]:
    """The end of the log, oldest first; nothing when there is none."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()[-count:]
    except OSError:
        return []


def catch_faults(tell: Callable[[str], None]) -> None:
    """Faults of the program, in any thread, are logged, and told in one sentence; no traceback is shown."""

    def note(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
            return
        log.error("a fault", exc_info=(kind, error, trace))
        tell(FAULT)

    def note_in_thread(caught: threading.ExceptHookArgs) -> None:
        if caught.exc_value is not None:
            note(caught.exc_type, caught.exc_value, caught.exc_traceback)

    sys.excepthook = note
    threading.excepthook = note_in_thread


def diagnostics(weights: Path, devices: DeviceList | None, log_lines: Sequence[str]) -> str:
    """Versions, the model, the microphones, the end of the log. The home folder is written as ~."""
    lines = [f"Nystream {__version__}", f"Python {platform.python_version()} on {platform.platform()}"]
    lines += [f"{name} {version_of(name) or 'missing'}" for name in ALL_PACKAGES]
    try:
        model = identify(weights)
        lines.append(f"model {model['name']}, SHA-256 {model['hash']}")
    except OSError as error:
        lines.append(f"model {weights.name} cannot be read: {error.strerror}")
    lines.append("microphones:")
    if devices is None:
        lines.append("  not searched yet")
    else:
        lines += [f"  {choice.label}{' (default)' if choice.is_default else ''}" for choice in devices.choices]
        lines += [f"  {said}" for said in (devices.problem, devices.hint) if said]
    lines += ["log:", *(f"  {line}" for line in log_lines)]
    return "\n".join(lines).replace(str(Path.home()), "~") + "\n"
