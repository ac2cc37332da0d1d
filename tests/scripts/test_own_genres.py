"""Folders of sound become genres of one's own: what is heard of them, how they are divided, and what is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from app.cli.main import main
from app.stream.models import load_model
from app.stream.weights import default_weights
from audio import BANDS
from model import load_for_training, read_notes
from model.training import with_genres
from scripts.dataset import CLIP_FRAMES, DatasetError, read_folder
from scripts.dataset.clips import Dataset, artists_on_both_sides, divide, split, track_of
from tests.scripts.gtzan import NOISE, fill_sound_cache, script, write_clip

RATE = 22_050
SHORT = NOISE[: 6 * RATE]


def tone(hz: float, seconds: float = 6.0) -> np.ndarray:
    time = np.arange(round(seconds * RATE)) / RATE
    return 0.2 * np.sin(2 * np.pi * hz * time) + 0.01 * NOISE[: len(time)]


def put(path: Path, samples: np.ndarray = SHORT, artist: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with soundfile.SoundFile(path, "w", RATE, 1) as file:
        if artist:
            file.artist = artist
        file.write(samples)
    return path


def made(genres: dict[str, list[tuple[str, str]]]) -> Dataset:
    """genre -> (clip, artist)."""
    clips = [(f"{genre}/{name}", place, by) for place, genre in enumerate(genres) for name, by in genres[genre]]
    names, labels, artists = zip(*clips, strict=True)
    frames = np.zeros((len(clips), 1, BANDS), np.float32)
    return Dataset(names, frames, np.array(labels), ("",) * len(clips), artists, tuple(genres))


def test_folders_are_genres_folders_within_are_artists_and_long_recordings_give_pieces(tmp_path: Path) -> None:
    audio = tmp_path / "audio"
    put(audio / "polka" / "Duo" / "live" / "1.ogg")
    put(audio / "polka" / "2.flac", artist="Trio")
    put(audio / "演歌, alt" / "rock.wav", NOISE)
    put(audio / "演歌, alt" / "long.flac", np.tile(NOISE, 5))
    put(audio / "polka" / ".trash" / "3.wav")
    put(audio / ".hidden" / "4.wav")
    (audio / "polka" / "cover.png").write_bytes(b"no sound")
    dataset = read_folder(audio, tmp_path / "cache")
    assert dataset.genres == ("polka", "演歌, alt")
    clips = dict(zip(dataset.names, dataset.artists, strict=True))
    long = {f"演歌, alt/long.flac:{number}": "" for number in (1, 2, 3, 4)}
    assert clips == {"polka/2.flac:1": "Trio", "polka/Duo/live/1.ogg:1": "Duo", **long, "演歌, alt/rock.wav:1": ""}
    assert dataset.labels.tolist() == [0, 0, 1, 1, 1, 1, 1]
    assert dataset.frames.shape == (7, CLIP_FRAMES, BANDS)
    short = dataset.frames[0]
    assert np.array_equal(short[:70], short[77:147])  # 6 s are 77 frames, again and again
    again = read_folder(audio, tmp_path / "cache")  # as they were kept
    assert (again.names, again.artists) == (dataset.names, dataset.artists)
    assert np.array_equal(again.frames, dataset.frames)


def test_a_few_files_named_otherwise_leave_a_folder_of_gtzan_what_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in ("blues/blues.00001.wav", "jazz/jazz.00001.wav", "jazz/jazz.00002.wav", "polka/a.wav"):
        write_clip(tmp_path / path)
    assert read_folder(tmp_path, tmp_path / "cache").names == ("blues.00001", "jazz.00001", "jazz.00002")
    assert "a.wav: left out" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("hostile", "said"),
    [
        ("empty", "the folder 'b' holds no sound: put some there, or take it away"),
        ("no sound", "no file of 'b' can be used: put others there, or take the folder away"),
        ("control", r"the folder 'b\\n' cannot name a genre: rename it"),
        ("many", "has 51 folders; expected one for each of 2 to 50 genres"),
        ("nothing", "holds no clips that can be used"),
        ("flat", "holds no clips that can be used"),
    ],
)
def test_a_hostile_folder_is_a_sentence(tmp_path: Path, hostile: str, said: str) -> None:
    audio = tmp_path / "audio"
    audio.mkdir()
    if hostile == "many":
        for number in range(51):
            (audio / str(number)).mkdir()
            (audio / str(number) / "a.wav").write_text("never read")
    elif hostile == "flat":
        put(audio / "a.wav")
    elif hostile != "nothing":
        put(audio / "a" / "a.wav")
        folder = audio / ("b\n" if hostile == "control" else "b")
        folder.mkdir()
        if hostile != "empty":
            (folder / "a.wav").write_text("no sound")
    with pytest.raises(DatasetError, match=said):
        read_folder(audio, tmp_path / "cache")


def test_artists_are_on_one_side_where_they_are_known_and_it_is_said_where_not() -> None:
    known = [(f"{song}.mp3:{piece}", f"artist {song // 3}") for song in range(15) for piece in (1, 2)]
    alone = [(f"{song}.mp3:{piece}", "one") for song in range(5) for piece in (1, 2)]
    unknown = [(f"{song}.mp3:1", "") for song in range(10)]
    dataset = made({"a": known, "b": alone, "c": unknown})
    divided, said = divide(dataset, seed=1)
    assert artists_on_both_sides(divided) == {"one"}
    sides = {track_of(name): side for name, side in zip(divided.names, divided.splits, strict=True)}
    for name, side in zip(divided.names, divided.splits, strict=True):
        assert side == sides[track_of(name)]
    for label, count in enumerate((6, 2, 2)):
        of_genre = [side for side, mine in zip(divided.splits, divided.labels, strict=True) if mine == label]
        assert of_genre.count("valid") == count
    assert len(said) == 2
    assert said[0].startswith("b: of one artist")
    assert said[1].startswith("10 recordings name no artist")
    assert divide(made({"a": known, "b": known}), seed=0)[1] == []
    assert divide(dataset, seed=2)[0].splits != divided.splits


def test_one_recording_alone_is_trained_on() -> None:
    divided, _ = divide(made({"a": [("1.mp3:1", ""), ("1.mp3:2", "")], "b": [("1.mp3:1", "x"), ("2.mp3:1", "y")]}), 0)
    assert divided.splits[:2] == ("train", "train")
    assert sorted(divided.splits[2:]) == ["train", "valid"]


def test_a_list_of_ones_own_names_recordings_or_clips(tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_text("clip,split\na/1.mp3,train\na/2.mp3:1,valid\n")
    dataset = made({"a": [("1.mp3:1", ""), ("1.mp3:2", ""), ("2.mp3:1", "")]})
    assert split(dataset, str(tmp_path / "own.csv")).splits == ("train", "train", "valid")


def test_genres_of_the_same_name_keep_what_was_learned_and_others_begin_anew() -> None:
    learned = load_for_training(default_weights())
    config = replace(learned.config, genres=("polka", "jazz"))
    made = with_genres(learned, config)
    head, before = made.encoder.head, learned.encoder.head
    assert made.config.genres == ("polka", "jazz")
    assert head.weight.shape[0] == 2
    assert head.weight[1].equal(before.weight[5])
    assert not head.weight[0].equal(before.weight[0])
    for (name, value), other in zip(learned.named_parameters(), dict(made.named_parameters()).values(), strict=True):
        assert "head." in name or value.equal(other)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three genres of tones, four recordings each."""
    folder = tmp_path_factory.mktemp("own")
    for genre, hz in (("low, deep", 110.0), ("middle", 700.0), ("high", 3000.0)):
        for song in range(4):
            put(folder / genre / f"band {song}" / "song.flac", tone(hz * (1 + song / 20)))
    return folder


