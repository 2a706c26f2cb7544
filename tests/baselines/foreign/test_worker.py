"""The process of a foreign model: what it may do, and what is said when it does what it may not."""

import contextlib
import os
import queue
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from emobench.baselines.base import Json
from emobench.baselines.foreign_models import worker as module
from emobench.baselines.foreign_models.contract import read_contract
from emobench.baselines.foreign_models.worker import Worker
from emobench.benchmark.errors import DataError
from tests.baselines.foreign.somebodys import as_child

ARRAYS = {
    "features/text": np.ones((2, 3, 4), np.float32),
    "observed/text": np.ones((2, 3), bool),
    "valid": np.ones((2, 3), bool),
    "speaker": np.zeros((2, 3), np.int64),
}


@pytest.fixture
def made() -> Iterator[list[Worker]]:
    workers: list[Worker] = []
    yield workers
    for worker in workers:
        worker.close()


def worker(made: list[Worker], code: Path, factory: str, **typed: object) -> Worker:
    contract = read_contract(str(code), {"factory": factory, "output": "logits", **typed})
    sizes: dict[str, Json] = {"widths": {"text": 4}, "width": 4, "classes": 3, "speakers": 1}
    given: Json = as_child(contract, modalities=["text"])
    made.append(Worker(contract, {"contract": given, "sizes": sizes, "seed": 1, "device": "cpu", "threads": 1}))
    return made[-1]


def test_it_may_print_read_move_and_is_told_its_arguments(made: list[Worker], code: Path) -> None:
    """And, one after the other in the same process: predict, be closed, and be asked again."""
    before = Path.cwd()
    one = worker(made, code, "moves", argv=("--hidden", "3"))
    first = one.predict(ARRAYS)
    assert first.shape == (2, 3, 3)
    assert one.facts["parameters"] == 15
    assert Path.cwd() == before
    running = one._running
    assert running is not None
    assert running.last_words() == f": moved to / ['{code}', '--hidden', '3']"
    assert running.folder.is_dir()
    assert running.process.returncode is None
    for _ in range(2):
        one.close()
    assert running.process.returncode is not None
    assert not running.folder.exists()


