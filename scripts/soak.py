"""Step continual attention for as long as you like, and compare it with its definition in float64 all the way.

    python3 scripts/soak.py                     (ten million steps of every attention, side by side)
    python3 scripts/soak.py --steps 1000000

It runs the law of tests/model/test_long.py; the exit code is 1 when an error exceeds its bound, or anything is not
finite. scripts/window_soak.py does the same to the window and to what it hears.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # nothing is installed yet

from scripts.preparation import CHECKOUT, hand_over, prepare_or_exit


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=10_000_000, help="default: ten million")
    steps = parser.parse_args().steps
    if steps < 1:
        parser.error(f"argument --steps: {steps} is not at least 1")
    python = prepare_or_exit(extras=("test",))
    os.chdir(CHECKOUT)
    law = "tests/model/test_long.py"
    hand_over([python, "-m", "pytest", "--capture=no", "--long", f"--steps={steps}", "-k", "million", law])


if __name__ == "__main__":
    main()
