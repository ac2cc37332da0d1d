"""At the right end of the menu bar: which page is shown, and whether sound is being recorded."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QLabel, QPushButton, QWidget

PAGES = (("live", "Live", "What is heard now (Ctrl+1)"), ("files", "Files", "Classify many files (Ctrl+2)"))
RECORDED = "Sound is being kept in memory, the last five minutes of it. Nothing is written until you export it."


class PageSwitch(QWidget):
    """Two buttons of which one is down."""

    chosen = Signal(int)
    changed = Signal()  # it needs more or less room

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 3, 8, 3)
        row.setSpacing(4)
        self.recording = QLabel(self)
        self.recording.setObjectName("recording")
        self.recording.setToolTip(RECORDED)
        self.recording.hide()
        row.addWidget(self.recording)
        self._group = QButtonGroup(self)
        for number, (name, text, tip) in enumerate(PAGES):
            button = QPushButton(text, self)
            button.setObjectName(f"page_{name}")
            button.setProperty("tab", True)
            button.setCheckable(True)
            button.setToolTip(tip)
            button.setAccessibleName(f"Page {text}")
            self._group.addButton(button, number)
            row.addWidget(button)
        self._group.idClicked.connect(self.chosen)

    def show_page(self, number: int) -> None:
        """Let its button be down."""
        self._group.button(number).setChecked(True)

    def show_recording(self, seconds: float | None) -> None:
        """So much is kept; None while nothing is recorded."""
        if self.recording.isHidden() == (seconds is not None):
            self.recording.setVisible(seconds is not None)
            self.changed.emit()
        if seconds is not None:
            whole = int(seconds)
            text = f"\N{BLACK CIRCLE} Recording {whole // 60}:{whole % 60:02}"
            if text != self.recording.text():
                self.recording.setText(text)
                self.recording.setAccessibleName(text)
