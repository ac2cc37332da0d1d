"""Sounds that are no music, synthesized from seeds: to train on, to disturb music with, and to test with.

Nothing is recorded: no licence, no download, the same samples from the same seed.
"""

from scripts.made_sounds.catalogue import (
    BACKGROUND,
    KINDS,
    TEST_ONLY,
    kept_frames,
    log_mel_frames,
    made_frames,
    make_sound,
)

__all__ = ["BACKGROUND", "KINDS", "TEST_ONLY", "kept_frames", "log_mel_frames", "made_frames", "make_sound"]
