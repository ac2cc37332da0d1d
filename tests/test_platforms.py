"""What only some systems have is named where the system has been looked at, or in files that say why they need not.

How a system behaves cannot be seen here: CI runs the tests on Windows and macOS for that.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.own_process import CHECKOUT

ROOMS = ("app", "audio", "model", "scripts", "tests")
FILES = sorted(path for room in ROOMS for path in (CHECKOUT / room).rglob("*.py"))
NOT_ON_WINDOWS = {
    "os": "fork forkpty getuid geteuid getgid getegid setuid setgid getgroups mkfifo mknod killpg getpgid setsid nice "
    "uname wait wait3 wait4 chown lchown chroot getloadavg sysconf openpty posix_spawn sched_getaffinity "
    "sched_setaffinity symlink O_NONBLOCK O_NOFOLLOW WNOHANG",
    "signal": "SIGKILL SIGSTOP SIGCONT SIGHUP SIGALRM SIGUSR1 SIGUSR2 SIGPIPE SIGQUIT SIGCHLD alarm pause setitimer "
    "pthread_kill pthread_sigmask sigwait",
    "socket": "AF_UNIX",
}
NAMES = {f"{module}.{name}" for module, names in NOT_ON_WINDOWS.items() for name in names.split()}
MODULES = {"fcntl", "resource", "pwd", "grp", "termios", "tty", "pty", "syslog", "curses", "readline"}
METHODS = {"symlink_to"}  # on Windows for those who have the right to
FILES_OF_LINUX = ("/proc/", "/sys/", "/dev/shm/")
LOOKS = ("sys.platform", "os.name", "hasattr(", ".exists()")
FIXTURES = {"shell", "library"}  # they skip on Windows
NEED_NOT = {
    "scripts/bundling/packages.py": "makes a Debian package",
    "scripts/preparation/system.py": "is called on Linux alone",
    "scripts/window_soak.py": "says that it is for Linux",
    "tests/virtual_microphone.py": "needs a sound server of Linux, and skips without",
}


def needed(node: ast.AST) -> str:
    """What of some systems alone a piece of code names; "" for nearly all code."""
    match node:
        case ast.Import(names=names):
            return next((one.name for one in names if one.name in MODULES), "")
        case ast.ImportFrom(module=str(module), names=names):
            found = next((f"{module}.{one.name}" for one in names if f"{module}.{one.name}" in NAMES), "")
            return module if module in MODULES else found
        case ast.Attribute(value=ast.Name(id=module), attr=name) if f"{module}.{name}" in NAMES:
            return f"{module}.{name}"
        case ast.Attribute(attr=name) if name in METHODS:
            return name
        case ast.Constant(value=str(text)) if text.startswith(FILES_OF_LINUX) and text not in FILES_OF_LINUX:
            return text
    return ""


def unguarded(source: str) -> list[str]:
    """The names in a source that nothing around them guards, with their lines."""
    tree = ast.parse(source)

    def walk(node: ast.AST, guarded: bool) -> Iterator[str]:
        if (name := needed(node)) and not guarded:
            yield f"{name} in line {getattr(node, 'lineno', 0)}"
        for field, value in ast.iter_fields(node):
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    yield from walk(child, guarded or guards(node, field))

    def guards(node: ast.AST, field: str) -> bool:
        """Whether what stands in this field of a node runs only after a look at the system."""
        if isinstance(node, ast.Module):
            marks = [one for one in node.body if isinstance(one, ast.Assign) and "pytestmark" in ast.unparse(one)]
            return any(looks(mark) for mark in marks)
        if isinstance(node, ast.If | ast.IfExp | ast.BoolOp) or (
            isinstance(node, ast.Call) and "skipif" in ast.unparse(node.func)
        ):
            return looks(node)
        if isinstance(node, ast.FunctionDef) and field == "body":
            fixtures = {argument.arg for argument in node.args.args}
            return bool(fixtures & FIXTURES) or any(looks(mark) for mark in node.decorator_list)
        return False

    def looks(node: ast.AST) -> bool:
        if isinstance(node, ast.If):
            node = node.test
        said = ast.unparse(node)
        named = [one for one in ast.walk(node) if isinstance(one, ast.Name)]
        return any(look in said for look in LOOKS) or any(marks.get(one.id, False) for one in named)

    marks: dict[str, bool] = {}  # marks of this file that stand in a variable
    for one in tree.body:
        if isinstance(one, ast.Assign) and isinstance(one.targets[0], ast.Name):
            marks[one.targets[0].id] = looks(one.value)
    return list(walk(tree, False))


@pytest.mark.parametrize("room", ROOMS)
def test_nothing_is_taken_for_granted_that_windows_or_macos_does_not_have(room: str) -> None:
    found = {str(path.relative_to(CHECKOUT).as_posix()): path for path in FILES if path.is_relative_to(CHECKOUT / room)}
    wrong = [
        f"{name}: {fault}"
        for name, path in found.items()
        if name not in NEED_NOT
        for fault in unguarded(path.read_text(encoding="utf-8"))
    ]
    assert not wrong, "\n".join(wrong)


def test_the_files_that_need_not_look_do_name_such_things() -> None:
    assert [name for name in NEED_NOT if not unguarded((CHECKOUT / name).read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize(
    "source",
    [
        "import fcntl",
        "from os import fork",
        "@pytest.mark.parametrize('end', [signal.SIGKILL])\ndef test(shell): ...",
        "def test(tmp_path):\n    (tmp_path / 'a').symlink_to('b')",
        "pages = Path('/proc/self/statm').read_text()",
        "if busy:\n    os.nice(10)",
    ],
)
def test_what_is_not_guarded_is_found(source: str) -> None:
    assert len(unguarded(source)) == 1


@pytest.mark.parametrize(
    "source",
    [
        "if sys.platform == 'win32':\n    import msvcrt\nelse:\n    import fcntl",
        "if polite and hasattr(os, 'nice'):\n    os.nice(10)",
        "@pytest.mark.skipif(sys.platform == 'win32', reason='')\ndef test():\n    os.mkfifo('a')",
        "unix = pytest.mark.skipif(sys.platform == 'win32', reason='')\n@unix\ndef test():\n    os.mkfifo('a')",
        "pytestmark = pytest.mark.skipif(os.name == 'nt', reason='')\ndef test():\n    os.mkfifo('a')",
        "def test(shell):\n    os.mkfifo('a')",
        "NOBODY = 65_534 if sys.platform == 'linux' and os.geteuid() == 0 else None",
    ],
)
def test_what_is_guarded_is_left_alone(source: str) -> None:
    assert unguarded(source) == []
