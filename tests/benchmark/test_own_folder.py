"""Each process has a folder of its own, and none is left behind for ever."""

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from emobench.benchmark.errors import RunFolderError
from emobench.benchmark.own_folder import own_folder


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_two_workers_have_two_folders_and_both_are_removed(temporary: Path) -> None:
    with own_folder("worker") as one, own_folder("worker") as other:
        (one / "file").touch()
        assert {*temporary.iterdir()} == {one, other}
        assert one.name.startswith("emobench-worker-")
    assert list(temporary.iterdir()) == []


def test_a_folder_goes_with_an_error_too(temporary: Path) -> None:
    with pytest.raises(KeyboardInterrupt), own_folder("worker"):
        raise KeyboardInterrupt
    assert list(temporary.iterdir()) == []


def test_what_a_killed_worker_left_is_removed_by_the_next(temporary: Path) -> None:
    code = "import sys, tempfile; tempfile.tempdir = sys.argv[1]\n"
    code += "from emobench.benchmark.own_folder import own_folder\n"
    code += "with own_folder('worker') as folder:\n    (folder / 'file').touch()\n"
    code += "    print(folder.name, flush=True)\n    input()\n"
    command = [sys.executable, "-c", code, str(temporary)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        left = temporary / process.stdout.readline().strip()
        with own_folder("worker"):
            assert left.is_dir(), "it is in use"
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    assert (left / "file").exists()
    with own_folder("worker") as folder:
        assert {*temporary.iterdir()} == {folder}


def test_what_looks_like_a_folder_and_is_none_is_left_alone(temporary: Path) -> None:
    elsewhere = temporary / "elsewhere"
    elsewhere.mkdir()
    (temporary / "emobench-worker-link").symlink_to(elsewhere)
    (temporary / "emobench-worker-file").touch()
    with own_folder("worker"):
        pass
    assert {path.name for path in temporary.iterdir()} == {"elsewhere", "emobench-worker-link", "emobench-worker-file"}


def test_where_no_folder_can_be_made_is_one_line(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(temporary / "missing"))
    with (
        pytest.raises(RunFolderError, match=r"^cannot make a folder below .*missing: No such file or directory; make "),
        own_folder("worker"),
    ):
        pass
