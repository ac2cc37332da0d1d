"""The window fits every size, and its colours can be told apart by everyone."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPoint, QRect
from PySide6.QtGui import QFontMetrics, QHelpEvent
from PySide6.QtWidgets import QApplication, QToolTip

from app.live.protocol import EngineState, Phase
from app.window.launch import ThemeChoice
from app.window.live.places import Mode, places
from app.window.main import MainWindow
from app.window.theme import DARK, LIGHT, SMALLEST_TEXT, Palette, Theme, font, scale_for, text_pixels
from app.window.widgets import Reading
from tests.app.scripted_session import ScriptedSession, snapshot

SIZES = [(900, 600), (1280, 800), (1920, 1080), (3840, 2160), (2400, 700), (900, 1300)]

# Machado, Oliveira and Fernandes 2009, severity 1, on linear RGB.
SIGHTS = {
    "normal": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}


def linear(colour: str) -> NDArray[np.float64]:
    values = np.array([int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    made: NDArray[np.float64] = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    return made


def oklab(rgb: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ottosson's OKLab of linear RGB."""
    cones = np.array(
        [
            [0.4122214708, 0.5363325363, 0.0514459929],
            [0.2119034982, 0.6806995451, 0.1073969566],
            [0.0883024619, 0.2817188376, 0.6299787005],
        ]
    )
    lab = np.array(
        [
            [0.2104542553, 0.7936177850, -0.0040720468],
            [1.9779984951, -2.4285922050, 0.4505937099],
            [0.0259040371, 0.7827717662, -0.8086757660],
        ]
    )
    made: NDArray[np.float64] = lab @ np.cbrt(cones @ np.clip(rgb, 0, 1))
    return made


def contrast(one: str, other: str) -> float:
    """WCAG contrast ratio."""
    luminances = sorted(float(linear(colour) @ (0.2126, 0.7152, 0.0722)) for colour in (one, other))
    return (luminances[1] + 0.05) / (luminances[0] + 0.05)


@pytest.mark.parametrize("sight", SIGHTS)
@pytest.mark.parametrize("palette", [DARK, LIGHT], ids=["dark", "light"])
def test_genre_colours_are_told_apart_by_every_kind_of_sight(palette: Palette, sight: str) -> None:
    seen = [oklab(SIGHTS[sight] @ linear(colour)) for colour in palette.genres]
    nearest = min(float(np.linalg.norm(one - other)) for one, other in itertools.combinations(seen, 2))
    assert nearest > 0.08


@pytest.mark.parametrize("palette", [DARK, LIGHT], ids=["dark", "light"])
def test_text_and_genre_colours_stand_out_from_every_ground(palette: Palette) -> None:
    inks = ("text", "muted", "faint", "warning", "problem", "accent", "step", "twin")
    for ink, ground in itertools.product(inks, ("panel", "background", "raised")):
        assert contrast(getattr(palette, ink), getattr(palette, ground)) >= 4.5, (ink, ground)
    theme = Theme("dark" if palette is DARK else "light")
    for genre, colour in enumerate(palette.genres):  # areas, always on a panel: WCAG asks for 3; and their names
        assert contrast(colour, palette.panel) > 3
        assert contrast(theme.letters(genre).name(), palette.panel) >= 4.5


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("phase", ["running", "failed"])
def test_warnings_stand_out_from_their_own_ground(
    window: MainWindow, session: ScriptedSession, theme: ThemeChoice, phase: Phase
) -> None:
    window.choose_theme(theme)
    window.listen("desk")
    session.state = EngineState(phase, "The microphone of the hall is gone.")
    window.tick()
    words, place = window.live.status.words, window.live.status.mapTo(window, QPoint(8, 8))
    ground, letters = window.grab().toImage().pixelColor(place), window.theme.letters(words.colour)
    assert words.colour in ("warning", "problem")
    assert ground.name() != window.theme.palette.background
    assert contrast(letters.name(), ground.name()) >= 4.5


