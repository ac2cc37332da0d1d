"""Sound and answers stand on one axis of time, flow evenly, and say what happened and what was not heard."""

from __future__ import annotations

import librosa
import numpy as np
import pytest
from PySide6.QtCore import QPointF, QRect, QRectF
from PySide6.QtGui import QColor, QImage, QPainter, QPicture
from PySide6.QtWidgets import QApplication

from app.stream.frames import SILENCE_DB
from app.window.history.pictures import LOWEST_TOP_DB, RANGE_DB, SLACK, Flow, grey, height_of, levels
from app.window.history.timeline import ANSWERS_TOP, SOUND_BOTTOM, TimelineView
from app.window.live.places import Mode
from app.window.main import MainWindow
from audio import BANDS
from tests.app.scripted_session import GENRES, ScriptedSession, snapshot, sound

FRAME = ScriptedSession.frame_seconds


def still(window: MainWindow) -> tuple[TimelineView, QImage]:
    """The view, and what the screen shows of it once the flow has caught up."""
    view = window.live.timeline.view
    for _ in range(20):
        view.advance(0.1)
    QApplication.processEvents()
    return view, view.grab().toImage()


def plots(view: TimelineView) -> tuple[QRect, QRect]:
    """Where sound and answers are, in pixels of the view."""
    box = view.getViewBox()
    corners = [[box.mapViewToScene(QPointF(x, y)) for x in view.span] for y in (1.0, SOUND_BOTTOM, ANSWERS_TOP, 0.0)]
    made = [QRectF(upper[0], lower[1]).toRect() for upper, lower in (corners[:2], corners[2:])]
    return made[0], made[1]


def test_sound_and_answers_of_a_moment_stand_above_one_another(window: MainWindow, session: ScriptedSession) -> None:
    window.listen("desk")
    session.queue([*sound(130, "jazz", decibels=-100.0), *sound(130, "metal", decibels=6.0, first=130)])
    window.tick()
    view, picture = still(window)
    upper, lower = plots(view)
    begin, end = view.span
    for seconds, genre, is_bright in (
        (5.0, "jazz", False),
        (9.0, "jazz", False),
        (11.0, "metal", True),
        (19.0, "metal", True),
    ):
        x = lower.x() + round((seconds - begin) / (end - begin) * lower.width())
        assert QColor(picture.pixel(x, lower.center().y())) == window.theme.colour(GENRES.index(genre))
        assert (QColor(picture.pixel(x, upper.center().y())).lightness() > 180) == is_bright
    before = lower.x() + round((-5.0 - begin) / (end - begin) * lower.width())
    assert QColor(picture.pixel(before, upper.center().y())).lightness() < 10
    assert QColor(picture.pixel(before, lower.center().y())) not in [window.theme.colour(place) for place in range(10)]


@pytest.mark.parametrize("band", [3, 40, 64, 119])
def test_a_band_stands_at_its_frequency_on_the_axis(band: int) -> None:
    hz = float(librosa.mel_frequencies(130, fmin=0.0, fmax=11_025.0)[band + 1])
    assert height_of(hz) == pytest.approx((band + 0.5) / BANDS, abs=1e-6)


