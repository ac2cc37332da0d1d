"""The heart of the window: what a frame costs the continual model and its twin, and that they agree."""

from __future__ import annotations

from PySide6.QtCore import QRect, Qt
from PySide6.QtWidgets import QWidget

from app.costs import Comparison, CostReport, Percentiles
from app.model_in_use import FrameFlops
from app.window import cost_words, words
from app.window.comparison import ComparisonView, bars_left
from app.window.cost_tiles import CostTiles
from app.window.logbar import AxisLabels, LogAxis
from app.window.panel import Panel
from app.window.reading import Reading, Weight
from app.window.theme import Theme

TIME_AXIS = LogAxis(1e4, 1e7)  # 10 µs to 10 ms; widens when something lies outside
FLOPS_AXIS = LogAxis(1e5, 1e7)


class CostPanel(Panel):
    """Two columns, time and arithmetic; two rows, the encoder alone and the whole frame; tiles below."""

    def __init__(self, parent: QWidget, theme: Theme, flops: FrameFlops, frame_seconds: float) -> None:
        super().__init__(parent, theme, "Cost of one frame")
        self._time_axis, self._flops_axis = TIME_AXIS, FLOPS_AXIS
        self.legend = Reading(self, theme, "muted", 13, align=Qt.AlignmentFlag.AlignRight)
        self.legend.show_text("same weights, two ways: only the newest frame, or the whole window again")
        self.heads = [
            Reading(self, theme, "text", 15, Weight.DemiBold, text=text)
            for text in ("Time, measured here", "Arithmetic, counted")
        ]
        rows = ("This encoder alone", "Whole frame, with log-mel and stem")
        self.row_labels = [Reading(self, theme, "muted", 13, text=row) for row in rows for _ in self.heads]
        time, arithmetic = ("less time", "more time"), ("fewer FLOPs", "more FLOPs")
        self.views = [
            ComparisonView(self, theme, "time_encoder", TIME_AXIS, *time),
            ComparisonView(self, theme, "flops_encoder", FLOPS_AXIS, *arithmetic),
            ComparisonView(self, theme, "time_frame", TIME_AXIS, *time),
            ComparisonView(self, theme, "flops_frame", FLOPS_AXIS, *arithmetic),
        ]
        self.axes = [
            AxisLabels(self, theme, TIME_AXIS, words.decade_of_time),
            AxisLabels(self, theme, FLOPS_AXIS, words.decade_of_flops),
        ]
        self.axis_notes = [Reading(self, theme, "faint", 11, text="log scale") for _ in self.axes]
        self.tiles = CostTiles(self, theme, frame_seconds)
        for view, (ratio, step, twin) in zip(self.views, cost_words.tips(flops), strict=True):
            view.explain(ratio, step, twin)

    def reset(self) -> None:
        """Another run: forget how far the time axis had to reach."""
        self._time_axis = TIME_AXIS

    def show_report(self, report: CostReport, missed: int) -> None:
        """Show the present figures; `missed` snapshots never reached the window."""
        self._widen(report)
        for row, comparison in enumerate((report.encoder, report.frame)):
            self._show_time(self.views[2 * row], comparison)
            self._show_flops(self.views[2 * row + 1], comparison)
        self.tiles.show_report(report, missed)

    def _widen(self, report: CostReport) -> None:
        rows = report.encoder, report.frame
        spreads = [spread for row in rows for spread in (row.step, row.twin) if spread is not None]
        self._time_axis = self._time_axis.holding(*(time for one in spreads for time in (one.p50, one.p99)))
        counts = [count for row in rows for count in (row.step_flops, row.twin_flops)]
        self._flops_axis = FLOPS_AXIS.holding(*counts)
        for labels, axis in zip(self.axes, (self._time_axis, self._flops_axis), strict=True):
            labels.show_axis(axis)

    def _show_time(self, view: ComparisonView, comparison: Comparison) -> None:
        view.show_ratio(comparison.time_ratio)
        for line, spread in zip(view.lines, (comparison.step, comparison.twin), strict=True):
            if spread is None:
                line.show_values(self._time_axis, words.UNKNOWN, "")
            else:
                lengths = spread.p50, spread.p95, spread.p99
                line.show_values(self._time_axis, words.microseconds(spread.p50), tail(spread), *lengths)

    def _show_flops(self, view: ComparisonView, comparison: Comparison) -> None:
        view.show_ratio(comparison.flops_ratio)
        for line, count in zip(view.lines, (comparison.step_flops, comparison.twin_flops), strict=True):
            line.show_values(self._flops_axis, words.flops(count), "", count)

    def arrange(self, inside: QRect) -> None:
        scale, gap = self.scale, self.px(40)
        self.legend.place(scale, self.beside_title())
        tiles = self.px(84)
        head, label, axis, space = self.px(26), self.px(18), self.px(16), self.px(8)
        row = (inside.height() - tiles - head - axis - self.px(8)) // 2
        column = (inside.width() - gap) // 2
        for side in (0, 1):
            left, top = inside.x() + side * (column + gap), inside.y() + head
            self.heads[side].place(scale, QRect(left, inside.y(), column, head))
            for position in (side, side + 2):
                self.row_labels[position].place(scale, QRect(left, top, column, label))
                self.views[position].place(scale, QRect(left, top + label + space // 2, column, row - label - space))
                top += row
            start = bars_left(column, scale)
            self.axis_notes[side].place(scale, QRect(left, top, start, axis))
            self.axes[side].place(scale, QRect(left + start, top, column - start, axis))
        self.tiles.place(scale, QRect(inside.x(), inside.bottom() - tiles, inside.width(), tiles))


def tail(spread: Percentiles) -> str:
    """The two upper percentiles in one line."""
    p95, p99 = words.microseconds(spread.p95), words.microseconds(spread.p99)
    return f"p95 {p95}   p99 {p99}"
