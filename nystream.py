"""The command by a name of its own, since `app`, `audio` and `model` are names that other packages have, too.

`python -m nystream` is `nystream`. A bundle (scripts/bundle.py) starts here.
"""

from __future__ import annotations

import sys

PACKAGES = ("app", "audio", "model")


def main() -> int:
    """The command line; returns its exit code."""
    return _run("main")


def gui() -> int:
    """The window, with the files that it is given."""
    return _run("gui")


def _run(name: str) -> int:
    try:
        from app.cli import main as command

        code: int = getattr(command, name)()
        return code
    except ImportError as error:
        package = (error.name or "").partition(".")[0]
        if package not in PACKAGES:
            raise
        place = getattr(sys.modules.get(package), "__file__", None) or "nowhere"
        sys.exit(
            f"nystream: another package has taken the place of `{package}`, which was found in {place}: install "
            "Nystream into an environment of its own, for example with pipx"
        )


if __name__ == "__main__":  # worker processes import this file, too
    if getattr(sys, "frozen", False):  # in a bundle, where this program stands in for the Python that is not there
        from multiprocessing import freeze_support

        freeze_support()
        if sys.argv[1:2] == ["-c"]:
            code = sys.argv[2]
            del sys.argv[1:3]
            exec(code)
            sys.exit()
    if sys.argv[1:2] == ["--gui"]:  # as a bundle's own nystream-gui says it
        del sys.argv[1]
        sys.exit(gui())
    sys.exit(gui() if "nystream-gui" in sys.executable else main())
