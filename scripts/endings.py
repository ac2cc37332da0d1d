"""How a script that learns or measures ends: with 0, or with one sentence and another exit code."""

from __future__ import annotations

import errno
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from app.files.console import Console
from model import WeightsError
from model.training import TrainingError
from scripts.dataset import DatasetError


@contextmanager
def one_sentence(kept: str) -> Iterator[Console]:
    """Around all that a script does: what cannot be used ends it with 1, Ctrl-C with 130.

    kept: what is not lost then, and how to go on, as a clause.
    """
    console = Console()
    try:
        yield console
        return
    except (DatasetError, TrainingError, WeightsError, ValueError) as error:
        said, code = str(error), 1
    except OSError as error:
        said, code = f"{'the disk is full: make room' if error.errno == errno.ENOSPC else error}; {kept}", 1
    except KeyboardInterrupt:
        said, code = f"interrupted; {kept}", 130
    console.clear()
    console.error(said)
    sys.exit(code)
