"""All figures of both models: time and arithmetic of the encoder alone and of the whole frame, by part, and memory."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRect, Qt
from PySide6.QtWidgets import QPushButton, QWidget

from app.live.costs import CostReport, Percentiles
from app.stream.snapshot import ModelDescription
from app.window import words
from app.window.cost.charts import PartsChart, Sparkline
from app.window.explained import Explained
from app.window.theme import Role, Theme
from app.window.widgets import PADDING, RIGHT, Panel, Reading, Weight, dress
from audio import FRAME_SECONDS

CONTROLS_HEIGHT = 52  # pixels at scale 1, at the bottom of the panel
BUSY, FULL = 0.7, 1.0  # shares of the frame budget from which it is a warning, and from which it is too much
TABLE_SHARE = 0.64  # of the width; the rest is for the charts
COLUMNS = (0.40, 0.64, 0.88, 1.0)  # right edges of name, continual, ordinary and ratio, in shares of the table
ROWS = (  # what stands there, what it means, and the names of its cells
    ("Time, encoder alone", words.TIME, "time_encoder_step", "time_encoder_twin", "time_encoder_ratio"),
    ("95 and 99 % below", words.SPREAD, "time_encoder_step_tail", "time_encoder_twin_tail"),
    ("Time, whole frame", words.TIME, "time_frame_step", "time_frame_twin", "time_frame_ratio"),
    ("95 and 99 % below", words.SPREAD, "time_frame_step_tail", "time_frame_twin_tail"),
    (f"Share of {FRAME_SECONDS * 1e3:.1f} ms", words.BUDGET, "budget_step", "budget_twin"),
    ("FLOPs, encoder alone", words.FLOPS, "flops_encoder_step", "flops_encoder_twin", "flops_encoder_ratio"),
    ("FLOPs, whole frame", words.FLOPS, "flops_frame_step", "flops_frame_twin", "flops_frame_ratio"),
    ("FLOPs saved so far", words.SAVED, "saved"),
    ("Memory of state", words.MEMORY, "memory_step", "memory_twin"),
    ("Difference: largest, now", words.DIFFERENCE, "largest_difference", "present_difference"),
    ("Changes a minute", words.CHANGES, "changes_minute"),
    ("Frames, not drawn", words.FRAMES, "frames", "missed"),
    ("Lost sound", words.LOST, "lost"),
)


class FigureRow(Explained):
    """What it is, of the continual model, of the ordinary one, and how they compare."""

    def __init__(self, parent: QWidget, theme: Theme, label: str, explanation: str, *names: str) -> None:
        what = words.ENCODER if "encoder" in names[0] else words.FRAME if "frame_" in names[0] else ""
        super().__init__(parent, theme, label, f"{explanation} {what}".strip())
        self.label = Reading(self, theme, "muted", 14, text=label)
        self.cells = [
            Reading(self, theme, "text", 15, Weight.DemiBold, RIGHT, words.UNKNOWN).named(name, name.replace("_", " "))
            for name in names
        ]

    def show_figures(self, texts: Sequence[str], colour: Role = "text") -> None:
        """Show these; the first one in this colour."""
        for cell, text in zip(self.cells, texts, strict=True):
            cell.show_text(text)
        self.cells[0].show_text(texts[0], colour)

    def arrange(self) -> None:
        edges = [0, *(round(self.width() * edge) for edge in COLUMNS)]
        for reading, left, right in zip((self.label, *self.cells), edges, edges[1:], strict=False):
            reading.place(self.scale, QRect(left, 0, right - left - self.px(6), self.height()))


class DetailsPanel(Panel):
    """A table, and two charts beside it. Below there is room for the page's controls."""

    def __init__(self, parent: QWidget, theme: Theme) -> None:
        super().__init__(parent, theme, "What each frame costs")
        self._model: ModelDescription | None = None
        self.back = dress(QPushButton(self), "story_again", "Back (D)", "The same in one sentence", look="small")
        self.back.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        heads: tuple[tuple[str, Role], ...] = (("continual", "step"), ("ordinary", "twin"), ("ratio", "muted"))
        self.heads = [Reading(self, theme, colour, 13, Weight.DemiBold, RIGHT, text) for text, colour in heads]
        self.note = Reading(self, theme, "muted", 13).named("details_note", "How it is measured")
        self.rows = [FigureRow(self, theme, *row) for row in ROWS]
        self.sparkline, self.parts = Sparkline(self, theme), PartsChart(self, theme)

    def show_report(self, report: CostReport, missed: int) -> None:
        """Show the present figures; `missed` snapshots never reached the window."""
        if report.model is not self._model:
            self._model = report.model
            self.parts.show_flops(report.model.flops)
        how = "compiled" if report.backend == "compiled" else f"in {report.backend}"
        every = report.twin_every
        late = "; ordinary being loaded" if every == 0 else f"; ordinary on {words.every(every)}" if every > 1 else ""
        self.note.show_text(f"continual {how}{late}" if report.backend else "")
        model, urgency = report.model, budget_urgency(report.step_share)
        figures: list[Sequence[str]] = []
        for each in (report.encoder, report.frame):
            spreads = each.step, each.twin
            figures.append([*(median(spread) for spread in spreads), words.ratio(each.time_ratio)])
            figures.append([tail(spread) for spread in spreads])
        figures.append([words.budget_share(share) for share in (report.step_share, report.twin_share)])
        for each in (report.encoder, report.frame):
            counts = words.flops(each.step_flops, ""), words.flops(each.twin_flops, "")
            figures.append([*counts, words.ratio(each.flops_ratio)])
        figures += [
            [words.flops(report.saved_flops, "")],
            [words.flops(size, "B") for size in (model.step_bytes, model.twin_bytes)],
            [words.difference(size) for size in (report.largest_difference, report.present_difference)],
            [f"{report.changes / max(report.frames * FRAME_SECONDS / 60, 1):.1f}"],
            [words.whole(report.frames), words.whole(missed)],
            [words.seconds(report.lost_seconds)],
        ]
        colours = {"budget_step": urgency, "frames": warns(missed), "lost": warns(report.lost_seconds)}
        for row, texts in zip(self.rows, figures, strict=True):
            row.show_figures(texts, colours.get(row.cells[0].objectName(), "text"))
        self.sparkline.show_series(report.series)

    def arrange(self) -> None:
        super().arrange()
        scale, inside, beside = self.scale, self.inside(), self.beside_title()
        self.back.ensurePolished()
        button, high = self.back.sizeHint().width(), self.px(26)
        self.back.setGeometry(self.width() - self.px(PADDING) - button, beside.center().y() - high // 2, button, high)
        self.note.place(scale, beside.adjusted(0, 0, -button - self.px(12), 0))
        table, head = round(inside.width() * TABLE_SHARE), self.px(18)
        edges = [round(table * edge) for edge in COLUMNS]
        for reading, left, right in zip(self.heads, edges, edges[1:], strict=False):
            reading.place(scale, QRect(inside.x() + left, inside.y(), right - left - self.px(6), head))
        room = inside.height() - self.px(CONTROLS_HEIGHT)
        line = (room - head) / len(self.rows)
        for at, row in enumerate(self.rows):
            top = inside.y() + head + round(at * line)
            row.place(scale, QRect(inside.x(), top, table, round(line)))
        left = inside.x() + table + self.px(20)
        for at, chart in enumerate((self.sparkline, self.parts)):
            chart.place(scale, QRect(left, inside.y() + at * room // 2, inside.right() - left, room // 2 - self.px(6)))


def median(spread: Percentiles | None) -> str:
    """Of times, or that nothing is known."""
    return words.UNKNOWN if spread is None else words.duration(spread.p50)


def tail(spread: Percentiles | None) -> str:
    """The two upper percentiles: "123, 457 µs", "4.5, 5.0 ms"."""
    if spread is None:
        return words.UNKNOWN
    unit, divisor = ("µs", 1e3) if spread.p99 < 999.5e3 else ("ms", 1e6)
    decimals = 0 if unit == "µs" or spread.p99 >= 9.95e6 else 1
    return f"{spread.p95 / divisor:.{decimals}f}, {spread.p99 / divisor:.{decimals}f} {unit}"


def warns(lost: float) -> Role:
    """The colour of something that ought to be nothing."""
    return "warning" if lost > 0 else "text"


def budget_urgency(share: float | None) -> Role:
    """The colour of a share of the budget."""
    return "problem" if (share or 0.0) > FULL else "warning" if (share or 0.0) > BUSY else "text"
