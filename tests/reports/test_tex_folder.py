"""The folder tex/: which files there are, and what they hold."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from test_comparisons import one, write
from tex_reader import tables

from emobench.benchmark.run_folder import RunFolder
from emobench.reports.formats.latex import LatexDocument
from emobench.reports.fragments import LINES, ONE_COLUMN, TWO_COLUMNS, fitting_widths, fragment
from emobench.reports.tex import Table, Tex, table

Maker = Callable[..., RunFolder]


def rows_of(text: str) -> list[str]:
    """Return the lines of the tabulars of a fragment."""
    return [line for line in text.splitlines() if line.endswith(r"\\")]


def made(rows: list[list[str] | str], widths: tuple[float, ...] = (4.6, 3.0, 3.0)) -> Table:
    cells = [Tex(row) if isinstance(row, str) else [Tex(cell) for cell in row] for row in rows]
    return table(Tex("What it is."), "tab:x", [Tex("Name"), *[Tex("Value")] * (len(widths) - 1)], cells, widths)


def test_fragments_hold_the_rows_of_the_report(stressed: RunFolder) -> None:
    folder = stressed.path / "tex"
    for label, rows in tables(stressed).items():
        text = (folder / f"{label.lower()}.tex").read_text(encoding="utf-8")
        assert len(rows_of(text)) == len(rows), label
    whole = (stressed.path / "report.tex").read_text(encoding="utf-8")
    for line in rows_of((folder / "simulated-nll.tex").read_text(encoding="utf-8")):
        assert line in whole


def test_captions_of_fragments_define_the_conditions(stressed: RunFolder) -> None:
    text = (stressed.path / "tex" / "simulated-weighted_f1.tex").read_text(encoding="utf-8")
    caption = next(line for line in text.splitlines() if line.startswith(r"\caption")).replace(r"\allowbreak{}", "")
    for piece in (
        "on the simulated data simulated, test split: 20 dialogues",
        "One training seed.",
        "Epochs chosen on validation.",
        r"\texttt{noise}: noise is added to the features",
        r"\texttt{order}: some turns trade places",
        "draws of the stress",
    ):
        assert piece in caption


def test_the_index_names_every_file(stressed: RunFolder) -> None:
    folder = stressed.path / "tex"
    index = (folder / "index.txt").read_text(encoding="utf-8")
    for path in sorted(folder.iterdir()):
        assert path.name == "index.txt" or path.name in index
    sample = (folder / "sample.tex").read_text(encoding="utf-8")
    inputs = re.findall(r"\\input\{(.*?)\}", sample)
    assert len(inputs) == len(set(inputs))
    assert {f"{name}.tex" for name in inputs} == {path.name for path in folder.glob("*.tex")} - {"sample.tex"}
    packages = re.findall(r"\\usepackage(?:\[.*?\])?\{(.*?)\}", (folder / "preamble.tex").read_text(encoding="utf-8"))
    assert packages == ["fontenc", "textcomp", "array", "booktabs", "graphicx"]


def test_names_of_files_are_safe_and_differ(tmp_path: Path, make_run: Maker) -> None:
    folder = make_run(tmp_path, data=("meld:a=1", "Meld-a-1"), only=("clean",), dialogues=20, models=("prior",))
    LatexDocument().write(folder)
    names = [path.name for path in (tmp_path / "tex").iterdir()]
    assert {"meld-a-1-main.tex", "meld-a-1-main--2.tex"} <= set(names)
    assert len({name.lower() for name in names}) == len(names)


def test_what_is_no_longer_in_the_run_goes_and_what_is_others_stays(tmp_path: Path, make_run: Maker) -> None:
    folder = make_run(tmp_path, only=("clean",), dialogues=20, metrics=("ece",))
    write(folder, [one()])
    LatexDocument().write(folder)
    assert (tmp_path / "tex" / "comparison-1.tex").exists()
    assert "benjamini1995" in (tmp_path / "tex" / "references.bib").read_text(encoding="utf-8")
    (tmp_path / "tex" / "own.tex").write_text("mine", encoding="utf-8")
    folder.comparisons_path.unlink()
    LatexDocument().write(folder)
    assert not (tmp_path / "tex" / "comparison-1.tex").exists()
    assert (tmp_path / "tex" / "own.tex").exists()
    assert "benjamini1995" not in (tmp_path / "tex" / "references.bib").read_text(encoding="utf-8")


def test_the_same_folder_gives_the_same_files(stressed: RunFolder) -> None:
    before = {path.name: path.read_bytes() for path in (stressed.path / "tex").iterdir()}
    LatexDocument().write(stressed)
    assert {path.name: path.read_bytes() for path in (stressed.path / "tex").iterdir()} == before


def test_what_was_not_computed_is_a_table_too(hostile: RunFolder) -> None:
    assert (hostile.path / "tex" / "problems.tex").exists()
    for path in (hostile.path / "tex").glob("*.tex"):
        assert path.read_text(encoding="utf-8").isascii(), path.name


def test_a_long_table_goes_on_in_further_floats_with_its_headings() -> None:
    rows: list[list[str] | str] = ["First", *[["a", "1.0", "2.0"]] * 10, "Second", *[["b", "1.0", "2.0"]] * 100]
    text = fragment(made(rows))
    floats = text.split("\n\n")
    assert len(floats) == 3
    assert [len(rows_of(one)) for one in floats][1] <= LINES
    assert sum(line.startswith(("a ", "b ")) for line in text.splitlines()) == 110
    assert text.count("Second (continued)") == 2
    assert r"\caption{Continuation of Table~\ref{tab:x}.}\label{tab:x-part-3}" in text
    assert r"\begin{table*}" in text


def test_a_heading_is_never_the_last_line_of_a_float() -> None:
    rows: list[list[str] | str] = [*[["a", "1.0", "2.0"]] * 47, "Second", *[["b", "1.0", "2.0"]] * 3]
    first, second = fragment(made(rows)).split("\n\n")
    assert "Second" not in first
    assert "Second (continued)" not in second
    assert "Second" in second


def test_narrow_tables_take_one_column() -> None:
    text = fragment(made([["a", "0.5"]], (3.0, 3.0)))
    assert r"\begin{table}[tbp]" in text
    assert "Continuation" not in text


@pytest.mark.parametrize("room", [ONE_COLUMN, TWO_COLUMNS])
def test_columns_are_as_wide_as_what_cannot_be_broken(room: float) -> None:
    wide = r"0.5 {\scriptsize\mbox{[0.123, 0.456]}}"
    widths = fitting_widths(made([["a", wide, "x"]], (9.0, 0.5, 3.0)), room)
    assert sum(widths) <= room
    assert widths[1] > 1.4
    none = fitting_widths(made([["a" * 9, wide, wide]], (0.1, 0.1, 0.1)), 1.0)
    assert sum(none) > 3, "what is too wide is left so, and made smaller as a whole"
    assert fitting_widths(made([["a", "b", "c"]], (1.0, 1.0, 1.0)), room) == [1.0, 1.0, 1.0]
