"""The `.venv` of a checkout: whether it is ready, and how it becomes so.

Its stamp says what it was set up from. It is written last and removed first, so that a `.venv` with a stamp is whole.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import threading
import time
import venv
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from .progress import Progress, size_of
from .system import TO_READ, SetUpError, run_and_read, say, tail

CHECKOUT = Path(__file__).resolve().parents[2]
INPUTS = ("pyproject.toml", "constraints.txt")
COMPILE = "from app.stream.backend import compile_everything; compile_everything()"
POLL_SECONDS = 0.2
DOWNLOADED, KEPT = 450, 1600  # MB, with torch for the processor alone


@dataclass(frozen=True)
class Environment:
    """The environment of one checkout, for the running Python."""

    checkout: Path

    @property
    def folder(self) -> Path:
        return self.checkout / ".venv"

    @property
    def python(self) -> Path:
        return self.folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

    @property
    def stamp_file(self) -> Path:
        return self.folder / "nystream-stamp.json"

    def place(self) -> dict[str, str]:
        """What pip cannot change: the Python, and where the checkout lies, which every script in .venv knows."""
        python = f"{sys.implementation.cache_tag} {sysconfig.get_platform()}"
        return {"python": python, "checkout": str(self.checkout)}

    def inputs(self) -> str:
        """SHA-256 of what says which packages there must be."""
        digest = hashlib.sha256()
        for name in INPUTS:
            content = (self.checkout / name).read_bytes()
            digest.update(len(content).to_bytes(8, "big") + content)
        return digest.hexdigest()

    def stamp(self) -> dict[str, Any]:
        """The stamp of a whole environment at its place; empty where there is none, or it has lost its Python."""
        if not (self.python.exists() and (self.folder / "pyvenv.cfg").exists()):
            return {}
        try:
            stamp = dict(json.loads(self.stamp_file.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return {}
        place = {name: value for name, value in stamp.items() if name not in ("inputs", "extras")}
        return stamp if place == self.place() and {"inputs", "extras"} <= set(stamp) else {}

    def is_ready(self, extras: tuple[str, ...]) -> bool:
        """Whether all is there, with these extras; more of them do no harm."""
        stamp = self.stamp()
        return bool(stamp) and stamp["inputs"] == self.inputs() and set(extras) <= set(stamp["extras"])


def try_to_lock(file: BinaryIO) -> bool:
    """Whether the lock is ours now. Raises OSError where a file cannot be locked."""
    if sys.platform == "win32":
        import msvcrt

        with contextlib.suppress(OSError):
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
            return True
    else:
        import fcntl

        with contextlib.suppress(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
    return False


@contextlib.contextmanager
def alone(path: Path) -> Iterator[None]:
    """One set-up at a time: hold the lock file, waiting as long as needed; the system frees it with the process."""
    with path.open("ab") as file:
        if not try_to_lock(file):
            say("another start is setting up here; waiting for it")
            while not try_to_lock(file):
                time.sleep(POLL_SECONDS)
        # A pip that outlives a killed start holds the lock on, so that nothing is removed under its hands.
        os.set_inheritable(file.fileno(), True)
        yield


def set_up(environment: Environment, extras: tuple[str, ...]) -> None:
    """Bring the environment to what is wanted now, from whatever is there; the extras that it has stay.

    What has no stamp was interrupted or broken, and is made afresh: pip cannot tell a package that it
    installed by half from a whole one.
    """
    present = environment.stamp()
    environment.stamp_file.unlink(missing_ok=True)
    if not present:
        if environment.folder.exists() or environment.folder.is_symlink():
            say("the .venv here is unfinished, broken or of another Python; making it afresh")
            remove(environment.folder)
        say("making .venv")
        create(environment.folder)
        say(f"installing the packages into it, about {DOWNLOADED} MB to download and {KEPT / 1000:.1f} GB to keep")
        say("(several GB more where pip takes torch for NVIDIA cards, as it may on Linux: see CONTRIBUTING.md)")
    else:
        say("installing into .venv what is wanted now")
    extras = tuple(sorted({*extras, *present.get("extras", ())}))
    stamp = environment.place() | {"inputs": environment.inputs(), "extras": extras}
    install(environment, extras, is_first=not present)
    say("compiling the models' steps, which can take a minute")
    with contextlib.suppress(OSError):  # the first start then finds the steps compiled; where that fails, torch serves
        run_and_read([str(environment.python), "-c", COMPILE], environment.checkout)
    environment.stamp_file.write_text(json.dumps(stamp, indent=1), encoding="utf-8")
    say("ready")


def remove(folder: Path) -> None:
    """Remove an environment; of a link only the link."""
    if folder.is_symlink() or folder.is_file():
        folder.unlink()
    else:
        shutil.rmtree(folder)


def create(folder: Path) -> None:
    """Make an empty environment of the running Python."""
    try:
        venv.EnvBuilder(with_pip=True, symlinks=os.name != "nt").create(folder)
    except subprocess.CalledProcessError as error:
        raise SetUpError(
            "This Python cannot put pip into a new environment; install its `venv` and `ensurepip` modules "
            "(a separate package on some systems), then start again."
        ) from error


def install(environment: Environment, extras: tuple[str, ...], is_first: bool) -> None:
    """Install the checkout, editable, with the pinned versions of all it needs, for the first time or once more."""
    target = f".[{','.join(('gui', *extras))}]"
    command = [str(environment.python), "-m", "pip", "install", "--disable-pip-version-check", "--progress-bar", "off"]
    said: deque[str] = deque(maxlen=40)
    # What pip downloads lies where it can be measured, and where there must be room for it anyway.
    downloads = environment.folder / "downloads"
    downloads.mkdir(exist_ok=True)
    with subprocess.Popen(
        [*command, "-c", "constraints.txt", "-e", target],
        cwd=environment.checkout,
        env={**os.environ, **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(downloads))},
        **TO_READ,
    ) as pip:
        assert pip.stdout is not None
        reader = threading.Thread(target=said.extend, args=(pip.stdout,), daemon=True)
        reader.start()
        progress, unpacks = Progress("downloading", is_first * DOWNLOADED, partial(size_of, downloads)), False
        while True:
            if not unpacks and any(line.startswith("Installing collected packages") for line in said.copy()):
                progress.end()
                progress, unpacks = Progress("unpacking", is_first * KEPT, partial(size_of, environment.folder)), True
            progress.show()  # also where pip ends at once
            reader.join(POLL_SECONDS)
            if not reader.is_alive():
                break
        progress.end()
    shutil.rmtree(downloads, ignore_errors=True)
    if pip.returncode != 0:
        raise SetUpError(
            f"pip could not install the packages; the end of what it said:\n{tail(''.join(said))}\n"
            "Check the network connection and the free space on the disk, then start again."
        )
