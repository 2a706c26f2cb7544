import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emobench.benchmark.errors import RunFolderError
from emobench.benchmark.files import write_table
from emobench.benchmark.run_folder import RunFolder
from emobench.reports.numbers import decimals_of
from emobench.reports.result_columns import places_of
from emobench.reports.results import Result, Results


def test_a_figure_is_found_by_its_place_and_part(plain: RunFolder) -> None:
    frame = pd.read_parquet(plain.results_path)
    chosen = frame[(frame.seed == -1) & (frame.metric == "f1") & (frame.model == "rage_fusion") & (frame.part == "joy")]
    found = Results.read(plain).get("rage_fusion", "simulated", "clean", "f1", "joy")
    assert found is not None
    assert (found.value, found.low) == (chosen.value.item(), chosen.low.item())
    assert found.dialogues == 120
    assert math.isnan(found.floor)


def test_what_is_not_there_is_none(plain: RunFolder) -> None:
    results = Results.read(plain)
    assert results.get("rage_fusion", "simulated", "clean", "nonsense") is None
    assert results.plain("rage_fusion", "simulated", "nonsense") == {}


def test_parts_of_single_seeds_are_left_out_but_not_their_figures(plain: RunFolder) -> None:
    results = Results.read(plain)
    assert results.get("rage_fusion", "simulated", "clean", "f1", "joy", seed=1) is None
    assert results.get("rage_fusion", "simulated", "clean", "accuracy", seed=1) is not None


def test_empty_cells_of_the_table_are_no_numbers(tmp_path: Path, plain: RunFolder) -> None:
    table = pd.read_parquet(plain.results_path).head(1)
    columns = {name: pa.array([None if name in ("low", "floor_high") else table[name].item()]) for name in table}
    folder = RunFolder(tmp_path)
    write_table(folder.results_path, pa.table(columns))
    (parts,) = Results.read(folder).figures.values()
    (figure,) = parts.values()
    assert math.isnan(figure.low)
    assert not figure.within_floor


def test_a_missing_column_without_which_nothing_can_be_shown_is_named(tmp_path: Path, plain: RunFolder) -> None:
    folder = RunFolder(tmp_path)
    frame = pd.read_parquet(plain.results_path).drop(columns="part")
    write_table(folder.results_path, pa.Table.from_pandas(frame))
    with pytest.raises(RunFolderError, match=r"expected the column 'part', got model, data.*type `emobench score`"):
        Results.read(folder)


def test_columns_of_a_newer_emobench_need_not_be_there(tmp_path: Path, plain: RunFolder) -> None:
    folder = RunFolder(tmp_path)
    frame = pd.read_parquet(plain.results_path).drop(columns=["floor", "low", "draws", "draw_sd"])
    write_table(folder.results_path, pa.Table.from_pandas(frame))
    results = Results.read(folder)
    assert results.lacking == ("low", "floor", "draw_sd", "draws")
    found = results.get("rage_fusion", "simulated", "clean", "ece")
    whole = Results.read(plain).get("rage_fusion", "simulated", "clean", "ece")
    assert found is not None
    assert whole is not None
    assert (found.value, found.high, found.draws) == (whole.value, whole.high, 0)
    assert math.isnan(found.floor)
    assert found.shown.interval == ""


def test_a_folder_that_was_not_scored_is_refused(tmp_path: Path, make_run: Callable[..., RunFolder]) -> None:
    folder = make_run(tmp_path, only=("clean",), dialogues=20)
    folder.results_path.unlink()
    with pytest.raises(RunFolderError, match=r"results\.parquet is missing"):
        Results.read(folder)


@pytest.mark.parametrize(
    ("value", "floor_high", "within"), [(0.03, 0.03, True), (0.031, 0.03, False), (0.0, math.nan, False)]
)
def test_within_the_floor_means_not_above_its_upper_end(value: float, floor_high: float, *, within: bool) -> None:
    assert Result(value, floor_high=floor_high).within_floor is within


