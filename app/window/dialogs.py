"""What the window says beside its pages: a passing sentence, the sheet of keys, what the program is made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QEvent, QObject, QRectF, QSize, Qt, QTimer, QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QInputDialog,
    QLabel,
    QLineEdit,
    QMessageBox,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from app import __version__
from app.installed import ALL_PACKAGES, licence_of, version_of
from app.live.protocol import Session
from app.window.log import LOG_LINES, default_log, diagnostics, last_lines
from app.window.theme import Theme, text_pixels
from app.window.widgets import Part, fill, painting, plain_label, style_text

SHORTEST_SECONDS, SECONDS_PER_LETTER = 3.0, 0.06
WHAT_IT_IS = (
    "Hears music and says what genre it is, live. A continual Nystrom transformer computes only what is new in each "
    "frame of sound; beside it runs the ordinary transformer with the same weights, so that both costs can be seen."
)
PRIVACY = (
    "Nothing is kept and nothing is sent anywhere. Sound is recorded, and answers are sent by OSC, only while you "
    "switch that on."
)

OTHER_KEYS = (
    ("Freeze the moment, or back to live", "Space"),
    ("Look at an earlier or later moment; with Shift by 10 s", "Left, Right"),
    ("The first moment; back to live", "Home, End"),
    ("Show less time, or more, in the history", "+, \N{MINUS SIGN}"),
    ("Play the selected row of the Files page", "Enter"),
    ("The caption after or before, in the tour", "Right, Left; Page Down, Page Up; Space"),
    ("Leave the tour or full screen", "Esc"),
    ("This list", "F1, ?"),
)


class Overlay(Part):
    """A text that lies over the page and never takes the focus."""

    def __init__(self, page: QWidget, theme: Theme, name: str) -> None:
        super().__init__(page, theme)
        self._page = page
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.label = plain_label(self, name, centred=True)
        self.hide()


class Toast(Overlay):
    """A sentence at the lower edge that goes by itself."""

    def __init__(self, page: QWidget, theme: Theme) -> None:
        super().__init__(page, theme, "toast")
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.hide)
        page.installEventFilter(self)

    def say(self, sentence: str) -> None:
        """Show it, long enough to be read."""
        self.label.setText(sentence)
        self.setAccessibleName(sentence)
        self.arrange()
        self.show()
        self.raise_()
        self._timer.start(round(1000 * max(SHORTEST_SECONDS, SECONDS_PER_LETTER * len(sentence))))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        if event.type() == QEvent.Type.Resize:
            self.arrange()
        return super().eventFilter(watched, event)

    def arrange(self) -> None:
        parent, scale = self._page, self.scale
        style_text(self.label, self.theme.palette.text, text_pixels(16, scale), 600)
        across, down = round(24 * scale), round(13 * scale)
        widest = min(round(640 * scale), parent.width() - round(40 * scale)) - 2 * across
        metrics = self.label.fontMetrics()
        width = min(widest, metrics.horizontalAdvance(self.label.text()) + 8)
        height = self.label.heightForWidth(width)
        self.label.setGeometry(across, down, width, height)
        width, height = width + 2 * across, height + 2 * down
        self.setGeometry((parent.width() - width) // 2, parent.height() - height - round(28 * scale), width, height)

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802
        with painting(self) as painter:
            painter.setPen(self.theme.colour("accent"))
            fill(painter, self.theme.colour("raised"), QRectF(self.rect().adjusted(1, 1, -1, -1)), 12 * self.scale)


class DropSign(Overlay):
    """Seen while something is dragged over the window: what dropping it does."""

    def offer(self, deed: str, scale: float) -> None:
        """Say what a drop does."""
        self.label.setText(deed)
        style_text(self.label, self.theme.palette.text, text_pixels(28, scale), 700)
        self.place(scale, self._page.rect())
        self.show()
        self.raise_()

    def arrange(self) -> None:
        self.label.setGeometry(self.rect())

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802
        margin = self.px(14)
        with painting(self) as painter:
            painter.fillRect(self.rect(), self.theme.colour("background", 0.8))
            painter.setPen(QPen(self.theme.colour("accent"), max(2.0, 3 * self.scale), Qt.PenStyle.DashLine))
            inside = QRectF(self.rect()).adjusted(margin, margin, -margin, -margin)
            painter.drawRoundedRect(inside, 14 * self.scale, 14 * self.scale)


class Help:
    """What the Help menu does. `shortcuts` gives (what it does, keys) of all menus; `say` tells how it went."""

    def __init__(
        self,
        window: QWidget,
        session: Session,
        weights: Path,
        shortcuts: Callable[[], list[tuple[str, str]]],
        say: Callable[[str], None],
    ) -> None:
        self._window, self._session, self._weights, self._say = window, session, weights, say
        self._shortcuts = shortcuts

    def show_keys(self) -> None:
        """The sheet of shortcuts."""
        rows = [(keys, what) for what, keys in (*self._shortcuts(), *OTHER_KEYS)]
        show_sheet(self._window, "Keyboard shortcuts", "keys", "", rows, columns=2)

    def show_about(self) -> None:
        """Versions and licences."""
        rows = [(f"{name} {version_of(name) or 'missing'}", licence_of(name)) for name in ALL_PACKAGES]
        said = f"{WHAT_IT_IS}\n\n{PRIVACY}\n\nNystream is MIT-licensed. It stands on:"
        show_sheet(self._window, f"Nystream {__version__}", "about", said, rows)

    def copy_diagnostics(self) -> None:
        """To the clipboard."""
        lines = last_lines(default_log(), LOG_LINES)
        QGuiApplication.clipboard().setText(diagnostics(self._weights, self._session.devices, lines))
        self._say("Diagnostics are in the clipboard: versions, microphones, and the end of the log.")

    def show_log(self) -> None:
        """Where the log is, in the system's own file manager."""
        path = default_log()
        if path.exists():
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(path)))
        else:
            self._say("There is no log yet: nothing has been noted down.")


