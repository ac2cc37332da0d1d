"""The real window on the real model, without a screen: what it shows is what the classifier says."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from numpy.typing import NDArray
from PySide6.QtGui import QColor
from pytestqt.qtbot import QtBot

from app.files.answer import FileAnswer
from app.files.classify import Task, perform
from app.files.parameters import Parameters
from app.live.model_choice import ModelChooser
from app.live.session import LiveSession
from app.stream.models import identify, torch_model
from app.stream.snapshot import Snapshot
from app.stream.weights import default_weights
from app.window import words
from app.window.main import MainWindow
from audio import FileSource, FrameStream
from model import Classifier, load_classifier
from tests.app.made_music import made_music
from tests.app.shown import text
from tests.virtual_microphone import SAMPLE_RATE, VirtualMicrophone

PATIENCE = 60_000  # milliseconds; only a fault takes so long
PRESENT_TOKENS = 39  # 3 s


class RecordedSession(LiveSession):
    """Remembers what the window has drained."""

    def __init__(self, classifier: Classifier, speed: float) -> None:
        super().__init__(ModelChooser(torch_model(classifier)), speed)
        self.drained: list[Snapshot] = []

    def drain(self) -> list[Snapshot]:
        fresh = super().drain()
        self.drained += fresh
        return fresh


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return load_classifier(default_weights())


@pytest.fixture
def real_session(classifier: Classifier) -> Iterator[RecordedSession]:
    session = RecordedSession(classifier, speed=math.inf)
    yield session
    assert session.close()


@pytest.fixture
def real_window(qtbot: QtBot, real_session: RecordedSession) -> MainWindow:
    shown = MainWindow(real_session)
    qtbot.addWidget(shown)
    shown.show()
    return shown


def number(shown: str) -> float:
    """The number that a text begins with, whatever its unit."""
    found = re.match(r"\d[\d.]*(e-?\d+)?", shown.replace(words.THIN, ""))
    assert found is not None, f"{shown!r} begins with no number"
    return float(found[0])


@torch.inference_mode()
def classifier_s_own_answer(classifier: Classifier, path: Path) -> NDArray[np.float64]:
    """(10,) probabilities: the mean over the last 3 s of tokens, all of them computed at once."""
    with FileSource(path) as source:
        stream = FrameStream(source.sample_rate)
        frames = []
        while (block := source.read(1.0)) is not None:
            frames.append(stream.push(block.samples))
        frames.append(stream.finish())
    log_mel = torch.from_numpy(np.concatenate(frames)).unsqueeze(0)
    logits, _ = classifier.steps(log_mel, classifier.init_state())
    tokens = torch.softmax(logits[0].double(), dim=-1)
    answer: NDArray[np.float64] = tokens[-PRESENT_TOKENS:].mean(dim=0).numpy()
    return answer


def test_a_played_file_shows_the_classifier_s_answer_and_what_it_cost(
    real_window: MainWindow, real_session: RecordedSession, classifier: Classifier, qtbot: QtBot, tmp_path: Path
) -> None:
    song = tmp_path / "song.flac"
    soundfile.write(song, made_music(seconds=12.0, sample_rate=44_100), 44_100)
    real_window.play(song)
    qtbot.waitUntil(lambda: text(real_window, "status") == "“song.flac” has ended.", timeout=PATIENCE)

    # Over all that was heard stands what the command says of the file, to the last digit.
    weights, genres = default_weights(), classifier.config.genres
    task = Task(str(song), str(weights), identify(weights)["hash"], Parameters(), fingerprint=False)
    whole = perform(task).result
    assert isinstance(whole, FileAnswer)
    qtbot.waitUntil(lambda: real_window.live.now.title.text() == words.WHOLE, timeout=PATIENCE)
    assert real_window.whole.verdict is not None
    assert real_window.whole.verdict.probability == whole.probability
    if whole.unsure:
        assert text(real_window, "present_genre") == "unsure"
    else:
        assert text(real_window, "present_genre") == whole.genre
        assert text(real_window, "present_probability") == words.percent(whole.probability)
    assert not real_window.live.now.stale
    assert real_window.live.answers.stale

    expected = classifier_s_own_answer(classifier, song)
    for genre, probability in zip(genres, expected, strict=True):
        assert number(text(real_window, f"genre_{genre}")) == pytest.approx(100 * probability, abs=0.51)
    assert not real_window.live.invitation.isVisible()

    real_window.live.toggle_details()
    assert number(text(real_window, "frames")) == len(real_session.drained) == (12 * 22_050 - 2048) // 1708 + 1
    assert_costs_are_those_of(real_session, real_window)


def test_a_file_that_is_no_sound_is_named_and_said_to_be_none(
    real_window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    notes = tmp_path / "notes.wav"
    notes.write_text("These are words.")
    real_window.play(notes)
    qtbot.waitUntil(real_window.live.invitation.isVisible, timeout=PATIENCE)
    assert re.fullmatch(r"“notes\.wav”: [^.]+\.", text(real_window, "status"))


def assert_costs_are_those_of(session: RecordedSession, window: MainWindow) -> None:
    """Computed here once more, from the session's own counts and from the snapshots."""
    flops = session.models.description.flops
    shared, step = (sum(part.values()) for part in (flops.shared, flops.step))
    twin = step + session.drained[-1].saved_flops  # with 12 s of 30 heard
    assert twin < sum(flops.twin.values())
    spent = [snapshot.nanoseconds for snapshot in session.drained]
    times = np.array([(one.log_mel + one.tokenizer, one.step, one.twin) for one in spent], dtype=float)
    for name, common, common_times in (("encoder", 0, 0.0), ("frame", shared, times[:, 0])):
        assert text(window, f"flops_{name}_step") == words.flops(common + step, "")
        assert text(window, f"flops_{name}_twin") == words.flops(common + twin, "")
        assert text(window, f"flops_{name}_ratio") == words.ratio((common + twin) / (common + step))
        # On a busy machine the twin leaves some frames out.
        medians = np.median(common_times + times[:, 1]), np.nanmedian(common_times + times[:, 2])
        for model, median in zip(("step", "twin"), medians, strict=True):
            assert text(window, f"time_{name}_{model}") == words.duration(median)
        assert text(window, f"time_{name}_ratio") == words.ratio(medians[1] / medians[0])
    answers = [(one.compared, one.twin_probabilities) for one in session.drained]
    differences = [np.abs(step - twin).max() for step, twin in answers if step is not None and twin is not None]
    assert differences
    assert text(window, "largest_difference") == words.difference(max(differences))
    assert max(differences) <= 1e-4


