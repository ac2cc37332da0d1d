"""Changing the model while the program runs: loaded, made complete and made quicker, in a thread of its own."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace

from app.stream.family import Family, Quicken
from app.stream.live_model import LiveModel
from app.stream.loading import giving_way
from app.stream.model_in_use import RowSteps
from model import WeightsError

log = logging.getLogger(__name__)


class ModelChange:
    """`model` is the one to run now. `take_over` is told of every new one, and of each that has got what it lacked.

    A choice that is overtaken by another one is given up at the next opportunity.
    """

    def __init__(
        self, model: LiveModel, family: Family, take_over: Callable[[LiveModel], None], quicken: Quicken | None
    ) -> None:
        self.model = model
        self.problem = ""
        self.steps: RowSteps | None = None  # as they were measured last
        self._family, self._take_over, self._quicken = family, take_over, quicken
        self._choices = 0
        self._one_at_a_time = threading.Lock()
        self._measuring = threading.Event()

    def complete(self) -> None:
        """Load what the model lacks: its functions, the twin, or a quicker path. Returns at once."""
        arguments = self._choices, self.model
        threading.Thread(target=self._complete, args=arguments, name="model change", daemon=True).start()

    def choose(self, row_key: str, window_seconds: float) -> None:
        """Returns at once."""
        self._choices += 1
        arguments = self._choices, row_key, window_seconds
        threading.Thread(target=self._choose, args=arguments, name="model change", daemon=True).start()

    def measure(self, window_seconds: float) -> None:
        """Time all rows with this window, for `steps`. Returns at once; does nothing while that is being done."""
        if not self._measuring.is_set():
            self._measuring.set()
            threading.Thread(target=self._measure, args=(window_seconds,), name="row steps", daemon=True).start()

    def _measure(self, window_seconds: float) -> None:
        steps = self.steps
        try:
            with self._one_at_a_time:
                steps = self._family.measure(window_seconds)
        except Exception:  # an offer only
            log.exception("the rows were not measured")
        self._measuring.clear()
        self.steps = steps

    def _choose(self, choice: int, row_key: str, window_seconds: float) -> None:
        with self._one_at_a_time:
            if choice != self._choices:
                return
            try:
                model = self._family.choose(row_key, window_seconds)
            except (WeightsError, ValueError) as error:
                self.problem = f"This model cannot be used, choose another one: {error}."
                model = self.model
            else:
                self.problem = ""
                self._publish(model)
        self._complete(choice, model)

    def _complete(self, choice: int, model: LiveModel) -> None:
        with self._one_at_a_time:
            if choice != self._choices:
                return
            try:
                completed = self._with_twin(model) if model.make_twin is None else self._quicker(model)
            except Exception:  # what it has is enough to answer
                log.exception("%s goes on as it is", model.in_use.row.name)
                return
            if completed is not None and choice == self._choices:
                self._publish(completed)

    def _with_twin(self, model: LiveModel) -> LiveModel:
        began = time.perf_counter()
        with giving_way():
            model.make_path()
            classifier = model.reference()
            from app.stream.torch_path import TorchTwin  # torch is there by now

        log.info("all was loaded after %.1f s", time.perf_counter() - began)
        return replace(model, make_twin=lambda: TorchTwin(classifier))

    def _quicker(self, model: LiveModel) -> LiveModel | None:
        make_path = None if self._quicken is None else self._quicken(model.reference())
        return None if make_path is None else replace(model, make_path=make_path)

    def _publish(self, model: LiveModel) -> None:
        self.model = model
        self._take_over(model)
