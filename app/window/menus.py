"""The menu bar: everything the window can do, with its keys, and the switch between its pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QLabel, QMainWindow, QMenu, QMenuBar, QPushButton, QWidget

from app.window.launch import THEMES
from app.window.widgets import DOTS, dress, named

PAGES = (("live", "Live", "What is heard now (Ctrl+1)"), ("files", "Files", "Classify many files (Ctrl+2)"))
RECORD_TIP = "Off by default: keeps the last five minutes of sound in memory"
RECORDED = "Sound is being kept in memory, the last five minutes of it. Nothing is written until you export it."
OSC_TIP = "Off by default: sends every frame's answer to light or visuals software"
SENT = "Genre, probabilities and level of every frame are being sent there; no sound is."
LONGEST = 40  # letters of a sign
MARGIN = 14  # pixels at scale 1, from the sign to what stands beside it


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a menu. `keys` as Qt writes them; `is_switch`: it is on or off."""

    name: str
    text: str
    keys: str = ""
    tip: str = ""
    is_switch: bool = False
    group: str = ""  # of entries with one group exactly one is on


Menu = Mapping[str, "Sequence[Entry | Menu | None]"]
"""The lines of menus by their titles: entries, menus within, and None for a line between."""

BAR: Menu = {
    "&File": (
        Entry("new", "&New session", "Ctrl+N", "Clear the history, and what was recorded"),
        Entry("open", f"&Open file{DOTS}", "Ctrl+O", "Play a sound file through the live view"),
        Entry("classify_files", f"Classify &files{DOTS}", "Ctrl+Shift+O"),
        Entry("classify_folder", f"Classify a f&older{DOTS}", "Ctrl+Shift+F"),
        {
            "&Export session": (
                Entry("export_csv", f"Answers as &CSV{DOTS}", "Ctrl+E", "One row a frame"),
                Entry("export_jsonl", f"Answers as &JSON Lines{DOTS}"),
                Entry("export_png", f"&Picture of the window{DOTS}", "Ctrl+Shift+S"),
                Entry("export_wav", f"Recorded &sound{DOTS}", tip="What Record the last minutes has kept"),
            )
        },
        None,
        Entry("quit", "&Quit", "Ctrl+Q"),
    ),
    "&View": (
        Entry("live", "&Live", "Ctrl+1", group="page"),
        Entry("files", "&Files", "Ctrl+2", group="page"),
        None,
        {"&Theme": [Entry(f"theme_{theme}", theme.capitalize(), group="theme") for theme in THEMES]},
        Entry("details", "All &details", "D", "All figures of both models, or the story again"),
        Entry("longer", "Remember l&onger", "Ctrl+Up", "A longer window for both models"),
        Entry("shorter", "Remember &shorter", "Ctrl+Down", "A shorter window for both models"),
        None,
        Entry("full_screen", "&Presentation, full screen", "F11", "The story for all to see", is_switch=True),
    ),
    "&Source": (
        Entry("listen", "&Listen, or stop", "Ctrl+L", "Hear the chosen microphone, or end what runs"),
        Entry("next_microphone", "&Next microphone", "Ctrl+M", "Hear the one after that which is chosen"),
        Entry("demo", "Play the &demo", "Ctrl+D", "Music that this program makes itself, with captions"),
        Entry("refresh", "Look for &microphones again", "F5"),
        None,
        Entry("aloud", "Play files and the demo &aloud", is_switch=True),
        Entry("record", "&Record the last minutes", "Ctrl+R", RECORD_TIP, is_switch=True),
        Entry("osc", f"&Send answers by OSC{DOTS}", "Ctrl+Shift+A", OSC_TIP, is_switch=True),
    ),
    "&Help": (
        Entry("tour", "&Tour with captions", "Ctrl+T"),
        Entry("keys", "&Keyboard shortcuts", "F1"),
        None,
        Entry("diagnostics", "&Copy diagnostics", tip="To send to whoever helps"),
        Entry("log", "Show the &log file"),
        Entry("about", "&About Nystream"),
    ),
}


