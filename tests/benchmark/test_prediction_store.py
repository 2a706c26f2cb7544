"""The predictions of a model while they are made."""

from pathlib import Path

import numpy as np
import pytest

from emobench.benchmark.errors import RunFolderError
from emobench.benchmark.prediction_files import conditions_in, read_predictions
from emobench.benchmark.prediction_store import PredictionStore, whole_conditions
from emobench.benchmark.predictions import Predictions
from emobench.benchmark.randomness import Randomness

DRAWS = {"clean": 1, "noise": 2, "order": 1}


def drawn(condition: str) -> list[Predictions]:
    rng = Randomness(0, ("store", condition)).generator()
    return [
        Predictions(rng.dirichlet(np.ones(3), 5), {"text": rng.random(5), "audio": rng.random(5)})
        for _ in range(DRAWS[condition])
    ]


def made(path: Path, *groups: tuple[str, ...]) -> bytes:
    """Return the bytes of a file to which each group of conditions was added by a run of its own."""
    kept: tuple[str, ...] = ()
    for group in groups:
        with PredictionStore(path, DRAWS, kept=kept) as store:
            for condition in group:
                store.put(condition, drawn(condition))
                store.flush()
        kept += group
    return path.read_bytes()


def test_the_file_is_the_same_in_whatever_order_it_was_made(tmp_path: Path) -> None:
    once = made(tmp_path / "once.parquet", ("clean", "noise", "order"))
    assert made(tmp_path / "other.parquet", ("order", "clean", "noise")) == once
    assert made(tmp_path / "by_and_by.parquet", ("noise",), ("order",), ("clean",)) == once
    assert conditions_in(tmp_path / "other.parquet") == tuple(DRAWS)
    for condition, draws in DRAWS.items():
        for draw in range(draws):
            read = read_predictions(tmp_path / "once.parquet", condition, draw)
            assert np.array_equal(read.probabilities, drawn(condition)[draw].probabilities)


def test_a_file_made_in_order_is_there_as_soon_as_the_last_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    once = made(tmp_path / "once.parquet", tuple(DRAWS))
    monkeypatch.delattr(PredictionStore, "_tables")
    with PredictionStore(tmp_path / "p.parquet", DRAWS) as store:
        for condition in DRAWS:
            store.put(condition, drawn(condition))
        store.flush()
    assert (tmp_path / "p.parquet").read_bytes() == once


@pytest.mark.parametrize(
    "order", [("order", "noise", "clean"), ("clean", "clean", "noise", "order"), ("noise", "clean", "order")], ids=str
)
def test_in_any_other_order_it_is_written_at_the_end(tmp_path: Path, order: tuple[str, ...]) -> None:
    once = made(tmp_path / "once.parquet", tuple(DRAWS))
    path = tmp_path / "p.parquet"
    with PredictionStore(path, DRAWS) as store:
        for condition in order:
            store.put(condition, drawn(condition))
        assert not path.exists()
        store.flush()
    assert path.read_bytes() == once
    assert sorted(file.name for file in tmp_path.iterdir()) == ["once.parquet", "p.parquet"]


def test_what_is_not_flushed_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "p.parquet"
    once = made(path, ("clean",))
    with PredictionStore(path, DRAWS) as store:
        store.put("noise", drawn("noise"))
    assert path.read_bytes() == once
    assert [file.name for file in tmp_path.iterdir()] == ["p.parquet"]


def test_what_was_put_can_be_read_before_and_after_it_is_written(tmp_path: Path) -> None:
    with PredictionStore(tmp_path / "p.parquet", DRAWS) as store:
        assert "noise" not in store
        store.put("noise", drawn("noise"))
        for _ in range(2):
            assert "noise" in store
            read, expected = store.read("noise", 1), drawn("noise")[1]
            assert np.array_equal(read.probabilities, expected.probabilities)
            assert list(read.modality_weights) == ["text", "audio"]
            assert np.array_equal(read.modality_weights["audio"], expected.modality_weights["audio"])
            store.flush()


def test_what_is_made_anew_takes_the_place_of_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "p.parquet"
    made(path, ("clean", "noise"))
    with PredictionStore(path, DRAWS, kept=("noise",)) as store:
        assert "clean" not in store, "a condition that the record does not vouch for"
        store.put("clean", drawn("clean"))
        store.put("noise", list(reversed(drawn("noise"))))
        store.flush()
    assert np.array_equal(read_predictions(path, "noise", 0).probabilities, drawn("noise")[1].probabilities)


def test_half_a_condition_is_none(tmp_path: Path) -> None:
    path = tmp_path / "p.parquet"
    with PredictionStore(path, DRAWS) as store:
        store.put("noise", drawn("noise")[:1])
        assert "noise" not in store
        store.flush()
        assert not path.exists()


def test_what_is_damaged_or_missing_is_not_whole(tmp_path: Path) -> None:
    path = tmp_path / "p.parquet"
    assert whole_conditions(path, DRAWS) == frozenset()
    made(path, ("clean", "order"))
    assert whole_conditions(path, DRAWS) == {"clean", "order"}
    assert whole_conditions(path, {"clean": 2}) == frozenset()
    assert whole_conditions(path, {}) == frozenset()
    path.write_bytes(path.read_bytes()[:-20])
    assert whole_conditions(path, DRAWS) == frozenset()


def test_a_file_that_cannot_be_written_ends_it(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(RunFolderError), PredictionStore(tmp_path / "file" / "p.parquet", DRAWS) as store:
        store.put("clean", drawn("clean"))
