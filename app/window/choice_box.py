"""A box to choose from, with an arrow in the window's colours and a long name ended in dots."""

from __future__ import annotations

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QComboBox, QStyle, QStyleOptionComboBox, QStylePainter, QWidget

from app.window.theme import Theme


class ChoiceBox(QComboBox):
    """Takes the focus by Tab alone: after a click the space bar still belongs to the window."""

    def __init__(self, parent: QWidget, theme: Theme) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        styled = QStylePainter(self)
        styled.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        edit = QStyle.SubControl.SC_ComboBoxEditField
        field = self.style().subControlRect(QStyle.ComplexControl.CC_ComboBox, option, edit, self)
        room = field.width() - 6
        # The stock box cuts a long name off in the middle of a letter.
        option.currentText = self.fontMetrics().elidedText(self.currentText(), Qt.TextElideMode.ElideRight, room)
        styled.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)
        styled.end()
        self._draw_arrow()

    def _draw_arrow(self) -> None:
        size = self.height() * 0.11
        middle = QPointF(self.width() - self.height() * 0.42, self.height() / 2)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colour = self._theme.colour("muted" if self.isEnabled() else "faint")
        painter.setPen(QPen(colour, max(1.5, size / 3), c=Qt.PenCapStyle.RoundCap))
        corners = [QPointF(-size, -size / 2), QPointF(0, size / 2), QPointF(size, -size / 2)]
        painter.drawPolyline(QPolygonF([middle + corner for corner in corners]))
        painter.end()
