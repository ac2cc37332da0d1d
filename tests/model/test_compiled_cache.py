"""What is compiled is found again, unless anything is wrong with it; what nobody uses any more leaves the cache."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import llvmlite.binding
import numba
import pytest

from model.compiled import cache, registers, user_cache
from model.compiled.cache import SECONDS_PER_DAY, is_ready, kept, mark_ready, prune

LONG_AGO = time.time() - 40 * SECONDS_PER_DAY
LATELY = time.time() - 20 * SECONDS_PER_DAY


def double(number: float) -> float:
    return 2.0 * number


def as_new_process(function: Any) -> Any:
    """It knows nothing yet of what has been compiled."""
    return kept.__wrapped__(function)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(cache, "cache_folder", lambda: tmp_path)
    return tmp_path


def cut(share: float) -> Callable[[Path], object]:
    return lambda path: os.truncate(path, int(share * path.stat().st_size))


def spoil(path: Path) -> None:
    """Machine code is in the middle: it must not be run as it is now."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def put_a_folder_there(path: Path) -> None:
    path.unlink()
    (path / "in it").mkdir(parents=True)


DAMAGES: dict[str, Callable[[Path], object]] = {
    "nothing in it": cut(0.0),
    "cut in half": cut(0.5),
    "junk": lambda path: path.write_bytes(os.urandom(5000)),
    "one bit": spoil,
    "a folder in its place": put_a_folder_there,
    "gone": Path.unlink,
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_a_damaged_file_is_compiled_again_and_is_whole_afterwards(
    folder: Path, damage: Callable[[Path], object]
) -> None:
    first = as_new_process(double)
    assert first(1.5) == 3.0
    mark_ready([first])
    again = as_new_process(double)
    assert again(1.5) == 3.0
    assert (sum(again._cache_hits.values()), is_ready()) == (1, True)
    damage(folder / first._cache.file)
    assert not is_ready()
    assert cache.is_damaged()
    third = as_new_process(double)
    assert third(1.5) == 3.0
    assert (sum(third._cache_hits.values()), is_ready()) == (0, True)
    damage(folder / cache.READY)
    assert not is_ready()
    mark_ready([third])
    assert is_ready()
    assert len(list(folder.iterdir())) == 2


def test_where_nothing_can_be_written_it_is_compiled_and_not_called_ready(folder: Path) -> None:
    (folder / cache.READY).write_bytes(b"of another time")
    function = as_new_process(double)
    function._cache._folder = folder / "gone"
    assert function(1.5) == 3.0
    mark_ready([function])
    assert list(folder.iterdir()) == []


def test_other_sources_of_a_function_are_another_function(folder: Path) -> None:
    first = as_new_process(double)
    other = as_new_process(double)
    other._cache._source = b"edited"
    assert first(1.5) == other(1.5) == 3.0
    assert sum(other._cache_hits.values()) == 0
    assert first._cache.file != other._cache.file


def test_a_user_without_a_home_has_no_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", fail)
    for name in ("NYSTREAM_CACHE", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(OSError, match="irectory"):
        user_cache().mkdir(parents=True)
    assert cache.cache_folder.__wrapped__() is None


def make(folder: Path, used: float) -> Path:
    (folder / "arithmetic").mkdir(parents=True)
    (folder / "arithmetic" / "step.nbc").write_bytes(b"code")
    os.utime(folder, (used, used))
    return folder


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right on Windows")
def test_only_folders_of_the_pattern_that_were_long_unused_go(tmp_path: Path) -> None:
    old, new = make(tmp_path / "compiled-old", LONG_AGO), make(tmp_path / "compiled-new", LATELY)
    other = make(tmp_path / "settings", LONG_AGO)
    elsewhere = make(tmp_path / "elsewhere", LONG_AGO)
    (tmp_path / "compiled-link").symlink_to(elsewhere)
    prune(tmp_path, "compiled-*")
    assert not old.exists()
    assert sorted(tmp_path.iterdir()) == sorted([new, other, elsewhere, tmp_path / "compiled-link"])
    assert (elsewhere / "arithmetic" / "step.nbc").exists()


def test_several_processes_may_prune_at_once(tmp_path: Path) -> None:
    for number in range(40):
        make(tmp_path / f"compiled-{number}", LONG_AGO)
    threads = [threading.Thread(target=prune, args=(tmp_path, "compiled-*")) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert list(tmp_path.iterdir()) == []


def test_a_new_folder_prunes_and_a_folder_in_use_is_marked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NYSTREAM_CACHE", str(tmp_path))
    find = cache.cache_folder.__wrapped__  # as a new process asks it
    folder = find()
    assert folder is not None
    old = make(folder.with_name("compiled-old"), LONG_AGO)
    os.utime(folder, (LONG_AGO, LONG_AGO))
    assert find() == folder
    assert folder.stat().st_mtime > LATELY  # used now
    assert old.exists()  # nothing is new: nothing to tidy
    folder.rmdir()
    assert find() == folder
    assert not old.exists()


@pytest.fixture
def brought(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path | None]:
    """What a bundle that was made for a processor with these features has to say here; numba is left as it was."""
    monkeypatch.setattr(registers, "SHIPPED", tmp_path)
    monkeypatch.delenv("NUMBA_CPU_NAME", raising=False)
    for name in ("CPU_NAME", "CPU_FEATURES"):
        monkeypatch.setattr(numba.config, name, None)

    def look(*features: str) -> Path | None:
        (tmp_path / registers.PROCESSOR).write_text(json.dumps({"name": "x86-64-v9", "features": features}))
        return registers.shipped_folder.__wrapped__()

    return look


def test_what_a_bundle_brings_along_is_taken_where_the_processor_has_all_it_needs(
    brought: Callable[..., Path | None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    has = {"avx2": True, "fma": False}
    monkeypatch.setattr(llvmlite.binding, "get_host_cpu_features", lambda: has)
    for lacking in ("fma", "avx9"):
        assert brought("avx2", lacking) is None
    assert numba.config.CPU_NAME is None  # type: ignore[attr-defined]
    assert brought("avx2") == tmp_path
    assert numba.config.CPU_NAME == "x86-64-v9"  # type: ignore[attr-defined]
    monkeypatch.setenv("NUMBA_CPU_NAME", "generic")
    assert brought("avx2") is None


def test_a_checkout_brings_nothing_along(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registers, "SHIPPED", tmp_path / "shipped")
    assert registers.shipped_folder.__wrapped__() is None
