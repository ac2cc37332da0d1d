"""What stands in which menu, and with which keys."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from app.window.menus import DOTS, Entry
from app.window.theme import THEME_CHOICES, ThemeChoice

if TYPE_CHECKING:
    from app.window.main import MainWindow


def fill_menus(window: MainWindow) -> None:
    """Give the window its menus."""
    menus, exports = window.menus, window.exports
    file = menus.add(
        "&File",
        Entry("open", f"&Open file{DOTS}", window.choose_file, "Ctrl+O", "Play a sound file through the live view"),
    )
    for entry in (
        Entry("classify_files", f"Classify &files{DOTS}", window.choose_files, "Ctrl+Shift+O"),
        Entry("classify_folder", f"Classify a f&older{DOTS}", window.choose_folder, "Ctrl+Shift+F"),
    ):
        file.addAction(menus.entry(entry))
    menus.add_below(
        file,
        "&Export session",
        Entry("export_csv", f"Answers as &CSV{DOTS}", exports.answers_as_csv, "Ctrl+E", "One row a frame"),
        Entry("export_jsonl", f"Answers as &JSON Lines{DOTS}", exports.answers_as_json_lines),
        Entry("export_png", f"&Picture of the window{DOTS}", exports.picture, "Ctrl+Shift+S"),
        Entry("export_wav", f"Recorded &sound{DOTS}", exports.sound, tip="What Record the last minutes has kept"),
    )
    file.addSeparator()
    file.addAction(menus.entry(Entry("quit", "&Quit", window.close, "Ctrl+Q")))
    view = menus.add(
        "&View",
        Entry("live", "&Live", lambda _on: window.show_page(0), "Ctrl+1", group="page"),
        Entry("files", "&Files", lambda _on: window.show_page(1), "Ctrl+2", group="page"),
        None,
    )
    menus.add_below(
        view,
        "&Theme",
        *(
            Entry(f"theme_{choice}", choice.capitalize(), partial(_choose_theme, window, choice), group="theme")
            for choice in THEME_CHOICES
        ),
    )
    for entry in (
        Entry("larger", "L&arger type", window.set_larger_type, "Ctrl+Shift+L", "For a projector", is_switch=True),
        Entry("full_screen", "&Full screen", window.set_full_screen, "F11", is_switch=True),
    ):
        view.addAction(menus.entry(entry))
    menus.add(
        "&Source",
        Entry("listen", "&Listen", window.listen_to_chosen, "Ctrl+L", "Hear the chosen microphone"),
        Entry("demo", "Play the &demo", window.demo, "Ctrl+D", "Music that this program makes itself, with captions"),
        Entry("stop", "&Stop", window.stop, "Ctrl+."),
        Entry("refresh", "Look for &microphones again", window.refresh, "F5"),
        None,
        Entry("aloud", "Play files and the demo &aloud", window.set_aloud, is_switch=True),
        Entry(
            "record",
            "&Record the last minutes",
            window.set_recording,
            "Ctrl+R",
            "Off by default: keeps the last five minutes of sound in memory, until it is switched off or exported",
            is_switch=True,
        ),
    )
    menus.add(
        "&Help",
        Entry("tour", "&Tour with captions", window.start_tour, "Ctrl+T"),
        Entry("keys", "&Keyboard shortcuts", window.help.show_keys, "F1"),
        None,
        Entry(
            "diagnostics",
            "&Copy diagnostics",
            window.help.copy_diagnostics,
            tip="To send to whoever helps",
        ),
        Entry("log", "Show the &log file", window.help.show_log),
        Entry("about", "&About Nystream", window.help.show_about),
    )


def _choose_theme(window: MainWindow, choice: ThemeChoice, _on: bool) -> None:
    window.choose_theme(choice)
