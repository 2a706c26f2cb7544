"""Only one process computes into a run folder."""

from pathlib import Path

import pytest

from emobench.benchmark.errors import RunFolderError
from emobench.benchmark.lock import only_driver, require_nobody
from emobench.benchmark.run_folder import RunFolder


def test_the_second_driver_is_told_of_the_first(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "new" / "run")
    with only_driver(folder):
        with pytest.raises(RunFolderError) as caught, only_driver(folder):
            pass
        assert str(caught.value) == (
            f"another emobench computes into {folder.path}; wait until it has ended, or choose another with --out"
        )
        with pytest.raises(RunFolderError, match=r"an emobench computes into .*; wait until it has ended"):
            require_nobody(folder)
    assert list(folder.path.iterdir()) == []
    require_nobody(folder)
    with only_driver(folder):
        pass


def test_what_a_killed_driver_left_bars_nobody(tmp_path: Path) -> None:
    RunFolder(tmp_path).lock_path.touch()
    require_nobody(RunFolder(tmp_path))
    with only_driver(RunFolder(tmp_path)):
        assert RunFolder(tmp_path).lock_path.exists()
    assert not RunFolder(tmp_path).lock_path.exists()


def test_a_folder_that_cannot_be_written_to_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    inside = RunFolder(tmp_path / "file" / "run")
    with pytest.raises(RunFolderError, match=r"cannot write .*run.lock: Not a dir.*writable"), only_driver(inside):
        pass
    # A lock that is no file cannot be had; there is nobody who could hold it.
    RunFolder(tmp_path).lock_path.mkdir()
    require_nobody(RunFolder(tmp_path))
    with pytest.raises(RunFolderError, match=r"cannot write .*run.lock: "), only_driver(RunFolder(tmp_path)):
        pass
