"""Probabilities that mean what they say: a temperature, how far off they are, and when an answer is unsure.

All of it looks at clip answers: the mean of a clip's token probabilities.

Tensor dimensions: N clips, T tokens, G genres.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize, minimize_scalar
from torch import Tensor

from model.classifier import Classifier

BINS = 10
OFFSET_PENALTY = 0.4  # on the mean square offset: few clips shall not move them far
TEMPERATURES = (0.1, 10.0)  # between which the best one is sought
PROBABILITY_GRID = tuple(step / 20 for step in range(2, 20))  # 0.10 to 0.95
MARGIN_GRID = tuple(step / 20 for step in range(13))  # 0.00 to 0.60


@dataclass(frozen=True)
class UnsureRule:
    """Which answers are called unsure, and what is left: figures of the clips that it was chosen on."""

    probability: float  # the least of the leading genre
    margin: float  # the least by which it leads the next
    coverage: float  # share of the clips that are sure
    precision: float  # share of the sure clips that are right


def fit_temperature(logits: Tensor, labels: Tensor) -> float:
    """The T for which softmax(logits / T), averaged over a clip, has the least log-loss (Guo et al., 2017).

    logits (N, T, G), labels (N,).
    """
    logits = logits.double()

    def log_loss(log_temperature: float) -> float:
        answers = torch.softmax(logits / math.exp(log_temperature), dim=-1).mean(dim=1)
        return torch.nn.functional.nll_loss(answers.clamp_min(1e-12).log(), labels).item()

    bounds = tuple(math.log(temperature) for temperature in TEMPERATURES)
    return math.exp(minimize_scalar(log_loss, bounds=bounds, method="bounded", options={"xatol": 1e-4}).x)


def fit_offsets(logits: Tensor, labels: Tensor) -> tuple[float, Tensor]:
    """The T and one offset per genre for which softmax(logits / T + offsets), averaged over a clip, is best.

    A genre that was learned from few artists is hardly ever answered for an artist who is new: the offsets say so
    (vector scaling, Guo et al., 2017). logits (N, T, G) of clips that were not trained on, labels (N,) -> T, (G,).
    """
    logits = logits.double()
    genres = logits.shape[-1]

    def loss(parameters: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        variables = torch.tensor(parameters, requires_grad=True)
        scaled = logits * torch.exp(-variables[0]) + variables[1:]
        answers = torch.softmax(scaled, dim=-1).mean(dim=1).clamp_min(1e-12)
        value = torch.nn.functional.nll_loss(answers.log(), labels) + OFFSET_PENALTY * variables[1:].square().mean()
        (gradient,) = torch.autograd.grad(value, variables)
        return value.item(), gradient.numpy()

    found = minimize(loss, np.zeros(1 + genres), jac=True, method="L-BFGS-B").x
    return math.exp(found[0]), torch.tensor(found[1:] - found[1:].mean())


@torch.no_grad()
def fold_offsets(classifier: Classifier, offsets: Tensor) -> None:
    """Add the offsets (G,) to the head's bias: from here on nothing needs to know of them."""
    classifier.encoder.head.bias.add_(offsets.to(classifier.encoder.head.bias))


@torch.no_grad()
def fold_temperature(classifier: Classifier, temperature: float) -> None:
    """Divide the head by the temperature: from here on nothing needs to know of it."""
    classifier.encoder.head.weight.div_(temperature)
    classifier.encoder.head.bias.div_(temperature)


def expected_calibration_error(answers: Tensor, labels: Tensor) -> float:
    """answers (N, G), labels (N,) -> mean distance of accuracy from probability, in equal bins of the latter."""
    probability, genre = answers.double().max(dim=1)
    right = (genre == labels).double()
    of_bin = (probability * BINS).long().clamp(max=BINS - 1)
    error = 0.0
    for index in range(BINS):
        inside = of_bin == index
        if inside.any():
            share = inside.double().mean().item()
            error += share * abs(right[inside].mean().item() - probability[inside].mean().item())
    return error


def judge_unsure(answers: Tensor, labels: Tensor, probability: float, margin: float) -> UnsureRule:
    """What a rule would leave of these answers (N, G). With nothing left, precision counts as 0."""
    leading = answers.topk(2, dim=1).values
    sure = (leading[:, 0] >= probability) & (leading[:, 0] - leading[:, 1] >= margin)
    right = answers.argmax(dim=1) == labels
    precision = right[sure].double().mean().item() if sure.any() else 0.0
    return UnsureRule(probability, margin, sure.double().mean().item(), precision)


def choose_unsure(answers: Tensor, labels: Tensor, precision: float) -> UnsureRule:
    """The rule that leaves the most answers (N, G) sure while `precision` of these are right.

    Of equal ones the mildest. Where no rule is that precise: the most precise one.
    """
    rules = [
        judge_unsure(answers, labels, probability, margin) for probability in PROBABILITY_GRID for margin in MARGIN_GRID
    ]
    good = [rule for rule in rules if rule.precision >= precision]
    if not good:
        return max(rules, key=lambda rule: (rule.precision, rule.coverage))
    return max(good, key=lambda rule: (rule.coverage, rule.precision, -rule.probability - rule.margin))
