"""Runs that were asked for some metrics by name: whatever was asked for is shown, and nothing false is said."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
from page_reader import parsed, words
from tex_reader import tables

from emobench.benchmark.files import write_table
from emobench.benchmark.run_folder import RunFolder
from emobench.reports.acting import why_not
from emobench.reports.conformal import absent
from emobench.reports.formats.html import HtmlPage
from emobench.reports.formats.latex import LatexDocument
from emobench.reports.gathering import read
from emobench.reports.other_figures import other_metrics, part_tables

Maker = Callable[..., RunFolder]
SETS, UNSAFE, SLICED = "conformal_coverage:level=0.8", "unsafe_share:risk=0.05", "sliced:by=shift"
COST, ABSTAINED = "decision_cost:costs=a.csv", "abstain_share:costs=a.csv"


def asked(folder: RunFolder, called: Mapping[str, str], metrics: Sequence[str] = (), state: str = "done") -> RunFolder:
    """Call figures otherwise, in a run that was asked for some metrics, and write the reports."""
    frame = pd.read_parquet(folder.results_path)
    frame = frame[frame["metric"].isin(called)].replace({"metric": dict(called)})
    # The fakes of sliced metrics have no figure of the whole.
    frame = frame[~(frame["metric"].str.startswith("sliced") & (frame["part"] == ""))]
    write_table(folder.results_path, pa.Table.from_pandas(frame, preserve_index=False))
    record = folder.read_record()
    fits = tuple(fit.model_copy(update={"validation_state": state}) for fit in record.fits)
    metrics = tuple(metrics) or tuple(called.values())
    folder.write_record(record.model_copy(update={"metrics": metrics, "fits": fits}))
    HtmlPage().write(folder)
    LatexDocument().write(folder)
    return folder


def test_figures_with_other_arguments_are_shown_and_nothing_is_said_to_lack(make_run: Maker, tmp_path: Path) -> None:
    called = {"accuracy": SETS, "ece": UNSAFE, "weighted_f1": "weighted_f1", "flip_rate": ABSTAINED}
    folder = asked(make_run(tmp_path / "run"), called)
    run = read(folder)
    data = run.data[0]
    assert set(other_metrics(data)) == {SETS, UNSAFE, ABSTAINED}
    assert absent(data, run.record) == ()
    assert why_not(data, run.record.metrics) == ""
    page = parsed(folder)
    text = words(" ".join(page.text))
    assert "No prediction sets" not in text
    assert "Acting on confidence" not in text
    (table,) = [one for one in page.tables if one.caption.startswith("Figures that no table above holds")]
    assert [words(cell) for cell in table.rows[0][2:]] == [
        SETS, "Unsafe share (risk=0.05) lower is better", "Share abstained (costs=a.csv)",
    ]  # fmt: skip
    clean = data.models[0].clean
    assert table.rows[1][2].startswith(clean[SETS].shown.value)
    row = next(row for row in tables(folder)["simulated-other-1"] if row[0] == "clean")
    assert [cell.split()[0] for cell in row[1:]] == [clean[one].shown.value for one in other_metrics(data)]


def test_a_metric_with_parts_is_shown_by_part(make_run: Maker, tmp_path: Path) -> None:
    called = {"f1": SLICED, "modality_weight": "modality_weight", "cel": "cel", "accuracy": "accuracy"}
    folder = asked(make_run(tmp_path / "run"), called)
    run = read(folder)
    (found,) = part_tables(run.data[0], run.record)
    assert found.metric == SLICED
    assert found.names == run.data[0].record.classes
    (table,) = [one for one in parsed(folder).tables if one.caption.startswith(f"{SLICED} by part on simulated")]
    assert table.rows[0] == ["Model", "Condition", *found.names]
    assert [row[:2] for row in table.rows[1:]] == [["rage_fusion", "clean"], ["bayes_optimal", "clean"]]
    figures = found.rows[0][2]
    assert [cell.split()[0] for cell in table.rows[1][2:]] == [one.shown.value for one in figures if one]
    rows = [row for row in tables(folder)["simulated-parts-1"] if len(row) == 3]
    assert [row[1] for row in rows] == [*found.names] * 2
    assert rows[0][2].split()[0] == (figures[0].shown.value if figures[0] else "–")


def test_what_is_asked_for_and_was_not_written_can_be_scored(make_run: Maker, tmp_path: Path) -> None:
    folder = asked(make_run(tmp_path / "run"), {"accuracy": "accuracy"}, ("accuracy", SETS, UNSAFE))
    run = read(folder)
    expected = "the results were written without {}; type `emobench score` for this folder."
    assert absent(run.data[0], run.record) == (
        f"No prediction sets of rage_fusion and bayes_optimal: {expected.format('them')}",
    )
    assert why_not(run.data[0], run.record.metrics) == (
        f"Acting on confidence is not shown for rage_fusion and bayes_optimal: {expected.format('it')}"
    )


def test_a_run_without_the_main_metrics_has_no_empty_parts(make_run: Maker, tmp_path: Path) -> None:
    folder = asked(make_run(tmp_path / "run"), {"accuracy": COST})
    text = words(" ".join(parsed(folder).text))
    assert "Decision cost (costs=a.csv)" in text
    for heading in ("In short", "No figures", "All conditions", "Clean input at a glance"):
        assert heading not in text
    for table in parsed(folder).tables:
        assert len(table.rows[0]) > 1
    tex = (folder.path / "report.tex").read_text(encoding="utf-8")
    assert "No figures" not in tex
    # A list without items does not compile.
    assert all(r"\item" in after.split(r"\end{itemize}")[0] for after in tex.split(r"\begin{itemize}")[1:])


def test_what_failed_is_told_in_any_run(make_run: Maker, tmp_path: Path) -> None:
    made = make_run(tmp_path / "run", failed=(("rage_fusion", "", "no room"),))
    folder = asked(made, {"accuracy": COST})
    text = words(" ".join(parsed(folder).text))
    assert "No figures on clean input: no room." in text
    assert "The exact posterior, the ceiling" not in text
