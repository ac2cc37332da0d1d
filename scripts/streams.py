"""How the model fares in an endless stream: clips of one split joined in random order, ten minutes without a reset.

    python3 scripts/streams.py --data PACK.npz                     (a table for documents)
    python3 scripts/streams.py --data PACK.npz --json              (one JSON object)

For several windows on the same weights: how often the screen is right, minute by minute, and how long it takes after a
change of music until the new genre leads.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from scripts.preparation import run_within_environment

run_within_environment()

from app.files.console import Console
from app.stream.weights import default_weights
from model import WeightsError, load_for_training
from scripts.dataset import DatasetError, add_data_arguments, add_split_arguments, read_dataset
from scripts.measures.clips import evaluate
from scripts.measures.streams import MINUTES, hear_streams, looking_back, stream_figures
from scripts.training.rows import frames_in

WINDOWS = (5.0, 10.0, 15.0, 20.0, 30.0)  # s


def main() -> int:
    arguments = parse_arguments()
    console = Console()
    try:
        trained = load_for_training(arguments.weights)
        dataset = read_dataset(arguments).part(arguments.split)
        levels = arguments.level_seconds or [None]
        asked = [(window, level) for window in arguments.window_seconds for level in levels]
        rows = []
        for number, (window, level) in enumerate(asked):
            console.progress(number / len(asked), f"{window:g} s")
            level_window = trained.config.level_window if level is None else frames_in(level)
            classifier = looking_back(trained, frames_in(window), level_window)
            figures = stream_figures(hear_streams(classifier, dataset, arguments.orders, arguments.seed))
            clips = evaluate(classifier, dataset)["accuracy"]
            rows.append({"window": window, "level": level, "clip_accuracy": clips} | figures)
        console.clear()
    except (DatasetError, WeightsError, ValueError) as error:
        print(f"streams: {error}", file=sys.stderr)
        return 1
    print(json.dumps({"streams": rows}) if arguments.json else describe(rows))
    return 0


def describe(rows: list[dict[str, Any]]) -> str:
    """A Markdown table; shares in per cent."""
    lines = [
        f"| window, s | level, s | clips alone | minute 1 | minute {MINUTES} | all minutes | leads after, s "
        "| leads in time |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        first, last = row["accuracy_by_minute"][0], row["accuracy_by_minute"][-1]
        level = "as saved" if row["level"] is None else f"{row['level']:g}"
        shares = " | ".join(f"{100 * share:.1f}" for share in (row["clip_accuracy"], first, last, row["accuracy"]))
        follows = "never" if row["follow_seconds"] is None else f"{row['follow_seconds']:.1f}"
        followed = "-" if row["followed"] is None else f"{100 * row['followed']:.0f} %"
        lines.append(f"| {row['window']:g} | {level} | {shares} | {follows} | {followed} |")
    return "\n".join(lines)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_data_arguments(parser)
    add_split_arguments(parser, "--split-list")
    parser.add_argument("--split", default="valid", help="whose clips are joined (default: valid)")
    parser.add_argument("--weights", type=Path, default=default_weights(), help="default: those that ship")
    parser.add_argument("--window-seconds", type=float, nargs="+", default=WINDOWS, metavar="S", help="of attention")
    parser.add_argument("--level-seconds", type=float, nargs="+", metavar="S", help="of the level (default: as saved)")
    parser.add_argument("--orders", type=int, default=5, help="how often the clips are shuffled")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="one JSON object")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
