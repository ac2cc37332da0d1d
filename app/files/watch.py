"""A folder that is watched: what arrives in it, once it has stopped growing.

The system says when anything changes, by watchfiles; what has changed is found by looking at the folder. A sound file
has arrived when its size and time are others than when it was last answered, or when the watch began, and have stayed
the same for a while. So nothing is missed that was made before the first look, moved in with its folder, or lost among
many changes.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from importlib import import_module

from app.files.inputs import expand

GROUPED_MILLISECONDS = 500  # over which changes are looked at together

Signature = tuple[int, int, int]  # size in bytes, time of the last change in ns, number of the file on its disk


class CannotWatch(Exception):  # noqa: N818
    """One sentence for the user."""


class Watch:
    """settle: s that a file must stay the same. What is there already has not arrived. Raises CannotWatch."""

    def __init__(self, folder: str, settle: float) -> None:
        try:
            self._changes = import_module("watchfiles").watch  # an extra: it may not be there
        except ImportError:
            raise CannotWatch("watchfiles is not installed: pip install 'nystream[watch]'") from None
        if not os.path.isdir(folder):
            raise CannotWatch(f"{folder} is no folder that can be watched: check its name")
        self.folder, self._settle = folder, settle
        self._place = _identify(folder)
        self._answered = self._look()
        self._growing: dict[str, tuple[Signature, float]] = {}  # and since when they have been the same

    def arrivals(self) -> Iterator[list[str]]:
        """Without an end. Raises CannotWatch when the folder is gone, and KeyboardInterrupt."""
        wait = max(1, round(1000 * self._settle))
        changes = self._changes(
            self.folder,
            watch_filter=None,
            debounce=GROUPED_MILLISECONDS,
            rust_timeout=wait,
            yield_on_timeout=True,
            ignore_permission_denied=True,
        )
        first = True
        try:
            for changed in changes:
                if self._place is None or _identify(self.folder) != self._place:
                    break
                if changed or first:
                    self._notice()
                first = False
                if arrived := self._settled():
                    yield arrived
        except OSError as error:
            if _identify(self.folder) == self._place:
                raise CannotWatch(
                    f"{self.folder} cannot be watched ({error.strerror or error}): name another"
                ) from None
        raise CannotWatch(f"{self.folder} is gone, what arrived before is answered: make it again, and start again")

    def accept(self, path: str) -> None:
        """What the file is now needs no answer: it is changed by this program itself."""
        if (signature := _sign(path)) is not None:
            self._answered[path] = signature

    def _look(self) -> dict[str, Signature]:
        found = {path: _sign(path) for path in expand([self.folder], recursive=True) if isinstance(path, str)}
        return {path: signature for path, signature in found.items() if signature is not None}

    def _notice(self) -> None:
        now = time.monotonic()
        for path, signature in self._look().items():
            if signature != self._answered.get(path) and path not in self._growing:
                self._growing[path] = signature, now

    def _settled(self) -> list[str]:
        now, arrived = time.monotonic(), []
        for path, (before, since) in list(self._growing.items()):
            signature = _sign(path)
            if signature is None:
                del self._growing[path]
            elif signature != before or signature[0] == 0:  # an empty one waits for its first byte
                self._growing[path] = signature, now
            elif now - since >= self._settle:
                del self._growing[path]
                self._answered[path] = signature
                arrived.append(path)
        return arrived


def _identify(folder: str) -> tuple[int, int] | None:
    try:
        status = os.stat(folder)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _sign(path: str) -> Signature | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns, status.st_ino
