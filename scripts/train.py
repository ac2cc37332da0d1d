"""Train a classifier on GTZAN and write its weights.

python3 scripts/train.py --data PACK.npz --output assets/nystream.safetensors
python3 scripts/train.py --audio FOLDER --output my.safetensors      (genre/genre.NNNNN.wav)
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from scripts.preparation import run_within_environment

run_within_environment()

import librosa
import torch

from audio import SAMPLE_RATE
from model import Classifier, ModelConfig, save_classifier
from model.training import Examples, Progress, TrainingPlan, clip_probabilities, train
from scripts.dataset import Dataset, DatasetError, add_data_arguments, add_split_arguments, read_dataset


def main() -> int:
    arguments = parse_arguments()
    torch.set_num_threads(arguments.threads)
    try:
        dataset = read_dataset(arguments)
        training, valid = dataset.part("train"), dataset.part("valid")
    except DatasetError as error:
        print(f"train: {error}", file=sys.stderr)
        return 1
    plan = TrainingPlan(epochs=arguments.epochs, seed=arguments.seed)
    torch.manual_seed(plan.seed)
    classifier = Classifier(ModelConfig(genres=dataset.genres))
    bands = classifier.config.bands
    band_hz = torch.from_numpy(librosa.mel_frequencies(bands + 2, fmin=0.0, fmax=SAMPLE_RATE / 2)[1:-1]).float()
    print(f"{len(training.names)} clips to train on, {len(valid.names)} to check on", file=sys.stderr)
    accuracy = 0.0
    frames, labels = torch.from_numpy(training.frames), torch.from_numpy(training.labels)
    for progress in train(classifier, Examples(frames, labels, band_hz), plan):
        if progress.epoch % arguments.check_every == 0 or progress.epoch == plan.epochs:
            accuracy, log_loss = check(progress.classifier, valid)
            report(progress, plan, accuracy, log_loss)
            notes = {
                "trained_on": f"GTZAN, {len(training.names)} clips of the fault-filtered split's train part",
                "valid_accuracy": f"{accuracy:.4f}",
                "valid_log_loss": f"{log_loss:.4f}",
                "valid_clips": str(len(valid.names)),
                "epochs": f"{progress.epoch} of {plan.epochs}",
                "seed": str(plan.seed),
            }
            save_classifier(progress.classifier, arguments.output, notes)
    print(f"{arguments.output}: accuracy on valid {accuracy:.3f}", file=sys.stderr)
    return 0


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_data_arguments(parser)
    add_split_arguments(parser, "--split")
    parser.add_argument("--output", type=Path, required=True, help="where the weights go (safetensors)")
    parser.add_argument("--epochs", type=int, default=TrainingPlan.epochs)
    parser.add_argument("--seed", type=int, default=TrainingPlan.seed)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--check-every", type=int, default=5, metavar="EPOCHS", help="how often to look at valid")
    return parser.parse_args()


def check(classifier: Classifier, valid: Dataset) -> tuple[float, float]:
    """Accuracy and log-loss of the clips' answers: the mean of their token probabilities."""
    answers = clip_probabilities(classifier, torch.from_numpy(valid.frames)).mean(dim=1)
    labels = torch.from_numpy(valid.labels)
    accuracy = (answers.argmax(dim=1) == labels).double().mean().item()
    return accuracy, torch.nn.functional.nll_loss(answers.log(), labels).item()


def report(progress: Progress, plan: TrainingPlan, accuracy: float, log_loss: float) -> None:
    left = progress.seconds / progress.epoch * (plan.epochs - progress.epoch)
    print(
        f"epoch {progress.epoch:3d}/{plan.epochs}  loss {progress.loss:.3f}  valid: accuracy {accuracy:.3f}, "
        f"log-loss {log_loss:.3f}  {left / 60:.1f} min left",
        file=sys.stderr,
    )


if __name__ == "__main__":
    sys.exit(main())
