"""Where the sound comes from: microphone or system sound, file, demo; and how loud it is."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QAbstractButton, QHBoxLayout, QPushButton, QToolButton, QWidget

from app.live.protocol import DeviceList, EngineState, Session
from app.window.level import LevelMeter
from app.window.picker import MicrophonePicker
from app.window.reading import Reading, Weight
from app.window.theme import Theme

REFRESH = "\N{CLOCKWISE OPEN CIRCLE ARROW}"
ELLIPSIS = "\N{HORIZONTAL ELLIPSIS}"


class SourceBar(QWidget):
    """Says what the user wishes; the window passes it on. The level before listening it asks for itself."""

    listen_wished = Signal(str)  # the microphone's key
    file_wished = Signal()
    demo_wished = Signal()
    stop_wished = Signal()
    refresh_wished = Signal()

    def __init__(self, parent: QWidget, theme: Theme, session: Session) -> None:
        super().__init__(parent)
        self._session = session
        self.name = Reading(self, theme, "text", 21, Weight.Bold, text="Nystream")
        self.picker = MicrophonePicker(self, theme)
        self.refresh, self.check = QToolButton(self), QPushButton(self)
        self.listen, self.open, self.demo, self.stop = (QPushButton(self) for _ in range(4))
        self.listen.setProperty("primary", True)
        self.check.setCheckable(True)
        for button, name, text, accessible, tip, keys in (
            (self.refresh, "refresh", REFRESH, "Refresh", "Look for microphones again", "F5"),
            (self.check, "check", "Level", "Level", "Meter the chosen microphone before listening", ""),
            (self.listen, "listen", "Listen", "Listen", "Hear the chosen microphone", "Ctrl+L"),
            (self.open, "open", f"Open file{ELLIPSIS}", "Open file", "Play an audio file", "Ctrl+O"),
            (self.demo, "demo", "Demo", "Demo", "Hear music that the program makes itself", ""),
            (self.stop, "stop", "Stop", "Stop", "Stop listening", "Ctrl+."),
        ):
            dress(button, name, text, accessible, tip, keys)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # after a click the space bar still freezes the picture
        self.level = LevelMeter(self, theme)
        self._row = QHBoxLayout(self)
        for widget in (
            self.name,
            self.picker,
            self.refresh,
            self.check,
            self.listen,
            self.open,
            self.demo,
            self.stop,
        ):
            self._row.addWidget(widget)
        self._row.setStretchFactor(self.picker, 4)
        self._row.addStretch(1)
        self._row.addWidget(self.level)
        self.listen.clicked.connect(self._wish_to_listen)
        self.open.clicked.connect(self.file_wished)
        self.demo.clicked.connect(self.demo_wished)
        self.stop.clicked.connect(self.stop_wished)
        self.refresh.clicked.connect(self.refresh_wished)
        self.check.toggled.connect(self._preview)
        self.picker.activated.connect(lambda _index: self._preview(self.check.isChecked()))
        self.show_session(EngineState("idle"))

    def _wish_to_listen(self) -> None:
        self.listen_wished.emit(self.picker.key())

    def _preview(self, wished: bool) -> None:
        if self.check.isEnabled():
            self._session.preview(self.picker.key() if wished and self.picker.has_microphone else None)
            self.level.reset()

    def show_devices(self, devices: DeviceList | None) -> None:
        """Offer these microphones."""
        self.picker.show_devices(devices)
        self.listen.setEnabled(self.picker.has_microphone)

    def show_session(self, state: EngineState) -> None:
        """There is something to stop only while something runs, and a level only of what runs or is previewed."""
        runs = state.phase in ("starting", "running")
        self.stop.setEnabled(runs)
        self.listen.setEnabled(self.picker.has_microphone)
        self.check.setEnabled(self.picker.has_microphone and not runs)
        if runs and self.check.isChecked():
            self.check.setChecked(False)  # what runs has ended the preview
        if state.phase == "running" or self.check.isChecked():
            self.level.show_level(self._session.level)

    def set_scale(self, scale: float) -> None:
        """Draw everything larger or smaller."""
        self._row.setContentsMargins(round(18 * scale), 0, round(18 * scale), 0)
        self._row.setSpacing(round(8 * scale))
        self.name.place(scale, self.name.geometry())
        self.name.setFixedWidth(self.name.natural_width() + round(14 * scale))
        self.picker.setMinimumWidth(round(180 * scale))
        self.picker.setMaximumWidth(round(420 * scale))
        self.level.set_scale(scale)


def dress(button: QAbstractButton, name: str, text: str, accessible: str, tip: str, keys: str = "") -> None:
    """Give a button its text and the names by which tests, screen readers and mouse find it.

    keys: those of the menu entry that does the same.
    """
    button.setObjectName(name)
    button.setText(text)
    button.setAccessibleName(accessible)
    button.setToolTip(f"{tip} ({keys})" if keys else tip)
