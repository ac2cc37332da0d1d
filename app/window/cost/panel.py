"""The heart of the window: what a frame costs the continual model and its twin, and that they agree."""

from __future__ import annotations

from dataclasses import astuple

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QWidget

from app.live.costs import CostReport
from app.live.protocol import Models
from app.stream.snapshot import ModelDescription, StepTimes
from app.window import words
from app.window.cost.charts import PartsChart, Sparkline
from app.window.cost.comparison import AxisLabels, ComparisonView, LogAxis, bars_left
from app.window.cost.tiles import TILES, Explained, Explanation, Tile, figures_of
from app.window.theme import Theme
from app.window.widgets import PADDING, RIGHT, ChoiceBox, Panel, Part, Reading, Weight, named, painting

TIME_AXIS = LogAxis(1e4, 1e7)  # 10 µs to 10 ms; widens when something lies outside
FLOPS_AXIS = LogAxis(1e5, 1e7)
TIME, ARITHMETIC = "Time, measured here", "Arithmetic, counted for a full window"
TILES_HEIGHT, TILE_WIDTHS = 76, (0.17, 0.18, 0.19, 0.16, 0.12, 0.18)  # pixels at scale 1; shares of the width
ROWS = ("This encoder alone", "Whole frame, with log-mel and stem")


class ModelControls(Part):
    """Two boxes, and a line that says when another model is still catching up.

    Opening the list of models has a step of each measured, to be shown behind its name.
    """

    def __init__(self, parent: QWidget, theme: Theme, models: Models) -> None:
        super().__init__(parent, theme)
        self._models = models
        self.note = Reading(self, theme, "muted", 12, align=RIGHT).named("model_note", "State of the model")
        self.family, self.length = ChoiceBox(self, theme), ChoiceBox(self, theme)
        named(self.family, "model_row", "Model", "Which attention computes the answer")
        named(self.length, "model_window", "Window length", "How much sound the model remembers")
        for box in (self.family, self.length):
            box.setProperty("small", True)
        for choice in models.choices:
            self.family.addItem(choice.name, choice.key)
            self.family.setItemData(self.family.count() - 1, choice.explanation, Qt.ItemDataRole.ToolTipRole)
        for seconds in models.windows:
            self.length.addItem(words.window_length(seconds), seconds)
        self.family.longest_note = words.step_note(999_000, is_quickest=True)
        self._shown_steps: tuple[StepTimes | None, float] | None = None
        self.family.opened.connect(lambda: models.measure(self._seconds()))
        self.family.activated.connect(self._choose)
        self.length.activated.connect(self._choose)

    def _choose(self) -> None:
        self._models.choose(str(self.family.currentData()), self._seconds())

    def _seconds(self) -> float:
        return float(self.length.currentData())

    def show_model(self) -> None:
        """The boxes show the chosen model, unless one of them is just being used."""
        if not (self.family.view().isVisible() or self.length.view().isVisible()):
            model = self._models.description
            self.family.setCurrentIndex(self.family.findData(model.choice.key))
            off = [abs(seconds - model.window_seconds) for seconds in self._models.windows]
            self.length.setCurrentIndex(off.index(min(off)))
        self.show_steps()

    def show_steps(self) -> None:
        """What a step of each model takes, behind its name in the list, if that is known for the window in the box."""
        steps = self._models.steps
        shown = steps, self._seconds()
        if shown == self._shown_steps:
            return
        self._shown_steps = shown
        known = steps.nanoseconds if steps is not None and steps.window_seconds == self._seconds() else {}
        quickest = min(known.values(), default=0.0)
        for index in range(self.family.count()):
            nanoseconds = known.get(self.family.itemData(index))
            note = "" if nanoseconds is None else words.step_note(nanoseconds, nanoseconds == quickest)
            self.family.note(index, note)

    def arrange(self) -> None:
        gap, width, height = self.px(8), self.width(), self.height()
        window = self.px(104)
        family = min(self.px(300), (width - window) * 2 // 3)
        left = width - window
        self.length.setGeometry(left, 0, window, height)
        self.family.setGeometry(left - gap - family, 0, family, height)
        self.note.place(self.scale, QRect(0, 0, max(0, left - 2 * gap - family), height))


class CostPanel(Panel):
    """Two columns, time and arithmetic; in each the encoder alone, the whole frame, a chart; tiles below."""

    def __init__(self, parent: QWidget, theme: Theme, models: Models) -> None:
        super().__init__(parent, theme, "Cost of one frame")
        self._time_axis = TIME_AXIS
        self._shown: tuple[ModelDescription, int] | None = None  # the model, and every how many frames its twin answers
        self.controls = ModelControls(self, theme, models)
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
        self.explanation = Explanation(self, theme)
        for explained in self.findChildren(Explained):
            explained.wished.connect(lambda wished: self.explanation.show_beside(wished, self.scale))

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
        by = "continual model compiled" if report.backend == "compiled" else f"continual model in {report.backend}"
        self.heads[0].show_text(f"{TIME}; {by}" if report.backend else TIME)
        late = words.twin_note(report.twin_every)
        for label, text in zip(self.row_labels[::2], ROWS, strict=True):
            label.show_text(f"{text}{late}")

    def arrange(self) -> None:
        super().arrange()
        scale, gap = self.scale, self.px(36)
        inside, beside = self.inside(), self.beside_title()
        controls = self.px(28)
        middle = beside.center().y() - controls // 2
        self.controls.place(scale, QRect(beside.x(), middle, self.width() - self.px(PADDING) - beside.x(), controls))
        tiles, head, label, axis, space = self.px(TILES_HEIGHT), self.px(24), self.px(16), self.px(15), self.px(6)
        rest = inside.height() - tiles - head - axis - 2 * space
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
        left, line = inside.x(), self.px(10)
        for tile, share in zip(self.tiles, TILE_WIDTHS, strict=True):
            width = round(inside.width() * share)
            tile.place(scale, QRect(left, inside.bottom() - tiles + line, width - self.px(12), tiles - line))
            left += width

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        super().paintEvent(event)
        inside, above_tiles = self.inside(), self.inside().bottom() - self.px(TILES_HEIGHT)
        with painting(self) as painter:
            painter.fillRect(inside.x(), above_tiles, inside.width(), 1, self.theme.colour("line"))
