import hashlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from latency_cells import cell, failed, samples, written

from emobench.benchmark.errors import RunFolderError
from emobench.benchmark.latency.files import has_latencies, json_path, read_latencies, read_samples, samples_path
from emobench.benchmark.run_folder import RunFolder

CELLS = [cell(), cell(scenario="batch", batch=8, device="cuda"), cell(dropped="audio", context=3, weights="first")]


def test_all_samples_come_back(tmp_path: Path) -> None:
    folder = written(tmp_path, CELLS, parts=lambda one: ("whole", "forward") if one.batch > 1 else ("whole",))
    found = read_samples(folder)
    assert [(one.cell, one.part) for one in found] == [
        (CELLS[0], "whole"),
        (CELLS[1], "whole"),
        (CELLS[1], "forward"),
        (CELLS[2], "whole"),
    ]
    for one in found:
        expected = samples(one.cell, part=one.part)
        for name in ("turn", "block", "host", "device"):
            np.testing.assert_array_equal(getattr(one, name), getattr(expected, name))


def test_the_table_says_everything_in_its_columns(tmp_path: Path) -> None:
    folder = written(tmp_path, CELLS)
    table = pd.read_parquet(samples_path(folder))
    first = table[table.cell == CELLS[2].text]
    columns = ["model", "dropped", "context", "weights", "part"]
    assert first[columns].drop_duplicates().to_numpy().tolist() == [["prior", "audio", 3, "first", "whole"]]
    assert first.iteration.tolist() == list(range(300))
    assert table.host.dtype == np.float32
    assert samples_path(folder).stat().st_size < 40 * len(table)


def test_a_failed_cell_has_a_reason_and_no_samples(tmp_path: Path) -> None:
    folder = written(tmp_path, [], more=(failed(cell()),))
    record = read_latencies(folder)
    assert record.cells[0].why == "out of memory"
    assert record.cells[0].summary() is None
    assert record.machines == {}
    assert read_samples(folder) == ()


def test_machines_that_nothing_was_measured_on_are_left_out(tmp_path: Path) -> None:
    assert list(read_latencies(written(tmp_path, CELLS[:1])).machines) == ["a machine"]


def test_no_latencies_say_what_to_type(tmp_path: Path) -> None:
    assert not has_latencies(RunFolder(tmp_path))
    with pytest.raises(RunFolderError, match="holds no latencies; type for example: emobench latency"):
        read_latencies(RunFolder(tmp_path))


@pytest.mark.parametrize("content", ["{", '{"latency_version": 2}'])
def test_a_damaged_record_says_where(tmp_path: Path, content: str) -> None:
    folder = written(tmp_path, CELLS)
    json_path(folder).write_text(content, encoding="utf-8")
    with pytest.raises(RunFolderError, match="cannot be read: at "):
        read_latencies(folder)


def test_a_file_that_kept_only_what_was_typed_last_is_read(tmp_path: Path) -> None:
    folder = written(tmp_path, CELLS)
    content = json.loads(json_path(folder).read_text(encoding="utf-8"))
    (content["command"],) = content.pop("commands")
    json_path(folder).write_text(json.dumps(content), encoding="utf-8")
    assert read_latencies(folder).commands == ("emobench latency --model prior",)
    assert len(read_samples(folder)) == len(CELLS)


def test_a_record_that_is_no_text_is_damaged(tmp_path: Path) -> None:
    folder = written(tmp_path, CELLS)
    json_path(folder).write_bytes(b"\xff\xfe\xff")
    with pytest.raises(RunFolderError, match="cannot read"):
        read_latencies(folder)


def test_samples_of_another_measurement_are_not_taken_for_these(tmp_path: Path) -> None:
    folder, other = written(tmp_path / "a", CELLS[:1]), written(tmp_path / "b", CELLS[1:])
    samples_path(folder).write_bytes(samples_path(other).read_bytes())
    # Measuring again reads both files first, so the remedy has to name the one that is whole, too.
    with pytest.raises(RunFolderError, match=r"does not belong to latency\.json beside it; .* or delete both and type"):
        read_samples(folder)
    samples_path(folder).unlink()
    with pytest.raises(RunFolderError, match=rf"is missing; .* or delete {json_path(folder)} and type the same"):
        read_samples(folder)


def test_a_folder_in_the_place_of_the_samples_is_said(tmp_path: Path) -> None:
    folder = written(tmp_path, CELLS)
    samples_path(folder).unlink()
    samples_path(folder).mkdir()
    with pytest.raises(RunFolderError, match=r"cannot read .*latency\.parquet: Is a directory; delete both and"):
        read_samples(folder)


@pytest.mark.parametrize(
    ("column", "value", "kind", "got"),
    [("turn", 1 << 40, "int32", r"1\.09951e\+12"), ("host", 1e300, "float32", r"1e\+300")],
)
def test_samples_that_are_none_of_that_size_are_refused(
    tmp_path: Path, column: str, value: float, kind: str, got: str
) -> None:
    folder = written(tmp_path, CELLS)
    path, record = samples_path(folder), json.loads(json_path(folder).read_text(encoding="utf-8"))
    table = pq.read_table(path)
    place = table.column_names.index(column)
    pq.write_table(table.set_column(place, column, pa.array([value] * len(table))), path)
    # Whoever changes the one file can make the other fit.
    record["samples"] = hashlib.sha256(path.read_bytes()).hexdigest()
    json_path(folder).write_text(json.dumps(record), encoding="utf-8")
    with pytest.raises(
        RunFolderError, match=f"expected {kind} in the column '{column}', got {got} in row 0; delete it"
    ):
        read_samples(folder)


def test_reading_needs_no_torch(tmp_path: Path) -> None:
    written(tmp_path, CELLS)
    code = (
        "import sys; from pathlib import Path; from emobench.benchmark.run_folder import RunFolder;"
        "from emobench.benchmark.latency.files import read_latencies, read_samples;"
        f"folder = RunFolder(Path({str(tmp_path)!r})); read_latencies(folder); read_samples(folder);"
        "print('torch' in sys.modules, 'pandas' in sys.modules, 'scipy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == ["False", "False", "False"]


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({}, "prior | simulated | single | cpu | float32 | threads=1"),
        (
            {"scenario": "batch", "batch": 8, "context": 3, "dropped": "audio", "compiled": "default"},
            "prior | simulated | batch | batch=8 | context=3 | dropped=audio | cpu | float32 | compiled=default | "
            "threads=1",
        ),
        ({"weights": "first"}, "prior | simulated | single | cpu | float32 | threads=1 | first weights"),
    ],
)
def test_a_cell_has_one_text(changes: dict[str, object], text: str) -> None:
    assert cell(**changes).text == text
