"""`nystream` and `nystream demo`: the window over a live session."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from PySide6.QtWidgets import QSplashScreen

from app.cli import UsageError
from app.cli.models import checked_window, choose_fastest
from app.live.model_choice import ModelChooser
from app.live.osc import OscTarget
from app.live.session import LiveSession
from app.stream.models import load_model, window_tokens
from app.stream.weights import default_weights, family_weights
from app.window.launch import Launch
from app.window.start import run_window

SWITCH_SECONDS = 0.0005  # the longest that the engine waits for the GIL while the window is drawn


def run_window_command(options: argparse.Namespace, opening: QSplashScreen | None = None) -> NoReturn:
    """Open it in the place of `opening`, and end the process with its exit code. Raises UsageError and WeightsError."""
    seconds = None if options.window_seconds is None else checked_window(options.window_seconds)
    if options.fastest:
        options.weights = choose_fastest(options.weights, seconds).weights
    launch = understand(options)
    try:
        session = make_session(options.weights, None if seconds is None else window_tokens(seconds))
    except ValueError as error:
        raise UsageError(f"this model cannot have another window ({error}): leave --window-seconds out") from None

    def painted() -> None:
        if opening is not None:
            opening.close()
        session.models.complete()

    try:
        code = run_window(session, launch, painted)
    finally:
        session.close()
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):
            stream.flush()
    os._exit(code)  # all is closed and written, and to take torch, numba and Qt apart would take seconds


def make_session(weights: Path, window: int | None = None) -> LiveSession:
    """The window's: all models that ship, and everything computed by the fastest backend.

    Sets how long Python's threads wait for each other in this process.
    Raises WeightsError, and ValueError for a window (tokens) that the model cannot have.
    """
    sys.setswitchinterval(SWITCH_SECONDS)
    return LiveSession(ModelChooser(load_model(weights, window), family_weights()))


def understand(options: argparse.Namespace) -> Launch:
    """What the command line asks of the window. Raises UsageError."""
    try:
        osc = None if options.osc is None else OscTarget.parse(options.osc, options.osc_rate)
    except ValueError as error:
        raise UsageError(str(error)) from None
    if Path("-") in (options.play or ()):
        if len(options.play) > 1:
            raise UsageError("standard input is played alone: name - without other files")
        if sys.stdin is None or sys.stdin.closed or sys.stdin.isatty():
            raise UsageError("nothing is piped in: give --play - sound from another program, like ffmpeg -f wav -")
    return Launch(
        weights=options.weights,
        theme=options.theme,
        source=options.source or options.listen or "",
        begins=options.start or options.listen is not None,
        files=tuple(options.open or ()),
        plays=tuple(options.play or ()),
        demo=options.command == "demo",
        full_screen=options.fullscreen,
        silent=options.silent,
        osc=osc,
        says_model=options.fastest or options.window_seconds is not None or options.weights != default_weights(),
    )
