"""Comparisons on the page, in LaTeX and on the terminal."""

import hashlib
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest
from page_reader import Reader, parsed
from rich.console import Console

from emobench.benchmark.comparison_record import COMPARISON_COLUMNS
from emobench.benchmark.comparisons import Asking, judged, table_of
from emobench.benchmark.errors import RunFolderError
from emobench.benchmark.files import write_table
from emobench.benchmark.multiplicity import Split
from emobench.benchmark.paired import Difference
from emobench.benchmark.paired_sources import Place
from emobench.benchmark.run_folder import RunFolder
from emobench.reports.comparison_terminal import comparison_summary
from emobench.reports.comparisons import OUTDATED, About, average_ranks, comparisons_of, view_of, why_no_ranks
from emobench.reports.formats.html import HtmlPage
from emobench.reports.formats.latex import LatexDocument
from emobench.reports.ranks import rank_sentence

Maker = Callable[..., RunFolder]
NAN = float("nan")


def one(model: str = "rage_fusion", condition: str = "clean", metric: str = "ece", **changes: object) -> Difference:
    made = Difference(
        run="runs/new", place=Place(model, "simulated", condition), reference_run="runs/new",
        reference=Place("prior", "simulated", condition), metric=metric, part="", direction="lower", value=0.3,
        reference_value=0.1, difference=0.2, low=0.1, high=0.4, level=0.95, lower_bound=0.12, upper_bound=0.38,
        p=0.012, standard_error=0.1, seed_error=NAN, draws=10_000, utterances=900, dialogues=90, split=Split(NAN, 0.1),
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]  # names and types as above


def write(folder: RunFolder, differences: Sequence[Difference], **asking: object) -> Path:
    record = hashlib.sha256(folder.record_path.read_bytes()).hexdigest()
    made = judged(differences, Asking(**asking))  # type: ignore[arg-type]  # names and types as there
    write_table(folder.comparisons_path, table_of(made, [record]))
    return folder.comparisons_path


@pytest.fixture
def folder(make_run: Maker, tmp_path: Path) -> RunFolder:
    return make_run(tmp_path / "run", models=("rage_fusion", "prior"), metrics=("ece", "weighted_f1"), seeds=(0,))


def test_the_page_holds_the_table(folder: RunFolder) -> None:
    write(
        folder, [one(), one(condition="modality_drop:rate=*", metric="degradation_area"), one(metric="f1", part="joy")]
    )
    HtmlPage().write(folder)
    page: Reader = parsed(folder)
    tables = {table.caption: table.rows for table in page.tables}
    rows = tables["ECE (lower is better): rage_fusion − prior on simulated. p adjusted over all 3 comparisons."]
    assert rows[0] == ["Condition", "Difference", "95\u00a0% interval", "p, adjusted", "Verdict", "Detects"]
    assert rows[1] == ["clean", "+0.20", "[0.10, 0.40]", "0.012", "worse", "0.280"]
    (curve,) = [rows for caption, rows in tables.items() if caption.startswith("Degradation area (lower")]
    assert curve[1][0] == "modality_drop:rate=* (whole curve)"
    (part,) = [rows for caption, rows in tables.items() if caption.startswith("F1 (lower")]
    assert part[1][0] == "clean, joy"
    assert ("a", {"href": "#comparisons"}) in page.tags
    assert OUTDATED not in "".join(page.text)


def test_without_comparisons_nothing_is_said_of_them(folder: RunFolder) -> None:
    HtmlPage().write(folder)
    LatexDocument().write(folder)
    assert comparisons_of(folder) is None
    assert "omparisons" not in "".join(parsed(folder).text).replace("mean or comparison", "")
    assert "Comparisons" not in (folder.path / "report.tex").read_text(encoding="utf-8")


def test_latex_holds_the_tables(folder: RunFolder) -> None:
    write(folder, [one(), one(metric="nll", low=NAN, high=NAN)])
    LatexDocument().write(folder)
    tex = (folder.path / "report.tex").read_text(encoding="utf-8")
    assert r"\section{Comparisons}" in tex
    assert r"\label{tab:comparison-2}" in tex
    assert "[0.10, 0.40]" in tex
    assert "p adjusted over all 2 comparisons." in tex


