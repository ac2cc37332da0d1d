"""The `.venv` of a checkout: whether it is ready, and how it becomes so."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import venv
from dataclasses import dataclass
from pathlib import Path

from .report import SetUpError, say, tail
from .stamp import Stamp, read_stamp, write_stamp

CHECKOUT = Path(__file__).resolve().parents[2]
COMPILE = "from app.stream.front_end import compile_everything; compile_everything()"


@dataclass(frozen=True)
class Environment:
    """The paths of the environment of one checkout."""

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
        """The stamp of a whole environment, None where there is none or where it has lost its Python."""
        whole = self.python.exists() and (self.folder / "pyvenv.cfg").exists()
        return read_stamp(self.stamp_file) if whole else None

    def is_ready(self, wanted: Stamp) -> bool:
        stamp = self.stamp()
        return stamp is not None and stamp.covers(wanted)


def set_up(environment: Environment, wanted: Stamp) -> None:
    """Make the environment what `wanted` says, from whatever is there.

    What has no stamp was interrupted or broken, and is made afresh: pip cannot tell a package that it
    installed by half from a whole one.
    """
    present = environment.stamp()
    wanted = wanted.with_extras_of(present)
    environment.stamp_file.unlink(missing_ok=True)
    if present is None or not present.can_become(wanted):
        if environment.folder.exists() or environment.folder.is_symlink():
            say("the .venv here is unfinished, broken or of another Python; making it afresh")
            remove(environment.folder)
        say("making .venv")
        create(environment.folder)
    say("installing the packages into .venv (the first time this can take minutes)")
    install(environment, wanted.extras)
    compile_steps(environment)
    write_stamp(environment.stamp_file, wanted)
    say("ready")


def compile_steps(environment: Environment) -> None:
    """Let the compiled path be there from the first start on; where that fails, torch serves."""
    with contextlib.suppress(OSError):
        subprocess.run(
            [
                str(environment.python),
                "-c",
                "from app.stream.front_end import compile_everything; compile_everything()",
            ],
            cwd=environment.checkout,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )


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
    pip = subprocess.run(
        [*command, "-c", "constraints.txt", "-e", target],
        cwd=environment.checkout,
        close_fds=False,  # pip keeps the lock of this set-up
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    )
    if pip.returncode != 0:
        raise SetUpError(
            f"pip could not install the packages; the end of what it said:\n{tail(pip.stdout)}\n"
            "Check the network connection and the free space on the disk, then start again."
        )
