import os
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

from emobench.benchmark.latency import machine
from emobench.benchmark.latency.machine import machine_record, processes_on_device
from emobench.benchmark.latency.reference import name_of_reference

GPU = "NVIDIA H200, 570.1, 1980 MHz, 1980 MHz, 3201 MHz, 35, 120.50 W"


@pytest.fixture
def smi(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Return where the answers of a made-up nvidia-smi lie: one file per first letters of the query."""
    program = tmp_path / "nvidia-smi"
    program.write_text(f'#!/bin/sh\ncase "$1" in\n*gpu=*) cat {tmp_path}/gpu;;\n*) cat {tmp_path}/apps;;\nesac\n')
    program.chmod(0o755)
    monkeypatch.setattr(machine.shutil, "which", lambda name: str(program))
    import torch

    fake = SimpleNamespace(get_device_name=lambda: "NVIDIA H200", current_device=lambda: 0)
    monkeypatch.setattr(torch, "cuda", fake)
    monkeypatch.setattr(torch.version, "cuda", "12.8")
    return tmp_path


def test_the_processor_is_described() -> None:
    record = machine_record("cpu")
    assert record.device == "cpu"
    assert record.cores >= 1
    assert record.driver == ""
    assert "torch" in record.versions


def test_clocks_come_from_the_governor_where_there_is_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(machine, "_FREQUENCY", tmp_path)
    assert machine_record("cpu").governor == ""
    (tmp_path / "scaling_governor").write_text("performance\n")
    (tmp_path / "scaling_cur_freq").write_text("2100000\n")
    (tmp_path / "scaling_max_freq").write_text("3500000\n")
    record = machine_record("cpu")
    assert (record.governor, record.megahertz) == ("performance", "2100 of 3500 MHz")


@pytest.mark.parametrize(("text", "expected"), [("cpu MHz\t\t: 2596.4\n", "2596 MHz"), ("nothing\n", "")])
def test_without_one_they_are_what_the_processor_says(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str, expected: str
) -> None:
    (tmp_path / "cpuinfo").write_text(text)
    monkeypatch.setattr(machine, "_FREQUENCY", tmp_path / "nothing")
    monkeypatch.setattr(machine, "Path", lambda name: tmp_path / Path(name).name)
    assert machine_record("cpu").megahertz == expected


def test_a_device_has_name_driver_and_clocks(smi: Path) -> None:
    (smi / "gpu").write_text(f"{GPU}\n")
    record = machine_record("cuda")
    assert (record.device, record.driver) == ("NVIDIA H200", "570.1, CUDA 12.8")
    assert record.device_clocks == "1980 MHz of 1980 MHz, memory 3201 MHz, 35 °C, 120.50 W"


@pytest.mark.parametrize("answer", ["", "odd\n"])
def test_a_driver_that_does_not_tell_leaves_the_clocks_out(smi: Path, answer: str) -> None:
    (smi / "gpu").write_text(answer)
    record = machine_record("cuda")
    assert (record.device, record.driver, record.device_clocks) == ("NVIDIA H200", "CUDA 12.8", "")


def test_other_processes_on_the_device_are_named(smi: Path) -> None:
    (smi / "apps").write_text(f"17, trainer\n{os.getpid()}, python\n\n[odd]\n")
    assert processes_on_device("cuda") == ("trainer",)
    assert processes_on_device("cpu") == ()


def test_a_driver_that_is_not_there_or_fails_tells_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine.shutil, "which", lambda name: None)
    assert processes_on_device("cuda") == ()

    def fails(*arguments: object, **options: object) -> None:
        raise subprocess.TimeoutExpired("nvidia-smi", 10)

    monkeypatch.setattr(machine.shutil, "which", lambda name: "/bin/nvidia-smi")
    monkeypatch.setattr(machine.subprocess, "run", fails)
    assert processes_on_device("cuda") == ()


def test_the_reference_has_a_name_for_each_device() -> None:
    assert name_of_reference("cuda") == "product of two 4096 × 4096 matrices of 32-bit floats"
