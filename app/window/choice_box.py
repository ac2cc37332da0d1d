"""A box to choose from."""

from __future__ import annotations

from PySide6.QtCore import QPointF, Qt, Signal
from PySide6.QtGui import QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QComboBox, QStyle, QStyleOptionComboBox, QStylePainter, QWidget

from app.window.theme import Theme
from app.window.widgets import painting

NAME = Qt.ItemDataRole.UserRole + 1  # of an item, without what is noted of it


class ChoiceBox(QComboBox):
    """A box to choose from, with an arrow in the window's colours and a long name ended in dots.

    Takes the focus by Tab alone: after a click the space bar still belongs to the window.
    """

    opened = Signal()  # the list is about to be seen

    def __init__(self, parent: QWidget, theme: Theme) -> None:
        super().__init__(parent)
        self._theme = theme
        self.longest_note = ""  # the list is wide enough for it when it opens
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)

    def showPopup(self) -> None:  # noqa: N802
        if self.longest_note:
            longest_name = max((self._name(at) for at in range(self.count())), key=len, default="")
            text = _noted(longest_name, self.longest_note)
            self.view().setMinimumWidth(self.fontMetrics().horizontalAdvance(text) + self.height())
        self.opened.emit()
        super().showPopup()

    def note(self, index: int, note: str) -> None:
        """Say something behind the name of an item, in the list alone; "" for nothing."""
        name = self._name(index)
        self.setItemData(index, name, NAME)
        self.setItemText(index, _noted(name, note))

    def _name(self, index: int) -> str:
        return self.itemData(index, NAME) or self.itemText(index)

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        styled = QStylePainter(self)
        styled.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        edit = QStyle.SubControl.SC_ComboBoxEditField
        field = self.style().subControlRect(QStyle.ComplexControl.CC_ComboBox, option, edit, self)
        room = field.width() - 6
        # The stock box cuts a long name off in the middle of a letter.
        name = self._name(self.currentIndex())
        option.currentText = self.fontMetrics().elidedText(name, Qt.TextElideMode.ElideRight, room)
        styled.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)
        styled.end()
        self._draw_arrow()

    def _draw_arrow(self) -> None:
        size = self.height() * 0.11
        middle = QPointF(self.width() - self.height() * 0.42, self.height() / 2)
        colour = self._theme.colour("muted" if self.isEnabled() else "faint")
        corners = [QPointF(-size, -size / 2), QPointF(0, size / 2), QPointF(size, -size / 2)]
        with painting(self) as painter:
            painter.setPen(QPen(colour, max(1.5, size / 3), c=Qt.PenCapStyle.RoundCap))
            painter.drawPolyline(QPolygonF([middle + corner for corner in corners]))


def _noted(name: str, note: str) -> str:
    return f"{name}   {note}" if note else name
