"""Settings come back as they were, and no file, however bad, keeps the window from opening."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from app.window.settings import Settings, SettingsFile

CHANGED = Settings(
    "light", "PulseAudio: “mic”, 2", False, "A model", 120.0, "lights.local:9000", "/music/Ä b", b"\x01\x00\xff"
)


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    file = SettingsFile(tmp_path / "a folder" / "settings.ini")
    file.save(CHANGED)
    assert file.load() == CHANGED
    file.save(replace(CHANGED, theme="dark"))
    assert SettingsFile(file.path).load() == replace(CHANGED, theme="dark")


def test_a_first_start_has_sensible_values(tmp_path: Path) -> None:
    assert SettingsFile(tmp_path / "none.ini").load() == Settings()
    assert not (tmp_path / "none.ini").exists()


def test_a_value_that_makes_no_sense_is_left_out_and_the_others_count(tmp_path: Path) -> None:
    path = tmp_path / "settings.ini"
    path.write_text(
        "[General]\ntheme=pink\naloud=perhaps\ngeometry=%%%\nwindow_seconds=long\nunknown=7\ndevice=desk\nversion=1\n"
        "folder=@Invalid()\nmodel=a, b\n"
    )
    assert SettingsFile(path).load() == Settings(device="desk")


@pytest.mark.parametrize("number", ["nan", "inf", "-inf", "-1", "1e999", "abc"])
def test_a_window_is_remembered_only_as_a_number_of_seconds(tmp_path: Path, number: str) -> None:
    path = tmp_path / "settings.ini"
    path.write_text(f"[General]\nwindow_seconds={number}\n")
    assert SettingsFile(path).load() == Settings()


@pytest.mark.parametrize("content", [b"", b"\x00\xff\xfe" * 500, b"[General", b"=\n=\n[]\n", b"[General]\nversion=x\n"])
def test_a_damaged_file_is_as_good_as_none(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "settings.ini"
    path.write_bytes(content)
    assert SettingsFile(path).load() == Settings()
    SettingsFile(path).save(CHANGED)
    assert SettingsFile(path).load() == CHANGED


def test_what_a_later_version_keeps_is_neither_understood_nor_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "settings.ini"
    later = "[General]\nversion=99\ntheme=light\n"
    path.write_text(later)
    file = SettingsFile(path)
    assert file.load() == Settings()
    file.save(CHANGED)
    assert path.read_text() == later


def test_a_place_where_nothing_can_be_written_is_no_reason_to_stop(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file, not a folder")
    file = SettingsFile(tmp_path / "taken" / "settings.ini")
    file.save(CHANGED)
    assert file.load() == Settings()