class Menus:
    """`acts` is what each entry does, by its name; that of a switch is told whether it is on.

    Every action is added to the window too, so that its keys work while the menu bar is hidden.
    """

    def __init__(self, window: QMainWindow, acts: Mapping[str, Callable[..., object]]) -> None:
        self._window, self._acts = window, acts
        self._groups: dict[str, QActionGroup] = {}
        self.actions: dict[str, QAction] = {}
        self.bar = window.menuBar()
        self.bar.setNativeMenuBar(False)  # the switch between the pages stands in it
        self._fill(self.bar, BAR)

    def _fill(self, parent: QMenuBar | QMenu, menus: Menu) -> None:
        for title, lines in menus.items():
            menu = parent.addMenu(title)
            menu.setToolTipsVisible(True)
            for line in lines:
                if line is None:
                    menu.addSeparator()
                elif isinstance(line, Entry):
                    menu.addAction(self._action(line))
                else:
                    self._fill(menu, line)

    def _action(self, entry: Entry) -> QAction:
        action = QAction(entry.text, self._window)
        action.setObjectName(f"menu_{entry.name}")
        action.setShortcut(QKeySequence(entry.keys))
        action.setToolTip(entry.tip or plain(entry.text))
        action.setCheckable(entry.is_switch or bool(entry.group))
        if entry.group:
            self._groups.setdefault(entry.group, QActionGroup(self._window)).addAction(action)
        act = self._acts[entry.name]
        action.triggered.connect(act if entry.is_switch else lambda _on: act())
        self._window.addAction(action)
        self.actions[entry.name] = action
        return action

    def switch(self, name: str, on: bool) -> None:
        """Show an entry as on or off, without doing what it does."""
        self.actions[name].setChecked(on)

    def shortcuts(self) -> list[tuple[str, str]]:
        """(what it does, keys) of every entry that has keys, in the order of the menus."""
        native = QKeySequence.SequenceFormat.NativeText
        having = [action for action in self.actions.values() if not action.shortcut().isEmpty()]
        return [(plain(action.text()), action.shortcut().toString(native)) for action in having]


def plain(text: str) -> str:
    """Without the mark of the letter that chooses it, and without dots."""
    return text.replace("&", "").rstrip(DOTS)


class PageSwitch(QWidget):
    """At the right end of the menu bar: which page is shown."""

    chosen = Signal(int)

    def __init__(self, bar: QMenuBar) -> None:
        super().__init__(bar)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 3, 8, 3)
        row.setSpacing(4)
        self._group = QButtonGroup(self)
        for number, (name, text, tip) in enumerate(PAGES):
            button = dress(QPushButton(self), f"page_{name}", text, tip, f"Page {text}", look="tab")
            button.setCheckable(True)
            self._group.addButton(button, number)
            row.addWidget(button)
        self._group.idClicked.connect(self.chosen)
        bar.setCornerWidget(self)

    def show_page(self, number: int) -> None:
        """Let its button be down."""
        self._group.button(number).setChecked(True)


class Sign(QLabel):
    """Says over every page that something goes on which must not go unnoticed: in the menu bar's row left of the switch
    between the pages, or, where there is no menu bar, below the line for warnings, and larger.
    """

    def __init__(self, window: QMainWindow, switch: PageSwitch, name: str, tip: str) -> None:
        super().__init__(window)
        self._window, self._switch = window, switch
        named(self, name, name.capitalize(), tip)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.hide()

    def show_sign(self, text: str, scale: float, beside: Sign | None = None, trouble: bool = False) -> None:
        """Show this, left of another sign where that is seen, and whether something is wrong; "" for nothing."""
        if not text:
            self.hide()
            return
        self.setText(f"\N{BLACK CIRCLE} {text if len(text) <= LONGEST else text[:LONGEST] + DOTS}")
        bar = self._window.menuBar()
        large = bar.isHidden()
        if (self.property("large"), self.property("trouble")) != (large, trouble):
            self.setProperty("large", large)
            self.setProperty("trouble", trouble)
            self.style().polish(self)
        size, margin = self.sizeHint(), round(MARGIN * scale)
        right, top = self._window.width() - margin, round(self._window.height() * 0.06)
        if bar.isVisible():
            right = self._switch.x() - margin
            top = bar.y() + (bar.height() - size.height()) // 2
        if beside is not None and beside.isVisible():
            right = beside.x() - margin
        self.setGeometry(right - size.width(), top, size.width(), size.height())
        if not self.isVisible():
            self.show()
            self.raise_()
