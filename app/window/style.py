"""Style sheet of the stock controls: buttons, the picker, tooltips."""

from __future__ import annotations

from app.window.palettes import Palette
from app.window.theme import text_pixels


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
    QComboBox {{ font-weight: 400; padding-right: {round(26 * scale)}px; }}
    QComboBox::drop-down {{ border: none; width: {round(26 * scale)}px; }}
    QComboBox::down-arrow {{ image: none; }}
    QComboBox QAbstractItemView {{ background: {palette.raised}; color: {palette.text};
        border: 1px solid {palette.line}; selection-background-color: {palette.line};
        selection-color: {palette.text}; outline: none; padding: 4px; }}
    """
