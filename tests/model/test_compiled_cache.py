"""What nobody uses any more leaves the cache, and nothing else does."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from model.compiled import cache
from model.compiled.cache import SECONDS_PER_DAY, prune

LONG_AGO = time.time() - 40 * SECONDS_PER_DAY
LATELY = time.time() - 20 * SECONDS_PER_DAY


def make(folder: Path, used: float) -> Path:
    (folder / "arithmetic").mkdir(parents=True)
    (folder / "arithmetic" / "step.nbc").write_bytes(b"code")
    os.utime(folder, (used, used))
    return folder


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
