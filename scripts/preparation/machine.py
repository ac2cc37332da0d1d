"""Whether pip finds all packages for this machine, said before it has looked for them, and in words."""

from __future__ import annotations

import platform
import sys

PYTHONS = (3, 10), (3, 14)  # the oldest and the newest
GLIBC = (2, 34)  # of PySide6's wheels


def machine_fault() -> str:
    """Why there are no packages for it, and what to do; "" where there are."""
    version = sys.version_info[:2]
    if not PYTHONS[0] <= version <= PYTHONS[1]:
        allowed = " to ".join(f"{major}.{minor}" for major, minor in PYTHONS)
        return f"Nystream needs Python {allowed}, and this is {platform.python_version()}: start it with one of those."
    if sys.maxsize < 2**32:
        return "Nystream needs a 64-bit Python, and this one has 32 bits: install a 64-bit Python."
    processor = platform.machine().lower()
    if sys.platform == "win32" and processor != "amd64":
        return (
            f"Its packages are not made for Windows on {processor}: install a Python for x86-64, which runs there, too."
        )
    if sys.platform == "darwin" and processor != "arm64":
        return "Its packages are no longer made for Macs with an Intel processor: use one with Apple silicon."
    if sys.platform == "linux":
        library, said = platform.libc_ver()
        if processor not in ("x86_64", "aarch64") or library != "glibc":
            other = library or "another C library"
            return f"Its packages are made for glibc on x86-64 and 64-bit ARM, not for {other} on {processor}."
        if tuple(map(int, said.split(".")[:2])) < GLIBC:
            return f"Qt needs glibc 2.34, and this system has {said}: use Debian 12, Ubuntu 22.04, Fedora 35 or newer."
    return ""
