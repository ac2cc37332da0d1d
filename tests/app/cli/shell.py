"""The real command, in a real shell or called as a function."""

from __future__ import annotations

import io
import os
import shlex
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path

from app.cli.main import main

CHECKOUT = Path(__file__).resolve().parents[3]
SECONDS = 240  # only a fault takes so long


@dataclass(frozen=True)
class Shell:
    """Runs lines of shell in a folder; `nystream` is on its path."""

    folder: Path
    programs: Path
    extra: dict[str, str] = field(default_factory=dict)

    @classmethod
    def make(cls, folder: Path, programs: Path) -> Shell:
        programs.mkdir(parents=True, exist_ok=True)
        command = programs / "nystream"
        command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m app "$@"\n')
        command.chmod(0o755)
        return cls(folder, programs)

    @property
    def environment(self) -> dict[str, str]:
        path = f"{self.programs}{os.pathsep}{os.environ['PATH']}"
        own = {"PATH": path, "PYTHONPATH": str(CHECKOUT), "OMP_NUM_THREADS": "1", "TMPDIR": str(self.programs)}
        return os.environ | own | self.extra

    def run(self, line: str, feed: bytes | None = None) -> subprocess.CompletedProcess[str]:
        """Run a line to its end; what it prints is read as text whatever it is."""
        done = subprocess.run(
            ["bash", "-c", line],
            cwd=self.folder,
            env=self.environment,
            input=feed,
            stdin=subprocess.DEVNULL if feed is None else None,
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
        out, error = (text.decode("utf-8", "surrogateescape") for text in (done.stdout, done.stderr))
        assert "Traceback" not in error, error
        return subprocess.CompletedProcess(done.args, done.returncode, out, error)

    def call(self, line: str) -> subprocess.CompletedProcess[str]:
        """The same for one command that needs nothing of a shell, in this process: that takes far less time."""
        _, *arguments = shlex.split(line)
        out, error = io.BytesIO(), io.BytesIO()
        printed, said = io.TextIOWrapper(out), io.TextIOWrapper(error)
        before = Path.cwd()
        os.chdir(self.folder)
        try:
            with redirect_stdout(printed), redirect_stderr(said):
                code = main(arguments)
        finally:
            os.chdir(before)
        return subprocess.CompletedProcess(arguments, code, out.getvalue().decode(), error.getvalue().decode())

    def start(self, line: str) -> subprocess.Popen[bytes]:
        """A line that is not waited for, in a process group of its own; all three streams are pipes."""
        pipe = subprocess.PIPE
        return subprocess.Popen(
            ["bash", "-c", f"exec {line}"],
            cwd=self.folder,
            env=self.environment,
            stdin=pipe,
            stdout=pipe,
            stderr=pipe,
            start_new_session=True,
        )
