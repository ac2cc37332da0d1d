"""The genre in a file's own tags: what is written, what is kept, and that it can be taken back."""

from __future__ import annotations

import os
import shutil
import struct
import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import mutagen
import pytest
import soundfile
from mutagen.id3 import ID3

from app.files import tags
from app.files.answer import Verdict
from app.files.console import Console
from app.files.pool import CannotRun
from app.files.tags import CannotTag, Tagger, Tagging, genre_of, undo, write_genre
from tests.app.files.test_formats import made_answer
from tests.app.made_music import made_music

CODECS = {
    "mp3": ("libmp3lame", "fltp"),
    "flac": ("flac", "s16"),
    "opus": ("libopus", "flt"),
    "m4a": ("aac", "fltp"),
    "wav": ("pcm_s16le", "s16"),
    "aiff": ("pcm_s16be", "s16"),
    "wv": ("wavpack", "fltp"),
    "wma": ("wmav2", "fltp"),
}
SUFFIXES = (*CODECS, "ogg")
RATE = 48_000
LOST = b"\x01\xff\xfe\x00\xd8x"  # as UTF-16: half a pair, and half a letter


@pytest.fixture(scope="module")
def sounds(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A second of music in every format that has tags, with a title where FFmpeg writes one."""
    folder = tmp_path_factory.mktemp("sounds")
    music = made_music(1.0, RATE)
    for suffix, (codec, kind) in CODECS.items():
        with av.open(str(folder / f"song.{suffix}"), "w") as file:
            file.metadata["title"] = "A title"
            stream: Any = file.add_stream(codec, rate=RATE, layout="mono", format=kind)
            stream.bit_rate = 64_000
            frame = av.AudioFrame.from_ndarray(music.reshape(1, -1), format="fltp", layout="mono")
            frame.sample_rate, frame.time_base = RATE, Fraction(1, RATE)
            for part in (frame, None):
                file.mux(stream.encode(part))
    soundfile.write(folder / "song.ogg", music, RATE)
    return {suffix: folder / f"song.{suffix}" for suffix in SUFFIXES}


@pytest.fixture(params=SUFFIXES)
def song(sounds: dict[str, Path], request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return copy(sounds, request.param, tmp_path)


@pytest.fixture
def mp3(sounds: dict[str, Path], tmp_path: Path) -> Path:
    return copy(sounds, "mp3", tmp_path)


def copy(sounds: dict[str, Path], suffix: str, folder: Path) -> Path:
    path = folder / f"song.{suffix}"
    path.write_bytes(sounds[suffix].read_bytes())
    return path


def packets(path: Path) -> list[bytes]:
    with av.open(str(path)) as file:
        return [bytes(packet) for packet in file.demux(audio=0)]


def other_tags(path: Path) -> dict[str, str]:
    found = mutagen.File(path).tags or {}
    return {
        key: str(value) for key, value in found.items() if key not in ("TCON", "genre", "Genre", "\xa9gen", "WM/Genre")
    }


def write(path: Path, *genres: str, keep_times: bool = False) -> list[tags.Change]:
    noted: list[tags.Change] = []
    write_genre(str(path), list(genres), keep_times, noted.append)
    return noted


def test_every_format_gets_the_genre_and_nothing_else_changes(song: Path) -> None:
    sound, others = packets(song), other_tags(song)
    assert genre_of(str(song)) == []
    (change,) = write(song, "Hip-Hop")
    assert (change.path, change.before, change.after) == (str(song), [], ["Hip-Hop"])
    assert genre_of(str(song)) == ["Hip-Hop"]
    assert other_tags(song) == others
    assert packets(song) == sound
    write(song, "Fado français", "Tanz 東京")
    assert genre_of(str(song)) == ["Fado français", "Tanz 東京"]
    write(song)
    assert genre_of(str(song)) == []
    assert other_tags(song) == others
    assert list(song.parent.iterdir()) == [song]


def test_every_frame_of_id3_is_kept_byte_for_byte_whatever_is_in_it(mp3: Path) -> None:
    """Text in no encoding, a frame that nobody knows, and the old tag at the end."""
    sound = mp3.read_bytes()
    sound = sound[ID3(mp3).size :] if sound.startswith(b"ID3") else sound
    sound = sound.removesuffix(sound[-128:] if sound[-128:].startswith(b"TAG") else b"")
    old = b"TAG" + b"\xcf\xf0\xe8\xe2\xe5\xf2".ljust(124, b"\0") + b"\x0c"  # a title in Windows-1251, genre 12
    for version in (3, 4):
        frames = [
            b"TPE1" + struct.pack(">LH", len(LOST), 0) + LOST,
            b"TIT2" + struct.pack(">LH", 7, 0) + b"\x00\xcf\xf0\xe8\xe2\xe5\xf2",
            b"XNYS" + struct.pack(">LH", 3, 0) + b"\x00\x01\x02",
        ]
        body = b"".join(frames)
        size = bytes((len(body) >> shift) & 0x7F for shift in (21, 14, 7, 0))
        mp3.write_bytes(b"ID3" + bytes((version, 0, 0)) + size + body + sound + old)
        before = mp3.read_bytes()
        (change,) = write(mp3, "Jazz")
        written = mp3.read_bytes()
        assert written[3] == version
        assert all(frame in written for frame in frames)
        assert written.endswith(sound + old)
        assert genre_of(str(mp3)) == ["Jazz"]
        assert change.before == []  # 12 is "Other", which old programs wrote for nothing
        write(mp3)
        assert mp3.read_bytes()[: len(before) - len(sound + old)][10:] == before[10 : len(before) - len(sound + old)]


def test_what_an_old_tag_alone_says_goes_into_the_new_one(mp3: Path) -> None:
    ID3(mp3).delete(mp3)
    mp3.write_bytes(mp3.read_bytes() + b"TAG" + b"Old title".ljust(124, b"\0") + b"\xff")
    write(mp3, "Jazz")
    assert str(ID3(mp3)["TIT2"]) == "Old title"
    assert mp3.read_bytes()[-128:].startswith(b"TAGOld title")


def test_a_tag_that_would_be_lost_is_left_alone(sounds: dict[str, Path], tmp_path: Path) -> None:
    song = copy(sounds, "flac", tmp_path)
    spoiled = song.read_bytes().replace(b"A title", b"\xcf\xf0\xe8\xe2\xe5\xf2!")
    song.write_bytes(spoiled)
    with pytest.raises(CannotTag, match="no valid UTF-8"):
        write(song, "Jazz")
    assert song.read_bytes() == spoiled


@pytest.mark.skipif(sys.platform == "win32", reason="rights and links as Unix has them")
def test_rights_links_and_times_are_kept(mp3: Path) -> None:
    mp3.chmod(0o640)
    os.utime(mp3, ns=(10**18, 10**18 + 7))
    link = mp3.parent / "link.mp3"
    link.symlink_to(mp3.name)
    write(link, "Jazz", keep_times=True)
    assert link.is_symlink()
    status = mp3.stat()
    assert (status.st_mode & 0o777, status.st_mtime_ns) == (0o640, 10**18 + 7)
    write(mp3, "Rock")
    assert mp3.stat().st_mtime_ns > 10**18 + 7


def test_a_read_only_file_is_left_alone(mp3: Path) -> None:
    mp3.chmod(0o444)
    before = mp3.read_bytes()
    with pytest.raises(CannotTag, match="read-only"):
        write(mp3, "Jazz")
    assert mp3.read_bytes() == before


@pytest.mark.skipif(sys.platform == "win32", reason="no limit of files there")
def test_the_old_file_stays_where_the_disk_is_full(song: Path) -> None:
    import resource

    before = song.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    noted: list[tags.Change] = []
    for room in (len(before) // 2, len(before)):
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, limits[1]))
        try:
            with pytest.raises(CannotTag, match="as it was"):
                write_genre(str(song), ["A genre that fills " + 100_000 * "x"], False, noted.append)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert song.read_bytes() == before
        assert list(song.parent.iterdir()) == [song]


def test_a_file_that_is_still_being_written_is_left_alone(mp3: Path) -> None:
    taken = os.stat(mp3)
    real = shutil.copystat

    def write_more(source: Any, target: Any) -> None:
        real(source, target)
        with mp3.open("ab") as file:
            file.write(b"more")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shutil, "copystat", write_more)
        with pytest.raises(CannotTag, match="another program"):
            write_genre(str(mp3), ["Jazz"], False, lambda change: None)
    assert mp3.stat().st_size == taken.st_size + 4


def tagger(folder: Path, **asked: Any) -> Tagger:
    plain = Tagging(write=True, replace=False, keep_times=False, undo=folder / "record")
    return Tagger(replace(plain, **asked), Console())


def answer(path: Path, verdict: Verdict = "genre") -> Any:
    return replace(made_answer(str(path)), verdict=verdict)


def test_nothing_is_written_unless_it_is_asked_for_twice_over(mp3: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = mp3.read_bytes()
    dry = tagger(mp3.parent, write=False)
    assert not dry.tag(answer(mp3))
    dry.finish()
    assert capsys.readouterr().err.splitlines() == [
        f"nystream: {mp3}: would be tagged Hip-Hop",
        "nystream: 1 file would be tagged: --write-tags=now does it",
    ]
    assert list(mp3.parent.iterdir()) == [mp3]
    wet = tagger(mp3.parent)
    for verdict in ("unsure", "silence", "cancelled"):
        assert not wet.tag(answer(mp3, verdict))
        assert mp3.read_bytes() == before
    assert wet.tag(answer(mp3))
    assert genre_of(str(mp3)) == ["Hip-Hop"]
    write(mp3, "Fado")
    assert not wet.tag(answer(mp3))
    assert genre_of(str(mp3)) == ["Fado"]
    assert tagger(mp3.parent, replace=True).tag(answer(mp3))
    assert genre_of(str(mp3)) == ["Hip-Hop"]
    text = mp3.parent / "a.mkv"
    text.write_bytes(b"\x1a\x45\xdf\xa3" + bytes(500))
    assert not wet.tag(answer(text))


def test_undo_puts_back_what_stood_there(
    sounds: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    songs = [copy(sounds, suffix, tmp_path) for suffix in ("mp3", "flac", "m4a", "ogg")]
    bare = tmp_path / "bare.mp3"
    bare.write_bytes(songs[0].read_bytes())
    ID3(bare).delete(bare)
    untouched = bare.read_bytes()
    write(songs[1], "Fado", "Morna")
    record, wet = tmp_path / "record", tagger(tmp_path, replace=True)
    for path in (*songs, bare):
        assert wet.tag(answer(path))
    assert wet.tag(replace(answer(songs[2]), genre="jazz"))  # again: the last is taken back first
    write(songs[0], "Polka")
    songs[3].unlink()
    assert not undo(record, False, Console())  # one is gone
    assert [genre_of(str(path)) for path in songs[:3]] == [["Polka"], ["Fado", "Morna"], []]
    assert bare.read_bytes() == untouched
    said = capsys.readouterr().err
    assert f"{songs[0]}: its genre is not the one that was written" in said
    assert said.endswith("nystream: 4 of 6 tags taken back\n")
    songs[3].write_bytes(sounds["ogg"].read_bytes())
    assert undo(record, False, Console())  # once more is no harm


def test_no_other_file_is_taken_for_an_undo_file(mp3: Path, tmp_path: Path) -> None:
    before = mp3.read_bytes()
    with pytest.raises(CannotRun, match="no undo file"):
        tagger(tmp_path, undo=mp3)
    with pytest.raises(CannotRun, match="cannot be written"):
        tagger(tmp_path, undo=tmp_path / "nowhere" / "record")
    assert mp3.read_bytes() == before
    for content in (before, b"{}\n", b"[1]\n"):
        (tmp_path / "other").write_bytes(content)
        with pytest.raises(CannotRun, match="no undo file"):
            undo(tmp_path / "other", False, Console())


def test_without_mutagen_one_sentence_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mutagen", None)
    for attempt in (lambda: tagger(tmp_path), lambda: undo(tmp_path / "record", False, Console())):
        with pytest.raises(CannotRun, match=r"pip install 'nystream\[tags\]'"):
            attempt()
