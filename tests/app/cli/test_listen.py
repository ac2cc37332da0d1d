"""The microphone as lines, with no window."""

from __future__ import annotations

import json
import signal
import socket

from pythonosc.osc_bundle import OscBundle

from model import GTZAN_GENRES
from tests.app.cli.shell import SECONDS, Shell
from tests.app.made_music import made_music
from tests.virtual_microphone import SAMPLE_RATE, VirtualMicrophone


def test_the_microphone_is_a_line_per_hop_until_ctrl_c(shell: Shell, virtual_microphone: VirtualMicrophone) -> None:
    virtual_microphone.play(made_music(60.0, SAMPLE_RATE), SAMPLE_RATE)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(SECONDS)
        run = shell.start("nystream listen --jsonl --hop 0.5s --osc 127.0.0.1:{1}".format(*receiver.getsockname()))
        assert run.stdout is not None
        lines = [json.loads(run.stdout.readline()) for _ in range(4)]
        sent = {message.address: message.params[0] for message in OscBundle(receiver.recv(4096))}
        run.send_signal(signal.SIGINT)
    assert sent["/nystream/genre"] in GTZAN_GENRES
    assert -100.0 < sent["/nystream/level"] < 0.0
    _, said = run.communicate(timeout=SECONDS)
    assert run.returncode == 130
    assert said.decode().count("\n") == 1
    assert "listening to" in said.decode()
    assert [line["start"] for line in lines] == [0.0, 0.5, 1.0, 1.5]
    for line in lines:
        assert set(line["probabilities"]) == set(GTZAN_GENRES)
    timed = shell.run("nystream listen --duration 1.5s --quiet")
    assert timed.returncode == 0
    assert timed.stderr == ""
    assert 1 <= len(timed.stdout.splitlines()) <= 2


def test_a_bad_address_for_osc_is_one_line_and_exit_code_2(shell: Shell) -> None:
    done = shell.call("nystream listen --osc 9000")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "nystream: '9000' is no address for OSC: write HOST:PORT, like 127.0.0.1:9000\n"


def test_an_unknown_microphone_is_one_line_and_exit_code_1(shell: Shell, virtual_microphone: VirtualMicrophone) -> None:
    done = shell.run("nystream listen --jsonl --device nobody")
    assert (done.returncode, done.stdout) == (1, "")
    assert len(done.stderr.splitlines()) == 1
    assert "nobody" in done.stderr
