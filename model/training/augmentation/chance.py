"""Everything random, from one generator, so that a seed repeats it; and decibels."""

from __future__ import annotations

import math

import torch
from torch import Tensor

DB_PER_NEPER = 10.0 / math.log(10.0)


class Chance:
    """Numbers for a batch, each (B, 1, 1)."""

    def __init__(self, generator: torch.Generator) -> None:
        self.generator = generator

    def uniform(self, batch: int, low: float = -1.0, high: float = 1.0) -> Tensor:
        return torch.rand(batch, 1, 1, generator=self.generator) * (high - low) + low

    def chosen(self, batch: int, share: float) -> Tensor:
        """True for about `share` of the batch."""
        return torch.rand(batch, 1, 1, generator=self.generator) < share

    def mixture(self, batch: int, alpha: float) -> Tensor:
        """Beta(alpha, alpha): X / (X + Y) with X, Y ~ Gamma(alpha)."""
        gammas = torch._standard_gamma(torch.full((2, batch, 1, 1), alpha), generator=self.generator) + 1e-12
        return gammas[0] / (gammas[0] + gammas[1])

    def normal(self, *shape: int) -> Tensor:
        """Of any shape, with deviation 1."""
        return torch.randn(shape, generator=self.generator)

    def other(self, batch: int) -> Tensor:
        """(B,) for every clip another of the batch, sometimes itself."""
        return torch.randperm(batch, generator=self.generator)

    def below(self, limit: int, batch: int) -> Tensor:
        """(B, 1) whole numbers."""
        return torch.randint(limit, (batch, 1), generator=self.generator)


def power(decibels: Tensor) -> Tensor:
    return (decibels / DB_PER_NEPER).exp()


def decibels(power: Tensor) -> Tensor:
    return power.log() * DB_PER_NEPER
