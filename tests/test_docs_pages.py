"""The pages beside the README: found from it, with links that lead somewhere, and names that exist."""

import re
import tomllib
from pathlib import Path

import pytest
import typer

from emobench.benchmark.command_line.app import app
from emobench.benchmark.latency.percentiles import iterations_needed
from emobench.benchmark.registry import CALIBRATORS, METHODS, names
from emobench.benchmark.suites import Suite, load_suite

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


def test_the_suite_on_the_page_about_suites_is_one_and_has_every_key(tmp_path: Path) -> None:
    (block,) = re.findall(r"```toml\n(.*?)```", (ROOT / "docs" / "suites.md").read_text(encoding="utf-8"), re.DOTALL)
    path = tmp_path / "page.toml"
    path.write_text(block, encoding="utf-8")
    assert load_suite(str(path)).models == ("m3net", "m3net+temperature", "late_fusion")
    assert set(tomllib.loads(block)) == set(Suite.model_fields)


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
