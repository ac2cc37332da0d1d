"""The bytes of a sound file or stream as FFmpeg gets to see them."""

from __future__ import annotations

import errno
import os
import re
import select
from tempfile import TemporaryFile
from typing import IO

READ_BYTES = 1 << 16  # at a time; also what a pipe holds
ID3_BYTES = 10  # the header of a tag before an MP3
HEAD_BYTES = 64  # what of a WAV tells its size, and of an MP3's first frame how many there are
OGG_PAGE_BYTES, OGG_HEADER_BYTES = 65_307, 27  # at most; without the lengths of its segments
PAGE_FLAGS = re.compile(rb"OggS\0(.)", re.DOTALL)
ENDLESS = 0x7FFF_F000  # what programs write for a size that they do not know yet, or more
# Of a frame of MPEG audio, by the index in its header.
MPEG_1_LAYER_2_KBITS = (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384)
MPEG_1_LAYER_3_KBITS = (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
MPEG_2_KBITS = (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
RIFF = (b"RIFF", b"RIFX", b"RF64", b"BW64")
BOXES = (b"ftyp", b"mdat", b"wide", b"free", b"skip")  # that an MP4 may begin with before its index


class SoundBytes:
    """What FFmpeg reads: the bytes of a file or pipe, without two things that it takes for more than they are.

    A tag (ID3) before the sound is skipped, for with pictures it may be longer than what FFmpeg looks at. And the size
    in an MP3's first frame (Xing) is made zero: FFmpeg compares it with the size of the file, which a pipe does not
    have, and then mistrusts how many samples the same frame states.

    Some formats may have at their end what says where everything is (MP4, CAF): of a pipe of these what has arrived is
    kept in a temporary file, until it is known that it is not needed.
    """

    name = ""  # for PyAV: FFmpeg would look at a suffix

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._position = file, 0
        self._recent = b""
        head = self._read_exactly(ID3_BYTES)
        self.empty = not head
        while head[:3] == b"ID3" and len(head) == ID3_BYTES:
            self._skip(sum((byte & 0x7F) << shift for byte, shift in zip(head[6:], (21, 14, 7, 0), strict=True)))
            head = self._read_exactly(ID3_BYTES)
        self._head, self.frames_stated, self.mp3_bytes = without_size(head + self._read_exactly(HEAD_BYTES - len(head)))
        self.is_rifx = self._head[:4] == b"RIFX"
        self.open_ended = is_open_ended(self._head)
        # Of a WAV FFmpeg looks at so many packets to see whether there is DTS in it: a frame of that is one packet.
        self.options = {"max_probe_packets": "8"} if self._head[:4] in RIFF else {}
        self._begin = file.tell() - len(self._head) if file.seekable() else 0
        self._kept: IO[bytes] | None = None
        if not file.seekable() and (self._head[4:8] in BOXES or self._head[:4] == b"caff"):
            self._kept = TemporaryFile()  # noqa: SIM115 (whoever takes the whole closes it)
            self._kept.write(self._head)

    @property
    def size(self) -> int:
        """In bytes; 0 for a pipe."""
        if not self._file.seekable():
            return 0
        here = self._file.tell()
        size = self._file.seek(0, os.SEEK_END) - self._begin
        self._file.seek(here)
        return size

    def read(self, size: int) -> bytes:
        """Whatever has arrived of `size` bytes, READ_BYTES at most: damaged sizes make FFmpeg ask for gigabytes, and
        Python makes room for all of them first.
        """
        if self._position < len(self._head):
            arrived = self._head[self._position : self._position + size]
        else:
            arrived = self._arrived(min(size, READ_BYTES))
            if self._kept is not None:
                self._kept.write(arrived)
        self._position += len(arrived)
        if self.is_ogg:
            self._recent = (self._recent + arrived)[-OGG_PAGE_BYTES:]
        return arrived

    def seekable(self) -> bool:
        return self._file.seekable()

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        if whence == os.SEEK_CUR:
            offset += self._position
        elif whence == os.SEEK_END:
            offset += self._file.seek(0, os.SEEK_END) - self._begin
        if offset < 0:  # a damaged file sends FFmpeg anywhere
            return -errno.EINVAL
        try:
            self._file.seek(self._begin + max(offset, len(self._head)))
        except (OSError, OverflowError):
            return -errno.EINVAL
        self._position = offset
        return offset

    def whole(self) -> IO[bytes] | None:
        """All that was and will be in the pipe, where it is kept. Waits for its end."""
        kept, self._kept = self._kept, None
        if kept is not None:
            while arrived := self._arrived(READ_BYTES):
                kept.write(arrived)
            kept.seek(0)
        return kept

    def forget(self) -> None:
        """Keep no more of it."""
        if self._kept is not None:
            self._kept.close()
            self._kept = None

    def end_of_ogg(self) -> bool:
        """Whether what was read last ends in the last page of an Ogg stream."""
        page = self._recent[max(0, self._recent.rfind(b"OggS")) :]
        if len(page) < OGG_HEADER_BYTES:
            return False
        segments = page[OGG_HEADER_BYTES:][: page[26]]
        is_last = bool(page[5] & 4)
        return is_last and len(page) >= OGG_HEADER_BYTES + len(segments) + sum(segments)

    @property
    def is_ogg(self) -> bool:
        return self._head[:4] == b"OggS"

    def is_chained_ogg(self) -> bool:
        """Whether an Ogg file has a first page behind one that is none. Reads all of it, at about a gigabyte a second.

        After a seek in such a file FFmpeg gives nothing of the pieces behind the first.
        """
        if not self.is_ogg or not self._file.seekable():
            return False
        here = self._file.tell()
        self._file.seek(self._begin)
        chained = begun = False
        before = b""
        while not chained and (arrived := self._arrived(READ_BYTES)):
            for flags in PAGE_FLAGS.findall(before + arrived):
                is_first = bool(flags[0] & 2)
                chained = chained or (is_first and begun)
                begun = begun or not is_first
            before = arrived[-5:]  # less than what is looked for
        self._file.seek(here)
        return chained

    def _arrived(self, size: int) -> bytes:
        while (arrived := self._file.read(size)) is None:  # from a pipe that somebody has set not to block
            select.select([self._file], [], [])
        return arrived

    def _read_exactly(self, size: int) -> bytes:
        content = b""
        while len(content) < size and (arrived := self._arrived(size - len(content))):
            content += arrived
        return content

    def _skip(self, size: int) -> None:
        while size > 0 and (arrived := self._arrived(min(size, READ_BYTES))):
            size -= len(arrived)


def without_size(head: bytes) -> tuple[bytes, bool, int]:
    """The first bytes of an MP3 with the size in their tag (Xing) made zero, whether it has the number of frames, and
    that size. Anything else is as it was.
    """
    for place in (13, 21, 36):  # behind the side information, which is shorter for one channel and for MPEG-2
        if head[:1] == b"\xff" and head[place : place + 4] in (b"Xing", b"Info"):
            flags = int.from_bytes(head[place + 4 : place + 8], "big")
            size = place + 8 + (4 if flags & 1 else 0)
            if not flags & 2:
                return head, bool(flags & 1), 0
            stated = int.from_bytes(head[size : size + 4], "big")
            return head[:size] + bytes(4) + head[size + 4 :], bool(flags & 1), stated
    return head, False, 0


def is_open_ended(head: bytes) -> bool:
    """Whether these are the first bytes of a WAV whose size nobody has filled in: it was written into a pipe, or is a
    recording that was not ended.
    """
    if head[:4] in (b"RF64", b"BW64"):
        size = int.from_bytes(head[20:28], "little")
        return size == 0 or size >> 62 != 0
    size = int.from_bytes(head[4:8], "big" if head[:4] == b"RIFX" else "little")
    return head[:4] in (b"RIFF", b"RIFX") and (size == 0 or size >= ENDLESS)


def mpeg_frame_bytes(head: bytes) -> int:
    """The length of the frame of MPEG audio, layer II or III, that begins with these four bytes; 0 if none does.

    After ISO 11172-3 and 13818-3.
    """
    header = int.from_bytes(head, "big")
    version, layer, index = header >> 19 & 3, 4 - (header >> 17 & 3), header >> 12 & 15
    if header >> 21 != 0x7FF or version == 1 or layer not in (2, 3) or header >> 10 & 3 == 3 or not 0 < index < 15:
        return 0
    rate = (44_100, 48_000, 32_000)[header >> 10 & 3] // {3: 1, 2: 2, 0: 4}[version]
    kbits = (MPEG_2_KBITS if version != 3 else MPEG_1_LAYER_2_KBITS if layer == 2 else MPEG_1_LAYER_3_KBITS)[index - 1]
    samples = 576 if layer == 3 and version != 3 else 1152
    return samples // 8 * 1000 * kbits // rate + (header >> 9 & 1)
