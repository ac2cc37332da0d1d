"""What `nystream` sees to before there is a window."""

from __future__ import annotations

import sys
from pathlib import Path

from app.cli.main import main


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
