"""The desktop window: it draws snapshots and passes the user's wishes to a session, nothing else."""

from app.window.main import MainWindow
from app.window.start import Launch, run_window

__all__ = ["Launch", "MainWindow", "run_window"]