def hue(colour: str) -> float:
    _, a, b = oklab(linear(colour))
    return float(np.degrees(np.arctan2(b, a)))


def test_a_genre_keeps_its_hue_from_one_theme_to_the_other() -> None:
    for position, (dark, light) in enumerate(zip(DARK.genres, LIGHT.genres, strict=True)):
        if position != 6:  # metal is grey
            assert abs((hue(dark) - hue(light) + 180) % 360 - 180) < 30


def test_a_long_text_keeps_its_size_and_is_seen_whole_under_the_mouse(window: MainWindow) -> None:
    words = window.live.status.words
    words.place(1.0, QRect(0, 0, 200, 30))
    for text, is_cut in (("Stopped.", False), ("The microphone of the hall is gone: connect it again.", True)):
        words.show_text(text)
        assert words.fitted_font().pixelSize() == text_pixels(14, 1.0)
        assert words.is_cut == is_cut
        QToolTip.hideText()
        QApplication.sendEvent(words, QHelpEvent(QEvent.Type.ToolTip, QPoint(5, 5), words.mapToGlobal(QPoint(5, 5))))
        assert QToolTip.text() == (text if is_cut else "")


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_panels_never_overlap_and_never_leave_the_window(width: int, height: int) -> None:
    found = places(width, height, scale_for(width, height))
    panels = [found[name] for name in ("source_bar", "status", "now", "answers", "timeline", "story")]
    for one, other in itertools.combinations(panels, 2):
        assert not one.intersects(other)
    for panel in panels:
        assert panel.left() >= 0
        assert panel.top() >= 0
        assert panel.right() < width
        assert panel.bottom() < height


@pytest.mark.parametrize("mode", ["story", "details"])
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_no_text_is_cut_at_any_size(
    window: MainWindow, session: ScriptedSession, width: int, height: int, mode: Mode
) -> None:
    window.live.show_mode(mode)
    session.source_name = "Built-in microphone"
    window.listen("Built-in microphone")
    window.resize(width, height)
    frames = [
        snapshot(index, "classical", 1.0, step=123_456, twin=23_456_789, difference=3.4e-7, lost_seconds=1.25)
        for index in range(300)
    ]
    session.queue(frames)
    window.tick()
    QApplication.processEvents()
    for reading in window.findChildren(Reading):
        if reading.isVisible() and reading.text():
            drawn = QFontMetrics(reading.fitted_font())
            assert drawn.horizontalAdvance(reading.text()) <= reading.width(), reading.text()
            assert drawn.ascent() <= reading.height(), reading.text()
            assert reading.fitted_font().pixelSize() >= SMALLEST_TEXT, reading.text()
            around = reading.parentWidget()
            assert around is not None
            assert around.rect().contains(reading.geometry()), reading.text()
    story = window.live.story
    for head, measure in zip(story.heads, ("time", "flops"), strict=True):
        name = story.bars[measure, "twin"].label
        begins = name.mapTo(story, name.rect().topRight()).x() - name.natural_width(story.scale)
        assert begins > head.x() + head.natural_width(story.scale), "a measure runs into a model's name"


def test_the_picture_of_the_window_is_complete_without_a_screen(window: MainWindow, session: ScriptedSession) -> None:
    window.listen("desk")
    session.queue([snapshot(index) for index in range(400)])
    window.tick()
    picture = window.grab().toImage()
    assert (picture.width(), picture.height()) == (window.width(), window.height())
    for panel in (window.live.now, window.live.answers, window.live.timeline, window.live.story):
        area = picture.copy(panel.geometry())
        colours = {area.pixel(x, y) for x in range(0, area.width(), 3) for y in range(0, area.height(), 3)}
        assert len(colours) > 10


def test_small_text_shrinks_less_than_the_window() -> None:
    assert text_pixels(13, 0.7) / 13 > 0.8
    assert font(13, 0.1).pixelSize() >= SMALLEST_TEXT
