"""Run what must never drift for as long as you like, and compare it with the truth all the way.

    python3 scripts/soak.py                                     (ten million steps of every attention, side by side)
    python3 scripts/soak.py --steps 1000000 --kinds fixed --json
    python3 scripts/soak.py --capture                           (ten minutes of listening under load)
    python3 scripts/soak.py --capture --seconds 60 --load python

The steps of continual attention are compared with their definition in float64: the exit code is 1 when an error
exceeds its bound, or anything is not finite. With --capture the real window listens to a microphone without hardware
while three threads are busy: the exit code is 1 unless captured + dropped samples are elapsed x rate, to one block.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from scripts.preparation import TO_WATCH, run_within_environment

run_within_environment(imported=TO_WATCH)

import torch

from scripts.soaking.attention import KINDS, soak_side_by_side, table

LOADS = ("numpy", "python")


def main() -> int:
    arguments = parse_arguments()
    return soak_capture(arguments) if arguments.capture else soak_attention(arguments)


def soak_attention(arguments: argparse.Namespace) -> int:
    """Every kind in a process of its own."""
    results = soak_side_by_side(tuple(arguments.kinds), arguments.steps, report=True)
    if arguments.json:
        kinds = {name: asdict(result) for name, result in results.items()}
        print(json.dumps({"torch": torch.__version__, "kinds": kinds}))
    else:
        print("\n".join(table(results)))
    return 0 if all(result.holds for result in results.values()) else 1


def soak_capture(arguments: argparse.Namespace) -> int:
    """The window in this process."""
    from scripts.soaking import capture  # Qt: only where it is needed

    try:
        result = capture.soak(arguments.seconds, arguments.threads, arguments.load)
    except FileNotFoundError as error:
        print(f"soak: {error}", file=sys.stderr)
        return 2
    print(json.dumps(asdict(result)) if arguments.json else "\n".join(capture.table(result)))
    return 0 if result.holds else 1


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="one JSON object")
    steps = parser.add_argument_group("steps of attention")
    steps.add_argument("--steps", type=_positive, default=10_000_000, help="default: ten million")
    steps.add_argument("--kinds", nargs="+", choices=list(KINDS), default=list(KINDS), help="default: all")
    listening = parser.add_argument_group("listening")
    listening.add_argument("--capture", action="store_true", help="listen, instead of taking steps")
    listening.add_argument("--seconds", type=float, default=600.0, help="default: 600")
    listening.add_argument("--threads", type=int, default=3, help="busy ones; default: 3")
    listening.add_argument("--load", choices=LOADS, default="numpy", help="what they do; default: numpy")
    return parser.parse_args()


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is not at least 1")
    return number


if __name__ == "__main__":
    sys.exit(main())
