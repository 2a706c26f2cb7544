"""A run folder from Python and in a notebook."""

import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest

import emobench
from emobench.benchmark.command_line import exit_code
from emobench.benchmark.errors import RunFolderError, SpecError
from emobench.benchmark.run_folder import RunFolder

Maker = Callable[..., RunFolder]
HOSTILE = '<script>alert("1")</script>&|`x`'


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, tuple[str, ...]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, tuple(name for name, _ in attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def folder(make_run: Maker, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return make_run(
        tmp_path_factory.mktemp("runs") / "a", models=("prior", HOSTILE, "bayes_optimal"), dialogues=20, seeds=(0,),
        only=("clean", "modality_drop:drop=text"), failed=(("prior", "modality_drop:drop=text", "no luck"),),
    )  # fmt: skip


def test_a_run_shows_itself_and_nothing_in_it_runs(folder: RunFolder) -> None:
    run = emobench.open_run(str(folder.path))
    page = Tags()
    page.feed(run._repr_html_())
    assert {tag for tag, _ in page.found} <= {
        "div", "p", "strong", "table", "caption", "thead", "tbody", "tr", "th", "td", "code",
    }  # fmt: skip
    assert {name for _, names in page.found for name in names} == {"style"}
    assert HOSTILE in page.text
    assert "simulated (simulated data), clean input of the test split (20 dialogues)" in page.text
    assert "Not computed: 1; the report says what and why." in page.text
    clean = run.results.query("model == 'bayes_optimal' and condition == 'clean' and metric == 'nll' and seed == -1")
    assert f"{clean.value.item():.2f}" in page.text
    markdown = run._repr_markdown_()
    assert markdown.count("\n| ") == 5
    assert len(re.findall(r"(?<![\\`])(?<!` )<script>", markdown)) == 0
    assert repr(run) == f"emobench.open_run({str(folder.path)!r})"
    assert run.record.models[0].name == "prior"


def test_its_figures_and_tables_are_there_by_name(folder: RunFolder) -> None:
    from matplotlib.figure import Figure

    run = emobench.open_run(folder.path)
    assert "reliability-simulated-prior" in run.figures
    assert isinstance(run.figure("reliability-simulated-prior"), Figure)
    assert set(run.figures) <= set(run.tables)
    table = run.table("table-conditions-simulated-prior")
    figures = run.results.query("model == 'prior' and condition == 'clean' and metric == 'ece' and seed == -1")
    assert table.set_index("Condition").loc["clean", "ECE floor_high"] == figures.floor_high.item()
    with pytest.raises(SpecError, match=r"no figure 'reliability-simulated-prio' .* did you mean 'reliability-simula"):
        run.figure("reliability-simulated-prio")
    with pytest.raises(SpecError, match="no table 'x' in the report"):
        run.table("x")


def test_comparisons_are_there_where_they_were_made(tmp_path: Path, folder: RunFolder) -> None:
    assert emobench.open_run(folder.path).comparisons is None
    copy = RunFolder(tmp_path)
    copy.write_record(folder.read_record())
    pd.DataFrame({"a": [1]}).to_parquet(copy.comparisons_path)
    found = emobench.open_run(tmp_path).comparisons
    assert found is not None
    assert found.a.item() == 1


def test_what_is_no_run_is_said(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match="is no run folder"):
        emobench.open_run(tmp_path)


def test_reports_are_written_from_python_too(tmp_path: Path, make_run: Maker) -> None:
    make_run(tmp_path, models=("prior", "late_fusion"), only=("clean",), dialogues=20, seeds=(0,))
    assert emobench.report(tmp_path, formats="markdown") == (tmp_path / "report.md",)
    whole = (tmp_path / "report.md").read_text(encoding="utf-8")
    keys = {"markdown": ["0", "report.md"], "html": ["1", "report.html"]}
    (tmp_path / "reports.json").write_text(json.dumps(keys), encoding="utf-8")
    (path,) = emobench.open_run(tmp_path).report("markdown", only="prior")
    part = path.read_text(encoding="utf-8")
    assert "late_fusion" in whole
    assert "late_fusion" not in part
    # A run that goes on writes it anew.
    assert json.loads((tmp_path / "reports.json").read_text(encoding="utf-8")) == {"html": keys["html"]}
    emobench.report(str(tmp_path), formats=["markdown"], only=["model=prior"])
    (tmp_path / "reports.json").write_text("no json", encoding="utf-8")
    assert emobench.report(tmp_path, formats=["markdown"], only=["model=prior"]) == (tmp_path / "report.md",)


def test_the_command_line_takes_a_part(tmp_path: Path, make_run: Maker, capsys: pytest.CaptureFixture[str]) -> None:
    make_run(tmp_path, models=("prior", "late_fusion"), only=("clean",), dialogues=20, seeds=(0,))
    assert exit_code(["report", str(tmp_path), "--format", "markdown", "--only", "model=prior"]) == 0
    printed = capsys.readouterr().out
    assert "prior" in printed
    assert "late_fusion" not in printed + (tmp_path / "report.md").read_text(encoding="utf-8").split("<details>")[0]
    assert exit_code(["report", str(tmp_path), "--only", "model=pior"]) == 2
    assert capsys.readouterr().err == (
        "emobench: --only model=pior: no model of this run is called so; did you mean 'prior'?\n"
    )
