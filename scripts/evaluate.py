"""Measure a classifier on clips whose genre is known.

    python3 scripts/evaluate.py --data PACK.npz --split valid --json
    python3 scripts/evaluate.py --audio FOLDER --json                    (genre/genre.NNNNN.wav)

`accuracy` is the share of clips that are right; a clip's answer is the mean of its token probabilities.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from scripts.preparation import run_within_environment

run_within_environment()

import torch

from app.weights import default_weights
from model import Classifier, WeightsError, load_classifier
from model.training import clip_probabilities
from scripts.dataset import Dataset, DatasetError, add_data_arguments, read_dataset


def main() -> int:
    arguments = parse_arguments()
    try:
        classifier = load_classifier(arguments.weights)
        dataset = read_dataset(arguments)
        if arguments.split:
            dataset = dataset.part(arguments.split)
        figures = evaluate(classifier, dataset)
    except (DatasetError, WeightsError) as error:
        print(f"evaluate: {error}", file=sys.stderr)
        return 1
    if arguments.json:
        print(json.dumps(figures))
    else:
        accuracy, clips = figures["accuracy"], int(figures["clips"])
        deviation = 100 * math.sqrt(accuracy * (1 - accuracy) / clips)
        print(f"{100 * accuracy:.1f} % of {clips} clips are right (standard error {deviation:.1f} points)")
    return 0


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_data_arguments(parser)
    parser.add_argument("--split", help="only the clips of this split, for example valid")
    parser.add_argument("--weights", type=Path, default=default_weights(), help="default: those that ship")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    return parser.parse_args()


def evaluate(classifier: Classifier, dataset: Dataset) -> dict[str, float]:
    """Raises DatasetError when the dataset names genres that the classifier does not know."""
    genres = classifier.config.genres
    if unknown := sorted(set(dataset.genres) - set(genres)):
        raise DatasetError(f"the classifier does not know the genres {unknown}")
    labels = torch.tensor([genres.index(dataset.genres[label]) for label in dataset.labels])
    answers = clip_probabilities(classifier, torch.from_numpy(dataset.frames)).mean(dim=1)
    right = (answers.argmax(dim=1) == labels).double().mean().item()
    return {"accuracy": right, "clips": len(labels)}


if __name__ == "__main__":
    sys.exit(main())
