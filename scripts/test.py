"""Sets up and tests Nystream: ruff, mypy, then pytest; with arguments only pytest, with those arguments.

python3 scripts/test.py            (a few minutes; the slowest tests are named at the end)
python3 scripts/test.py --long     (everything, with a million steps of every attention besides)

All tests run in four processes, also on two processors: many of them wait for sound. Those of one file run in one
process, so that what they share is made once.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # nothing is installed yet

from scripts.preparation import CHECKOUT, hand_over, prepare_or_exit

IN_PARALLEL = ("--numprocesses=4", "--dist=loadfile")
CHECKS = (("ruff", "check"), ("ruff", "format", "--check"), ("mypy",))


def main() -> None:
    python = prepare_or_exit(extras=("test",))
    os.chdir(CHECKOUT)
    arguments = sys.argv[1:]
    if arguments not in ([], ["--long"]):
        hand_over([python, "-m", "pytest", *arguments])
    failed = []
    for check in CHECKS:
        name = " ".join(check)
        print(f"== {name}", flush=True)
        if subprocess.run([python, "-m", *check]).returncode != 0:
            failed.append(name)
    if failed:
        print(f"== failed: {', '.join(failed)}; pytest still runs, and the exit code will be 1")
    # pytest comes last, so that its closing line is the last line of all.
    print("== pytest", flush=True)
    tests = subprocess.run([python, "-m", "pytest", *IN_PARALLEL, *arguments]).returncode
    sys.exit(tests or bool(failed))


if __name__ == "__main__":
    main()
