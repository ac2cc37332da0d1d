"""Damaged files are answered or refused, and nothing else happens; scripts/fuzz.py does it for longer."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.files.classify import Task, perform
from app.files.parameters import Parameters
from app.stream.models import identify
from app.stream.weights import default_weights
from audio import RawFormat, StreamSource, UnreadableFile
from audio.pipe import SAMPLE_TYPES, to_samples
from scripts.fuzz import ENCODERS, JOURNAL, LIST, SOUND, WEIGHTS, damage, look_at, made_files, made_others
from tests.audio.test_pipe import heard, pipe_of

FEW = settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
NAMES = sorted(f"{codec}.{suffix}" for codec, suffixes in ENCODERS.items() for suffix in suffixes.split())
OTHERS = [f"list{LIST}", f"model{WEIGHTS}", f"songs{JOURNAL}"]


@pytest.fixture(scope="module")
def originals() -> dict[str, bytes]:
    made = made_files() | made_others()
    assert sorted(made) == sorted([*NAMES, *OTHERS])
    return made


@FEW
@given(name=st.sampled_from(NAMES), seed=st.integers(0, 2**32))
def test_a_damaged_file_never_makes_the_program_fail(
    name: str, seed: int, originals: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / name
    path.write_bytes(damage(originals[name], random.Random(seed)))
    weights = default_weights()
    outcome = perform(Task(str(path), str(weights), identify(weights)["hash"], Parameters(), fingerprint=False))
    assert outcome.fault == ""


@settings(FEW, max_examples=30)
@given(name=st.sampled_from(OTHERS), seed=st.integers(0, 2**32))
def test_damaged_lists_weights_and_journals_never_make_the_program_fail(
    name: str, seed: int, originals: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / name
    path.write_bytes(damage(originals[name], random.Random(seed)))
    path.with_name(SOUND).write_bytes(originals["pcm_s16le.wav"])
    assert look_at(path) == ""


@FEW
@given(name=st.sampled_from(NAMES), seed=st.integers(0, 2**32))
def test_a_damaged_stream_is_refused_in_a_sentence_at_most(name: str, seed: int, originals: dict[str, bytes]) -> None:
    content = damage(originals[name], random.Random(seed))
    with pipe_of(content) as descriptor:
        refusals: list[str] = []
        try:
            with StreamSource(descriptor) as stream:
                heard(stream)
        except UnreadableFile as error:
            refusals.append(str(error))
    assert "\n" not in "".join(refusals)


@FEW
@given(st.sampled_from(sorted(SAMPLE_TYPES)), st.integers(1, 7), st.binary(max_size=500))
def test_any_bytes_are_raw_samples(sample_type: str, channels: int, content: bytes) -> None:
    raw = RawFormat(sample_type, 44_100, channels)
    whole = content[: len(content) - len(content) % raw.frame_bytes]
    samples = to_samples(whole, raw)
    assert samples.shape == (len(whole) // raw.frame_bytes, channels)
    if not sample_type.startswith("f"):
        assert len(samples) == 0 or abs(samples).max() <= 1.0


def test_a_fuzzing_run_ends_and_finds_nothing_in_whole_files(tmp_path: Path, originals: dict[str, bytes]) -> None:
    weights = default_weights()
    for name in NAMES:
        (tmp_path / name).write_bytes(originals[name])
        task = Task(str(tmp_path / name), str(weights), identify(weights)["hash"], Parameters(), fingerprint=True)
        outcome = perform(task)
        assert outcome.fault == ""
        assert outcome.fingerprint is not None
        assert outcome.fingerprint.size == os.path.getsize(task.path)
        assert hasattr(outcome.result, "genre"), outcome.result
