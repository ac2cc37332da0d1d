"""The genre as a tag in the file itself, by mutagen: what would be written, writing it, and taking it back.

A file is never changed where it lies. Its copy beside it gets the tag and takes its place when all is on the disk, so a
full disk, a crash or a fault in a tag leave the file as it was. Only a genre is written: the frames of ID3v2.3 and 2.4
and the whole of ID3v1 are kept byte for byte, tags of other kinds as mutagen reads and writes them, sound untouched.

What is written is noted before in an undo file of JSON lines: the path, what stood there `before` (a list, empty for
nothing) and `after`, and whether the file had any tags. `undo` goes through them from the last to the first and puts
back what stood there, where the genre is still the one that was written.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import IO, Any

from app.files.answer import FileAnswer
from app.files.console import Console
from app.files.inputs import STANDARD_INPUT, is_device, is_pipe
from app.files.output import WholeFile
from app.files.pool import CannotRun
from app.text import to_json
from model import GTZAN_GENRES

UNDO_FILE = "nystream-tags.undo"
SPELLED = {genre: genre.capitalize() for genre in GTZAN_GENRES} | {"hiphop": "Hip-Hop"}  # as taggers spell them
KEYS = {"MP4Tags": "\xa9gen", "APEv2": "Genre", "ASFTags": "WM/Genre"}  # by the tags' class; others: Vorbis comments
ID3V1_BYTES = 128


class CannotTag(Exception):  # noqa: N818
    """Of one file: one sentence for the user."""


@dataclass(frozen=True)
class Change:
    """What was written into a file, and what stood there."""

    path: str  # absolute
    before: list[str]
    after: list[str]
    tagged: bool  # whether it had tags of any kind


@dataclass(frozen=True)
class Tagging:
    """What was asked for."""

    write: bool  # or only say what would be
    replace: bool  # a genre that is there, too
    keep_times: bool
    undo: Path


class Tagger:
    """Of one run. Raises CannotRun."""

    def __init__(self, asked: Tagging, console: Console) -> None:
        self._asked, self._console = asked, console
        self._count = 0
        _need_mutagen()
        if not asked.write:
            return
        try:
            _append(asked.undo, b"")  # before anything is tagged
            with asked.undo.open("rb") as file:
                if first := file.readline():
                    _read_change(first)
        except OSError as error:
            raise CannotRun(f"{asked.undo} cannot be written ({error.strerror}): name another file by --undo") from None
        except ValueError:
            raise CannotRun(f"{asked.undo} is no undo file: name another one by --undo") from None

    def tag(self, answer: FileAnswer) -> bool:
        """Whether the file is another one now. Raises CannotTag."""
        if answer.path == STANDARD_INPUT or is_pipe(answer.path) or is_device(answer.path):
            return False
        if answer.verdict != "genre":
            return self._leave(answer.path, answer.verdict)
        genre = [SPELLED.get(answer.genre, answer.genre)]
        before = genre_of(answer.path)
        if before is None:
            return self._leave(answer.path, "its format has no tags that can be written")
        if before == genre or (before and not self._asked.replace):
            return self._leave(answer.path, f"it has the genre {', '.join(before)}")
        if self._asked.write:
            write_genre(answer.path, genre, self._asked.keep_times, self._note)
        self._console.note(f"{answer.path}: {'tagged' if self._asked.write else 'would be tagged'} {genre[0]}")
        self._count += 1
        return self._asked.write

    def finish(self) -> None:
        """Say how many, and what can be done now."""
        files = f"{self._count} file{'' if self._count == 1 else 's'}"
        if self._asked.write and self._count:
            self._console.note(f"{files} tagged: nystream classify --undo {self._asked.undo} takes it back")
        elif self._count:
            self._console.note(f"{files} would be tagged: --write-tags=now does it")

    def _leave(self, path: str, why: str) -> bool:
        self._console.note(f"{path}: no tag is written, {why}")
        return False

    def _note(self, change: Change) -> None:
        _append(self._asked.undo, to_json(asdict(change)).encode() + b"\n")


def _need_mutagen() -> None:
    """Raises CannotRun."""
    try:
        import_module("mutagen")  # an extra: it may not be there
    except ImportError:
        raise CannotRun("mutagen is not installed: pip install 'nystream[tags]'") from None


def _append(path: Path, line: bytes) -> None:
    """Safe on the disk, whole or not at all. Raises OSError."""
    with path.open("ab", buffering=0) as file:
        end = file.seek(0, os.SEEK_END)
        try:
            if file.write(line) < len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(file.fileno())
        except OSError:
            file.truncate(end)
            raise


def _read_change(line: bytes) -> Change:
    """Raises ValueError for anything but a line of an undo file."""
    try:
        return Change(**json.loads(line))
    except TypeError:
        raise ValueError("this is no change of a tag") from None


def genre_of(path: str) -> list[str] | None:
    """The genres that a file is tagged with; None where its format has no tags. Raises CannotTag."""
    with _sentences("its tags cannot be read"):
        kind = _kind(path)
        if kind is None:
            return None
        with open(path, "rb") as file:
            return _genres(_load(file, kind).tags)


def write_genre(path: str, genres: list[str], keep_times: bool, note: Callable[[Change], None]) -> None:
    """Put these in place of those that are there; none: take them away. `note` is told before it takes effect.

    The rights, owner and extended attributes of the file are kept, and a link leads where it did; only a hard link
    becomes a file of its own. Raises CannotTag, and the file is as it was.
    """
    _rewrite(path, keep_times, lambda copy, kind: note(_set_genre(copy, kind, path, genres)))


def undo(record: Path, keep_times: bool, console: Console) -> bool:
    """Put back what stood there; returns whether nothing failed. Raises CannotRun."""
    _need_mutagen()
    try:
        changes = [_read_change(line) for line in record.read_bytes().splitlines()]
    except OSError as error:
        raise CannotRun(f"{record} cannot be read ({error.strerror}): name the undo file") from None
    except ValueError:
        raise CannotRun(f"{record} is no undo file: name the one that was said when tags were written") from None
    failed = done = 0
    for change in reversed(changes):
        try:
            if genre_of(change.path) != change.after:
                console.note(f"{change.path}: its genre is not the one that was written, it is left alone")
                continue
            _rewrite(change.path, keep_times, partial(_take_back, change=change))
            done += 1
        except CannotTag as error:
            failed += 1
            console.error(f"{change.path}: {error}")
    console.note(f"{done} of {len(changes)} tags taken back")
    return not failed


def _rewrite(path: str, keep_times: bool, change: Callable[[IO[bytes], type[Any]], object]) -> None:
    """Have a copy changed and put in the place of a file. Raises CannotTag."""
    with _sentences("the tag cannot be written, the file is as it was"):
        status = os.stat(path)
        if not (os.access(path, os.W_OK) and status.st_mode & 0o222):
            raise CannotTag("the file is read-only, its tags are as they were: allow writing, and try again")
        kind = _kind(path)
        assert kind is not None  # it has been looked at
        with open(path, "rb") as original, WholeFile(Path(path), binary=True) as whole:
            shutil.copyfileobj(original, whole.stream, 1 << 20)
            change(whole.stream, kind)
            whole.stream.flush()
            shutil.copystat(path, whole.stream.name)
            if not keep_times:
                os.utime(whole.stream.name)
            now = os.stat(path)
            if (now.st_size, now.st_mtime_ns) != (status.st_size, status.st_mtime_ns):
                raise CannotTag("another program is writing the file, its tags are as they were: try again")
            whole.commit()


@contextmanager
def _sentences(what: str) -> Iterator[None]:
    """Whatever goes wrong within with one file's tags is CannotTag: the others are still done."""
    try:
        yield
    except CannotTag:
        raise
    except Exception as error:  # of mutagen, which is not always in its own words
        cause = error.args[0] if error.args and isinstance(error.args[0], OSError) else error
        if isinstance(cause, OSError):
            raise CannotTag(f"{what} ({cause.strerror or cause}): make room, or check its permissions") from None
        raise CannotTag(f"{what} ({error or type(error).__name__}): check its tags with a tag editor") from None


