"""What `nystream` sees to before there is a window."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from app.cli.main import main
from tests.own_process import run_python


def test_the_thread_that_hears_waits_for_the_window_for_half_a_millisecond_at_most(
    tmp_path: Path,
) -> None:
    before = sys.getswitchinterval()
    assert before > 0.001  # Python's own 5 ms
    try:
        assert main(["--weights", str(tmp_path / "missing.safetensors")]) == 3
        assert sys.getswitchinterval() <= 0.001
    finally:
        sys.setswitchinterval(before)


def test_without_a_terminal_a_card_is_seen_before_anything_large_is_loaded(tmp_path: Path) -> None:
    code = """
import sys
from app.window import opening
show, seen = opening.show_opening, []
def show_and_look():
    card = show()
    seen.append((card.isVisible(), [name for name in ("numpy", "pyqtgraph", "app.window.main") if name in sys.modules]))
    return card
opening.show_opening = show_and_look
from app.cli.main import main
print(main(["--weights", sys.argv[1]]), seen)
"""
    said = run_python(code, str(tmp_path / "missing.safetensors"), QT_QPA_PLATFORM="offscreen")
    assert said == "3 [(True, [])]"


@pytest.mark.skipif(sys.platform == "win32", reason="signals as Unix has them")
def test_a_signal_that_comes_before_the_event_loop_ends_the_program(tmp_path: Path) -> None:
    code = """
import signal
from app.window import start
begin = start.begin
def begin_and_be_killed(window, launch):
    begin(window, launch)
    signal.raise_signal(signal.SIGTERM)
start.begin = begin_and_be_killed
signal.alarm(60)  # deadly
from app.cli.main import main
main(["--silent"])
"""
    run_python(code, QT_QPA_PLATFORM="offscreen", XDG_CONFIG_HOME=str(tmp_path), XDG_STATE_HOME=str(tmp_path))
