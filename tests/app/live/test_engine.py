"""The inference thread: the same answers as offline, every frame once, and a clear end."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from app.files.classify import classify_file
from app.live import engine as engine_module
from app.live.answering import SMOOTHING_FRAMES
from app.live.engine import Engine
from app.stream.models import torch_model
from app.stream.snapshot import Snapshot, is_unsure
from app.stream.torch_backend import TorchBackend
from app.stream.weights import default_weights
from audio import AudioError, Block, FileSource, LevelMeter, LivePacedSource, Source
from audio.source import SourceState
from model import Classifier, load_classifier
from tests.app.made_music import made_music


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return load_classifier(default_weights())


@pytest.fixture
def song(tmp_path: Path) -> Path:
    path = tmp_path / "song.wav"
    soundfile.write(path, made_music(seconds=8.0), 22_050, subtype="FLOAT")
    return path


def run(classifier: Classifier, open_source: Callable[[], Source]) -> tuple[Engine, list[Snapshot]]:
    """Start, wait for the end, give all snapshots."""
    model = torch_model(classifier)
    engine = Engine(lambda: model, open_source)
    assert engine.join(60.0)
    return engine, engine.drain()


def paced(path: Path, speed: float = math.inf) -> Callable[[], Source]:
    return lambda: LivePacedSource(FileSource(path), speed)


def test_live_and_offline_give_the_same_answer(classifier: Classifier, song: Path) -> None:
    _, snapshots = run(classifier, paced(song))
    live = np.mean([snapshot.probabilities for snapshot in snapshots], axis=0)
    offline = classify_file(torch_model(classifier), song)
    np.testing.assert_allclose(live, list(offline.probabilities.values()), rtol=0, atol=1e-5)
    assert snapshots[-1].seconds == pytest.approx(offline.duration)


def test_every_frame_comes_once_in_order_with_both_answers_and_their_times(
    classifier: Classifier, song: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.stream.twin.TWIN_SHARE", math.inf)  # on a busy machine it would leave frames out
    engine, snapshots = run(classifier, paced(song))
    assert engine.state.phase == "ended"
    assert [snapshot.index for snapshot in snapshots] == list(range((8 * 22_050 - 2048) // 1708 + 1))
    for snapshot in snapshots:
        assert snapshot.twin_probabilities is not None
        np.testing.assert_allclose(snapshot.probabilities, snapshot.twin_probabilities, rtol=0, atol=1e-4)
        spent = snapshot.nanoseconds
        assert spent.twin is not None
        assert min(spent.log_mel, spent.tokenizer, spent.step, spent.twin) > 0
        assert -60 < snapshot.level_dbfs < 0
    assert [snapshot.filled for snapshot in snapshots[:2]] == pytest.approx([1 / 387, 2 / 387])


def test_the_present_answer_is_the_mean_of_the_last_three_seconds(classifier: Classifier, song: Path) -> None:
    _, snapshots = run(classifier, paced(song))
    recent = [snapshot.probabilities for snapshot in snapshots[-SMOOTHING_FRAMES:]]
    np.testing.assert_allclose(snapshots[-1].smoothed, np.mean(recent, axis=0), rtol=0, atol=1e-12)
    said = [is_unsure(np.asarray(one.smoothed, np.float64), classifier.config) for one in snapshots]
    assert [one.unsure for one in snapshots] == said


def test_nobody_draining_loses_the_oldest_and_counts_them(
    classifier: Classifier, song: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_module, "QUEUE_FRAMES", 10)
    engine, snapshots = run(classifier, paced(song))
    frames = (8 * 22_050 - 2048) // 1708 + 1
    assert [snapshot.index for snapshot in snapshots] == list(range(frames - 10, frames))
    assert engine.missed == frames - 10


def test_a_stop_ends_a_live_run_at_once(classifier: Classifier, song: Path) -> None:
    model = torch_model(classifier)
    engine = Engine(lambda: model, paced(song, speed=1.0))
    deadline = time.monotonic() + 60
    while not engine.drain() and time.monotonic() < deadline:
        time.sleep(0.01)
    engine.request_stop()
    assert engine.join(60.0)
    assert engine.state.phase == "stopped"


def test_a_source_that_cannot_be_opened_says_why(classifier: Classifier, tmp_path: Path) -> None:
    engine, snapshots = run(classifier, paced(tmp_path / "missing.wav"))
    assert engine.state.phase == "failed"
    assert "no such file" in engine.state.message
    assert snapshots == []


class BreakingSource(Source):
    """Two seconds of noise, one second lost, two seconds of noise, then a fault."""

    name, sample_rate, status = "breaking", 22_050, "one cable is loose"

    def __init__(self, fault: Exception) -> None:
        noise = np.random.default_rng(0).normal(0, 0.1, 44_100).astype(np.float32)
        self.blocks = [Block(noise, 0), Block(noise, 66_150, dropped=22_050)]
        self.fault = fault
        self.closed = False

    def read(self, timeout: float) -> Block | None:
        if not self.blocks:
            raise self.fault
        return self.blocks.pop(0)

    def close(self) -> None:
        self.closed = True


@pytest.mark.parametrize("fault", [AudioError("The disk is gone."), RuntimeError("The disk is gone.")])
def test_a_source_that_breaks_keeps_what_was_heard_says_why_and_is_closed(
    classifier: Classifier, fault: Exception
) -> None:
    source = BreakingSource(fault)
    engine, snapshots = run(classifier, lambda: source)
    assert engine.state.phase == "failed"
    assert "The disk is gone." in engine.state.message
    assert len(snapshots) == (2 * 44_100 - 2048) // 1708 + 1
    assert source.closed


def test_lost_samples_are_counted_and_time_goes_on_without_them(classifier: Classifier) -> None:
    _, snapshots = run(classifier, lambda: BreakingSource(AudioError("over")))
    assert snapshots[0].dropped == 0
    assert snapshots[-1].dropped == 22_050
    assert snapshots[-1].seconds == pytest.approx(5.0, abs=0.1)  # 2 s heard, 1 s lost, 2 s heard


def test_a_model_that_is_chosen_while_the_first_backend_is_made_is_not_lost(classifier: Classifier, song: Path) -> None:
    chosen = torch_model(classifier.with_window(65))

    def make_backend() -> TorchBackend:
        wished.append(chosen)  # as another thread would, in this very moment
        return TorchBackend(classifier)

    wished = [replace(torch_model(classifier), make_backend=make_backend)]
    engine = Engine(lambda: wished[-1], paced(song))
    assert engine.join(60.0)
    assert engine.drain()[-1].model is chosen.description


class Scripted(Source):
    """Gives blocks of noise, or of zeros, in a state that the test sets."""

    name, sample_rate = "scripted", 22_050

    def __init__(self) -> None:
        self.doing: SourceState = "listening"
        self.scale = 0.1
        self._noise = np.random.default_rng(0).normal(0, 1, 1024).astype(np.float32)
        self._at = 0

    @property
    def state(self) -> SourceState:
        return self.doing

    @property
    def status(self) -> str:
        return "It was unplugged." if self.doing == "lost" else ""

    def read(self, timeout: float) -> Block | None:
        time.sleep(0.01)
        if self.doing not in ("listening", "zeros"):
            return Block(self._noise[:0], self._at)
        self._at += 1024
        return Block(self._noise * np.float32(self.scale), self._at - 1024)

    def close(self) -> None:
        pass


def test_one_value_says_why_nothing_is_live_and_since_when_and_the_log_tells_all_of_it(
    classifier: Classifier, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    source, model = Scripted(), torch_model(classifier)
    engine = Engine(lambda: model, lambda: source, number=3)

    def wait(not_live: str) -> None:
        began = time.monotonic()
        while engine.state.not_live != not_live:
            assert time.monotonic() - began < 60
            time.sleep(0.005)
        assert engine.state.since is not None
        assert engine.state.since >= began - 1.0

    wait("")
    for state in ("lost", "listening", "paused", "listening", "muted", "listening"):
        source.doing = state
        wait("" if state == "listening" else state)
    source.scale = 0.0  # a source that knows nothing of its own zeros, as a file
    wait("zeros")
    engine.request_stop()
    wait("stopped")
    assert {snapshot.run for snapshot in engine.drain()} == {3}
    told = [record.getMessage() for record in caplog.records if record.getMessage().startswith("scripted: ")]
    live = "scripted: live"
    assert told == [
        *(live, "scripted: lost It was unplugged.", live, "scripted: paused", live, "scripted: muted", live),
        *("scripted: zeros", "scripted: stopped"),
    ]


def test_zeros_count_after_four_tenths_of_a_second_of_sound() -> None:
    meter = LevelMeter(1000)
    meter.push(np.ones(80, np.float32))
    for _ in range(5):
        assert meter.zero_seconds < engine_module.ZERO_SECONDS
        meter.push(np.zeros(80, np.float32))
    assert meter.zero_seconds == engine_module.ZERO_SECONDS < 0.5 - 2 * engine_module.READ_SECONDS + 0.01
