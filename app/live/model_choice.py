"""The models that can be chosen while the program runs: loaded, given a twin and compiled in a thread of their own."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from app.stream.imports import bulk_imports, import_torch
from app.stream.models import (
    Model,
    compile_model,
    load_classifier,
    name_model,
    torch_model,
    window_tokens,
    with_twin,
)
from app.stream.snapshot import WINDOW_CHOICES, ModelDescription, StepTimes
from audio import FRAME_SECONDS
from model import WeightsError, read_config

if TYPE_CHECKING:  # torch takes its time
    from model import Classifier

TWIN_RUNS = 7  # whose least is what its answer takes

log = logging.getLogger(__name__)


class ModelChooser:
    """Implements app.live.protocol.Models. `model` is the one to run now; whoever answers frames reads it at each.

    first: the model to begin with; the others are in files, and each is loaded when it is first chosen. Those of other
    genres are not offered. A choice that is overtaken by another one is given up at the next opportunity.
    """

    def __init__(self, first: Model, other_weights: Sequence[Path] = ()) -> None:
        self.model = first
        self.problem = ""
        self.steps: StepTimes | None = None  # as they were measured last
        self.full_twin: StepTimes | None = None
        choice = name_model(first.config)
        choices = [choice]
        self._classifiers: dict[str, Callable[[], Classifier]] = {choice.key: first.classifier}
        for path in other_weights:
            try:
                config = read_config(path)
                choice = name_model(config, str(path))
            except WeightsError as error:
                log.warning("not offered: %s", error)
                continue
            if config.genres == first.config.genres and choice.name not in [known.name for known in choices]:
                choices.append(choice)
                self._classifiers[choice.key] = cache(partial(load_classifier, path))
        self.choices = tuple(choices)
        own = first.config.window * FRAME_SECONDS
        near = [seconds for seconds in WINDOW_CHOICES if window_tokens(seconds) == first.config.window]
        self.windows = tuple(sorted({*WINDOW_CHOICES, *([] if near else [own])}))
        self._chosen = 0  # how many times
        self._one_at_a_time = threading.Lock()
        self._measuring = threading.Event()

    @property
    def description(self) -> ModelDescription:
        return self.model.description

    def complete(self) -> None:
        """Load what the model lacks: its compiled functions and twin, or only be compiled. Returns at once."""
        _in_background("model change", self._complete, self._chosen, self.model)

    def choose(self, key: str, window_seconds: float) -> None:
        self._chosen += 1
        _in_background("model change", self._choose, self._chosen, key, window_seconds)

    def measure(self, window_seconds: float) -> None:
        """Does nothing while that is being done."""
        if not self._measuring.is_set():
            self._measuring.set()
            _in_background("model steps", self._measure, window_seconds)

    def load(self, key: str, window_seconds: float) -> Model:
        """The model of this choice, in torch. May take a moment for one that was never chosen. Raises WeightsError, and
        ValueError for a window that the model cannot have.
        """
        choice = next(choice for choice in self.choices if choice.key == key)
        return torch_model(self._classifier(key, window_seconds), choice)

    def _classifier(self, key: str, window_seconds: float) -> Classifier:
        classifier, tokens = self._classifiers[key](), window_tokens(window_seconds)
        return classifier if tokens == classifier.config.window else classifier.with_window(tokens)

    def _measure(self, window_seconds: float) -> None:
        steps = self.steps
        try:
            with self._one_at_a_time:
                import_torch()
                from app.stream.bench import measure_steps

                loaders = {choice.key: partial(self._classifier, choice.key, window_seconds) for choice in self.choices}
                measured = measure_steps(loaders, live=True)
                steps = StepTimes(window_seconds, {key: 1000 * times["p50"] for key, (_, times) in measured.items()})
        except Exception:  # an offer only
            log.exception("the models were not measured")
        self._measuring.clear()
        self.steps = steps

    def _measure_twin(self, model: Model) -> None:
        """What an answer takes with a full window, long before so much has been heard."""
        if model.make_twin is not None:
            described = model.description
            taken = model.make_twin().time_with_full_window(TWIN_RUNS)
            self.full_twin = StepTimes(described.window_seconds, {described.choice.key: taken})

    def _choose(self, choice: int, key: str, window_seconds: float) -> None:
        with self._one_at_a_time:
            if choice != self._chosen:
                return
            try:
                self.model = self.load(key, window_seconds)
            except (WeightsError, ValueError) as error:
                self.problem = f"This model cannot be used, choose another one: {error}."
            else:
                self.problem = ""
        self._complete(choice, self.model)

    def _complete(self, choice: int, model: Model) -> None:
        with self._one_at_a_time:
            if choice != self._chosen:
                return
            try:
                completed = _load_rest(model) if model.make_twin is None else compile_model(model)
            except Exception:  # what it has is enough to answer
                log.exception("%s goes on as it is", model.description.choice.name)
                return
            if completed is not None and choice == self._chosen:
                self.model = model = completed
            self._measure_twin(model)


def _load_rest(model: Model) -> Model:
    began = time.perf_counter()
    with bulk_imports():
        model.make_backend()
        completed = with_twin(model)
    log.info("all was loaded after %.1f s", time.perf_counter() - began)
    return completed


def _in_background(name: str, run: Callable[..., None], *arguments: object) -> None:
    threading.Thread(target=run, args=arguments, name=name, daemon=True).start()
