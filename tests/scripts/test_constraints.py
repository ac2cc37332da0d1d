"""The lock on versions holds for everything that the project installs."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, distribution

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from scripts.preparation import CHECKOUT

EXTRAS = ("", "bundle", "dask", "gui", "test", "train")


def pins() -> dict[str, Version]:
    """The pinned version of each name, for the running Python and system."""
    lines = (CHECKOUT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    requirements = [Requirement(line) for line in lines if line and not line.startswith("#")]
    fitting = [item for item in requirements if item.marker is None or item.marker.evaluate()]
    names = [canonicalize_name(item.name) for item in fitting]
    assert len(names) == len(set(names))
    return {name: Version(str(item.specifier).removeprefix("==")) for name, item in zip(names, fitting, strict=True)}


def needed_by(name: str, extras: tuple[str, ...]) -> set[str]:
    """The names that a distribution asks for here, with any of `extras`."""
    requirements = [Requirement(text) for text in distribution(name).requires or ()]
    fitting = [
        item
        for item in requirements
        if item.marker is None or any(item.marker.evaluate({"extra": extra}) for extra in extras)
    ]
    return {canonicalize_name(item.name) for item in fitting}


def test_everything_that_is_installed_has_the_version_of_its_pin() -> None:
    try:
        open_names = needed_by("nystream", EXTRAS)
    except PackageNotFoundError:
        pytest.skip("nystream is not installed in this environment, so there is nothing to compare")
    pinned = pins()
    seen: set[str] = set()
    while open_names:
        name = open_names.pop()
        seen.add(name)
        assert name in pinned
        try:
            installed = Version(distribution(name).version)
        except PackageNotFoundError:  # of an extra that is not installed here
            continue
        assert installed.public == pinned[name].public, name
        open_names |= needed_by(name, ("",)) - seen
    assert {"torch", "numpy", "pyside6-essentials", "pytest"} <= seen
