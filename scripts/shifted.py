"""The same clips as other equipment would bring them: what a model must not depend on, and GTZAN alone cannot show.

A fixed copy, no augmentation: the same clips in the same order give the same frames. Tensors of (N, T, bands) dB.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from audio import FRAME_SECONDS
from audio.logmel import band_edges
from scripts.dataset import Dataset

Frames = NDArray[np.float32]

SEED = 7
SHARE = 0.5  # of the clips that go through a codec, a loudspeaker or a room, each by itself
SHELF_DB, SHELF_HZ = 6.0, (250.0, 3500.0)  # bass and treble are turned up or down by as much, beyond these
BRIGHTNESS_DB = 3.0  # per 1000 Hz above 7 kHz, at the most: what 44.1 kHz recordings have there and GTZAN has not
LOUDSPEAKER_HZ = (120.0, 350.0)  # below which it falls by 12 dB per octave
ROOM_SECONDS, WET_DB = (0.4, 1.2), (-6.0, 0.0)
MASKED_DB, HOLE_DB = 26.0, 30.0  # so far below its neighbours a band is not coded, and so much of it is lost
NEIGHBOURS = 5  # bands on either side
SWELL_DB, SWELL_SECONDS = 5.0, 4.0  # loudness over time: deviation, and how fast


def shifted(dataset: Dataset) -> Dataset:
    """These clips with other bass and treble, brightness above 7 kHz and loudness over time; half of them each through
    a codec of few bits, by a small loudspeaker, and in a room.
    """
    random = np.random.default_rng(SEED)
    hertz = band_edges()[1 : dataset.frames.shape[2] + 1]
    return replace(dataset, frames=np.stack([_shift(clip, hertz, random) for clip in dataset.frames]))


def _shift(clip: Frames, hertz: NDArray[np.float64], random: np.random.Generator) -> Frames:
    codec, loudspeaker, room = random.random(3) < SHARE
    decay_db = 60.0 * FRAME_SECONDS / random.uniform(*ROOM_SECONDS)  # per frame
    wet_db, corner = random.uniform(*WET_DB), np.exp(random.uniform(*np.log(LOUDSPEAKER_HZ)))
    bass, treble = random.uniform(-SHELF_DB, SHELF_DB, 2)
    brightness = random.uniform(0.0, BRIGHTNESS_DB)
    knots = random.normal(size=2 + int(len(clip) * FRAME_SECONDS / SWELL_SECONDS))
    swell = SWELL_DB * np.interp(np.linspace(0, len(knots) - 1, len(clip)), np.arange(len(knots)), knots)

    made = clip + swell[:, None]
    made = made + bass * (hertz < SHELF_HZ[0]) + treble * (hertz > SHELF_HZ[1])
    made = made + brightness * np.maximum(hertz - 7000.0, 0.0) / 1000.0
    if codec:
        around = np.pad(made, ((0, 0), (NEIGHBOURS, NEIGHBOURS)), mode="edge")
        loudest = np.lib.stride_tricks.sliding_window_view(around, 2 * NEIGHBOURS + 1, axis=1).max(axis=-1)
        made = made - HOLE_DB * (made < loudest - MASKED_DB)
    if loudspeaker:
        made = made - 12.0 * np.maximum(np.log2(corner / np.maximum(hertz, 20.0)), 0.0)
    if room:
        power = 10 ** (made / 10.0)
        tail, heard = np.zeros_like(power[0]), np.empty_like(power)
        for frame, direct in enumerate(power):
            heard[frame] = direct + 10 ** (wet_db / 10.0) * tail
            tail = 10 ** (-decay_db / 10.0) * (tail + direct)
        made = 10.0 * np.log10(np.maximum(heard, 1e-12))
    shift: Frames = made.astype(np.float32)
    return shift
