"""Run folders that an older emobench wrote can be shown."""

import json
from pathlib import Path
from typing import Any

import pytest

from emobench.benchmark.errors import RunFolderError
from emobench.benchmark.older_runs import modern
from emobench.benchmark.run_folder import RunFolder

FIRST: dict[str, Any] = {
    "schema_version": 1, "command": "c", "created": "2030-01-01", "versions": {}, "hardware": {}, "seeds": [0],
    "stress_seed": 0, "selection": "validation", "models": [{"name": "m"}],
    "data": [
        {
            "name": "d", "fingerprint": "f", "classes": ["a", "b"], "widths": {"text": 1}, "sizes": {},
            "label_counts": {}, "realised": {"modality_drop:rate=0.5": {"text": 0.51}},
        }
    ],
    "conditions": [
        {"text": "clean"},
        {"text": "noise:modality=text,snr_db=5", "family": "noise:modality=text,snr_db=*", "severity": 1.0},
        {"text": "noise:snr_db=5,x=1", "family": "noise:snr_db=*,x=1"},
        {"text": "other", "family": "noise:snr_db=*"},
    ],
}  # fmt: skip


def test_the_first_version_is_shown_and_what_it_lacks_is_said(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text(json.dumps(FIRST), encoding="utf-8")
    record, missing = RunFolder(tmp_path).read_older()
    assert record.schema_version == 2
    assert record.stress_draws == 1
    assert record.data[0].realised == {}
    assert [condition.rung for condition in record.conditions] == ["", "5", "5", ""]
    assert missing.startswith(
        "An older emobench wrote this run (schema version 1, now 2): what the stresses really did"
    )
    with pytest.raises(RunFolderError, match="`emobench report` shows older ones too"):
        RunFolder(tmp_path).read_record()


def test_a_record_of_today_lacks_nothing(tmp_path: Path) -> None:
    today, _ = modern(FIRST)
    (tmp_path / "run.json").write_text(json.dumps(today), encoding="utf-8")
    assert RunFolder(tmp_path).read_older() == (RunFolder(tmp_path).read_record(), "")


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[1]",
        '{"schema_version": 3}',
        '{"schema_version": 0}',
        '{"schema_version": "1"}',
        '{"schema_version": 1, "data": {"a": 1}}',
        '{"schema_version": 1, "data": [[]]}',
        '{"schema_version": 1, "conditions": ["clean"]}',
    ],
)
def test_what_cannot_be_shown_is_refused_as_ever(tmp_path: Path, text: str) -> None:
    (tmp_path / "run.json").write_text(text, encoding="utf-8")
    with pytest.raises(RunFolderError, match="cannot be read: at"):
        RunFolder(tmp_path).read_older()
    with pytest.raises(RunFolderError, match="is no run folder"):
        RunFolder(tmp_path / "elsewhere").read_older()