def ask(parent: QWidget, question: str, explanation: str, answers: Sequence[str]) -> str:
    """Ask, and wait for one of these answers; the first one is the default, the last one is that of Escape."""
    box = QMessageBox(parent)
    box.setObjectName("question")
    box.setText(question)
    box.setInformativeText(explanation)
    role = QMessageBox.ButtonRole.ActionRole
    buttons = [box.addButton(answer, role) for answer in answers]
    box.setDefaultButton(buttons[0])
    box.setEscapeButton(buttons[-1])
    box.exec()
    return box.clickedButton().text()


def ask_text(parent: QWidget, title: str, question: str, offered: str) -> str | None:
    """Ask for one line, and wait for it; None when it is not given."""
    text, given = QInputDialog.getText(parent, title, question, QLineEdit.EchoMode.Normal, offered)
    return text if given else None


def show_sheet(
    parent: QWidget, title: str, name: str, words: str, rows: Sequence[tuple[str, str]], columns: int = 1
) -> None:
    """A quiet dialog: a few words, and below them pairs of texts in so many columns."""
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
    height = -(-len(rows) // columns)
    for number, texts in enumerate(rows):
        column_of_pairs, line = divmod(number, height)
        for side, text in enumerate(texts):
            label = QLabel(text)
            label.setWordWrap(True)
            label.setProperty("strong", side == 0)
            grid.addWidget(label, line, 2 * column_of_pairs + side, Qt.AlignmentFlag.AlignTop)
            grid.setColumnStretch(2 * column_of_pairs + side, 2 + side)
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QScrollArea.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setWidget(table)
    column.addWidget(area, 1)
    buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
    buttons.rejected.connect(dialog.close)
    column.addWidget(buttons)
    dialog.resize(QSize(560 * columns, 600).boundedTo(parent.size() * 0.97))
    dialog.show()
