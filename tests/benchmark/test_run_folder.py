"""run.json says what a run is, and is read with care."""

import json
from pathlib import Path

import pytest

from emobench.benchmark.errors import RunFolderError
from emobench.benchmark.run_folder import RunFolder
from emobench.benchmark.run_record import ConditionRecord, RunRecord

RECORD = RunRecord(
    command="emobench run --model prior",
    created="2026-01-01T00:00:00+00:00",
    versions={"emobench": "0.1.0"},
    hardware={"device": "cpu"},
    seeds=(0, 1),
    stress_seed=0,
    selection="validation",
    data=(),
    models=(),
    conditions=(ConditionRecord(text="clean"),),
)


def test_a_record_comes_back_as_written(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    folder.write_record(RECORD)
    assert folder.read_record() == RECORD


def test_a_folder_without_a_record_is_no_run_folder(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match=r"is no run folder \(it has no run.json\); see `emobench run --help`"):
        RunFolder(tmp_path).read_record()
    (tmp_path / "file").write_text("")
    with pytest.raises(RunFolderError, match="is no run folder"):
        RunFolder(tmp_path / "file").read_record()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "at its start: Invalid JSON"),
        (
            RECORD.model_dump_json().replace('"schema_version":2', '"schema_version":1'),
            "at schema_version: Input should",
        ),
        ('{"command": 3}', "at command: Input should be a valid string"),
        (RECORD.model_dump_json().replace('"text":"clean"', '"txt":"clean"'), "at conditions.0.text: Field required"),
    ],
)
def test_a_damaged_record_says_where(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "run.json").write_text(text, encoding="utf-8")
    with pytest.raises(RunFolderError) as caught:
        RunFolder(tmp_path).read_record()
    assert message in str(caught.value)
    assert "restore it, or run into another folder" in str(caught.value)


def test_a_record_that_is_no_text_says_so(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RunFolderError, match=r"cannot read .*run.json"):
        RunFolder(tmp_path).read_record()


def test_every_combination_has_its_own_files() -> None:
    folder = RunFolder(Path("run"))
    paths = {folder.predictions_path("a", "b", seed) for seed in (0, 1)} | {folder.predictions_path("a", "c", 0)}
    assert len(paths) == 3
    assert folder.checkpoint_stem("a", "b", 0).parent == Path("run/checkpoints")
    assert (folder.results_path.name, folder.utterances_path.name) == ("results.parquet", "utterances.parquet")


@pytest.mark.parametrize(
    ("field", "value"), [("seeds", []), ("draws", 0), ("draws", 10**12), ("stress_draws", 0), ("stress_draws", -1)]
)
def test_a_record_of_what_no_run_has_is_refused(tmp_path: Path, field: str, value: object) -> None:
    folder = RunFolder(tmp_path)
    folder.write_record(RECORD)
    content = {**json.loads(folder.record_path.read_text(encoding="utf-8")), field: value}
    folder.record_path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(RunFolderError, match=rf"run\.json cannot be read: at {field}: .* should "):
        folder.read_record()


def test_threads_are_a_number_that_a_machine_may_have() -> None:
    for known, threads in (("4", 4), ("", 1), ("two", 1), ("9" * 5000, 1)):
        assert RECORD.model_copy(update={"hardware": {"threads": known}}).threads == threads
