"""The papers' models at their sizes, as the published code has them (and, where it has two, as the paper says).

    OnlineDetector(OADTR)                   Wang et al., ICCV 2021
    OnlineDetector(co_oadtr(2))             Hedegaard et al., ICLR 2023: THUMOS14
    Encoder(replace(GTZAN, blocks=2, stacking="retroactive"))      the same: GTZAN, 120 tokens of 128 numbers
    OnlineDetector(co_oadtr(1, attention="nystrom", landmarks="continual"))   Carreto Picon et al., 2024: ten landmarks

Here they have no weights. The continual models are post-norm, as torch's layers are by default; OadTR is pre-norm.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from model.config import DetectorConfig, EncoderConfig

FEATURES = {"Kinetics": 4096, "ActivityNet": 3072}  # of a frame, by what the feature extractor was trained on
LANDMARKS = 10

_CONTINUAL = EncoderConfig(
    width=1024,
    heads=8,
    window=64,
    feed_forward=1024,
    attention="softmax",
    landmark_count=LANDMARKS,
    norm="post",
    activation="gelu",
)

# A class token behind the window's 64 frames, three blocks, and a decoder that anticipates eight frames. Its positions
# stand still in the window; here they recycle, as in all the others.
OADTR = DetectorConfig(
    encoder=replace(_CONTINUAL, blocks=3, stacking="retroactive", norm="pre", positions=64),
    features=FEATURES["Kinetics"],
    class_token=0,
    queries=8,
)

# The features are VGGish's, 128 of them, which a linear map makes tokens of; positions recycle after 192 tokens.
GTZAN = replace(_CONTINUAL, width=192, heads=16, window=120, feed_forward=192, positions=192, outputs=10)


def co_oadtr(blocks: int = 1, features: int = FEATURES["Kinetics"], **changes: Any) -> DetectorConfig:
    """CoOadTR of one or more blocks: no class token, no decoder, positions that recycle after two windows but one.

    `changes` are other fields of its EncoderConfig. More than one block is stacked retroactively, where nothing else is
    said.
    """
    sizes: dict[str, Any] = {"blocks": blocks, "positions": 127, "stacking": "deep" if blocks == 1 else "retroactive"}
    return DetectorConfig(replace(_CONTINUAL, **(sizes | changes)), features)
