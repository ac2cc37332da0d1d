"""Answers by OSC: what a receiver gets, how often, and that no network and no name delays a frame."""

from __future__ import annotations

import math
import runpy
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from pythonosc.osc_bundle import OscBundle

from app.live import osc as osc_module
from app.live.model_choice import ModelChooser
from app.live.osc import OscSender, OscTarget, pack
from app.live.session import LiveSession
from app.stream.models import torch_model
from app.stream.weights import default_weights
from model import load_classifier
from tests.app.made_music import made_music

GENRES = ("blues", "hip hop", "café/bar")
ANSWER = np.array([0.2, 0.7, 0.1])
SECONDS = 30.0  # only a fault takes so long
EXAMPLE = Path(__file__).resolve().parents[3] / "docs" / "examples" / "osc_receiver.py"
SERVER = """
from pythonosc.dispatcher import Dispatcher
from pythonosc.osc_server import BlockingOSCUDPServer
dispatcher = Dispatcher()
dispatcher.set_default_handler(lambda address, *values: print(address, *values, flush=True))
server = BlockingOSCUDPServer(("127.0.0.1", 0), dispatcher)
print(server.server_address[1], flush=True)
server.serve_forever()
"""


@pytest.fixture
def receiver() -> Iterator[socket.socket]:
    """Takes datagrams on a port of its own of this machine."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        taken.settimeout(SECONDS)
        yield taken


def sender(port: int, rate: float | None = None, host: str = "127.0.0.1") -> OscSender:
    return OscSender(OscTarget.parse(f"{host}:{port}", rate), GENRES)


def port_of(receiver: socket.socket) -> int:
    return int(receiver.getsockname()[1])


def received(datagram: bytes) -> dict[str, Any]:
    return {message.address: message.params[0] for message in OscBundle(datagram)}


def until(condition: Callable[[], object], meanwhile: Callable[[], object] = lambda: None) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline
        meanwhile()
        time.sleep(0.005)


def test_a_real_server_gets_every_address_of_a_frame() -> None:
    server = subprocess.Popen([sys.executable, "-c", SERVER], stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        sending = sender(int(server.stdout.readline()))
        sending.push(ANSWER, True, -math.inf)
        lines = [server.stdout.readline().strip() for _ in range(10)]
        sending.close()
        lines.append(server.stdout.readline().strip())
    finally:
        server.kill()
        server.communicate()
    assert lines[:2] == ["/nystream/live 1", "/nystream/genre hip hop"]
    values = dict(line.rsplit(" ", 1) for line in lines[2:10])
    assert float(values.pop("/nystream/probability")) == pytest.approx(0.7)
    assert float(values.pop("/nystream/margin")) == pytest.approx(0.5)
    assert float(values.pop("/nystream/level")) == -120.0
    assert (values.pop("/nystream/unsure"), values.pop("/nystream/verdict")) == ("1", "listening")
    assert list(values) == ["/nystream/genres/blues", "/nystream/genres/hip%20hop", "/nystream/genres/caf%C3%A9%2Fbar"]
    assert [float(value) for value in values.values()] == pytest.approx(ANSWER)
    assert lines[10] == "/nystream/live 0"


def test_the_example_of_a_receiver_follows_the_genre(capsys: pytest.CaptureFixture[str]) -> None:
    server = runpy.run_path(str(EXAMPLE))["make_server"](0)
    said: list[str] = []

    def receive() -> None:  # what is sent of the first 2 s, if anything, names no genre yet
        sending.push(ANSWER, False, -30.0)
        server.handle_request()
        said.extend(capsys.readouterr().out.splitlines())

    with server:
        sending = sender(server.server_address[1])
        for _ in range(27):  # 2 s of sound
            sending.push(ANSWER, False, -30.0)
        until(lambda: said, receive)
        sending.close()
        until(lambda: "lights down" in said[-1], receive)
    assert list(dict.fromkeys(said)) == ["hip hop    hue   0 brightness 0.50", "nothing is live: lights down"]


def test_a_receiver_hears_that_frames_have_stopped(receiver: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(osc_module, "STALE_SECONDS", 0.05)
    sending = sender(port_of(receiver))
    for _ in range(2):
        sending.push(ANSWER, False, -20.0)
        assert received(receiver.recv(4096))["/nystream/live"] == 1
        assert received(receiver.recv(4096)) == {"/nystream/live": 0}
    sending.close()


def test_the_newest_answer_goes_out_no_more_often_than_the_limit(receiver: socket.socket) -> None:
    sending = sender(port_of(receiver), rate=10.0)
    began, pushed = time.monotonic(), 0
    while time.monotonic() - began < 0.5:
        pushed += 1
        sending.push(np.array([0.5, 0.5, pushed / 1e4]), False, -20.0)
        time.sleep(0.005)
    until(lambda: not sending._fresh.is_set())
    took = time.monotonic() - began
    sending.close()
    receiver.settimeout(0.0)
    arrived = []
    with suppress(BlockingIOError):
        while True:
            arrived.append(received(receiver.recv(4096)))
    values = [answer["/nystream/genres/caf%C3%A9%2Fbar"] for answer in arrived[:-1]]
    assert 2 <= len(values) <= 10 * took + 1
    assert values == sorted(values)
    assert values[-1] == pytest.approx(pushed / 1e4)
    assert arrived[-1] == {"/nystream/live": 0}


def test_a_name_that_takes_for_ever_to_be_looked_up_delays_no_frame(
    receiver: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, asked, look_up = threading.Event(), [], socket.getaddrinfo

    def slow(host: str, *more: Any, **options: Any) -> Any:
        asked.append(threading.current_thread().name)
        found.wait(SECONDS)
        return look_up("127.0.0.1", *more, **options)

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    sending = sender(port_of(receiver), host="lights.example")
    for number in range(200):
        sending.push(np.array([number / 200, 0.0, 0.1]), False, -20.0)
    assert not found.is_set()  # all of them went by meanwhile
    found.set()
    assert received(receiver.recv(4096))["/nystream/genres/blues"] == pytest.approx(199 / 200)
    sending.push(ANSWER, False, -20.0)
    assert received(receiver.recv(4096))["/nystream/genre"] == "hip hop"
    sending.close()
    assert asked == ["osc"]  # once, and not in the thread that hears


def test_a_name_that_is_not_known_is_said_and_looked_for_again(
    receiver: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_up, known = socket.getaddrinfo, threading.Event()

    def unknown(host: str, *more: Any, **options: Any) -> Any:
        if not known.is_set():
            raise socket.gaierror(-2, "Name or service not known")
        return look_up("127.0.0.1", *more, **options)

    monkeypatch.setattr(osc_module, "RETRY_SECONDS", 0.02)
    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    sending = sender(port_of(receiver), host="lights.example")
    until(lambda: sending.status)
    assert sending.status.startswith("OSC: lights.example:")
    assert "cannot be reached (Name or service not known)" in sending.status
    sending.push(ANSWER, False, -20.0)
    known.set()
    assert received(receiver.recv(4096))["/nystream/genre"] == "hip hop"
    until(lambda: not sending.status)
    sending.close()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not say it")
def test_nobody_who_listens_is_said_until_somebody_does() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = port_of(taken)
    sending = sender(port, rate=1000.0)
    push = partial(sending.push, ANSWER, False, -20.0)
    until(lambda: sending.status, meanwhile=push)
    assert sending.status == f"OSC: nobody listens at 127.0.0.1:{port}: start the receiving program"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", port))
        until(lambda: not sending.status, meanwhile=push)
    sending.close()


@pytest.mark.parametrize(
    "text", ["", "9000", ":9000", "localhost", "localhost:", "host:0", "host:65536", "a b:1", "udp://host:1", "::1:9"]
)
def test_what_is_no_address_is_a_sentence(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no address for OSC: write HOST:PORT, like 127\.0\.0\.1:9000$"):
        OscTarget.parse(text)


@pytest.mark.parametrize("rate", [0.0, -1.0, math.nan, math.inf])
def test_a_rate_that_cannot_be_is_a_sentence(rate: float) -> None:
    with pytest.raises(ValueError, match=r"times a second: give 0\.1 to 1000"):
        OscTarget.parse("localhost:9000", rate)


def test_an_address_is_written_as_it_is_read() -> None:
    for text in ("lights.local:9000", "[::1]:9000"):
        assert str(OscTarget.parse(f" {text} ")) == text
    assert OscTarget.parse("[::1]:9000").host == "::1"


def test_without_the_package_a_sentence_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pythonosc", None)
    with pytest.raises(ValueError, match=r"pip install 'nystream\[osc\]'"):
        OscTarget.parse("localhost:9000")


def test_a_session_sends_what_it_answers(receiver: socket.socket, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "song.wav", made_music(seconds=3.0), 22_050)
    session = LiveSession(ModelChooser(torch_model(load_classifier(default_weights()))), speed=math.inf)
    target = OscTarget.parse(f"127.0.0.1:{port_of(receiver)}", 1000.0)
    sending = session.osc = OscSender(target, session.genres)
    session.play(tmp_path / "song.wav")
    until(lambda: session.state.phase == "ended" and not sending._fresh.is_set())
    assert session.close()
    (*_, last), arrived = session.drain(), [received(receiver.recv(4096))]
    while arrived[-1]["/nystream/live"]:
        arrived.append(received(receiver.recv(4096)))
    said = arrived[-2]
    assert said["/nystream/genre"] == session.genres[last.smoothed.argmax()]
    assert [said[f"/nystream/genres/{genre}"] for genre in session.genres] == pytest.approx(last.smoothed, abs=1e-6)
    assert said["/nystream/level"] == pytest.approx(last.level_dbfs)
    assert said["/nystream/unsure"] == last.unsure


def test_fifty_genres_are_one_datagram() -> None:
    content = pack([(f"genres/a rather long name of a genre {number}", 0.02) for number in range(50)])
    assert len(list(OscBundle(content))) == 50
    assert len(content) < 9000
