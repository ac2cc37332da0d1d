"""The menu bar: everything the window can do, with its keys, in one place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMainWindow, QMenu

DOTS = "\N{HORIZONTAL ELLIPSIS}"
NATIVE = QKeySequence.SequenceFormat.NativeText


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a menu. `keys` as Qt writes them; `is_switch`: it is on or off."""

    name: str
    text: str
    act: Callable[..., object]
    keys: str = ""
    tip: str = ""
    is_switch: bool = False
    group: str = ""  # of entries with one group exactly one is on


class Menus:
    """Adds every action to the window too, so that its keys work while the menu bar is hidden."""

    def __init__(self, window: QMainWindow) -> None:
        self._window = window
        self._groups: dict[str, QActionGroup] = {}
        self.bar = window.menuBar()
        self.bar.setNativeMenuBar(False)  # the switch between the pages stands in it
        self.actions: dict[str, QAction] = {}

    def add(self, title: str, *entries: Entry | None) -> QMenu:
        """A menu of the bar; None is a line between entries."""
        return self._fill(self.bar.addMenu(title), *entries)

    def add_below(self, menu: QMenu, title: str, *entries: Entry | None) -> QMenu:
        """A menu within a menu."""
        return self._fill(menu.addMenu(title), *entries)

    def _fill(self, menu: QMenu, *entries: Entry | None) -> QMenu:
        menu.setToolTipsVisible(True)
        for entry in entries:
            if entry is None:
                menu.addSeparator()
                continue
            menu.addAction(self.entry(entry))
        return menu

    def entry(self, entry: Entry) -> QAction:
        """The action of an entry, for a menu that is there already."""
        action = QAction(entry.text, self._window)
        action.setObjectName(f"menu_{entry.name}")
        action.setShortcut(QKeySequence(entry.keys))
        action.setToolTip(entry.tip or entry.text.replace("&", "").rstrip(DOTS))
        action.setCheckable(entry.is_switch or bool(entry.group))
        if entry.group:
            self._groups.setdefault(entry.group, QActionGroup(self._window)).addAction(action)
        action.triggered.connect(lambda on: entry.act(on) if entry.is_switch or entry.group else entry.act())
        self._window.addAction(action)
        self.actions[entry.name] = action
        return action

    def switch(self, name: str, on: bool) -> None:
        """Show an entry as on or off, without doing what it does."""
        self.actions[name].setChecked(on)

    def shortcuts(self) -> list[tuple[str, str]]:
        """(what it does, keys) of every entry that has keys, in the order of the menus."""
        return [
            (
                action.text().replace("&", "").rstrip(DOTS),
                action.shortcut().toString(QKeySequence.SequenceFormat.NativeText),
            )
            for action in self.actions.values()
            if not action.shortcut().isEmpty()
        ]
