"""A process uses no more cores than it is given."""

import os
from pathlib import Path

import pytest

from emobench.benchmark.cores import cores


@pytest.fixture(autouse=True)
def eight(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tie the process to eight cores."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(8)), raising=False)


def second_version(root: Path, text: str) -> None:
    (root / "cpu.max").write_text(text)


def first_version(root: Path, quota: str, period: str) -> None:
    (root / "cpu").mkdir()
    (root / "cpu" / "cpu.cfs_quota_us").write_text(quota)
    (root / "cpu" / "cpu.cfs_period_us").write_text(period)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("200000 100000\n", 2), ("150000 100000\n", 2), ("5000 100000", 1), ("max 100000\n", 8), ("9900000 100000", 8),
     ("100000 0", 8), ("odd", 8)],
)  # fmt: skip
def test_a_quota_counts(tmp_path: Path, text: str, expected: int) -> None:
    second_version(tmp_path, text)
    assert cores(tmp_path) == expected


def test_so_does_one_of_the_first_version_of_control_groups(tmp_path: Path) -> None:
    first_version(tmp_path, "300000\n", "100000\n")
    assert cores(tmp_path) == 3
    (tmp_path / "cpu" / "cpu.cfs_quota_us").write_text("-1\n")
    assert cores(tmp_path) == 8


def test_without_control_groups_or_affinity_it_is_the_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert cores(tmp_path) == 8
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 5)
    assert cores(tmp_path) == 5
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert cores(tmp_path) == 1


def test_of_this_machine_there_is_one() -> None:
    assert 1 <= cores() <= 8
