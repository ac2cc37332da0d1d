"""`nystream listen`: the microphone as lines, with no window."""

from __future__ import annotations

import argparse
import os
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np

from app.cli import EXIT_OK, EXIT_SOME_FAILED, UsageError
from app.files.classify import classify_source
from app.files.console import Console, wants_colour
from app.files.formats import Run
from app.files.output import WRITERS
from app.files.parameters import parse_parameters, parse_seconds
from app.live.osc import OscSender, OscTarget
from app.stream.backend import mend
from app.stream.frames import Frames
from app.stream.models import identify, load_model
from app.stream.snapshot import is_unsure
from app.stream.stream import Answers
from audio import AudioError, Microphone

SILENT_START_SECONDS = 5.0  # how long the first sound may be on its way without shortening the duration


def run(options: argparse.Namespace) -> int:
    """A line per hop on standard output until Ctrl-C. Raises UsageError and WeightsError."""
    try:
        parameters = parse_parameters(options.hop, options.smoothing, options.channel)
        duration = None if options.duration is None else parse_seconds(options.duration)
        target = None if options.osc is None else OscTarget.parse(options.osc, options.osc_rate)
    except ValueError as error:
        raise UsageError(str(error)) from None
    console = Console(options.quiet, options.verbose)
    weights = Path(os.path.abspath(options.weights))
    mend(console.detail)
    model = load_model(weights)
    model.make_backend()  # loads the compiled functions now: no sound waits for them
    shown = Run(identify(weights), parameters.described(), model.config.genres, True, wants_colour(sys.stdout))
    writer = WRITERS["jsonl" if options.jsonl else "table"](sys.stdout, shown)
    said, begun = "", False
    sender = None if target is None else OscSender(target, model.config.genres)
    recent = np.zeros((0, len(model.config.genres)))
    end = None if duration is None else time.monotonic() + SILENT_START_SECONDS + duration
    try:
        device = int(options.device) if (options.device or "").isdecimal() else options.device
        with Microphone(device, parameters.channel_index) as source:
            name = source.name
            console.note(f"listening to {name}; Ctrl-C ends it")

            def look(seconds: float) -> None:
                nonlocal said, begun, end
                if duration is not None and seconds and not begun:
                    begun, end = True, time.monotonic() + duration - seconds
                if end is not None and time.monotonic() >= end:
                    source.close()
                elif (status := source.status or ("" if sender is None else sender.status)) != said:
                    said = status
                    console.note(said or f"listening to {name}")

            def send(frames: Frames, answers: Answers) -> None:
                nonlocal recent
                if sender is not None:
                    recent = np.concatenate([recent, answers.probabilities])[-parameters.smoothing_frames :]
                    mean = recent.mean(axis=0)
                    sender.push(mean, is_unsure(mean, model.config), frames.level_dbfs)

            add = partial(writer.add_hop, name)
            classify_source(model, source, name, parameters, True, add, on_time=look, on_answers=send)
    except AudioError as error:
        console.error(str(error))
        return EXIT_SOME_FAILED
    finally:
        if sender is not None:
            sender.close()
    return EXIT_OK
