import io
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import pandas as pd
from rich.console import Console

from emobench.benchmark import api
from emobench.benchmark.conversations import DataSplits
from emobench.benchmark.files import read_table, write_table
from emobench.benchmark.registry import DATASETS, make
from emobench.benchmark.run_folder import RunFolder
from emobench.reports.gathering import read
from emobench.reports.terminal import indented, shown_conditions, summary


def printed(folder: RunFolder) -> str:
    stream = io.StringIO()
    Console(file=stream, width=80).print(summary(folder), crop=False)
    return stream.getvalue()


def test_the_table_fits_eighty_columns_and_ends_with_the_path(plain: RunFolder) -> None:
    *table, last = printed(plain).rstrip("\n").split("\n")
    assert all(len(line) <= 80 for line in table)
    assert last == f"Report: {plain.path / 'report.html'}"
    assert "simulated (simulated data, test split: 120 dialogues, 1200 utterances)" in table[0]


def test_it_points_to_what_was_written(plain: RunFolder, tmp_path: Path) -> None:
    stream = io.StringIO()
    Console(file=stream, width=80).print(summary(plain, [tmp_path / "report.md", tmp_path / "tables"]), crop=False)
    *_, first, second = stream.getvalue().rstrip("\n").split("\n")
    assert [first, second] == [f"Report: {tmp_path / 'report.md'}", f"Report: {tmp_path / 'tables'}"]


def test_its_figures_are_those_of_the_results(plain: RunFolder) -> None:
    text = printed(plain)
    for model in read(plain).data[0].models:
        clean = model.clean["weighted_f1"]
        assert str(clean.shown) in text
        assert f"{model.clean['ece'].shown.value} (≤{model.clean['ece'].beside(0.034)})" in text


def test_it_shows_clean_the_worst_and_a_middle_and_a_last_rung(plain: RunFolder) -> None:
    data = read(plain).data[0]
    texts = [one.text for one in data.conditions]
    worst = min(texts, key=lambda text: data.models[0].results(text)["weighted_f1"].value)
    assert shown_conditions(data) == ("clean", worst, "modality_drop:rate=0.3", "modality_drop:rate=0.7")
    text = " ".join(printed(plain).split())
    more = len(texts) - 4
    assert f"(mean over models), the middle and the end of the curve; the report has {more} more." in text


def test_conditions_asked_for_one_by_one_are_shown_in_whatever_order_they_were_typed(stressed: RunFolder) -> None:
    data = read(stressed).data[0]
    usual = shown_conditions(data)
    asked = ("noise", "noise:snr_db=10,modality=text", "noise:snr_db=5+modality_drop:rate=0.3", "order:rate=1.0")
    shown = shown_conditions(data, asked)
    typed = {"noise:modality=text,snr_db=10", "order:rate=1.0", "noise:snr_db=5+modality_drop:rate=0.3"}
    assert set(shown) == {*usual, *typed}
    assert [one.text for one in data.conditions if one.text in shown] == [*shown]
    every = shown_conditions(data, [one.text for one in data.conditions if one.text != "clean"])
    assert every[1:7] == tuple(one.text for one in data.conditions[1:7])
    assert len(every) <= 7 + len(usual)


def test_of_conditions_that_are_alike_to_the_models_the_ceiling_tells_the_worst(stressed: RunFolder) -> None:
    data = read(stressed).data[0]
    alone = replace(data, models=data.models[1:])
    (context,) = [text for text in shown_conditions(alone) if text.startswith("context") and "future" not in text]
    removals = [text for text in (one.text for one in data.conditions) if text.startswith("context")]
    quality = {text: alone.models[1].results(text)["weighted_f1"].value for text in removals if "graph" not in text}
    assert quality[context] == min(quality.values())
    nobody = replace(data, models=data.models[1:2])
    assert "context_removal:context=inter,mode=graph" in shown_conditions(nobody), "the last of those alike"


def test_long_conditions_break_where_arguments_end() -> None:
    assert indented("noise:snr_db=-5") == "  noise:snr_db=-5"
    assert indented("occlusion:fraction=0.75,modality=text") == "  occlusion:fraction=0.75,\n    modality=text"
    chain = indented("noise:modality=audio,snr_db=5+modality_drop:drop=video")
    assert chain.split("\n") == ["  noise:modality=audio,snr_db=5+", "    modality_drop:drop=video"]
    assert all(len(line) <= 32 for line in chain.split("\n"))
    assert indented("x" * 40) == "  " + "x" * 40


def test_long_names_of_models_break_at_signs(tmp_path: Path, make_run: Callable[..., RunFolder]) -> None:
    name = "rage_fusion:epochs=60,hidden=128,layers=2+temperature"
    folder = make_run(tmp_path / "run", models=(name, "prior"), dialogues=20, seeds=(0,))
    lines = [line.strip() for line in printed(folder).splitlines()]
    first = lines.index("rage_fusion:epochs=60,")
    assert lines[first + 1] == "hidden=128,layers=2+"
    assert lines[first + 2] == "temperature"


