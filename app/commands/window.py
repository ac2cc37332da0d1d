"""`nystream`: the window over a live session."""

from __future__ import annotations

import argparse
import sys

import torch

from app.cli import EXIT_NO_MODEL
from app.compiled_path import quicken
from app.session import LiveSession
from app.weights import family_weights
from app.window import run_window
from model import WeightsError, load_classifier


def run_window_command(options: argparse.Namespace) -> int:
    # One thread: more make a single step no faster, and its slowest ones ten times slower.
    torch.set_num_threads(1)
    try:
        classifier = load_classifier(options.weights)
    except WeightsError as error:
        print(f"nystream: {error}", file=sys.stderr)
        return EXIT_NO_MODEL
    session = LiveSession(classifier, other_weights=family_weights(), quicken=quicken)
    if options.play is not None:
        session.play(options.play)
    elif options.listen is not None:
        session.listen(options.listen)
    try:
        return run_window(session)
    finally:
        session.close()
