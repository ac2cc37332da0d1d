"""The microphone picker: what can be heard, the one chosen, and what to say when there is none."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from app.live.protocol import DeviceList
from app.window.choice_box import ChoiceBox
from app.window.theme import Theme

NO_MICROPHONE = "No microphone"
TIP = "The microphone that Listen hears."


class MicrophonePicker(ChoiceBox):
    """Keeps the user's choice over a refresh as long as that microphone is still there."""

    def __init__(self, parent: QWidget, theme: Theme) -> None:
        super().__init__(parent, theme)
        self._wished = ""
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

    def wish(self, microphone: str) -> None:
        """Choose this one, by its key or a part of its name, now or as soon as it is there."""
        self._wished = microphone
        self._grant()

    def _grant(self) -> None:
        said = self._wished.casefold()
        keys = [str(self.itemData(at)) for at in range(self.count())]
        names = [self.itemText(at).casefold() for at in range(self.count())]
        found = [at for at, key in enumerate(keys) if key == self._wished]
        found = found or [at for at, name in enumerate(names) if said in name and self.itemData(at) is not None]
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
        keys = [choice.key for choice in choices]
        if before in keys:
            self.setCurrentIndex(keys.index(before))
        else:
            preferred = [position for position, choice in enumerate(choices) if choice.is_default]
            self.setCurrentIndex(preferred[0] if preferred else 0 if choices else -1)
        if not choices:
            self.addItem("Looking for microphones\N{HORIZONTAL ELLIPSIS}" if devices is None else NO_MICROPHONE)
        self.setEnabled(bool(choices))
        self._grant()
        self.setToolTip(TIP if devices is None or not devices.hint else f"{TIP}\n{devices.hint}")
