"""`nystream` and `nystream demo`: the window over a live session."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from typing import NoReturn

import torch

from app.commands.rows import checked_window, choose_fastest
from app.commands.usage import UsageError
from app.compiled_path import load_what_is_ready
from app.front_end import quicken_with, ready_front_end
from app.session import LiveSession
from app.weights import family_weights
from app.window import Launch, run_window
from audio import FRAME_SECONDS
from model import load_classifier

SWITCH_SECONDS = 0.0005  # the longest that the thread that hears waits for Python while the window is drawn


def run_window_command(options: argparse.Namespace) -> NoReturn:
    """Open it, and end the process with its exit code. Raises UsageError and WeightsError."""
    seconds = None if options.window_seconds is None else checked_window(options.window_seconds)
    # One thread: more make a single step no faster, and its slowest ones ten times slower.
    torch.set_num_threads(1)
    sys.setswitchinterval(SWITCH_SECONDS)
    if options.fastest:
        options.weights = choose_fastest(options.weights, seconds).weights
    classifier = load_classifier(options.weights)
    if seconds is not None:
        try:
            classifier = classifier.with_window(round(seconds / FRAME_SECONDS))
        except ValueError as error:
            raise UsageError(f"this model cannot have another window ({error}): leave --window-seconds out") from None
    load_what_is_ready()  # before there is a window that it could hold up
    front_end = ready_front_end()
    session = LiveSession(
        classifier, other_weights=family_weights(), quicken=quicken_with(front_end), front_end=front_end
    )
    try:
        code = run_window(session, understand(options))
    finally:
        session.close()
    leave(code)


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
