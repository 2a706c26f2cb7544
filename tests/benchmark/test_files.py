"""Files are written whole or not at all."""

import errno
import stat
from pathlib import Path

import pyarrow as pa
import pytest

from emobench.benchmark.errors import RunFolderError
from emobench.benchmark.files import file_stem, read_table, remove_leftovers, write_table, write_text, write_whole


def half_write(path: Path, error: BaseException) -> None:
    with write_whole(path) as temporary:
        temporary.write_text("half")
        raise error


def test_a_file_appears_with_its_folder_and_common_rights(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "file.txt"
    write_text(path, "hello")
    assert path.read_text(encoding="utf-8") == "hello"
    (tmp_path / "plain").write_text("")
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE((tmp_path / "plain").stat().st_mode)


def test_what_was_there_stays_when_the_disk_is_full(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    write_text(path, "before")
    with pytest.raises(RunFolderError, match=r"cannot write .*file\.txt: No space left on device; free some space and"):
        half_write(path, OSError(errno.ENOSPC, "No space left on device"))
    assert path.read_text(encoding="utf-8") == "before"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file.txt"]


def test_a_file_that_may_not_grow_says_what_bounds_it(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match=r"File too large; allow larger files \(ulimit -f\) and type the same"):
        half_write(tmp_path / "file.txt", OSError(errno.EFBIG, "File too large"))


def test_nothing_is_left_behind_by_an_interruption(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        half_write(tmp_path / "file.txt", KeyboardInterrupt())
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_a_file_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("")
    with pytest.raises(RunFolderError, match=r"cannot write .*run.json: .*make the folder writable or use another one"):
        write_text(tmp_path / "runs" / "run.json", "{}")


def test_tables_come_back_and_damaged_ones_are_named(tmp_path: Path) -> None:
    path = tmp_path / "table.parquet"
    table = pa.table({"a": [1, 2]})
    write_table(path, table)
    assert read_table(path).equals(table)
    path.write_bytes(path.read_bytes()[:-7])
    with pytest.raises(RunFolderError, match=r"table\.parquet is damaged \(.*\); delete it"):
        read_table(path)
    with pytest.raises(RunFolderError, match=r"none\.parquet is missing; run the same `emobench run` again"):
        read_table(tmp_path / "none.parquet")


def test_stems_are_safe_readable_and_do_not_collide() -> None:
    stems = {
        file_stem("a:b=1", "c"),
        file_stem("a:b=2", "c"),
        file_stem("a", "b=1c"),
        file_stem("../../etc", "pass wd"),
    }
    assert len(stems) == 4
    assert all(set(stem) <= set("abcdefghijklmnopqrstuvwxyz0123456789_-.") for stem in stems)
    assert file_stem("rage_fusion:preset=paper", "simulated", "0").startswith("rage_fusion-preset-paper.simulated.0.")


def test_what_killed_processes_left_goes_and_all_else_stays(tmp_path: Path) -> None:
    left, own, hidden = tmp_path / ".run.json.a1b2c3d4", tmp_path / ".emobench.json", tmp_path / "run.json.a1b2c3d4"
    folder = tmp_path / ".predictions.a1b2c3d4"
    for path in (left, own, hidden):
        path.write_text("x")
    folder.mkdir()
    remove_leftovers(tmp_path)
    assert sorted(tmp_path.iterdir()) == sorted([own, hidden, folder])
