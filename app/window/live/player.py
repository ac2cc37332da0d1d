"""A file that is played: pause, and where in it one is."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QMouseEvent, QPaintEvent, QPolygonF
from PySide6.QtWidgets import QSlider, QStyle, QToolButton, QWidget

from app.live.protocol import Session
from app.window import words
from app.window.theme import Theme
from app.window.widgets import RIGHT, Part, Reading, named, painting

SLIDER_STEPS = 1000


class SeekSlider(QSlider):
    """Goes where it is clicked, not one page further."""

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        if event.button() == Qt.MouseButton.LeftButton:
            at = round(event.position().x())
            self.setValue(QStyle.sliderValueFromPosition(self.minimum(), self.maximum(), at, self.width()))
            self.sliderMoved.emit(self.value())
        super().mousePressEvent(event)


class PauseButton(QToolButton):
    """Two bars, or a triangle while it is paused: drawn, since not every font has them."""

    def __init__(self, parent: QWidget, theme: Theme) -> None:
        super().__init__(parent)
        self._theme = theme
        self.is_paused: bool | None = None  # before anything was played

    def show_paused(self, is_paused: bool) -> None:
        """Offer to go on, or to pause."""
        if is_paused != self.is_paused:
            self.is_paused = is_paused
            self.setAccessibleName("Go on playing" if is_paused else "Pause")
            self.setToolTip(self.accessibleName())
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        super().paintEvent(event)
        with painting(self) as painter:
            painter.setBrush(self._theme.colour("text"))
            middle, half = QRectF(self.rect()).center(), self.height() * 0.2
            if self.is_paused:
                corners = [QPointF(-half * 0.8, -half), QPointF(half, 0), QPointF(-half * 0.8, half)]
                painter.drawPolygon(QPolygonF([middle + corner for corner in corners]))
            else:
                for left in (-0.8 * half, 0.25 * half):
                    painter.drawRect(QRectF(middle.x() + left, middle.y() - half, 0.55 * half, 2 * half))


class PlayerBar(Part):
    """Shown only while there is a file to seek in."""

    def __init__(self, parent: QWidget, theme: Theme, session: Session) -> None:
        super().__init__(parent, theme)
        self._session = session
        self.pause = PauseButton(self, theme)
        slider = SeekSlider(Qt.Orientation.Horizontal, self)
        self.slider = named(slider, "seek", "Position in the file", "Go to another place in the file")
        self.time = Reading(self, theme, "muted", 13, align=RIGHT)
        self.time.named("player_time", "Time in the file", "Where in the file one is, and how long it is.")
        self.pause.setObjectName("pause")
        self.pause.setProperty("small", True)
        self.slider.setRange(0, SLIDER_STEPS)
        self.slider.setSingleStep(10)
        self.slider.setPageStep(50)
        for control in (self.pause, self.slider):
            control.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.pause.clicked.connect(self.toggle_pause)
        self.slider.sliderMoved.connect(self._seek)
        self.slider.actionTriggered.connect(lambda _action: self._seek(self.slider.sliderPosition()))
        self.hide()

    def toggle_pause(self) -> None:
        """Hold the file, or let it go on."""
        player = self._session.player
        if player is not None:
            player.paused = not player.paused
            self.show_player()

    def _seek(self, step: int) -> None:
        player = self._session.player
        if player is not None and player.duration:
            player.seek(step / SLIDER_STEPS * player.duration)

    def show_player(self) -> bool:
        """Show where the file is, or nothing when none is played; whether that has just changed."""
        player = self._session.player
        changed = self.isHidden() == (player is not None)
        self.setVisible(player is not None)
        if player is None:
            return changed
        self.pause.show_paused(player.paused)
        position, duration = player.position, player.duration
        self.slider.setEnabled(bool(duration))
        if duration and not self.slider.isSliderDown():
            self.slider.setValue(round(min(position / duration, 1.0) * SLIDER_STEPS))
        end = f" / {words.clock(duration)}" if duration else ""
        self.time.show_text(f"{words.clock(position)}{end}")
        return changed

    def arrange(self) -> None:
        button, time, gap = self.px(38), self.px(104), self.px(8)
        width, height = self.width(), self.height()
        self.pause.setGeometry(0, self.px(3), button, height - self.px(6))
        self.slider.setGeometry(button + gap, 0, width - button - time - 2 * gap, height)
        self.time.place(self.scale, QRect(width - time, 0, time, height))
