"""A bundle is tried where nothing of this checkout can help it: no environment, another user, no home."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from app.demo.instruments import SAMPLE_RATE
from app.stream.backend import compile_everything
from scripts.benchmark_offline import COMMAND, demo_music
from scripts.encode import encode
from scripts.preparation import CHECKOUT
from scripts.startup import time_window

ROUNDS = 3
MOST_SLOWER = 1.2  # times a start from the checkout, on a machine that does other things, too
BARE = {name: value for name, value in os.environ.items() if name == "SYSTEMROOT"}  # without it Windows has no sockets
NOBODY = 65_534 if sys.platform == "linux" and os.geteuid() == 0 else None  # who it runs as, where that can be chosen


def check(bundle: Path) -> list[str]:
    """What is wrong with it; prints what was measured."""
    program = bundle / "nystream"
    with tempfile.TemporaryDirectory(prefix="nystream-check-") as made:
        folder = Path(made)
        folder.chmod(0o755)
        song = folder / "song.wav"
        encode(song, "pcm_s16le", demo_music()[: 20 * SAMPLE_RATE, np.newaxis], SAMPLE_RATE)
        faults = check_answers([str(program)], song)
    if shutil.which("Xvfb"):
        faults += check_window([str(program)])
    else:
        print("the window was not tried: there is no Xvfb")
    return faults


def check_answers(command: list[str], song: Path) -> list[str]:
    """Those of the checkout, computed by the functions that the bundle brings along."""
    asked = ["classify", str(song), "--format", "json"]
    ours, theirs = (read_json([*start, *asked]) for start in (COMMAND, command))
    one, other = (run["files"][0] for run in (ours, theirs))
    print(f"classify: {other['genre']} {other['probability']:.4f}, from the checkout {one['probability']:.4f}")
    faults = []
    if one["genre"] != other["genre"] or abs(one["probability"] - other["probability"]) > 1e-4:
        faults.append("its answer is not that of the checkout")
    twin = read_json([*command, "bench", "--json", "--frames", "20"])["twin_us"]["p50"]  # by torch
    print(f"the ordinary model takes {twin:.0f} us a frame")
    path = read_json([*command, "info", "--json"])["live_path"]
    print(f"frames are computed by {path['name']}: {path['note']}")
    if path["name"] != "compiled" or "shipped" not in path["note"]:
        faults.append("it does not use the compiled functions that it brings along")
    return faults


def read_json(command: list[str]) -> Any:
    """What a command prints; the bundle has nothing of our environment, and not our rights."""
    is_ours = command[: len(COMMAND)] == COMMAND
    alone: dict[str, Any] = {"cwd": CHECKOUT} if is_ours else {"env": BARE, "user": NOBODY, "cwd": "/"}
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, timeout=300, **alone).stdout)


def check_window(command: list[str]) -> list[str]:
    """The demo, until it is answered; beside a start from the checkout, in turn."""
    compile_everything()
    starts: dict[str, list[float]] = {"bundle": [], "checkout": []}
    with x_server() as display:
        for _ in range(ROUNDS + 1):
            bare = {"DISPLAY": display}
            for name, start in (("bundle", command), ("checkout", COMMAND)):
                environment, user = (bare, NOBODY) if name == "bundle" else (os.environ | bare, None)
                times = time_window("demo", "--silent", command=start, environment=environment, user=user)
                starts[name].append(times["visible"])
                print(name, ", ".join(f"{what} {seconds:.2f} s" for what, seconds in times.items()))
    medians = {name: statistics.median(times[1:]) for name, times in starts.items()}  # the first warms what can be warm
    print(f"visible, median: bundle {medians['bundle']:.2f} s, checkout {medians['checkout']:.2f} s")
    return ["it starts more slowly than the checkout"] if medians["bundle"] > MOST_SLOWER * medians["checkout"] else []


@contextmanager
def x_server() -> Iterator[str]:
    """A screen that nobody sees; its name."""
    command = ["Xvfb", "-displayfd", "1", "-screen", "0", "1280x800x24", "-nolisten", "tcp"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        assert server.stdout is not None
        try:
            yield f":{server.stdout.readline().strip()}"
        finally:
            server.terminate()
