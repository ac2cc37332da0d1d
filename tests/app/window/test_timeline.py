"""Sound and answers stand on one axis of time, flow evenly, and say what happened and what was not heard."""

from __future__ import annotations

import librosa
import numpy as np
import pytest
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QApplication

from app.stream.frames import SILENCE_DB
from app.window.history.pictures import LOWEST_TOP_DB, RANGE_DB, SLACK, Flow, grey, height_of, magma, sound_picture
from app.window.history.timeline import TimelineView
from app.window.main import MainWindow
from tests.app.scripted_session import GENRES, ScriptedSession, snapshot, sound

FRAME = ScriptedSession.frame_seconds


def still(window: MainWindow) -> tuple[TimelineView, QImage]:
    """The view, and what the screen shows of it once the flow has caught up."""
    view = window.live.timeline.view
    for _ in range(20):
        view.advance(0.1)
    QApplication.processEvents()
    return view, view.grab().toImage()


def test_sound_and_answers_of_a_moment_stand_above_one_another(window: MainWindow, session: ScriptedSession) -> None:
    window.listen("desk")
    session.queue([*sound(130, "jazz", decibels=-100.0), *sound(130, "metal", decibels=6.0, first=130)])
    window.tick()
    view, picture = still(window)
    upper, lower = view.plots()
    begin, end = view.span
    for seconds, genre, is_bright in (
        (5.0, "jazz", False),
        (9.0, "jazz", False),
        (11.0, "metal", True),
        (19.0, "metal", True),
    ):
        x = round((seconds - begin) / (end - begin) * picture.width())
        assert QColor(picture.pixel(x, lower.center().y())) == window.theme.colour(GENRES.index(genre))
        assert (QColor(picture.pixel(x, upper.center().y())).lightness() > 180) == is_bright
    before = round((-5.0 - begin) / (end - begin) * picture.width())
    assert QColor(picture.pixel(before, upper.center().y())).lightness() < 10
    assert QColor(picture.pixel(before, lower.center().y())) not in [window.theme.colour(place) for place in range(10)]


@pytest.mark.parametrize("band", [3, 40, 64, 120])
def test_a_band_stands_at_its_frequency_on_the_axis(band: int) -> None:
    hz = float(librosa.mel_frequencies(130, fmin=0.0, fmax=11_025.0)[band + 1])
    one_band = np.full((5, 128), -100.0, dtype=np.float32)
    one_band[:, band] = 20.0
    picture = sound_picture(one_band, magma())
    bright = [y for y in range(picture.height()) if QColor(picture.pixel(2, y)).lightness() > 100]
    assert bright == [127 - band]
    assert height_of(hz, 128) == pytest.approx((band + 0.5) / 128, abs=1e-6)


def test_a_louder_frame_redraws_the_quiet_ones_to_the_same_measure() -> None:
    quiet = np.full((400, 128), -20.0, dtype=np.float32)
    alone = QColor(sound_picture(quiet, magma()).pixel(5, 5)).lightness()
    picture = sound_picture(np.concatenate([quiet, quiet + 60]), magma())
    assert QColor(picture.pixel(799, 5)).lightness() >= alone > QColor(picture.pixel(5, 5)).lightness() + 30


def test_silence_looks_like_silence_and_what_was_not_heard_like_nothing() -> None:
    assert LOWEST_TOP_DB - RANGE_DB > SILENCE_DB
    for level in (SILENCE_DB, np.nan):
        picture = sound_picture(np.full((20, 128), level, dtype=np.float32), magma())
        assert {QColor(picture.pixel(x, 60)).lightness() for x in range(20)} <= {0, 1, 2}


def test_the_colours_of_sound_grow_brighter_all_the_way_and_lose_only_their_hue() -> None:
    shades = [colour & 255 for colour in grey(magma())]
    assert shades == sorted(shades)
    assert shades[-1] > 240 > 10 > shades[0]


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
    assert 5 <= len(drawn) <= 10 * FRAME / (end - begin) * view.width() + 2
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
    upper, lower = view.plots()
    left, right = (round((seconds - begin) / (end - begin) * view.width()) for seconds in (3.1, 4.9))
    for plot in (upper, lower):
        colours = {hatched.pixel(x, plot.center().y()) for x in range(left, right)}
        assert window.theme.colour("muted").rgb() in colours
        around = {hatched.pixel(x, plot.center().y()) for x in range(right + 8, right + 30)}
        assert window.theme.colour("muted").rgb() not in around
    mark = window.live.past.marks[0]
    assert (mark.kind, mark.text) == ("source", "desk")


def test_what_is_of_the_past_has_no_colours(window: MainWindow, session: ScriptedSession) -> None:
    window.listen("desk")
    session.queue(sound(200, "pop", decibels=0.0))
    window.tick()
    _, lively = still(window)
    session.stop()
    window.tick()
    view, stale = still(window)
    for plot in view.plots():
        at = view.width() - 20, plot.center().y()
        assert QColor(lively.pixel(*at)).saturation() > 60
        assert QColor(stale.pixel(*at)).saturation() < 5
    assert window.live.now.title.text().startswith("Stopped")
    assert window.live.now.genre.reading.colour == "faint"
    assert all(row.ink(3) == window.theme.colour("faint") for row in window.live.answers.rows)
    assert window.live.source_bar.level.stale


@pytest.mark.parametrize(("width", "height"), [(900, 600), (1280, 800), (3840, 2160)])
def test_the_scale_of_frequencies_has_labels_that_never_touch(window: MainWindow, width: int, height: int) -> None:
    window.resize(width, height)
    QApplication.processEvents()
    gutter = window.live.timeline.gutters[0]
    shown = gutter.labels()
    assert {"500 Hz", "8 kHz"} <= {text for _, text in shown}
    for at, (place, _) in enumerate(shown):
        assert gutter.rect().contains(place.toRect())
        assert not any(place.intersects(other) for other, _ in shown[at + 1 :])