def test_weights_of_ones_own_genres_are_trained_from_those_that_ship_and_taken_everywhere(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cache, output = fill_sound_cache(tmp_path), tmp_path / "own.safetensors"
    common = ("--audio", folder, "--cache", cache)
    begun = ("--from", default_weights(), "--threads", 1, "--epochs", 2)
    trained = script("train.py", *common, *begun, "--output", output)
    assert trained.returncode == 0, trained.stderr
    assert "3 genres: high, low, deep, middle" in trained.stderr
    assert "9 clips to train on, 3 to check on" in trained.stderr
    notes = read_notes(output)
    assert notes["begun_with"] == "nystream.safetensors"
    assert "split by artist" in notes["trained_on"]
    genres = ("high", "low, deep", "middle")
    assert load_model(output).config.genres == genres
    measured = json.loads(script("evaluate.py", *common, "--weights", output, "--json").stdout)
    assert list(measured["per_genre"]) == list(genres)
    assert np.array(measured["confusion"]).shape == (3, 3)
    assert measured["clips"] == 12
    song = str(folder / "low, deep" / "band 0" / "song.flac")
    for form in ("json", "csv", "jams"):
        assert main(["classify", "--weights", str(output), "--format", form, song]) == 0
        out = capsys.readouterr().out
        if form == "json":
            (file,) = json.loads(out)["files"]
            assert tuple(file["probabilities"]) == genres
            assert file["genre"] in genres
        elif form == "csv":
            assert out.splitlines()[0].count('"low, deep"') == 1
        else:
            assert "tag_open" in out
    assert main(["info", "--weights", str(output), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["genres"] == list(genres)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--row", "softmax"), "--row, --blocks and --stacking are those of the weights of --from"),
        (("--teachers", default_weights()), "the data have the genres high, low, deep, middle; the teacher blues"),
    ],
)
def test_what_does_not_fit_together_is_one_sentence(
    folder: Path, tmp_path: Path, more: tuple[object, ...], said: str
) -> None:
    common = ("--audio", folder, "--cache", fill_sound_cache(tmp_path), "--from", default_weights())
    done = script("train.py", *common, "--output", tmp_path / "out.safetensors", *more)
    assert done.returncode == 1
    assert done.stderr.startswith("nystream: ")
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_one_genre_alone_is_one_sentence(tmp_path: Path) -> None:
    for song in range(3):
        put(tmp_path / "audio" / "polka" / f"band {song}" / "song.flac")
    common = ("--audio", tmp_path / "audio", "--cache", fill_sound_cache(tmp_path))
    done = script("train.py", *common, "--output", tmp_path / "out.safetensors")
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert "1 genres to learn; expected 2 to 50, a folder for each" in done.stderr
