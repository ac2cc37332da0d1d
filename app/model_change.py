"""Changing the model while the program runs: loaded, and made quicker, in a thread of its own."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import replace

from app.family import Family, Quicken
from app.live_model import LiveModel, live_model
from model import Classifier, WeightsError

log = logging.getLogger(__name__)


class ModelChange:
    """`model` is the one to run now. `take_over` is told of every new one, and of each that has become quicker.

    A choice that is overtaken by another one is given up at the next opportunity.
    """

    def __init__(
        self, classifier: Classifier, family: Family, take_over: Callable[[LiveModel], None], quicken: Quicken | None
    ) -> None:
        self.model = live_model(classifier, family.rows[0])
        self.problem = ""
        self._family, self._take_over, self._quicken = family, take_over, quicken
        self._choices = 0
        self._one_at_a_time = threading.Lock()
        if quicken is not None:
            threading.Thread(target=self._run_quicker, args=(0, self.model), name="model change", daemon=True).start()

    def choose(self, row_key: str, window_seconds: float) -> None:
        """Returns at once."""
        self._choices += 1
        arguments = self._choices, row_key, window_seconds
        threading.Thread(target=self._choose, args=arguments, name="model change", daemon=True).start()

    def _choose(self, choice: int, row_key: str, window_seconds: float) -> None:
        with self._one_at_a_time:
            if choice != self._choices:
                return
            try:
                model = self._family.choose(row_key, window_seconds)
            except (WeightsError, ValueError) as error:
                self.problem = f"This model cannot be used, choose another one: {error}."
                return
            self.problem = ""
            self._publish(model)
        self._run_quicker(choice, model)

    def _run_quicker(self, choice: int, model: LiveModel) -> None:
        with self._one_at_a_time:
            if self._quicken is None or choice != self._choices:
                return
            try:
                make_path = self._quicken(model.classifier)
            except Exception:  # torch computes the same, only slower
                log.exception("no quicker path for %s", model.in_use.row.name)
                return
            if make_path is not None and choice == self._choices:
                self._publish(replace(model, make_path=make_path))

    def _publish(self, model: LiveModel) -> None:
        self.model = model
        self._take_over(model)
