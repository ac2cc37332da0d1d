"""The one thread in which PortAudio is called: it allows no other way, and it may hang for ever.

With a frozen sound server opening, closing, even looking for devices never returns. Callers here wait no longer than a
limit, and what they asked for is done when the server answers again.
"""

from __future__ import annotations

import atexit
import ctypes
import functools
import os
import queue
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from audio.source import NoAnswer, NoAudioSystem

QUIT_SECONDS = 1.0  # what the end of the program waits for PortAudio at most
# What PortAudio stands on prints whatever it tries in vain; what matters of it PortAudio returns.
CHATTER = {
    "libasound.so.2": ("snd_lib_error_set_handler",),
    "libjack.so.0": ("jack_set_error_function", "jack_set_info_function"),
}
STANDARD_ERROR, UNBUFFERED = 2, 2  # a descriptor; _IONBF of the C library

Answer = TypeVar("Answer")


class PortAudioThread:
    """Does one call after another.

    open_streams: kept by those calls alone. A stream without any reference would crash the process when its callback
    comes.
    generation: how often PortAudio has looked for devices; their indices hold until it does so again.
    """

    def __init__(self) -> None:
        self.open_streams: set[object] = set()
        self.generation = 0
        self._calls: queue.SimpleQueue[tuple[Future[Any], Callable[[], Any]]] = queue.SimpleQueue()
        threading.Thread(target=self._run, name="PortAudio", daemon=True).start()

    def submit(self, call: Callable[[], Answer]) -> Future[Answer]:
        """Queue the call; returns at once."""
        future: Future[Answer] = Future()
        self._calls.put((future, call))
        return future

    def ask(self, call: Callable[[], Answer], seconds: float) -> Answer:
        """Queue the call and wait for it. Raises NoAnswer when that takes longer."""
        asked = self.submit(call)
        try:
            return asked.result(seconds)
        except FutureTimeoutError:
            asked.cancel()
            raise NoAnswer from None

    def load(self) -> Any:
        """The sounddevice module, imported when first needed, in this thread only. Raises NoAudioSystem."""
        known = "sounddevice" in sys.modules
        if not known and sys.platform == "linux":
            _silence()
            print_elsewhere(os.devnull)
        try:
            import sounddevice
        except OSError as error:
            raise NoAudioSystem(
                "No microphone can be used because PortAudio is not installed: install it (on Debian or Ubuntu: "
                "sudo apt-get install libportaudio2) and start again, or open a file instead."
            ) from error
        if not known and hasattr(sounddevice, "_exit_handler"):
            # At exit it would wait for a frozen server too, and the program could not be quit.
            atexit.unregister(sounddevice._exit_handler)
            atexit.register(self._quit, sounddevice._exit_handler)
        return sounddevice

    def _quit(self, exit_handler: Callable[[], None]) -> None:
        with suppress(FutureTimeoutError):  # the process ends all the same
            self.submit(exit_handler).result(QUIT_SECONDS)

    def _run(self) -> None:
        while True:
            future, call = self._calls.get()
            if not future.set_running_or_notify_cancel():
                continue
            try:
                answer = call()
            except BaseException as error:  # raised where the future is waited for
                future.set_exception(error)
            else:
                future.set_result(answer)
            del future, call  # or the last stream would live until the next call


def _silence() -> None:
    """Let the libraries of CHATTER tell a function of the C library that hears nothing of it: one of Python's would be
    called by threads that must not wait for Python.
    """
    deaf = ctypes.cast(ctypes.CDLL(None).getpid, ctypes.c_void_p)
    for name, setters in CHATTER.items():
        with suppress(OSError, AttributeError):  # not every system has both
            library = ctypes.CDLL(name)
            for setter in setters:
                set_handler = getattr(library, setter)
                set_handler.argtypes = [ctypes.c_void_p]
                set_handler(deaf)


def print_elsewhere(path: str | Path) -> None:
    """Append to this file what C libraries of this process print as an error from now on; only the first call counts.

    PortAudio prints a line, from any thread, for each of its own calls that fails, and has no setting for it. In glibc
    `stderr` is a variable of which a program may make another stream (its manual, "Standard Streams"); elsewhere
    nothing changes. Descriptor 2 stays as it is, and with it what Python, its faulthandler and other processes write.
    """
    c = ctypes.CDLL(None)
    if not hasattr(c, "gnu_get_libc_version"):
        return
    c.fopen.restype = ctypes.c_void_p
    stderr = ctypes.c_void_p.in_dll(c, "stderr")
    if c.fileno(stderr) == STANDARD_ERROR and (stream := c.fopen(os.fsencode(path), b"ae")):
        c.setvbuf(ctypes.c_void_p(stream), None, UNBUFFERED, 0)  # or the last words of a crash would be lost
        stderr.value = stream


@functools.cache
def portaudio() -> PortAudioThread:
    """The thread; PortAudio is one for the whole process."""
    return PortAudioThread()
