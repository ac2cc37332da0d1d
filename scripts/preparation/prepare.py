"""From a bare checkout to an environment that is ready, or to one sentence that says why not."""

from __future__ import annotations

import sys

from .environment import CHECKOUT, Environment, set_up
from .lock import alone
from .report import SetUpError, say
from .stamp import wanted_stamp
from .system import see_to_system


def prepare(environment: Environment, extras: tuple[str, ...] = ()) -> None:
    """See to the system libraries, then to `.venv`; quick where nothing has changed.

    Raises SetUpError.
    """
    wanted = wanted_stamp(environment.checkout, extras)
    ready = environment.is_ready(wanted)
    if sys.platform == "linux":  # the wheels for macOS and Windows bring their libraries along
        see_to_system(set_up=not ready, test="test" in extras)
    if ready:
        return
    try:
        with alone(environment.checkout / ".venv.lock"):
            if not environment.is_ready(wanted):  # another start may have done it meanwhile
                set_up(environment, wanted)
    except OSError as error:
        raise SetUpError(
            f"Setting up {environment.folder} failed: {error}. "
            "Close what uses that folder, check that you may write there, then start again."
        ) from error


def prepare_or_exit(extras: tuple[str, ...] = ()) -> str:
    """The path of the Python of a ready environment; leaves with 1 after telling why there is none."""
    environment = Environment(CHECKOUT)
    try:
        prepare(environment, extras)
    except SetUpError as error:
        print(error, file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        say("interrupted; the next start begins the set-up again")
        sys.exit(130)
    return str(environment.python)
