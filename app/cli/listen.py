"""`nystream listen`: the microphone as lines, with no window."""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

from app.cli import EXIT_NO_MODEL, EXIT_OK, EXIT_SOME_FAILED, UsageError
from app.files.classify import classify_source
from app.files.console import Console, wants_colour
from app.files.formats import Run
from app.files.output import WRITERS
from app.files.parameters import Parameters, parse_channel, parse_hop, parse_seconds, parse_smoothing
from app.stream.models import identify, load_model
from audio import AudioError, Block, Microphone, Source
from audio.source import SourceAround
from model import WeightsError

SILENT_START_SECONDS = 5.0  # how long the first sound may be on its way without shortening the duration


def run_listen(options: argparse.Namespace) -> int:
    """A line per hop on standard output until Ctrl-C. Raises UsageError."""
    try:
        channel = parse_channel(options.channel)
        parameters = Parameters(parse_hop(options.hop), parse_smoothing(options.smoothing), channel=channel)
        duration = None if options.duration is None else parse_seconds(options.duration)
    except ValueError as error:
        raise UsageError(str(error)) from None
    console = Console(options.quiet, options.verbose)
    weights = Path(os.path.abspath(options.weights))
    try:
        model = load_model(weights)
    except WeightsError as error:
        console.error(str(error))
        return EXIT_NO_MODEL
    model.make_backend()  # loads the compiled functions now: no sound waits for them
    run = Run(identify(weights), parameters.describe(), timeline=True, colour=wants_colour(sys.stdout))
    writer = WRITERS["jsonl" if options.jsonl else "table"](sys.stdout, run)
    said = ""
    try:
        device = int(options.device) if (options.device or "").isdecimal() else options.device
        with Until(Microphone(device, parameters.channel_index), duration) as source:
            name = source.name
            console.note(f"listening to {name}; Ctrl-C ends it")

            def look(seconds: float) -> None:
                nonlocal said
                if source.status != said:
                    said = source.status
                    console.note(said or f"listening to {name}")

            classify_source(model, source, name, parameters, True, lambda hop: writer.add_hop(name, hop), on_time=look)
    except AudioError as error:
        console.error(str(error))
        return EXIT_SOME_FAILED
    return EXIT_OK


class Until(SourceAround):
    """Another source for `seconds` from its first sound on; None for no end."""

    def __init__(self, source: Source, seconds: float | None) -> None:
        super().__init__(source)
        self._seconds = seconds
        self._end = None if seconds is None else time.monotonic() + SILENT_START_SECONDS + seconds
        self._begun = False

    def read(self, timeout: float) -> Block | None:
        """See Source.read."""
        if self._end is not None and time.monotonic() >= self._end:
            return None
        block = self._source.read(timeout)
        if block is not None and len(block.samples) and not self._begun:
            self._begun = True
            self._end = None if self._seconds is None else time.monotonic() + self._seconds
        return block
