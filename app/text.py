"""How values become text, once for every room: JSON, cells of CSV, times, and names on a terminal."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable

# Control characters, what Unicode calls line ends, and what turns the direction of the text behind it.
UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def to_json(value: object, indent: int | None = None) -> str:
    """In ASCII. A number that is NaN or infinite is null: JSON has no such numbers, and other programs refuse them."""
    try:
        return json.dumps(value, indent=indent, allow_nan=False)
    except ValueError:
        return json.dumps(_finite(value), indent=indent, allow_nan=False)


def _finite(value: object) -> object:
    if isinstance(value, dict):
        return {key: _finite(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def csv_row(cells: Iterable[object]) -> str:
    """A line as RFC 4180 has it, but with a bare line feed, which Unix tools expect.

    The `csv` module would leave a carriage return without quotes then, and readers would take it for the line's end.
    """
    texts = map(str, cells)
    return (
        ",".join('"{}"'.format(text.replace('"', '""')) if re.search('[,"\r\n]', text) else text for text in texts)
        + "\n"
    )


def one_line(text: str) -> str:
    """For people: names may hold line ends and a terminal's commands, which are shown as escapes."""
    return UNPRINTABLE.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def half_up(number: float, digits: int = 0) -> float:
    """Rounded as people round: 0.5 to 1, 2.5 to 3. Python and numpy round a half to the even neighbour."""
    scale = 10.0**digits
    return math.floor(number * scale + 0.5) / scale


def window_length(seconds: float) -> str:
    """30 is "30 s", 120 is "2 min"; a window of whole tokens is a little shorter than its name."""
    return f"{seconds / 60:.0f} min" if seconds >= 59.5 else f"{round(seconds, 1):g} s"


def clock(seconds: float) -> str:
    """83.4 is "1:23"; with hours "1:00:05"."""
    minutes, rest = divmod(int(half_up(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
