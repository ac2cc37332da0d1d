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
import time
import venv
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import BinaryIO

from .system import SetUpError, run_and_read, say, tail

CHECKOUT = Path(__file__).resolve().parents[2]
INPUTS = ("pyproject.toml", "constraints.txt")
COMPILE = "from app.stream.backend import compile_everything; compile_everything()"
POLL_SECONDS = 0.2


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


@dataclass(frozen=True)
class Stamp:
    """What an environment is set up from; equal fields mean nothing to do."""

    inputs: str  # SHA-256 of the files in INPUTS
    python: str  # version and platform, such as "cpython-311 linux-x86_64"
    checkout: str  # an editable install, and every script in .venv, knows this path
    extras: tuple[str, ...] = ()  # sorted

    def covers(self, wanted: Stamp) -> bool:
        """Whether an environment with this stamp serves `wanted` as it is; more extras do no harm."""
        return set(wanted.extras) <= set(self.extras) and replace(self, extras=wanted.extras) == wanted

    def can_become(self, wanted: Stamp) -> bool:
        """Whether pip can turn this environment into `wanted`, without a new one."""
        return (self.python, self.checkout) == (wanted.python, wanted.checkout)


def wanted_stamp(checkout: Path, extras: tuple[str, ...]) -> Stamp:
    """The stamp that an environment for `checkout` and the running Python must have."""
    inputs = hashlib.sha256()
    for name in INPUTS:
        content = (checkout / name).read_bytes()
        inputs.update(len(content).to_bytes(8, "big") + content)
    python = f"{sys.implementation.cache_tag} {sysconfig.get_platform()}"
    return Stamp(inputs.hexdigest(), python, str(checkout), tuple(sorted(extras)))


@dataclass(frozen=True)
class Environment:
    """The paths of the environment of one checkout, and its stamp."""

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

    def stamp(self) -> Stamp | None:
        """The stamp of a whole environment; None where none can be understood, or where it has lost its Python."""
        if not (self.python.exists() and (self.folder / "pyvenv.cfg").exists()):
            return None
        try:
            fields = json.loads(self.stamp_file.read_text(encoding="utf-8"))
            return Stamp(**{**fields, "extras": tuple(fields["extras"])})
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def write_stamp(self, stamp: Stamp) -> None:
        """Whole or not at all."""
        unfinished = self.stamp_file.with_suffix(".unfinished")
        unfinished.write_text(json.dumps(asdict(stamp), indent=1), encoding="utf-8")
        os.replace(unfinished, self.stamp_file)

    def is_ready(self, wanted: Stamp) -> bool:
        stamp = self.stamp()
        return stamp is not None and stamp.covers(wanted)


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


def set_up(environment: Environment, wanted: Stamp) -> None:
    """Make the environment what `wanted` says, from whatever is there; the extras that it has stay.

    What has no stamp was interrupted or broken, and is made afresh: pip cannot tell a package that it
    installed by half from a whole one.
    """
    present = environment.stamp()
    environment.stamp_file.unlink(missing_ok=True)
    if present is None or not present.can_become(wanted):
        if environment.folder.exists() or environment.folder.is_symlink():
            say("the .venv here is unfinished, broken or of another Python; making it afresh")
            remove(environment.folder)
        say("making .venv")
        create(environment.folder)
    say("installing the packages into .venv (the first time this can take minutes)")
    extras = tuple(sorted({*wanted.extras, *(present.extras if present else ())}))
    install(environment, extras)
    compile_steps(environment)
    environment.write_stamp(replace(wanted, extras=extras))
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


def install(environment: Environment, extras: tuple[str, ...]) -> None:
    """Install the checkout, editable, with the pinned versions of all it needs."""
    target = f".[{','.join(extras)}]" if extras else "."
    command = [str(environment.python), "-m", "pip", "install", "--disable-pip-version-check"]
    pip = run_and_read([*command, "-c", "constraints.txt", "-e", target], environment.checkout)
    if pip.returncode != 0:
        raise SetUpError(
            f"pip could not install the packages; the end of what it said:\n{tail(pip.stdout)}\n"
            "Check the network connection and the free space on the disk, then start again."
        )


def compile_steps(environment: Environment) -> None:
    """Compile the step, so that the first start finds it; where that fails, torch serves."""
    with contextlib.suppress(OSError):
        run_and_read([str(environment.python), "-c", COMPILE], environment.checkout)
