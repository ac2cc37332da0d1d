"""A plugin for beets: what `beet import` brings in without a genre gets the one that is heard, where that is sure.

Tried with beets 2.14, in the same environment as nystream. In beets' configuration, the folder of this file:

    pluginpath: docs/examples/beetsplug
    plugins: nystream
"""

from __future__ import annotations

import os
from typing import Any

from beets.plugins import BeetsPlugin

from app.files.classify import classify_file
from app.files.tags import SPELLED
from app.stream.models import load_model
from app.stream.weights import default_weights
from audio import UnreadableFile


class NystreamPlugin(BeetsPlugin):
    """Comes before the stage that writes tags."""

    def __init__(self) -> None:
        super().__init__()
        self.early_import_stages = [self.listen]

    def listen(self, session: Any, task: Any) -> None:
        """Classify the items of one import."""
        model = load_model(default_weights())
        for item in task.imported_items():
            if item.genres:
                continue
            try:
                answer = classify_file(model, os.fsdecode(item.path))
            except UnreadableFile as error:
                self._log.warning("{}: {}", item.path, error)
                continue
            if answer.verdict == "genre":
                item.genres = [SPELLED.get(answer.genre, answer.genre)]
                item.store()
