"""`nystream` and `nystream demo`: the window over a live session."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from functools import cache, partial
from pathlib import Path
from typing import NoReturn

from app.commands.usage import UsageError
from app.compiled_path import compiled_model, load_ready, quicken
from app.live_model import LiveModel
from app.loading import giving_way
from app.reference import load_reference
from app.session import LiveSession
from app.weights import family_weights
from app.window import Launch, run_window
from audio import FRAME_SECONDS

SHORTEST_WINDOW, LONGEST_WINDOW = 5.0, 300.0  # s


def run_window_command(options: argparse.Namespace) -> NoReturn:
    """Open it, and end the process with its exit code. Raises UsageError and WeightsError."""
    seconds = options.window_seconds
    if seconds is not None and not SHORTEST_WINDOW <= seconds <= LONGEST_WINDOW:
        raise UsageError(
            f"--window-seconds {seconds:g} cannot be used: give {SHORTEST_WINDOW:g} to {LONGEST_WINDOW:g} seconds"
        )
    try:
        model = first_model(options.weights, None if seconds is None else round(seconds / FRAME_SECONDS))
    except ValueError as error:
        raise UsageError(f"this model cannot have another window ({error}): leave --window-seconds out") from None
    session = LiveSession(model, other_weights=family_weights(), quicken=quicken)
    try:
        code = run_window(session, understand(options), when_painted=session.complete)
    finally:
        session.close()
    leave(code)


def first_model(weights: Path, window: int | None = None) -> LiveModel:
    """What gives the first answers: the compiled path where it is ready, else torch; see LiveSession.complete.

    Raises WeightsError, and ValueError for a window (tokens) that the model cannot have.
    """
    reference = cache(partial(load_reference, weights, window))
    with giving_way():
        compiled = load_ready(weights, window)
    if compiled is not None:
        return compiled_model(compiled, reference)
    classifier = reference()
    from app.torch_path import live_model  # torch is there by now

    return live_model(classifier)


def leave(code: int) -> NoReturn:
    """End the process now: all is closed and written, and to take torch, numba and Qt apart would take seconds."""
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:  # a launcher without a terminal has none
            stream.flush()
    os._exit(code)


def understand(options: argparse.Namespace) -> Launch:
    """What the command line asks of the window."""
    begins = options.start or options.listen is not None
    return Launch(
        weights=options.weights,
        theme=options.theme,
        source=options.source or options.listen or "",
        begins=begins,
        file=options.play,
        demo=options.command == "demo",
        full_screen=options.fullscreen,
        silent=options.silent,
    )
