"""Numbers as the window says them, and what each number of the cost panel means."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from app.live.costs import ROLLING_FRAMES, CostReport
from app.text import clock as clock
from app.text import window_length as window_length
from app.window.theme import Role
from audio import FRAME_SECONDS

UNKNOWN = "\N{EM DASH}"
LARGEST_DIFFERENCE = 1e-4  # in probability; what is above it is no rounding
THIN = "\N{NARROW NO-BREAK SPACE}"
TIMES = "\N{MULTIPLICATION SIGN}"
COUNTS = "", "thousand", "million", "billion", "trillion"
PREFIXES, DURATIONS = ("", "k", "M", "G", "T"), ("ns", "µs", "ms", "s")
MODELS = {
    "step": "The continual transformer keeps what it computed before, and adds only what the newest frame brings.",
    "twin": "The ordinary transformer has the same weights and gives the same answer, but computes its whole window "
    "again for every frame.",
}
ENCODER = "The encoder alone is the part that differs between the two."
FRAME = "The whole frame is all that one frame needs, with log-mel and stem, which both share."
TAIL = f"Median of the last {ROLLING_FRAMES} frames, measured on this computer in one thread."
SPREAD = f"Of the last {ROLLING_FRAMES} frames 95, and 99, of 100 took less than that."
TIME = f"{TAIL} The ordinary model has less to compute as long as its window is not full."
FLOPS = (
    "One addition or multiplication is a FLOP, counted from the model's shape for as much sound as was heard. A ratio "
    "of FLOPs is not a ratio of times: memory and small operations cost time that no FLOP counts."
)
DIFFERENCE = (
    "Both models' probabilities for the same frame, compared genre by genre: the largest difference of "
    "this session, and that of the last frame. Near zero means that the saved work cost nothing."
)
BUDGET = (
    "The share of the time between two frames that a whole frame takes. Above 100 % a model cannot keep up with live "
    "sound."
)
SAVED = "The ordinary model's FLOPs minus those of the continual one, summed over all frames as they were heard."
MEMORY = (
    "What is remembered from one frame to the next once the window is full, counted in single precision: keys, values, "
    "sums and landmarks of the continual model; the tokens of the window for the ordinary one."
)
SPARKLINE = (
    "The time that the encoder took for every frame of the last half minute, on a logarithmic scale: below the "
    "continual model, above the ordinary one. The dashed line is the time between two frames. Choose a longer window "
    "and the ordinary model's curve rises with it, while with fixed landmarks the continual model's stays where it is."
)
PARTS = (
    "Where the arithmetic of one frame goes, for a full window and on a logarithmic scale: the left dot is the "
    "continual model, the right one the ordinary model, and the line between them is what is saved. Log-mel and stem "
    "are the same for both."
)
CHANGES = (
    "How often in a minute, over this session, something else was said, another genre or doubt. It has to last for "
    "half a second before it is said."
)
FRAMES = "Frames computed in this session, and those that the window was too slow to show."
LOST = "Sound that was lost in this session, because the computer could not keep up or the device was away."
WHOLE = "The whole file"
NOT_LIVE = {  # by why what is shown is of the past
    "starting": "Opening the source; last heard",
    "ended": "The end; last heard",
    "failed": "Ended; last heard",
    "stopped": "Stopped; last heard",
    "zeros": "Only zeros arrive",
    "muted": "The microphone is muted",
    "stalled": "No sound arrives; last heard",
    "lost": "The microphone is gone; last heard",
    "recovering": "The microphone is coming back; last heard",
    "paused": "Paused; last heard",
}
PREMISE = "Both have the same weights. For each frame the ordinary one computes all it remembers again."
RATIOS = (
    "How many times more the ordinary transformer does for each frame of sound than the continual one: arithmetic as "
    "it is counted, and time as it is measured here, both for the whole frame, with all that the two share. Details "
    "(D) has the encoder alone, where the gain is larger, the spread of the times, and memory."
)
QUIETEST_DBFS = -99.0  # below this there is nothing that 16 bits could say
FULL = 0.995  # share of the window from which it counts as full


def not_live(why: str, seconds: float | None) -> str:
    """Why what is shown is of the past, and for how long it has been, where that is known."""
    said = NOT_LIVE.get(why, "Now")
    return said if seconds is None or not said.endswith("last heard") else f"{said} {clock(seconds)} ago"


def percent(share: float) -> str:
    """0.873 is "87 %"."""
    return f"{share * 100:.0f} %"


def budget_share(share: float | None) -> str:
    """Two digits, since the share of interest is far below one percent: 0.0043 is "0.43 %"."""
    if share is None:
        return UNKNOWN
    decimals = min(max(1 - math.floor(math.log10(share * 100)), 0), 3) if share > 0 else 0
    return f"{share * 100:.{decimals}f} %"


def whole(count: int) -> str:
    """12345 is "12 345"."""
    return f"{count:,}".replace(",", THIN)


def seconds(length: float) -> str:
    """0.25 is "0.25 s"; no time at all is "0 s"."""
    return f"{length:.2f} s" if 0 < length < 10 else f"{length:.0f} s"


def duration(nanoseconds: float) -> str:
    """Two or three digits: 388 000 is "388 µs", 3 521 000 is "3.5 ms"."""
    value, unit = _scaled(max(nanoseconds, 1e3) / 1e3, DURATIONS[1:])
    return f"{value:.1f} {unit}" if value < 9.95 else f"{value:.0f} {unit}"


def step_note(nanoseconds: float, is_quickest: bool) -> str:
    """9640 is "9.6 µs a step", and perhaps the quickest here."""
    return f"{duration(nanoseconds)} a step{', the quickest here' if is_quickest else ''}"


def flops(count: float, unit: str = "FLOP") -> str:
    """Three digits and a prefix: 412345 is "412 kFLOP"; without unit "412 k"."""
    value, prefix = _scaled(count, PREFIXES)
    decimals = 0 if value >= 99.95 or not prefix else 1 if value >= 9.995 else 2
    return f"{value:.{decimals}f} {prefix}{unit}".rstrip()


def count(number: float) -> str:
    """In words: 2 000 000 is "2.0 million"."""
    value, prefix = _scaled(number, COUNTS)
    return f"{value:.{0 if value >= 9.95 or not prefix else 1}f} {prefix}".rstrip()


def decade(value: float, units: Sequence[str]) -> str:
    """A power of ten on an axis: "10 µs", "100 k"."""
    value, unit = _scaled(value, units)
    return f"{value:.0f} {unit}".rstrip()


def _scaled(value: float, units: Sequence[str]) -> tuple[float, str]:
    """In the unit, each a thousand times the one before, in which it has at most three digits."""
    step = 0
    while value >= 999.5 and step + 1 < len(units):
        value, step = value / 1e3, step + 1
    return value, units[step]


def every(k: int) -> str:
    """3 is "every 3rd frame", for k from 2 on."""
    ending = "th" if k % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(k % 10, "th")
    return f"every {k}{ending} frame"


def ratio(times: float | None) -> str:
    """37.2 is 37 and a multiplication sign; below one, where the continual model takes more, it has two decimals."""
    if times is None:
        return UNKNOWN
    return f"{times:.{2 if times < 1 else 1}f}{TIMES}" if times < 9.95 else f"{whole(round(times))}{TIMES}"


def difference(probability: float | None) -> str:
    """One digit that counts, and in full: 0.00000029 is "0.0000003"."""
    if probability is None:
        return UNKNOWN
    if probability == 0:
        return "0"
    return f"{probability:.{max(-math.floor(math.log10(probability)), 2)}f}"


def level(dbfs: float) -> str:
    """-18.2 is "-18 dBFS"; zeros have no level, and rounding noise is silence."""
    if -math.inf < dbfs < QUIETEST_DBFS:
        return "silence"
    return "no signal" if dbfs == -math.inf else f"{dbfs:.0f} dBFS".replace("-", "\N{MINUS SIGN}")


def before_now(seconds: float) -> str:
    """0 is "now", 150 is a minus sign and "2:30", 30 "30 s"."""
    if seconds == 0:
        return "now"
    return f"\N{MINUS SIGN}{f'{seconds:g} s' if seconds < 120 else clock(seconds)}"


def heard(filled: float, window_seconds: float) -> str:
    """ "12 of 30 s heard", "1:46 of 5 min heard"; a window of whole frames is a little shorter than its name, and full
    at 30.
    """
    window = round(window_seconds)
    passed, length = math.floor(filled * window + 1e-6), window_length(window)
    return f"{passed if length.endswith(' s') else clock(passed)} of {length} heard"


def twin_note(twin_every: int) -> str:
    """What is to be said of an ordinary model that answers every k-th frame only, or none yet."""
    if twin_every == 0:
        return "The ordinary one is being loaded."
    if twin_every == 1:
        return PREMISE
    return f"The ordinary one takes too long to answer every frame: it answers {every(twin_every)} only."


def times(ratio: float) -> str:
    """55.2 is "55 times"; below ten one decimal."""
    return f"{ratio:.1f} times" if ratio < 9.95 else f"{whole(round(ratio))} times"


def less(ratio: float, what: str) -> str:
    """55.2 is "55 times less"; an honest sentence also says when it is more."""
    return f"{times(ratio)} less {what}" if ratio >= 1 else f"{times(1 / ratio)} more {what}"


def story(report: CostReport, will_be_over: bool, short: bool) -> tuple[str, Role]:
    """The sentence on the stage, and its colour. will_be_over: whether the ordinary model will need more time than
    there is once its window is full.
    """
    if report.twin_share is not None and report.twin_share > 1:
        return f"The ordinary transformer cannot keep up{'.' if short else ''}", "problem"
    if will_be_over:
        window = window_length(report.model.window_seconds)
        return f"At {window} the ordinary transformer cannot keep up{'.' if short else ''}", "problem"
    said = [less(report.frame.flops_ratio or 1.0, "arithmetic")]
    if report.frame.time_ratio is not None:
        said.append(less(report.frame.time_ratio, "time"))
    if not short:
        return f"{', '.join(said)} for each frame", "text"
    is_same = report.largest_difference is not None and report.largest_difference <= LARGEST_DIFFERENCE
    return f"{'Same answer. ' if is_same else ''}{', '.join(said)}.", "text"


def when_full(report: CostReport, twin: float) -> str:
    """What will be once the window is full, with the ns that the ordinary model then takes, if known; "" when it is."""
    ratio, seconds = report.frame.full_flops_ratio, report.model.window_seconds
    if report.filled >= FULL or not report.frames or ratio is None:
        return ""
    known = f", ordinary {duration(twin)}" if twin else ""
    return f"with {heard(report.filled, seconds)}; at {window_length(seconds)}: {less(ratio, 'arithmetic')}{known}"


def budget_note(longest: float | None, is_on_axis: bool) -> str:
    """Nanoseconds of the dearer model, and whether the time until the next frame is on the axis of time."""
    budget = f"{FRAME_SECONDS * 1e3:.1f} ms"
    if is_on_axis:
        return f"the dashed line: after {budget} the next frame comes"
    many = "" if longest is None else f": {times(FRAME_SECONDS * 1e9 / longest)} the longer bar"
    return f"until the next frame comes there are {budget}{many}"


def by_part(shared: Mapping[str, int], own: Mapping[str, int]) -> str:
    """One line for each part of a FLOP count."""
    return "\n".join(f"{part}: {flops(count)}" for part, count in {**shared, **own}.items())
