"""`nystream devices`: what can be listened to."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from app.cli import EXIT_OK, EXIT_SOME_FAILED
from app.files.console import Console
from app.text import one_line, to_json

SCHEMA = "nystream-devices-1"


def run(options: argparse.Namespace) -> int:
    """A line per input device, the default one marked."""
    from audio import NoAudioSystem, input_devices

    code = EXIT_OK
    try:
        devices = input_devices()
        problem = "" if devices else "No microphone was found: connect one and try again."
    except NoAudioSystem as error:
        devices, problem, code = [], str(error), EXIT_SOME_FAILED
    if options.json:
        described = {"schema": SCHEMA, "devices": [asdict(device) for device in devices], "problem": problem}
        print(to_json(described, indent=1))
    else:
        for device in devices:
            mark = "*" if device.is_default else " "
            sound = f"{device.host_api}, {device.channels} channels, {device.sample_rate} Hz"
            print(f"{mark} {device.index}: {one_line(device.name)} ({sound})")
    if problem:
        Console().note(problem)
    return code
