"""How the model fares in an endless stream: clips of one split joined in random order, ten minutes without a reset.

    python3 scripts/streams.py --data PACK.npz                     (a table for documents)
    python3 scripts/streams.py --data PACK.npz --steady            (how long to average, and how long to wait)
    python3 scripts/streams.py --data PACK.npz --json              (one JSON object)

For several windows on the same weights: how often the screen is right, minute by minute, and how long it takes after a
change of music until the new genre leads. The screen shows the mean of the last 3 s of token probabilities.
With --steady: what the window says, a genre or doubt, which another answer must outlast, by both times.

Tensor dimensions: S streams, C clips in each, T frames of a clip, G genres.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from scripts.preparation import run_within_environment

run_within_environment()

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from app.files.console import Console
from app.live.answering import SMOOTHING_FRAMES
from app.live.verdict import Judge
from app.stream.models import check_bands
from app.stream.snapshot import is_unsure
from app.stream.weights import default_weights
from app.text import to_json
from audio import FRAME_SECONDS
from model import Classifier, ModelConfig, load_for_training, probabilities
from model.training import clip_probabilities
from scripts.dataset import Dataset, DatasetError, add_data_arguments, read_dataset
from scripts.endings import one_sentence
from scripts.measures import evaluate, frames_in, labels_for

MINUTES = 10
CHUNK = 387  # frames that go through the model at once
BATCH = 8  # streams
WINDOWS = (5.0, 10.0, 15.0, 20.0, 30.0)  # s
SMOOTHINGS, HOLDS = (1.0, 3.0, 5.0), (0.0, 0.5, 1.0, 2.0)  # s
DOUBT = -1  # said instead of a genre


@dataclass(frozen=True)
class Streams:
    """Which clips follow each other, and what the screen says."""

    order: NDArray[np.int64]  # (S, C) index of the clip
    labels: NDArray[np.int64]  # (S, C)
    tokens: NDArray[np.float32]  # (S, C * T, G) the model's probabilities
    shown: NDArray[np.int64]  # (S, C, T) the genre that leads
    right_alone: NDArray[np.bool_]  # (S, C) whether the model ends on the right genre when it hears the clip alone


def answer_streams(classifier: Classifier, dataset: Dataset, orders: int, seed: int = 0) -> Streams:
    """Streams of ten minutes; every order uses each clip at most once. Raises DatasetError for too few clips."""
    labels = labels_for(classifier.config, dataset).numpy()
    clips, frames, _ = dataset.frames.shape
    in_a_stream = math.ceil(MINUTES * 60 / (frames * FRAME_SECONDS))
    if clips < in_a_stream:
        raise DatasetError(f"{clips} clips are less than {MINUTES} minutes; {in_a_stream} are needed")
    random = np.random.default_rng(seed)
    each = clips // in_a_stream
    order = np.concatenate(
        [random.permutation(clips)[: each * in_a_stream].reshape(each, in_a_stream) for _ in range(orders)]
    )
    alone = smooth(clip_probabilities(classifier, torch.from_numpy(dataset.frames)))[:, -1].argmax(dim=-1).numpy()
    tokens = []
    for part in np.split(order, range(BATCH, len(order), BATCH)):
        joined = torch.from_numpy(dataset.frames[part].reshape(len(part), -1, dataset.frames.shape[2]))
        tokens.append(_answer(classifier, joined))
    answered = torch.cat(tokens)
    shown = smooth(answered).argmax(dim=-1).numpy().reshape(len(order), in_a_stream, frames)
    return Streams(order, labels[order], answered.numpy(), shown, (alone == labels)[order])


def stream_figures(streams: Streams) -> dict[str, Any]:
    """`accuracy_by_minute`: share of the time that the screen is right, minutes 1 to 10, `accuracy` over all.

    `follow_seconds`: after a change of genre, the median time until the new one leads, where it did not lead already
    and where the model names it right when it hears the clip alone; `follow_seconds_any` also where it does not. A
    genre that does not lead before the clip is over counts as longer than any; null where the median does.
    `followed`: the share that leads in time; `changes`: how many.
    """
    right = streams.shown == streams.labels[:, :, None]
    by_frame = right.reshape(len(right), -1).mean(axis=0)
    minute = (np.arange(len(by_frame)) * FRAME_SECONDS // 60).astype(np.int64)
    frames = right.shape[2]
    leads = right[:, 1:]
    delay = np.where(leads.any(axis=2), leads.argmax(axis=2) + 1.0, np.inf) * FRAME_SECONDS
    before = streams.shown[:, :-1, frames - 1]  # what was shown when the music changed
    changed = (streams.labels[:, 1:] != streams.labels[:, :-1]) & (before != streams.labels[:, 1:])
    fair = changed & streams.right_alone[:, 1:]
    return {
        "accuracy": float(by_frame.mean()),
        "accuracy_by_minute": [float(by_frame[minute == number].mean()) for number in range(MINUTES)],
        "follow_seconds": _median(delay[fair]),
        "follow_seconds_any": _median(delay[changed]),
        "followed": float(np.isfinite(delay[fair]).mean()) if fair.any() else None,
        "changes": int(fair.sum()),
    }


def steady_figures(streams: Streams, config: ModelConfig, smoothing: float, hold: float) -> dict[str, Any]:
    """What the window says when it averages over `smoothing` s, and another answer has to last for `hold` s.

    `right`, `wrong`: shares of the time that a genre is named; the rest is doubt. `changes_per_minute` of what is said,
    of which `needed` would be if it were always right. `follow_seconds`: as in stream_figures, until it is named.
    """
    averaged = smooth(torch.from_numpy(streams.tokens), max(1, frames_in(smoothing))).numpy()
    said = np.full(averaged.shape[:2], DOUBT)
    changes = 0
    for stream, answers in enumerate(averaged):
        judge, before = Judge(frames_in(hold)), None
        for frame, answer in enumerate(answers):
            verdict = judge.judge(answer, is_unsure(answer, config), level_dbfs=-20.0)
            changes += before is not None and verdict.said != before
            before = verdict.said
            if verdict.kind == "genre":
                said[stream, frame] = verdict.genre
    labels = np.repeat(streams.labels, streams.shown.shape[2], axis=1)
    minutes = said.size * FRAME_SECONDS / 60
    needed = int((streams.labels[:, 1:] != streams.labels[:, :-1]).sum())
    followed = stream_figures(replace(streams, shown=said.reshape(streams.shown.shape)))
    return {
        "smoothing": smoothing,
        "hold": hold,
        "right": float((said == labels).mean()),
        "wrong": float(((said != labels) & (said != DOUBT)).mean()),
        "changes_per_minute": changes / minutes,
        "needed": needed / minutes,
        "follow_seconds": followed["follow_seconds"],
        "followed": followed["followed"],
    }


def looking_back(classifier: Classifier, window: int, level_window: int) -> Classifier:
    """The same weights with other windows, ready for inference: no weight knows how long they are.

    classifier: as it was saved, not yet made ready. Raises ValueError.
    """
    other = Classifier(replace(classifier.config.with_window(window), level_window=level_window))
    other.load_state_dict(classifier.state_dict())
    return other.for_inference()


def smooth(tokens: Tensor, frames: int = SMOOTHING_FRAMES) -> Tensor:
    """Token probabilities (S, L, G) -> (S, L, G): the mean over the last `frames`, from the first frame on."""
    sums = torch.cumsum(tokens.double(), dim=1)
    sums[:, frames:] = sums[:, frames:] - sums[:, :-frames].clone()
    return sums / torch.arange(1, tokens.shape[1] + 1).clamp(max=frames).view(1, -1, 1)


@torch.inference_mode()
def _answer(classifier: Classifier, frames: Tensor) -> Tensor:
    """frames (S, L, bands) -> token probabilities (S, L, G), in pieces: a stream does not fit the memory at once."""
    state = classifier.init_state(len(frames))
    answered = []
    for piece in frames.split(CHUNK, dim=1):
        logits, state = classifier.steps(piece, state)
        answered.append(probabilities(logits))
    return torch.cat(answered, dim=1)


def _median(seconds: NDArray[np.float64]) -> float | None:
    if not len(seconds):
        return None
    middle = float(np.median(seconds))
    return middle if math.isfinite(middle) else None


def main() -> None:
    arguments = parse_arguments()
    with one_sentence("nothing was measured") as console:
        check_bands(arguments.weights)
        trained = load_for_training(arguments.weights)
        dataset = read_dataset(arguments).part(arguments.split)
        measured = measure_steadiness if arguments.steady else measure_windows
        rows = list(measured(arguments, trained, dataset, console))
        console.clear()
        text = describe_steadiness(rows) if arguments.steady else describe(rows)
        print(to_json({"streams": rows}) if arguments.json else text)


def measure_windows(
    arguments: argparse.Namespace, trained: Classifier, dataset: Dataset, console: Console
) -> Iterator[dict[str, Any]]:
    """The figures of the same weights with every window that was asked for."""
    asked = list(product(arguments.window_seconds, arguments.level_seconds or [None]))
    for number, (window, level) in enumerate(asked):
        console.progress(number / len(asked), f"{window:g} s")
        level_window = trained.config.level_window if level is None else frames_in(level)
        classifier = looking_back(trained, frames_in(window), level_window)
        figures = stream_figures(answer_streams(classifier, dataset, arguments.orders, arguments.seed))
        clips = evaluate(classifier, dataset)["accuracy"]
        yield {"window": window, "level": level, "clip_accuracy": clips} | figures


def measure_steadiness(
    arguments: argparse.Namespace, trained: Classifier, dataset: Dataset, console: Console
) -> Iterator[dict[str, Any]]:
    """The figures of every pair of SMOOTHINGS and HOLDS, with the window as saved."""
    streams = answer_streams(trained.for_inference(), dataset, arguments.orders, arguments.seed)
    for number, (smoothing, hold) in enumerate(product(SMOOTHINGS, HOLDS)):
        console.progress(number / (len(SMOOTHINGS) * len(HOLDS)), f"{smoothing:g} s")
        yield steady_figures(streams, trained.config, smoothing, hold)


def describe(rows: list[dict[str, Any]]) -> str:
    """A Markdown table; shares in per cent."""
    minutes = "minute 1", f"minute {MINUTES}", "all minutes"
    table: list[Sequence[str]] = []
    for row in rows:
        level = "as saved" if row["level"] is None else f"{row['level']:g}"
        shares = row["clip_accuracy"], row["accuracy_by_minute"][0], row["accuracy_by_minute"][-1], row["accuracy"]
        table.append((f"{row['window']:g}", level, *(f"{100 * share:.1f}" for share in shares), *_following(row)))
    return markdown(("window, s", "level, s", "clips alone", *minutes, "leads after, s", "leads in time"), table)


def describe_steadiness(rows: list[dict[str, Any]]) -> str:
    """The same of what is said."""
    changes = f"changes a minute ({rows[0]['needed']:.1f} needed)"
    table: list[Sequence[str]] = []
    for row in rows:
        figures = 100 * row["right"], 100 * row["wrong"], row["changes_per_minute"]
        times = f"{row['smoothing']:g}", f"{row['hold']:g}"
        table.append((*times, *(f"{figure:.1f}" for figure in figures), *_following(row)))
    return markdown(
        ("mean over, s", "must last, s", "right", "wrong", changes, "named after, s", "named in time"), table
    )


def _following(row: dict[str, Any]) -> tuple[str, str]:
    """After how many seconds, and in what share of the changes."""
    follows = "never" if row["follow_seconds"] is None else f"{row['follow_seconds']:.1f}"
    return follows, "-" if row["followed"] is None else f"{100 * row['followed']:.0f} %"


def markdown(heads: Sequence[str], rows: list[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (heads, ["---"] * len(heads), *rows))


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_data_arguments(parser, "--split-list")
    parser.add_argument("--split", default="valid", help="whose clips are joined (default: valid)")
    parser.add_argument("--weights", type=Path, default=default_weights(), help="default: those that ship")
    parser.add_argument("--window-seconds", type=float, nargs="+", default=WINDOWS, metavar="S", help="of attention")
    parser.add_argument("--level-seconds", type=float, nargs="+", metavar="S", help="of the level (default: as saved)")
    parser.add_argument("--orders", type=int, default=5, help="how often the clips are shuffled")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steady", action="store_true", help="what is said, by the times of mean and hold")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    return parser.parse_args()


if __name__ == "__main__":
    main()
