"""Cross-validate the recipe over all clips, by whole artists, and calibrate with the answers out of fold.

    python3 scripts/cross_validate.py --data PACK.npz --folder RESULTS
    python3 scripts/train.py --data PACK.npz --train-on train+valid --calibration RESULTS/calibration.json ...

Where all clips are trained on, none is left to choose a temperature, the genres' offsets and the unsure rule: those of
the cross-validation are taken. A fold that is in RESULTS already is not trained again; `--only 2` trains one of them.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from scripts.preparation import TO_TRAIN, run_within_environment

run_within_environment(("train",), TO_TRAIN)

import numpy as np
import torch

from app.files.console import Console
from app.files.output import WholeFile
from app.text import to_json
from model.training import TrainingPlan, clip_probabilities
from scripts.dataset import PARTS, Dataset, add_data_arguments, read_dataset
from scripts.dataset.clips import artist_folds
from scripts.endings import one_sentence
from scripts.measures import labels_for
from scripts.training.calibrate import calibration_out_of_fold
from scripts.training.family import configure
from scripts.training.run import begin_run


def main() -> None:
    arguments = parse_arguments()
    torch.set_num_threads(arguments.threads)
    with one_sentence("no finished fold and no whole epoch is lost: the same command goes on") as console:
        dataset = read_dataset(arguments).part(*arguments.train_on.split("+"))
        arguments.folder.mkdir(parents=True, exist_ok=True)
        fold_of = artist_folds(dataset, arguments.folds, arguments.seed)
        for fold in range(arguments.folds) if arguments.only is None else [arguments.only]:
            if not answers_path(arguments.folder, fold).exists():
                console.note(f"fold {fold + 1} of {arguments.folds}")
                train_fold(arguments, dataset, fold_of == fold, fold, console)
        missing = [fold for fold in range(arguments.folds) if not answers_path(arguments.folder, fold).exists()]
        if missing:
            console.note(f"still to train: folds {', '.join(map(str, missing))}")
            return
        calibration = calibrate(arguments, dataset, fold_of)
        (arguments.folder / "calibration.json").write_text(to_json(calibration, indent=1) + "\n")
        print(to_json(calibration))


def train_fold(
    arguments: argparse.Namespace, dataset: Dataset, out: np.typing.NDArray[np.bool_], fold: int, console: Console
) -> None:
    """Train on all other folds, and keep the answers (N, T, G) to the clips of this one."""
    plan = TrainingPlan(epochs=arguments.epochs, seed=arguments.seed)
    training, checked = dataset.take(np.flatnonzero(~out).tolist()), dataset.take(np.flatnonzero(out).tolist())
    run = begin_run(training, configure(arguments.row), plan, arguments.cache, arguments.folder / f"fold-{fold}")
    run.go(console)
    answers = clip_probabilities(run.trainer.average, torch.from_numpy(checked.frames))
    with WholeFile(answers_path(arguments.folder, fold), binary=True) as whole:
        np.save(whole.stream, answers.numpy())
        whole.commit()
    run.checkpoint.unlink(missing_ok=True)


def calibrate(
    arguments: argparse.Namespace, dataset: Dataset, fold_of: np.typing.NDArray[np.int64]
) -> dict[str, object]:
    """The calibration from the answers of all folds."""
    answers = [torch.from_numpy(np.load(answers_path(arguments.folder, fold))) for fold in range(arguments.folds)]
    order = torch.from_numpy(np.concatenate([np.flatnonzero(fold_of == fold) for fold in range(arguments.folds)]))
    config = configure(arguments.row)
    labels = labels_for(config, dataset)[order]
    folds = torch.from_numpy(fold_of)[order]
    return calibration_out_of_fold(torch.cat(answers), labels, folds, config, arguments.precision)


def answers_path(folder: Path, fold: int) -> Path:
    return folder / f"fold-{fold}.npy"


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_data_arguments(parser, "--split")
    parser.add_argument("--folder", type=Path, required=True, help="where the answers and calibration.json go")
    parser.add_argument("--train-on", choices=PARTS, default="train+valid", help="what is divided into folds")
    parser.add_argument("--folds", type=int, default=4)
    parser.add_argument("--only", type=int, metavar="FOLD", help="train this one alone, counted from 0")
    parser.add_argument("--row", default="nystrom-fixed", help="of the family, as for train.py")
    parser.add_argument("--epochs", type=int, default=TrainingPlan.epochs)
    parser.add_argument("--seed", type=int, default=TrainingPlan.seed)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--precision", type=float, default=0.8, help="of sure answers, which the unsure rule aims at")
    return parser.parse_args()


if __name__ == "__main__":
    main()
