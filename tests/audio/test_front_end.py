"""The compiled front end is numpy's: at every frame, however loud or pure, however the samples are cut or copied."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from audio import BANDS, FFT_LENGTH, HOP, SAMPLE_RATE, FrontEnd, StreamingLogMel
from audio.front_end import LOUDEST, Loops, SampleBuffer, Samples
from tests.audio.signals import chunks, music

CLOSE = 1e-4  # dB; a frame of -100 dB is rounded to 8e-6 when it becomes float32


def pure_tone(hertz: float) -> Samples:
    """So that most bands hold nothing but what the window lets through, 120 dB below."""
    return np.sin(2 * np.pi * hertz * np.arange(2 * SAMPLE_RATE) / SAMPLE_RATE).astype(np.float32)


def sounds() -> dict[str, Samples]:
    random = np.random.default_rng(0)
    click = np.zeros(SAMPLE_RATE, np.float32)
    click[5000] = 1.0
    return {
        "music": music(5),
        "noise": random.normal(size=SAMPLE_RATE).astype(np.float32),
        "a low tone": pure_tone(55.0),
        "a tone between two bins": pure_tone(3217.3),
        "the highest tone": pure_tone(SAMPLE_RATE / 2 - 5.0),
        "a click": click,
        "an offset": np.full(SAMPLE_RATE, 0.5, np.float32),
        "silence": np.zeros(SAMPLE_RATE, np.float32),
        "nearly silence": (1e-6 * random.normal(size=SAMPLE_RATE)).astype(np.float32),
        "far too loud": (1e15 * random.normal(size=SAMPLE_RATE)).astype(np.float32),
    }


@pytest.mark.parametrize("sound", sounds().values(), ids=sounds().keys())
def test_every_compiled_frame_is_that_of_numpy(sound: Samples, compiled: FrontEnd) -> None:
    frames = StreamingLogMel(compiled).push(sound)
    assert len(frames) == (len(sound) - FFT_LENGTH) // HOP + 1
    np.testing.assert_allclose(frames, StreamingLogMel().push(sound), rtol=0, atol=CLOSE)


@pytest.mark.parametrize("sizes", [[1], [1024], [HOP], [5, 1, 3000, 7, 512]])
def test_every_chunking_gives_the_same_bits_compiled_too(sizes: list[int], compiled: FrontEnd) -> None:
    sound = music(1)
    stream = StreamingLogMel(compiled)
    pieces = np.concatenate([stream.push(chunk) for chunk in chunks(sound, sizes)])
    np.testing.assert_array_equal(pieces, StreamingLogMel(compiled).push(sound))


def test_the_compiled_function_takes_over_between_two_frames(loops: Loops) -> None:
    sound, front_end = music(2), FrontEnd()
    assert front_end.name == "numpy"
    stream = StreamingLogMel(front_end)
    before = stream.push(sound[:SAMPLE_RATE])
    computed = 0

    def counting(samples: object, numbers: object, places: object, work: object, frames: Samples) -> None:
        nonlocal computed
        computed += len(frames)
        loops.log_mel(samples, numbers, places, work, frames)  # type: ignore[arg-type]

    front_end.loops = loops._replace(log_mel=counting)
    assert front_end.name == "compiled"
    after = stream.push(sound[SAMPLE_RATE:])
    assert computed == len(after) > 5
    expected = StreamingLogMel().push(sound)
    np.testing.assert_allclose(np.concatenate([before, after]), expected, rtol=0, atol=CLOSE)


def test_streams_of_several_threads_do_not_touch(loops: Loops, compiled: FrontEnd) -> None:
    works: list[int] = []
    both_inside = threading.Barrier(2, timeout=60)

    def watching(samples: object, numbers: object, places: object, work: object, frames: object) -> None:
        works.append(id(work))
        both_inside.wait()
        loops.log_mel(samples, numbers, places, work, frames)  # type: ignore[arg-type]

    front_end, heard = FrontEnd(), {}
    front_end.loops = loops._replace(log_mel=watching)

    def hear(seed: int, sound: Samples) -> None:
        heard[seed] = StreamingLogMel(front_end).push(sound)

    streams = {seed: np.random.default_rng(seed).normal(size=FFT_LENGTH).astype(np.float32) for seed in (1, 2)}
    threads = [threading.Thread(target=hear, args=each) for each in streams.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(works)) == 2
    for seed, sound in streams.items():
        assert heard[seed].shape == (1, BANDS)
        np.testing.assert_array_equal(heard[seed], StreamingLogMel(compiled).push(sound))


@pytest.fixture(params=["numpy", "compiled"])
def front_end(request: pytest.FixtureRequest, compiled: FrontEnd) -> FrontEnd:
    return compiled if request.param == "compiled" else FrontEnd()


def noise(count: int) -> Samples:
    return np.random.default_rng(count).normal(size=count).astype(np.float32)


@pytest.mark.parametrize("capacity", [1, 100, 2000])
def test_what_waits_is_what_came_and_did_not_leave(front_end: FrontEnd, capacity: int) -> None:
    buffer, waiting, random = SampleBuffer(capacity, front_end), np.zeros(0, np.float32), np.random.default_rng(0)
    for count in random.integers(0, 900, size=200):
        came = noise(int(count))
        buffer.append(came)
        waiting = np.concatenate([waiting, came])
        came[:] = 7.0  # it is a copy that waits
        np.testing.assert_array_equal(buffer.samples, waiting)
        leaves = int(random.integers(0, len(waiting) + 1))
        buffer.drop(leaves)
        waiting = waiting[leaves:]
        assert len(buffer) == len(waiting)
        np.testing.assert_array_equal(buffer.samples, waiting)


def test_its_memory_is_taken_once(front_end: FrontEnd) -> None:
    buffer = SampleBuffer(3000, front_end)
    memory = buffer.samples.base
    for came, left in [(1700, 1650), (1700, 1700), (1, 1), (2500, 2400), (2400, 2600)] * 20:
        buffer.append(noise(came))
        assert buffer.samples.base is memory
        buffer.drop(min(left, len(buffer)))
    buffer.append(noise(3001))
    assert buffer.samples.base is not memory


@pytest.mark.parametrize("count", [1, 7, 64, 1001])
def test_samples_that_are_no_sound_are_counted(front_end: FrontEnd, count: int) -> None:
    samples = noise(count)
    samples[0] = LOUDEST
    assert front_end.count_invalid(samples) == front_end.count_invalid(-samples) == 0
    beyond = np.nextafter(np.float32(LOUDEST), np.float32(np.inf))
    broken = [beyond, -beyond, 3.4e38, np.nan, -np.nan, np.inf, -np.inf][: max(1, count // 3)]
    samples[-len(broken) :] = broken
    assert front_end.count_invalid(samples) == len(broken)


@pytest.mark.parametrize("kind", ["every second", "read only", "backwards"])
def test_nothing_is_compiled_anew_for_arrays_of_another_kind(loops: Loops, compiled: FrontEnd, kind: str) -> None:
    """That would take seconds, in the middle of the sound."""
    samples = noise(600)
    if kind == "read only":
        samples.flags.writeable = False
    else:
        samples = samples[::2] if kind == "every second" else samples[::-1]
    buffer = SampleBuffer(1000, compiled)
    buffer.append(noise(10))
    before = [len(loop.signatures) for loop in (loops.copy, loops.count_invalid)]  # type: ignore[union-attr]
    buffer.append(samples)
    assert compiled.count_invalid(samples) == 0
    assert [len(loop.signatures) for loop in (loops.copy, loops.count_invalid)] == before  # type: ignore[union-attr]
    np.testing.assert_array_equal(buffer.samples[10:], samples)
