"""What was heard, and below it what was answered, as pictures on one axis of time."""

from __future__ import annotations

import math

import numpy as np
import pyqtgraph
from PySide6.QtCore import QPoint, QRectF, Qt, Signal
from PySide6.QtGui import QBrush, QColor, QFontMetrics, QKeyEvent, QMouseEvent, QPainter, QPen, QWheelEvent
from PySide6.QtWidgets import QFrame, QGraphicsRectItem, QWidget

from app.live.past import Past
from app.window import words
from app.window.history.pictures import Flow, grey, height_of, levels, stack
from app.window.theme import Theme, font
from audio import FRAME_SECONDS

SPANS = (15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0)  # seconds that a zoom may show; and the whole session
SHORTEST = 60.0  # seconds that are shown at least, unless the user looks closer
MARGIN = 0.12  # of the window is shown before it: what the model has just forgotten
VEIL = 140  # of 255, over what is forgotten
ANSWERS_TOP, SOUND_BOTTOM = 0.45, 0.465  # of the height: answers below, sound above
STEP, LEAP = 1.0, 10.0  # seconds, of the arrow keys
TICKS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200)  # seconds
MOST_TICKS = 7
FREQUENCIES = ((500, 2000, 8000), (1000, 4000))  # Hz; where there is little height the later ones are left out
MOST_LINES = 6.5  # of text that all of them take


class TimeAxis(pyqtgraph.AxisItem):  # type: ignore[misc]  # pyqtgraph has no types
    """Seconds before now, which is at the right edge; or times of the session."""

    now: float | None = None  # where "now" is

    def tickValues(self, low: float, high: float, _size: float) -> list[tuple[float, list[float]]]:  # noqa: N802
        """One level of ticks, counted from zero."""
        spacing = next((tick for tick in TICKS if (high - low) / tick <= MOST_TICKS), TICKS[-1])
        zero = self.now or 0.0
        first, last = math.ceil((low - zero) / spacing - 1e-6), math.floor((high - zero) / spacing + 1e-6)
        values = [zero + number * spacing for number in range(first, last + 1)]
        return [(spacing, [value for value in values if self.now is not None or value >= 0])]

    def tickStrings(self, values: list[float], _scale: float, _spacing: float) -> list[str]:  # noqa: N802
        """What stands there."""
        return [words.clock(at) if self.now is None else words.before_now(round(self.now - at)) for at in values]


class Hatched(QGraphicsRectItem):
    """Its pattern keeps its size whatever the axes are."""

    def paint(self, painter: QPainter, *_option: object) -> None:
        brush = self.brush()
        brush.setTransform(painter.transform().inverted()[0])
        painter.fillRect(self.rect(), QColor(0, 0, 0, 110))
        painter.fillRect(self.rect(), brush)


