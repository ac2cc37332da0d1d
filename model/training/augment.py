"""Augmentation of log-mel frames, in dB, vectorised over the batch: what could have happened to the same music.

Tensor dimensions: B batch, T frames, M bands. Everything random comes from one generator, so that a seed repeats it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

DB_PER_NEPER = 10.0 / math.log(10.0)


@dataclass(frozen=True)
class Augmenter:
    """Random changes that leave the genre as it is. Strengths in the units of their names."""

    band_hz: Tensor  # (M,) centre frequencies, Hz: a change of pitch is a factor on them
    generator: torch.Generator
    tempo: float = 0.15  # largest relative change
    semitones: float = 1.5
    tilt_db: float = 4.0  # over all bands
    ripple_db: float = 2.0
    reverberation_share: float = 0.3  # of the clips
    noise_share: float = 0.45
    noise_snr_db: tuple[float, float] = (0.0, 25.0)
    backgrounds: Tensor | None = None  # (K, >= T, M) dB: sounds that music is heard through
    background_share: float = 0.2
    background_snr_db: tuple[float, float] = (3.0, 25.0)
    band_limit_share: float = 0.1  # a cheap loudspeaker, a telephone
    clipping_share: float = 0.05  # an input that is turned up too far
    floor_db: tuple[float, float] = (45.0, 85.0)  # below the maximum
    mixup: float = 0.3  # alpha of Beta(alpha, alpha); 0 for none
    masks: int = 2  # of each kind
    mask_frames: int = 24
    mask_bands: int = 14
    join_share: float = 0.25
    join_level_db: float = 4.0  # standard deviation of the change of level where the music changes

    @property
    def frames_needed(self) -> float:
        """How many frames must be cut out per frame that comes back."""
        return 1.0 + self.tempo

    def __call__(self, frames: Tensor, targets: Tensor, length: int) -> tuple[Tensor, Tensor]:
        """frames (B, >= length * frames_needed, M) dB, targets (B, genres) of the clips.

        Returns (B, length, M) dB and what each frame is to be called, (B, length, genres).
        """
        frames = self._warp(frames, length)
        frames = frames + self._equalise(frames)
        frames = self._reverberate(frames)
        frames = self._add_noise(frames)
        frames = self._add_background(frames)
        frames = self._limit_band(frames)
        frames = self._clip(frames)
        frames = self._raise_floor(frames)
        frames, targets = self._mix(frames, targets)
        return self._join(self._mask(frames), targets)

    def _uniform(self, batch: int, low: float = -1.0, high: float = 1.0) -> Tensor:
        """(B, 1, 1) numbers between low and high."""
        return torch.rand(batch, 1, 1, generator=self.generator) * (high - low) + low

    def _chosen(self, batch: int, share: float) -> Tensor:
        """(B, 1, 1), 1 for about `share` of the batch, else 0."""
        return (torch.rand(batch, 1, 1, generator=self.generator) < share).float()

    def _heard_with(self, frames: Tensor, power: Tensor, share: float) -> Tensor:
        """In about `share` of the batch the frames are replaced by this power (B, T, M), in dB."""
        return torch.where(self._chosen(len(frames), share) > 0, _decibels(power), frames)

    def _warp(self, frames: Tensor, length: int) -> Tensor:
        """Tempo and pitch in one resampling of the time-band plane."""
        batch, available, bands = frames.shape
        tempo = 1.0 + self.tempo * self._uniform(batch)
        times = torch.arange(length).view(1, -1, 1) * tempo  # (B, T, 1) positions in frames
        pitch = 2.0 ** (self.semitones / 12.0 * self._uniform(batch))
        wanted = (self.band_hz.view(1, 1, -1) * pitch).expand(batch, 1, bands).contiguous()
        above = torch.searchsorted(self.band_hz, wanted).clamp(1, bands - 1)
        low, high = self.band_hz[above - 1], self.band_hz[above]
        positions = above - 1 + ((wanted - low) / (high - low)).clamp(0.0, 1.0)  # (B, 1, M) positions in bands
        grid = torch.stack(
            [
                (2.0 * positions / (bands - 1) - 1.0).expand(batch, length, bands),
                (2.0 * times / (available - 1) - 1.0).expand(batch, length, bands),
            ],
            dim=-1,
        )
        warped = F.grid_sample(frames.unsqueeze(1), grid, padding_mode="border", align_corners=True)
        return warped.squeeze(1)

    def _equalise(self, frames: Tensor) -> Tensor:
        """A tilt and two ripples over the bands, (B, 1, M) dB."""
        batch, _, bands = frames.shape
        place = torch.linspace(-1.0, 1.0, bands).view(1, 1, -1)
        curve = self.tilt_db * self._uniform(batch) * place
        for _ in range(2):
            cycles, phase = self._uniform(batch, 0.5, 3.0), self._uniform(batch, 0.0, 2.0 * math.pi)
            curve = curve + self.ripple_db * self._uniform(batch) * torch.cos(math.pi * cycles * place + phase)
        return curve

    def _reverberate(self, frames: Tensor) -> Tensor:
        """Add the power of the last frames, decaying: a room of 0.3 to 1.5 s."""
        batch = frames.shape[0]
        decay_db = 60.0 * 0.0775 / self._uniform(batch, 0.3, 1.5)  # per frame
        wet_db = self._uniform(batch, -12.0, -3.0)
        power = _power(frames)
        tail = torch.zeros_like(power)
        for delay in range(1, 9):
            gain = _power(wet_db - decay_db * delay)
            tail[:, delay:] += gain * power[:, :-delay]
        return self._heard_with(frames, power + tail, self.reverberation_share)

    def _add_noise(self, frames: Tensor) -> Tensor:
        """Stationary coloured noise at a random signal-to-noise ratio, in the power domain."""
        batch, _, bands = frames.shape
        snr_db = self._uniform(batch, *self.noise_snr_db)
        place = torch.linspace(-1.0, 1.0, bands).view(1, 1, -1)
        colour_db = 15.0 * self._uniform(batch) * place + 4.0 * self._uniform(batch) * torch.cos(
            math.pi * self._uniform(batch, 0.5, 4.0) * place
        )
        colour = _power(colour_db)
        power = _power(frames)
        loudness = power.mean(dim=(1, 2), keepdim=True) / colour.mean(dim=2, keepdim=True)
        # One frame's power of noise in a band is a sum of a few squared normals: it fluctuates by about 3 dB.
        flutter = _power(3.0 * torch.randn(frames.shape, generator=self.generator))
        noise = colour * loudness * flutter * _power(-snr_db)
        return self._heard_with(frames, power + noise, self.noise_share)

    def _add_background(self, frames: Tensor) -> Tensor:
        """Speech, babble, traffic and the like from the pool, each from a random place, in the power domain."""
        if self.backgrounds is None:
            return frames
        batch, length, _ = frames.shape
        pool, available, _ = self.backgrounds.shape
        chosen = torch.randint(pool, (batch, 1), generator=self.generator)
        starts = torch.randint(available - length + 1, (batch, 1), generator=self.generator)
        power = _power(frames)
        background = _power(self.backgrounds[chosen, starts + torch.arange(length)])
        ratio = power.mean(dim=(1, 2), keepdim=True) / background.mean(dim=(1, 2), keepdim=True)
        gain = ratio * _power(-self._uniform(batch, *self.background_snr_db))
        return self._heard_with(frames, power + gain * background, self.background_share)

    def _limit_band(self, frames: Tensor) -> Tensor:
        """Roll off from some band downwards and from some band upwards, gently or steeply."""
        batch, _, bands = frames.shape
        place = torch.arange(bands, dtype=frames.dtype).view(1, 1, -1)
        for distance in (
            place - bands * self._uniform(batch, 0.45, 1.0),
            bands * self._uniform(batch, 0.0, 0.2) - place,
        ):
            slope_db = self._uniform(batch, 0.3, 3.0)  # per band
            loss_db = slope_db * distance.clamp(min=0.0)
            frames = frames - self._chosen(batch, self.band_limit_share) * loss_db
        return frames

    def _clip(self, frames: Tensor) -> Tensor:
        """Loud frames are held down, and what they lose spreads over the bands as distortion."""
        batch = frames.shape[0]
        level = frames.amax(dim=2, keepdim=True)  # (B, T, 1)
        ceiling = level.amax(dim=1, keepdim=True) - self._uniform(batch, 3.0, 15.0)
        excess = (level - ceiling).clamp(min=0.0)
        held = frames - excess
        distortion = level - self._uniform(batch, 25.0, 40.0) + excess
        clipped = torch.where(excess > 0, torch.maximum(held, torch.minimum(distortion, level - 15.0)), frames)
        return torch.where(self._chosen(batch, self.clipping_share) > 0, clipped, frames)

    def _raise_floor(self, frames: Tensor) -> Tensor:
        floor = frames.amax(dim=(1, 2), keepdim=True) - self._uniform(frames.shape[0], *self.floor_db)
        return torch.maximum(frames, floor)

    def _mix(self, frames: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """Mixup in dB: level against level, as the model hears it."""
        if not self.mixup:
            return frames, targets
        batch = frames.shape[0]
        # Beta(a, a) = X / (X + Y) with X, Y ~ Gamma(a).
        gammas = torch._standard_gamma(torch.full((2, batch, 1, 1), self.mixup), generator=self.generator) + 1e-12
        share = gammas[0] / (gammas[0] + gammas[1])
        share = torch.maximum(share, 1.0 - share)
        other = torch.randperm(batch, generator=self.generator)
        levelled = frames - frames.mean(dim=(1, 2), keepdim=True)
        mixed = share * levelled + (1.0 - share) * levelled[other]
        return mixed, share[:, 0] * targets + (1.0 - share[:, 0]) * targets[other]

    def _mask(self, frames: Tensor) -> Tensor:
        """SpecAugment (Park et al., 2019): stripes of time and of bands are replaced by the clip's mean."""
        batch, length, bands = frames.shape
        hidden = torch.zeros(batch, length, bands, dtype=torch.bool)
        for axis, size, widest in ((1, length, self.mask_frames), (2, bands, self.mask_bands)):
            index = torch.arange(size).view((1, -1, 1) if axis == 1 else (1, 1, -1))
            for _ in range(self.masks):
                width = self._uniform(batch, 0.0, float(widest))
                start = self._uniform(batch, 0.0, 1.0) * (size - width)
                hidden |= (index >= start) & (index < start + width)
        return torch.where(hidden, frames.mean(dim=(1, 2), keepdim=True), frames)

    def _join(self, frames: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """The music changes: from some frame on it is another clip of the batch, and is to be called so at once.

        What makes a model with a long memory follow an endless stream.
        """
        batch, length, _ = frames.shape
        change = self._uniform(batch, 0.1, 0.9) * length
        other = torch.randperm(batch, generator=self.generator)
        level = self.join_level_db * torch.randn(batch, 1, 1, generator=self.generator)
        after = (torch.arange(length).view(1, -1, 1) >= change) & (self._chosen(batch, self.join_share) > 0)
        joined = torch.where(after, frames[other] + level, frames)
        each = targets.unsqueeze(1)
        return joined, torch.where(after, each[other], each)


def _power(decibels: Tensor) -> Tensor:
    return (decibels / DB_PER_NEPER).exp()


def _decibels(power: Tensor) -> Tensor:
    return power.log() * DB_PER_NEPER
