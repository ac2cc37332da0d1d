"""Sounds that are no music, synthesized from seeds: to train on, to disturb music with, and to test with.

Nothing is recorded: no licence, no download, the same samples from the same seed.
"""

from scripts.made_sounds.catalogue import BACKGROUND, KINDS, TEST_ONLY, make_sound
from scripts.made_sounds.pool import log_mel_frames, made_frames

__all__ = ["BACKGROUND", "KINDS", "TEST_ONLY", "log_mel_frames", "made_frames", "make_sound"]
