"""scripts/run.py and scripts/test.py: exit codes, and the order of the checks."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from scripts import soak as soak_script
from scripts import test as test_script
from scripts.preparation import CHECKOUT, start


def test_the_exit_code_of_the_command_is_passed_on() -> None:
    code = "import sys; from scripts.preparation import hand_over; hand_over([sys.executable, '-c', 'exit(7)'])"
    assert subprocess.run([sys.executable, "-c", code], cwd=CHECKOUT).returncode == 7


@pytest.mark.parametrize("asked", [[], ["--long"]], ids=["as usual", "long"])
@pytest.mark.parametrize(
    ("failing", "code"), [((), 0), (("ruff check",), 1), (("mypy",), 1), (("pytest",), 1), (("mypy", "pytest"), 1)]
)
def test_any_failing_check_fails_all_and_pytest_runs_last(
    monkeypatch: pytest.MonkeyPatch, failing: tuple[str, ...], code: int, asked: list[str]
) -> None:
    ran: list[str] = []

    def run(command: list[str]) -> subprocess.CompletedProcess[str]:
        ran.append(" ".join(command[2:]))
        return subprocess.CompletedProcess(command, int(ran[-1].split(" --num")[0] in failing))

    monkeypatch.setattr(test_script, "prepare_or_exit", lambda extras: sys.executable)
    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr(sys, "argv", ["scripts/test.py", *asked])
    monkeypatch.chdir(CHECKOUT)
    with pytest.raises(SystemExit) as left:
        test_script.main()
    assert int(left.value.code or 0) == code
    assert ran == ["ruff check", "ruff format --check", "mypy", " ".join(["pytest", *test_script.IN_PARALLEL, *asked])]


@pytest.mark.parametrize(
    ("script", "asked", "passed_on"),
    [
        (test_script, "tests/model -k twin", "tests/model -k twin"),
        (soak_script, "--steps 7", "--capture=no --long --steps=7 -k million tests/model/test_long.py"),
    ],
    ids=["test", "soak"],
)
def test_arguments_go_to_pytest_alone(
    monkeypatch: pytest.MonkeyPatch, script: ModuleType, asked: str, passed_on: str
) -> None:
    handed: list[list[str]] = []

    def hand_over(command: list[str]) -> None:
        handed.append(command)
        raise SystemExit(0)

    monkeypatch.setattr(script, "prepare_or_exit", lambda extras: "python")
    monkeypatch.setattr(script, "hand_over", hand_over)
    monkeypatch.setattr(sys, "argv", [str(script.__file__), *asked.split()])
    monkeypatch.chdir(CHECKOUT)
    with pytest.raises(SystemExit):
        script.main()
    assert handed == [["python", "-m", "pytest", *passed_on.split()]]


@pytest.fixture
def handed(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What `run_within_environment` hands over to, instead of doing it."""
    commands: list[list[str]] = []
    monkeypatch.setattr(start, "prepare_or_exit", lambda extras: f"python with {extras}")
    monkeypatch.setattr(start, "hand_over", commands.append)
    monkeypatch.setattr(sys, "argv", ["scripts/train.py", "--epochs", "3"])
    return commands


def test_a_script_that_lacks_a_package_starts_again_in_the_prepared_environment(
    handed: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "prefix", "/usr")
    start.run_within_environment(("train",), imported=("sys", "a_package_that_nobody_has"))
    assert handed == [["python with ('train',)", "scripts/train.py", "--epochs", "3"]]


def test_an_environment_that_has_the_packages_is_taken_as_it_is(handed: list[list[str]]) -> None:
    start.run_within_environment()
    assert handed == []


def test_the_prepared_environment_does_not_hand_over_to_itself_for_ever(
    handed: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "prefix", str(CHECKOUT / ".venv"))
    start.run_within_environment(imported=("a_package_that_nobody_has",))
    assert handed == []


def test_the_scripts_need_nothing_that_is_installed(tmp_path: Path) -> None:
    code = "import sys; sys.path.insert(0, sys.argv[1]); import scripts.run, scripts.test"
    bare = subprocess.run([sys.executable, "-I", "-S", "-c", code, str(CHECKOUT)], cwd=tmp_path)
    assert bare.returncode == 0
