"""Where the sound comes from: microphone or system sound, file, demo; and how loud it is."""

from __future__ import annotations

import math

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QLinearGradient, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QToolButton, QWidget

from app.live.protocol import DeviceList, EngineState, Session
from app.window import words
from app.window.choice_box import ChoiceBox
from app.window.explained import Explained
from app.window.theme import Role, Theme
from app.window.widgets import DOTS, RIGHT, Part, Reading, Weight, dress, ease, emphasise, named, painting
from audio import Level

NO_MICROPHONE = "No microphone"
MICROPHONE_TIP = "The microphone that Listen hears."
LOWEST_DBFS = -60.0
LEVEL_COLOURS: tuple[tuple[float, Role], ...] = ((0.0, "accent"), (0.8, "accent"), (0.95, "warning"), (1.0, "problem"))
LEVEL_TIP = (
    "Loudness of the input, 0 dBFS being the loudest that fits. Around \N{MINUS SIGN}20 is good; the model "
    "does not care about the level. The tick is the peak; clipping means that the input is too loud: turn "
    "the microphone down."
)
LISTEN, STOP = "Listen", "Stop"
LISTEN_TIP, STOP_TIP = "Hear the chosen microphone (Ctrl+L)", "Hear no more; what was heard stays (Ctrl+L)"
REFRESH = "\N{CLOCKWISE OPEN CIRCLE ARROW}"


class MicrophonePicker(ChoiceBox):
    """Keeps the user's choice over a refresh as long as that microphone is still there."""

    def __init__(self, parent: QWidget, theme: Theme) -> None:
        super().__init__(parent, theme)
        self._wished = ""
        named(self, "microphone", "Microphone")
        self.show_devices(None)

    @property
    def has_microphone(self) -> bool:
        """Whether there is one to listen to."""
        return self.currentData() is not None

    def key(self) -> str:
        """The chosen microphone's key; only when there is one."""
        return str(self.currentData())

    def wish(self, microphone: str) -> None:
        """Choose this one, by its key, its name or a part of it, now or as soon as it is there."""
        self._wished = microphone
        self._grant()

    def _grant(self) -> None:
        said, places = self._wished.casefold(), range(self.count() if self.has_microphone else 0)
        found = [at for at in places if self._wished == self.itemData(at) or said == self.itemText(at).casefold()]
        found += [at for at in places if said in self.itemText(at).casefold()]
        if said and found:
            self.setCurrentIndex(found[0])
            self._wished = ""

    def show_devices(self, devices: DeviceList | None) -> None:
        """Offer these; None while the first search goes on."""
        choices = () if devices is None else devices.choices
        before = self.currentData()
        self.clear()
        for choice in choices:
            self.addItem(choice.label, choice.key)
        places = range(len(choices))
        self.setCurrentIndex(
            max(places, key=lambda at: (choices[at].key == before, choices[at].is_default), default=-1)
        )
        if not choices:
            self.addItem(f"Looking for microphones{DOTS}" if devices is None else NO_MICROPHONE)
        self.setEnabled(bool(choices))
        self._grant()
        self.setToolTip(MICROPHONE_TIP if devices is None or not devices.hint else f"{MICROPHONE_TIP}\n{devices.hint}")


class LevelBar(Explained):
    """The level of the input, from -60 to 0 dBFS, as a bar and as a number."""

    def __init__(self, parent: QWidget, theme: Theme) -> None:
        super().__init__(parent, theme, "Input level", LEVEL_TIP)
        self._target = self._shown = self._peak = 0.0
        self.number = Reading(self, theme, "muted", 13, align=RIGHT)
        self.number.named("level", "Input level")

    def reset(self) -> None:
        """Show nothing, as before the first sound."""
        self._target = self._peak = 0.0
        self.number.show_text("")

    def show_level(self, level: Level) -> None:
        """Show a level, and for a while that it was too loud."""
        shown = _share(level.rms_dbfs), _share(level.peak_dbfs)
        if shown != (self._target, self._peak):
            self._target, self._peak = shown
            self.update()
        text = "clipping" if level.clipping else words.level(level.rms_dbfs)
        self.number.show_text(text, "problem" if level.clipping else "muted")

    def advance(self, seconds: float) -> None:
        """Let the bar glide on."""
        if self._shown != self._target:
            self._shown = ease(self._shown, self._target, seconds)
            self.update(self._bar().toAlignedRect())

    def arrange(self) -> None:
        width = self.px(88)
        self.number.place(self.scale, QRect(self.width() - width, 0, width, self.height()))

    def _bar(self) -> QRectF:
        height = max(6.0, 10 * self.scale)
        return QRectF(0, (self.height() - height) / 2, self.number.x() - 6 * self.scale, height)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        bar = self._bar()
        length = max(bar.height(), bar.width() * self._shown) if self._shown > 0 else 0.0
        gradient = QLinearGradient(bar.topLeft(), bar.topRight())
        for position, role in LEVEL_COLOURS:
            gradient.setColorAt(position, self.ink(role))
        with painting(self) as painter:
            self.draw_bar(painter, bar, bar.height() / 2, length, gradient, self._peak or None)
        super().paintEvent(event)