def _set_genre(copy: IO[bytes], kind: type[Any], path: str, genres: list[str]) -> Change:
    tagged = _load(copy, kind)
    change = Change(os.path.abspath(path), _genres(tagged.tags), genres, tagged.tags is not None)
    if tagged.tags is None:
        tagged.add_tags()
    _save(tagged, copy, genres)
    return change


def _take_back(copy: IO[bytes], kind: type[Any], change: Change) -> None:
    tagged = _load(copy, kind)
    _save(tagged, copy, change.before)
    if not change.tagged and not tagged.tags:
        copy.seek(0)
        if type(tagged.tags) is import_module("mutagen.id3").ID3:
            tagged.tags.delete(copy, delete_v1=False)
        else:
            tagged.delete(copy)


def _kind(path: str) -> type[Any] | None:
    """mutagen's class for a file; None where its format has no tags."""
    tagged = import_module("mutagen").File(path)
    if tagged is not None and tagged.tags is None:
        try:
            tagged.add_tags()
        except Exception:  # each format without any says it in its own way
            return None
    return None if tagged is None else type(tagged)


def _load(file: IO[bytes], kind: type[Any]) -> Any:
    """What mutagen knows of a file; of ID3v1 only where it is alone."""
    file.seek(0)
    tagged = kind(file)
    id3 = import_module("mutagen.id3").ID3
    if type(tagged.tags) is id3 and tagged.tags.size:
        file.seek(0)
        tagged.tags = id3(file, load_v1=False)
    return tagged


