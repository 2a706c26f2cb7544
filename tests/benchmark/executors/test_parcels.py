"""Events come out as they went in, whatever their size; files come out where they were."""

from pathlib import Path

import pytest
from executor_runs import plan_of, run

from emobench.benchmark.executors import parcels
from emobench.benchmark.executors.jobs import Began, Event, Finished, Job, Kept, Place
from emobench.benchmark.executors.parcels import Assembly, files_of, parts_of, put_files
from emobench.benchmark.run_folder import RunFolder
from emobench.benchmark.run_state import Combination

EVENTS: list[Event] = [
    Began(Place(Combination("prior", "simulated", 0), "clean")),
    Kept((), (), (("predictions/x.parquet", bytes(range(256)) * 40),)),
    Finished(),
]


@pytest.mark.parametrize("size", [1, 7, 100, 10_000_000])
@pytest.mark.parametrize("at_once", [1, 3])
def test_events_are_put_together_again(monkeypatch: pytest.MonkeyPatch, size: int, at_once: int) -> None:
    monkeypatch.setattr(parcels, "PART", size)
    parts = [part for event in EVENTS for part in parts_of(event)]
    assert max(len(part.content) for part in parts) <= size
    assembly = Assembly()
    chunks = [parts[start : start + at_once] for start in range(0, len(parts), at_once)]
    assert [event for chunk in chunks for event in assembly.add(chunk)] == EVENTS


def test_all_files_of_a_job_travel_and_no_others(tmp_path: Path) -> None:
    plan = plan_of("prior+histogram", hidden=True)
    run(plan, tmp_path)
    folder = RunFolder(tmp_path)
    calibrated = Combination("prior+histogram", next(iter(plan.data)), 0)
    files = files_of(folder, Job((calibrated,)))
    base = calibrated._replace(model="prior")
    stems = [folder.checkpoint_stem(*one) for one in (base, calibrated)]
    expected = {stem.with_name(stem.name + ending) for stem in stems for ending in (".safetensors", ".json")}
    expected |= {folder.predictions_path(*calibrated), folder.validation.predictions_path(*calibrated)}
    expected.add(folder.hidden_path(*calibrated))
    assert {tmp_path / name: content for name, content in files} == {path: path.read_bytes() for path in expected}
    other = RunFolder(tmp_path / "other")
    put_files(other, files)
    assert files_of(other, Job((calibrated,))) == files


def test_a_new_job_has_no_files(tmp_path: Path) -> None:
    assert files_of(RunFolder(tmp_path), Job((Combination("prior", "simulated", 0),))) == ()
