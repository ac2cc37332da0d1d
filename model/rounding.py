"""Weights with no more digits than bfloat16 has: half of their bytes suffice then, see model/compiled/halves.py.

Eight binary digits are left of every weight of the matrices that most of a frame's bytes are. It is the model that is
rounded, once and for all: every path has these weights, and all arithmetic stays float32.
"""

from __future__ import annotations

import torch
from torch import nn

from model.classifier import Classifier


@torch.no_grad()
def round_weights(classifier: Classifier) -> None:
    """Of the projection to tokens, and in every block of the output projection and of both layers of the feed-forward."""
    layers: list[nn.Linear] = [classifier.tokenizer.projection]
    for block in classifier.encoder.blocks:
        layers += [block.attention.output, block.widen, block.narrow]
    for layer in layers:
        layer.weight.copy_(layer.weight.bfloat16())
