"""Parquet files that are damaged in ways that pyarrow itself lets pass."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from emobench.benchmark import parquet_files
from emobench.benchmark.arrow_columns import is_text, wrong_column
from emobench.benchmark.parquet_files import DAMAGED, open_parquet, read_schema, sound


def written(path: Path, table: pa.Table) -> Path:
    pq.write_table(table, path)
    return path


def test_a_file_is_opened(tmp_path: Path) -> None:
    path = written(tmp_path / "a.parquet", pa.table({"a": ["x", "x"], "b": [1, 2]}))
    with open_parquet(path, repeated=["a"]) as file:
        assert sound(file.read())["a"].to_pylist() == ["x", "x"]
    assert read_schema(path).names == ["a", "b"]


def test_more_than_any_memory_is_refused_before_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path / "a.parquet", pa.table({"a": [1] * 100, "b": [1] * 100}))
    monkeypatch.setattr(parquet_files, "MOST_CELLS", 199)
    with pytest.raises(DAMAGED, match="100 rows of 2 columns are more than is read"):
        open_parquet(path)


def test_a_column_of_parts_has_no_texts_to_be_kept_once(tmp_path: Path) -> None:
    path = written(tmp_path / "a.parquet", pa.table({"a": [{"b": 1}]}))
    with pytest.raises(DAMAGED, match="made of parts"):
        open_parquet(path, repeated=["a"])


def test_columns_have_names_of_their_own_and_texts_are_texts() -> None:
    twice = pa.Table.from_arrays([pa.array([1]), pa.array([2])], ["a", "a"])
    with pytest.raises(DAMAGED, match="the column 'a' is there twice"):
        sound(twice)
    no_text = pa.Array.from_buffers(pa.string(), 1, [None, pa.py_buffer(b"\0\0\0\0\1\0\0\0"), pa.py_buffer(b"\xff")])
    with pytest.raises(DAMAGED, match="UTF8"):
        sound(pa.table({"a": no_text}))


def test_what_is_wrong_with_columns_is_said() -> None:
    table = pa.table({"a": ["x", None], "b": [1, 2], "c": [0.5, None], "d": pa.array(["x", "y"]).dictionary_encode()})
    assert is_text(table["d"])
    assert wrong_column(table, texts=["d"], numbers=["b", "c"], whole=["b"]) == ""
    assert wrong_column(table, texts=["a"]) == "expected texts in the column 'a', got string with 1 empty cells"
    assert wrong_column(table, numbers=["d"]).startswith("expected numbers in the column 'd', got dictionary")
    assert wrong_column(table, whole=["c"]) == "expected whole numbers in the column 'c', got double with 1 empty cells"
    assert wrong_column(table, whole=["e"]) == "expected the column 'e', got a, b, c, d"
