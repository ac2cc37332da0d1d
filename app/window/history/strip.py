"""The answers of the whole session at a glance; any moment can be looked at while listening goes on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRect, QRectF, Qt, Signal
from PySide6.QtGui import QFontMetrics, QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QWheelEvent
from PySide6.QtWidgets import QPushButton, QWidget

from app.live.past import Past
from app.window import words
from app.window.theme import Theme, font
from app.window.widgets import PADDING, RIGHT, Panel, Part, Reading, dress, emphasise, painting

SPANS = (15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0)  # seconds that a zoom may show; and the whole session
SHORTEST_WHOLE = 60.0  # a younger session stands in a minute
MOST_COLUMNS, MOST_ROWS = 1200, 240  # of the picture, which is stretched where there are more pixels
REDRAWN_EVERY = 0.2  # seconds; a session moves slowly
STEP, LEAP = 1.0, 10.0  # seconds, of the arrow keys
TICKS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200)  # seconds
FREEZE, LIVE = "Freeze", "Back to live"
FREEZE_TIP = "Hold the picture, or go back to live; sound goes on being heard (space bar)"


class HistoryView(Part):
    """Click, drag or use the arrow keys to look at a moment; the wheel, plus and minus zoom."""

    moment_wished = Signal(float)  # seconds

    def __init__(self, parent: QWidget, theme: Theme, past: Past) -> None:
        super().__init__(parent, theme)
        self._past = past
        self.moment: float | None = None  # seconds, while frozen
        self.hover: float | None = None  # seconds, while the mouse is over it
        self._span: float | None = None  # None shows the whole session
        self._end = 0.0
        self._image = QImage()
        self._since_drawn = 0.0
        self.setObjectName("history")
        self.setAccessibleName("History of the answers")
        self.setAccessibleDescription(
            "Probability of every genre over the session. Left and right look at an earlier or later moment, plus and "
            "minus zoom, End goes back to live."
        )
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setMouseTracking(True)

    @property
    def span(self) -> tuple[float, float]:
        """The shown time: from, to, in seconds of the session."""
        if self._span is None:
            return 0.0, max(self._past.seconds, SHORTEST_WHOLE)
        end = max(self._past.seconds if self.moment is None else self._end, self._span)
        return end - self._span, end

    def show_moment(self, moment: float | None, seconds: float) -> None:
        """Show the past, `seconds` after the last time, with a mark at the moment that is looked at."""
        if moment != self.moment:
            if self.moment is None:
                self._end = self._past.seconds
            self.moment = moment
            self._keep_in_view()
            self._since_drawn = REDRAWN_EVERY
        self._since_drawn += seconds
        if self._since_drawn >= REDRAWN_EVERY:
            self._redraw()

    def zoom(self, closer: bool) -> None:
        """Show less time, or more."""
        begin, end = self.span
        spans = [span for span in SPANS if (span < end - begin if closer else span > end - begin)]
        wider = [span for span in spans if span < self._past.seconds]
        self._span = (spans[-1] if spans else SPANS[0]) if closer else (wider[0] if wider else None)
        self._keep_in_view()
        self._redraw()

    def _keep_in_view(self) -> None:
        if self.moment is None or self._span is None:
            return
        self._end = max(self._end, self.moment + self._span * 0.1)
        self._end = min(self._end, self.moment + self._span * 0.9, max(self._past.seconds, self._span))

    def _redraw(self) -> None:
        self._since_drawn = 0.0
        plot = self._plot()
        if plot.width() > 0 and plot.height() > 0:
            columns, rows = min(plot.width(), MOST_COLUMNS), min(plot.height(), MOST_ROWS)
            stacked = stack(self._past.curve(*self.span, columns), rows)
            self._image = QImage(stacked.tobytes(), columns, rows, columns, QImage.Format.Format_Indexed8).copy()
            genres = [self.theme.colour(position).rgba() for position in range(len(self._past.genres))]
            self._image.setColorTable([*genres, 0])
        self.update()

    def arrange(self) -> None:
        self._redraw()

    def _plot(self) -> QRect:
        return self.rect().adjusted(0, 0, 0, -QFontMetrics(font(11, self.scale)).height() - round(3 * self.scale))

    def _x(self, seconds: float) -> float:
        begin, end = self.span
        return (seconds - begin) / (end - begin) * self.width()

    def _seconds(self, x: float) -> float:
        begin, end = self.span
        return min(max(begin + x / max(self.width(), 1) * (end - begin), 0.0), self._past.seconds)

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802
        with painting(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)  # ticks are one pixel wide
            plot = self._plot()
            painter.fillRect(plot, self.theme.colour("raised", 0.5))
            if not self._image.isNull():
                painter.drawImage(plot, self._image)
            self._paint_ticks(painter, plot)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            for seconds, width in ((self.hover, 1.0), (self.moment, 2.5)):
                if seconds is not None:
                    x = self._x(seconds)
                    painter.setPen(QPen(self.theme.colour("background"), (width + 2) * self.scale))
                    painter.drawLine(QPointF(x, 0), QPointF(x, plot.height()))
                    painter.setPen(QPen(self.theme.colour("text"), width * self.scale))
                    painter.drawLine(QPointF(x, 0), QPointF(x, plot.height()))
            if self.hasFocus():
                painter.setPen(QPen(self.theme.colour("accent"), 1.0))
                painter.drawRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5))

    def _paint_ticks(self, painter: QPainter, plot: QRect) -> None:
        painter.setFont(font(11, self.scale))
        metrics = painter.fontMetrics()
        begin, end = self.span
        widest = metrics.horizontalAdvance("0:00:00") * 1.6
        fitting = [tick for tick in TICKS if tick / (end - begin) * self.width() >= widest]
        tick = fitting[0] if fitting else TICKS[-1]
        for number in range(int(begin // tick), int(end // tick) + 1):
            x = self._x(number * tick)
            text = words.clock(number * tick)
            width = metrics.horizontalAdvance(text)
            left = min(max(x - width / 2, 0.0), self.width() - width)
            if begin <= number * tick:
                painter.fillRect(QRectF(x, plot.bottom(), 1, 3 * self.scale), self.theme.colour("faint"))
                painter.setPen(self.theme.colour("muted"))
                painter.drawText(QPointF(left, self.height() - metrics.descent()), text)

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        if event.button() == Qt.MouseButton.LeftButton:
            self.moment_wished.emit(self._seconds(event.position().x()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        self.hover = self._seconds(event.position().x())
        if event.buttons() & Qt.MouseButton.LeftButton:
            self.moment_wished.emit(self.hover)
        self.update()

    def leaveEvent(self, event: object) -> None:  # noqa: N802
        self.hover = None
        self.update()

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
            super().keyPressEvent(event)


def stack(curve: NDArray[np.float32], rows: int) -> NDArray[np.uint8]:
    """(columns, genres) probabilities, NaN for none -> (rows, columns) which genre is where, the first one on top;
    one more than there are where nothing is.
    """
    genres = curve.shape[1]
    edges = np.cumsum(np.nan_to_num(curve), axis=1)  # lower edge of each genre, from the top
    middles = (np.arange(rows, dtype=np.float32) + 0.5)[:, None] / rows
    stacked = np.zeros((rows, len(curve)), dtype=np.uint8)
    for edge in edges.T[:-1]:
        stacked += middles >= edge
    stacked[:, np.isnan(curve[:, 0])] = genres
    return stacked


class HistoryPanel(Panel):
    """The picture, what is under the mouse in words, and one button: freeze, or back to live."""

    def __init__(self, parent: QWidget, theme: Theme, past: Past) -> None:
        super().__init__(parent, theme, "History")
        self._past = past
        self.view = HistoryView(self, theme, past)
        self.note = Reading(self, theme, "muted", 12, align=RIGHT)
        self.note.named("history_note", "Moment")
        self.freeze, self.closer, self.wider = (
            dress(QPushButton(self), *described, look="small")
            for described in (
                ("freeze", FREEZE, FREEZE_TIP, "Freeze or go back to live"),
                ("history_closer", "+", "Show less time (plus, or the wheel)", "Zoom in"),
                ("history_wider", "\N{MINUS SIGN}", "Show more time (minus, or the wheel)", "Zoom out"),
            )
        )
        for button in (self.freeze, self.closer, self.wider):
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.closer.clicked.connect(lambda: self.view.zoom(closer=True))
        self.wider.clicked.connect(lambda: self.view.zoom(closer=False))

    def show_moment(self, moment: float | None, seconds: float) -> None:
        """Show the past, `seconds` after the last time; `moment` is the time looked at, None for live."""
        if (moment is None) != (self.view.moment is None):
            self.freeze.setText(FREEZE if moment is None else LIVE)
            emphasise(self.freeze, moment is not None)
            self.arrange()
        self.freeze.setEnabled(self._past.frames > 0)
        self.view.show_moment(moment, seconds)
        hovered = None if self.view.hover is None else self._past.at(self.view.hover)
        if hovered is not None:
            best = int(hovered.smoothed.argmax())
            share = words.percent(float(hovered.smoothed[best]))
            self.note.show_text(f"{words.clock(hovered.seconds)}  {self._past.genres[best]} {share}", "text")
        elif moment is not None:
            self.note.show_text(f"frozen at {words.clock(moment)}, still listening", "warning")
        else:
            self.note.show_text("")

    def arrange(self) -> None:
        super().arrange()
        beside, gap = self.beside_title(), self.px(6)
        height = self.px(26)
        top, right = beside.center().y() - height // 2, self.width() - self.px(PADDING)
        self.freeze.ensurePolished()
        freeze, small = max(self.px(72), self.freeze.sizeHint().width()), self.px(30)
        for button, width in ((self.freeze, freeze), (self.closer, small), (self.wider, small)):
            button.setGeometry(right - width, top, width, height)
            right -= width + gap
        self.note.place(self.scale, QRect(beside.x(), beside.y(), max(0, right - beside.x()), beside.height()))
        self.view.place(self.scale, self.inside())
