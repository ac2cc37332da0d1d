"""Weights with no more digits than bfloat16 has: half of their bytes suffice then, see model/compiled/halves.py.

Eight binary digits are left of every weight of the matrices that most of a frame's bytes are. It is the model that is
rounded, once and for all: every path has these weights, and all arithmetic stays float32.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the compiled path, which has no torch, asks what is rounded
    from model.classifier import Classifier

ROUNDED_IN_BLOCKS = ("attention.output", "widen", "narrow")  # layers


def rounded_in_blocks(blocks: int) -> list[str]:
    """The names of these weights, of a model of so many blocks."""
    return [f"encoder.blocks.{index}.{layer}.weight" for index in range(blocks) for layer in ROUNDED_IN_BLOCKS]


def round_weights(classifier: Classifier) -> None:
    """To the nearest bfloat16, in place: those of the blocks, and the projection to tokens."""
    for name in ("tokenizer.projection.weight", *rounded_in_blocks(classifier.config.blocks)):
        weight = classifier.get_parameter(name).data
        weight.copy_(weight.bfloat16())
