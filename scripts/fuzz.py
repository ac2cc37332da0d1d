"""Damage sound files, lists of them, weights and journals at random, and classify with them, for as long as you like.

    python3 scripts/fuzz.py --minutes 60 --seed 1 --keep found/

What kills its process, takes too long or too much memory, or makes the program fail instead of saying what is wrong
with the file, is kept and named, and the exit code is 1.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import sys
import tempfile
import time
import traceback
from concurrent.futures import ProcessPoolExecutor, TimeoutError
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from scripts.preparation import run_within_environment

run_within_environment()

import numpy as np

from app.files.answer import FileAnswer, Timeline
from app.files.classify import Task, perform
from app.files.inputs import expand
from app.files.journal import Journal, take_fingerprint
from app.files.json_formats import file_pieces
from app.files.parameters import Parameters
from app.files.pool import worker_context
from app.stream.models import identify
from app.stream.weights import default_weights
from scripts.encode import encode

SECONDS_PER_CASE = 60.0
MOST_BYTES = 3 << 30  # what a case may make its process grow to
ENCODERS = {  # by the suffix of the container
    "pcm_s16le": "wav w64 mkv avi nut",
    "pcm_f32le": "float.wav",
    "pcm_s16be": "au aiff caf",
    "flac": "flac mka oga",
    "alac": "mov alac.caf",
    "wavpack": "wv",
    "tta": "tta",
    "libmp3lame": "mp3",
    "mp2": "mp2 mpg",
    "aac": "m4a mp4 3gp aac flv ts",
    "ac3": "ac3",
    "vorbis": "ogg",
    "libopus": "opus webm",
}
RATE = 48_000
JOINED = 0.1  # share of the sounds that another one is put behind
LIST, WEIGHTS, JOURNAL, SOUND = ".txt", ".safetensors", ".nystream-resume", "sound.wav"
NO_TIMES, NO_DOUBTS = np.zeros(0), np.zeros(0, np.bool_)
NO_HOPS = Timeline(("blues",), NO_TIMES, NO_TIMES, np.zeros((0, 1)), NO_DOUBTS, NO_DOUBTS)
ANSWER = FileAnswer(str(default_weights()), "blues", 0.5, {"blues": 0.5}, False, "genre", 3.0, 44_100, NO_HOPS)


def main() -> int:
    arguments = parse_arguments()
    choices = random.Random(arguments.seed)
    sounds = made_files()
    originals = sounds | made_others()
    arguments.keep.mkdir(parents=True, exist_ok=True)
    ends = time.monotonic() + 60 * arguments.minutes
    cases, failures = 0, 0
    examiner = Examiner()
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / SOUND).write_bytes(sounds["pcm_s16le.wav"])
        while time.monotonic() < ends:
            name = choices.choice(sorted(originals))
            content = damage(originals[name], choices)
            if name in sounds and choices.random() < JOINED:
                content += damage(originals[choices.choice(sorted(sounds))], choices)
            path = Path(folder) / name
            path.write_bytes(content)
            if reason := examiner.examine(path):
                kept = arguments.keep / f"{arguments.seed}-{cases}-{name}"
                kept.write_bytes(content)
                failures += 1
                print(f"{kept}: {reason}", flush=True)
            cases += 1
    examiner.end()
    print(f"{cases} cases, {failures} failures (seed {arguments.seed})")
    return 1 if failures else 0


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0, help="default: 10")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, default=Path("fuzz-found"), help="folder for what fails")
    return parser.parse_args()


def made_files() -> dict[str, bytes]:
    """Half a second of noise in every encoding that is written here, by file name."""
    noise = np.random.default_rng(0).normal(0, 0.1, (RATE // 2, 2)).astype(np.float32)
    with tempfile.TemporaryDirectory() as folder:
        return {
            f"{codec}.{suffix}": encode(Path(folder) / f"sound.{suffix}", codec, noise, RATE).read_bytes()
            for codec, suffixes in ENCODERS.items()
            for suffix in suffixes.split()
        }


def made_others() -> dict[str, bytes]:
    """A list as an editor of Windows writes it, the weights that ship, and a journal, by file name."""
    with tempfile.TemporaryDirectory() as folder:
        journal = Journal(Path(folder) / JOURNAL, {}, keep=True)
        for _ in range(3):
            journal.enter(ANSWER, take_fingerprint(ANSWER.path))
        journal.close()
        content = (Path(folder) / JOURNAL).read_bytes()
    return {
        f"songs{JOURNAL}": content,
        f"list{LIST}": "# songs\r\na.wav\r\nb c/d.flac\r\n".encode("utf-16"),
        f"model{WEIGHTS}": default_weights().read_bytes(),
    }


def damage(content: bytes, choices: random.Random) -> bytes:
    """Flip, overwrite, cut, repeat or swap: more often among the first bytes and the last, where sizes, rates and
    indices are.
    """
    damaged = bytearray(content)
    for _ in range(choices.randint(1, 8)):
        begin, end = choices.choice([(0, 128), (0, 128), (0, 128), (-1024, 0), (0, len(damaged))])
        begin, end = max(0, begin + len(damaged) if begin < 0 else 0), min(len(damaged), end or len(damaged))
        if end - begin < 8:
            break
        at = choices.randrange(begin, end - 4)
        kind = choices.randrange(6)
        if kind == 0:
            damaged[at] ^= 1 << choices.randrange(8)
        elif kind == 1:
            damaged[at : at + 4] = choices.choice([b"\0\0\0\0", b"\xff\xff\xff\xff", b"\1\0\0\0", b"\0\0\0\x7f"])
        elif kind == 2:
            damaged[at : at + 4] = choices.randbytes(4)
        elif kind == 3:
            del damaged[choices.randrange(len(damaged)) :]
        elif kind == 4:
            damaged[at:at] = damaged[at : at + choices.randint(1, 2000)]
        else:
            del damaged[at : at + choices.randint(1, 200)]
    return bytes(damaged)


def look_at(path: Path) -> str:
    """Hear a sound file, read a list, go on with a journal, or hear SOUND beside them with weights.

    Returns the traceback of a fault, or "".
    """
    try:
        if path.suffix == JOURNAL:
            journal = Journal(path, {}, keep=True)
            found = journal.find(ANSWER.path)
            journal.close()
            assert found is None or [*file_pieces(found)] == [*file_pieces(ANSWER)], "another answer than was entered"
            return ""
        if path.suffix == LIST:
            list(expand([f"@{path}"], recursive=False))
            return ""
        is_weights = path.suffix == WEIGHTS
        weights, sound = (path, path.with_name(SOUND)) if is_weights else (default_weights(), path)
        return perform(Task(str(sound), str(weights), identify(weights)["hash"], Parameters(), fingerprint=False)).fault
    except Exception:
        return traceback.format_exc()


class Examiner:
    """A process with a limit on its memory, and a new one when that has died."""

    def __init__(self) -> None:
        self._begin()

    def examine(self, path: Path) -> str:
        """Why this file is a failure; "" when it is answered or refused as it should be."""
        future = self._pool.submit(look_at, path)
        try:
            return future.result(timeout=SECONDS_PER_CASE)
        except TimeoutError:
            reason = f"it took longer than {SECONDS_PER_CASE:.0f} s"
        except BrokenProcessPool:
            reason = "the process died"
        self.end()
        self._begin()
        return reason

    def end(self) -> None:
        self._pool.shutdown(wait=False)
        for child in multiprocessing.active_children():
            child.kill()

    def _begin(self) -> None:
        self._pool = ProcessPoolExecutor(1, worker_context(), initializer=limit_memory)


def limit_memory() -> None:
    """Growing beyond is then a MemoryError, which counts as a fault."""
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (MOST_BYTES, MOST_BYTES))


if __name__ == "__main__":
    sys.exit(main())
