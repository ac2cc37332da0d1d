"""Train every model of the family, each with several seeds, and write docs/results.md.

    python3 scripts/reproduce.py --data PACK.npz --jobs 2          (hours; Ctrl-C loses one epoch of each run)
    python3 scripts/reproduce.py --data PACK.npz --only deep-4     (a part of it)
    python3 scripts/reproduce.py --report                          (only write the document again, from what is there)

A finished run is one JSON file in --results and is not run again; one that was broken off goes on from its checkpoint
in --work.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from scripts.preparation import CHECKOUT, TO_TRAIN, run_within_environment

run_within_environment(("train",), TO_TRAIN)

from app.files.console import Console
from app.text import clock
from scripts.dataset import add_data_arguments
from scripts.endings import one_sentence
from scripts.training.family import Task, members, perform
from scripts.training.results import ROUNDS, read_results, write_results


def main() -> None:
    arguments = parse_arguments()
    family = members()
    with one_sentence("no finished run is lost: the same command goes on") as console:
        if not arguments.report:
            chosen = [family[name] for name in arguments.only or family]
            tasks = [
                Task(member, seed, arguments.epochs, arguments.results, arguments.work, arguments, arguments.device)
                for seed in range(arguments.seeds)
                for member in chosen
            ]
            train(tasks, arguments.jobs, console)
        document = write_results(read_results(arguments.results), family, arguments.rounds)
        arguments.document.write_text(document, encoding="utf-8")
        console.note(f"{arguments.document} is written")


def train(tasks: list[Task], jobs: int, console: Console) -> None:
    """Perform what is not done yet. Raises what a run raises; the results of the others are kept."""
    open_tasks = [task for task in tasks if not task.done]
    console.note(f"{len(tasks) - len(open_tasks)} of {len(tasks)} runs are there, {len(open_tasks)} to go")
    began = time.monotonic()
    for number, result in enumerate(perform_all(open_tasks, jobs), start=1):
        left = (time.monotonic() - began) / number * (len(open_tasks) - number)
        console.note(
            f"{result['name']} seed {result['seed']}: accuracy {result['accuracy']:.3f}, "
            f"log-loss {result['log_loss']:.3f}, {clock(result['seconds'])}; about {clock(left)} left"
        )


def perform_all(tasks: list[Task], jobs: int) -> Iterator[dict[str, Any]]:
    """The results as they come."""
    if jobs == 1 or len(tasks) < 2:
        yield from map(perform, tasks)
        return
    with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
        futures = [pool.submit(perform, task) for task in tasks]
        try:
            for future in as_completed(futures):
                yield future.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_data_arguments(parser, "--split", required="--report" not in sys.argv)
    parser.add_argument("--only", nargs="+", choices=list(members()), metavar="MODEL", help=", ".join(members()))
    parser.add_argument("--seeds", type=int, default=3, help="how many runs of every model (default: 3)")
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--jobs", type=int, default=1, help="processes, of one thread each")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--report", action="store_true", help="train nothing")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="of the timing")
    parser.add_argument("--results", type=Path, default=CHECKOUT / "docs" / "results", metavar="FOLDER")
    parser.add_argument("--work", type=Path, default=CHECKOUT / "runs" / "reproduce", metavar="FOLDER")
    parser.add_argument("--document", type=Path, default=CHECKOUT / "docs" / "results.md", metavar="FILE")
    return parser.parse_args()


if __name__ == "__main__":
    main()
