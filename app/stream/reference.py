"""The weights in torch: for the twin, for what is not compiled, and for another window."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from app.stream.torch_import import import_torch

if TYPE_CHECKING:
    from model import Classifier


def load_reference(weights: Path, window: int | None = None) -> Classifier:
    """With its own window, or with one of so many tokens. Seconds, where torch has to be imported first.

    Raises WeightsError, and ValueError for a window that the model cannot have.
    """
    import_torch()
    from model import load_classifier

    classifier = load_classifier(weights)
    return classifier if window is None else classifier.with_window(window)