def _genres(tags: Any) -> list[str]:
    """As they are written, but for empty ones."""
    if tags is None:
        return []
    if _is_id3(tags):
        texts = [text for frame in tags.getall("TCON") for text in frame.text]
    else:
        texts = list(tags.get(_key(tags), []))
    return [text for text in map(str, texts) if text.strip()]


def _is_id3(tags: Any) -> bool:
    return isinstance(tags, import_module("mutagen.id3").ID3)


def _key(tags: Any) -> str:
    return KEYS.get(type(tags).__name__, "genre")


def _save(tagged: Any, copy: IO[bytes], genres: list[str]) -> None:
    """Write these into the tags that were read from the copy."""
    if _is_id3(tagged.tags):
        _save_id3(tagged, copy, genres)
        return
    tags = tagged.tags
    if hasattr(tags, "vendor") and any("\ufffd" in f"{key}{value}" for key, value in tags):  # Vorbis comments
        raise CannotTag("a tag in it is no valid UTF-8 and would be lost: repair it with a tag editor")
    if genres:
        tags[_key(tags)] = genres
    else:
        with suppress(KeyError):
            del tags[_key(tags)]
    copy.seek(0)
    tagged.save(copy)


class _KeptFrame:
    """Instead of mutagen's classes: it keeps the bytes of a frame that it cannot read."""

    @classmethod
    def _fromData(cls, *_: object) -> None:  # noqa: N802
        raise NotImplementedError


def _save_id3(tagged: Any, copy: IO[bytes], genres: list[str]) -> None:
    """The frames of an ID3v2.3 or 2.4 tag but the genre are kept as they are, whatever is in them; so is ID3v1."""
    id3 = import_module("mutagen.id3")
    tags = tagged.tags
    version = tags.version[1] if tags.size else 4
    if tags.size and (version == 3 or (version == 4 and not tags.f_unsynch)):
        copy.seek(0)
        known = dict.fromkeys(id3.Frames, _KeptFrame) | {"TCON": id3.TCON}
        tags = type(tags)(copy, known_frames=known, translate=False, load_v1=False)
    version = 3 if version == 3 else 4
    plain = all(genre.isascii() for genre in genres)
    tags.delall("TCON")
    if genres:
        tags.add(id3.TCON(encoding=0 if plain else 1, text=genres))
    copy.seek(max(0, copy.seek(0, os.SEEK_END) - ID3V1_BYTES))
    old = copy.read()
    copy.seek(0)
    tags.save(copy, v2_version=version)
    if type(tags) is id3.ID3 and old.startswith(b"TAG"):
        copy.seek(-ID3V1_BYTES, os.SEEK_END)  # mutagen has made it anew from what it knows
        copy.write(old)
    tagged.tags = tags