def test_a_model_that_declines_everything_says_so(tmp_path: Path, register: Callable[..., None]) -> None:
    @dataclass(frozen=True)
    class Plain:
        """Data whose posterior nobody knows."""

        def load(self) -> DataSplits:
            splits = make(DATASETS, "simulated:test=6,train=6,validation=4").load()
            return DataSplits(*(split.change(data="plain") for _, split in splits.items()))

    register(DATASETS, "plain", Plain)
    options = api.options(draws=100)
    models, protocols = ["prior", "bayes_optimal"], ["modality_drop:drop=text", "order:rate=0.5"]
    api.run(models=models, protocols=protocols, data="plain", out=tmp_path, formats=(), options=options)
    lines = [line.strip() for line in printed(RunFolder(tmp_path)).split("\n")]
    assert lines[lines.index("bayes_optimal") + 1] == "nothing was computed"


def test_names_are_text_and_failures_are_told(hostile: RunFolder) -> None:
    text = "".join(printed(hostile).split())
    assert "_{under}$x$" in text
    assert "Notcomputed:1(" in text


def test_of_a_run_without_the_main_metrics_others_are_shown(tmp_path: Path, make_run: Callable[..., RunFolder]) -> None:
    folder = make_run(tmp_path / "a", models=("prior",), only=("clean",), metrics=("brier", "churn"), dialogues=20)
    text = printed(folder)
    head = next(line for line in text.split("\n") if "model, condition" in line)
    assert head.split()[2:] == ["Brier", "Churn"]
    clean = read(folder).data[0].models[0].clean
    assert str(clean["brier"].shown) in text
    assert "–" not in text
    assert "Report:" not in text
    alone = make_run(tmp_path / "b", models=("prior",), only=("clean",), metrics=("nll",), dialogues=20)
    assert "ECE" not in printed(alone)


def test_a_figure_that_a_model_lacks_is_a_dash(tmp_path: Path, make_run: Callable[..., RunFolder]) -> None:
    metrics = ("weighted_f1", "ece", "nll")
    folder = make_run(tmp_path, models=("prior", "late_fusion"), only=("clean",), metrics=metrics, dialogues=20)
    table = read_table(folder.results_path)
    kept = [
        (row["model"], row["metric"]) not in (("prior", "ece"), ("prior", "weighted_f1")) for row in table.to_pylist()
    ]
    write_table(folder.results_path, table.filter(kept))
    (line, _) = (line for line in printed(folder).split("\n") if line.strip().startswith("clean"))
    assert line.split()[1:3] == ["–", "–"]
    assert len(line.split()) == 4


def test_of_figures_by_part_alone_it_says_where_they_are(tmp_path: Path, make_run: Callable[..., RunFolder]) -> None:
    folder = make_run(tmp_path, models=("prior",), only=("clean",), metrics=("f1",), dialogues=20)
    folder.write_record(folder.read_record().model_copy(update={"metrics": ("f1",)}))
    assert "in the report: figures by part" in printed(folder)


def test_it_needs_neither_pandas_nor_matplotlib(plain: RunFolder) -> None:
    code = (
        "import sys; from pathlib import Path; from emobench.benchmark.run_folder import RunFolder\n"
        "from emobench.reports.terminal import summary\n"
        f"summary(RunFolder(Path({str(plain.path)!r})))\n"
        "print({'pandas', 'matplotlib', 'torch', 'jinja2', 'scipy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "set()"


def test_of_many_protocols_the_worst_condition_of_each_is_shown_in_full(stressed: RunFolder) -> None:
    data = read(stressed).data[0]
    assert shown_conditions(data) == (
        "clean", "modality_drop:rate=0.7", "noise:snr_db=-5", "context_removal:context=future",
        "context_removal:window=1", "order:rate=1.0", "noise:snr_db=5+modality_drop:rate=0.3",
    )  # fmt: skip
    lines = printed(stressed).split("\n")
    assert all(len(line.rstrip()) <= 80 for line in lines if not line.startswith("Report:"))
    expected = (
        "Shown: clean, conditions asked for one by one, the worst of each protocol (mean over models), "
        f"context_removal:context=future; the report has {len(data.conditions) - 7} more."
    )
    assert expected in " ".join(" ".join(lines).split())


def test_a_table_that_holds_all_needs_no_rule(tmp_path: Path, make_run: Callable[..., RunFolder]) -> None:
    folder = make_run(tmp_path, only=("clean", "modality_drop:drop=text"), dialogues=20)
    assert "Shown:" not in printed(folder)


def test_conditions_break_at_signs_where_wide_figures_leave_them_less_room(
    tmp_path: Path, make_run: Callable[..., RunFolder]
) -> None:
    text = "modality_drop:drop=audio/text"
    folder = make_run(tmp_path, only=("clean", text, "context_removal:context=intra"), stresses=True, dialogues=20)
    frame = pd.read_parquet(folder.results_path)
    near = (frame.metric == "ece") & (frame.seed == -1) & (frame.condition == text)
    # As near to its floor that it takes four decimals to tell them apart.
    frame.loc[near, ["value", "low", "high", "floor_high"]] = [0.0461, 0.03, 0.06, 0.0458]
    frame.to_parquet(folder.results_path)
    lines = [line.rstrip() for line in printed(folder).split("\n")]
    (first, second) = next(pair for pair in pairwise(lines) if pair[0].strip().startswith("modality_drop:"))
    assert "0.0461 (≤0.0458)" in first
    assert first.split()[0] + second.split()[0] == text
    assert first.split()[0].endswith("/")
    assert second.startswith("     text"), "further in than the line above"
    assert max(map(len, lines)) <= 80