def _share(dbfs: float) -> float:
    """Where a level stands on the bar, 0..1."""
    return 0.0 if dbfs == -math.inf else min(max(1 - dbfs / LOWEST_DBFS, 0.0), 1.0)


class SourceBar(Part):
    """Its buttons are the window's to connect; the level before listening it asks for itself."""

    def __init__(self, parent: QWidget, theme: Theme, session: Session) -> None:
        super().__init__(parent, theme)
        self._session = session
        self.name = Reading(self, theme, "text", 21, Weight.Bold, text="Nystream")
        self.picker = MicrophonePicker(self, theme)
        self.refresh = dress(QToolButton(self), "refresh", REFRESH, "Look for microphones again (F5)", "Refresh")
        self.check, self.listen, self.open, self.demo = (
            dress(QPushButton(self), name, text, tip)
            for name, text, tip in (
                ("check", "Check level", "Meter the chosen microphone before listening"),
                ("listen", LISTEN, ""),
                ("open", f"Open file{DOTS}", "Play an audio file (Ctrl+O)"),
                ("demo", "Demo", "Hear music that the program makes itself"),
            )
        )
        self.check.setCheckable(True)
        self.level = LevelBar(self, theme)
        self._row = QHBoxLayout(self)
        self._row.addWidget(self.name)
        self._row.addWidget(self.picker)
        for button in (self.refresh, self.check, self.listen, self.open, self.demo):
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # after a click the space bar still freezes the picture
            self._row.addWidget(button)
        self._row.setStretchFactor(self.picker, 4)
        self._row.addStretch(1)
        self._row.addWidget(self.level)
        self.check.toggled.connect(self._preview)
        self.picker.activated.connect(lambda _index: self._preview(self.check.isChecked()))
        self._runs: bool | None = None
        self.show_session(EngineState("idle"))

    def _preview(self, wished: bool) -> None:
        if self.check.isEnabled():
            self._session.preview(self.picker.key() if wished and self.picker.has_microphone else None)
            self.level.reset()

    def show_devices(self, devices: DeviceList | None) -> None:
        """Offer these microphones."""
        self.picker.show_devices(devices)

    def show_session(self, state: EngineState) -> None:
        """One button listens, and stops whatever runs; there is a level only of what runs or is previewed."""
        runs = state.runs
        if runs != self._runs:
            self._runs = runs
            dress(self.listen, "listen", STOP if runs else LISTEN, STOP_TIP if runs else LISTEN_TIP)
            emphasise(self.listen, not runs)
        self.listen.setEnabled(runs or self.picker.has_microphone)
        self.check.setEnabled(self.picker.has_microphone and not runs)
        if runs and self.check.isChecked():
            self.check.setChecked(False)  # what runs has ended the preview
        if state.phase == "running" or self.check.isChecked():
            self.level.show_level(self._session.level)

    def arrange(self) -> None:
        margin = self.px(18)
        self._row.setContentsMargins(margin, 0, margin, 0)
        self._row.setSpacing(self.px(8))
        self.name.place(self.scale, self.name.geometry())
        self.name.setFixedWidth(self.name.natural_width(self.scale) + self.px(14))
        self.picker.setMinimumWidth(self.px(180))
        self.picker.setMaximumWidth(self.px(420))
        self.level.setFixedSize(self.px(220), self.px(36))
        self.level.place(self.scale, self.level.geometry())
