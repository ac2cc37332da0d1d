"""The story in one sentence and two pairs of bars: what a frame costs the ordinary and the continual transformer."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QPaintEvent, QPen
from PySide6.QtWidgets import QPushButton, QWidget

from app.live.costs import Comparison, CostReport
from app.stream.snapshot import FrameFlops
from app.window import words
from app.window.cost.details import CONTROLS_HEIGHT
from app.window.explained import Explained, ExplainedText
from app.window.theme import Role, Theme, text_pixels
from app.window.widgets import CENTRE, LEFT, PADDING, RIGHT, Panel, Reading, Weight, dress, fill, painting
from audio import FRAME_SECONDS

BUDGET_NANOSECONDS = FRAME_SECONDS * 1e9
NEAR = 0.6  # share of the budget from which its line is on the axis, so that one sees the bar come close
NAMES: dict[Literal["twin", "step"], str] = {"twin": "ordinary", "step": "continual"}
BAR_LABEL, BAR_NUMBER = 182, 146  # pixels at scale 1


def label_width(scale: float) -> int:
    """Pixels that a measure and a model's name take beside the bars; in a small window letters shrink less than the
    rest.
    """
    return round(BAR_LABEL * text_pixels(15, scale) / 15)


class CostBar(Explained):
    """One model in one measure: its name, its bar on a linear axis, its number."""

    def __init__(self, parent: QWidget, theme: Theme, name: str, colour: Role) -> None:
        super().__init__(parent, theme)
        self.colour = colour
        self._share = self.outlined = 0.0
        self.line: float | None = None
        self.is_over = False
        self.label = Reading(self, theme, colour, 15, align=RIGHT)
        self.value = Reading(self, theme, "text", 18, Weight.Bold, RIGHT, words.UNKNOWN).named(name, name)

    def show_figure(
        self, label: str, value: str, share: float, outlined: float = 0.0, line: float | None = None
    ) -> None:
        """Shares of the axis, 0..1: of the bar, of its outline, and of a line that it must not cross."""
        self._share, self.outlined, self.line = share, outlined, line
        self.is_over = line is not None and share > line
        is_over = self.is_over
        self.label.show_text(label, "problem" if is_over else self.colour)
        self.value.show_text(value, "problem" if is_over else "text")
        self.update()

    def track(self) -> QRectF:
        """Where the axis is."""
        left, right = label_width(self.scale), self.width() - self.px(BAR_NUMBER)
        return QRectF(left, self.height() * 0.14, max(right - left, 1), self.height() * 0.72)

    def arrange(self) -> None:
        track = self.track()
        self.label.place(self.scale, QRect(0, 0, int(track.left()) - self.px(14), self.height()))
        right = int(track.right()) + self.px(8)
        self.value.place(self.scale, QRect(right, 0, self.width() - right, self.height()))

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        track = self.track()
        radius = min(5 * self.scale, track.height() / 3)
        colour = self.theme.colour("problem" if self.is_over else self.colour)
        with painting(self) as painter:
            if self.outlined > self._share:  # what is not reached yet, as an outline
                role: Role = "problem" if self.line is not None and self.outlined > self.line else self.colour
                painter.setPen(QPen(self.theme.colour(role), max(1.0, self.scale), Qt.PenStyle.DashLine))
                painter.setBrush(self.theme.colour(role, 0.15))
                place = QRectF(track.x(), track.y(), track.width() * self.outlined, track.height())
                painter.drawRoundedRect(place.adjusted(0.5, 0.5, -0.5, -0.5), radius, radius)
                painter.setPen(Qt.PenStyle.NoPen)
            if self._share > 0:
                length = max(track.width() * self._share, 3 * self.scale)
                fill(painter, colour, QRectF(track.x(), track.y(), length, track.height()), min(radius, length / 2))
            if self.line is not None:
                x = track.x() + track.width() * self.line
                painter.setPen(QPen(self.theme.colour("text"), max(1.5, 2 * self.scale), Qt.PenStyle.DashLine))
                painter.drawLine(QPointF(x, 0), QPointF(x, self.height()))
        super().paintEvent(event)


class StoryPanel(Panel):
    """The sentence, time as it is measured and arithmetic as it is counted, of the whole frame; without arithmetic, and
    larger, where it `presents`. Below there is room for `controls`, which are the page's.
    """

    def __init__(self, parent: QWidget, theme: Theme) -> None:
        super().__init__(parent, theme, "What each frame costs")
        self._flops: FrameFlops | None = None
        self.details = dress(QPushButton(self), "details", "Details (D)", "All figures of both models", look="small")
        self.details.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._sentence = ExplainedText(self, theme, "text", 28, Weight.Bold, "story", "What is saved", words.RATIOS)
        self.sentence = self._sentence.reading
        self.premise = Reading(self, theme, "muted", 14, text=words.PREMISE).named("premise", "What runs here")
        self.heads = [Reading(self, theme, "muted", 15, text=text) for text in ("time", "arithmetic")]
        self.bars = {
            (measure, model): CostBar(self, theme, f"story_{measure}_{model}", model)
            for measure in ("time", "flops")
            for model in NAMES
        }
        self.budget = Reading(self, theme, "text", 14).named("budget", "Time until the next frame", words.BUDGET)
        self.full = Reading(self, theme, "muted", 14).named("full", "With a full window")

    def show_report(self, report: CostReport, full_twin: float | None = None) -> None:
        """Show these figures. full_twin: ns that the ordinary encoder takes with a full window; None if unknown."""
        self._show_explanations(report)
        frame = report.frame
        # Above it are the parts that both share; a full window is of interest only until it is full.
        shared = frame.step.p50 - report.encoder.step.p50 if frame.step and report.encoder.step else 0.0
        full = full_twin + shared if full_twin is not None and report.filled < words.FULL else 0.0
        if frame.twin is not None and full < frame.twin.p50:  # the computer was less busy when that was measured
            full = 0.0
        self._show_times(frame, full)
        self.premise.show_text(words.twin_note(report.twin_every) if report.frames else words.PREMISE)
        axis = max(frame.step_flops, frame.twin_flops, 1)
        for model, count in zip(NAMES, (frame.twin_flops, frame.step_flops), strict=True):
            self.bars["flops", model].show_figure(self._name(model), words.count(count), count / axis)
        text, colour = words.story(report, full > BUDGET_NANOSECONDS, self.presents)
        self.sentence.show_text(text, colour)
        self.full.show_text(words.when_full(report, full))

    def _show_times(self, frame: Comparison, full: float) -> None:
        spent = {"twin": frame.twin, "step": frame.step}
        times = {model: None if (one := spent[model]) is None else one.p50 for model in NAMES}
        known = [time for time in times.values() if time is not None]
        longest = max([*known, full, 1.0])
        axis = BUDGET_NANOSECONDS if NEAR * BUDGET_NANOSECONDS < longest < BUDGET_NANOSECONDS else longest
        line = BUDGET_NANOSECONDS / axis if axis >= BUDGET_NANOSECONDS else None
        for model, time in times.items():
            value = words.UNKNOWN if time is None else words.duration(time)
            outlined = full / axis if model == "twin" else 0.0
            self.bars["time", model].show_figure(self._name(model), value, (time or 0.0) / axis, outlined, line)
        self.budget.show_text(words.budget_note(max(known, default=None), line is not None))

    def _name(self, model: Literal["twin", "step"]) -> str:
        return f"{NAMES[model]} transformer" if self.presents else NAMES[model]

    def _show_explanations(self, report: CostReport) -> None:
        if report.model.flops is not self._flops:
            self._flops = flops = report.model.flops
            parts = {"twin": words.by_part(flops.shared, flops.twin), "step": words.by_part(flops.shared, flops.step)}
            for (measure, model), bar in self.bars.items():
                what, rest = (
                    ("Time", words.TIME)
                    if measure == "time"
                    else ("Arithmetic", f"With a full window:\n{parts[model]}")
                )
                text = f"{words.MODELS[model]} {words.FRAME}\n\n{rest}"
                bar.explain(f"{what}: the {NAMES[model]} transformer", text)

    def arrange(self) -> None:
        super().arrange()
        for part in (self.details, self.premise, *self.heads, self.full):
            part.setVisible(not self.presents)
        for model in NAMES:
            self.bars["flops", model].setVisible(not self.presents)
        self.sentence.align = CENTRE if self.presents else LEFT
        if self.presents:
            self._arrange_for_all_to_see()
            return
        scale, inside = self.scale, self.inside()
        self.details.ensurePolished()
        width, height = self.details.sizeHint().width(), self.px(26)
        right, middle = self.width() - self.px(PADDING), self.title.geometry().center().y()
        self.details.setGeometry(right - width, middle - height // 2, width, height)
        left, across = inside.x(), inside.width()
        lines = (40, 24, 31, 31, 22, 6, 31, 31, 22)
        # More room makes thicker bars, up to a point.
        unit = min(1.3 * scale, (inside.height() - self.px(CONTROLS_HEIGHT + 8)) / sum(lines))
        tops = [inside.y() + round(unit * sum(lines[:at])) for at in range(len(lines))]
        heights = [round(unit * line) for line in lines]
        self._sentence.place(scale, QRect(left, tops[0], across, heights[0]))
        self.premise.place(scale, QRect(left, tops[1], across, heights[1]))
        for head, at in zip(self.heads, (2, 6), strict=True):
            width = max(self.px(90), head.natural_width(scale) + 2)
            head.place(scale, QRect(left, tops[at], width, heights[at]))
        for bar, at in zip(self.bars.values(), (2, 3, 6, 7), strict=True):
            bar.place(scale, QRect(left, tops[at], across, heights[at]))
        beside = label_width(scale)
        for note, at in ((self.budget, 4), (self.full, 8)):
            note.place(scale, QRect(left + beside, tops[at], across - beside, heights[at]))

    def _arrange_for_all_to_see(self) -> None:
        width, height = self.width(), self.height()
        self._sentence.place(self.scale, QRect(0, 0, width, round(height * 0.30)))
        top, bar = round(height * 0.34), round(height * 0.24)
        for model in NAMES:
            self.bars["time", model].place(self.scale * 1.4, QRect(0, top, width, bar))
            top += bar
        left = round(self.bars["time", "step"].track().left())
        self.budget.place(self.scale * 1.4, QRect(left, top, width - left, height - top))
