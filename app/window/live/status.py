"""What is said when there is something to say: one sentence below the source bar, or a card in the middle."""

from __future__ import annotations

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from app.live.protocol import DeviceList, EngineState
from app.window.theme import Role, Theme, text_pixels
from app.window.widgets import DOTS, Part, Reading, dress, emphasise, fill, painting, plain_label, space, style_text

LINE = 17  # pixels at scale 1
NO_MICROPHONE = "No microphone was found."


Invitation = tuple[str, str, bool]


def sentence(state: EngineState, source_name: str, hears_microphone: bool) -> str:
    """What to say: the session's own words, or what the phase means."""
    source = f"“{source_name}”" if source_name else "the source"
    if state.message and state.phase == "failed" and not hears_microphone:
        return f"{source}: {state.message.rstrip('.')}."  # what is wrong with a file does not name it
    if state.message:
        return state.message
    if state.not_live == "paused":
        return f"{source} is paused."
    if state.not_live == "zeros":
        return f"{source} plays only zeros: there is no sound in this part of it."
    return {
        "idle": "Nothing is heard or kept until you choose a source.",
        "starting": f"Opening {source}{DOTS}",
        "running": f"Listening to {source}." if hears_microphone else f"Playing {source}.",
        "ended": f"{source} has ended.",
        "failed": f"{source} could not be heard; choose another source.",
        "stopped": "Stopped.",
    }[state.phase]


class StatusLine(Part):
    """Shows the state of the run, quiet as long as all is well, on a coloured ground when something is wrong."""

    def __init__(self, parent: QWidget, theme: Theme) -> None:
        super().__init__(parent, theme)
        self._ground: Role | None = None
        self.words = Reading(self, theme, "muted", 14).named("status", "Status", "")

    def show_state(self, state: EngineState, source_name: str, hears_microphone: bool) -> None:
        """Say where the run is; a message while it runs is a warning (but silence may be meant), one at its
        failure a problem.
        """
        ground: Role | None = None
        if state.phase == "failed":
            ground = "problem"
        elif state.phase == "running" and state.message and state.source != "silent":
            ground = "warning"
        text = sentence(state, source_name, hears_microphone)
        is_new = text != self.words.text()
        self.words.show_text(text, ground or "muted")
        if is_new:
            self.arrange()
        if ground != self._ground:
            self._ground = ground
            self.update()

    @property
    def is_urgent(self) -> bool:
        """Whether something is wrong."""
        return self._ground is not None

    def arrange(self) -> None:
        margin = self.px(18)
        place = self.rect().adjusted(margin, 0, -margin, 0)
        self.words.place(self.scale, place)
        if self.words.is_cut:  # a presentation has larger letters than two lines have room for
            self.words.place(min(self.scale, self.height() / (2 * LINE)), place)

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802
        if self._ground is not None:
            with painting(self) as painter:
                fill(painter, self.theme.colour(self._ground, 0.16), QRectF(self.rect()), 8 * self.scale)


def invitation_for(
    state: EngineState, said: str, devices: DeviceList | None, heard_anything: bool
) -> Invitation | None:
    """Title and sentence for the middle, `said` after a failure, and whether listening is offered beside a file; None
    when the panels have something to show, or soon.
    """
    if heard_anything or state.phase in ("starting", "running"):
        return None
    has_microphone = devices is not None and bool(devices.choices)
    if state.phase == "failed":
        return "That did not work", said, has_microphone
    if devices is None:
        return "What is playing?", "Looking for microphones; a file can be opened at once.", False
    if not has_microphone:
        problem = devices.problem or f"{NO_MICROPHONE} Plug one in and press F5, or open a file."
        return "No microphone", problem, False
    said = "Listen to the room, or open a file. The answer comes with the first sound and grows surer."
    return "What is playing?", said, True


class InvitationCard(Part):
    """Covers the panels with a veil and a card; its buttons are the window's to connect."""

    def __init__(self, parent: QWidget, theme: Theme) -> None:
        super().__init__(parent, theme)
        self._shown: Invitation | None = None
        self._card = QWidget(self)
        self.title = plain_label(self._card, "invitation_title", centred=True)
        self.sentence = plain_label(self._card, "invitation_sentence", centred=True)
        self.listen, self.open, self.demo = (
            dress(QPushButton(self._card), f"invitation_{name}", text, tip)
            for name, text, tip in (
                ("listen", "Listen", "Hear the chosen microphone"),
                ("open", f"Open a file{DOTS}", "Play an audio file; or drop one here"),
                ("demo", "Play the demo", "Music that this program makes itself"),
            )
        )
        self._column = QVBoxLayout(self._card)
        self._buttons = QHBoxLayout()
        self._buttons.addStretch(1)
        for button in (self.listen, self.open, self.demo):
            self._buttons.addWidget(button)
        self._buttons.addStretch(1)
        self._column.addWidget(self.title)
        self._column.addWidget(self.sentence)
        self._column.addLayout(self._buttons)
        self.hide()

    def invite(self, invitation: Invitation | None) -> None:
        """Show this, or nothing."""
        if invitation == self._shown:
            return
        self._shown = invitation
        if invitation is not None:
            title, sentence, offers_microphone = invitation
            self.title.setText(title)
            self.sentence.setText(sentence)
            self.listen.setVisible(offers_microphone)
            emphasise(self.listen, True)
            emphasise(self.open, not offers_microphone)
            self._centre()
        self.setVisible(invitation is not None)

    def arrange(self) -> None:
        palette = self.theme.palette
        style_text(self.title, palette.text, text_pixels(30, self.scale), 700)
        style_text(self.sentence, palette.muted, text_pixels(17, self.scale))
        space(self._column, self.px(34), self.px(18))
        self._buttons.setSpacing(self.px(12))
        self._centre()

    def _centre(self) -> None:
        width = min(self.px(560), self.width() - 20)
        height = self._column.totalHeightForWidth(width)
        self._card.setGeometry((self.width() - width) // 2, (self.height() - height) // 2, width, height)
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802
        with painting(self) as painter:
            painter.fillRect(self.rect(), self.theme.colour("background", 0.72))
            painter.setPen(QPen(self.theme.colour("line"), max(1.0, self.scale)))
            fill(painter, self.theme.colour("panel"), QRectF(self._card.geometry()), 16 * self.scale)