def test_a_folder_that_a_killed_process_left_is_removed_by_the_next(
    made: list[Worker], code: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    left = folder / "emobench-foreign-left"
    left.mkdir()
    (left / "input.npz").touch()
    first = worker(made, code, "linear")
    first.start()
    assert not left.exists()
    other = worker(made, code, "linear")
    other.start()
    assert first.predict(ARRAYS).shape == (2, 3, 3), "that of a process which is there stays"
    for one in made:
        one.close()
    assert list(folder.iterdir()) == []


def test_a_model_that_hangs_is_ended(made: list[Worker], code: Path) -> None:
    one = worker(made, code, "hangs", time_limit=4.0)
    with pytest.raises(DataError) as caught:
        one.start()
    said = str(caught.value)
    assert said.startswith("model.py: expected the model to be made within 4 s, got no answer")
    assert said.endswith("; type time_limit=… for more")
    assert one._running is None


def test_a_process_that_ends_is_named_with_its_last_words_and_started_anew(made: list[Worker], code: Path) -> None:
    one = worker(made, code, "leaves")
    with pytest.raises(DataError, match=r"^model\.py: its process ended with status 7: core dumped$"):
        one.start()
    assert one._running is None
    other = code.read_text(encoding="utf-8").replace("def leaves(", "def left(").replace("def linear(", "def leaves(")
    code.write_text(other, encoding="utf-8")
    assert one.predict(ARRAYS).shape == (2, 3, 3)
    running = one._running
    assert running is not None
    running.process.kill()
    running.process.wait()
    with pytest.raises(DataError, match="its process ended with signal SIGKILL"):
        one.predict(ARRAYS)


def test_what_a_process_started_ends_with_it_though_it_has_ended_by_itself(made: list[Worker], code: Path) -> None:
    code.write_text(
        "import os, subprocess, sys\n\n"
        "def breeds(width, classes):\n"
        "    child = subprocess.Popen([sys.executable, '-S', '-c', 'import time; time.sleep(99)'])\n"
        "    sys.stderr.write(f'{child.pid}\\n')\n"
        "    sys.stderr.flush()\n"
        "    os._exit(7)\n",
        encoding="utf-8",
    )
    with pytest.raises(DataError) as caught:
        worker(made, code, "breeds").start()
    child = str(caught.value).rpartition(": ")[2]
    assert child.isdecimal()
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        while Path(f"/proc/{child}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z":
            pass


def test_a_model_that_raises_is_quoted(made: list[Worker], code: Path) -> None:
    one = worker(made, code, "raises")
    with pytest.raises(DataError, match=r"^model\.py: ValueError: no such thing \(model\.py:\d+\)$"):
        one.start()
    assert one._running is None


def test_an_error_in_a_prediction_ends_nothing(made: list[Worker], code: Path) -> None:
    one = worker(made, code, "raises_later")
    for _ in range(2):
        with pytest.raises(DataError, match=r"^model\.py: RuntimeError: no more memory \(model\.py:\d+\)$"):
            one.predict(ARRAYS)
    assert one._running is not None


def test_a_question_that_was_given_up_leaves_no_answer_to_the_next(
    made: list[Worker], code: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(self: object, timeout: float) -> str:
        raise KeyboardInterrupt

    one = worker(made, code, "linear")
    with monkeypatch.context() as patch:
        patch.setattr(queue.Queue, "get", interrupted)
        with pytest.raises(KeyboardInterrupt):
            one.start()
    assert one._running is None


def test_a_file_named_as_a_module_of_python_misleads_nobody_who_is_not_somebody_else(
    made: list[Worker], code: Path
) -> None:
    (code.parent / "random.py").write_text("raise RuntimeError('mine')", encoding="utf-8")
    assert worker(made, code, "linear").predict(ARRAYS).shape == (2, 3, 3)


def test_a_signal_without_a_name_is_named_by_its_number() -> None:
    process = subprocess.Popen([sys.executable, "-S", "-c", "import os; os.kill(os.getpid(), 40)"], text=True)
    assert module._status(process) == "signal 40"


def test_an_answer_without_predictions_is_none(made: list[Worker], code: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = worker(made, code, "linear")
    one.predict(ARRAYS)
    monkeypatch.setattr(one, "_ask", lambda *asked: None)
    with pytest.raises(
        DataError, match=r"^model\.py: expected predictions with each answer, got none; does it fork\?$"
    ):
        one.predict(ARRAYS)
    assert one._running is None


def test_an_interpreter_that_is_not_there(made: list[Worker], code: Path) -> None:
    with pytest.raises(DataError) as caught:
        worker(made, code, "linear", python="/no/such/python").start()
    assert str(caught.value) == (
        "cannot start /no/such/python: No such file or directory; expected python to be an interpreter with numpy "
        "and torch"
    )


def test_another_interpreter_has_its_own_packages(
    made: list[Worker], code: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One without torch says so; what this interpreter's PYTHONPATH names is not its own."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(path for path in sys.path if path))
    python = tmp_path / "bare"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" -S -I "$@"\n', encoding="utf-8")
    python.chmod(0o755)
    with pytest.raises(DataError) as caught:
        worker(made, code, "linear", python=str(python)).start()
    assert re.match(r"model\.py: its process ended with status 1: ModuleNotFoundError: No module", str(caught.value))


def test_a_process_that_closes_its_output_and_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PATIENCE", 0.01)
    process = subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(30)"], text=True)
    assert module._status(process) == "its output closed, still at work"
    process.kill()
    process.wait()


def test_a_pipe_that_is_closed_is_a_process_that_ended(
    made: list[Worker], code: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = code.with_name("gone")
    python.write_text("#!/bin/sh\nexec 0<&-\necho bye >&2\nsleep 0.5\nexit 9\n", encoding="utf-8")
    python.chmod(0o755)
    one = worker(made, code, "linear", python=str(python), argv=("x" * 200_000,))
    with pytest.raises(DataError, match="its process ended with status 9: bye"):
        one.start()
