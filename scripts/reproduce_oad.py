"""Online action detection as in the papers: continual detectors beside the same weights on the window.

    python3 scripts/reproduce_oad.py            # a few minutes on one core
    python3 scripts/reproduce_oad.py --json

Streams of features with timed labels are made here from seeds, because the papers' data need agreements: an action is
two phases of noisy features, one after the other, that other actions have in another order, so that only a detector
that remembers tells them apart. Detectors of small sizes are trained on windows and then streamed, frame by frame; the
same weights compute each of these frames' windows from nothing. Printed are the mean average precision over frames
of both (THUMOS14's measure: over actions, without the background), that of the frames ahead where they are anticipated,
and the largest difference between two probabilities.

Then what a frame costs at the papers' sizes (Kinetics features), input layer and heads included: millions of
multiply-adds, on the window and as a step.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from scripts.preparation import run_within_environment

run_within_environment()

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from app.text import to_json
from model import DetectorConfig, OnlineDetector, detector_step_cost, detector_window_cost
from model.presets import OADTR, co_oadtr

PHASES, NOISE = 5, 1.5
ACTIONS = ((0, 1), (1, 0), (2, 3), (3, 2), (0, 4), (4, 0))  # which two phases; class 0 is the background
FEATURES, CLASSES, WINDOW, AHEAD = 24, len(ACTIONS) + 1, 16, 4
PHASE_FRAMES, GAP_FRAMES = (4, 9), (3, 12)
BATCH, RATE, AHEAD_WEIGHT = 32, 2e-3, 0.5  # the last is the published coefficient of what is anticipated
TOLERANCE = 1e-4  # of a probability

SYSTEMS: dict[str, DetectorConfig] = {
    "CoOadTR-b1": co_oadtr(1),
    "CoOadTR-b2": co_oadtr(2),
    "CoOadTR-b2, class token": replace(co_oadtr(2), class_token=1),
    "CoOadTR-b2, class token, decoder": replace(co_oadtr(2), class_token=1, queries=8),
    "Gaussian, deep, 2 blocks": co_oadtr(2, stacking="deep", attention="gaussian"),
    "continual landmarks, b1": co_oadtr(1, attention="nystrom", landmarks="continual"),
    "fixed landmarks, b1": co_oadtr(1, attention="nystrom", landmarks="fixed"),
}


def small(config: DetectorConfig) -> DetectorConfig:
    """The same detector at the sizes that are trained here."""
    sizes: dict[str, Any] = {"width": 32, "heads": 4, "window": WINDOW, "feed_forward": 32, "landmark_count": 4}
    encoder = replace(config.encoder, **sizes, positions=2 * WINDOW - 1)
    queries = AHEAD if config.queries else 0
    return DetectorConfig(encoder, FEATURES, CLASSES, config.class_token, queries, 1, 4, 32)


def make_streams(count: int, frames: int, seed: int) -> tuple[Tensor, Tensor]:
    """Features (count, frames, FEATURES) and the class of every frame (count, frames)."""
    looks = np.random.default_rng(0).normal(size=(PHASES, FEATURES))  # of the phases, in every stream
    random = np.random.default_rng(seed)
    labels = np.zeros((count, frames), np.int64)
    features = random.normal(scale=NOISE, size=(count, frames, FEATURES))
    for label, seen in zip(labels, features, strict=True):
        t = int(random.integers(*GAP_FRAMES))
        while t < frames:
            action = int(random.integers(len(ACTIONS)))
            for phase in ACTIONS[action]:
                end = t + int(random.integers(*PHASE_FRAMES))
                seen[t:end] += looks[phase]
                label[t:end] = 1 + action
                t = end
            t += int(random.integers(*GAP_FRAMES))
    return torch.from_numpy(features).float(), torch.from_numpy(labels)


def train(config: DetectorConfig, steps: int, seed: int = 0) -> OnlineDetector:
    """On windows drawn from streams of a seed of its own."""
    torch.manual_seed(seed)
    features, labels = make_streams(64, 200, seed=1)
    history = config.encoder.history
    detector = OnlineDetector(config)
    optimiser = torch.optim.AdamW(detector.parameters(), lr=RATE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=max(2, steps))
    for _ in range(steps):
        streams, ends = torch.randint(len(features), (BATCH,)), torch.randint(history, 200 - AHEAD, (BATCH,))
        windows = torch.stack([features[s, e - history : e] for s, e in zip(streams, ends, strict=True)])
        found = detector.recompute(windows, heard=int(ends[0]))
        loss = F.cross_entropy(found.classes, labels[streams, ends - 1])
        if found.ahead is not None:
            wanted = torch.stack([labels[streams, ends + k] for k in range(AHEAD)], dim=1)
            loss = loss + AHEAD_WEIGHT * F.cross_entropy(found.ahead.flatten(0, 1), wanted.flatten())
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    return detector.eval().requires_grad_(False)


def stream(detector: OnlineDetector, features: Tensor) -> tuple[list[Tensor], list[Tensor]]:
    """Probabilities at every frame, by `step` and from the window: each (streams, 1 + ahead, classes)."""
    state, history = detector.init_state(len(features)), detector.config.encoder.history
    continual: list[Tensor] = []
    window: list[Tensor] = []
    for t in range(features.shape[1]):
        found, state = detector.step(features[:, t], state)
        again = detector.recompute(features[:, max(0, t + 1 - history) : t + 1], t + 1)
        for answers, each in ((continual, found), (window, again)):
            ahead = [] if each.ahead is None else [each.ahead]
            answers.append(torch.cat([each.classes.unsqueeze(1), *ahead], dim=1).softmax(-1))
    return continual, window


def mean_average_precision(probabilities: NDArray[Any], labels: NDArray[Any]) -> float:
    """probabilities (frames, classes), labels (frames,): over all actions that occur, without the background."""
    found = []
    for action in range(1, CLASSES):
        hits = (labels == action)[np.argsort(-probabilities[:, action], kind="stable")]
        if hits.any():
            found.append((np.cumsum(hits) / np.arange(1, len(hits) + 1))[hits].mean())
    return float(np.mean(found))


def measure(config: DetectorConfig, steps: int, streams: int, frames: int) -> dict[str, Any]:
    detector = train(small(config), steps)
    features, labels = make_streams(streams, frames, seed=2)
    continual, window = (torch.stack(each, dim=1) for each in stream(detector, features))  # (S, T, 1 + ahead, classes)

    def precision(given: Tensor, later: int) -> float:
        truth = labels[:, later:].flatten().numpy()
        return mean_average_precision(given[:, : frames - later, later].flatten(0, 1).numpy(), truth)

    ahead = [precision(continual, later) for later in range(1, continual.shape[2])]
    return {
        "map_continual": precision(continual, 0),
        "map_window": precision(window, 0),
        "map_ahead": float(np.mean(ahead)) if ahead else None,
        "largest_difference": (continual - window).abs().max().item(),
    }


def costs() -> dict[str, dict[str, Any]]:
    """Millions of multiply-adds by part, at the papers' sizes."""

    def millions(parts: dict[str, int]) -> dict[str, float]:
        return {part: round(flops / 2e6, 2) for part, flops in parts.items()}

    windows = {"OadTR": OADTR} | SYSTEMS
    return {
        name: {
            "window": millions(detector_window_cost(config)),
            "step": None if config.class_token == 0 else millions(detector_step_cost(config)),
        }
        for name, config in windows.items()
    }


