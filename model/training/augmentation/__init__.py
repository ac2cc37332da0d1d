"""Augmentation of log-mel frames, in dB, vectorised over the batch: what could have happened to the same music.

Tensor dimensions everywhere here: B batch, T frames, M bands, G genres.
"""

from model.training.augmentation.augmenter import Augmenter

__all__ = ["Augmenter"]
