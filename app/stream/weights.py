"""Where what ships lies. `--help` says it too, so this imports next to nothing."""

from __future__ import annotations

from pathlib import Path

FILE_NAME = "nystream.safetensors"


def default_weights() -> Path:
    """The path of the weights that ship: inside an installed package, in assets/ of a checkout. Whether they can be
    read is for the loader to say.
    """
    installed = Path(__file__).parents[1] / "assets" / FILE_NAME
    return installed if installed.exists() else Path(__file__).parents[2] / "assets" / FILE_NAME


def family_weights() -> list[Path]:
    """All weights that ship, one file for each model of the family."""
    return sorted(default_weights().parent.glob("nystream*.safetensors"))


def desktop_file(name: str) -> Path:
    """What a desktop knows the program by: nystream.svg, .png, .desktop and .metainfo.xml."""
    return default_weights().with_name("desktop") / name
