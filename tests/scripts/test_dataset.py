"""Packs and folders become the same dataset; what cannot be used is named; no recording is on two sides."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.files.console import Console
from audio import BANDS
from model import GTZAN_GENRES
from scripts.dataset import CLIP_FRAMES, Dataset, DatasetError, read_folder, read_pack
from scripts.dataset import folder as folder_module
from scripts.dataset.clips import artists_on_both_sides, join_datasets, split
from tests.scripts.gtzan import NOISE, pack_fields, write_clip, write_pack


def made(names: tuple[str, ...], artists: tuple[str, ...] | None = None) -> Dataset:
    labels = np.array([GTZAN_GENRES.index(name.split(".")[0]) for name in names], dtype=np.int64)
    nothing = ("",) * len(names)
    return Dataset(
        names, np.zeros((len(names), 1, BANDS), np.float32), labels, nothing, artists or nothing, GTZAN_GENRES
    )


def test_a_pack_becomes_decibels(tmp_path: Path) -> None:
    dataset = read_pack(write_pack(tmp_path / "pack.npz"))
    fields = pack_fields()
    assert dataset.frames.dtype == np.float32
    np.testing.assert_allclose(dataset.frames, fields["mel"][:, :, :BANDS] / 255.0 * 80.0 - 50.0, atol=1e-4)
    assert dataset.artists[3] == "artist 3"
    assert dataset.part("valid").names == tuple(fields["clip"][20:])
    assert len(dataset.part("train", "valid").names) == 40
    assert read_pack(write_pack(tmp_path / "plain.npz", artist=None)).artists == ("",) * 40


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"genre": None}, "lacks the field genre;"),
        ({"mel": None}, "lacks the field mel;"),
        ({"genre": np.arange(40) % 11}, "has 10"),
        ({"genre": np.arange(40) % 10 - 1}, "has -1"),
        ({"genre": np.zeros(40)}, "values of type float64"),
        ({"clip": np.array(["blues.00000"])}, "different numbers of clips"),
        ({"mel": np.zeros((40, 220, 96), np.uint8)}, r"the shape \(40, 220, 96\)"),
        ({"mel": np.zeros((0, 220, 128), np.uint8)}, "the shape"),
        ({"mel": np.uint8(7)}, "the shape"),
        ({"range_db": np.full(40, np.nan)}, "holds no clip"),
    ],
)
def test_a_bad_pack_is_a_sentence(tmp_path: Path, changed: dict[str, np.ndarray | None], said: str) -> None:
    with pytest.raises(DatasetError, match=said):
        read_pack(write_pack(tmp_path / "bad.npz", **changed))


def test_several_packs_are_one_dataset(tmp_path: Path) -> None:
    first = read_pack(write_pack(tmp_path / "one.npz"))
    other = replace(first, names=tuple(f"{name}.again" for name in first.names), splits=("test",) * 40)
    both = join_datasets([first, other])
    assert both.names == first.names + other.names
    np.testing.assert_array_equal(both.part("test").frames, first.frames)
    np.testing.assert_array_equal(both.labels, np.tile(first.labels, 2))
    again = replace(first, names=("blues.00000",) * 40)  # whoever made a pack may name its clips as they like
    assert join_datasets([again]).names == again.names
    for unlike, said in (
        (first, "blues.00000 is in the data twice"),
        (replace(other, frames=other.frames[:, 1:]), "220 and of 219 frames"),
        (replace(other, genres=other.genres[::-1]), "genres of the packs differ"),
    ):
        with pytest.raises(DatasetError, match=said):
            join_datasets([first, unlike])


def test_a_clip_whose_decibels_are_no_numbers_is_named_and_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    top = np.full(40, 30.0)
    top[7] = np.nan
    dataset = read_pack(write_pack(tmp_path / "pack.npz", max_db=top))
    assert len(dataset.names) == 39
    assert "pop.00007" not in dataset.names
    assert "pop.00007 is left out" in capsys.readouterr().err


def test_every_usual_layout_of_a_folder_is_understood(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for path in ("blues/blues.00001.wav", "jazz.00002.au", "Data/genres_original/rock/rock.00003.wav", "pop/9.wav"):
        write_clip(tmp_path / path)
    write_clip(tmp_path / "again" / "blues.00001.wav")
    write_clip(tmp_path / "talk" / "talk.00001.wav")
    dataset = read_folder(tmp_path, tmp_path / "cache")
    assert set(dataset.names) == {"blues.00001", "jazz.00002", "rock.00003", "pop.9"}
    assert {dataset.genres[label] for label in dataset.labels} == {"blues", "jazz", "rock", "pop"}
    said = capsys.readouterr().err
    assert "there is another blues.00001" in said
    assert "talk.00001.wav: left out, neither its name nor its folder is a genre" in said


def test_a_clip_with_samples_that_are_no_numbers_is_named_and_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spoilt = NOISE.copy()
    spoilt[1000:1010] = np.nan
    write_clip(tmp_path / "blues" / "blues.00001.wav", spoilt, subtype="FLOAT")
    write_clip(tmp_path / "blues" / "blues.00002.wav")
    assert read_folder(tmp_path, tmp_path / "cache").names == ("blues.00002",)
    assert "blues.00001.wav: left out, 10 of its samples are no numbers" in capsys.readouterr().err


def test_features_are_kept_until_the_file_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    audio, cache = tmp_path / "audio", tmp_path / "cache"
    clips = [write_clip(audio / "blues" / f"blues.0000{index}.wav") for index in range(2)]
    heard: list[Path] = []
    hear = folder_module.log_mel_frames

    def counted(path: Path, most: int) -> np.ndarray:
        heard.append(path)
        return hear(path, most)

    monkeypatch.setattr(folder_module, "log_mel_frames", counted)
    first = read_folder(audio, cache)
    assert heard == clips
    again = read_folder(audio, cache)
    assert heard == clips
    assert np.array_equal(first.frames, again.frames)
    assert first.frames.shape == (2, CLIP_FRAMES, BANDS)
    write_clip(clips[1], NOISE[::-1])
    changed = read_folder(audio, cache)
    assert heard == [*clips, clips[1]]
    assert not np.array_equal(changed.frames[1], first.frames[1])
    kept = next((cache / "features").iterdir())
    whole = kept.read_bytes()
    spoiled = bytearray(whole)
    spoiled[len(whole) // 2] ^= 1
    for damaged in (b"no archive", b"", whole[:-200], spoiled):
        kept.write_bytes(damaged)
        assert np.array_equal(read_folder(audio, cache).frames, changed.frames)
    assert len(heard) == 3 + 4  # the other file's are kept
    features = folder_module.FeatureCache(cache, Console())
    assert features.find(clips[0], CLIP_FRAMES) is not None
    assert features.find(clips[0], CLIP_FRAMES + 1) is None  # as where its folder holds one's own genres now


def test_what_was_heard_before_ctrl_c_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    audio, cache = tmp_path / "audio", tmp_path / "cache"
    clips = [write_clip(audio / "blues" / f"blues.0000{index}.wav") for index in range(2)]
    hear = folder_module.log_mel_frames
    heard: list[Path] = []

    def interrupted(path: Path, most: int) -> np.ndarray:
        heard.append(path)
        if len(heard) == 2:
            raise KeyboardInterrupt
        return hear(path, most)

    monkeypatch.setattr(folder_module, "log_mel_frames", interrupted)
    with pytest.raises(KeyboardInterrupt):
        read_folder(audio, cache)
    assert len(read_folder(audio, cache).names) == 2
    assert heard == [clips[0], clips[1], clips[1]]


def test_features_that_cannot_be_kept_are_told_and_used(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_clip(tmp_path / "audio" / "blues.00001.wav")
    blocked = tmp_path / "a file"
    blocked.write_text("")
    assert len(read_folder(tmp_path / "audio", blocked).names) == 1
    assert "next time they are made anew" in capsys.readouterr().err


def test_random_tracks_are_whole_seeded_and_of_every_genre() -> None:
    names = tuple(f"{genre}.{track:05d}.{piece}" for genre in GTZAN_GENRES for track in range(10) for piece in range(3))
    divided = split(made(names), "random-tracks", seed=1)
    side = dict(zip(divided.names, divided.splits, strict=True))
    for genre in GTZAN_GENRES:
        for track in range(10):
            assert len({side[f"{genre}.{track:05d}.{piece}"] for piece in range(3)}) == 1
        assert sum(side[f"{genre}.{track:05d}.0"] == "train" for track in range(10)) == 6
    assert divided.splits == split(made(names), "random-tracks", seed=1).splits
    assert divided.splits != split(made(names), "random-tracks", seed=2).splits


def test_a_list_of_ones_own_may_not_tear_a_recording(tmp_path: Path) -> None:
    dataset = made(("blues.00001.0", "blues.00001.1", "jazz.00002.0"), artists=("x", "x", "x"))
    own = tmp_path / "own.csv"
    own.write_text("clip,split\nblues.00001.0,train\nblues.00001.1,train\njazz.00002.0,valid\n")
    divided = split(dataset, str(own))
    assert divided.splits == ("train", "train", "valid")
    assert artists_on_both_sides(divided) == {"x"}
    own.write_text("clip,split\nblues.00001.0,train\nblues.00001.1,valid\n")
    with pytest.raises(DatasetError, match=r"pieces of blues\.00001 are on both sides"):
        split(dataset, str(own))
    own.write_text("name,side\nblues.00001.0,train\n")
    with pytest.raises(DatasetError, match="lacks the column"):
        split(dataset, str(own))
    with pytest.raises(DatasetError, match="cannot be read"):
        split(dataset, str(tmp_path / "none.csv"))
    with pytest.raises(DatasetError, match="knows none of the 1 clips"):
        split(made(("blues.99999",)), "fault-filtered")


def test_the_published_split_has_no_artist_on_both_sides(shared_folder: Path) -> None:
    dataset = read_pack(shared_folder / "gtzan" / "logmel_train_valid.npz")
    published = split(dataset, "fault-filtered")
    assert published.splits == dataset.splits
    assert artists_on_both_sides(published) == set()
    assert all(dataset.artists)
