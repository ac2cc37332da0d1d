"""What is installed beside the program: versions and licences of the packages that it runs on."""

from __future__ import annotations

from importlib import metadata

PACKAGES = ("av", "numba", "numpy", "PySide6-Essentials", "sounddevice", "soxr", "torch")
ALL_PACKAGES = tuple(sorted((*PACKAGES, "pyqtgraph", "safetensors")))  # those of the window too


def version_of(package: str) -> str | None:
    """None where it is not installed."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def licence_of(package: str) -> str:
    """As the package states it, on one line."""
    try:
        stated = metadata.metadata(package)
    except metadata.PackageNotFoundError:
        return "not installed"
    for key in ("License-Expression", "License"):
        value = str((stated.get_all(key) or [""])[0]).strip()
        if value and "\n" not in value and len(value) < 60:
            return value
    named = [line.rpartition(":: ")[2] for line in stated.get_all("Classifier") or [] if line.startswith("License ::")]
    return ", ".join(named) if named else "see its package"