def test_hostile_names_are_shown_as_they_are(hostile: RunFolder, tmp_path: Path) -> None:
    copy = RunFolder(tmp_path / "copy")
    copy.write_record(hostile.read_record())
    write_table(copy.results_path, pa.parquet.read_table(hostile.results_path))
    name = '<script>alert("1")</script>&_%'
    write(copy, [one(model=name), one(part="a<b>")])
    HtmlPage().write(copy)
    LatexDocument().write(copy)
    page = parsed(copy)
    assert any(name in table.caption for table in page.tables)
    assert len([tag for tag, _ in page.tags if tag == "script"]) == 1


def test_it_is_said_when_the_run_has_changed_since(folder: RunFolder) -> None:
    write(folder, [one()])
    assert OUTDATED not in view_of(folder.comparisons_path).sentences
    folder.write_record(folder.read_record().model_copy(update={"command": "emobench run --model another"}))
    view = comparisons_of(folder)
    assert view is not None
    assert view.sentences[0] == OUTDATED


def sentences(folder: RunFolder, *differences: Difference, **asking: object) -> str:
    return " ".join(view_of(write(folder, differences, **asking)).sentences)


def test_what_must_be_known_is_said_and_no_more(folder: RunFolder) -> None:
    usual = one(seed_error=0.01, split=Split(0.1, 0.3))
    said = sentences(folder, usual, margin=0.02)
    assert "at 95 %, paired" in said
    assert "the interval at 90 % is inside ±0.02" in said
    assert "Of the variance of a figure of one training, 25 % is that of training seeds" in said
    for missing in ("one training seed", "rough", "Not defined", "Other inputs"):
        assert missing not in said
    other = one(dialogues=49, p=NAN, note="stress seed 0, 2 draws against seed 5, 3 draws", split=Split(0.3, 0.3))
    said = sentences(folder, usual, other)
    assert "25 % to 50 % is that of training seeds" in said
    assert "With fewer than 50 dialogues intervals and p are rough." in said
    assert "Of one training seed it is not known" in said
    assert "Not defined:" in said
    assert "Other inputs: stress seed 0, 2 draws against seed 5, 3 draws." in said


def test_how_small_a_p_can_be_is_said(folder: RunFolder) -> None:
    assert "p is over 10,000 bootstrap draws and is never below 2/10,001 before adjusting." in sentences(folder, one())
    assert "bootstrap draws" not in sentences(folder, one(p=NAN))
    said = sentences(folder, one(), one(metric="auroc", draws=500), one(metric="change:metric=aurc", draws=500))
    assert (
        "Of metrics that rank utterances (auroc, change:metric=aurc) p is over 500 bootstrap draws and is never below "
        "2/501 before adjusting; elsewhere over 10,000 draws." in said
    )


def test_titles_tell_the_sides_apart(folder: RunFolder) -> None:
    condition = one(condition="noise:snr_db=10", reference=Place("rage_fusion", "simulated", "clean"))
    across = one(
        reference_run="runs/old", reference=Place("rage_fusion", "simulated"), direction="none", metric="churn"
    )
    path = write(folder, [one(), condition, across, one(metric="cel:target=predicted", direction="none")])
    assert [table.title for table in view_of(path).tables] == [
        "ECE (lower is better): rage_fusion − prior on simulated",
        "ECE (lower is better): rage_fusion: condition − clean on simulated",
        "Churn: rage_fusion − rage_fusion on simulated; new − old",
        "CEL (cel:target=predicted): rage_fusion − prior on simulated",
    ]


def test_ranks_are_told_once() -> None:
    few = {"why": "they need 5 data sets and 3 models or more; here are 1 and 2"}
    rank = {"ranks": {"a": 1.2, "b": 1.8}, "p": 0.0201, "critical_difference": 1.48, "data_sets": 5, "level": 0.95}
    rank["groups"] = [["a", "b"]]
    alike = {**rank, "p": 0.0501}
    about = About(titles={}, ranks={"ece": few, "nll": few, "weighted_f1": rank, "f1": alike}, records=frozenset())
    assert why_no_ranks(about) == ("No average ranks: they need 5 data sets and 3 models or more; here are 1 and 2.",)
    assert [*map(rank_sentence, average_ranks(about))] == [
        "Average ranks by Weighted F1 on clean input "
        "over 5 data sets, 1 is best: a 1.20, b 1.80; those less than 1.48 apart are not "
        "told apart (Nemenyi, 95 %), p that all are alike 0.020 (Friedman).",
        "Average ranks by F1 on clean input "
        "over 5 data sets, 1 is best: a 1.20, b 1.80; p that all are alike 0.050 (Friedman), so no "
        "two are told apart.",
    ]


