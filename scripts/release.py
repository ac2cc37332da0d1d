"""Make the weights that ship, and the figures of their card, from all clips: a night on two cores.

    python3 scripts/release.py --data PACK.npz TEST.npz --folder RESULTS

Nothing is chosen here. The recipe is cross-validated over the artists of all clips; the temperature, the offsets and
the unsure rule are those of the answers out of fold. It is trained on train and valid, and measured on test once. Then
all that ships learns all clips, and the tables of assets/MODEL_CARD.md are written anew. What is in RESULTS already is
not trained again, and what was broken off goes on.
"""

from __future__ import annotations

import argparse
import hashlib
import math
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from scripts.preparation import TO_TRAIN, run_within_environment

run_within_environment(("train",), TO_TRAIN)

import torch

from app.files.console import Console
from app.files.output import WholeFile
from app.stream.weights import default_weights
from app.text import to_json
from model import Classifier, load_for_training, read_notes, save_classifier
from model.training import TrainingError, TrainingPlan
from scripts.dataset import Dataset, add_data_arguments, read_dataset
from scripts.endings import one_sentence
from scripts.measures import accuracy_through_noise, confident_windows, evaluate, labels_for
from scripts.training.calibrate import calibrate_with, calibration_out_of_fold, read_calibration
from scripts.training.family import configure
from scripts.training.folds import Folds
from scripts.training.run import begin_run, run_notes

BEGIN, END = "<!-- written by scripts/release.py: begin -->\n", "<!-- end -->\n"
PRECISION = 0.8  # of sure answers


@dataclass(frozen=True)
class Shipped:
    """One file of weights, and how it is trained."""

    file: str
    row: str
    epochs: int
    description: str


SHIPPED = (
    Shipped("nystream", "nystrom-fixed", 400, "continual Nystrom, 16 fixed landmarks (the default)"),
    Shipped("nystream-softmax", "softmax", 200, "exact softmax"),
    Shipped("nystream-continual", "nystrom-continual", 200, "continual Nystrom, 16 continual landmarks"),
)
PUBLISHED_EPOCHS = 500  # of fewer clips, so that there are about as many steps


def main() -> None:
    arguments = parse_arguments()
    torch.set_num_threads(arguments.threads)
    with one_sentence("nothing that is finished is lost: the same command goes on") as console:
        release(arguments, console)


def release(arguments: argparse.Namespace, console: Console) -> None:
    """All of it. Raises DatasetError, TrainingError, WeightsError and OSError."""
    dataset, folder = read_dataset(arguments), arguments.folder
    everything, known, test = (
        dataset.part("train", "valid", "test"),
        dataset.part("train", "valid"),
        dataset.part("test"),
    )
    default = SHIPPED[0]
    plan = TrainingPlan(epochs=arguments.epochs or default.epochs)
    folds = Folds(everything, configure(default.row), plan, folder / "folds", arguments.cache)
    for fold in folds.missing:
        folds.train(fold, console)
    found = calibrations(folds, everything, folder)

    maker = Maker(arguments, console)
    published = calibrate_with(
        maker.trained("published", default.row, known, "train+valid", PUBLISHED_EPOCHS),
        read_calibration(folder / "calibration-published.json"),
    )
    figures = evaluate(published, test) | {"noise": accuracy_through_noise(published, test)}
    (folder / "published.json").write_text(to_json(figures, indent=1) + "\n")

    calibration, rows = read_calibration(folder / "calibration.json"), []
    for each in SHIPPED:
        raw = maker.trained(each.file, each.row, everything, "train+valid+test", each.epochs)
        path = arguments.output / f"{each.file}.safetensors"
        calibrated = calibrate_with(raw, calibration)
        save_classifier(calibrated, path, calibration.notes | read_notes(folder / path.name))
        sounds = confident_windows(calibrated)
        rows.append((each, hashlib.sha256(path.read_bytes()).hexdigest(), sounds))
    write_card(arguments.output / "MODEL_CARD.md", tables(rows, found, figures))
    console.note(f"{arguments.output} has the weights and their card")


def calibrations(folds: Folds, everything: Dataset, folder: Path) -> dict[str, Any]:
    """Those of the weights that ship, from all answers out of fold, and of the published split, from the answers to
    clips that are not test: calibration.json and calibration-published.json. Raises OSError.
    """
    config = configure(SHIPPED[0].row)
    answers, labels, fold_of = folds.answers(), labels_for(config, everything), torch.from_numpy(folds.of_clip)
    known = torch.tensor([side != "test" for side in everything.splits])
    found = calibration_out_of_fold(answers, labels, fold_of, config, PRECISION)
    without = calibration_out_of_fold(answers[known], labels[known], fold_of[known], config, PRECISION)
    for name, calibration in (("calibration", found), ("calibration-published", without)):
        (folder / f"{name}.json").write_text(to_json(calibration, indent=1) + "\n")
    return found


