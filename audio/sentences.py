"""What a capture's state means for the user, in plain words: what is happening, and what to do about it."""

from __future__ import annotations

from audio.device import Condition
from audio.watchdog import SILENT_DBFS, CaptureState


def sentence(state: CaptureState, name: str, is_system_sound: bool, condition: Condition) -> str:
    """One sentence; empty when all is well."""
    if is_system_sound:
        who, zeros = f"The system's sound “{name}”", "This computer is playing nothing, or its sound is muted."
    else:
        who = f"The microphone “{name}”"
        zeros = (
            f"{who} sends only zeros: it is switched off or muted, or this program is not allowed to hear it; "
            "check its switch and the sound settings."
        )
    if state == "lost":
        return f"{who} is gone: connect it again, and listening goes on by itself."
    if state == "recovering":
        return f"{who} is back: listening goes on."
    if state == "stalled":
        if condition.suspended:
            return f"{who} sends nothing, for the sound server has suspended it: wake it up, and listening goes on."
        return f"{who} sends nothing: check that it is connected and not suspended; listening goes on by itself."
    if state == "zeros":
        return f"{who} is muted: unmute it in the sound settings." if condition.muted else zeros
    if condition.fed_by:
        return f"The sound server now gives “{condition.fed_by}” instead of “{name}”: choose again what to hear."
    if state == "silent":
        lowest = f"{SILENT_DBFS:.0f} dBFS".replace("-", "\N{MINUS SIGN}")
        return f"{who} hears nothing above {lowest}: turn the music up, or choose another one."
    return ""
