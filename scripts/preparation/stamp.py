"""The stamp in `.venv`: what it was set up from. It is written last and removed first, so that a
`.venv` with a stamp is a whole one."""

from __future__ import annotations

import hashlib
import json
import os
import sys
import sysconfig
from dataclasses import asdict, dataclass, replace
from pathlib import Path

INPUTS = ("pyproject.toml", "constraints.txt")


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

    def with_extras_of(self, other: Stamp | None) -> Stamp:
        """This stamp with the extras of both, so that setting up to run keeps what the tests need."""
        return replace(self, extras=tuple(sorted({*self.extras, *(other.extras if other else ())})))


def wanted_stamp(checkout: Path, extras: tuple[str, ...]) -> Stamp:
    """The stamp that an environment for `checkout` and the running Python must have."""
    inputs = hashlib.sha256()
    for name in INPUTS:
        content = (checkout / name).read_bytes()
        inputs.update(len(content).to_bytes(8, "big") + content)
    python = f"{sys.implementation.cache_tag} {sysconfig.get_platform()}"
    return Stamp(inputs.hexdigest(), python, str(checkout), tuple(sorted(extras)))


def read_stamp(path: Path) -> Stamp | None:
    """The stamp at `path`; None where there is none that can be understood."""
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
        return Stamp(**{**fields, "extras": tuple(fields["extras"])})
    except (OSError, ValueError, TypeError, KeyError):
        return None


def write_stamp(path: Path, stamp: Stamp) -> None:
    """Write the stamp whole or not at all."""
    unfinished = path.with_suffix(".unfinished")
    unfinished.write_text(json.dumps(asdict(stamp), indent=1), encoding="utf-8")
    os.replace(unfinished, path)
