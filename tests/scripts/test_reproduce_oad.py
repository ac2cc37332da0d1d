"""Online action detection at tiny sizes: trained, streamed, and the window's answers frame by frame."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from scripts import reproduce_oad


def test_a_detector_learns_and_streams_with_the_windows_precision() -> None:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        name = "CoOadTR-b2, class token, decoder"
        config = reproduce_oad.SYSTEMS[name]
        raw, trained = (reproduce_oad.measure(config, steps, streams=4, frames=60) for steps in (0, 60))
    finally:
        torch.set_num_threads(threads)
    assert trained["map_continual"] == pytest.approx(trained["map_window"], abs=1e-3)
    assert trained["largest_difference"] < reproduce_oad.TOLERANCE
    assert trained["map_continual"] > raw["map_continual"] + 0.03
    assert trained["map_ahead"] is not None
    report = {"frames": 240, "detection": {name: trained}, "costs": reproduce_oad.costs()}
    lines = "\n".join(reproduce_oad.table(report))
    assert "OadTR " in lines
    assert "decoder 1023.10" in lines


def test_the_precision_is_that_of_ranked_frames() -> None:
    labels = np.array([0, 1, 1, 2])
    sure = np.eye(reproduce_oad.CLASSES)[labels]
    assert reproduce_oad.mean_average_precision(sure, labels) == 1.0
    sure[0, 1] = 2.0  # the background leads for action 1: 1/2 and 2/3
    assert reproduce_oad.mean_average_precision(sure, labels) == pytest.approx(((1 / 2 + 2 / 3) / 2 + 1) / 2)
