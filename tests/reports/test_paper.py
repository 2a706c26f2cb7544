"""The LaTeX file, read back from its source; `tests/latex` compiles it."""

import re
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from number_reader import wrong
from tex_reader import tables

from emobench.benchmark.run_folder import RunFolder
from emobench.reports.formats.latex import LatexDocument
from emobench.reports.gathering import read
from emobench.reports.paper_marks import leaders
from emobench.reports.tex import Tex, escape, table

Maker = Callable[..., RunFolder]


def test_its_tables_hold_the_results(plain: RunFolder) -> None:
    frame = pd.read_parquet(plain.results_path)
    frame = frame[(frame.seed == -1) & (frame.part == "")].set_index(["model", "condition", "metric"])
    found = tables(plain)
    for metric in ("weighted_f1", "macro_f1", "ece", "nll", "brier", "churn"):
        rows = found[f"simulated-{metric}"]
        assert [row[0] for row in rows][:3] == ["clean", "drop=audio", "drop=text"]
        assert len(rows) == 13
        for condition, *cells in rows:
            name = condition if condition == "clean" else f"modality_drop:{condition}"
            for model, cell in zip(("rage_fusion", "bayes_optimal"), cells, strict=True):
                figure = frame.loc[(model, name, metric)]
                assert not wrong(cell, figure)
    assert [len(row) for row in found["simulated-regret"]] == [2] * 13
    assert {"simulated-cel", "simulated-training"} <= found.keys()


def test_captions_say_what_one_must_know(plain: RunFolder) -> None:
    text = (plain.path / "report.tex").read_text(encoding="utf-8")
    caption = re.search(r"\\caption\{(Weighted F1.*?)\}\\label", text)
    assert caption is not None
    for piece in (
        "on the simulated data simulated, test split: 120 dialogues, 1,200 utterances.",
        "Means over 2 training seeds (one training where nothing is random).",
        "Epochs chosen on validation.",
        r"95~\% bootstrap intervals over dialogues (10,000 draws).",
    ):
        assert piece in caption[1]
    assert "Bold" not in caption[1]
    assert "draws of the stress" not in caption[1]
    assert r"\texttt{clean}: the input as recorded." in text
    assert r"modalities are \textless{}missing\textgreater{}; with rate, at random" in text


def test_the_best_is_bold_and_the_ceiling_never(tmp_path: Path, make_run: Maker) -> None:
    folder = make_run(tmp_path, models=("late_fusion", "prior", "bayes_optimal"), only=("clean",), dialogues=20)
    text = LatexDocument().write(folder).read_text(encoding="utf-8")
    lines = {line.partition(r"\allow")[0].partition(" ")[0]: line for line in text.splitlines() if " & " in line}
    assert re.search(r"& \\textbf\{0\}\\rlap\{\\textbf\{\.\d{3}\}\}", lines["late\\_"])
    assert r"\textbf{" not in lines["bayes\\_"]
    assert "Bold: best of the models compared, the ceiling left out" in text


@pytest.mark.parametrize(
    ("metric", "winner"),
    [("weighted_f1", {"late_fusion"}), ("nll", {"late_fusion"}), ("ece", {"prior"}), ("churn", set())],
)
def test_what_is_best_depends_on_the_metric(tmp_path: Path, make_run: Maker, metric: str, winner: set[str]) -> None:
    folder = make_run(tmp_path, models=("late_fusion", "prior", "bayes_optimal"), only=("clean",), dialogues=120)
    models = read(folder).data[0].models
    assert leaders(models, "clean", metric)[0] == winner
    assert leaders(models[:1], "clean", metric) == (frozenset(), frozenset())


def test_many_models_go_into_several_tables_each_with_the_ceiling(tmp_path: Path, make_run: Maker) -> None:
    folder = make_run(
        tmp_path, models=("a", "b", "c", "d", "bayes_optimal"), only=("clean", "modality_drop:drop=text"),
        metrics=("nll",), dialogues=20,
    )  # fmt: skip
    text = LatexDocument().write(folder).read_text(encoding="utf-8")
    heads = set(re.findall(r"\\toprule (.*?) \\\\ \\midrule", text))
    assert {len(head.split(" & ")) for head in heads if "bayes" in head} == {5, 3}
    assert text.count("NLL (lower is better)") == 2
    assert {"simulated-nll", "simulated-nll-4"} <= tables(folder).keys()


def test_names_are_escaped(hostile: RunFolder) -> None:
    text = (hostile.path / "report.tex").read_text(encoding="utf-8")
    assert text.isascii()
    body = text.replace(r"\allowbreak{}", "")
    for name in ('<script>alert("1")</script>&_%', "_{under}$x$", "$x_1$ & 50%", "é→中", "~^\\#{}"):
        assert escape(name) in body
    assert "<script>" not in body
    assert "it is in no mean" in body


def test_selection_on_test_and_few_dialogues_are_told(tmp_path: Path, make_run: Maker) -> None:
    folder = make_run(
        tmp_path, data=("mosi",), selection="test", seeds=(0,), dialogues=31, only=("clean",), models=("rage_fusion",)
    )
    text = LatexDocument().write(folder).read_text(encoding="utf-8")
    assert r"rage\_\allowbreak{}fusion\textsuperscript{t}" in text
    assert "selected on test, too good by about the selection optimism" in text
    assert "With fewer than 50 dialogues the intervals are rough." in text
    assert "One training seed." in text
    assert "simulated" not in text.replace("known on simulated data only", "")


def test_the_same_folder_gives_the_same_file(plain: RunFolder) -> None:
    first = (plain.path / "report.tex").read_bytes()
    assert LatexDocument().write(plain).read_bytes() == first


def test_a_short_table_is_kept_whole_and_a_long_one_has_rows_below_its_head() -> None:
    def points(rows: int) -> int:
        made = table(Tex("c" * 230), "l", [Tex("a"), Tex("b")], [[Tex("x"), Tex("0.5")]] * rows, [3.0, 3.0])
        found = re.match(r"\\par\\ifdim\\dimexpr\\pagegoal-\\pagetotal\\relax<(\d+)pt\\relax\\newpage\\fi\n", made)
        assert found
        return int(found[1])

    assert points(2) == 11 * (2 + 4 + 2 * 2)
    assert points(12) == 11 * (2 + 4 + 2 * 12)
    assert points(40) == 11 * (2 + 4 + 2 * 4)


def test_arrows_and_numbers_are_not_torn_off(plain: RunFolder) -> None:
    text = plain.path.joinpath("report.tex").read_text(encoding="utf-8")
    assert r"\bfseries Weighted F1~$\uparrow$" in text
