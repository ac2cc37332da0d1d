"""Fixed landmarks found layer by layer (Carreto Picon et al., 2024, arXiv 2412.03214, and their published training).

At first every block's landmarks are the means of the stream's segments. Near the end of the training the blocks take
turns, the first one first: its landmarks become the k-means centres of its queries and keys, and stay there. What
decides these queries and keys stays as it is from then on, and the rest learns to live with the landmarks.
"""

from __future__ import annotations

from dataclasses import replace

from torch import Tensor, nn

from model.attention.continual import ContinualLandmarkKernel
from model.classifier import Classifier

TURN_SHARE = 0.05  # of all epochs, that train on after the landmarks of each block have been fixed


class LayerByLayer:
    """Which blocks of a classifier and of its average have had their turn, and what must not move since then."""

    def __init__(self, classifiers: tuple[Classifier, Classifier], epochs: int) -> None:
        """Raises ValueError for fewer epochs than turns."""
        self._classifiers = classifiers
        self._epochs = epochs
        self._turn = max(1, round(TURN_SHARE * epochs))
        config = classifiers[0].config
        if config.blocks * self._turn >= epochs:
            raise ValueError(
                f"{epochs} epochs are too few to fix landmarks of {config.blocks} blocks one after the other: give more"
            )
        self.fixed = 0  # blocks
        means = replace(config, landmarks="continual")
        self._kernels = [[block.attention.kernel for block in each.encoder._blocks()] for each in classifiers]
        for classifier in classifiers:
            for block in classifier.encoder._blocks():
                block.attention.kernel = ContinualLandmarkKernel(means)

    def fixed_after(self, epoch: int) -> int:
        """How many blocks have fixed landmarks once so many epochs are done."""
        blocks = len(self._kernels[0])
        turns_left = -(-(self._epochs - epoch) // self._turn)
        return min(blocks, max(0, blocks + 1 - turns_left))

    def fix(self, blocks: int) -> None:
        """Let so many blocks have landmarks of their own, and hold what decides them."""
        self.fixed = blocks
        for classifier, kernels in zip(self._classifiers, self._kernels, strict=True):
            for block, kernel in zip(classifier.encoder._blocks()[:blocks], kernels, strict=False):
                block.attention.kernel = kernel
        if not blocks:
            return
        trained = self._classifiers[0]
        *before, newest = trained.encoder._blocks()[:blocks]
        held: list[nn.Module | None] = [trained.tokenizer, trained.encoder.positions, *before, newest.attention.kernel]
        if newest.config.norm == "pre":
            held.append(newest.attention_norm)
        for module in held:
            if module is not None:
                module.requires_grad_(False)

    def held_rows(self) -> list[tuple[Tensor, Tensor]]:
        """Of parameters that move, the first rows that must not: those of the newest block's queries and keys."""
        if not self.fixed:
            return []
        layer = self._classifiers[0].encoder._blocks()[self.fixed - 1].attention.query_key_value
        rows = 2 * layer.in_features
        return [(each, each.detach()[:rows].clone()) for each in (layer.weight, layer.bias)]
