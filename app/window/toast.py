"""A sentence at the lower edge that goes by itself: what was just done, or why it could not be."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel, QWidget

from app.window.theme import Theme, text_pixels

SHORTEST_SECONDS, SECONDS_PER_LETTER = 3.0, 0.06


class Toast(QWidget):
    """Lies over its parent and never takes the focus."""

    def __init__(self, parent: QWidget, theme: Theme) -> None:
        super().__init__(parent)
        self._theme, self._page = theme, parent
        self._scale = 1.0
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.label = QLabel(self)
        self.label.setObjectName("toast")
        self.label.setTextFormat(Qt.TextFormat.PlainText)
        self.label.setWordWrap(True)
        self.label.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.hide)
        parent.installEventFilter(self)
        self.hide()

    def say(self, sentence: str) -> None:
        """Show it, long enough to be read."""
        self.label.setText(sentence)
        self.setAccessibleName(sentence)
        self._place()
        self.show()
        self.raise_()
        self._timer.start(round(1000 * max(SHORTEST_SECONDS, SECONDS_PER_LETTER * len(sentence))))

    def set_scale(self, scale: float) -> None:
        """Draw larger or smaller from now on."""
        self._scale = scale
        self._place()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        if event.type() == QEvent.Type.Resize:
            self._place()
        return super().eventFilter(watched, event)

    def _place(self) -> None:
        parent = self._page
        scale = self._scale
        size = text_pixels(16, scale)
        colour = self._theme.palette.text
        self.label.setStyleSheet(f"color: {colour}; font-size: {size}px; font-weight: 600; background: none;")
        across, down = round(24 * scale), round(13 * scale)
        widest = min(round(640 * scale), parent.width() - round(40 * scale)) - 2 * across
        metrics = self.label.fontMetrics()
        width = min(widest, metrics.horizontalAdvance(self.label.text()) + 8)
        height = self.label.heightForWidth(width)
        self.label.setGeometry(across, down, width, height)
        whole = width + 2 * across, height + 2 * down
        left, top = (parent.width() - whole[0]) // 2, parent.height() - whole[1] - round(28 * scale)
        self.setGeometry(left, top, *whole)

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(self._theme.colour("accent"))
        painter.setBrush(self._theme.colour("raised"))
        radius = 12 * self._scale
        painter.drawRoundedRect(self.rect().adjusted(1, 1, -1, -1), radius, radius)
        painter.end()
