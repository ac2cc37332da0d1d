"""The figures of a classifier, on answers made by hand."""

from __future__ import annotations

import math

import pytest
import torch

from model import ModelConfig
from model.training import clip_figures

CONFIG = ModelConfig(genres=("blues", "jazz", "rock"), unsure_probability=0.5, unsure_margin=0.1)
# Two tokens per clip. Clip answers: blues 0.7; jazz 0.45, rock 0.4; blues 0.6, jazz 0.225.
TOKENS = torch.tensor(
    [
        [[0.8, 0.1, 0.1], [0.6, 0.3, 0.1]],
        [[0.2, 0.2, 0.6], [0.1, 0.7, 0.2]],
        [[0.9, 0.1, 0.0], [0.3, 0.35, 0.35]],
    ]
)
LABELS = torch.tensor([0, 1, 2])


def test_every_figure_is_the_one_counted_by_hand() -> None:
    figures = clip_figures(TOKENS, LABELS, CONFIG, {1: 1, 30: 99})
    assert figures["accuracy"] == pytest.approx(2 / 3)
    assert figures["accuracy_last"] == pytest.approx(2 / 3)
    assert figures["top2"] == pytest.approx(2 / 3)  # the third clip is rock, its last
    assert figures["log_loss"] == pytest.approx(-(math.log(0.7) + math.log(0.45) + math.log(0.175)) / 3, rel=1e-6)
    assert figures["confusion"] == [[1, 0, 0], [0, 1, 0], [1, 0, 0]]
    assert figures["per_genre"] == {"blues": 1.0, "jazz": 1.0, "rock": 0.0}
    assert figures["macro_f1"] == pytest.approx((2 / 3 + 1 + 0) / 3)
    assert figures["seconds_heard"] == {"1": pytest.approx(1 / 3), "30": pytest.approx(2 / 3)}
    assert figures["unsure"] == {"coverage": pytest.approx(2 / 3), "precision": pytest.approx(0.5)}
    assert figures["clips"] == 3


def test_a_genre_without_clips_has_no_recall_and_does_not_count() -> None:
    figures = clip_figures(TOKENS[:2], LABELS[:2], CONFIG)
    assert figures["per_genre"]["rock"] is None
    assert figures["macro_f1"] == 1.0
    assert figures["confusion"][2] == [0, 0, 0]