def printed(path: Path, **given: bool) -> list[str]:
    stream = io.StringIO()
    Console(file=stream, width=80).print(comparison_summary(path, **given), crop=False)
    return [line.rstrip() for line in stream.getvalue().rstrip("\n").split("\n")]


def test_the_terminal_breaks_what_is_long(folder: RunFolder) -> None:
    long = "occlusion:kind=scattered,modality=audio/text+modality_drop:drop=video,signal=told"
    path = write(folder, [one(), one(condition=long, metric="nll", direction="higher")])
    *lines, written, page = printed(path)
    assert max(map(len, lines)) <= 80
    assert written == f"Written: {path}"
    assert page == f"To show them on the page, type `emobench report {path.parent}`."
    shown = "".join(line[:19].strip() for line in lines)
    assert long in shown.replace("condition", "")


def test_the_terminal_says_what_became_of_an_earlier_call(folder: RunFolder, tmp_path: Path) -> None:
    path = write(folder, [one()])
    assert printed(path, replaced=True)[-2] == "This replaces the comparisons of an earlier call."
    assert not any("replaces" in line for line in printed(path))
    (tmp_path / "out").mkdir()
    elsewhere = path.rename(tmp_path / "out" / path.name)
    assert printed(elsewhere)[-1] == f"Written: {elsewhere}", "no report would show it"


def test_the_terminal_sums_up_before_the_rows(folder: RunFolder) -> None:
    rates = [one(condition=f"modality_drop:rate={rate}", p=0.6) for rate in (0.1, 0.2)]
    noise = one(condition="noise:snr_db=5", difference=-0.2)
    other = one(place=Place("rage_fusion", "mosi", "clean"), reference=Place("prior", "mosi", "clean"))
    path = write(folder, [one(), *rates, noise, one(metric="nll"), other])
    lines = printed(path)
    assert lines[0] == "Who is better where"
    assert lines[1] == "ECE (lower is better): rage_fusion − prior: 1 better, 2 worse, 2 not told apart"
    assert lines[2] == "NLL (lower is better): rage_fusion − prior: 1 worse"
    labels = [line[:19].strip() for line in lines]
    start = labels.index("clean")
    assert labels[start : start + 6] == ["clean", "modality_drop", "rate=0.1", "rate=0.2", "noise", "snr_db=5"]


def test_ranks_come_before_the_rows_on_the_terminal(folder: RunFolder) -> None:
    path = write(folder, [one()])
    table = pa.parquet.read_table(path)
    rank = {"ranks": {"a": 1.2, "b": 1.8}, "p": 0.02, "critical_difference": 1.48, "data_sets": 5, "level": 0.95}
    packed = json.dumps({"ece": {**rank, "groups": [["a", "b"]]}}).encode()
    write_table(path, table.replace_schema_metadata({**table.schema.metadata, b"emobench.ranks": packed}))
    lines = printed(path)
    assert lines[0] == "Average ranks on clean input"
    assert lines[1].startswith("Average ranks by ECE on clean input over 5 data sets")
    assert sum("Average ranks by" in line for line in lines) == 1


def test_verdicts_are_defined(folder: RunFolder) -> None:
    said = sentences(folder, one(level=0.9), level=0.9)
    assert "Better, worse (higher, lower): the adjusted p is below 0.1." in said
    assert "Verdicts go by the adjusted p, intervals are not adjusted" in said


def test_files_of_another_make_are_refused(folder: RunFolder) -> None:
    path = write(folder, [one()])
    table = pa.parquet.read_table(path)
    write_table(path, table.drop_columns(["verdict"]).replace_schema_metadata(None))
    with pytest.raises(RunFolderError, match=r"expected the column 'verdict', .* type `emobench compare` again"):
        comparisons_of(folder)
    write_table(path, table.replace_schema_metadata(None))
    view = comparisons_of(folder)
    assert view is not None
    assert view.sentences[0] == OUTDATED
    assert view.tables[0].title.startswith("ECE")
    assert tuple(table.column_names) == COMPARISON_COLUMNS
