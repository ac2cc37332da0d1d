"""What was heard, and below it what was answered, on one axis of time; any moment can be looked at while listening
goes on.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRect, QRectF, Qt, Signal
from PySide6.QtGui import (
    QBrush,
    QColor,
    QFontMetrics,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QWheelEvent,
)
from PySide6.QtWidgets import QPushButton, QWidget

from app.live.past import Past
from app.window import words
from app.window.explained import Explained
from app.window.history.pictures import Flow, answers_picture, grey, height_of, magma, sound_picture
from app.window.theme import Theme, font
from app.window.widgets import PADDING, RIGHT, Panel, Part, Reading, dress, emphasise, painting
from audio import BANDS, FRAME_SECONDS

SPANS = (15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0)  # seconds that a zoom may show; and the whole session
SHORTEST = 60.0  # seconds that are shown at least, unless the user looks closer
MARGIN = 0.12  # of the window is shown before it: what the model has just forgotten
VEIL = 0.55  # opacity over what is forgotten
SOUND_SHARE = 0.54  # of the height; the rest is for the answers
MOST_ROWS = 240  # of the answers' picture, which is stretched where there are more pixels
STEP, LEAP = 1.0, 10.0  # seconds, of the arrow keys
TICKS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200)  # seconds
FREQUENCIES = (8000, 500, 2000, 4000, 1000, 250)  # Hz; where there is little height the later ones are left out
FREEZE, LIVE = "Freeze", "Back to live"
FREEZE_TIP = "Hold the picture, or go back to live; sound goes on being heard (space bar)"
SOUND = (
    "The loudness of the sound in 128 bands, as the models get it: time goes from left to right, low tones are at the "
    "bottom, bright is loud. What is darker, left of the dashed line, the models have forgotten."
)
ANSWERS = (
    "Every answer so far: the ten genres in their colours, each as high as it was probable at that moment. A click "
    "looks back at a moment, the wheel shows more or less time. What was not heard is hatched, and a line stands where "
    "the source or the model changed."
)


class TimelineView(Part):
    """Click, drag or use the arrow keys to look at a moment; the wheel, plus and minus zoom."""

    moment_wished = Signal(float)  # seconds

    def __init__(self, parent: QWidget, theme: Theme, past: Past) -> None:
        super().__init__(parent, theme)
        self._past = past
        self.has_sound = True  # else the answers alone, of the whole session
        self.window_seconds = 30.0  # what the model remembers
        self.moment: float | None = None  # seconds, while frozen
        self.hover: float | None = None  # seconds, while the mouse is over it
        self._zoom: float | None = None  # seconds shown; None: what the model remembers; inf: the whole session
        self._held = 0.0  # the right edge while frozen
        self._flow = Flow()
        self._drawn: tuple[object, ...] = ()  # of what the pictures are
        self._pictures: list[QImage] = []
        self._unheard: list[tuple[float, float]] = []  # shares of the width
        self.setObjectName("history")
        self.setAccessibleName("Sound and answers over time")
        self.setAccessibleDescription(
            "Left and right look at an earlier or later moment, plus and minus zoom, End goes back to live."
        )
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setMouseTracking(True)
        self._magma = magma()

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
        end = flown if self.moment is None else self._held
        last = math.floor(end / length * columns + 1e-6)
        return (last - columns) * length / columns, last * length / columns

    @property
    def _shows_all(self) -> bool:
        return self._zoom == math.inf or not self.has_sound

    def _length(self) -> float:
        if self._shows_all:
            return max(self._past.seconds if self.moment is None else self._held, SHORTEST)
        return max(SHORTEST, self.window_seconds * (1 + MARGIN)) if self._zoom is None else self._zoom

    def _columns(self) -> int:
        return max(1, round(self.width() * self.devicePixelRatioF()))

    def advance(self, seconds: float) -> None:
        """Let the picture flow on; it is drawn only when that moves it by a pixel."""
        self._flow.advance(self._past.frames, seconds / FRAME_SECONDS)
        if self._drawn != self._wanted():
            self.update()

    def show_moment(self, moment: float | None) -> None:
        """Mark the moment that is looked at, and flow no longer; None for live."""
        if moment == self.moment:
            return
        if self.moment is None:
            self._held = self._past.seconds
        self.moment = moment
        self._keep_in_view()
        self.update()

    def zoom(self, closer: bool) -> None:
        """Show less time, or more."""
        now, whole = self._length(), max(self._past.seconds, SHORTEST)
        spans = sorted({*(span for span in SPANS if span < whole), whole})
        found = [span for span in spans if (span < now - 1 if closer else span > now + 1)]
        if found:
            chosen = found[-1] if closer else found[0]
            self._zoom = math.inf if chosen == whole else chosen
            self._keep_in_view()
            self.update()

    def _keep_in_view(self) -> None:
        if self.moment is not None:
            length = self._length()
            self._held = min(max(self._held, self.moment + length * 0.1), self.moment + length * 0.9)
            self._held = min(self._held, self._past.seconds)

    def plots(self) -> tuple[QRect, QRect]:
        """Where sound and answers stand; no sound where there is no room for it."""
        ticks = QFontMetrics(font(12, self.scale)).height() + self.px(5)
        room, gap = self.height() - ticks, self.px(3)
        sound = round(room * SOUND_SHARE) if self.has_sound else 0
        below = sound + gap if sound else 0
        return QRect(0, 0, self.width(), sound), QRect(0, below, self.width(), room - below)

    def _wanted(self) -> tuple[object, ...]:
        """What the pictures depend on. While they flow, frames come in from beyond the right edge."""
        size = self.width(), self.height(), self.has_sound, self.window_seconds
        flows = self.moment is None and not self._shows_all
        return self.span, size, self.stale, self.theme.palette, 0 if flows else self._past.frames // 3

    def _draw(self) -> None:
        self._drawn = self._wanted()
        (begin, end), columns = self.span, self._columns()
        sound, answers = self.plots()
        curve = self._past.curve(begin, end, columns)
        genres = [self.theme.colour(position).rgba() for position in range(len(self._past.genres))]
        rows = min(max(1, answers.height()), MOST_ROWS)
        self._pictures = [answers_picture(curve, rows, grey(genres) if self.stale else genres)]
        if sound.height():
            colours = grey(self._magma) if self.stale else self._magma
            self._pictures.append(sound_picture(self._past.sound(begin, end, columns), colours))

    def arrange(self) -> None:
        self._drawn = ()

    def _x(self, seconds: float) -> float:
        begin, end = self.span
        return (seconds - begin) / (end - begin) * self.width()

    def _seconds(self, x: float) -> float:
        begin, end = self.span
        return min(max(begin + x / max(self.width(), 1) * (end - begin), 0.0), self._past.seconds)

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802
        if self._drawn != self._wanted():
            self._draw()
        sound, answers = self.plots()
        with painting(self) as painter:
            painter.fillRect(answers, self.theme.colour("raised", 0.5))
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)  # ticks are one pixel wide
            painter.drawImage(answers, self._pictures[0])
            if sound.height():
                painter.fillRect(sound, QColor(*bytes.fromhex("000004")))
                painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
                painter.drawImage(sound, self._pictures[1])
            self._paint_unheard(painter, sound, answers)
            self._paint_memory(painter, sound, answers)
            self._paint_marks(painter, answers)
            self._paint_ticks(painter, answers)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            for seconds, width in ((self.hover, 1.0), (self.moment, 2.5)):
                if seconds is not None:
                    x = self._x(seconds)
                    for role, extra in (("background", 2.0), ("text", 0.0)):
                        painter.setPen(QPen(self.theme.colour(role), (width + extra) * self.scale))  # type: ignore[arg-type]
                        painter.drawLine(QPointF(x, 0), QPointF(x, answers.bottom()))
            if self.hasFocus():
                painter.setPen(QPen(self.theme.colour("accent"), 1.0))
                painter.drawRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5))

    def _paint_unheard(self, painter: QPainter, *plots: QRect) -> None:
        """Hatch the times from which no sound is known."""
        begin, end = self.span
        for first, last in self._past.unheard:
            if last > begin and first < end:
                left, right = max(self._x(first), 0.0), min(self._x(last), float(self.width()))
                for plot in plots:
                    place = QRectF(left, plot.top(), max(right - left, 2.0), plot.height())
                    painter.fillRect(place, self.theme.colour("raised", 0.7))
                    painter.fillRect(place, QBrush(self.theme.colour("muted"), Qt.BrushStyle.BDiagPattern))

    def _paint_memory(self, painter: QPainter, sound: QRect, answers: QRect) -> None:
        """Veil what the models have forgotten."""
        x = self._x((self.span[1] if self.moment is None else self.moment) - self.window_seconds)
        if x > 0 and self.has_sound:
            painter.fillRect(QRectF(0, 0, x, sound.height()), QColor(0, 0, 4, round(255 * VEIL)))
            painter.setPen(QPen(QColor("white"), max(1.0, self.scale), Qt.PenStyle.DashLine))
            painter.drawLine(QPointF(x, 0), QPointF(x, answers.bottom()))
            painter.setFont(font(12, self.scale))
            text = f"{words.window_length(self.window_seconds)}: what the models remember"
            metrics = QFontMetrics(painter.font())
            place = QRectF(x + self.px(3), self.px(2), metrics.horizontalAdvance(text) + 8, metrics.height())
            painter.fillRect(place, QColor(0, 0, 4, 150))
            painter.drawText(place, Qt.AlignmentFlag.AlignCenter, text)

    def _paint_marks(self, painter: QPainter, answers: QRect) -> None:
        """A line with its word where something happened, the later one where two would overlap."""
        begin, end = self.span
        painter.setFont(font(11, self.scale))
        metrics, free = QFontMetrics(painter.font()), float(self.width())
        for mark in reversed(self._past.marks):
            if not begin < mark.seconds < end:
                continue
            x = self._x(mark.seconds)
            painter.setPen(QPen(self.theme.colour("background"), 3 * self.scale))
            painter.drawLine(QPointF(x, 0), QPointF(x, answers.bottom()))
            painter.setPen(QPen(self.theme.colour("text"), max(1.0, self.scale)))
            painter.drawLine(QPointF(x, 0), QPointF(x, answers.bottom()))
            text = metrics.elidedText(mark.text, Qt.TextElideMode.ElideRight, self.px(180))
            place = QRectF(
                x, answers.bottom() - metrics.height() - 1, metrics.horizontalAdvance(text) + 8, metrics.height()
            )
            if place.right() < free:
                free = place.left()
                painter.fillRect(place, self.theme.colour("background", 0.8))
                painter.drawText(place, Qt.AlignmentFlag.AlignCenter, text)

    def _paint_ticks(self, painter: QPainter, answers: QRect) -> None:
        """Seconds before now; times of the session where that is not the right edge."""
        painter.setFont(font(12, self.scale))
        metrics = painter.fontMetrics()
        begin, end = self.span
        widest = metrics.horizontalAdvance("0:00:00") * 1.6
        fitting = [tick for tick in TICKS if tick / (end - begin) * self.width() >= widest]
        tick = fitting[0] if fitting else TICKS[-1]
        from_now = self.moment is None and not self._shows_all
        zero = end if from_now else 0.0
        for number in range(math.ceil((begin - zero) / tick), math.floor((end - zero) / tick + 1e-6) + 1):
            if zero + number * tick < 0 and not from_now:
                continue  # before the session
            x = self._x(zero + number * tick)
            text = words.before_now(-number * tick) if from_now else words.clock(number * tick)
            width = metrics.horizontalAdvance(text)
            left = min(max(x - width / 2, 0.0), self.width() - width)
            painter.fillRect(QRectF(x, answers.bottom() + 1, 1, 3 * self.scale), self.theme.colour("faint"))
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


class Gutter(Explained):
    """Left of a picture: what it is, in a word, and its scale as (share of the height, text)."""

    def __init__(self, parent: QWidget, theme: Theme, word: str, explanation: str, scale: Sequence[tuple[float, str]]):
        super().__init__(parent, theme, word, explanation)
        self._scale_texts = scale

    def labels(self) -> list[tuple[QRectF, str]]:
        """Those of the scale that have room below the word."""
        line = QFontMetrics(font(12, self.scale)).height()
        taken, shown = [QRectF(0, 0, self.width(), line)], []
        for share, text in self._scale_texts:
            top = min(max(self.height() * (1 - share) - line / 2, line + 1), self.height() - line)
            place = QRectF(0, top, self.width() - self.px(6), line)
            if not any(place.intersects(other) for other in taken):
                taken.append(place)
                shown.append((place, text))
        return shown

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        with painting(self) as painter:
            painter.setFont(font(12, self.scale))
            painter.setPen(self.theme.colour("muted"))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignTop, self.heading)
            for place, text in self.labels():
                painter.drawText(place, RIGHT, text)
        super().paintEvent(event)


class TimelinePanel(Panel):
    """The pictures, what is under the mouse in words, and one button: freeze, or back to live."""

    def __init__(self, parent: QWidget, theme: Theme, past: Past) -> None:
        super().__init__(parent, theme, "What they hear, and what they answer")
        self._past = past
        self.view = TimelineView(self, theme, past)
        hz = [(height_of(hz, BANDS), f"{hz} Hz" if hz < 1000 else f"{hz // 1000} kHz") for hz in FREQUENCIES]
        self.gutters = [Gutter(self, theme, "Sound", SOUND, hz), Gutter(self, theme, "Answers", ANSWERS, ())]
        self.note = Reading(self, theme, "muted", 13, align=RIGHT)
        self.note.named("history_note", "Moment")
        self.freeze, self.closer, self.wider = (
            dress(QPushButton(self), *described, look="small")
            for described in (
                ("freeze", FREEZE, FREEZE_TIP, "Freeze or go back to live"),
                ("history_closer", "+", "Show less time (plus, or the wheel)", "Zoom in"),
                ("history_wider", "\N{MINUS SIGN}", "Show more time (minus, or the wheel)", "Zoom out"),
            )
        )
        self.buttons = self.freeze, self.closer, self.wider
        for button in self.buttons:
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.closer.clicked.connect(lambda: self.view.zoom(closer=True))
        self.wider.clicked.connect(lambda: self.view.zoom(closer=False))

    def show_window(self, seconds: float) -> None:
        """The models remember so much."""
        self.view.window_seconds = seconds

    def show_moment(self, moment: float | None) -> None:
        """`moment` is the time looked at, None for live."""
        if (moment is None) != (self.view.moment is None):
            self.freeze.setText(FREEZE if moment is None else LIVE)
            emphasise(self.freeze, moment is not None)
            self.view.show_moment(moment)
            self.arrange()
        self.freeze.setEnabled(self._past.frames > 0)
        self.view.show_moment(moment)
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
        self.view.has_sound = not self.presents
        for part in (self.note, *self.buttons, *self.gutters):
            part.setVisible(not self.presents)
        if self.presents:
            self.view.place(self.scale, self.rect())
            return
        beside, gap = self.beside_title(), self.px(6)
        height = self.px(26)
        top, right = beside.center().y() - height // 2, self.width() - self.px(PADDING)
        self.freeze.ensurePolished()
        freeze, small = max(self.px(72), self.freeze.sizeHint().width()), self.px(30)
        for button, width in ((self.freeze, freeze), (self.closer, small), (self.wider, small)):
            button.setGeometry(right - width, top, width, height)
            right -= width + gap
        self.note.place(self.scale, QRect(beside.x(), beside.y(), max(0, right - beside.x()), beside.height()))
        inside, gutter = self.inside(), self.px(64)
        self.view.place(self.scale, inside.adjusted(gutter, 0, 0, 0))
        for each, plot in zip(self.gutters, self.view.plots(), strict=True):
            each.place(self.scale, QRect(inside.x(), inside.y() + plot.y(), gutter, plot.height()))
