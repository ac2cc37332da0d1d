"""`nystream devices`: what can be listened to."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict

from app.cli import EXIT_OK, EXIT_SOME_FAILED

SCHEMA = "nystream-devices-1"


def run(options: argparse.Namespace) -> int:
    """A line per input device, the default one marked."""
    from audio import NoAudioSystem, input_devices

    try:
        devices = input_devices()
        problem = "" if devices else "No microphone was found: connect one and try again."
    except NoAudioSystem as error:
        devices, problem = [], str(error)
        code = EXIT_SOME_FAILED
    else:
        code = EXIT_OK
    if options.json:
        described = {"schema": SCHEMA, "devices": [asdict(device) for device in devices], "problem": problem}
        print(json.dumps(described, indent=1))
    else:
        for device in devices:
            mark = "*" if device.is_default else " "
            print(
                f"{mark} {device.index}: {device.name} ({device.host_api}, {device.channels} channels, "
                f"{device.sample_rate} Hz)"
            )
    if problem:
        print(f"nystream: {problem}", file=sys.stderr)
    return code
