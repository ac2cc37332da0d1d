"""What every panel is built of: texts, fields with a title, buttons, and how they are drawn.

Nothing here is laid out by Qt: whoever holds a part puts it in its place, in pixels of the window's present scale.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar, cast

from PySide6.QtCore import QEvent, QRect, QRectF, Qt
from PySide6.QtGui import (
    QBrush,
    QColor,
    QFont,
    QFontMetrics,
    QGradient,
    QHelpEvent,
    QPainter,
    QPaintEvent,
)
from PySide6.QtWidgets import (
    QAbstractButton,
    QBoxLayout,
    QGridLayout,
    QLabel,
    QPushButton,
    QToolTip,
    QWidget,
)

from app.window.theme import Role, Theme, font

EASING_SECONDS = 0.07  # about one frame of the model
CLOSE_ENOUGH = 5e-4
LARGE = 28  # pixels at scale 1, from which on a text that is too long shrinks
SMALLEST_SHARE = 0.45  # to this share of its size, then it ends in dots
DESCENT_SHARE = 0.6  # share of the font's descent to reserve below the letters
DOTS = "\N{HORIZONTAL ELLIPSIS}"
Weight = QFont.Weight
LEFT, RIGHT = Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignRight
CENTRE = Qt.AlignmentFlag.AlignHCenter
PADDING, TITLE_HEIGHT = 18, 20  # pixels at scale 1
Widget = TypeVar("Widget", bound=QWidget)
Button = TypeVar("Button", bound=QAbstractButton)


def ease(shown: float, target: float, seconds: float) -> float:
    """The length to draw `seconds` after `shown` was drawn; arrives exactly. Numbers that are written never glide."""
    if abs(target - shown) < CLOSE_ENOUGH:
        return target
    return target + (shown - target) * math.exp(-seconds / EASING_SECONDS)


@contextmanager
def painting(widget: QWidget) -> Iterator[QPainter]:
    """A painter on the widget, with smooth edges and no outline."""
    with QPainter(widget) as painter:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        yield painter


def fill(painter: QPainter, brush: QColor | QGradient, place: QRectF, radius: float = 0.0) -> None:
    """A rectangle of this colour, its corners round."""
    painter.setBrush(QBrush(brush))
    painter.drawRoundedRect(place, radius, radius)


def style_text(label: QLabel, colour: str, pixels: int, weight: int = 400) -> None:
    """Give a label that breaks its lines this colour, size and weight."""
    sheet = f"color: {colour}; font-size: {pixels}px; font-weight: {weight};"
    if sheet != label.styleSheet():
        label.setStyleSheet(sheet)


class Part(QWidget):
    """Drawn at `scale`; asks `theme` for its colours while it paints."""

    def __init__(self, parent: QWidget, theme: Theme) -> None:
        super().__init__(parent)
        self.theme = theme
        self.scale = 1.0
        self.stale = False  # what it shows is of the past: then it has no colours
        theme.changed.connect(self.arrange)

    def place(self, scale: float, rectangle: QRect) -> None:
        """Put it here and draw at this scale."""
        self.scale = scale
        self.setGeometry(rectangle)
        self.arrange()
        self.update()

    def show_stale(self, stale: bool) -> None:
        """Take the colours away, or give them back."""
        if stale != self.stale:
            self.stale = stale
            for part in self.findChildren(Part):
                part.stale = stale
            self.update()

    def ink(self, role: Role) -> QColor:
        """The colour of what is alive."""
        return self.theme.colour("faint" if self.stale else role)

    def px(self, length: float) -> int:
        """A length at scale 1 in pixels of now."""
        return round(length * self.scale)

    def arrange(self) -> None:
        """Put the children in their places, in the present style; runs after a change of size, scale or theme."""

    def draw_bar(
        self,
        painter: QPainter,
        track: QRectF,
        radius: float,
        length: float,
        brush: QColor | QGradient,
        tick: float | None = None,
    ) -> None:
        """A rounded track, so much of it full, and perhaps a tick at this share of it."""
        fill(painter, self.theme.colour("raised"), track, radius)
        if length > 0:
            fill(painter, brush, QRectF(track.x(), track.y(), length, track.height()), radius)
        if tick is not None:
            width = max(2.0, 2 * self.scale)
            left = track.x() + (track.width() - width) * tick
            fill(painter, self.theme.colour("text"), QRectF(left, track.y(), width, track.height()))


class Reading(QLabel):
    """Shows one text in one size: what is too long goes on in a second line where there is room, or else ends in
    dots, and is seen whole under the mouse. Only large type shrinks, as a genre in dots would tell nothing.
    """

    def __init__(
        self,
        parent: QWidget,
        theme: Theme,
        colour: Role,
        size: float,
        weight: QFont.Weight = Weight.Normal,
        align: Qt.AlignmentFlag = LEFT,
        text: str = "",
    ) -> None:
        super().__init__(text, parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self._theme, self.colour = theme, colour
        self._size, self._weight, self.align = size, weight, align
        self._scale = 1.0

    def named(self, name: str, accessible: str, tip: str = "") -> Reading:
        """See the function of that name."""
        return named(self, name, accessible, tip)

    def show_text(self, text: str, colour: Role | None = None) -> None:
        """Redraws only when something changed."""
        if colour is not None and colour != self.colour:
            self.colour = colour
            self.update()
        if text != self.text():
            self.setText(text)

    def place(self, scale: float, rectangle: QRect) -> None:
        """Put it here and draw at this scale."""
        self._scale = scale
        self.setGeometry(rectangle)

    @property
    def is_cut(self) -> bool:
        """Whether it has no room for all of its text."""
        metrics = QFontMetrics(self.fitted_font())
        return metrics.horizontalAdvance(self.text()) > self.width() and not self._wraps(metrics)

    def _wraps(self, metrics: QFontMetrics) -> bool:
        needed = metrics.boundingRect(QRect(0, 0, self.width(), 0), Qt.TextFlag.TextWordWrap, self.text())
        return metrics.height() < needed.height() <= self.height() and needed.width() <= self.width()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and self.is_cut:
            event = cast(QHelpEvent, event)
            QToolTip.showText(event.globalPos(), f"{self.text()}\n{self.toolTip()}".strip(), self)
            return True
        return super().event(event)

    def natural_width(self, scale: float) -> int:
        """Width in pixels that the text takes at this scale when nothing shrinks it."""
        return QFontMetrics(font(self._size, scale, self._weight)).horizontalAdvance(self.text())

    def fitted_font(self) -> QFont:
        """The font in which the present text fits its place."""
        made, width, height = font(self._size, self._scale, self._weight), self.width(), self.height()
        if self._size < LARGE or not width or not height:
            return made
        metrics = QFontMetrics(made)
        natural = max(metrics.horizontalAdvance(self.text()), 1)
        needed = metrics.ascent() + DESCENT_SHARE * metrics.descent()
        share = min(max(SMALLEST_SHARE, width / natural), height / needed, 1.0)
        made.setPixelSize(max(1, int(made.pixelSize() * share)))
        return made

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802
        fitting = self.fitted_font()
        metrics = QFontMetrics(fitting)
        text, flags = self.text(), self.align | Qt.AlignmentFlag.AlignVCenter
        if self._wraps(metrics):
            flags |= Qt.TextFlag.TextWordWrap
        else:
            text = metrics.elidedText(text, Qt.TextElideMode.ElideRight, self.width())
        # The hook of a j reaches to the left of where the letter begins.
        hook = max(0, -metrics.leftBearing(text[0])) if text and self.align == LEFT else 0
        with painting(self) as painter:
            painter.setFont(fitting)
            painter.setPen(self._theme.letters(self.colour))
            painter.drawText(self.rect().adjusted(hook, 0, 0, 0), flags, text)


class Panel(Part):
    """A rounded field with a quiet title, on which everything that is shown stands."""

    def __init__(self, parent: QWidget, theme: Theme, title: str) -> None:
        super().__init__(parent, theme)
        self.presents = False  # for all to see: without a title and a ground
        self.title = Reading(self, theme, "muted", 13, Weight.DemiBold, text=title)
        self.setAccessibleName(title)

    def rename(self, title: str, colour: Role = "muted") -> None:
        """Give it another title."""
        if (title, colour) != (self.title.text(), self.title.colour):
            self.title.show_text(title, colour)
            self.setAccessibleName(title)
            self.arrange()

    def inside(self) -> QRect:
        """What is left for the content, below the title."""
        padding = self.px(PADDING)
        top = self.px(14) + self.px(TITLE_HEIGHT) + self.px(8)
        return QRect(padding, top, self.width() - 2 * padding, self.height() - top - self.px(14))

    def beside_title(self) -> QRect:
        """The free part of the title's line."""
        left = self.title.geometry().right() + self.px(20)
        return QRect(left, self.title.y(), self.width() - self.px(PADDING) - left, self.title.height())

    def arrange(self) -> None:
        """Put the title in its place; panels go on from here."""
        self.title.setVisible(not self.presents)
        left, height = self.px(PADDING), self.px(TITLE_HEIGHT)
        width = min(self.title.natural_width(self.scale) + 4, self.width() - 2 * left)
        self.title.place(self.scale, QRect(left, self.px(14), width, height))

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802
        with painting(self) as painter:
            if not self.presents:
                fill(painter, self.theme.colour("panel"), QRectF(self.rect()), 12 * self.scale)


