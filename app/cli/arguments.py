"""Everything that can be typed after `nystream`. Imports nothing heavy: `--help` must come at once."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from app import __version__
from app.stream.weights import default_weights
from app.text import one_line
from app.window.launch import THEMES

FORMATS = ("table", "csv", "json", "jsonl", "audacity", "cue", "raven", "jams")
SHELLS = ("bash", "zsh", "fish")
OPENED = "as if these were dropped on the window: a file is played, several or a folder are classified"
EXIT_CODES = "exit codes: 0 all done, 1 some files failed, 2 usage, 3 no model, 130 interrupted"

CLASSIFY_HELP = (
    "Prints one line per file: its path, its genre and the probability of it; or what --format says. Data goes to "
    "standard output, all else to standard error. A file that cannot be read is named there, the others are still "
    "done, and the exit code is 1."
)


# Options whose value may be left out: what a word must look like to be one, and what is meant without.
VALUES_LEFT_OUT = {"--chapters": (r"(\d+\.?\d*|\.\d+)(s|ms)?", "30s"), "--write-tags": ("dry|now", "dry")}


def fill_in(words: Sequence[str]) -> list[str]:
    """With those values: argparse would take the path that follows for one."""
    filled = list(words)
    last = filled.index("--") if "--" in filled else len(filled)
    for at, word in enumerate(filled[:last]):
        value, default = VALUES_LEFT_OUT.get(word, ("", ""))
        if default and not (at + 1 < last and re.fullmatch(value, filled[at + 1])):
            filled[at] = f"{word}={default}"
    return filled


class Parser(argparse.ArgumentParser):
    """What cannot be understood is quoted, and must not command the terminal."""

    def error(self, message: str) -> NoReturn:
        super().error(one_line(message))


def launcher() -> argparse.ArgumentParser:
    """Of `nystream-gui`, which launchers start: the window, and files anywhere among its options."""
    described = Parser(prog="nystream-gui", description="Opens the window, for launchers that have no terminal.")
    _add_window(described, opens=False)
    described.add_argument("open", nargs="*", type=Path, metavar="FILE", help=OPENED)
    described.set_defaults(command=None)
    return described


def parser() -> argparse.ArgumentParser:
    """The whole command line of `nystream`."""
    described = Parser(
        prog="nystream",
        description="Hears music and says what genre it is. Without a command it opens the window.",
        epilog=EXIT_CODES,
    )
    _add_window(described, opens=True)
    commands = described.add_subparsers(dest="command", metavar="COMMAND")
    demo = commands.add_parser(
        "demo",
        help="open the window on music that it makes itself, with captions",
        description="Needs no microphone, no file and no network. F11 is full screen, Esc ends it.",
    )
    _add_looks(demo, argparse.SUPPRESS)
    _add_osc(demo, argparse.SUPPRESS)
    _add_weights(demo)
    _add_classify(commands.add_parser("classify", help="say what genre files are", description=CLASSIFY_HELP))
    without_window = "say what genre the microphone hears, without a window"
    _add_listen(commands.add_parser("listen", help=without_window, description="Prints a line per hop until Ctrl-C."))
    devices = commands.add_parser("devices", help="list the microphones", description="Lists the input devices.")
    devices.add_argument("--json", action="store_true", help="one JSON object")
    info = commands.add_parser("info", help="the model card and all versions", description="What is installed here.")
    info.add_argument("--json", action="store_true", help="one JSON object")
    _add_weights(info)
    bench = commands.add_parser(
        "bench", help="what a frame costs on this machine", description="Times each part of a frame, in one thread."
    )
    bench.add_argument("--json", action="store_true", help="one JSON object")
    bench.add_argument("--frames", type=int, default=400, metavar="N", help="frames to be timed; default: 400")
    _add_weights(bench)
    times = "Times a step of every model that ships, in turns, in one thread, and names the quickest."
    listed = "which of the models that ship has the quickest step for a window"
    _add_models(commands.add_parser("models", help=listed, description=times))
    _add_models(commands.add_parser("rows", description=times))  # its old name, not listed
    desktop = commands.add_parser(
        "desktop",
        help="put the window into the desktop's menu",
        description="Puts a launcher and its icon into your own folders, or removes them. Menus show it then, and file "
        "managers offer it for sound files.",
    )
    desktop.add_argument("wish", choices=("install", "remove"))
    completion = commands.add_parser(
        "completion",
        help="shell completion",
        description='Prints a script for a shell, for example: eval "$(nystream completion bash)"',
    )
    completion.add_argument("shell", choices=SHELLS)
    return described


def _add_window(described: argparse.ArgumentParser, opens: bool) -> None:
    """Its options, with the one that opens files or without it."""
    described.add_argument("--version", action="version", version=f"nystream {__version__}")
    described.add_argument("--weights", type=Path, default=default_weights(), metavar="FILE", help="another model")
    begins = described.add_mutually_exclusive_group()
    at_once = "listen at once; without a name to the default microphone"
    begins.add_argument("--listen", nargs="?", const="", metavar="MICROPHONE", help=at_once)
    played = "play files at live pace at once, one after the other; - for what standard input gives"
    begins.add_argument("--play", "--file", nargs="+", type=Path, metavar="FILE", help=played)
    if opens:
        begins.add_argument("--open", nargs="*", type=Path, metavar="FILE", help=OPENED)
    begins.add_argument("--start", action="store_true", help="listen at once to --source, or to the default microphone")
    window = described.add_argument_group("window")
    window.add_argument("--source", metavar="MICROPHONE", help="choose this microphone: its key or a part of its name")
    _add_looks(window)
    _add_osc(window)


def _add_models(models: argparse.ArgumentParser) -> None:
    models.add_argument("--window-seconds", type=float, metavar="N", help="what the models remember; default: 30")
    models.add_argument("--json", action="store_true", help="one JSON object")


def _add_looks(to: argparse._ActionsContainer, default: str | None = None) -> None:
    """`default`: what stands for what was not said; a command must not undo what was said before its name."""
    to.add_argument("--theme", choices=THEMES, default=default, help="default: as last time, at first the system's")
    to.add_argument(
        "--window-seconds", type=float, default=default, metavar="N", help="what the model remembers; default: 30"
    )
    off = default or False
    fastest = "of the models that ship the one with the quickest step"
    to.add_argument("--fastest", action="store_true", default=off, help=fastest)
    to.add_argument("--fullscreen", action="store_true", default=off, help="the presentation, on the whole screen")
    to.add_argument("--silent", action="store_true", default=off, help="do not play files and the demo aloud")


def _add_osc(to: argparse._ActionsContainer, default: str | None = None) -> None:
    at_most = "how many times a second at most; default: 20, which is every frame"
    to.add_argument("--osc", default=default, metavar="HOST:PORT", help="send every frame's answer there by OSC")
    to.add_argument("--osc-rate", type=float, default=default, metavar="N", help=at_most)


def _add_classify(classify: argparse.ArgumentParser) -> None:
    classify.epilog = EXIT_CODES
    classify.add_argument(
        "paths",
        nargs="*",
        metavar="PATH",
        help="sound files, videos with sound, folders (with -r), patterns, - for standard input, @LIST for the paths "
        "in a text file",
    )
    classify.add_argument("-r", "--recursive", action="store_true", help="look for sound files in folders")
    classify.add_argument("--raw", metavar="TYPE,RATE,CHANNELS", help="standard input is raw: s16le,44100,2")
    _add_channel(classify)
    flagged = "of several soundtracks, hear this one, from 1 on; default: the one that is flagged so, else the first"
    classify.add_argument("--track", metavar="N", help=flagged)
    output = classify.add_argument_group("output")
    output.add_argument("--format", choices=FORMATS, default="table", help="default: table")
    output.add_argument(
        "-o",
        "--output",
        metavar="FILE|DIR|-",
        default="-",
        help="one file for all, or a folder (one that exists, or a name without a suffix) for one file per input",
    )
    output.add_argument("--overwrite", action="store_true", help="replace files that exist")
    output.add_argument("--errors", type=Path, metavar="FILE", help="write what failed as JSON")
    rows = output.add_mutually_exclusive_group()
    rows.add_argument("--timeline", action="store_true", help="table and csv: a row per hop, not per file")
    borders = "where the genre changes: chapters of at least TIME, by default 30s; a row for each in table and csv"
    rows.add_argument("--chapters", nargs="?", metavar="TIME", help=borders)
    output.add_argument("--hop", default="1s", metavar="TIME", help="between two entries of a timeline; default: 1s")
    output.add_argument("--smoothing", default="3s", metavar="TIME", help="over which an entry averages; default: 3s")
    output.add_argument("--top", type=int, default=1, metavar="N", help="table and csv: the N leading genres")
    among = output.add_mutually_exclusive_group()
    listed = "genres between commas, or the option once for each; the others count for nothing"
    among.add_argument("--only", action="append", metavar="GENRES", help=f"choose among these alone: {listed}")
    among.add_argument("--exclude", action="append", metavar="GENRES", help="choose among all but these")
    output.add_argument("--compare", action="store_true", help="also run the non-continual twin")
    _add_loudness(output)
    tags = classify.add_argument_group("tags")
    said = "say which files would get their genre as a tag, or write it: --write-tags=now"
    tags.add_argument("--write-tags", nargs="?", choices=("dry", "now"), metavar="now", help=said)
    tags.add_argument("--replace-genres", action="store_true", help="also where a file has a genre already")
    tags.add_argument("--keep-times", action="store_true", help="files that are tagged keep their times")
    undone = "note there what was written, by default nystream-tags.undo; without --write-tags take all in it back"
    tags.add_argument("--undo", type=Path, metavar="FILE", help=undone)
    batch = classify.add_argument_group("batches")
    where = batch.add_mutually_exclusive_group()
    where.add_argument("-j", "--jobs", type=int, default=1, metavar="N", help="processes; default: 1")
    where.add_argument("--dask", metavar="SCHEDULER", help="the address of a dask.distributed scheduler")
    arriving = "go on with what arrives in a folder, once it has stopped growing, until Ctrl-C"
    batch.add_argument("--watch", metavar="FOLDER", help=arriving)
    batch.add_argument("--settle", default="3s", metavar="TIME", help="that it must stay the same; default: 3s")
    batch.add_argument("--resume", action="store_true", help="skip what is done and unchanged; needs -o")
    _add_weights(classify)


def _add_listen(listen: argparse.ArgumentParser) -> None:
    listen.add_argument("--device", metavar="MICROPHONE", help="a part of its name; default: the default one")
    _add_channel(listen)
    listen.add_argument("--jsonl", action="store_true", help="one JSON object a line")
    listen.add_argument("--hop", default="1s", metavar="TIME", help="between two lines; default: 1s")
    listen.add_argument("--smoothing", default="3s", metavar="TIME", help="over which a line averages; default: 3s")
    listen.add_argument("--duration", metavar="TIME", help="stop after so long; default: at Ctrl-C")
    _add_osc(listen, argparse.SUPPRESS)
    _add_loudness(listen)
    _add_weights(listen)


def _add_channel(to: argparse.ArgumentParser) -> None:
    to.add_argument("--channel", default="mean", metavar="N", help="hear one channel, from 1 on; default: mean of all")


def _add_loudness(to: argparse._ActionsContainer) -> None:
    loudness = to.add_mutually_exclusive_group()
    loudness.add_argument("-q", "--quiet", action="store_true", help="errors only on standard error")
    loudness.add_argument("-v", "--verbose", action="store_true", help="say more on standard error")


def _add_weights(to: argparse.ArgumentParser) -> None:
    to.add_argument("--weights", type=Path, default=argparse.SUPPRESS, metavar="FILE", help="another model")