def test_low_tones_are_at_the_bottom(window: MainWindow, session: ScriptedSession) -> None:
    frames = sound(200, decibels=-100.0)
    for frame in frames:
        frame.log_mel.setflags(write=True)
        frame.log_mel[:20] = 6.0
    session.queue(frames)
    window.tick()
    view, picture = still(window)
    upper, _ = plots(view)
    column = [QColor(picture.pixel(upper.right() - 20, y)).lightness() for y in range(upper.top(), upper.bottom())]
    assert np.mean(column[-10:]) > 150 > 20 > np.mean(column[: len(column) // 2])


def test_silence_is_dark_and_the_loudest_frame_sets_the_measure() -> None:
    assert LOWEST_TOP_DB - RANGE_DB > SILENCE_DB
    nothing = np.full((20, BANDS), np.nan, dtype=np.float32)
    assert levels(nothing) == levels(nothing * 0 + SILENCE_DB) == (LOWEST_TOP_DB - RANGE_DB, LOWEST_TOP_DB)
    nothing[3] = 40.0
    assert levels(nothing) == (42.0 - RANGE_DB, 42.0)


def test_what_loses_its_hue_stays_as_bright() -> None:
    assert grey(np.array([[255, 0, 0, 9], [10, 10, 10, 255]], dtype=np.uint8)).tolist() == [
        [76, 76, 76, 9],
        [10, 10, 10, 255],
    ]


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


def test_between_two_pixels_nothing_is_drawn(
    window: MainWindow, session: ScriptedSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    window.listen("desk")
    session.queue(sound(100))
    window.tick()
    view, _ = still(window)
    drawn: list[float] = []
    draw = TimelineView._draw

    def count(self: TimelineView) -> None:
        drawn.append(self.span[1])
        draw(self)

    monkeypatch.setattr(TimelineView, "_draw", count)
    for frame in range(100, 110):
        session.queue(sound(1, first=frame))
        for _ in range(5):  # as many ticks a frame as there are, about
            window.live.tick(FRAME / 5)
            QApplication.processEvents()
    begin, end = view.span
    assert 5 <= len(drawn) <= 10 * FRAME / (end - begin) * view.getViewBox().width() + 3
    assert drawn == sorted(set(drawn))


def test_what_was_not_heard_is_hatched_and_what_happened_has_a_line(
    window: MainWindow, session: ScriptedSession
) -> None:
    window.listen("desk")
    session.queue([snapshot(index, decibels=6.0, source="desk") for index in range(100)])
    window.tick()
    window.live.past.unheard.append((3.0, 5.0))
    _, hatched = still(window)
    view = window.live.timeline.view
    begin, end = view.span
    upper, lower = plots(view)
    left, right = (lower.x() + round((at - begin) / (end - begin) * lower.width()) for at in (3.2, 4.8))
    for plot in (upper, lower):
        colours = {hatched.pixel(x, plot.center().y()) for x in range(left, right)}
        assert len(colours) > 1
        assert len({hatched.pixel(x, plot.center().y()) for x in range(right + 8, right + 20)}) == 1
    (mark,) = [line for line in view._marks if line.isVisible()]
    assert (mark.value(), mark.label.format) == (0.0, "desk")


def test_what_is_of_the_past_has_no_colours(window: MainWindow, session: ScriptedSession) -> None:
    window.listen("desk")
    session.queue(sound(200, "pop", decibels=0.0))
    window.tick()
    _, lively = still(window)
    session.stop()
    window.tick()
    view, stale = still(window)
    for plot in plots(view):
        at = plot.right() - 20, plot.center().y()
        assert QColor(lively.pixel(*at)).saturation() > 60
        assert QColor(stale.pixel(*at)).saturation() < 5
    assert window.live.now.title.text().startswith("Stopped")
    assert window.live.now.genre.reading.colour == "faint"
    assert all(row.ink(3) == window.theme.colour("faint") for row in window.live.answers.rows)
    assert window.live.source_bar.level.stale


@pytest.mark.parametrize("mode", ["story", "details"])
@pytest.mark.parametrize(("width", "height"), [(900, 600), (1280, 800), (3840, 2160)])
def test_the_labels_of_the_axes_never_touch_and_never_leave_the_panel(
    window: MainWindow, width: int, height: int, mode: Mode
) -> None:
    window.live.show_mode(mode)
    window.resize(width, height)
    view, _ = still(window)
    for name, needed in (("bottom", {"\N{MINUS SIGN}30 s", "now"}), ("left", {"500 Hz", "2 kHz", "8 kHz"})):
        axis = view.getAxis(name)
        painter = QPainter(recorded := QPicture())
        painter.setFont(axis.style["tickFont"])
        _, _, texts = axis.generateDrawSpecs(painter)
        painter.end()
        del recorded
        assert needed <= {text for _, _, text in texts}
        rectangles = [axis.mapRectToScene(rectangle) for rectangle, _, _ in texts]
        for at, rectangle in enumerate(rectangles):
            assert view.sceneRect().contains(rectangle)
            assert not any(rectangle.intersects(other) for other in rectangles[at + 1 :])
