"""Weights with no more digits than bfloat16 has: half of their bytes suffice then, see model/compiled/halves.py.

Eight binary digits are left of every weight of the matrices that most of a frame's bytes are. It is the model that is
rounded, once and for all: every path has these weights, and all arithmetic stays float32.
"""

from __future__ import annotations

import torch

from model.classifier import Classifier
from model.constants import ROUNDED_IN_BLOCKS


def rounded_parameters(blocks: int) -> list[str]:
    """The names of the parameters that are rounded, of a model of so many blocks."""
    of_blocks = [f"encoder.blocks.{index}.{layer}.weight" for index in range(blocks) for layer in ROUNDED_IN_BLOCKS]
    return ["tokenizer.projection.weight", *of_blocks]


@torch.no_grad()
def round_weights(classifier: Classifier) -> None:
    """To the nearest bfloat16, in place."""
    for name in rounded_parameters(classifier.config.blocks):
        weight = classifier.get_parameter(name)
        weight.copy_(weight.bfloat16())
