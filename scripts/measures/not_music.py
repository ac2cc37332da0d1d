"""What the classifier says to sounds that are no music: how often it is confident of a genre all the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from model import Classifier
from model.training import clip_probabilities
from scripts.made_sounds import KINDS, TEST_ONLY, made_frames
from scripts.measures.clips import frames_after

WINDOW_SECONDS = 10.0
SECONDS = 40.0  # of every sound: the first window is all that was ever heard, the last ones have a past
CONFIDENT = 0.6
SOUNDS_EACH = 4


def confident_windows(classifier: Classifier, sounds_each: int = SOUNDS_EACH) -> dict[str, Any]:
    """`share` of 10 s windows whose answer, the mean over them, is above 0.6; `by_kind`; `unsure`, the share of windows
    that the unsure rule catches; `windows`.

    Every kind counts alike, those never trained on too.
    """
    window, frames = frames_after(WINDOW_SECONDS), frames_after(SECONDS)
    by_kind, doubted = {}, []
    config = classifier.config
    for kind in KINDS + TEST_ONLY:
        each = 1 if kind == "silence" else sounds_each
        sounds = torch.from_numpy(made_frames([kind], each, frames, part="test"))
        tokens = clip_probabilities(classifier, sounds)[:, : frames // window * window]
        answers = tokens.unflatten(1, (-1, window)).mean(dim=2).flatten(0, 1).double()  # (windows, G)
        leading = answers.topk(2, dim=1).values
        by_kind[kind] = (leading[:, 0] > CONFIDENT).double().mean().item()
        unsure = (leading[:, 0] < config.unsure_probability) | (leading[:, 0] - leading[:, 1] < config.unsure_margin)
        doubted.append(unsure.double().mean().item())
    windows = (1 + sounds_each * (len(by_kind) - 1)) * (frames // window)
    return {
        "share": float(np.mean([*by_kind.values()])),
        "unsure": float(np.mean(doubted)),
        "by_kind": by_kind,
        "windows": windows,
    }
