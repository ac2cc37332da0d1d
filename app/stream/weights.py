"""Where the weights that ship are: inside an installed package, in assets/ of a checkout."""

from __future__ import annotations

from pathlib import Path

FILE_NAME = "nystream.safetensors"


def default_weights() -> Path:
    """The path of the weights that ship; whether they can be read is for the loader to say."""
    installed = Path(__file__).parents[1] / "assets" / FILE_NAME
    return installed if installed.exists() else Path(__file__).parents[2] / "assets" / FILE_NAME


def family_weights() -> list[Path]:
    """All weights that ship, one file for each row of the family."""
    return sorted(default_weights().parent.glob("nystream*.safetensors"))
