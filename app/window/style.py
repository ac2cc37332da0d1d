"""How Qt's own controls look: buttons, boxes, menus, dialogs, tooltips."""

from __future__ import annotations

from PySide6.QtGui import QColor, QPalette

from app.window.theme import Palette, text_pixels


def style_sheet(palette: Palette, scale: float) -> str:
    """Qt style sheet for everything inside the window at this scale."""
    body = text_pixels(14, scale)
    radius = round(8 * scale)
    across, down = round(14 * scale), round(7 * scale)
    return f"""
    QMainWindow {{ background: {palette.background}; }}
    QToolTip {{ background: {palette.raised}; color: {palette.text}; border: 1px solid {palette.line};
        padding: 6px; font-size: {text_pixels(13, scale)}px; }}
    QPushButton, QToolButton, QComboBox {{ background: {palette.raised}; color: {palette.text};
        border: 1px solid {palette.line}; border-radius: {radius}px; padding: {down}px {across}px;
        font-size: {body}px; font-weight: 600; }}
    QToolButton {{ padding: {down}px {round(9 * scale)}px; }}
    QPushButton:checked {{ background: {palette.line}; }}
    QPushButton:hover, QToolButton:hover, QComboBox:hover {{ border-color: {palette.faint}; }}
    QPushButton:focus, QToolButton:focus, QComboBox:focus {{ border-color: {palette.accent}; }}
    QPushButton:pressed, QToolButton:pressed {{ background: {palette.line}; }}
    QPushButton:disabled, QToolButton:disabled, QComboBox:disabled {{ color: {palette.faint};
        background: {palette.panel}; }}
    QPushButton[primary="true"] {{ background: {palette.accent}; color: {palette.background};
        border-color: {palette.accent}; }}
    QPushButton[primary="true"]:hover, QPushButton[primary="true"]:focus {{ border-color: {palette.text}; }}
    QPushButton[primary="true"]:disabled {{ background: {palette.panel}; color: {palette.faint};
        border-color: {palette.line}; }}
    QPushButton[tab="true"] {{ background: transparent; border-color: transparent;
        padding: {round(3 * scale)}px {across}px; color: {palette.muted}; }}
    QPushButton[tab="true"]:checked {{ background: {palette.raised}; color: {palette.text}; }}
    QPushButton[tab="true"]:focus {{ border-color: {palette.accent}; }}
    QLabel#recording, QLabel#osc {{ background: {palette.background}; color: {palette.problem}; font-size: {body}px;
        font-weight: 700; padding: {round(3 * scale)}px {round(8 * scale)}px; border-radius: {radius}px; }}
    QLabel#osc {{ color: {palette.accent}; }}
    QLabel#osc[trouble="true"] {{ color: {palette.problem}; }}
    QLabel#recording[large="true"], QLabel#osc[large="true"] {{ font-size: {text_pixels(26, scale)}px; }}
    QMenuBar {{ background: {palette.background}; color: {palette.muted}; font-size: {body}px;
        padding: 2px {round(8 * scale)}px; }}
    QMenuBar::item {{ padding: {round(5 * scale)}px {round(10 * scale)}px; border-radius: {radius // 2}px; }}
    QMenuBar::item:selected {{ background: {palette.raised}; color: {palette.text}; }}
    QMenu {{ background: {palette.raised}; color: {palette.text}; border: 1px solid {palette.line};
        font-size: {body}px; padding: 4px; }}
    QMenu::item {{ padding: {round(6 * scale)}px {round(28 * scale)}px; border-radius: {radius // 2}px; }}
    QMenu::item:selected {{ background: {palette.line}; }}
    QMenu::item:disabled {{ color: {palette.faint}; }}
    QMenu::separator {{ height: 1px; background: {palette.line}; margin: 4px 8px; }}
    QDialog {{ background: {palette.panel}; border: 1px solid {palette.faint}; }}
    QDialog QLabel {{ color: {palette.text}; font-size: {body}px; background: none; }}
    QDialog QLabel[heading="true"] {{ font-size: {text_pixels(22, scale)}px; font-weight: 700; }}
    QDialog QLabel[strong="true"] {{ font-weight: 600; }}
    QFileDialog QToolButton {{ padding: 2px; }}
    QDialog QScrollArea, QDialog QScrollArea > QWidget > QWidget {{ background: transparent; }}
    QTableView {{ background: {palette.panel}; color: {palette.text}; border: 1px solid {palette.panel};
        border-radius: {radius}px; outline: none; }}
    QTableView:focus {{ border-color: {palette.accent}; }}
    QHeaderView {{ background: {palette.panel}; border: none; }}
    QHeaderView::section {{ background: {palette.panel}; color: {palette.muted}; border: none;
        font-size: {text_pixels(13, scale)}px; font-weight: 600; padding: {down}px {round(10 * scale)}px; }}
    QTableCornerButton::section {{ background: {palette.panel}; border: none; }}
    QScrollBar:vertical {{ background: transparent; width: {round(10 * scale)}px; }}
    QScrollBar::handle:vertical {{ background: {palette.line}; border-radius: {round(5 * scale)}px; min-height: 30px; }}
    QScrollBar::add-line, QScrollBar::sub-line {{ height: 0; }}
    QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}
    QProgressBar {{ background: {palette.raised}; border: none; border-radius: 3px; }}
    QProgressBar::chunk {{ background: {palette.accent}; border-radius: 3px; }}
    QComboBox {{ font-weight: 400; padding-right: {round(26 * scale)}px; }}
    QComboBox[small="true"], QPushButton[small="true"] {{ padding: {round(3 * scale)}px {round(10 * scale)}px;
        font-size: {text_pixels(12, scale)}px; }}
    QComboBox[small="true"] {{ padding-right: {round(22 * scale)}px; }}
    QToolButton[small="true"] {{ padding: 0px; }}
    QSlider::groove:horizontal {{ background: {palette.raised}; height: {round(5 * scale)}px;
        border-radius: {round(2 * scale)}px; }}
    QSlider::sub-page:horizontal {{ background: {palette.accent}; border-radius: {round(2 * scale)}px; }}
    QSlider::handle:horizontal {{ background: {palette.text}; width: {round(12 * scale)}px;
        margin: -{round(4 * scale)}px 0; border-radius: {round(6 * scale)}px; }}
    QSlider:focus {{ border: 1px solid {palette.accent}; border-radius: {radius}px; }}
    QComboBox::drop-down {{ border: none; width: {round(26 * scale)}px; }}
    QComboBox::down-arrow {{ image: none; }}
    QComboBox QAbstractItemView {{ background: {palette.raised}; color: {palette.text};
        border: 1px solid {palette.line}; selection-background-color: {palette.line};
        selection-color: {palette.text}; outline: none; padding: 4px; }}
    """


def stock_palette(palette: Palette) -> QPalette:
    """A palette as Qt's own controls take it."""
    made, roles = QPalette(), QPalette.ColorRole
    for colour, shown in (
        (palette.panel, (roles.Window, roles.AlternateBase)),
        (palette.background, (roles.Base, roles.HighlightedText)),
        (palette.raised, (roles.Button, roles.ToolTipBase)),
        (palette.accent, (roles.Highlight,)),
        (palette.faint, (roles.PlaceholderText,)),
        (palette.text, (roles.WindowText, roles.Text, roles.ButtonText, roles.ToolTipText)),
    ):
        for role in shown:
            made.setColor(role, QColor(colour))
    return made
