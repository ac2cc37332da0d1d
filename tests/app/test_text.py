"""Text for programs has no NaN and survives any name; text for people commands no terminal."""

from __future__ import annotations

import ast
import csv
import io
import json
import math
from pathlib import Path

import numpy as np
import pytest

from app.text import clock, csv_row, half_up, one_line, to_json

CHECKOUT = Path(__file__).resolve().parents[2]
OWN_JSON = {"app/text.py", "scripts/preparation/environment.py"}  # the latter runs where nothing is installed yet


@pytest.mark.parametrize("odd", [math.nan, math.inf, -math.inf, np.float64("nan")])
def test_a_number_that_json_cannot_have_is_null(odd: float) -> None:
    text = to_json({"a": [odd, (1.5, odd)], "b": "NaN"})
    assert json.loads(text, parse_constant=pytest.fail) == {"a": [None, [1.5, None]], "b": "NaN"}


def test_all_json_is_written_by_one_function() -> None:
    """Where JSON is made by hand, NaN comes back."""
    own = set()
    for path in [*(CHECKOUT / "app").rglob("*.py"), *(CHECKOUT / "scripts").rglob("*.py")]:
        calls = [node.func for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call)]
        if any(isinstance(call, ast.Attribute) and call.attr in ("dump", "dumps") for call in calls):
            own.add(path.relative_to(CHECKOUT).as_posix())
    assert own == OWN_JSON


@pytest.mark.parametrize("name", ["plain", "a,b", 'a "b"', "a\rb", "a\nb", "\r\n", "\x1b[31m", " ", ""])
def test_csv_gives_back_what_was_written(name: str) -> None:
    written = csv_row([name, 1, name])
    assert written.endswith("\n")
    assert not written.endswith("\r\n")
    assert list(csv.reader(io.StringIO(written, newline=""))) == [[name, "1", name]]


@pytest.mark.parametrize(
    "control", [*map(chr, range(32)), "\x7f", "\x85", "\x9b", "\u2028", "\u2029", "\u202e", "\u2066"]
)
def test_what_a_terminal_would_obey_is_shown_as_an_escape(control: str) -> None:
    shown = one_line(f"a{control}b é \N{FAMILY} \udcff")
    assert control not in shown
    assert shown.encode("latin-1", "ignore").decode("unicode_escape").startswith(f"a{control}b")
    assert one_line(shown) == shown


def test_a_half_is_rounded_up() -> None:
    assert [half_up(number) for number in (0.5, 1.5, 2.5, 2.49)] == [1, 2, 3, 2]
    assert half_up(0.0625, 3) == 0.063


def test_a_clock_rounds_to_the_nearest_second() -> None:
    assert [clock(seconds) for seconds in (0.0, 0.5, 2.5, 83.4, 59.5, 3604.5)] == [
        *("0:00", "0:01", "0:03", "1:23", "1:00", "1:00:05")
    ]
