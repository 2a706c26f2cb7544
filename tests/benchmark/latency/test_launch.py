import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from latency_cells import cell

from emobench.benchmark.latency import launch
from emobench.benchmark.latency.launch import environment, measure_in_fresh_process, worker_command
from emobench.benchmark.latency.orders import Order
from emobench.benchmark.latency.timing import Rules

DATA = "simulated:test=3,train=4,validation=3,turns=2/3"
ORDER = Order(
    cell=cell(model="rage_fusion:width=8", data=DATA, weights="first"),
    stem="",
    key="",
    seed=0,
    parameters=0,
    rules=Rules(iterations=5, seconds=0.001, limit=20),
)


def test_a_fresh_process_answers_with_samples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # What lies in the folder it is started from is not taken for a library.
    (tmp_path / "random.py").write_text("raise SystemExit(3)")
    monkeypatch.chdir(tmp_path)
    answer, samples = measure_in_fresh_process(ORDER)
    assert (answer.state, answer.why) == ("done", "")
    assert [(one.cell, one.part) for one in samples] == [(ORDER.cell, "whole"), (ORDER.cell, "forward")]
    assert samples[0].host.dtype == np.float32
    assert len(samples[0].host) >= 5


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("import os; os.kill(os.getpid(), 9)", "its process was killed, most likely because memory ran out"),
        ("import os; os.kill(os.getpid(), 15)", "its process was ended by SIGTERM"),
        ("raise ValueError('so\\nodd')", "its process ended with code 1: odd"),
        ("import sys; sys.exit(7)", "its process ended with code 7"),
        ("import os; os.write(2, b'caf\\xe9'); os._exit(3)", "its process ended with code 3: caf\ufffd"),
    ],
)
def test_a_process_that_dies_is_a_failed_cell(monkeypatch: pytest.MonkeyPatch, code: str, why: str) -> None:
    monkeypatch.setattr(launch, "worker_command", lambda: [sys.executable, "-c", code])
    answer, samples = measure_in_fresh_process(ORDER)
    assert (answer.state, answer.why, samples) == ("failed", why, ())


def test_a_process_that_cannot_be_started_is_a_failed_cell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch, "worker_command", lambda: ["/nowhere/python"])
    answer, samples = measure_in_fresh_process(ORDER)
    assert (answer.state, samples) == ("failed", ())
    assert answer.why == "its process could not be started: No such file or directory"


def test_a_process_that_does_not_end_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    def late(*arguments: object, timeout: float, **options: object) -> None:
        raise subprocess.TimeoutExpired("python", timeout)

    monkeypatch.setattr(launch.subprocess, "run", late)
    answer, _ = measure_in_fresh_process(ORDER)
    assert answer.why == "its process did not end within 360 s"
    compiled = ORDER.model_copy(update={"cell": ORDER.cell.model_copy(update={"compiled": "default"})})
    answer, _ = measure_in_fresh_process(compiled)
    assert answer.why == "its process did not end within 2160 s"


def test_the_number_of_threads_is_there_before_libraries_load(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", ["", "/somewhere"])
    variables = environment(3)
    assert variables["OMP_NUM_THREADS"] == variables["MKL_NUM_THREADS"] == variables["NUMEXPR_NUM_THREADS"] == "3"
    assert variables["PYTHONPATH"] == f".{os.pathsep}/somewhere"
    assert worker_command()[-1] == "emobench.benchmark.latency.worker"
