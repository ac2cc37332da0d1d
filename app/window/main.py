"""The window: its pages, its menus, and one timer that drives what moves."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import QByteArray, QRect, QSize, QStandardPaths, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDragLeaveEvent, QDropEvent, QKeyEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QFileDialog, QMainWindow, QStackedWidget, QWidget

from app.live.osc import OscSender, OscTarget
from app.live.protocol import EngineState, Session
from app.stream.weights import default_weights
from app.window.dialogs import DropSign, Help, Toast, ask, ask_text
from app.window.exports import Exports
from app.window.files.page import FilesPage
from app.window.launch import THEMES, ThemeChoice
from app.window.live.page import LivePage
from app.window.live.whole import WholeFile
from app.window.menus import RECORDED, SENT, Menus, PageSwitch, Sign
from app.window.settings import Settings, SettingsFile
from app.window.style import style_sheet
from app.window.theme import DESIGN_HEIGHT, DESIGN_WIDTH, Theme, scale_for
from app.window.tour.tour import Tour
from app.window.words import clock
from audio import SUFFIXES

TICK_MILLISECONDS = 16
LONGEST_GLIDE = 0.1  # seconds; caps the animation after a stall
CLOSING_SECONDS = 0.5  # the session gets this long to stop before the window goes without it
AUDIO_FILES = " ".join(f"*{suffix}" for suffix in SUFFIXES)
RECORDING = "Recording: the last five minutes, in memory only."
NOT_RECORDING = "Recording is off. What was recorded is kept until you save it or begin a new session."
DROP_TO_PLAY, DROP_TO_CLASSIFY = "Drop to play", "Drop to classify"
OSC_QUESTION = "Genre, probabilities and level of every frame go to HOST:PORT:"
UNSAVED = "{} of recorded sound are not saved, and would be lost."
FRAME_HEIGHT = 40  # pixels, of a title bar
LEAVE_FULL_SCREEN = "F11 or Esc leaves full screen."


class MainWindow(QMainWindow):
    """Everything that is shown comes from the session, and every wish goes to it.

    kept: where settings are read from and written to; None keeps none. weights: of the model that answers.
    """

    told = Signal(str)  # a sentence for the user, from any thread

    def __init__(
        self,
        session: Session,
        theme: Theme | None = None,
        kept: SettingsFile | None = None,
        weights: Path | None = None,
    ) -> None:
        super().__init__()
        self._session = session
        self.ends_unasked = False  # as by a signal, which nobody waits to answer for
        self._scale = 0.0
        self._folder = ""  # where something was opened last
        self._osc_address, self._osc_status = "", ""
        self._following: tuple[Path, ...] = ()  # files that are played after the present one
        self._ticked = time.monotonic()
        self.theme = Theme() if theme is None else theme
        self.theme.changed.connect(self._restyle)
        self.setWindowTitle("Nystream")
        self.setAcceptDrops(True)
        self._weights = default_weights() if weights is None else weights
        self._build(self._weights)
        self._kept = kept
        self.setMinimumSize(900, 600)
        self.resize(DESIGN_WIDTH, DESIGN_HEIGHT)
        self._recall()
        session.refresh_devices()
        self.timer = QTimer(self)
        self.timer.setTimerType(Qt.TimerType.PreciseTimer)
        self.timer.timeout.connect(self.tick)
        self.timer.start(TICK_MILLISECONDS)

    def _build(self, weights: Path) -> None:
        session = self._session
        self.pages = QStackedWidget(self)
        self.setCentralWidget(self.pages)
        self.live = LivePage(self.pages, session, self.theme)
        self.pages.addWidget(self.live)
        if weights != default_weights():
            self.live.now.forget_figures()
        self.toast = Toast(self.pages, self.theme)
        self.told.connect(self.toast.say)
        self.drop_sign = DropSign(self.pages, self.theme, "drop")
        self.files = FilesPage(self.pages, self.theme, session.genres, weights, self.toast.say)
        self.pages.addWidget(self.files)
        self.files.play_wished.connect(lambda path: self.play(Path(path)))
        self.exports = Exports(self, self.live.past.log, session.recorder, self.toast.say)
        self.help = Help(self, session, weights, lambda: self.menus.shortcuts(), self.toast.say)
        self.whole = WholeFile(self, session.genres, self._chosen_weights)
        self.tour = Tour(self.live, self.theme, self.live.parts, session.models)
        self.menus = Menus(self, self._acts())
        self.switch = PageSwitch(self.menus.bar)
        self.switch.chosen.connect(self.show_page)
        self.recording = Sign(self, self.switch, "recording", RECORDED)
        self.osc = Sign(self, self.switch, "osc", SENT)
        self.live.source_bar.listen.clicked.connect(self.listen_or_stop)
        self.live.source_bar.picker.activated.connect(self._change_microphone)
        for offered in (self.live.source_bar, self.live.invitation):
            offered.open.clicked.connect(self.choose_file)
            offered.demo.clicked.connect(self.demo)

    def _acts(self) -> dict[str, Callable[..., object]]:
        """What each entry of the menus does."""
        return {
            "new": self.begin_anew,
            "open": self.choose_file,
            "classify_files": partial(self._on_page, 1, self.files.choose_files),
            "classify_folder": partial(self._on_page, 1, self.files.choose_folder),
            "export_csv": self.exports.answers_as_csv,
            "export_jsonl": self.exports.answers_as_json_lines,
            "export_png": self.exports.picture,
            "export_wav": self.exports.sound,
            "quit": self.close,
            "live": lambda: self.show_page(0),
            "files": lambda: self.show_page(1),
            **{f"theme_{choice}": partial(self.choose_theme, choice) for choice in THEMES},
            "details": self.live.toggle_details,
            "longer": partial(self.live.controls.change_length, 1),
            "shorter": partial(self.live.controls.change_length, -1),
            "full_screen": self.set_full_screen,
            "listen": partial(self._on_page, 0, self.listen_or_stop),
            "next_microphone": self.next_microphone,
            "demo": self.demo,
            "refresh": self._session.refresh_devices,
            "aloud": self.set_aloud,
            "record": self.set_recording,
            "osc": self.choose_osc,
            "tour": self.start_tour,
            "keys": self.help.show_keys,
            "diagnostics": self.help.copy_diagnostics,
            "log": self.help.show_log,
            "about": self.help.show_about,
        }

    def _on_page(self, number: int, act: Callable[[], object]) -> None:
        self.show_page(number)
        act()

    def listen_or_stop(self) -> None:
        """End what runs, or hear the chosen microphone."""
        if self._session.state.runs:
            self._following = ()
            self._session.stop()
        elif self.live.source_bar.picker.has_microphone:
            self.listen(self.live.source_bar.picker.key())

    def _change_microphone(self) -> None:
        """Who listens and chooses another microphone means to hear that one."""
        if self._session.state.runs and self._session.hears_microphone:
            self.listen(self.live.source_bar.picker.key())

    def begin_anew(self) -> None:
        """Clear history and recording; asks before one that is not saved is lost."""
        if self.may_forget_recording("Begin a new session?"):
            self.tour.end()
            self._following = ()
            self.whole.begin(None)
            self._session.begin_anew()
            self.live.reset()
            self.show_page(0)

    def may_forget_recording(self, question: str) -> bool:
        """Whether there is nothing to lose, or it was saved just now, or the user does not want it."""
        recorder = self._session.recorder
        if recorder.is_saved:
            return True
        wish = ask(self, question, UNSAVED.format(clock(recorder.seconds)), ("Save", "Do not save", "Cancel"))
        return wish == "Do not save" or (wish == "Save" and self.exports.sound())

    def listen(self, device_key: str) -> None:
        """Hear a microphone."""
        self._begin(partial(self._session.listen, device_key))

    def play(self, path: Path, *following: Path) -> None:
        """Play a file, and these after it, one after the other, until something else is chosen."""
        self._begin(partial(self._session.play, path), path)
        self._following = following

    def play_pipe(self) -> None:
        """Play what standard input gives."""
        self._begin(self._session.play_pipe)

    def _play_on(self, state: EngineState) -> None:
        """What follows, once a file is over or cannot be played."""
        if self._following and state.phase in ("ended", "failed"):
            failed = f"{self._session.source_name}: {state.message} " if state.phase == "failed" else ""
            self.toast.say(f"{failed}Now: {self._following[0].name}")  # a presentation names no source
            self.play(*self._following)

    def next_microphone(self) -> None:
        """Hear the one after that which is chosen, in the order of the list."""
        self.show_page(0)
        picker = self.live.source_bar.picker
        if picker.has_microphone:
            picker.setCurrentIndex((picker.currentIndex() + 1) % picker.count())
            self.listen(picker.key())
            self.toast.say(picker.currentText())

    def demo(self) -> None:
        """Play the program's own music, with captions."""
        self._begin(self._session.demo)
        self.tour.go()

    def _begin(self, run: Callable[[], None], path: Path | None = None) -> None:
        self.show_page(0)
        self._following = ()
        self.whole.begin(path)
        self.live.go_live()
        run()
        self.live.tick(0.0)

    def start_tour(self) -> None:
        """The captions over what plays; the demo when nothing does."""
        if self._session.state.phase in ("starting", "running"):
            self._on_page(0, self.tour.go)
        else:
            self.demo()

    def take(self, paths: Sequence[str]) -> None:
        """What was dropped: one file is played, several or a folder are classified."""
        if self._plays(paths):
            self.play(Path(paths[0]))
        else:
            self.show_page(1)
            self.files.add(paths)

    def _plays(self, paths: Sequence[str]) -> bool:
        return self.pages.currentIndex() == 0 and len(paths) == 1 and not Path(paths[0]).is_dir()

    def choose_file(self) -> None:
        """Ask for a file and play it."""
        kinds = f"Audio ({AUDIO_FILES});;All files (*)"
        chosen, _kind = QFileDialog.getOpenFileName(self, "Open an audio file", self._folder, kinds)
        if chosen:
            self._folder = str(Path(chosen).parent)
            self.play(Path(chosen))

    def show_page(self, number: int) -> None:
        """0 is the live page, 1 the files page."""
        self.pages.setCurrentIndex(number)
        (self.live, self.files)[number].setFocus()
        self.switch.show_page(number)
        self.menus.switch(("live", "files")[number], True)

    def choose_theme(self, choice: ThemeChoice) -> None:
        """Draw everything in this theme."""
        self.theme.choose(choice)
        self.menus.switch(f"theme_{choice}", True)

    def set_full_screen(self, on: bool) -> None:
        """The whole screen, without menus and for all to see; as before when it is left."""
        self.menus.switch("full_screen", on)
        self.menus.bar.setVisible(not on)
        if on:
            self.showFullScreen()
            self.toast.say(LEAVE_FULL_SCREEN)
        else:
            self.showNormal()
        self.live.show_mode("presentation" if on else "story")

    def set_aloud(self, on: bool) -> None:
        """Whether files and the demo are played by the speaker, from the next one on."""
        self._session.aloud = on
        self.menus.switch("aloud", on)

    def _chosen_weights(self) -> Path:
        return Path(self._session.models.description.choice.key or self._weights)

    def set_recording(self, on: bool) -> None:
        """Keep the last minutes of sound, or forget them."""
        self._session.recorder.switch(on)
        self.menus.switch("record", on)
        self.toast.say(RECORDING if on else NOT_RECORDING)

    def choose_osc(self, on: bool) -> None:
        """Send every answer to the address that is asked for, or nothing any more."""
        address = ask_text(self, "Send answers by OSC", OSC_QUESTION, self._osc_address) if on else None
        target = None
        try:
            target = None if address is None else OscTarget.parse(address)
        except ValueError as error:
            self.toast.say(str(error))
        self.send_osc(target)

    def send_osc(self, target: OscTarget | None) -> None:
        """Send every answer there from now on; None for nowhere."""
        before, self._session.osc = self._session.osc, None
        if before is not None:
            before.close()
        if target is not None:
            self._session.osc, self._osc_address = OscSender(target, self._session.genres), str(target)
        self.menus.switch("osc", target is not None)

    def tick(self) -> None:
        """Show what has happened since the last tick."""
        now = time.monotonic()
        seconds, self._ticked = min(now - self._ticked, LONGEST_GLIDE), now
        self._play_on(self._session.state)
        self.whole.watch(self._session.state)
        self.live.whole = self.whole.verdict
        self.live.tick(seconds)
        self.tour.tick(seconds)
        self.files.tick()
        recorder = self._session.recorder
        self.recording.show_sign(f"Recording {clock(recorder.seconds)}" if recorder.is_on else "", self._scale)
        self._show_osc()

    def _show_osc(self) -> None:
        sender = self._session.osc
        status = "" if sender is None else sender.status
        said = "" if sender is None else f"OSC {'does not reach' if status else 'to'} {sender.target}"
        self.osc.show_sign(said, self._scale, self.recording, bool(status))
        if status != self._osc_status:
            self._osc_status = status
            if status:
                self.toast.say(f"{status}.")

    def fit(self, area: QRect) -> None:
        """Lie within this part of the screen, with the frame that a desktop puts around the window."""
        area = area.adjusted(0, FRAME_HEIGHT, 0, 0)
        self.setMinimumSize(QSize(900, 600).boundedTo(area.size()))
        self.resize(self.size().boundedTo(area.size()))
        if not area.contains(self.geometry()):
            place = self.rect()
            place.moveCenter(area.center())
            self.setGeometry(place)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        super().showEvent(event)
        # No control is chosen before the user chooses one.
        (self.live, self.files)[self.pages.currentIndex()].setFocus()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        self._rescale()

    def _rescale(self) -> None:
        scale = scale_for(self.pages.width(), self.pages.height())
        if scale != self._scale:
            self._scale = scale
            for scaled in (self.tour, self.toast, self.files):
                scaled.place(scale, scaled.geometry())
            self._restyle()

    def _restyle(self) -> None:
        self.setStyleSheet(style_sheet(self.theme.palette, self._scale))
        for widget in self.findChildren(QWidget):
            widget.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        if event.key() == Qt.Key.Key_Escape and self.isFullScreen():
            self.set_full_screen(False)
        elif event.text() == "?":
            self.help.show_keys()
        else:
            super().keyPressEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802
        dragged = [url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()]
        if dragged:
            event.acceptProposedAction()
            self.drop_sign.offer(DROP_TO_PLAY if self._plays(dragged) else DROP_TO_CLASSIFY, self._scale)

    def dragLeaveEvent(self, _event: QDragLeaveEvent) -> None:  # noqa: N802
        self.drop_sign.hide()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802
        self.drop_sign.hide()
        files = [url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()]
        if files:
            event.acceptProposedAction()
            self.take(files)

    def _recall(self) -> None:
        """Be as when the window was closed."""
        settings = Settings() if self._kept is None else self._kept.load()
        places = QStandardPaths.StandardLocation
        folders = settings.folder, *map(QStandardPaths.writableLocation, (places.MusicLocation, places.HomeLocation))
        self._folder = self.exports.folder = self.files.folder = next(
            (folder for folder in folders if folder and Path(folder).is_dir()), ""
        )
        if settings.geometry:
            self.restoreGeometry(QByteArray(settings.geometry))
        self.choose_theme(self.theme.choice if self._kept is None else settings.theme)
        if self._kept is not None:
            self.set_aloud(settings.aloud)
        self._osc_address = settings.osc
        self.live.source_bar.picker.wish(settings.device)
        self.show_page(0)

    def recall_model(self) -> None:
        """Choose the model and the window that were chosen when the window was closed, if they still can be had."""
        settings = Settings() if self._kept is None else self._kept.load()
        models = self._session.models
        key = next((choice.key for choice in models.choices if choice.name == settings.model), None)
        if key is None or settings.window_seconds not in models.windows:
            return
        present = models.description
        if (key, settings.window_seconds) != (present.choice.key, self._nearest_window(present.window_seconds)):
            models.choose(key, settings.window_seconds)

    def _nearest_window(self, seconds: float) -> float:
        """A window of whole tokens is a little shorter than its name."""
        return min(self._session.models.windows, key=lambda offered: abs(offered - seconds))

    def _keep(self) -> None:
        """Remember how the window is."""
        if self._kept is None:
            return
        if self.isFullScreen():
            self.set_full_screen(False)
        picker, before, model = self.live.source_bar.picker, self._kept.load(), self._session.models.description
        is_shown_to = self.tour.is_running  # and may have been given another window
        self._kept.save(
            Settings(
                theme=self.theme.choice,
                device=picker.key() if picker.has_microphone else before.device,
                aloud=self._session.aloud,
                model=before.model if is_shown_to else model.choice.name,
                window_seconds=before.window_seconds if is_shown_to else self._nearest_window(model.window_seconds),
                osc=self._osc_address,
                folder=self._folder,
                geometry=bytes(self.saveGeometry().data()),
            )
        )

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802
        if not (self.ends_unasked or self.may_forget_recording("Quit?")):
            event.ignore()
            return
        self.timer.stop()
        self._keep()
        self.files.cancel()
        # A sound server that hangs must not keep the window open.
        stopping = threading.Thread(target=self._session.stop, name="closing", daemon=True)
        stopping.start()
        stopping.join(CLOSING_SECONDS)
        super().closeEvent(event)
