"""The rows of the family that can be chosen, and how a choice becomes a model that runs."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from app.stream.live_model import LiveModel, row_of
from app.stream.live_path import LivePath
from app.stream.model_in_use import WINDOW_CHOICES, ModelRow, RowSteps
from app.stream.reference import load_reference
from audio import FRAME_SECONDS
from model import ModelConfig, WeightsError, read_config

if TYPE_CHECKING:  # torch takes its time
    from model import Classifier

log = logging.getLogger(__name__)

# Makes a quicker path for a classifier, which may take seconds; None where there is none.
Quicken = Callable[["Classifier"], Callable[[], LivePath] | None]


class Family:
    """The model that the program began with, and those in other files; each is loaded when it is first chosen.

    `reference` gives the first one in torch. Used by one thread at a time, but for `rows` and `windows`, which never
    change.
    """

    def __init__(self, config: ModelConfig, reference: Callable[[], Classifier], others: Sequence[Path] = ()) -> None:
        first = row_of(config, "")
        self._references = {first.key: reference}
        rows = [first]
        for path in others:
            try:
                row = row_of(read_config(path), str(path))
            except WeightsError as error:
                log.warning("not offered: %s", error)
                continue
            if row.name not in [known.name for known in rows]:
                rows.append(row)
                self._references[row.key] = cache(partial(load_reference, path))
        self.rows: tuple[ModelRow, ...] = tuple(rows)
        own = config.window * FRAME_SECONDS
        near = [seconds for seconds in WINDOW_CHOICES if window_tokens(seconds) == config.window]
        self.windows = tuple(sorted({*WINDOW_CHOICES, *([] if near else [own])}))

    def choose(self, row_key: str, window_seconds: float) -> LiveModel:
        """May take a moment for a row that was never chosen. Raises WeightsError, and ValueError for a window that
        the row cannot have.
        """
        classifier = self._classifier(row_key, window_seconds)
        from app.stream.torch_path import live_model  # torch is there by now

        return live_model(classifier, next(row for row in self.rows if row.key == row_key))

    def measure(self, window_seconds: float) -> RowSteps:
        """What a step of each takes that can be loaded and have this window. May take a second."""
        classifiers = {}
        for row in self.rows:
            try:
                classifiers[row.key] = self._classifier(row.key, window_seconds)
            except (WeightsError, ValueError) as error:
                log.info("%s is not measured: %s", row.name, error)
        from app.stream.model_steps import measure_steps  # torch is there by now

        steps = measure_steps(classifiers)
        return RowSteps(window_seconds, {key: 1000 * times["p50"] for key, (_, times) in steps.items()})

    def _classifier(self, row_key: str, window_seconds: float) -> Classifier:
        classifier, tokens = self._references[row_key](), window_tokens(window_seconds)
        return classifier if tokens == classifier.config.window else classifier.with_window(tokens)


def window_tokens(seconds: float) -> int:
    """n: the whole tokens nearest to so many seconds."""
    return round(seconds / FRAME_SECONDS)
