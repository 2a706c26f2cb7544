"""Predictions as files: what is written is what is read, and damage is named."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from emobench.benchmark.errors import PredictionError, RunFolderError
from emobench.benchmark.prediction_files import conditions_in, read_predictions, write_predictions
from emobench.benchmark.predictions import Predictions
from emobench.benchmark.randomness import Randomness

RATE = "modality_drop:rate=0.3"


def drawn(rows: int = 5, *, classes: int = 3, seed: int = 0, weights: bool = False) -> Predictions:
    rng = Randomness(seed, ("files",)).generator()
    shares = rng.dirichlet([1, 1], rows)
    return Predictions(
        probabilities=rng.dirichlet(np.ones(classes), rows),
        modality_weights={"text": shares[:, 0], "audio": shares[:, 1]} if weights else {},
    )


def once(of_conditions: dict[str, Predictions]) -> dict[str, tuple[Predictions, ...]]:
    """Return predictions under conditions that were drawn once."""
    return {condition: (those,) for condition, those in of_conditions.items()}


@pytest.mark.parametrize("weights", [False, True])
def test_what_is_written_is_read(tmp_path: Path, weights: bool) -> None:
    path = tmp_path / "predictions" / "model.parquet"
    written = {text: drawn(seed=seed, weights=weights) for seed, text in enumerate(("clean", RATE, "a+b:c=d"))}
    write_predictions(path, once(written))
    assert conditions_in(path) == ("clean", RATE, "a+b:c=d")
    for condition, those in written.items():
        read = read_predictions(path, condition)
        np.testing.assert_array_equal(read.probabilities, those.probabilities)
        assert list(read.modality_weights) == list(those.modality_weights)
        for modality, values in those.modality_weights.items():
            np.testing.assert_array_equal(read.modality_weights[modality], values)


def test_the_file_is_as_documented(tmp_path: Path) -> None:
    path = tmp_path / "model.parquet"
    write_predictions(path, once({"clean": drawn(weights=True), RATE: drawn(weights=True)}))
    table = pq.read_table(path)
    assert table.column_names == ["condition", "draw", "utterance", "p_0", "p_1", "p_2", "weight_text", "weight_audio"]
    assert table["utterance"].to_pylist() == [0, 1, 2, 3, 4] * 2
    assert table["condition"].to_pylist() == ["clean"] * 5 + [RATE] * 5
    # One row group per condition, so that one is read without the others.
    assert pq.ParquetFile(path).num_row_groups == 2


def test_each_draw_is_read_by_its_number(tmp_path: Path) -> None:
    path, draws = tmp_path / "model.parquet", [drawn(seed=seed) for seed in range(3)]
    write_predictions(path, {"clean": [drawn(seed=9)], RATE: draws})
    assert conditions_in(path) == ("clean", RATE)
    for number, those in enumerate(draws):
        np.testing.assert_array_equal(read_predictions(path, RATE, number).probabilities, those.probabilities)
    with pytest.raises(PredictionError, match="condition 'clean', draw 1: expected its predictions, got none"):
        read_predictions(path, "clean", 1)


def test_single_precision_is_kept_as_it_is(tmp_path: Path) -> None:
    probabilities = drawn().probabilities.astype(np.float32)
    write_predictions(tmp_path / "f.parquet", once({"clean": Predictions(probabilities)}))
    read = read_predictions(tmp_path / "f.parquet", "clean").probabilities
    assert read.dtype == np.float64
    np.testing.assert_array_equal(read, probabilities)


def test_rows_may_come_in_any_order_and_in_any_row_groups(tmp_path: Path) -> None:
    path = tmp_path / "model.parquet"
    write_predictions(path, once({"clean": drawn(seed=1), RATE: drawn(seed=2)}))
    expected = read_predictions(path, RATE).probabilities
    table = pq.read_table(path)
    mixed = table.take(Randomness(3).generator().permutation(len(table)))
    pq.write_table(mixed, path, row_group_size=3, write_statistics=False)
    np.testing.assert_array_equal(read_predictions(path, RATE).probabilities, expected)
    assert set(conditions_in(path)) == {"clean", RATE}


def test_nothing_to_write_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PredictionError, match=r"expected predictions under one condition or more for m\.parquet"):
        write_predictions(tmp_path / "m.parquet", {})


def test_conditions_of_different_columns_are_refused_and_leave_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "m.parquet"
    write_predictions(path, once({"clean": drawn()}))
    with pytest.raises(PredictionError) as caught:
        write_predictions(path, once({"clean": drawn(), RATE: drawn(classes=2)}))
    assert str(caught.value) == (
        "expected the columns condition, draw, utterance, p_0, p_1, p_2 under every condition, as under 'clean'; "
        "got condition, draw, utterance, p_0, p_1 under 'modality_drop:rate=0.3'"
    )
    assert conditions_in(path) == ("clean",)
    assert list(tmp_path.iterdir()) == [path]


def test_a_missing_file_and_a_missing_condition(tmp_path: Path) -> None:
    path = tmp_path / "m.parquet"
    with pytest.raises(RunFolderError, match=r"m\.parquet is missing; run the same `emobench run` again"):
        read_predictions(path, "clean")
    write_predictions(path, once({"clean": drawn()}))
    with pytest.raises(PredictionError, match=rf"m\.parquet, condition '{RATE}': expected its predictions, got none"):
        read_predictions(path, RATE)


def test_a_truncated_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "m.parquet"
    write_predictions(path, once({"clean": drawn()}))
    path.write_bytes(path.read_bytes()[:200])
    for read in (lambda: read_predictions(path, "clean"), lambda: conditions_in(path)):
        with pytest.raises(RunFolderError, match=r"m\.parquet is damaged \(.*\); delete it and run the same"):
            read()


def damaged(path: Path, column: str, values: pa.Array) -> None:
    """Replace a column of the only condition of a file."""
    write_predictions(path, once({"clean": drawn()}))
    table = pq.read_table(path)
    pq.write_table(table.set_column(table.column_names.index(column), column, values), path)


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        (
            "utterance",
            [0, 1, 2, 2, 4],
            "once, got utterance 2 twice, the second time in row 3",
        ),
        ("utterance", [0, 1, 2, 3, 7], "expected each utterance from 0 to 4 once, got utterance 7 in row 4"),
        ("utterance", [0, 1, None, 3, 4], "expected each utterance from 0 to 4 once, got utterance 3 in row 3"),
        ("utterance", ["a", "b", "c", "d", "e"], "expected numbers in the column 'utterance', got string"),
        ("p_1", ["a", "b", "c", "d", "e"], "expected numbers in the column 'p_1', got string"),
        ("p_1", [0.1, 0.2, None, 0.3, 0.4], "in row 0"),
        ("p_1", [9.0, 0.0, 0.0, 0.0, 0.0], "expected probabilities ≥ 0 that sum to 1 ± 0.0001"),
    ],
)
def test_rows_that_cannot_be_are_named(tmp_path: Path, column: str, values: list[object], message: str) -> None:
    path = tmp_path / "m.parquet"
    damaged(path, column, pa.array(values))
    with pytest.raises(PredictionError) as caught:
        read_predictions(path, "clean")
    assert str(caught.value).startswith(f"{path}, condition 'clean': ")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_conditions_that_are_no_texts_or_there_twice_are_named(tmp_path: Path) -> None:
    path = tmp_path / "m.parquet"
    damaged(path, "condition", pa.array([[0.5, 0.5]] * 5, pa.list_(pa.float64(), 2)))
    with pytest.raises(PredictionError, match=r"expected texts in the column 'condition', got fixed_size_list"):
        conditions_in(path)
    write_predictions(path, once({"clean": drawn()}))
    table = pq.read_table(path)
    pq.write_table(table.append_column("condition", table["condition"]), path)
    for read in (lambda: read_predictions(path, "clean"), lambda: conditions_in(path)):
        with pytest.raises(PredictionError, match=r"m\.parquet: expected each column once, got 'condition' twice"):
            read()


def test_an_empty_cell_is_a_nan_and_its_row_is_named(tmp_path: Path) -> None:
    path = tmp_path / "m.parquet"
    good = drawn().probabilities
    damaged(path, "p_2", pa.array([*good[:3, 2], None, good[4, 2]]))
    with pytest.raises(PredictionError, match=r"got \[.*, nan\] in row 3 \(1 of 5 rows are bad\)"):
        read_predictions(path, "clean")


@pytest.mark.parametrize("dropped", ["condition", "utterance", "p_1", "p_0"])
def test_a_missing_column_is_named(tmp_path: Path, dropped: str) -> None:
    path = tmp_path / "m.parquet"
    write_predictions(path, once({"clean": drawn()}))
    pq.write_table(pq.read_table(path).drop_columns([dropped]), path)
    for read in (lambda: read_predictions(path, "clean"), lambda: conditions_in(path)):
        with pytest.raises(PredictionError, match=rf"m\.parquet: expected the column '{dropped}', got "):
            read()


def test_conditions_that_point_to_nothing_are_damage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "m.parquet"
    write_predictions(path, once({"clean": drawn()}))
    broken = pa.DictionaryArray.from_arrays(pa.array([3] * 5), pa.array([], pa.string()), safe=False)
    table = pq.read_table(path).set_column(0, "condition", broken)
    monkeypatch.setattr(pq.ParquetFile, "read_row_group", lambda *_, **__: table)
    with pytest.raises(RunFolderError, match=r"m\.parquet is damaged"):
        conditions_in(path)
