"""How worker processes are made: from one server that has imported torch once, where the system can fork."""

from __future__ import annotations

import multiprocessing
from multiprocessing.context import BaseContext

PRELOADED = ["app.files.work", "soundfile", "soxr"]


def worker_context() -> BaseContext:
    """A fork server, or on Windows fresh processes."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    return context


def start_ahead() -> None:
    """Let the fork server import while this process does."""
    if worker_context().get_start_method() == "forkserver":
        from multiprocessing import forkserver

        forkserver.ensure_running()
