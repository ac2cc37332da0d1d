"""The frame in a process whose window redraws: asked of scripts/benchmark_window.py, and said to a reader."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

SCRIPT = Path(__file__).resolve().parents[1] / "benchmark_window.py"


def measure_window(seconds: float) -> dict[str, Any]:
    """In a process of its own. Raises subprocess.CalledProcessError."""
    command = [sys.executable, str(SCRIPT), "--json", "--seconds", str(seconds)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def window_table(report: dict[str, Any]) -> list[str]:
    """The report for a reader."""
    lines = [
        f"in a window that is drawn {report['redraws_per_second']} times a second, {report['frames']} frames, computed "
        f"by {report['path']}; microseconds p50, p95, p99"
    ]
    for said, measured in (("", report), (", halved", report["halved"]), (", resampled", report["resampled"])):
        for name in ("frame", "log_mel", "stem", "step"):
            times = measured[f"{name}_us"]
            lines.append(f"  {name + said:22}{times['p50']:10.1f}{times['p95']:10.1f}{times['p99']:10.1f}")
    return lines
