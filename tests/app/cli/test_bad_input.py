"""Whatever is named, the answer is an answer or one clear line."""

from __future__ import annotations

import os
import shutil
import struct
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.app.cli.shell import Shell
from tests.app.made_music import made_music

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="names and links as Unix has them")


def wav_header(rate: int, channels: int, samples: bytes) -> bytes:
    """A WAV file that says so of itself."""
    form = struct.pack("<HHIIHH", 1, channels, rate, (rate * channels * 2) % 2**32, (channels * 2) % 2**16, 16)
    return (
        b"RIFF"
        + struct.pack("<I", 36 + len(samples))
        + b"WAVEfmt "
        + struct.pack("<I", 16)
        + form
        + (b"data" + struct.pack("<I", len(samples)) + samples)
    )


def make_silent_video(path: Path) -> None:
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv420p"
        for _ in range(5):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8))))
        container.mux(stream.encode(None))


def test_one_bad_file_after_another_gets_one_line_each(shell: Shell) -> None:
    folder, music = shell.folder, made_music(2.0, 44_100)
    for suffix in ("mp3", "flac", "wav"):
        soundfile.write(folder / f"whole.{suffix}", music, 44_100)
        content = (folder / f"whole.{suffix}").read_bytes()
        (folder / f"cut.{suffix}").write_bytes(content[: len(content) // 2])
    (folder / "empty.wav").touch()
    (folder / "text.wav").write_text("this is a text, not a sound\n" * 50)
    (folder / "self.wav").symlink_to("self.wav")
    make_silent_video(folder / "video.mp4")
    (folder / "500 channels.wav").write_bytes(wav_header(22_050, 500, bytes(6_000_000)))
    (folder / "1 Hz.wav").write_bytes(wav_header(1, 1, bytes(200_000)))
    (folder / "4 GHz.wav").write_bytes(wav_header(4_000_000_000, 1, bytes(200_000)))
    soundfile.write(folder / "10 ms.wav", np.ones(220) / 2, 22_050)
    soundfile.write(folder / "100 ms.wav", music[:800], 8_000)
    soundfile.write(folder / "line\nend.wav", music, 44_100)
    soundfile.write(folder / "bytes.flac", music, 44_100)
    odd = b"\xff\xfe.flac" if sys.platform == "linux" else "\N{SNOWMAN}.flac".encode()  # macOS has only UTF-8
    os.rename(folder / "bytes.flac", os.path.join(os.fsencode(folder), odd))
    good = ["cut.mp3", "cut.wav", "cut.flac", "500 channels.wav", "100 ms.wav", "line\nend.wav"]
    bad = ["empty.wav", "text.wav", "self.wav", "video.mp4", "1 Hz.wav", "4 GHz.wav", "10 ms.wav"]
    bad += ["/dev/zero", "none.wav"]
    paths = " ".join(f"$'{name}'".replace("\n", "\\n") for name in [*good, *bad])
    typed = "".join(f"\\x{byte:02x}" for byte in odd)
    done = shell.run(f"nystream classify {paths} $'{typed}'")
    assert done.returncode == 1
    answered = [line.rpartition(": ")[0] for line in done.stdout.splitlines()]
    shown = os.fsdecode(odd).encode("utf-8", "backslashreplace").decode()
    assert answered == [*(name.replace("\n", "\\n") for name in good), shown]
    said = done.stderr.splitlines()
    early = [line for line in said if "it ends early" in line]
    assert [line.removeprefix("nystream: ").partition(": ")[0] for line in early] == good[:3]
    said = [line for line in said if line not in early]
    assert [line.removeprefix("nystream: ").partition(": ")[0] for line in said] == bad
    assert not [line for line in said if "program failed" in line]


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="setpriv is not installed")
def test_a_file_that_may_not_be_read_is_named(shell: Shell, library: Path) -> None:
    """Root may read everything, so it gives that right up first."""
    (library / "rock/song.wav").chmod(0)
    (library / "jazz").chmod(0)
    rights = "-dac_override,-dac_read_search"
    forbidden = f"setpriv --bounding-set {rights} --inh-caps {rights}" if os.geteuid() == 0 else ""
    done = shell.run(f"{forbidden} nystream classify -r music music/rock/song.wav")
    (library / "jazz").chmod(0o755)
    assert done.returncode == 1
    assert [line.partition(":")[0] for line in done.stdout.splitlines()] == ["music/rock/live/song.wav"]
    said = [line.removeprefix("nystream: ").partition(": ")[0] for line in done.stderr.splitlines()]
    assert said == ["music/jazz", "music/rock/song.wav", "music/rock/song.wav"]
    assert all("permission" in line for line in done.stderr.splitlines())


def test_memory_does_not_grow_with_length(shell: Shell) -> None:
    peaks = []
    for minutes in (2, 12):
        with soundfile.SoundFile(shell.folder / f"{minutes}.wav", "w", 22_050, 1, "PCM_U8") as file:
            for _ in range(minutes):
                file.write(np.zeros(60 * 22_050, np.float32))
        measured = (
            "import resource, sys; from app.cli.main import main; code = main(sys.argv[1:]);"
            "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr); sys.exit(code)"
        )
        done = shell.run(f"'{sys.executable}' -c '{measured}' classify {minutes}.wav -o {minutes}.json --format json")
        assert done.returncode == 0, done.stderr
        peaks.append(int(done.stderr))
    unit = 1 if sys.platform == "darwin" else 1024
    assert unit * (peaks[1] - peaks[0]) < 40e6  # bytes; the longer file is 16 MB as it lies there and 64 MB as samples
