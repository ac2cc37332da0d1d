"""Listening for long under load, in the real window, with every sample accounted for.

A private PulseAudio plays noise into a microphone without hardware; the window listens to it, redrawing sixty times a
second, while some threads are busy: with numpy, which releases the GIL, or in Python itself, which starves every other
thread until far more sound comes than can be answered. Needs pulseaudio, pactl, paplay, parec and ALSA's pulse plugin.
"""

from __future__ import annotations

import math
import os
import threading
import time
from dataclasses import dataclass

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
import torch

from app.live.model_choice import ModelChooser
from app.live.session import LiveSession
from app.stream.models import torch_model
from app.stream.snapshot import Snapshot
from app.stream.weights import default_weights
from app.window.main import MainWindow
from app.window.start import start_qt
from audio import Block, Microphone, input_devices
from model import load_classifier
from scripts.virtual_microphone import SAMPLE_RATE, VirtualMicrophone

BLOCK = 1024  # samples: what may still be on its way
EDGE_SECONDS = 20.0  # at the start and at the end, in which the block with the least delay counts
NOISE_SECONDS = 60


@dataclass(frozen=True)
class Result:
    """What became of the samples."""

    seconds: float
    captured: int
    dropped: int  # lost, and counted
    unaccounted: float  # neither; negative where there are too many
    worst_delay: float  # s, by which the latest read came later than the earliest
    frames: int  # answered
    states: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Captured + dropped = elapsed x rate, to one block."""
        return abs(self.unaccounted) <= BLOCK


class Account(Microphone):
    """A microphone that compares its samples with the seconds passed."""

    def __init__(self, device: str) -> None:
        super().__init__(device)
        self.samples = self.dropped = 0
        self.began: float | None = None
        self.moments: list[float] = []  # s, of every read
        self.late: list[float] = []  # the seconds passed times the rate, less the samples given and lost
        self.states: set[str] = set()

    def read(self, timeout: float) -> Block | None:
        block = super().read(timeout)
        if block is not None and len(block.samples):
            now = time.monotonic()
            if self.began is None:
                self.began = now
            self.samples += len(block.samples)
            self.dropped += block.dropped
            self.moments.append(now - self.began)
            self.late.append((now - self.began) * self.sample_rate - self.samples - self.dropped)
            self.states.add(self.state)
        return block

    def result(self, frames: int) -> Result:
        """The smallest `late` over some seconds is that of a block without delay: unless that has changed from the
        first of them to the last, every sample is accounted for.
        """
        moments, late = np.array(self.moments), np.array(self.late)
        at_end, at_start = moments > moments[-1] - EDGE_SECONDS, moments < EDGE_SECONDS
        return Result(
            seconds=self.moments[-1],
            captured=self.samples,
            dropped=self.dropped,
            unaccounted=float(late[at_end].min() - late[at_start].min()),
            worst_delay=float(np.ptp(late)) / self.sample_rate,
            frames=frames,
            states=tuple(sorted(self.states)),
        )


class SoakSession(LiveSession):
    """Listens to an accounted microphone, and counts the frames that the window shows."""

    account: Account | None = None
    drained = 0

    def drain(self) -> list[Snapshot]:
        snapshots = super().drain()
        self.drained += len(snapshots)
        return snapshots

    def listen(self, device_key: str) -> None:
        def opened() -> Account:
            self.account = Account(device_key)
            return self.account

        self._begin(opened, on_microphone=True, wished_name="")


def soak(seconds: float, threads: int, load: str) -> Result:
    """Listen while so many threads are busy with this load. Raises FileNotFoundError where a program is missing."""
    missing = VirtualMicrophone.missing_programs()
    if missing:
        raise FileNotFoundError(f"not installed: {', '.join(missing)} (Debian: pulseaudio pulseaudio-utils)")
    torch.set_num_threads(1)
    with VirtualMicrophone() as microphone:
        input_devices(refresh=True)
        session = SoakSession(ModelChooser(torch_model(load_classifier(default_weights()))))
        application = start_qt()
        window = MainWindow(session)
        window.show()
        noise = np.random.default_rng(0).uniform(-0.1, 0.1, NOISE_SECONDS * SAMPLE_RATE).astype(np.float32)
        playing = microphone.play(noise)
        window.listen("PulseAudio: microphone")
        resting = threading.Event()
        for _ in range(threads):
            threading.Thread(target=keep_busy, args=(load, resting), daemon=True).start()
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            application.processEvents()
            time.sleep(0.005)
            if playing.poll() is not None:
                playing = microphone.play(noise)
        resting.set()
        frames = session.drained
        window.close()
        session.close()
    assert session.account is not None
    return session.account.result(frames)


def keep_busy(load: str, resting: threading.Event) -> None:
    """Work without a pause, in C or in Python that hardly ever releases the GIL."""
    matrix, value = np.ones((300, 300), np.float32), 0.0
    while not resting.is_set():
        if load == "numpy":
            matrix = np.sqrt(matrix * 2)
        else:
            for number in range(1, 20_000):
                value += math.sqrt(number)


def table(result: Result) -> list[str]:
    """The result for a reader."""
    return [
        f"{result.seconds:.1f} s: {result.captured} samples captured, {result.dropped} lost and counted, "
        f"{result.unaccounted:.0f} unaccounted for; {'holds' if result.holds else 'BROKEN'}",
        f"{result.frames} frames answered; worst delay {1000 * result.worst_delay:.0f} ms; "
        f"states: {', '.join(result.states)}",
    ]
