"""Train a classifier on GTZAN, or on genres of your own, and write its weights.

    python3 scripts/train.py --data PACK.npz --output my.safetensors
    python3 scripts/train.py --audio FOLDER --output my.safetensors      (GTZAN in any usual layout)
    python3 scripts/train.py --audio FOLDER --from assets/nystream.safetensors --output my.safetensors
                                            (a folder of sound for each of 2 to 50 genres: docs/own-genres.md)

Beside the weights: my.csv and my.png, how it went. Ctrl-C loses nothing but the epoch that is being trained: the same
command with --resume goes on, and ends with the same weights. The temperature and the unsure rule are chosen on valid;
where valid is trained on as well, they are those of --calibrate-like.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from scripts.preparation import TO_TRAIN, run_within_environment

run_within_environment(("train",), TO_TRAIN)

import torch

from app.stream.models import check_bands
from app.text import one_line
from model import GTZAN_GENRES, Classifier, ModelConfig, load_for_training, save_classifier
from model.training import TrainingError, TrainingPlan, clip_figures, clip_probabilities
from scripts.dataset import MOST_GENRES, PARTS, Dataset, DatasetError, add_data_arguments, read_dataset
from scripts.endings import one_sentence
from scripts.measures import labels_for
from scripts.training.calibrate import calibrate_with, calibration_of, calibration_on, read_calibration
from scripts.training.family import ATTENTIONS, configure
from scripts.training.run import TrainingRun, begin_run, run_notes

FROM_STEPS = 600  # with few clips, from weights that have learned much music
LEARNED_SHARE = 0.1  # of the learning rate, for what they have learned


def main() -> None:
    arguments = parse_arguments()
    torch.set_num_threads(arguments.threads)
    with one_sentence("every whole epoch is kept: the same command with --resume goes on") as console:
        dataset = read_dataset(arguments)
        training = dataset.part(*arguments.train_on.split("+"))
        valid = dataset.part("valid") if arguments.train_on == "train" else None
        calibration = calibration_of(arguments.calibrate_like) if arguments.calibrate_like else None
        if arguments.calibration:
            calibration = read_calibration(arguments.calibration)
        run = prepare(arguments, training, valid)
        if training.genres != GTZAN_GENRES:
            console.note(one_line(f"{len(training.genres)} genres: {', '.join(training.genres)}"))
        console.note(f"{len(training.names)} clips to train on, {len(valid.names) if valid else 'none'} to check on")
        run.go(console)
        classifier = run.trainer.average.cpu()
        if calibration is None and valid is not None:
            calibration = calibration_on(classifier, valid, arguments.precision)
        if calibration is not None:
            classifier = calibrate_with(classifier, calibration)
        notes = {"valid_clips": "0"} if calibration is None else calibration.notes
        notes |= run_notes(training, arguments.train_on, run.trainer.plan, arguments.split_scheme)
        notes |= {} if arguments.learned is None else {"begun_with": arguments.learned.name}
        save_classifier(classifier, arguments.output, notes)
        run.checkpoint.unlink(missing_ok=True)
        said = f", accuracy on valid {notes['valid_accuracy']}" if "valid_accuracy" in notes else ""
        console.note(f"{arguments.output} is written{said}")


def prepare(arguments: argparse.Namespace, training: Dataset, valid: Dataset | None) -> TrainingRun:
    """The run that the command line asks for.

    Raises DatasetError, TrainingError, WeightsError, ValueError and OSError.
    """
    if not 2 <= len(training.genres) <= MOST_GENRES:
        raise DatasetError(f"{len(training.genres)} genres to learn; expected 2 to {MOST_GENRES}, a folder for each")
    teachers, learned = [load(path) for path in arguments.teachers], None
    base = replace(ModelConfig(), genres=training.genres)
    kind = arguments.row, arguments.blocks, arguments.stacking
    plan = TrainingPlan(
        TrainingPlan.epochs, arguments.seed, outlier_share=arguments.outliers, landmarks=arguments.init_landmarks
    )
    if arguments.learned is not None:
        if any(chosen is not None for chosen in kind):
            raise DatasetError("--row, --blocks and --stacking are those of the weights of --from: leave them out")
        learned = load(arguments.learned)
        base = replace(learned.config, genres=training.genres)
        steps = max(1, len(training.names) // plan.batch)  # of an epoch
        plan = replace(plan, epochs=-(-FROM_STEPS // steps), learned_share=LEARNED_SHARE)
    config = configure(*kind, arguments.window_seconds, arguments.level_seconds, base)
    plan = plan if arguments.epochs is None else replace(plan, epochs=arguments.epochs)
    check = None
    if valid is not None:
        labels, frames = labels_for(config, valid), torch.from_numpy(valid.frames)

        def check(classifier: Classifier) -> tuple[float, float]:
            figures = clip_figures(clip_probabilities(classifier, frames), labels, config)
            return figures["accuracy"], figures["log_loss"]

    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    return begin_run(
        training,
        config,
        plan,
        arguments.cache,
        arguments.output,
        check,
        arguments.check_every,
        choose_device(arguments.device),
        teachers,
        arguments.resume,
        learned,
    )


def load(weights: Path) -> Classifier:
    """To learn from, or to begin with. Raises WeightsError."""
    check_bands(weights)
    return load_for_training(weights)


def choose_device(name: str) -> torch.device:
    """`auto`: a GPU where there is one that torch can use. Raises TrainingError."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda" and not torch.cuda.is_available():
        raise TrainingError("torch sees no GPU here: use --device cpu")
    return torch.device(name)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_data_arguments(parser, "--split")
    parser.add_argument("--output", type=Path, required=True, help="where the weights go (safetensors)")
    parser.add_argument("--resume", action="store_true", help="go on with a run that was broken off, if there is one")
    parser.add_argument("--train-on", choices=PARTS, default="train")
    parser.add_argument("--row", choices=sorted(ATTENTIONS), help="the kind of attention (default: nystrom-fixed)")
    parser.add_argument("--blocks", type=int, help="(default: 1)")
    parser.add_argument("--stacking", choices=("deep", "retroactive"), help="of several blocks (default: deep)")
    parser.add_argument("--window-seconds", type=float, help="that attention looks back on")
    parser.add_argument("--level-seconds", type=float, help="over which the level is averaged")
    default = f"(default: {TrainingPlan.epochs}, with --from those of {FROM_STEPS} steps)"
    parser.add_argument("--epochs", type=int, help=default)
    parser.add_argument("--seed", type=int, default=TrainingPlan.seed)
    landmarks = "fixed ones: all after the first epoch, or random, or one block after the other near the end"
    parser.add_argument("--init-landmarks", choices=("kmeans", "random", "layers"), default="kmeans", help=landmarks)
    parser.add_argument("--outliers", type=float, default=TrainingPlan.outlier_share, help="share of made sounds")
    parser.add_argument("--precision", type=float, default=0.8, help="of sure answers, which the unsure rule aims at")
    others: dict[str, Any] = {"type": Path, "metavar": "WEIGHTS"}
    parser.add_argument("--from", dest="learned", **others, help="begin with these, also for other genres")
    parser.add_argument("--calibrate-like", **others, help="take temperature and unsure rule of these")
    parser.add_argument("--calibration", type=Path, metavar="JSON", help="take those that cross_validate.py found")
    parser.add_argument("--teachers", **others, nargs="+", default=[], help="learn from what these answer, too")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--check-every", type=int, default=5, metavar="EPOCHS", help="how often to look at valid")
    return parser.parse_args()


if __name__ == "__main__":
    main()
