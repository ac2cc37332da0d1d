"""Sets up and starts Nystream: without arguments the window, with arguments the command line."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # nothing is installed yet

from scripts.preparation import hand_over, prepare_or_exit


def main() -> None:
    python = prepare_or_exit()
    # A folder `app` where the user stands must not be taken for ours (Python 3.10 has no way to say so).
    safe_path = ["-P"] if sys.version_info >= (3, 11) else []
    hand_over([python, *safe_path, "-m", "app", *sys.argv[1:]])


if __name__ == "__main__":
    main()