class Maker:
    """Trains what is not there yet."""

    def __init__(self, arguments: argparse.Namespace, console: Console) -> None:
        self._arguments, self._console = arguments, console

    def trained(self, name: str, row: str, dataset: Dataset, parts: str, epochs: int) -> Classifier:
        """Not calibrated. Raises TrainingError where another run has that name, DatasetError and OSError."""
        path = self._arguments.folder / f"{name}.safetensors"
        plan = TrainingPlan(epochs=self._arguments.epochs or epochs)
        notes = run_notes(dataset, parts, plan, self._arguments.split_scheme)
        if not path.exists():
            self._console.note(f"{name}: {len(dataset.names)} clips, {plan.epochs} epochs")
            run = begin_run(dataset, configure(row), plan, self._arguments.cache, path)
            run.go(self._console)
            save_classifier(run.trainer.average.cpu(), path, notes)
            run.checkpoint.unlink(missing_ok=True)
        if not notes.items() <= read_notes(path).items():
            raise TrainingError(f"{path} was trained otherwise: delete it, or give another folder")
        return load_for_training(path)


def tables(rows: list[tuple[Shipped, str, dict[str, Any]]], found: dict[str, Any], figures: dict[str, Any]) -> str:
    """The card's tables: what ships, the published split, out of fold, and sounds that are no music."""
    folds, test = found["figures"], figures
    lines = ["| file | attention | epochs | SHA-256 |", "|---|---|---|---|"]
    lines += [
        f"| `{each.file}.safetensors` | {each.description} | {each.epochs} | `{digest}` |" for each, digest, _ in rows
    ]
    lines += [
        "",
        f"| trained on train and valid, the {test['clips']} clips of test, by other artists | |",
        "|---|---|",
        f"| accuracy | {_share(test['accuracy'], test['clips'], '**')} |",
        f"| one of the two leading genres is right | {_share(test['top2'], test['clips'])} |",
        f"| by the last token alone | {_share(test['accuracy_last'], test['clips'])} |",
        f"| log-loss, calibration error (10 bins), macro F1 | {test['log_loss']:.3f}, {test['ece']:.3f}, "
        f"{test['macro_f1']:.2f} |",
        f"| after {', '.join(test['seconds_heard'])} s | {_percent(test['seconds_heard'])} |",
        _sure(test["unsure"]["coverage"], test["unsure"]["precision"]),
        f"| recall by genre, % | {_recall(test['per_genre'])} |",
    ]
    for kind, by_ratio in test["noise"].items():
        sound = "stationary noise" if kind == "stationary" else kind
        lines.append(f"| through {sound} at {', '.join(by_ratio)} dB | {_percent(by_ratio)} |")
    lines += [
        "",
        f"| all {folds['clips']} clips, each answered by a model that never heard its artist | |",
        "|---|---|",
        f"| accuracy | {_share(folds['accuracy'], folds['clips'], '**')} |",
        f"| log-loss, calibration error | {folds['log_loss']:.3f}, {folds['ece']:.3f} |",
        _sure(folds["sure_coverage"], folds["sure_precision"]),
        f"| recall by genre, % | {_recall(folds['per_genre'])} |",
        f"| temperature that was found | {found['temperature']:.2f} |",
        "",
        "| 10 s windows of sounds that are no music | above 0.6 | called unsure |",
        "|---|---|---|",
    ]
    for each, _, sounds in rows:
        worst = [f"{kind} {100 * share:.0f} %" for kind, share in sounds["by_kind"].items() if share > 0]
        said = f" ({', '.join(worst)})" if worst else ""
        lines.append(f"| `{each.file}` | {100 * sounds['share']:.1f} %{said} | {100 * sounds['unsure']:.1f} % |")
    return "\n".join(lines) + "\n"


def write_card(path: Path, text: str) -> None:
    """Between its two marks. Raises TrainingError where they are not, and OSError."""
    before, mark, rest = path.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not mark or not end:
        raise TrainingError(f"{path} has no place for the tables: it needs the lines {BEGIN.strip()} and {END.strip()}")
    with WholeFile(path) as whole:
        whole.stream.write(before + BEGIN + text + END + after)
        whole.commit()


def _share(share: float, clips: int, mark: str = "") -> str:
    return f"{mark}{100 * share:.1f} %{mark} (s.e. {100 * math.sqrt(share * (1 - share) / clips):.1f})"


def _sure(coverage: float, precision: float) -> str:
    sure, right = f"{100 * coverage:.1f} %", f"{100 * precision:.1f} %"
    return f"| *unsure* rule | {sure} of the clips get a sure answer, {right} of these are right |"


def _recall(shares: dict[str, float | None]) -> str:
    return ", ".join(f"{genre} {100 * share:.0f}" for genre, share in shares.items() if share is not None)


def _percent(shares: dict[str, float]) -> str:
    return ", ".join(f"{100 * share:.1f}" for share in shares.values()) + " %"


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_data_arguments(parser, "--split")
    parser.add_argument(
        "--folder", type=Path, required=True, help="where folds, weights before calibration, figures go"
    )
    parser.add_argument("--output", type=Path, default=default_weights().parent, help="default: assets")
    parser.add_argument("--epochs", type=int, help="of every run, to try the command (default: those of the recipe)")
    parser.add_argument("--threads", type=int, default=2)
    return parser.parse_args()


if __name__ == "__main__":
    main()
