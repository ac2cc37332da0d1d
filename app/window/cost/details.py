"""All figures of both models: time and arithmetic of the encoder alone and of the whole frame, by part, and memory."""

from __future__ import annotations

from dataclasses import astuple

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QPushButton, QWidget

from app.live.costs import CostReport
from app.stream.snapshot import ModelDescription
from app.window import words
from app.window.cost.charts import PartsChart, Sparkline
from app.window.cost.comparison import AxisLabels, ComparisonView, LogAxis, bars_left
from app.window.cost.tiles import TILES, Tile, figures_of
from app.window.theme import Theme
from app.window.widgets import PADDING, Panel, Reading, Weight, dress, painting

TIME_AXIS = LogAxis(1e4, 1e7)  # 10 µs to 10 ms; widens when something lies outside
FLOPS_AXIS = LogAxis(1e5, 1e7)
TIME, ARITHMETIC = "Time, measured here", "Arithmetic, counted for what was heard"
CONTROLS_HEIGHT = 52  # pixels at scale 1, at the bottom of the panel
TILES_HEIGHT, TILE_WIDTHS = 76, (0.17, 0.18, 0.19, 0.16, 0.12, 0.18)  # pixels at scale 1; shares of the width
ROWS = ("This encoder alone", "Whole frame, with log-mel and stem")


class DetailsPanel(Panel):
    """Two columns, time and arithmetic; in each the encoder alone, the whole frame, a chart; tiles below."""

    def __init__(self, parent: QWidget, theme: Theme) -> None:
        super().__init__(parent, theme, "What each frame costs, in detail")
        self._time_axis = TIME_AXIS
        self._shown: tuple[ModelDescription, int] | None = None  # the model, and every how many frames its twin answers
        self.back = dress(QPushButton(self), "story_again", "Back (D)", "The same in one sentence", look="small")
        self.back.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.heads = [Reading(self, theme, "text", 14, Weight.DemiBold, text=text) for text in (TIME, ARITHMETIC)]
        self.row_labels = [Reading(self, theme, "muted", 12, text=label) for label in ROWS for _ in self.heads]
        self.views = [
            ComparisonView(self, theme, measure, what) for what in ("encoder", "frame") for measure in ("time", "flops")
        ]
        self.axes = [AxisLabels(self, theme, units) for units in (words.DURATIONS, words.PREFIXES)]
        self.axis_notes = [Reading(self, theme, "faint", 11, text="log scale") for _ in self.axes]
        self.sparkline = Sparkline(self, theme)
        self.sparkline.explain("Time of every frame", words.SPARKLINE)
        self.parts = PartsChart(self, theme)
        self.parts.explain("Arithmetic by part", words.PARTS)
        self.tiles = [Tile(self, theme, *described) for described in TILES]

    def reset(self) -> None:
        """Another run: forget how far the time axis had to reach."""
        self._time_axis = TIME_AXIS

    def show_report(self, report: CostReport, missed: int) -> None:
        """Show the present figures; `missed` snapshots never reached the window."""
        self._show_model(report)
        rows = report.encoder, report.frame
        spreads = [spread for row in rows for spread in (row.step, row.twin) if spread is not None]
        self._time_axis = self._time_axis.holding(*(time for one in spreads for time in (one.p50, one.p99)))
        flops_axis = FLOPS_AXIS.holding(*(count for row in rows for count in (row.step_flops, row.twin_flops)))
        for labels, axis in zip(self.axes, (self._time_axis, flops_axis), strict=True):
            labels.show_axis(axis)
        for row, time, flops in zip(rows, self.views[::2], self.views[1::2], strict=True):
            times = [() if spread is None else astuple(spread) for spread in (row.step, row.twin)]
            time.show_figures(self._time_axis, row.time_ratio, *times)
            flops.show_figures(flops_axis, row.flops_ratio, (row.step_flops,), (row.twin_flops,))
        self.sparkline.show_series(report.series)
        for tile, figures in zip(self.tiles, figures_of(report, missed), strict=True):
            tile.show_figures(*figures)

    def _show_model(self, report: CostReport) -> None:
        model = report.model
        if (model, report.twin_every) != self._shown:
            self._shown = model, report.twin_every
            self.parts.show_flops(model.flops)
            for view, (heading, ratio, step, twin) in zip(self.views, words.tips(model.flops), strict=True):
                if report.twin_every > 1 and view.objectName().startswith("time"):
                    twin = f"{twin}\n\n{words.LATE_TWIN.format(every=report.twin_every)}"
                view.explain(heading, ratio, step, twin)
        by = "continual compiled" if report.backend == "compiled" else f"continual in {report.backend}"
        self.heads[0].show_text(f"{TIME}; {by}" if report.backend else TIME)
        late = words.twin_note(report.twin_every)
        for label, text in zip(self.row_labels[::2], ROWS, strict=True):
            label.show_text(f"{text}{late}")

    def arrange(self) -> None:
        super().arrange()
        scale, gap = self.scale, self.px(36)
        inside, beside = self.inside(), self.beside_title()
        self.back.ensurePolished()
        button, high = self.back.sizeHint().width(), self.px(26)
        self.back.setGeometry(self.width() - self.px(PADDING) - button, beside.center().y() - high // 2, button, high)
        tiles, head, label, axis, space = self.px(TILES_HEIGHT), self.px(24), self.px(16), self.px(15), self.px(6)
        rest = inside.height() - self.px(CONTROLS_HEIGHT) - tiles - head - axis - 2 * space
        row = min(round(rest * 0.33), self.px(100))
        chart = rest - 2 * row
        column = (inside.width() - gap) // 2
        charts: list[Sparkline | PartsChart] = [self.sparkline, self.parts]
        for side in (0, 1):
            left, top = inside.x() + side * (column + gap), inside.y() + head
            self.heads[side].place(scale, QRect(left, inside.y(), column, head))
            for position in (side, side + 2):
                self.row_labels[position].place(scale, QRect(left, top, column, label))
                self.views[position].place(scale, QRect(left, top + label, column, row - label))
                top += row
            start = bars_left(column, scale)
            self.axis_notes[side].place(scale, QRect(left, top, start, axis))
            self.axes[side].place(scale, QRect(left + start, top, column - start, axis))
            charts[side].place(scale, QRect(left, top + axis + space, column, chart))
        left, line, bottom = inside.x(), self.px(10), self._bottom()
        for tile, share in zip(self.tiles, TILE_WIDTHS, strict=True):
            width = round(inside.width() * share)
            tile.place(scale, QRect(left, bottom - tiles + line, width - self.px(12), tiles - line))
            left += width

    def _bottom(self) -> int:
        """Of its own figures: below them are the page's controls."""
        return self.inside().bottom() - self.px(CONTROLS_HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        super().paintEvent(event)
        inside, above_tiles = self.inside(), self._bottom() - self.px(TILES_HEIGHT)
        with painting(self) as painter:
            painter.fillRect(inside.x(), above_tiles, inside.width(), 1, self.theme.colour("line"))
