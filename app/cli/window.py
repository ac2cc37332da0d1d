"""`nystream` and `nystream demo`: the window over a live session."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from functools import cache, partial
from pathlib import Path
from typing import NoReturn

from app.cli.rows import checked_window, choose_fastest
from app.cli.usage import UsageError
from app.live.session import LiveSession
from app.stream.compiled_path import compiled_model, load_ready
from app.stream.family import window_tokens
from app.stream.front_end import front_end_is_ready, load_front_end, quicken_with
from app.stream.live_model import LiveModel
from app.stream.loading import giving_way
from app.stream.reference import load_reference
from app.stream.weights import family_weights
from app.window.launch import Launch
from app.window.start import run_window
from audio import FrontEnd

SWITCH_SECONDS = 0.0005  # the longest that the thread that hears waits for Python while the window is drawn


def run_window_command(options: argparse.Namespace) -> NoReturn:
    """Open it, and end the process with its exit code. Raises UsageError and WeightsError."""
    seconds = None if options.window_seconds is None else checked_window(options.window_seconds)
    if options.fastest:
        options.weights = choose_fastest(options.weights, seconds).weights
    try:
        session = make_session(options.weights, None if seconds is None else window_tokens(seconds))
    except ValueError as error:
        raise UsageError(f"this model cannot have another window ({error}): leave --window-seconds out") from None
    try:
        code = run_window(session, understand(options), when_painted=session.complete)
    finally:
        session.close()
    leave(code)


def make_session(weights: Path, window: int | None = None, front_end: FrontEnd | None = None) -> LiveSession:
    """The window's: all rows that ship, and everything computed by what is quickest, `front_end` too.

    Sets how long Python's threads wait for each other in this process.
    Raises WeightsError, and ValueError for a window (tokens) that the model cannot have.
    """
    sys.setswitchinterval(SWITCH_SECONDS)
    front_end = front_end or FrontEnd()
    model = first_model(weights, window, front_end)
    return LiveSession(model, other_weights=family_weights(), quicken=quicken_with(front_end), front_end=front_end)


def first_model(weights: Path, window: int | None = None, front_end: FrontEnd | None = None) -> LiveModel:
    """What gives the first answers: the compiled path where all is kept, else torch; see LiveSession.complete.

    `front_end` is loaded together with the compiled path.
    Raises WeightsError, and ValueError for a window (tokens) that the model cannot have.
    """
    reference = cache(partial(load_reference, weights, window))
    with giving_way():
        compiled = load_ready(weights, window) if front_end_is_ready() else None
    if compiled is not None:
        return compiled_model(compiled, reference, lambda: None if front_end is None else load_front_end(front_end))
    classifier = reference()
    from app.stream.torch_path import live_model  # torch is there by now

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