def test_a_microphone_is_heard_until_it_is_gone(
    virtual_microphone: VirtualMicrophone,
    real_window: MainWindow,
    real_session: RecordedSession,
    classifier: Classifier,
    qtbot: QtBot,
) -> None:
    def frames() -> int:
        return real_window.live.past.frames

    def wait(condition: Callable[[], bool]) -> None:
        qtbot.waitUntil(condition, timeout=PATIENCE)

    virtual_microphone.play(made_music(seconds=120.0, sample_rate=SAMPLE_RATE), SAMPLE_RATE)
    wait(real_window.live.source_bar.listen.isEnabled)
    real_window.live.source_bar.listen.click()
    wait(lambda: frames() >= 20)
    assert text(real_window, "status").startswith("Listening to ")
    wait(lambda: text(real_window, "present_genre") in (*classifier.config.genres, "unsure"))
    wait(lambda: len({round(one.level_dbfs) for one in real_session.drained if one.level_dbfs > -60}) > 3)
    assert text(real_window, "level").endswith(" dBFS")
    view = real_window.live.timeline.view
    picture = view.grab(view.getViewBox().sceneBoundingRect().toRect()).toImage()
    right = picture.width() - 20
    assert max(QColor(picture.pixel(right, y)).lightness() for y in range(picture.height())) > 100

    # A search for microphones disturbs nobody, and listening again goes on in the same session.
    before, devices = frames(), real_session.devices
    real_window.live.source_bar.refresh.click()
    wait(lambda: real_session.devices is not devices and frames() >= before + 5)
    real_window.live.source_bar.listen.click()
    wait(lambda: real_session.state.not_live == "stopped" and real_window.live.now.stale)
    real_window.live.source_bar.listen.click()
    wait(lambda: len(real_window.live.past.marks) == 2)
    assert frames() > before + 5
    assert not real_window.live.invitation.isVisible()

    wait(lambda: real_session.state.not_live == "" and not real_window.live.now.stale)
    virtual_microphone.mute(True)
    wait(lambda: real_session.state.not_live == "muted" and real_window.live.now.stale)
    virtual_microphone.mute(False)
    wait(lambda: real_session.state.not_live == "" and not real_window.live.now.stale)
    virtual_microphone.kill_server()
    wait(lambda: " is gone: " in text(real_window, "status") and real_window.live.now.stale)
    assert re.fullmatch(r"[^.]+\.", text(real_window, "status"))
    begun = time.monotonic()
    real_window.close()
    assert real_session.close()
    assert time.monotonic() - begun < PATIENCE / 1000 / 2
