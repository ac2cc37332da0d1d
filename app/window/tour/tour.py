"""The demo's captions: a card beside the panel it speaks of, and a frame around that panel."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from PySide6.QtCore import QEvent, QObject, QRect, QRectF, Qt
from PySide6.QtGui import QKeySequence, QPaintEvent, QPen, QShortcut
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QPushButton, QWidget

from app.live.protocol import Models
from app.window.live.page import LivePage
from app.window.theme import Theme, text_pixels
from app.window.tour.captions import STEPS, Step
from app.window.widgets import Part, dress, fill, painting, plain_label, space, style_text

WIDTH, WIDEST, NARROWEST, GAP = 430, 860, 290, 14  # pixels at scale 1
ENLARGED = 1.48  # how much larger a caption is in a presentation
INSTEAD = {"answers": "badge"}  # what is pointed at where a panel is not seen


class Tour(Part):
    """Covers the live page, lets the mouse through, and goes on by itself.

    `panels` are found by the names that the steps use; a step whose panel is not there speaks of none. One step makes
    the window of the model longer, which is undone at the latest when the tour ends.
    """

    def __init__(self, page: LivePage, theme: Theme, panels: Mapping[str, QWidget], models: Models) -> None:
        super().__init__(page, theme)
        self._page, self._panels, self._models = page, panels, models
        self._before: tuple[str, float] | None = None  # key and window of the model, while it has a longer one
        self._number = 0
        self._seconds = 0.0  # in the present step
        self._framed: QRect | None = None  # what is pointed at
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.card = TourCard(page, theme)
        self.card.back.clicked.connect(lambda: self.turn(-1))
        self.card.on.clicked.connect(lambda: self.turn(1))
        self.card.end.clicked.connect(self.end)
        # Shortcuts, so that they are heard before any control that has the focus; a clicker sends the page keys.
        self._keys = [QShortcut(QKeySequence(key), page.window(), act) for key, act in self._acts().items()]
        self._listen_to_keys(False)
        page.installEventFilter(self)
        self.hide()

    def _acts(self) -> dict[Qt.Key, Callable[[], None]]:
        keys = Qt.Key
        on, back = partial(self.turn, 1), partial(self.turn, -1)
        acts: dict[Qt.Key, Callable[[], None]] = dict.fromkeys((keys.Key_Right, keys.Key_PageDown, keys.Key_Space), on)
        return acts | dict.fromkeys((keys.Key_Left, keys.Key_PageUp), back) | {keys.Key_Escape: self.end}

    def _listen_to_keys(self, listens: bool) -> None:
        for key in self._keys:
            key.setEnabled(listens)

    @property
    def step(self) -> Step:
        """The present one."""
        return STEPS[self._number]

    @property
    def is_running(self) -> bool:
        """Whether a caption is shown."""
        return self.card.isVisible()

    def go(self, number: int = 0) -> None:
        """To that step, the first one to begin with; behind the last one the tour is over."""
        if number >= len(STEPS):
            self.end()
            return
        self._number, self._seconds = max(0, number), 0.0
        step = self.step
        self.card.show_step(step, self._number, len(STEPS))
        for shown in (self, self.card):
            shown.show()
            shown.raise_()
        self._listen_to_keys(True)
        self.arrange()
        if step.change == "longer window":
            self._lengthen_window()
        elif step.change:
            self._restore_window()

    def turn(self, steps: int) -> None:
        """So many steps on, or back."""
        self.go(self._number + steps)

    def end(self) -> None:
        """Say no more, and undo what a step has changed."""
        if self.is_running:
            self.hide()
            self.card.hide()
            self._listen_to_keys(False)
            self._restore_window()

    def _lengthen_window(self) -> None:
        if self._before is None:
            model = self._models.description
            self._before = model.choice.key, model.window_seconds
            # The first one is the one that ships: what the caption says of its cost is true of that one.
            self._models.choose(self._models.choices[0].key, self._models.windows[-1])

    def _restore_window(self) -> None:
        before, self._before = self._before, None
        if before is not None:
            self._models.choose(*before)

    def tick(self, seconds: float) -> None:
        """Time goes on."""
        if self.is_running:
            if self._target() != self._framed:  # the page is laid out in another way
                self.arrange()
            self._seconds += seconds
            self.card.show_time(self._seconds / self.step.seconds)
            if self._seconds >= self.step.seconds:
                self.go(self._number + 1)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        if event.type() == QEvent.Type.Resize and self.is_running:
            self.arrange()
        return super().eventFilter(watched, event)

    def _target(self) -> QRect | None:
        for name in (self.step.panel, INSTEAD.get(self.step.panel, "")):
            panel = self._panels.get(name)
            if panel is not None and panel.isVisible():
                return panel.geometry()
        return None

    def arrange(self) -> None:
        page, self._framed = self._page.rect(), self._target()
        self.setGeometry(page)
        presents = self._page.mode == "presentation"
        scale = self.scale * (ENLARGED if presents else 1.0)
        self.card.show_flat(presents)
        self.card.place(scale, self.card.geometry())  # how tall it must be depends on the scale
        self.card.setGeometry(card_place(page, self._framed, scale, self.card.height_for))
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802
        target = self._target()
        if target is None:
            return
        with painting(self) as painter:
            painter.setPen(QPen(self.theme.colour("accent"), max(2.0, 3 * self.scale)))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(target).adjusted(-4, -4, 4, 4), 12 * self.scale, 12 * self.scale)


def card_place(page: QRect, target: QRect | None, scale: float, height_for: Callable[[int], int]) -> QRect:
    """Beside the target where there is room, else below or above it, else at the bottom; never outside of the page."""
    gap, widest = round(GAP * scale), page.width() - 2 * round(GAP * scale)
    if target is not None:
        width = min(round(WIDTH * scale), widest)
        for left, room in (
            (target.right() + 2 * gap, page.right() - target.right() - 3 * gap),
            (page.left() + gap, target.left() - page.left() - 3 * gap),
        ):
            if room >= NARROWEST * scale:
                width = min(width, room)
                height = height_for(width)
                top = min(max(target.center().y() - height // 2, page.top() + gap), page.bottom() - height - gap)
                at = left if left > target.left() else target.left() - 2 * gap - width
                return QRect(at, top, width, height)
    width = min(round(WIDEST * scale), widest)
    height = height_for(width)
    if target is not None:
        left = min(max(target.center().x() - width // 2, page.left() + gap), page.right() - width - gap)
        for top in (target.bottom() + gap, target.top() - gap - height):
            if page.top() <= top and top + height <= page.bottom():
                return QRect(left, top, width, height)
    return QRect((page.width() - width) // 2, page.bottom() - height - gap, width, height)


class TourCard(Part):
    """One caption with the keys to go on."""

    def __init__(self, page: QWidget, theme: Theme) -> None:
        super().__init__(page, theme)
        self._share = 0.0
        self.setObjectName("tour")
        self.title, self.sentence = plain_label(self, "tour_title"), plain_label(self, "tour_sentence")
        self.count = plain_label(self, "tour_count", wraps=False)
        self.back = dress(QPushButton(self), "tour_back", "Back", "The caption before")
        self.on = dress(QPushButton(self), "tour_on", "Next", "The next caption", look="primary")
        self.end = dress(QPushButton(self), "tour_end", "End", "No more captions; the music goes on", "End the tour")
        self._grid = QGridLayout(self)
        self._grid.setColumnStretch(0, 1)
        self._controls = QWidget(self)
        self._row = QHBoxLayout(self._controls)
        self._row.addWidget(self.count)
        self._row.addStretch(1)
        for button in (self.end, self.back, self.on):
            self._row.addWidget(button)
        self.show_flat(False)
        self.hide()

    def show_flat(self, flat: bool) -> None:
        """The buttons beside the title, as on a presentation there is little height; or below all."""
        places = ((0, 0, 1, 1), (1, 0, 1, 2), (0, 1, 1, 1)) if flat else ((0, 0, 1, 2), (1, 0, 1, 2), (2, 0, 1, 2))
        for part, place in zip((self.title, self.sentence, self._controls), places, strict=True):
            self._grid.addWidget(part, *place)

    def show_step(self, step: Step, number: int, count: int) -> None:
        """Say this."""
        self.title.setText(step.title)
        self.sentence.setText(step.sentence)
        self.count.setText(f"{number + 1} of {count}")
        self.back.setEnabled(number > 0)
        self.setAccessibleName(f"{step.title}. {step.sentence}")
        self.show_time(0.0)

    def show_time(self, share: float) -> None:
        """How much of the step is over, 0..1."""
        if abs(share - self._share) > 0.004:
            self._share = share
            self.update(0, self.height() - 6, self.width(), 6)

    def height_for(self, width: int) -> int:
        """How tall the card must be at this width."""
        return max(self._grid.totalHeightForWidth(width), self._grid.totalMinimumSize().height())

    def arrange(self) -> None:
        palette, scale = self.theme.palette, self.scale
        style_text(self.title, palette.text, text_pixels(22, scale), 700)
        style_text(self.sentence, palette.text, text_pixels(16, scale))
        style_text(self.count, palette.muted, text_pixels(13, scale))
        for label in (self.title, self.sentence, self.count):
            label.ensurePolished()
        space(self._grid, self.px(18), self.px(8))
        space(self._row, 0, self.px(8))

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802
        with painting(self) as painter:
            painter.setPen(QPen(self.theme.colour("accent"), max(1.0, 1.5 * self.scale)))
            radius = 14 * self.scale
            inside = QRectF(self.rect()).adjusted(1, 1, -1, -1)
            fill(painter, self.theme.colour("raised"), inside, radius)
            painter.setPen(Qt.PenStyle.NoPen)
            length = (inside.width() - 2 * radius) * min(self._share, 1.0)
            fill(painter, self.theme.colour("accent"), QRectF(inside.x() + radius, inside.bottom() - 3, length, 2))