def test_what_sums_are_off_by_is_no_figure(tmp_path: Path, plain: RunFolder) -> None:
    table = pd.read_parquet(plain.results_path).head(1)
    table["value"], table["low"], table["high"], table["draw_sd"] = 1 - 2e-16, 1 - 1e-15, 1 + 1e-9, 7e-17
    folder = RunFolder(tmp_path)
    write_table(folder.results_path, pa.Table.from_pandas(table, preserve_index=False))
    (parts,) = Results.read(folder).figures.values()
    (figure,) = parts.values()
    assert (figure.value, figure.low, figure.high, figure.draw_sd) == (1.0, 1.0, 1 + 1e-9, 0.0)


def test_figures_of_a_metric_share_their_decimals_and_its_parts_theirs(tmp_path: Path, plain: RunFolder) -> None:
    row = pd.read_parquet(plain.results_path).head(1).assign(metric="ece", part="", seed=-1, value=0.5, floor=0.0123)
    halves = {"a": 0.004, "b": 0.02, "c": 0.03, "d": math.nan, "e": 0.0}
    whole = [row.assign(condition=name, low=0.5 - half, high=0.5 + half) for name, half in halves.items()]
    frame = pd.concat([*whole, row.assign(part="joy", low=0.3, high=0.7), row.assign(seed=0, low=0.1, high=0.9)])
    folder = RunFolder(tmp_path)
    write_table(folder.results_path, pa.Table.from_pandas(frame, preserve_index=False))
    results = Results.read(folder)
    model, data = row.model.item(), row.data.item()
    found = [results.get(model, data, name, "ece") for name in halves]
    assert [str(one.shown) for one in found if one] == [
        "0.500 [0.496, 0.504]", "0.500 [0.480, 0.520]", "0.500 [0.470, 0.530]", "0.500", "0.500 [0.500, 0.500]",
    ]  # fmt: skip
    condition = row.condition.item()
    assert [str(one.shown) for one in (results.get(model, data, condition, "ece", "joy"),) if one] == [
        "0.50 [0.30, 0.70]"
    ]
    alone = results.get(model, data, condition, "ece", seed=0)
    assert alone is not None
    assert (str(alone.signed), alone.beside(alone.floor), alone.beside(-0.00001)) == (
        "+0.500 [0.100, 0.900]", "0.012", ">−0.001",
    )  # fmt: skip


@given(
    st.lists(
        st.tuples(
            *[st.floats(-2000, 2000)] * 2,
            st.floats(1e-11, 3000) | st.sampled_from((0.0199, 0.199, 1.99, 19.9, 0.02, 0.2)),
        ),
        min_size=1,
        max_size=30,
    )
)
def test_decimals_of_many_figures_are_those_of_each(figures: list[tuple[float, float, float]]) -> None:
    told = [(value, low, low + width) for value, low, width in figures if low + width - low > 1e-12]
    value, low, high = np.array(told).reshape(-1, 3).T
    assert places_of(value, low, high).tolist() == [decimals_of(*one) for one in told]


def test_decimals_of_an_interval_without_ends_are_those_of_a_number() -> None:
    value, low, high = np.array([0.5, 12.0, 500.0]), np.full(3, -np.inf), np.full(3, np.inf)
    assert places_of(value, low, high).tolist() == [3, 2, 1]


def test_words_where_numbers_belong_are_named(tmp_path: Path, plain: RunFolder) -> None:
    folder = RunFolder(tmp_path)
    table = pd.read_parquet(plain.results_path).head(3).assign(low="much")
    write_table(folder.results_path, pa.Table.from_pandas(table, preserve_index=False))
    with pytest.raises(
        RunFolderError, match=r"expected numbers in the column 'low', got .*string; type `emobench score`"
    ):
        Results.read(folder)
    for values in ([1e300, 1, 1], [0.5, 1, 1], [np.inf, 1, 1]):
        table = pd.read_parquet(plain.results_path).head(3).assign(draws=values)
        write_table(folder.results_path, pa.Table.from_pandas(table, preserve_index=False))
        with pytest.raises(
            RunFolderError, match=r"expected whole numbers in the column 'draws', got .* in row 0; type"
        ):
            Results.read(folder)
    signalling = np.frombuffer(bytes.fromhex("010000000000f07f") * 3, "<f8")
    table = pd.read_parquet(plain.results_path).head(3).assign(floor=signalling)
    write_table(folder.results_path, pa.Table.from_pandas(table, preserve_index=False))
    assert Results.read(folder)
