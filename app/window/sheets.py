"""Two quiet dialogs: the keys, and what this program is made of."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QGridLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from app import __version__
from app.window.diagnostics import PACKAGES, licence_of, version_of

WHAT_IT_IS = (
    "Hears music and says what genre it is, live. A continual Nystrom transformer computes only what is new in each "
    "frame of sound; beside it runs the ordinary transformer with the same weights, so that both costs can be seen."
)
PRIVACY = "Nothing is kept and nothing is sent anywhere. Sound is recorded only while you switch that on."


def show_keys(parent: QWidget, shortcuts: Sequence[tuple[str, str]]) -> QDialog:
    """The sheet of shortcuts."""
    rows = [(keys, what) for what, keys in shortcuts]
    return _show(parent, "Keyboard shortcuts", "keys", "", rows)


def show_about(parent: QWidget) -> QDialog:
    """Versions and licences."""
    rows = [(f"{name} {version_of(name)}", licence_of(name)) for name in PACKAGES]
    words = f"{WHAT_IT_IS}\n\n{PRIVACY}\n\nNystream is MIT-licensed. It stands on:"
    return _show(parent, f"Nystream {__version__}", "about", words, rows)


def _show(parent: QWidget, title: str, name: str, words: str, rows: Sequence[tuple[str, str]]) -> QDialog:
    dialog = QDialog(parent)
    dialog.setObjectName(name)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.setWindowTitle(title)
    column = QVBoxLayout(dialog)
    column.setContentsMargins(26, 22, 26, 20)
    column.setSpacing(16)
    heading = QLabel(title)
    heading.setProperty("heading", True)
    column.addWidget(heading)
    if words:
        said = QLabel(words)
        said.setWordWrap(True)
        column.addWidget(said)
    table = QWidget()
    grid = QGridLayout(table)
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setHorizontalSpacing(28)
    grid.setColumnStretch(1, 1)
    for number, (left, right) in enumerate(rows):
        first, second = QLabel(left), QLabel(right)
        second.setWordWrap(True)
        first.setProperty("strong", True)
        grid.addWidget(first, number, 0, Qt.AlignmentFlag.AlignTop)
        grid.addWidget(second, number, 1)
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QScrollArea.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setWidget(table)
    column.addWidget(area, 1)
    buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
    buttons.rejected.connect(dialog.close)
    column.addWidget(buttons)
    dialog.resize(560, 600)
    dialog.show()
    return dialog
