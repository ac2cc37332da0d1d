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

import torch

from app.text import to_json
from model.training import TrainingPlan
from scripts.dataset import PARTS, add_data_arguments, read_dataset
from scripts.endings import one_sentence
from scripts.measures import labels_for
from scripts.training.calibrate import calibration_out_of_fold
from scripts.training.family import configure
from scripts.training.folds import Folds


def main() -> None:
    arguments = parse_arguments()
    torch.set_num_threads(arguments.threads)
    with one_sentence("no finished fold and no whole epoch is lost: the same command goes on") as console:
        dataset = read_dataset(arguments).part(*arguments.train_on.split("+"))
        config, plan = configure(arguments.row), TrainingPlan(epochs=arguments.epochs, seed=arguments.seed)
        folds = Folds(dataset, config, plan, arguments.folder, arguments.cache, arguments.folds)
        for fold in folds.missing if arguments.only is None else {arguments.only} & set(folds.missing):
            folds.train(fold, console)
        if folds.missing:
            console.note(f"still to train: folds {', '.join(map(str, folds.missing))}")
            return
        labels, fold_of = labels_for(config, dataset), torch.from_numpy(folds.of_clip)
        calibration = calibration_out_of_fold(folds.answers(), labels, fold_of, config, arguments.precision)
        (arguments.folder / "calibration.json").write_text(to_json(calibration, indent=1) + "\n")
        print(to_json(calibration))


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
