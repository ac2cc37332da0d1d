"""What somebody who is to help needs to know of this installation, as plain text."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

from app import __version__
from app.live.protocol import DeviceList
from app.stream.model_identity import identify

PACKAGES = (
    "PySide6-Essentials",
    "av",
    "librosa",
    "numba",
    "numpy",
    "pyqtgraph",
    "safetensors",
    "sounddevice",
    "soundfile",
    "soxr",
    "torch",
)
LOG_LINES = 40


def diagnostics(weights: Path, devices: DeviceList | None, log_lines: Sequence[str]) -> str:
    """Versions, the model, the microphones, the end of the log. The home folder is written as ~."""
    lines = [f"Nystream {__version__}", f"Python {platform.python_version()} on {platform.platform()}"]
    lines += [f"{name} {version_of(name)}" for name in PACKAGES]
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


def version_of(package: str) -> str:
    """As installed, or "missing"."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "missing"


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
