"""Tables on disk until they are written where they belong."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from emobench.benchmark.errors import RunFolderError
from emobench.benchmark.prediction_files import prediction_table
from emobench.benchmark.predictions import Predictions
from emobench.benchmark.spool import Spool, pack


def table(*numbers: float) -> pa.Table:
    return pa.table({"x": list(numbers)})


def test_tables_come_back_whatever_the_order(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "new")
    assert not (tmp_path / "new").exists(), "nothing is made before it is needed"
    spool.put(("a", 0), pack(table(1.0, 2.0)))
    spool.put(("b", 0), pack(table(3.0)))
    assert spool.get(("a", 0)).equals(table(1.0, 2.0))
    spool.put(("a", 0), pack(table(4.0)))
    assert (spool.get(("b", 0))["x"].to_pylist(), spool.get(("a", 0))["x"].to_pylist()) == ([3.0], [4.0])
    assert (len(spool), list(spool), ("b", 1) in spool) == (2, [("a", 0), ("b", 0)], False)
    assert list((tmp_path / "new").iterdir()) == [], "the file has no name"
    spool.close()
    assert (len(spool), ("a", 0) in spool) == (0, False)
    spool.put(("c", 0), pack(table(5.0)))
    assert spool.get(("c", 0))["x"].to_pylist() == [5.0]
    spool.close()
    spool.close()


def test_columns_come_back_as_they_were(tmp_path: Path) -> None:
    given = prediction_table("noise:snr_db=0", 2, Predictions(np.array([[0.25, 0.75]] * 3)))
    spool = Spool(tmp_path)
    spool.put(("x", 0), pack(given))
    assert spool.get(("x", 0)).schema == given.schema
    assert spool.get(("x", 0)).equals(given)
    spool.close()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(RunFolderError) as caught:
        Spool(tmp_path / "file").put(("a", 0), pack(table(1.0)))
    assert str(caught.value) == (
        f"cannot write to {tmp_path / 'file'}: File exists; make the folder writable or use another one"
    )
