"""Where the sound comes from: microphone, file, stop, and how loud it is."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QAbstractButton, QHBoxLayout, QPushButton, QToolButton, QWidget

from app.session_protocol import DeviceList, Phase
from app.window.level import LevelMeter
from app.window.picker import MicrophonePicker
from app.window.reading import Reading, Weight
from app.window.theme import Theme

REFRESH = "\N{CLOCKWISE OPEN CIRCLE ARROW}"


class SourceBar(QWidget):
    """Says what the user wishes; the window passes it on."""

    listen_wished = Signal(str)  # the microphone's key
    file_wished = Signal()
    stop_wished = Signal()
    refresh_wished = Signal()

    def __init__(self, parent: QWidget, theme: Theme) -> None:
        super().__init__(parent)
        self.name = Reading(self, theme, "text", 21, Weight.Bold, text="Nystream")
        self.picker = MicrophonePicker(self, theme)
        self.refresh = QToolButton(self)
        self.listen, self.open, self.stop = QPushButton(self), QPushButton(self), QPushButton(self)
        self.listen.setProperty("primary", True)
        for button, name, text, accessible, tip, keys in (
            (self.refresh, "refresh", REFRESH, "Refresh", "Look for microphones again", "F5"),
            (self.listen, "listen", "Listen", "Listen", "Hear the chosen microphone", "Ctrl+L"),
            (
                self.open,
                "open",
                "Open file\N{HORIZONTAL ELLIPSIS}",
                "Open file",
                "Play an audio file",
                "Ctrl+O",
            ),
            (self.stop, "stop", "Stop", "Stop", "Stop listening", "Ctrl+."),
        ):
            dress(button, name, text, accessible, tip, keys)
        self.level = LevelMeter(self, theme)
        self._row = QHBoxLayout(self)
        for widget in (self.name, self.picker, self.refresh, self.listen, self.open, self.stop):
            self._row.addWidget(widget)
        self._row.setStretchFactor(self.picker, 4)
        self._row.addStretch(1)
        self._row.addWidget(self.level)
        self.listen.clicked.connect(self._wish_to_listen)
        self.open.clicked.connect(self.file_wished)
        self.stop.clicked.connect(self.stop_wished)
        self.refresh.clicked.connect(self.refresh_wished)
        self.show_phase("idle")

    def _wish_to_listen(self) -> None:
        self.listen_wished.emit(self.picker.key())

    def show_devices(self, devices: DeviceList | None) -> None:
        """Offer these microphones."""
        self.picker.show_devices(devices)
        self.listen.setEnabled(self.picker.has_microphone)

    def show_phase(self, phase: Phase) -> None:
        """There is something to stop only while something runs."""
        self.stop.setEnabled(phase in ("starting", "running"))
        self.listen.setEnabled(self.picker.has_microphone)

    def set_scale(self, scale: float) -> None:
        """Draw everything larger or smaller."""
        self._row.setContentsMargins(round(18 * scale), 0, round(18 * scale), 0)
        self._row.setSpacing(round(8 * scale))
        self.name.place(scale, self.name.geometry())
        self.name.setFixedWidth(self.name.natural_width() + round(14 * scale))
        self.picker.setMinimumWidth(round(230 * scale))
        self.picker.setMaximumWidth(round(420 * scale))
        self.level.set_scale(scale)


def dress(button: QAbstractButton, name: str, text: str, accessible: str, tip: str, keys: str = "") -> None:
    """Give a button its text and the names by which tests, screen readers, keyboard and mouse find it."""
    button.setObjectName(name)
    button.setText(text)
    button.setAccessibleName(accessible)
    button.setToolTip(f"{tip} ({keys})" if keys else tip)
    if keys:
        button.setShortcut(keys)