def named(widget: Widget, name: str, accessible: str, tip: str = "") -> Widget:
    """Give it the names by which tests, screen readers and the mouse find it; returns it."""
    widget.setObjectName(name)
    widget.setAccessibleName(accessible)
    widget.setAccessibleDescription(tip)
    widget.setToolTip(tip)
    return widget


def dress(button: Button, name: str, text: str, tip: str, accessible: str = "", look: str = "") -> Button:
    """Give a button its text and its names, and return it.

    accessible: its text, without dots, where that is not given. look: a property that the style sheet knows.
    """
    button.setText(text)
    if look:
        button.setProperty(look, True)
    return named(button, name, accessible or text.rstrip(DOTS), tip)


def plain_label(parent: QWidget, name: str = "", wraps: bool = True, centred: bool = False) -> QLabel:
    """A label that shows what it is given as it is written."""
    label = QLabel(parent)
    label.setObjectName(name)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(wraps)
    if centred:
        label.setAlignment(Qt.AlignmentFlag.AlignCenter)
    return label


def space(layout: QBoxLayout | QGridLayout, margin: int, spacing: int) -> None:
    """Leave so many pixels around what is laid out, and between."""
    layout.setContentsMargins(margin, margin, margin, margin)
    layout.setSpacing(spacing)


def emphasise(button: QPushButton, on: bool) -> None:
    """Draw a button as the one that is expected to be pressed, or as the others."""
    button.setProperty("primary", on)
    button.style().unpolish(button)
    button.style().polish(button)
