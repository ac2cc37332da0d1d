"""Qt, started before anything that takes long to load, and a card that says so meanwhile."""

from __future__ import annotations

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap
from PySide6.QtWidgets import QApplication, QSplashScreen

from app.stream.weights import desktop_file
from app.window.style import stock_palette
from app.window.theme import Theme, font, palette_for

WIDTH, HEIGHT, MARGIN = 420, 112, 24  # pixels of the card
STARTING = "Nystream is starting\N{HORIZONTAL ELLIPSIS}"


def start_qt() -> QApplication:
    """Qt in the window's style."""
    application = QApplication.instance() or QApplication(["nystream"])
    assert isinstance(application, QApplication)
    # A desktop knows the window as the program by these: they are the name of its desktop file.
    application.setApplicationName("nystream")
    application.setDesktopFileName("nystream")
    application.setApplicationDisplayName("Nystream")
    application.setWindowIcon(QIcon(str(desktop_file("nystream.png"))))
    application.setStyle("Fusion")
    application.setFont(font(14, 1.0))
    return application


def wear(application: QApplication, theme: Theme) -> None:
    """Give dialogs and all that the style sheet does not reach the theme's colours, now and whenever it changes."""
    application.setPalette(stock_palette(theme.palette))
    theme.changed.connect(lambda: application.setPalette(stock_palette(theme.palette)))


def show_opening() -> QSplashScreen:
    """The card, on the screen already; to be closed when there is a window."""
    application, palette = start_qt(), palette_for("system")
    density = application.primaryScreen().devicePixelRatio()
    picture = QPixmap(round(WIDTH * density), round(HEIGHT * density))
    picture.setDevicePixelRatio(density)
    picture.fill(QColor(palette.panel))
    side = HEIGHT - 2 * MARGIN
    with QPainter(picture) as painter:
        painter.drawPixmap(MARGIN, MARGIN, application.windowIcon().pixmap(side, side))
        painter.setFont(font(22, 1.0))
        painter.setPen(QColor(palette.text))
        beside = QRect(side + 2 * MARGIN, 0, WIDTH - side - 3 * MARGIN, HEIGHT)
        painter.drawText(beside, Qt.AlignmentFlag.AlignVCenter, STARTING)
    card = QSplashScreen(picture)
    card.show()
    application.processEvents()
    return card
