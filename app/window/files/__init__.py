"""Many files at once: what they are, in a table that fills while they are heard."""

from app.window.files.page import FilesPage

__all__ = ["FilesPage"]