class TimelineView(pyqtgraph.PlotWidget):  # type: ignore[misc]
    """Click, drag or use the arrow keys to look at a moment; the wheel, plus and minus zoom."""

    moment_wished = Signal(float)  # seconds

    def __init__(self, parent: QWidget, theme: Theme, past: Past) -> None:
        self._time, self._hz = TimeAxis("bottom"), pyqtgraph.AxisItem("left")
        axes = {"bottom": self._time, "left": self._hz}
        super().__init__(parent, background=None, axisItems=axes, enableMenu=False, useOpenGL=False)
        self._theme, self._past = theme, past
        self.has_sound = True  # else the answers alone, of the whole session
        self.stale = False
        self.window_seconds = 30.0  # what the model remembers
        self.moment: float | None = None  # seconds, while frozen
        self.hover: float | None = None  # seconds, while the mouse is over it
        self._zoom: float | None = None  # seconds shown; None: what the model remembers; inf: the whole session
        self._held = 0.0  # the right edge while frozen
        self._flow = Flow()
        self._drawn: object = None  # what the pictures are of
        self.setObjectName("history")
        self.setAccessibleName("Sound and answers over time")
        self.setAccessibleDescription(
            "Left and right look at an earlier or later moment, plus and minus zoom, End goes back to live."
        )
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setMouseEnabled(x=False, y=False)
        self.hideButtons()
        self.viewport().setAcceptDrops(False)  # what is dropped goes to the window
        self.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        self._magma = pyqtgraph.colormap.get("magma").getLookupTable(nPts=256)
        labels = [
            [(place_of(hz), f"{hz} Hz" if hz < 1000 else f"{hz // 1000} kHz") for hz in row] for row in FREQUENCIES
        ]
        self._hz_ticks = labels
        self._hz.setStyle(textFillLimits=[(0, 1.0)])
        self.sound, self.answers = (pyqtgraph.ImageItem(axisOrder="row-major") for _ in range(2))
        self.forgotten = QGraphicsRectItem()
        self.forgotten.setBrush(QColor(0, 0, 4, VEIL))
        self.forgotten.setPen(QPen(Qt.PenStyle.NoPen))
        self.memory, self._at, self._under_mouse = (pyqtgraph.InfiniteLine(0, angle=90) for _ in range(3))
        # Its label is where a line has it.
        self.memory.label = pyqtgraph.InfLineLabel(self.memory, "", position=0.97, anchors=[(0, 0), (0, 0)], color="w")
        self._small = font(12, 1.0)
        self._marks: list[pyqtgraph.InfiniteLine] = []
        self._unheard: list[Hatched] = []
        for item in (self.sound, self.answers, self.forgotten, self.memory, self._under_mouse, self._at):
            self.addItem(item, ignoreBounds=True)

    def reset(self) -> None:
        """Begin again at the left, as before the first frame."""
        self._flow = Flow()

    @property
    def span(self) -> tuple[float, float]:
        """The shown time: from, to, in seconds of the session, in whole columns so that nothing shimmers."""
        length, columns = self._length(), self._columns()
        if self._shows_all:
            return 0.0, length
        flown = self._past.seconds - (self._past.frames - self._flow.edge) * FRAME_SECONDS
        last = math.floor((flown if self.moment is None else self._held) / length * columns + 1e-6)
        return (last - columns) * length / columns, last * length / columns

    @property
    def _shows_all(self) -> bool:
        return self._zoom == math.inf or not self.has_sound

    def _length(self) -> float:
        if self._shows_all:
            return max(self._past.seconds if self.moment is None else self._held, SHORTEST)
        return max(SHORTEST, self.window_seconds * (1 + MARGIN)) if self._zoom is None else self._zoom

    def _columns(self) -> int:
        width: float = self.getViewBox().width() * self.devicePixelRatioF()
        return max(1, round(width))

    def advance(self, seconds: float) -> None:
        """Let the picture flow on; it is drawn only when that moves it by a pixel."""
        self._flow.advance(self._past.frames, seconds / FRAME_SECONDS)
        # While it flows, frames come in from beyond the right edge.
        flows = self.moment is None and not self._shows_all
        shown = self.span, self.moment, self.window_seconds, self.stale, self._theme.palette, self.has_sound
        wanted = *shown, 0 if flows else self._past.frames // 3, self._columns()
        if wanted != self._drawn:
            self._drawn = wanted
            self._draw()

    def show_moment(self, moment: float | None) -> None:
        """Mark the moment that is looked at, and flow no longer; None for live."""
        if moment != self.moment:
            if self.moment is None:
                self._held = self._past.seconds
            self.moment = moment
            self._keep_in_view()

    def zoom(self, closer: bool) -> None:
        """Show less time, or more."""
        now, whole = self._length(), max(self._past.seconds, SHORTEST)
        spans = sorted({*(span for span in SPANS if span < whole), whole})
        found = [span for span in spans if (span < now - 1 if closer else span > now + 1)]
        if found:
            chosen = found[-1] if closer else found[0]
            self._zoom = math.inf if chosen == whole else chosen
            self._keep_in_view()

    def _keep_in_view(self) -> None:
        if self.moment is not None:
            length = self._length()
            self._held = min(max(self._held, self.moment + length * 0.1), self.moment + length * 0.9)
            self._held = min(self._held, self._past.seconds)

    def _draw(self) -> None:
        (begin, end), columns = self.span, self._columns()
        self._time.now = end if self.moment is None and not self._shows_all else None
        self._time.picture = None  # its texts are drawn anew
        self.setXRange(begin, end, padding=0)
        top = 1.0 if self.has_sound else ANSWERS_TOP
        self.setYRange(0.0, top, padding=0)
        rows = max(1, round(self.getViewBox().height() * ANSWERS_TOP / top))
        genres = [self._theme.colour(place).getRgb() for place in range(len(self._past.genres))]
        colours = np.array([*genres, (0, 0, 0, 0)], dtype=np.uint8)
        stacked = stack(self._past.curve(begin, end, columns), rows)[::-1]
        self.answers.setImage((grey(colours) if self.stale else colours)[stacked], levels=None)
        self.answers.setRect(QRectF(begin, 0.0, end - begin, ANSWERS_TOP))
        if self.has_sound:
            heard = self._past.sound(begin, end, columns)
            low, high = levels(heard)
            self.sound.setImage(np.nan_to_num(heard, nan=low).T, autoLevels=False, levels=(low, high))
            self.sound.setLookupTable(grey(self._magma) if self.stale else self._magma)
            self.sound.setRect(QRectF(begin, SOUND_BOTTOM, end - begin, 1.0 - SOUND_BOTTOM))
        self._draw_memory(begin, end)
        self._draw_unheard(begin, end)
        self._draw_marks(begin, end)
        self._show_lines()

    def _draw_memory(self, begin: float, end: float) -> None:
        """Veil what the models have forgotten."""
        edge = (end if self.moment is None else self.moment) - self.window_seconds
        for item in (self.forgotten, self.memory):
            item.setVisible(self.has_sound and edge > begin)
        self.forgotten.setRect(QRectF(begin, SOUND_BOTTOM, edge - begin, 1.0 - SOUND_BOTTOM))
        self.memory.setValue(edge)
        self.memory.label.setText(f"{words.window_length(self.window_seconds)}: what the models remember")

    def _draw_unheard(self, begin: float, end: float) -> None:
        """Hatch the times from which no sound is known."""
        seen = [(first, last) for first, last in self._past.unheard if last > begin and first < end]
        while len(self._unheard) < len(seen):
            self._unheard.append(Hatched())
            self.addItem(self._unheard[-1], ignoreBounds=True)
        for item, (first, last) in zip(self._unheard, seen, strict=False):
            item.setRect(QRectF(first, 0.0, last - first, 1.0))
            item.setBrush(QBrush(self._theme.colour("text"), Qt.BrushStyle.BDiagPattern))
        for at, item in enumerate(self._unheard):
            item.setVisible(at < len(seen))

    def _draw_marks(self, begin: float, end: float) -> None:
        """A line with its words where something happened; the words of the later one where two would overlap."""
        seen = [mark for mark in self._past.marks if begin < mark.seconds < end]
        while len(self._marks) < len(seen):
            options = {"position": 0.04, "anchors": [(0, 1), (0, 1)], "fill": (0, 0, 0, 170), "color": "w"}
            self._marks.append(pyqtgraph.InfiniteLine(0, angle=90, pen="w", label="", labelOpts=options))
            self._marks[-1].label.setFont(self._small)
            self.addItem(self._marks[-1], ignoreBounds=True)
        for at, line in enumerate(self._marks):
            line.setVisible(at < len(seen))
        metrics, free = QFontMetrics(self._small), end
        for line, mark in reversed(list(zip(self._marks, seen, strict=False))):
            text = metrics.elidedText(mark.text, Qt.TextElideMode.ElideRight, 180)
            width = (metrics.horizontalAdvance(text) + 12) * (end - begin) / max(self.getViewBox().width(), 1)
            line.setValue(mark.seconds)
            line.label.setFormat(text)
            line.label.setVisible(self.has_sound and mark.seconds + width < free)  # else there is no room for words
            free = min(free, mark.seconds)

    def _show_lines(self) -> None:
        for line, seconds in ((self._under_mouse, self.hover), (self._at, self.moment)):
            line.setVisible(seconds is not None)
            line.setValue(seconds or 0.0)

    def restyle(self, scale: float) -> None:
        """Wear the present colours, at this scale."""
        self._small = small = font(12, scale)
        tick = round(4 * scale)
        for line in (self.memory, *self._marks):
            line.label.setFont(small)
        metrics = QFontMetrics(small)
        widest = metrics.horizontalAdvance("500 Hz")
        for axis in (self._time, self._hz):
            axis.setStyle(tickFont=small, tickLength=tick, tickTextOffset=tick, hideOverlappingLabels=widest)
            axis.setPen(self._theme.colour("line"))
            axis.setTickPen(self._theme.colour("faint"))
            axis.setTextPen(self._theme.colour("muted"))
        self._time.setHeight(metrics.height() + 2 * tick)
        self._hz.setWidth(widest + 2 * tick if self.has_sound else 0)
        self._hz.setVisible(self.has_sound)
        room = self.height() * (1.0 - SOUND_BOTTOM) / metrics.height()  # lines
        self._hz.setTicks(self._hz_ticks if room > MOST_LINES else self._hz_ticks[:1])
        self.setBackground(self._theme.colour("panel" if self.has_sound else "background"))
        self.getViewBox().setBackgroundColor(self._theme.colour("raised", 0.5))
        self.memory.setPen(pyqtgraph.mkPen("w", width=max(1.0, scale), style=Qt.PenStyle.DashLine))
        for line, width in ((self._under_mouse, 1.0), (self._at, 2.5)):
            line.setPen(pyqtgraph.mkPen(self._theme.colour("text"), width=width * scale))
        # The label of the last tick reaches beyond its axis.
        beside = round(24 * scale)
        self.getPlotItem().layout.setContentsMargins(0 if self.has_sound else beside, round(5 * scale), beside, 0)
        self._drawn = None

    def _seconds(self, at: QPoint) -> float:
        shown = self.getViewBox().mapSceneToView(self.mapToScene(at)).x()
        return min(max(float(shown), 0.0), self._past.seconds)

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        if event.button() == Qt.MouseButton.LeftButton:
            self.moment_wished.emit(self._seconds(event.position().toPoint()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        event.accept()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        self.hover = self._seconds(event.position().toPoint())
        if event.buttons() & Qt.MouseButton.LeftButton:
            self.moment_wished.emit(self.hover)
        self._show_lines()

    def leaveEvent(self, event: object) -> None:  # noqa: N802
        self.hover = None
        self._show_lines()

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802
        if event.angleDelta().y():
            self.zoom(closer=event.angleDelta().y() > 0)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        step = LEAP if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else STEP
        at = self._past.seconds if self.moment is None else self.moment
        key = event.key()
        if key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            self.moment_wished.emit(at - step if key == Qt.Key.Key_Left else at + step)
        elif key == Qt.Key.Key_Home:
            self.moment_wished.emit(0.0)
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal, Qt.Key.Key_Minus):
            self.zoom(closer=key != Qt.Key.Key_Minus)
        else:
            event.ignore()

    def focusInEvent(self, _event: object) -> None:  # noqa: N802
        self.getViewBox().setBorder(self._theme.colour("accent"))

    def focusOutEvent(self, _event: object) -> None:  # noqa: N802
        self.getViewBox().setBorder(None)


def place_of(hz: float) -> float:
    """Where a frequency stands in the view."""
    return SOUND_BOTTOM + (1.0 - SOUND_BOTTOM) * height_of(hz)
