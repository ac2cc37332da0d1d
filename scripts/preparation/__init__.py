"""What the scripts do before their work: see to the system libraries, then to `.venv`.

Standard library only: this runs before anything is installed.
"""

import sys

if sys.version_info < (3, 10):  # noqa: UP036 (older Pythons do start these scripts, and deserve a sentence)
    version = sys.version.split()[0]
    sys.exit(f"Nystream needs Python 3.10 or newer, and this is {version}: start it with a newer one.")

from .environment import CHECKOUT
from .start import TO_TRAIN, TO_WATCH, hand_over, prepare_or_exit, run_within_environment

__all__ = ["CHECKOUT", "TO_TRAIN", "TO_WATCH", "hand_over", "prepare_or_exit", "run_within_environment"]
