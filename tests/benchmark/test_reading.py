"""What is read has to be a file."""

import os
from pathlib import Path

import pytest

from emobench.benchmark.reading import read_json, regular, with_home


def test_a_file_is_one_and_so_is_a_link_to_one(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to("file")
    for name in ("file", "link"):
        assert regular(tmp_path / name) == tmp_path / name


def test_nobody_waits_for_what_is_none(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "round").symlink_to("round")
    cases = {
        tmp_path / "pipe": "it is no file but a pipe or a device",
        Path("/dev/zero"): "it is no file but a pipe or a device",
        tmp_path: "Is a directory",
        tmp_path / "missing": "No such file",
        tmp_path / "round": "Too many levels",
        Path("a\0b"): "embedded null byte",
    }
    for path, said in cases.items():
        with pytest.raises(OSError, match=said):
            regular(path)


def test_json_is_read_or_is_none(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('{"a": [1]}', encoding="utf-8")
    assert read_json(path) == {"a": [1]}
    for content in (b"{", b"\xff", b"[" * 100_000, b"9" * 5000):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"\w"):
            read_json(path)


def test_home_is_that_of_somebody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    assert with_home("~/a") == Path("/home/me/a")
    assert with_home("~nobody_of_that_name/a") == Path("~nobody_of_that_name/a")
