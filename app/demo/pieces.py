"""The set: five short pieces, as unlike one another as possible. Their names say how they are made, not what they are.

Nobody has told the model about them, and what it says of them is its own affair.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.demo import instruments as play
from app.demo.instruments import Score


@dataclass(frozen=True, slots=True)
class Piece:
    """make() -> (n,) float32 at instruments.SAMPLE_RATE, the same at every call."""

    name: str
    make: Callable[[], NDArray[np.float32]]


def shuffle() -> NDArray[np.float32]:
    """Twelve-bar harmony cut to eight bars, triplet feel, a walking bass and a guitar that answers."""
    random, score = np.random.default_rng(1), Score(32, 116)
    late = 2 / 3  # the second half of a beat comes late
    roots = (40, 40, 45, 40, 47, 45, 40, 47)  # E E A E B A E B
    phrase = ((0, 64), (late, 67), (1, 69), (1 + late, 70), (2, 71), (2 + late, 69), (3, 67), (3 + late, 64))
    for bar, root in enumerate(roots):
        first = 4 * bar
        for beat in range(4):
            at = first + beat
            score.lay(at, play.bass(root - 12 + (0, 4, 7, 9)[beat], 0.45), 0.9)
            for half, step in ((0.0, 7), (late, 9 if beat % 2 else 7)):
                for note in (root, root + step):
                    score.lay(at + half, play.pluck(note, 0.22, 0.85), 0.28)
            score.lay(at, play.hat(random, 0.05), 0.16)
            score.lay(at + late, play.hat(random, 0.035), 0.1)
            score.lay(at, play.snare(random) if beat % 2 else play.kick(random), 0.55)
        if bar % 2:  # the answer, in the pentatonic scale of E
            for position, (moment, note) in enumerate(phrase):
                if random.random() < 0.8 or position == 0:
                    score.lay(first + moment, play.pluck(note, 0.6, 1.0), 0.6)
    return score.finish(random, room_seconds=0.5, wet=0.2)


def four_on_the_floor() -> NDArray[np.float32]:
    """A bass drum on every beat, open hi-hats between, a bass in octaves and a string section."""
    random, score = np.random.default_rng(2), Score(32, 120)
    chords = ((45, (57, 60, 64)), (41, (57, 60, 65)), (48, (55, 60, 64)), (43, (55, 59, 62)))  # Am F C G
    for bar in range(8):
        root, chord = chords[bar % 4]
        first = 4 * bar
        for beat in range(4):
            at = first + beat
            score.lay(at, play.kick(random), 1.0)
            score.lay(at + 0.5, play.hat(random, 0.16), 0.3)
            for quarter in (0.0, 0.25, 0.75):
                score.lay(at + quarter, play.hat(random, 0.03), 0.12)
            if beat % 2:
                score.lay(at, play.clap(random), 0.4)
            for half, octave in ((0.0, -12), (0.5, 0)):
                score.lay(at + half, play.bass(root + octave, 0.22), 0.8)
            for off in (0.5, 0.75):
                for note in chord:
                    score.lay(at + off, play.pluck(note + 12, 0.07, 1.0), 0.22)
        for note in chord:
            score.lay(first, play.bowed(note + 12, 4 * score.beat, attack=0.12), 0.22)
        score.lay(first + 3, play.bowed(chord[2] + 24, 0.5 * score.beat, 0.02), 0.22)
        score.lay(first + 3.5, play.bowed(chord[1] + 24, 0.5 * score.beat, 0.02), 0.22)
    return score.finish(random, room_seconds=0.6, wet=0.18)


def arpeggios() -> NDArray[np.float32]:
    """Broken chords on bowed strings over a slow bass, in a large room."""
    random, score = np.random.default_rng(3), Score(24, 80, tail=2.0)
    chords = (
        (43, 50, 59, 62, 67),  # G
        (43, 52, 60, 64, 67),  # C over G
        (42, 50, 57, 62, 69),  # D over F sharp
        (43, 50, 59, 62, 67),  # G
        (40, 52, 59, 64, 67),  # E minor
        (45, 52, 60, 64, 69),  # A minor
        (38, 50, 57, 60, 66),  # D seventh
        (43, 50, 59, 62, 67),  # G
    )
    for bar, chord in enumerate(chords):
        first = 3 * bar
        score.lay(first, play.bowed(chord[0], 3 * score.beat + 0.2, attack=0.15), 0.5)
        for step in range(12):
            note = chord[(1, 2, 3, 4, 3, 2)[step % 6]]
            accent = 0.55 if step % 6 == 0 else 0.42
            score.lay(first + step / 4, play.bowed(note, 0.34, attack=0.03), accent)
        for note in chord[2:]:
            score.lay(first, play.bowed(note + 12, 3 * score.beat + 0.3, attack=0.6), 0.07)
    return score.finish(random, room_seconds=2.2, wet=0.45)


def riffs() -> NDArray[np.float32]:
    """Muted galloping strings and held fifths, distorted, over two bass drums."""
    random, score = np.random.default_rng(4), Score(40, 156)
    gallop = (0.0, 0.5, 0.75)
    ends = ((43, 2), (41, 2), (43, 2), (46, 1), (45, 1))
    for bar in range(10):
        first = 4 * bar
        for beat in range(2 if bar % 2 else 4):
            for at in gallop:
                score.lay(first + beat + at, play.distorted((40, 47), 0.16, True), 0.5)
        if bar % 2:
            root, _ = ends[bar // 2]
            score.lay(first + 2, play.distorted((root, root + 7, root + 12), 1.0 * score.beat, False), 0.5)
            score.lay(first + 3, play.distorted((root - 1, root + 6, root + 11), 1.0 * score.beat, False), 0.5)
        for sixteenth in range(16):
            if sixteenth % 4 != 2 or bar % 2:
                score.lay(first + sixteenth / 4, play.kick(random, 0.6), 0.45)
        for beat in range(4):
            score.lay(first + beat, play.hat(random, 0.12), 0.25)
            if beat % 2:
                score.lay(first + beat, play.snare(random), 1.0)
            score.lay(first + beat, play.bass(28, score.beat), 0.5)
        if bar % 4 == 0:
            score.lay(first, play.cymbal(random), 0.4)
    return score.finish(random, room_seconds=0.4, wet=0.12)


def off_beats() -> NDArray[np.float32]:
    """Short chords between the beats, a bass with holes in it, and the drum on the third beat alone."""
    random, score = np.random.default_rng(5), Score(20, 74, tail=1.2)
    chords = ((45, (57, 60, 64)), (50, (57, 62, 65)), (45, (57, 60, 64)), (43, (55, 59, 62)), (45, (57, 60, 64)))
    line = ((0.0, 0, 0.6), (0.75, 0, 0.25), (1.5, 7, 0.4), (2.0, 3, 0.6), (3.0, 5, 0.4), (3.5, 7, 0.4))
    for bar, (root, chord) in enumerate(chords):
        first = 4 * bar
        for at, step, length in line:
            score.lay(first + at, play.bass(root - 12 + step, length * score.beat + 0.1), 1.1)
        for beat in range(4):
            off = first + beat + 0.5
            for note in chord:
                score.lay(off, play.pluck(note + 12, 0.11, 0.9), 0.4)
                score.lay(off, play.organ(note, 0.13), 0.16)
                score.lay(off + 0.25, play.organ(note, 0.08), 0.08)
            for half in (0.0, 0.5):
                score.lay(first + beat + half, play.hat(random, 0.04), 0.14)
        score.lay(first + 2, play.kick(random), 1.0)
        score.lay(first + 2, play.rim(random), 0.5)
        score.lay(first + 3.75, play.rim(random), 0.2)
    return score.finish(random, room_seconds=1.1, wet=0.28)


PIECES = (
    Piece("Shuffle", shuffle),
    Piece("Four on the floor", four_on_the_floor),
    Piece("Arpeggios", arpeggios),
    Piece("Riffs", riffs),
    Piece("Off-beats", off_beats),
)
