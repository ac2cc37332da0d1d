"""The scrolling picture shows the frames as they come, and stands right on its axes."""

from __future__ import annotations

import librosa
import numpy as np
import pytest
from PySide6.QtCore import QPointF
from PySide6.QtGui import QColor, QImage, QPainter, QPicture
from PySide6.QtWidgets import QApplication

from app.stream.frames import SILENCE_DB
from app.window.history.spectrogram import LOWEST_TOP_DB, RANGE_DB, SLACK, Flow, ScrollingPicture, SpectrogramPanel
from app.window.main import MainWindow
from tests.app.scripted_session import ScriptedSession, snapshot


def still_picture(panel: SpectrogramPanel) -> QImage:
    """What the screen shows between the axes once the flow has caught up."""
    for _ in range(20):
        panel.picture.advance(0.1)
    QApplication.processEvents()
    view = panel.plot.getViewBox().sceneBoundingRect().toRect()
    image: QImage = panel.plot.grab(view).toImage()
    return image


def test_the_newest_frame_reaches_the_right_edge_of_the_screen(window: MainWindow, session: ScriptedSession) -> None:
    window.listen("desk")
    session.queue([snapshot(index, decibels=-100.0) for index in range(50)])
    session.queue([snapshot(50 + index, decibels=6.0) for index in range(20)])
    window.tick()
    picture = still_picture(window.live.spectrogram)
    middle = picture.height() // 2
    newest, oldest = (QColor(picture.pixel(x, middle)) for x in (picture.width() - 3, picture.width() // 3))
    assert newest.lightness() > 180
    assert oldest.lightness() < 10


@pytest.mark.parametrize("band", [3, 40, 64, 120])
def test_a_band_stands_at_its_frequency_on_the_axis(window: MainWindow, band: int) -> None:
    window.resize(1280, 1600)
    one_band = np.full((400, 128), -100.0, dtype=np.float32)
    one_band[:, band] = 20.0
    panel = window.live.spectrogram
    panel.picture.push(one_band)
    picture = still_picture(panel)
    brightness = [QColor(picture.pixel(picture.width() // 2, y)).lightness() for y in range(picture.height() - 2)]
    bright = np.flatnonzero(np.array(brightness) > 100)
    view = panel.plot.getViewBox()
    row = view.sceneBoundingRect().top() + bright.mean() + 0.5
    shown_mel = view.mapSceneToView(QPointF(0, row)).y()
    expected = librosa.hz_to_mel(librosa.mel_frequencies(130, fmin=0.0, fmax=11_025.0)[band + 1])
    mels_per_row = float(librosa.hz_to_mel(11_025.0)) / picture.height()
    assert shown_mel == pytest.approx(expected, abs=1.5 * mels_per_row)


def test_a_louder_frame_redraws_the_quiet_ones_to_the_same_measure(window: MainWindow) -> None:
    panel = window.live.spectrogram
    panel.picture.push(np.full((400, 128), -20.0, dtype=np.float32))
    alone = QColor(still_picture(panel).pixel(50, 50)).lightness()
    panel.picture.push(np.full((100, 128), 40.0, dtype=np.float32))
    picture = still_picture(panel)
    quiet, loud = (QColor(picture.pixel(x, 50)).lightness() for x in (50, picture.width() - 50))
    assert panel.picture.item.getLevels() == pytest.approx((42.0 - RANGE_DB, 42.0))
    assert loud >= alone > quiet + 30


def test_silence_looks_like_silence(window: MainWindow) -> None:
    nothing = still_picture(window.live.spectrogram)
    window.live.spectrogram.picture.push(np.full((200, 128), -100.0, dtype=np.float32))
    silence = still_picture(window.live.spectrogram)
    assert LOWEST_TOP_DB - RANGE_DB > SILENCE_DB
    for picture in (nothing, silence):
        inside = range(picture.width() // 8, picture.width() - 2, 5)  # the window; before it the picture is veiled
        assert {QColor(picture.pixel(x, 20)).lightness() for x in inside} <= {0, 1, 2}


def test_between_two_frames_the_picture_is_moved_and_not_coloured_again(window: MainWindow) -> None:
    panel = window.live.spectrogram
    panel.picture.push(np.full((10, 128), 6.0, dtype=np.float32))
    panel.picture.advance(0.01)
    panel.plot.grab()
    coloured, stood = panel.picture.item.qimage, panel.picture.item.pos()
    panel.picture.advance(0.01)
    panel.plot.grab()
    assert panel.picture.item.pos() != stood
    assert panel.picture.item.qimage is coloured


def test_the_picture_flows_evenly_however_the_frames_come() -> None:
    flow, written, steps = Flow(), 0, []
    for tick in range(1200):
        if tick % 5 == 0:  # a frame at each fifth tick
            written += 1
        before = flow.edge
        flow.advance(written, 0.2)
        steps.append(flow.edge - before)
        assert written - SLACK <= flow.edge <= written
    assert min(steps[200:]) > 0.1
    assert max(steps[200:]) < 0.3
    for _ in range(100):
        flow.advance(written, 0.2)
    assert flow.edge == written
    assert not flow.advance(written, 0.2)


@pytest.mark.parametrize(("width", "height"), [(900, 600), (1280, 800), (1920, 1080), (3840, 2160), (2400, 700)])
def test_the_labels_of_the_axes_never_touch_and_never_leave_the_panel(
    window: MainWindow, width: int, height: int
) -> None:
    window.resize(width, height)
    QApplication.processEvents()
    plot = window.live.spectrogram.plot
    for position, needed in (("bottom", {"\N{MINUS SIGN}30 s", "now"}), ("left", {"500 Hz", "2 kHz", "8 kHz"})):
        axis = plot.getAxis(position)
        painter = QPainter(recorded := QPicture())
        painter.setFont(axis.style["tickFont"])
        _, _, texts = axis.generateDrawSpecs(painter)
        painter.end()
        del recorded
        assert needed <= {text for _, _, text in texts}
        rectangles = [axis.mapRectToScene(rectangle) for rectangle, _, _ in texts]
        for at, rectangle in enumerate(rectangles):
            assert plot.sceneRect().contains(rectangle)
            assert not any(rectangle.intersects(other) for other in rectangles[at + 1 :])


@pytest.mark.parametrize("chunk", [1, 7, 400])
def test_in_a_long_window_each_column_is_the_mean_of_its_frames(chunk: int) -> None:
    heard = np.random.default_rng(2).uniform(-60, 17, (2000, 8)).astype(np.float32)
    picture = ScrollingPicture(200.0, 0.0775, 8, 0.0, 1.0)  # 2581 frames and a slack: three share a column
    for begin in range(0, len(heard), chunk):
        picture.push(heard[begin : begin + chunk])
    expected = heard[: 2000 // 3 * 3].reshape(-1, 3, 8).mean(axis=1).T
    np.testing.assert_allclose(picture.item.image[:, -expected.shape[1] :], expected, rtol=0, atol=1e-4)
    picture.show_seconds(20.0)
    np.testing.assert_array_equal(picture.item.image[:, -200:], heard[-200:].T)
    picture.show_seconds(200.0)
    np.testing.assert_allclose(picture.item.image[:, -expected.shape[1] :], expected, rtol=0, atol=1e-4)
    picture.hold(1000)
    np.testing.assert_allclose(picture.item.image[:, -333:], expected[:, :333], rtol=0, atol=1e-4)


def test_a_longer_window_is_marked_and_the_axis_follows(window: MainWindow) -> None:
    panel = window.live.spectrogram
    panel.show_window(300.0)
    assert panel.note.text() == "log-mel, window 5 min"
    (left, right), _ = panel.plot.getViewBox().viewRange()
    assert (left, right) == (pytest.approx(-336.0), 0.0)
    assert panel.forgotten.rect().right() == -300.0
    axis = panel.plot.getAxis("bottom")
    assert axis.tickStrings([-240.0, -120.0, 0.0], 1.0, 120.0) == ["\N{MINUS SIGN}4 min", "\N{MINUS SIGN}2 min", "now"]


def test_the_axis_of_seconds_ends_in_now(window: MainWindow) -> None:
    axis = window.live.spectrogram.plot.getAxis("bottom")
    assert axis.tickStrings([-10.0, -2.5, 0.0], 1.0, 5.0) == ["\N{MINUS SIGN}10 s", "\N{MINUS SIGN}2.5 s", "now"]