def reproduce(steps: int, streams: int, frames: int) -> dict[str, Any]:
    measured = {name: measure(config, steps, streams, frames) for name, config in SYSTEMS.items()}
    return {"frames": streams * frames, "detection": measured, "costs": costs()}


def table(report: dict[str, Any]) -> list[str]:
    lines = [f"{'':34}{'mAP continual':>14}{'on the window':>15}{'ahead':>8}{'largest difference':>20}"]
    for name, row in report["detection"].items():
        ahead = "" if row["map_ahead"] is None else f"{row['map_ahead']:.1%}"
        lines.append(
            f"{name:34}{row['map_continual']:14.2%}{row['map_window']:15.2%}{ahead:>8}{row['largest_difference']:20.1e}"
        )
    lines += ["", f"{'millions of multiply-adds':34}{'window':>10}{'step':>10}{'ratio':>8}"]
    for name, cost in report["costs"].items():
        window = sum(cost["window"].values())
        step = sum(cost["step"].values()) if cost["step"] else None
        lines.append(f"{name:34}{window:10.1f}" + (f"{step:10.1f}{window / step:8.1f}" if step else ""))
        parts = cost["step"] or cost["window"]
        lines.append("    " + ", ".join(f"{part} {value:.2f}" for part, value in parts.items() if value))
    return lines


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument("--steps", type=int, default=400, help="training steps of each detector (default: 400)")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    report = reproduce(arguments.steps, streams=16, frames=200)
    print(to_json(report) if arguments.json else "\n".join(table(report)))
    return int(any(row["largest_difference"] > TOLERANCE for row in report["detection"].values()))


if __name__ == "__main__":
    sys.exit(main())
