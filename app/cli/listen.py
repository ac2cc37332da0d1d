"""`nystream listen`: the microphone as lines, with no window."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from app.cli.usage import UsageError
from app.files.formats import WRITERS, Run
from app.files.parameters import Parameters, parse_channel, parse_hop, parse_seconds, parse_smoothing


def run_listen(options: argparse.Namespace) -> int:
    """A line per hop on standard output until Ctrl-C. Raises UsageError."""
    try:
        channel = parse_channel(options.channel)
        parameters = Parameters(parse_hop(options.hop), parse_smoothing(options.smoothing), channel=channel)
        duration = None if options.duration is None else parse_seconds(options.duration)
    except ValueError as error:
        raise UsageError(str(error)) from None
    from app.cli.main import EXIT_NO_MODEL, EXIT_OK, EXIT_SOME_FAILED
    from app.files.classify import classify_source
    from app.files.console import Console, wants_colour
    from app.files.until import Until
    from app.files.work import load_once
    from app.stream.models import identify
    from audio import AudioError, Microphone
    from model import WeightsError

    console = Console(options.quiet, options.verbose)
    weights = Path(os.path.abspath(options.weights))
    try:
        identity = identify(weights) if weights.is_file() else {"name": "", "hash": ""}
        model = load_once(str(weights), identity["hash"])
    except WeightsError as error:
        console.error(str(error))
        return EXIT_NO_MODEL
    run = Run(identity, parameters.describe(), timeline=True, colour=wants_colour(sys.stdout))
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
