"""What the set-up does about missing system libraries, for each kind of system and account."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

from scripts.preparation import needs, start, system
from scripts.preparation.needs import Need, missing, packages
from scripts.preparation.system import SetUpError

DEBIAN = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\n'
UBUNTU = 'ID=ubuntu\nID_LIKE=debian\nVERSION_ID="24.04"\n'
MINT = 'ID=linuxmint\nID_LIKE="ubuntu debian"\n'
FEDORA = 'ID=fedora\nHOME_URL="https://debian.example/?a=b"\n'
LIKE_NAME = "ID=notdebian\n"
INSTALL = "sudo apt-get update && sudo apt-get install -y --no-install-recommends --no-remove"


def need(package: str, is_there: bool = False) -> Need:
    return Need(f"lib of {package}", package, lambda: is_there)


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """A Debian without PortAudio and PulseAudio, where the account has no rights; what apt-get was asked for."""
    asked: list[list[str]] = []

    def install(packages: list[str], before: list[str]) -> str:
        asked.append(packages)
        monkeypatch.setattr(system, "TO_RUN", ())
        return ""

    monkeypatch.setattr(system, "TO_SET_UP", (need("python3-venv", is_there=True),))
    monkeypatch.setattr(system, "TO_RUN", (need("libgl1", is_there=True), need("libportaudio2")))
    monkeypatch.setattr(system, "TO_HEAR", ())
    monkeypatch.setattr(system, "TO_TEST", (need("pulseaudio"), need("pulseaudio")))
    monkeypatch.setattr(system, "this_is_debian_like", lambda: True)
    monkeypatch.setattr(system, "rights", lambda: None)
    monkeypatch.setattr(system, "install", install)
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    return asked


@pytest.mark.parametrize(
    ("os_release", "is_like"), [(DEBIAN, True), (UBUNTU, True), (MINT, True), (FEDORA, False), (LIKE_NAME, False)]
)
def test_debian_and_its_relatives_are_recognised(os_release: str, is_like: bool) -> None:
    assert system.is_debian_like(os_release) is is_like


def test_only_what_is_missing_is_named_and_each_package_once() -> None:
    needs = (need("a"), need("b", is_there=True), need("c"), need("a"))
    assert packages(missing(needs)) == ["a", "c"]


@pytest.mark.skipif(sys.platform != "linux", reason="sonames are Linux's")
def test_a_library_is_found_by_its_soname_or_missed() -> None:
    assert needs.loads("libc.so.6")
    assert not needs.loads("libnothing-of-this-name.so.1")


def test_a_module_and_a_program_are_found_or_missed() -> None:
    assert needs.has_module("json")
    assert not needs.has_module("nothing_of_this_name")
    assert not needs.program("nothing-of-this-name", "nothing").is_there()


@pytest.mark.skipif(sys.platform != "linux", reason="system libraries are looked for on Linux only")
def test_without_rights_the_start_prints_the_one_command_and_exits_with_1(
    bare: list[list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        start.prepare_or_exit()
    assert left.value.code == 1
    last_line = capsys.readouterr().err.splitlines()[-1].strip()
    assert last_line == f"{INSTALL} libportaudio2"
    assert bare == []


def test_the_one_command_for_the_tests_has_everything(bare: list[list[str]]) -> None:
    with pytest.raises(SetUpError, match=r"--no-install-recommends --no-remove libportaudio2 pulseaudio$"):
        system.see_to_system(set_up=True, test=True)


def test_without_sudo_the_command_is_for_su(bare: list[list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert system.command_to_show(["xvfb"]) == (
        "su -c 'apt-get update && apt-get install -y --no-install-recommends --no-remove xvfb'"
    )


def test_without_rights_what_only_tests_use_is_told_and_the_tests_go_on(
    bare: list[list[str]], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(system, "TO_RUN", ())
    system.see_to_system(set_up=True, test=True)
    said = capsys.readouterr().err
    assert "will skip" in said
    assert said.endswith(f"{INSTALL} pulseaudio\n")


def test_what_only_choosing_a_microphone_needs_is_told_at_the_set_up_and_stops_nobody(
    bare: list[list[str]], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(system, "TO_RUN", ())
    monkeypatch.setattr(system, "TO_HEAR", (need("pulseaudio-utils"),))
    monkeypatch.setattr(system, "has_no_server", lambda: True)
    system.see_to_system(set_up=True, test=False)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(system, "has_no_server", lambda: False)
    system.see_to_system(set_up=True, test=False)
    said = capsys.readouterr().err
    assert "only the default microphone" in said
    assert said.endswith(f"{INSTALL} pulseaudio-utils\n")
    system.see_to_system(set_up=False, test=False)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("programs", "plugins", "desktop", "wanted"),
    [
        ((), (), "", ["pulseaudio", "pipewire", "wireplumber"]),  # a bare machine: both
        (("pulseaudio",), ("pulse",), "", ["pipewire", "wireplumber"]),
        (("pulseaudio",), ("pulse",), ":0", []),  # a desktop keeps its own server
        (("pipewire", "wireplumber", "pipewire-pulse"), (), ":0", []),
        (("pipewire", "wireplumber", "pipewire-pulse"), ("pipewire",), "", []),  # pulseaudio would remove pipewire-alsa
    ],
)
def test_the_tests_ask_for_no_sound_server_that_disturbs_the_one_there_is(
    programs: tuple[str, ...],
    plugins: tuple[str, ...],
    desktop: str,
    wanted: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: name if name in programs else None)
    monkeypatch.setattr(needs, "has_alsa_plugin", lambda server: server in plugins)
    monkeypatch.setenv("DISPLAY", desktop)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert packages(missing(needs.TO_TEST[:3])) == wanted


def test_with_rights_exactly_what_is_missing_is_installed(
    bare: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    there = {"libportaudio2": False}
    monkeypatch.setattr(system, "TO_RUN", (Need("PortAudio", "libportaudio2", lambda: there["libportaudio2"]),))
    monkeypatch.setattr(system, "rights", list)
    record = system.install

    def install(packages: list[str], before: list[str]) -> str:
        there.update(dict.fromkeys(packages, True))
        return record(packages, before)

    monkeypatch.setattr(system, "install", install)
    system.see_to_system(set_up=True, test=False)
    assert bare == [["libportaudio2"]]
    system.see_to_system(set_up=True, test=False)
    assert bare == [["libportaudio2"]]


def test_packages_that_do_not_bring_the_library_are_an_error(
    bare: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(system, "rights", list)
    with pytest.raises(SetUpError, match="lib of libportaudio2 cannot be found"):
        system.see_to_system(set_up=True, test=False)


def test_a_failing_apt_get_is_an_error_only_for_what_the_program_needs(
    bare: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(system, "rights", list)
    monkeypatch.setattr(system, "install", lambda packages, before: "E: no such package")
    with pytest.raises(SetUpError, match="E: no such package"):
        system.see_to_system(set_up=True, test=True)
    monkeypatch.setattr(system, "TO_RUN", ())
    system.see_to_system(set_up=True, test=True)


def test_another_linux_is_told_and_goes_on(
    bare: list[list[str]], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(system, "this_is_debian_like", lambda: False)
    system.see_to_system(set_up=True, test=True)
    assert "lib of libportaudio2" in capsys.readouterr().err


def test_a_failed_update_does_not_hinder_the_install_and_nothing_is_removed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    commands: list[list[str]] = []

    def run(command: list[str], **options: object) -> subprocess.CompletedProcess[str]:
        commands.append(command)
        return subprocess.CompletedProcess(command, 100 if "update" in command else 0, stdout="W: old\n")

    monkeypatch.setattr(subprocess, "run", run)
    assert system.install(["xvfb"], ["sudo", "-n"]) == ""
    assert [command[:2] for command in commands] == [["sudo", "-n"]] * 2
    assert "--no-remove" in commands[1]
    assert commands[1][-1] == "xvfb"
