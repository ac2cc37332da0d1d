"""The real command on a real X screen, which the test starts: seen, and ended by a signal."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import soundfile
from PySide6.QtCore import QRect
from PySide6.QtGui import QColor, QImage

from app.window.live.places import places
from app.window.theme import scale_for
from tests.app.made_music import made_music
from tests.virtual_microphone import SAMPLE_RATE, VirtualMicrophone

CHECKOUT = Path(__file__).resolve().parents[3]
WIDTH, HEIGHT = 1280, 800  # the screen is as large as the window: without a window manager they coincide
MENU_BAR = 34  # pixels above the live page, about
PATIENCE = 120.0  # seconds; only a fault takes so long
TAKE_PICTURE = """
import sys
from PySide6.QtGui import QGuiApplication
application = QGuiApplication([])
sys.exit(not application.primaryScreen().grabWindow(0).save(sys.argv[1]))
"""


@pytest.fixture(scope="module")
def on_screen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment of programs that are to open on an X screen of our own, and keep their settings there."""
    if shutil.which("Xvfb") is None:
        pytest.skip("not installed: Xvfb (Debian: xvfb)")
    command = ["Xvfb", "-displayfd", "1", "-screen", "0", f"{WIDTH}x{HEIGHT}x24", "-nolisten", "tcp"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        assert server.stdout is not None
        display = server.stdout.readline().strip()
        if not display:
            pytest.skip("Xvfb does not start here")
        paths = os.pathsep.join(filter(None, (str(CHECKOUT), os.environ.get("PYTHONPATH"))))
        own = {"DISPLAY": f":{display}", "QT_QPA_PLATFORM": "xcb", "PYTHONPATH": paths}
        home = str(tmp_path_factory.mktemp("home"))
        yield os.environ | own | {"XDG_CONFIG_HOME": home, "XDG_STATE_HOME": home}
        server.terminate()


def screen(environment: dict[str, str], path: Path) -> QImage:
    """What the screen shows."""
    subprocess.run([sys.executable, "-c", TAKE_PICTURE, str(path)], env=environment, check=True, timeout=PATIENCE)
    return QImage(str(path))


def panels() -> list[QRect]:
    """What must be alive; of the sound a piece of the last seconds, without its title and its axes."""
    height = HEIGHT - MENU_BAR
    place = places(WIDTH, height, scale_for(WIDTH, height))
    newest = place["timeline"].adjusted(place["timeline"].width() - 120, 60, -30, -60)
    return [panel.translated(0, MENU_BAR) for panel in (place["now"], place["answers"], newest, place["story"])]


def is_alive(picture: QImage, panel: QRect) -> bool:
    """Many colours, and a bright one among them: neither blank nor under the veil of the invitation."""
    spots = [
        QColor(picture.pixel(x, y))
        for x in range(panel.left(), panel.right(), 2)
        for y in range(panel.top(), panel.bottom(), 2)
    ]
    return len({spot.rgb() for spot in spots}) > 20 and max(spot.lightness() for spot in spots) > 120


def test_a_file_fills_every_panel_and_a_signal_ends_the_command(on_screen: dict[str, str], tmp_path: Path) -> None:
    song = tmp_path / "song.wav"
    soundfile.write(song, made_music(seconds=PATIENCE), 22_050)
    fill_and_end(on_screen, tmp_path, signal.SIGINT, "--play", str(song))


def test_the_demo_needs_nothing_and_hears_itself(on_screen: dict[str, str], tmp_path: Path) -> None:
    fill_and_end(on_screen, tmp_path, signal.SIGTERM, "demo", "--silent")


def test_a_microphone_fills_every_panel(on_screen: dict[str, str], tmp_path: Path) -> None:
    missing = VirtualMicrophone.missing_programs()
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")
    with VirtualMicrophone() as microphone:
        microphone.play(made_music(seconds=PATIENCE, sample_rate=SAMPLE_RATE))
        server = {name: value for name, value in os.environ.items() if name.startswith("PULSE_")}
        fill_and_end(on_screen | server, tmp_path, signal.SIGTERM, "--start")


def fill_and_end(environment: dict[str, str], folder: Path, number: signal.Signals, *arguments: str) -> None:
    """Run the program until no panel is blank, then end it; it leaves nothing running and no word on the terminal."""
    command = [sys.executable, "-m", "app", *arguments]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as program:
        try:
            deadline = time.monotonic() + PATIENCE
            lacking = panels()
            while lacking:
                assert time.monotonic() < deadline, f"blank or veiled: {lacking}"
                assert program.poll() is None, "it ended by itself"
                picture = screen(environment, folder / "screen.png")
                lacking = [panel for panel in panels() if not is_alive(picture, panel)]
            program.send_signal(number)
            _, said = program.communicate(timeout=PATIENCE / 4)
            assert program.returncode in (0, -number)
            assert "Traceback" not in said
        finally:
            program.kill()
