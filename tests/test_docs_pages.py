"""The pages beside the README: found from it, with links that lead somewhere, and names that exist."""

import contextlib
import json
import re
import tomllib
from pathlib import Path

import pytest
import typer

from emobench.benchmark.command_line import exit_code
from emobench.benchmark.command_line.app import app
from emobench.benchmark.errors import SpecError
from emobench.benchmark.latency.percentiles import iterations_needed
from emobench.benchmark.models import make_model
from emobench.benchmark.registry import CALIBRATORS, METHODS, MODELS, names
from emobench.benchmark.specs import parse
from emobench.benchmark.suites import Suite, load_suite, load_suites

ROOT = Path(__file__).parents[1]
PAGES = sorted((ROOT / "docs").glob("*.md"))


def linked(page: Path) -> set[Path]:
    """Return the files of the project that a page links to."""
    targets = re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8"))
    return {(page.parent / target).resolve() for target in targets}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_readme_links_every_page(page: Path) -> None:
    assert page.resolve() in linked(ROOT / "README.md")


@pytest.mark.parametrize("page", [ROOT / "README.md", *PAGES], ids=lambda page: page.name)
def test_links_lead_to_files(page: Path) -> None:
    assert [target for target in linked(page) if not target.exists()] == []


def test_the_table_of_calibrators_is_whole() -> None:
    text = (ROOT / "docs" / "calibration.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)) == set(names(CALIBRATORS))


def test_the_table_of_training_methods_is_whole() -> None:
    text = (ROOT / "docs" / "methods.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)) == set(names(METHODS))


def test_the_options_on_the_page_about_comparing_exist() -> None:
    command = typer.main.get_command(app).commands["compare"]  # type: ignore[attr-defined]  # the root is a group
    options = {name for parameter in command.params for name in parameter.opts}
    text = (ROOT / "docs" / "compare.md").read_text(encoding="utf-8")
    named = set(re.findall(r"--\w+", text)) - {"--seeds"}  # of `emobench run`
    assert named <= options
    assert {"--against", "--conditions", "--margin", "--training", "--level", "--out"} <= named


def test_the_suites_on_the_page_about_suites_are_some_and_one_has_every_key(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "suites.md").read_text(encoding="utf-8")
    whole, arguments, paper = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    head = 'title = "x"\ndata = ["meld"]\nmodels = ["m3net+cmerc", "prior"]\n'
    for name, text in (("whole", whole), ("arguments", head + arguments), ("paper", paper)):
        (tmp_path / f"{name}.toml").write_text(text, encoding="utf-8")
    assert set(tomllib.loads(whole)) == set(Suite.model_fields)
    assert load_suite(str(tmp_path / "whole.toml")).models == (
        "m3net:epochs=30",
        "m3net:epochs=30+temperature",
        "late_fusion",
    )
    assert len(load_suite(str(tmp_path / "arguments.toml")).models) == 5
    robustness, ablation = load_suites(str(tmp_path / "paper.toml"))
    assert (len(robustness.models), len(ablation.models), ablation.seeds) == (4, 4, 10)


def test_the_suite_of_all_models_has_all_that_need_no_files_with_cmerc_where_that_goes_along(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("EMOBENCH_HOME", str(tmp_path))
    path = ROOT / "docs" / "examples" / "suites" / "all_models.toml"
    suite = load_suite(str(path))
    plain = [parse(model)[0].name for model in suite.models if "+" not in model]
    assert {*plain} == {*names(MODELS)} - {"bayes_optimal", "foreign", "foreign_network", "predictions"}
    trained = []
    for name in plain:
        with contextlib.suppress(SpecError):  # not one network that is trained
            make_model(f"{name}+cmerc")
            trained.append(name)
    assert [parse(model)[0].name for model in suite.models if "+cmerc" in model] == trained
    assert exit_code(["plan", str(path), "--json"]) == 0
    planned = json.loads(capsys.readouterr().out)
    assert {*planned["missing_data"]} == {"meld", "mosi"}
    # The exact posterior is one more; clean, six subsets, two contexts, six rates.
    assert planned["runs"][0]["cells"]["missing"] == (len(suite.models) + 1) * 15


def test_the_options_on_the_page_about_latency_exist() -> None:
    command = typer.main.get_command(app).commands["latency"]  # type: ignore[attr-defined]  # the root is a group
    options = {name for parameter in command.params for name in parameter.opts}
    text = (ROOT / "docs" / "latency.md").read_text(encoding="utf-8")
    named = set(re.findall(r"--[a-z][a-z-]*", text))
    assert options - named <= {"--device", "--quiet", "-q", "--model", "--data", "--scenario"}
    assert named <= options


def test_the_iterations_on_the_page_about_latency_are_those_that_bounds_need() -> None:
    text = (ROOT / "docs" / "latency.md").read_text(encoding="utf-8")
    row = next(line for line in text.splitlines() if line.startswith("| iterations needed"))
    assert [int(cell.replace(",", "")) for cell in re.findall(r"[\d,]+", row)] == [
        iterations_needed(percent) for percent in (50, 90, 95, 99, 99.9)
    ]
