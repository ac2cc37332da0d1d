"""What light or visuals software does with the answers of Nystream, on one screen.

pip install python-osc
python3 docs/examples/osc_receiver.py [PORT]        # beside: nystream --osc 127.0.0.1:9000
"""

from __future__ import annotations

import sys

from pythonosc.dispatcher import Dispatcher
from pythonosc.osc_server import BlockingOSCUDPServer

HUES = {"blues": 220, "classical": 50, "country": 30, "disco": 280, "hiphop": 15}  # degrees; and so on


def make_server(port: int) -> BlockingOSCUDPServer:
    """Every frame comes as one bundle, 12.9 times a second."""
    present = {"genre": "", "level": -120.0}

    def take(address: str, value: object) -> None:
        present[address.removeprefix("/nystream/")] = value
        if address == "/nystream/level" and present.get("verdict") == "genre":
            brightness = max(0.0, 1.0 + present["level"] / 60.0)
            hue = HUES.get(present["genre"], 0)
            print(f"{present['genre']:10} hue {hue:3} brightness {brightness:.2f}", flush=True)
        elif address == "/nystream/live" and not value:
            print("nothing is live: lights down", flush=True)

    dispatcher = Dispatcher()
    for name in ("live", "genre", "verdict", "level"):
        dispatcher.map(f"/nystream/{name}", take)
    return BlockingOSCUDPServer(("127.0.0.1", port), dispatcher)


if __name__ == "__main__":
    make_server(int(sys.argv[1]) if len(sys.argv) > 1 else 9000).serve_forever()
