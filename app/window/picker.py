"""The microphone picker: what can be heard, the one chosen, and what to say when there is none."""

from __future__ import annotations

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QComboBox, QStyle, QStyleOptionComboBox, QStylePainter, QWidget

from app.session_protocol import DeviceList
from app.window.theme import Theme

NO_MICROPHONE = "No microphone"
TIP = "The microphone that Listen hears."


class MicrophonePicker(QComboBox):
    """Keeps the user's choice over a refresh as long as that microphone is still there."""

    def __init__(self, parent: QWidget, theme: Theme) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setObjectName("microphone")
        self.setAccessibleName("Microphone")
        self.show_devices(None)

    @property
    def has_microphone(self) -> bool:
        """Whether there is one to listen to."""
        return self.currentData() is not None

    def key(self) -> str:
        """The chosen microphone's key; only when there is one."""
        return str(self.currentData())

    def show_devices(self, devices: DeviceList | None) -> None:
        """Offer these; None while the first search goes on."""
        choices = () if devices is None else devices.choices
        before = self.currentData()
        self.clear()
        for choice in choices:
            self.addItem(choice.label, choice.key)
        keys = [choice.key for choice in choices]
        if before in keys:
            self.setCurrentIndex(keys.index(before))
        else:
            preferred = [position for position, choice in enumerate(choices) if choice.is_default]
            self.setCurrentIndex(preferred[0] if preferred else 0 if choices else -1)
        if not choices:
            self.addItem("Looking for microphones\N{HORIZONTAL ELLIPSIS}" if devices is None else NO_MICROPHONE)
        self.setEnabled(bool(choices))
        self.setToolTip(TIP if devices is None or not devices.hint else f"{TIP}\n{devices.hint}")

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        styled = QStylePainter(self)
        styled.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        room = self.width() - round(self.height() * 1.4)
        # The stock box cuts a long name off in the middle of a letter.
        option.currentText = self.fontMetrics().elidedText(self.currentText(), Qt.TextElideMode.ElideRight, room)
        styled.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)
        styled.end()
        self._draw_arrow()

    def _draw_arrow(self) -> None:
        size = self.height() * 0.11
        middle = QPointF(self.width() - self.height() * 0.42, self.height() / 2)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colour = self._theme.colour("muted" if self.isEnabled() else "faint")
        painter.setPen(QPen(colour, max(1.5, size / 3), c=Qt.PenCapStyle.RoundCap))
        corners = [QPointF(-size, -size / 2), QPointF(0, size / 2), QPointF(size, -size / 2)]
        painter.drawPolyline(QPolygonF([middle + corner for corner in corners]))
        painter.end()
