"""What a window shows, by the names of its parts."""

from __future__ import annotations

from PySide6.QtWidgets import QPushButton, QWidget


def text(window: QWidget, name: str) -> str:
    found = window.findChild(QWidget, name)
    assert found is not None, f"nothing is named {name}"
    return str(found.text())  # type: ignore[attr-defined]


def button(window: QWidget, name: str) -> QPushButton:
    found = window.findChild(QPushButton, name)
    assert isinstance(found, QPushButton)
    return found
