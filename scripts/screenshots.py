"""Pictures of the real window in every state, mode, size and theme.

    python3 scripts/screenshots.py FOLDER [--microphone]
    python3 scripts/screenshots.py --docs

The window listens to the demo's music for a while; then every state is shown and saved in both themes and
in the sizes of its mode: a window at 1280x800 and 900x600, a presentation at 1280x720, 1920x1080 and 3840x2160. With
--docs only the pictures that the documentation uses are made, into docs/images. The window opens on the platform named
in QT_QPA_PLATFORM, or without a screen where there is none.

That the ordinary model cannot keep up is shown by a time that is made up (SLOW_NANOSECONDS): on most computers it can,
even at five minutes. With --microphone the sound server's default source is heard, muted, suspended and taken away, so
give it a virtual one:

    python3 -m tests.virtual_microphone python3 scripts/screenshots.py FOLDER --microphone
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from scripts.preparation import CHECKOUT, TO_WATCH, run_within_environment

run_within_environment(("train",), (*TO_WATCH, "PIL"))  # matplotlib, of `train`, brings PIL

import numpy as np
from PIL import Image
from PySide6.QtCore import QSize
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication, QDialog, QWidget

from app.cli.window import make_session
from app.demo.instruments import SAMPLE_RATE
from app.demo.pieces import PIECES
from app.live.session import LiveSession
from app.stream.snapshot import WINDOW_CHOICES, StepTimes
from app.stream.weights import default_weights
from app.window.launch import ThemeChoice
from app.window.live.places import Mode
from app.window.main import MainWindow
from app.window.opening import start_qt, wear
from app.window.theme import Theme
from app.window.tour.captions import STEPS
from model import WeightsError
from scripts.encode import encode

ON_X11_OR_WAYLAND = sys.platform not in ("win32", "darwin")
SIZES = (QSize(1280, 800), QSize(900, 600))
PRESENTATION_SIZES = (QSize(1920, 1080), QSize(1280, 720), QSize(3840, 2160))
THEMES: tuple[ThemeChoice, ...] = ("dark", "light")
FOR_DOCS = {
    ("live", 0, "dark"): "window",
    ("live", 0, "light"): "window-light",
    ("details", 0, "dark"): "details",
    ("presentation", 1, "dark"): "presentation",
    ("files", 0, "dark"): "files",
}
LAYOUTS: tuple[Mode, ...] = ("story", "presentation")
SLOW_NANOSECONDS = 122e6
DEFAULT_SOURCE = "@DEFAULT_SOURCE@"
DEMO_SECONDS, FILES_SECONDS = 33.0, 120.0
COLOURS = 256  # of a picture


def main() -> int:
    arguments = parse_arguments()
    if ON_X11_OR_WAYLAND and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    try:
        session = make_session(default_weights())
    except WeightsError as error:
        print(f"screenshots: {error}", file=sys.stderr)
        return 1
    application = start_qt()
    theme = Theme("dark")
    wear(application, theme)
    window = MainWindow(session, theme)
    window.show()
    session.models.complete()
    # While it searches for microphones PortAudio keeps the whole process from writing to standard error.
    live_for(30.0, lambda: session.devices is not None)
    folder = CHECKOUT / "docs" / "images" if arguments.docs else arguments.folder
    folder.mkdir(parents=True, exist_ok=True)
    chosen = microphone_states(window, session) if arguments.microphone else states(window, session, arguments.docs)
    for name, shown in chosen:
        presents = window.live.mode == "presentation" and window.pages.currentIndex() == 0
        window.menus.bar.setVisible(not presents)
        for (number, size), choice in product(enumerate(PRESENTATION_SIZES if presents else SIZES), THEMES):
            saved_as = f"{name}-{choice}-{size.width()}x{size.height()}"
            if arguments.docs and not (saved_as := FOR_DOCS.get((name, number, choice), "")):
                continue
            window.resize(size)
            window.choose_theme(choice)
            live_for(0.4)
            save(shown.grab().toImage(), folder / f"{saved_as}.png")
    window.ends_unasked = True  # what was recorded for a picture is not to be saved
    window.close()
    session.close()
    return 0


def states(window: MainWindow, session: LiveSession, for_docs: bool) -> Iterator[tuple[str, QWidget]]:
    """One after another: its name, and the widget that shows it."""
    live = window.live
    yield "start", window
    window.demo()
    window.tour.end()
    live_for(DEMO_SECONDS)
    yield "live", window
    others: tuple[Mode, ...] = ("details", "presentation")
    for mode in others:
        live.show_mode(mode)
        yield mode, window
    live.show_mode("story")
    with tempfile.TemporaryDirectory() as folder:
        if not for_docs:
            yield from more_states(window, session, Path(folder))
        for piece in PIECES:
            encode(Path(folder) / f"{piece.name}.flac", "flac", piece.make()[:, np.newaxis], SAMPLE_RATE)
        (Path(folder) / "Not a song.mp3").write_text("not sound")
        window.take([folder])
        live_for(FILES_SECONDS, lambda: len(window.files.table.answers()) == len(PIECES))
        live_for(1.0)
        yield "files", window


def more_states(window: MainWindow, session: LiveSession, folder: Path) -> Iterator[tuple[str, QWidget]]:
    """Those that the documentation does not show."""
    live = window.live
    live.toggle_freeze()
    yield "frozen", window
    live.go_live()
    window.set_recording(True)
    live_for(6.0)
    yield "recording", window
    live.show_mode("presentation")
    yield "presentation-recording", window
    window.set_recording(False)
    live.controls.change_length(len(WINDOW_CHOICES))
    live_for(12.0)
    yield "presentation-5-minutes", window
    live.show_mode("story")
    yield "5-minutes", window
    # As on a computer on which the ordinary model takes more than there is time; how it is here was shown before.
    measured, model = session.models.full_twin, session.models.description
    session.models.full_twin = StepTimes(model.window_seconds, {model.choice.key: SLOW_NANOSECONDS})
    for mode in LAYOUTS:
        live.show_mode(mode)
        live_for(0.5)
        yield f"cannot-keep-up-{mode}", window
    session.models.full_twin = measured
    live.show_mode("story")
    live.controls.change_length(-3)
    live_for(4.0)
    for mode in LAYOUTS:
        live.show_mode(mode)
        for number, step in enumerate(STEPS):
            window.tour.go()
            window.tour.go(number)
            live_for(min(step.seconds, 8.0) if step.change else 0.5)
            yield f"tour-{mode}-{number + 1}", window
        window.tour.end()
    live.show_mode("story")
    window.live.explanation.show_beside(live.badge)
    yield "explained", window.live.explanation
    window.live.explanation.hide()
    for name in ("keys", "about"):
        window.menus.actions[name].trigger()
        sheet = window.findChild(QDialog, name)
        assert sheet is not None
        yield name, sheet
        sheet.close()
    window.show_page(1)
    yield "files-empty", window
    music, song = PIECES[0].make()[: 8 * SAMPLE_RATE, np.newaxis], folder / "song.wav"
    window.play(encode(song, "pcm_s16le", music, SAMPLE_RATE))
    live_for(4.0)
    live.player.toggle_pause()
    live_for(0.5)
    yield from stale(window, "paused")
    live.player.toggle_pause()
    live_for(8.0)
    yield from stale(window, "ended")
    music[4 * SAMPLE_RATE :] = 0.0
    window.play(encode(song, "pcm_s16le", music, SAMPLE_RATE))
    live_for(6.0)
    yield from stale(window, "zeros")
    window.demo()
    window.tour.end()
    live_for(4.0)
    live.source_bar.listen.click()
    live_for(0.5)
    yield from stale(window, "stopped")
    window.play(Path("gone.wav"))
    live_for(3.0)
    yield "failed", window
    song.unlink()


def microphone_states(window: MainWindow, session: LiveSession) -> Iterator[tuple[str, QWidget]]:
    """Of a microphone of which something becomes in the middle of the music."""
    modules = dict(line.split("\t")[:2] for line in pactl("list", "short", "modules").splitlines())
    source = next(number for number, name in modules.items() if name == "module-remap-source")
    choices = () if session.devices is None else session.devices.choices
    microphone = next(one for one in choices if not (one.is_default or "system sound" in one.label))
    with tempfile.TemporaryDirectory() as folder:
        music = np.concatenate([piece.make() for piece in PIECES] * 3)[:, np.newaxis]
        path = encode(Path(folder) / "music.wav", "pcm_s16le", music, SAMPLE_RATE)
        with subprocess.Popen(["paplay", str(path)]) as playing:
            window.listen(microphone.key)
            for name, undo, *change in (
                ("microphone", ()),
                ("muted", ("set-source-mute", DEFAULT_SOURCE, "0"), "set-source-mute", DEFAULT_SOURCE, "1"),
                ("stalled", ("suspend-source", DEFAULT_SOURCE, "0"), "suspend-source", DEFAULT_SOURCE, "1"),
                ("gone", (), "unload-module", source),
            ):
                live_for(8.0)
                if change:
                    pactl(*change)
                    live_for(3.0)
                yield from stale(window, name)
                if undo:
                    pactl(*undo)
            playing.terminate()


def pactl(*command: str) -> str:
    """Ask the sound server."""
    return subprocess.run(["pactl", *command], check=True, capture_output=True, text=True).stdout


def stale(window: MainWindow, name: str) -> Iterator[tuple[str, QWidget]]:
    """What is of the past, in both layouts."""
    for mode in LAYOUTS:
        window.live.show_mode(mode)
        yield f"{name}-{mode}", window
    window.live.show_mode("story")


def live_for(seconds: float, until: Callable[[], bool] = lambda: False) -> None:
    """Let the window live so long, or until something is true."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and not until():
        QApplication.processEvents()
        time.sleep(0.005)


def save(image: QImage, path: Path) -> None:
    """As a PNG of at most 256 colours: a third of the size, and nobody sees it."""
    if not image.save(str(path)):
        raise SystemExit(f"screenshots: {path} cannot be written: choose a folder that is there.")
    whole = Image.open(path).convert("RGB")
    whole.quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", metavar="FOLDER", help="where the pictures go")
    parser.add_argument("--docs", action="store_true", help="make those of the documentation, into docs/images")
    parser.add_argument("--microphone", action="store_true", help="the states of a microphone, instead of all others")
    arguments = parser.parse_args()
    if arguments.folder is None and not arguments.docs:
        parser.error("name a FOLDER, or add --docs")
    return arguments


if __name__ == "__main__":
    sys.exit(main())
