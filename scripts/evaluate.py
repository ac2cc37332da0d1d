"""Measure a classifier on clips whose genre is known.

    python3 scripts/evaluate.py --data PACK.npz --split valid --json
    python3 scripts/evaluate.py --audio FOLDER --json                    (GTZAN in any usual layout)

`accuracy` is the share of clips that are right; a clip's answer is the mean of its token probabilities.
"""

from __future__ import annotations

import argparse
import math
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from scripts.preparation import run_within_environment

run_within_environment()

from app.stream.models import load_classifier
from app.stream.weights import default_weights
from app.text import to_json
from scripts.dataset import add_data_arguments, read_dataset
from scripts.endings import one_sentence
from scripts.measures import accuracy_through_noise, confident_windows, evaluate
from scripts.shifted import shifted


def main() -> None:
    arguments = parse_arguments()
    with one_sentence("nothing was measured"):
        classifier = load_classifier(arguments.weights)
        dataset = read_dataset(arguments)
        if arguments.split:
            dataset = dataset.part(arguments.split)
        figures = evaluate(classifier, dataset)
        if arguments.noise:
            figures["noise"] = accuracy_through_noise(classifier, dataset)
        if arguments.shifted:
            other = evaluate(classifier, shifted(dataset))
            figures["shifted"] = {name: other[name] for name in ("accuracy", "log_loss")}
        if arguments.not_music:
            figures["not_music"] = confident_windows(classifier)
        print(to_json(figures) if arguments.json else describe(figures))


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_data_arguments(parser, "--split-list")
    parser.add_argument("--split", help="only the clips of this split, for example valid")
    parser.add_argument("--weights", type=Path, default=default_weights(), help="default: those that ship")
    parser.add_argument("--noise", action="store_true", help="also through stationary noise and babble")
    parser.add_argument("--shifted", action="store_true", help="also as other equipment would bring them")
    parser.add_argument("--not-music", action="store_true", help="also how often sounds that are no music get a genre")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    return parser.parse_args()


def describe(figures: dict[str, Any]) -> str:
    """The figures for a reader, in per cent."""
    accuracy, clips = figures["accuracy"], figures["clips"]
    deviation = 100 * math.sqrt(accuracy * (1 - accuracy) / clips)
    unsure, top2 = figures["unsure"], 100 * figures["top2"]
    lines = [
        f"{100 * accuracy:.1f} % of {clips} clips are right (standard error {deviation:.1f} points)",
        f"among the first two {top2:.1f} %; by the last token alone {100 * figures['accuracy_last']:.1f} %",
        f"log-loss {figures['log_loss']:.3f}, calibration error {figures['ece']:.3f}, "
        f"macro F1 {figures['macro_f1']:.3f}",
        f"sure of {100 * unsure['coverage']:.0f} % of them, and right in {100 * unsure['precision']:.0f} % of those",
        "after seconds: " + _pairs(figures["seconds_heard"]),
        "genres: " + _pairs(figures["per_genre"]),
    ]
    for kind, accuracies in figures.get("noise", {}).items():
        lines.append(f"through noise, {kind}: " + _pairs(accuracies))
    if "shifted" in figures:
        accuracy, log_loss = figures["shifted"]["accuracy"], figures["shifted"]["log_loss"]
        lines.append(f"by other equipment: {100 * accuracy:.1f} %, log-loss {log_loss:.3f}")
    if "not_music" in figures:
        lines.append(f"confident of {100 * figures['not_music']['share']:.1f} % of windows without music")
    return "\n".join(lines)


def _pairs(shares: dict[str, float | None]) -> str:
    return ", ".join(f"{name} {100 * share:.0f} %" for name, share in shares.items() if share is not None)


if __name__ == "__main__":
    main()
