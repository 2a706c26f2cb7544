"""A folder is written whole or not at all."""

from pathlib import Path

import pytest

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
