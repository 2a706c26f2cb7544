"""Tables as papers lay them out, filled from runs."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from tex_reader import tables

from emobench.benchmark.errors import UnknownName
from emobench.benchmark.files import write_table
from emobench.benchmark.run_folder import RunFolder
from emobench.benchmark.suite_files import suite_names
from emobench.benchmark.suites import load_suite
from emobench.reports.formats.latex import LatexDocument
from emobench.reports.gathering import read
from emobench.reports.layouts import layouts, layouts_of

Maker = Callable[..., RunFolder]
MELD = ("neutral", "surprise", "fear", "sadness", "joy", "disgust", "anger")
CEL = "cel:form=sum,operator=mean,space=log"


def made(folder: RunFolder, layout: str) -> dict[str, list[list[str]]]:
    LatexDocument(layout=layout).write(folder)
    return {label: rows for label, rows in tables(folder).items() if label.startswith(layout.replace("_", "-"))}


@pytest.fixture(scope="module")
def cmerc(make_run: Maker, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """M3Net with and without methods on MELD and on simulated data, CEL among the figures asked for."""
    folder = make_run(
        tmp_path_factory.mktemp("runs") / "cmerc", models=("m3net", "m3net:preset=paper", "m3net+cmerc"),
        data=("meld", "simulated"), classes=MELD, only=("clean",), seeds=(0,), dialogues=60,
    )  # fmt: skip
    frame = pd.read_parquet(folder.results_path)
    cel = frame[(frame.metric == "ece") & (frame.part == "") & (frame.seed == -1)].assign(metric=CEL, part="all")
    cel = cel.assign(value=cel.value * 1000)
    write_table(folder.results_path, pa.Table.from_pandas(pd.concat([frame, cel]), preserve_index=False))
    metrics = ("weighted_f1", "f1", CEL, "ece")
    suite = load_suite("cmerc_table6")
    folder.write_record(folder.read_record().model_copy(update={"metrics": metrics, "suites": (suite,)}))
    return folder


def rounded(cell: str, value: float) -> bool:
    """Return whether a cell shows a number, rounded to the digits that it has."""
    places = len(cell.partition(".")[2])
    return places > 0 and abs(float(cell) - value) <= 0.5 * 10**-places + 1e-9


def hundredfold(folder: RunFolder, model: str, data: str, metric: str, part: str = "") -> float:
    frame = pd.read_parquet(folder.results_path)
    own = frame[(frame.seed == -1) & (frame.part == part) & (frame.metric == metric) & (frame.condition == "clean")]
    return 100 * float(own[(own.model == model) & (own.data == data)].value.iloc[0])


def test_rows_and_columns_are_the_papers(cmerc: RunFolder) -> None:
    found = made(cmerc, "cmerc_table5")
    (rows,) = (rows for label, rows in found.items() if label == "cmerc-table5")
    assert [row[0] for row in rows][:6] == [
        "M3Net", r"\quad\emphpublished", "+ temperature scaling", r"\quad\emphpublished", "+ ensemble",
        r"\quad\emphpublished",
    ]  # fmt: skip
    assert rows[1][1:] == ["69.61", "1772.54", "15.21", "18.18", "16.18", "92.3", "73.36"]
    assert rows[0][1:] == ["--"] * 7
    text = (cmerc.path / "report.tex").read_text(encoding="utf-8")
    assert "--: not measured, as the run is without IEMOCAP." in text
    assert "Not in the run: + temperature scaling, + ensemble, + CRL, + FMFP, + CML." in text
    assert r"Weighted F1 & \bfseries CEL & \bfseries ECE & \bfseries MCE & \bfseries RMSCE" in text


def test_measured_figures_stand_beside_published_ones(cmerc: RunFolder) -> None:
    rows = made(cmerc, "cmerc_table5")["cmerc-table5"]
    start = [row[0] for row in rows].index("M3Net (m3net)")
    plain, paper, there = rows[start : start + 3]
    assert paper[0] == "M3Net (m3net:preset=paper)"
    assert rounded(plain[1], hundredfold(cmerc, "m3net", "meld", "weighted_f1"))
    assert rounded(plain[3], hundredfold(cmerc, "m3net", "meld", "ece"))
    assert float(plain[2]) == pytest.approx(10 * float(plain[3]), abs=1.1), "CEL is no share"
    assert there[1:3] == ["65.37", "799.58"]
    simulated = rows[-8:]
    assert [row[0] for row in simulated][:2] == ["M3Net (m3net)", "M3Net (m3net:preset=paper)"]
    assert rounded(simulated[-1][1], hundredfold(cmerc, "m3net+cmerc", "simulated", "weighted_f1"))


def test_classes_have_columns_of_their_own_and_suites_their_tables(cmerc: RunFolder) -> None:
    LatexDocument().write(cmerc)
    found = tables(cmerc)
    assert {"cmerc-table6-1", "cmerc-table6-2", "cmerc-table6-3"} <= found.keys()
    assert "cmerc-table5" not in found
    iemocap, meld, simulated = (found[f"cmerc-table6-{number}"] for number in (1, 2, 3))
    assert [len(rows[0]) for rows in (iemocap, meld, simulated)] == [9, 10, 10]
    assert iemocap[1] == [
        r"\quad\emphpublished", "30.71", "83.71", "53.37", "62.57", "68.06", "56.92", "60.44", "450.94",
    ]  # fmt: skip
    row = next(row for row in meld if row[0] == "M3Net (m3net)")
    assert rounded(row[1], hundredfold(cmerc, "m3net", "meld", "f1", "neutral"))
    fragment = (cmerc.path / "tex" / "cmerc-table6-2.tex").read_text(encoding="utf-8")
    assert r"\label{tab:cmerc-table6-2}" in fragment


def test_data_sets_side_by_side_have_intervals(tmp_path: Path, make_run: Maker) -> None:
    folder = make_run(tmp_path, models=("rage_fusion", "prior"), data=("meld",), only=("clean",), dialogues=60)
    rows = made(folder, "rage_fusion_table3")["rage-fusion-table3"]
    frame = pd.read_parquet(folder.results_path).query("seed == -1 and metric == 'weighted_f1' and part == ''")
    own = frame[frame.model == "rage_fusion"].iloc[0]
    here = next(row for row in rows if row[0] == "RAGE-Fusion")
    value, low, high = (cell.strip("[],") for cell in here[1].split())
    assert rounded(value, 100 * own.value)
    assert rounded(low, 100 * own.low)
    assert rounded(high, 100 * own.high)
    assert here[2] == "--"
    text = (folder.path / "report.tex").read_text(encoding="utf-8")
    assert "In per cent. Brackets: 95" in text
    assert r"MELD Weighted F1 & \bfseries IEMOCAP Weighted F1" in text
    spread = made(folder, "mister_e_table2")["mister-e-table2"]
    assert next(row for row in spread if "± " in row[1])[1] == "66.9 ± 2"


def test_conditions_stand_in_rows_where_the_paper_has_them_so(tmp_path: Path, make_run: Maker) -> None:
    folder = make_run(tmp_path, models=("sure", "sure:experts=0"), data=("meld",), only=("clean",), dialogues=60)
    rows = made(folder, "sure_table3")["sure-table3"]
    labels = [row[0] for row in rows]
    assert labels[:4] == ["SURE", "without experts", r"\quad\emphpublished", "without reasoning"]
    assert rows[0][1:3] == ["--", "--"]
    assert rows[0][3] != "--"
    assert rows[labels.index("Text")][3] == "--"


def test_every_layout_has_a_suite_and_every_cell_of_the_papers_a_place() -> None:
    from emobench.benchmark.published import published

    assert set(layouts()) <= set(suite_names())
    for name, layout in layouts().items():
        suite = load_suite(name)
        assert (layout.paper, layout.place, set(layout.data)) == (suite.paper, suite.place, set(suite.data))
        systems = {(row.system, row.condition) for row in layout.rows}
        metrics = {metric for column in layout.columns for metric in column.metrics}
        of_table = [one for one in published() if (one.paper, one.place) == (layout.paper, layout.place)]
        left_out = [one for one in of_table if (one.system, one.condition) not in systems or one.metric not in metrics]
        # Rows of other papers that are quoted beside the ablations, and figures that belong to Table 7.
        assert {one.system for one in left_out} <= {"dialogue_rnn", "dialogue_gcn", "mmgcn", "mm_dfn", "m3net"} | {
            "m3net+cmerc"
        }, name


def test_an_unknown_layout_is_refused(cmerc: RunFolder) -> None:
    with pytest.raises(UnknownName, match="layout"):
        layouts_of(read(cmerc), "cmerc_table1")
