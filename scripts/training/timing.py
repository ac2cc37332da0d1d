"""Microseconds of an encoder's step and of its twin's, on this machine: one thread, taking turns, medians."""

from __future__ import annotations

import time
from dataclasses import dataclass
from statistics import median

import torch

from model import Classifier, ModelConfig, TwinState, WindowTwin

ROUNDS = 20
STEPS = 15  # of the continual encoder per round; the twin has one


@dataclass(frozen=True)
class Times:
    """Medians, microseconds."""

    step: float
    twin: float
    tokenizer: float  # level and stem, which both need


def measure_times(config: ModelConfig, rounds: int = ROUNDS) -> Times:
    """With full windows. No weight changes how long anything takes, so that these are fresh ones."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return _measure(config, rounds)
    finally:
        torch.set_num_threads(threads)


@torch.inference_mode()
def _measure(config: ModelConfig, rounds: int) -> Times:
    torch.manual_seed(0)
    classifier = Classifier(config).for_inference()
    encoder, tokenizer, twin = classifier.encoder, classifier.tokenizer, WindowTwin(classifier.encoder)
    heard = torch.randn(1, encoder.history, config.width)
    _, state = encoder.steps(heard, encoder.init_state())
    twin_state = TwinState(encoder.prepare(1), heard, encoder.history)
    tokenizer_state = tokenizer.init_state()
    frame, token = torch.randn(1, config.bands) - 40.0, heard[:, 0]
    steps, twins, tokenizers = [], [], []
    for _ in range(rounds):
        for _ in range(STEPS):
            began = time.perf_counter()
            _, tokenizer_state = tokenizer.step(frame, tokenizer_state)
            tokenized = time.perf_counter()
            _, state = encoder.step(token, state)
            stepped = time.perf_counter()
            tokenizers.append(tokenized - began)
            steps.append(stepped - tokenized)
        began = time.perf_counter()
        _, twin_state = twin.step(token, twin_state)
        twins.append(time.perf_counter() - began)
    return Times(*(1e6 * median(times) for times in (steps, twins, tokenizers)))
