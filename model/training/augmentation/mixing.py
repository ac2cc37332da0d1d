"""Several clips of a batch in one, and clips with holes."""

from __future__ import annotations

import torch
from torch import Tensor

from model.training.augmentation.chance import Chance


def mix_up(frames: Tensor, targets: Tensor, alpha: float, chance: Chance) -> tuple[Tensor, Tensor]:
    """Mixup (Zhang et al., 2018) in dB, level against level, as the model hears it, by Beta(alpha, alpha)."""
    share = chance.mixture(len(frames), alpha)
    share = torch.maximum(share, 1.0 - share)
    other = chance.other(len(frames))
    levelled = frames - frames.mean(dim=(1, 2), keepdim=True)
    return levelled[other].lerp(levelled, share), targets[other].lerp(targets, share[:, 0])


def mask(frames: Tensor, count: int, widest_frames: int, widest_bands: int, chance: Chance) -> Tensor:
    """SpecAugment (Park et al., 2019): stripes of time and of bands, `count` of each, become the clip's mean."""
    batch, length, bands = frames.shape
    hidden = torch.zeros(batch, length, bands, dtype=torch.bool)
    for size, widest, shape in ((length, widest_frames, (1, -1, 1)), (bands, widest_bands, (1, 1, -1))):
        index = torch.arange(size).view(shape)
        for _ in range(count):
            width = chance.uniform(batch, 0.0, float(widest))
            start = chance.uniform(batch, 0.0, 1.0) * (size - width)
            hidden |= (index >= start) & (index < start + width)
    return torch.where(hidden, frames.mean(dim=(1, 2), keepdim=True), frames)


def join(frames: Tensor, targets: Tensor, share: float, level_db: float, chance: Chance) -> tuple[Tensor, Tensor]:
    """In about `share` of the batch the music changes: from some frame on it is another clip, and is to be called so
    at once. What makes a model with a long memory follow an endless stream.

    targets (B, G) -> what each frame is to be called (B, T, G). level_db: standard deviation of the change of level.
    """
    batch, length, _ = frames.shape
    change = chance.uniform(batch, 0.1, 0.9) * length
    other, level = chance.other(batch), level_db * chance.normal(batch, 1, 1)
    after = (torch.arange(length).view(1, -1, 1) >= change) & chance.chosen(batch, share)
    each = targets.unsqueeze(1)
    return torch.where(after, frames[other] + level, frames), torch.where(after, each[other], each)
