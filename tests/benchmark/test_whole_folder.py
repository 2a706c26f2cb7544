"""A folder is written whole or not at all."""

from pathlib import Path

import pytest

from emobench.benchmark import whole_folder
from emobench.benchmark.errors import DataError
from emobench.benchmark.whole_folder import write_whole_folder


def half_write(folder: Path) -> None:
    with write_whole_folder(folder) as temporary:
        (temporary / "file").write_text("half")
        raise KeyboardInterrupt


def test_an_interrupted_folder_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        half_write(tmp_path / "deep" / "folder")
    assert list((tmp_path / "deep").iterdir()) == []


def test_a_whole_folder_takes_the_place_of_the_old(tmp_path: Path) -> None:
    for name in ("first", "second"):
        with write_whole_folder(tmp_path / "folder") as temporary:
            (temporary / name).write_text(name)
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]
    assert [path.name for path in (tmp_path / "folder").iterdir()] == ["second"]


def test_what_a_killed_process_left_goes_and_all_else_stays(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    for name in (".data.abcd_123", ".data.abcd1234"):
        (tmp_path / name / "new").mkdir(parents=True)
    for name in (".data.other", ".more.abcd1234"):
        (tmp_path / name).mkdir()
    (tmp_path / ".data.0123abcd").touch()
    with write_whole_folder(folder) as new:
        (new / "a").touch()
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        ".data.0123abcd",
        ".data.other",
        ".more.abcd1234",
        "data",
    ]


def test_what_a_killed_process_had_moved_away_comes_back(tmp_path: Path) -> None:
    folder, left = tmp_path / "data", tmp_path / ".data.abcd1234"
    (left / "old").mkdir(parents=True)
    (left / "old" / "a").write_text("before")
    with pytest.raises(RuntimeError), write_whole_folder(folder):
        raise RuntimeError
    assert (folder / "a").read_text() == "before"
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_two_writers_come_one_after_the_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whole_folder, "PATIENCE", 0)
    folder = tmp_path / "data"
    with write_whole_folder(folder) as new:
        (new / "a").touch()
        with (
            pytest.raises(DataError, match=r"^another emobench writes .*/data; wait until it has ended"),
            write_whole_folder(folder),
        ):
            pass
    assert [path.name for path in folder.iterdir()] == ["a"]
    assert [path.name for path in tmp_path.iterdir()] == ["data"]
