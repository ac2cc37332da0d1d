"""Style sheet of the stock controls: buttons, the picker, tooltips."""

from __future__ import annotations

from app.window.theme import Theme, text_pixels


def style_sheet(theme: Theme, scale: float) -> str:
    """Qt style sheet for everything inside the window at this scale."""
    body = text_pixels(14, scale)
    radius = round(8 * scale)
    across, down = round(14 * scale), round(7 * scale)
    return f"""
    QMainWindow {{ background: {theme.background}; }}
    QToolTip {{ background: {theme.raised}; color: {theme.text}; border: 1px solid {theme.line};
        padding: 6px; font-size: {text_pixels(13, scale)}px; }}
    QPushButton, QToolButton, QComboBox {{ background: {theme.raised}; color: {theme.text};
        border: 1px solid {theme.line}; border-radius: {radius}px; padding: {down}px {across}px;
        font-size: {body}px; font-weight: 600; }}
    QToolButton {{ padding: {down}px {round(9 * scale)}px; }}
    QPushButton:hover, QToolButton:hover, QComboBox:hover {{ border-color: {theme.faint}; }}
    QPushButton:focus, QToolButton:focus, QComboBox:focus {{ border-color: {theme.accent}; }}
    QPushButton:pressed, QToolButton:pressed {{ background: {theme.line}; }}
    QPushButton:disabled, QToolButton:disabled, QComboBox:disabled {{ color: {theme.faint};
        background: {theme.panel}; }}
    QPushButton[primary="true"] {{ background: {theme.accent}; color: {theme.background};
        border-color: {theme.accent}; }}
    QPushButton[primary="true"]:hover, QPushButton[primary="true"]:focus {{ border-color: {theme.text}; }}
    QPushButton[primary="true"]:disabled {{ background: {theme.panel}; color: {theme.faint};
        border-color: {theme.line}; }}
    QComboBox {{ font-weight: 400; padding-right: {round(26 * scale)}px; }}
    QComboBox::drop-down {{ border: none; width: {round(26 * scale)}px; }}
    QComboBox::down-arrow {{ image: none; }}
    QComboBox QAbstractItemView {{ background: {theme.raised}; color: {theme.text};
        border: 1px solid {theme.line}; selection-background-color: {theme.line};
        selection-color: {theme.text}; outline: none; padding: 4px; }}
    """
