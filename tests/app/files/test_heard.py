"""What was heard decides what is said: silence is no genre, and what is no sound spoils nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from app.files.answer import FileAnswer
from app.files.classify import classify_file, classify_source
from app.files.parameters import Parameters
from app.stream.models import Model, load_model
from app.stream.weights import default_weights
from audio import RawFormat, RawSource
from tests.app.made_music import made_music

RATE = 22_050


@pytest.fixture(scope="module")
def model() -> Model:
    return load_model(default_weights())


def classify(
    model: Model, path: Path, samples: NDArray[np.floating], parameters: Parameters | None = None
) -> FileAnswer:
    """The samples (n,) or (n, channels) as a WAV file of floats."""
    soundfile.write(path, samples, RATE, subtype="FLOAT")
    return classify_file(model, path, parameters)


def verdicts(answer: FileAnswer) -> list[str]:
    """Of the segments."""
    return [segment.verdict for segment in answer.timeline.segments()]


@pytest.mark.parametrize("offset", [0.0, 0.9, -1.0])
def test_silence_is_no_genre_whatever_it_rests_on(model: Model, tmp_path: Path, offset: float) -> None:
    dither = np.random.default_rng(0).normal(size=4 * RATE) * 2**-16
    answer = classify(model, tmp_path / "a.wav", dither + offset)
    assert (answer.verdict, verdicts(answer)) == ("silence", ["silence"])


@pytest.mark.parametrize(("residue", "offset"), [(0.0, 0.0), (0.01, 0.0), (0.0, 0.5)])
def test_channels_that_cancel_each_other_are_found_out(
    model: Model, tmp_path: Path, residue: float, offset: float
) -> None:
    """Also where an encoder or an offset left something."""
    music = made_music(3.0, RATE)
    stereo = np.stack([music, -music], axis=1) + residue * music[::-1, None] + offset
    answer = classify(model, tmp_path / "a.wav", stereo)
    assert (answer.verdict, verdicts(answer)) == ("cancelled", ["silence"])
    first = classify(model, tmp_path / "a.wav", stereo, Parameters(channel=1))
    assert first.verdict in ("genre", "unsure")
    raw = (32_767 * np.clip(stereo, -1, 1)).astype("<i2").tobytes()
    (tmp_path / "raw").write_bytes(raw)
    with (tmp_path / "raw").open("rb") as file:
        source = RawSource(file.fileno(), RawFormat("s16le", RATE, 2))
        assert classify_source(model, source, "-", Parameters()).verdict == "cancelled"


@pytest.mark.parametrize("channels", [2, 64])
def test_channels_that_differ_are_not_said_to_cancel(model: Model, tmp_path: Path, channels: int) -> None:
    """All but the first are silent; or noise that has nothing to do with it."""
    music = np.zeros((3 * RATE, channels))
    music[:, 0] = made_music(3.0, RATE)
    assert classify(model, tmp_path / "a.wav", music).verdict in ("genre", "unsure")
    music[:, 1:] = np.random.default_rng(0).normal(0, 0.1, (3 * RATE, channels - 1))
    assert classify(model, tmp_path / "a.wav", music).verdict in ("genre", "unsure")


def test_a_silent_stretch_is_silence_and_the_file_keeps_its_genre(model: Model, tmp_path: Path) -> None:
    music = made_music(3.0, RATE)
    whole = classify(model, tmp_path / "a.wav", np.concatenate([music, np.zeros(6 * RATE), music]))
    assert whole.verdict in ("genre", "unsure")
    silent = [segment for segment in whole.timeline.segments() if segment.verdict == "silence"]
    assert [(segment.start, segment.end) for segment in silent] == [(4.0, 9.0)]  # one hop holds the end of the music


def test_faint_music_is_no_silence(model: Model, tmp_path: Path) -> None:
    answer = classify(model, tmp_path / "a.wav", 0.001 * made_music(3.0, RATE))
    assert answer.verdict in ("genre", "unsure")
    assert "silence" not in verdicts(answer)


def test_a_steady_offset_changes_no_answer(model: Model, tmp_path: Path) -> None:
    music = 0.2 * made_music(4.0, RATE)
    plain, moved = (classify(model, tmp_path / "a.wav", music + offset) for offset in (0.0, 0.9))
    assert moved.probabilities == pytest.approx(plain.probabilities, abs=1e-4)
    assert (moved.genre, moved.verdict) == (plain.genre, plain.verdict)


@pytest.mark.parametrize("absurd", [3e38, -1e30, 1e10, np.nan, np.inf])
def test_an_absurd_sample_is_heard_as_silence_by_name_and_through_a_pipe(
    model: Model, tmp_path: Path, absurd: float
) -> None:
    """Of both channels, so that their mean overflows."""
    music = np.stack([made_music(3.0, RATE)] * 2, axis=1).astype(np.float32)
    broken, silenced = music.copy(), music.copy()
    broken[RATE], silenced[RATE] = absurd, 0.0
    by_name, expected = (classify(model, tmp_path / "a.wav", samples) for samples in (broken, silenced))
    assert by_name.invalid_samples == 1
    assert by_name.probabilities == expected.probabilities
    (tmp_path / "raw").write_bytes(broken.astype("<f8").tobytes())
    with (tmp_path / "raw").open("rb") as raw:
        source = RawSource(raw.fileno(), RawFormat("f64le", RATE, 2))
        piped = classify_source(model, source, "-", Parameters())
    assert piped.invalid_samples == 1
    assert piped.probabilities == pytest.approx(expected.probabilities, abs=1e-6)
