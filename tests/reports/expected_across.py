"""Readers of tables that few runs have: as papers lay them out, average ranks, silhouettes of hidden vectors."""

import csv
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from expectations import ENDS, NO_ENDS, Claim, Place, Run, joined, title_of
from number_reader import true_of
from scipy.stats import friedmanchisquare, rankdata, studentized_range
from second_reader import Cell, Table

import emobench

_ROOT = Path(emobench.__file__).parent
_TITLES = {"IEMOCAP": "iemocap", "MELD": "meld", "CMU-MOSI": "mosi"}
_ASIDE = ("System", "Data", "Model", "Source")
Line = Mapping[str, Any]  # as read from TOML


def layouts() -> Mapping[str, Line]:
    """Return rows and columns as declared, by name."""
    return tomllib.loads((_ROOT / "reports" / "layouts.toml").read_text(encoding="utf-8"))


def published() -> list[dict[str, str]]:
    """Return the figures of papers."""
    with (_ROOT / "benchmark" / "published.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def layout(table: Table, run: Run) -> Iterator[Claim]:
    """Read measured rows, which stand for rows of the results, and hold published ones against the papers' figures."""
    name = re.fullmatch(r"(?:layout-)?(.+-table\d)(?:-\d+)?", table.address)
    assert name is not None, table.address
    declared = layouts()[name[1].replace("-", "_")]
    lines, before = iter(()), ""
    line: Line = {}
    for heading, cells in table.cells():
        where = cells["Data"].text if "Data" in cells else heading
        if where != before or not line:
            lines, before, line = iter(declared["rows"]), where, {}
        is_published = cells["Source"].text == "published" if "Source" in cells else cells["System"].text == "published"
        # An apostrophe keeps spreadsheets from taking a plus for a formula.
        label, _, model = cells["System"].text.removeprefix("'").partition(" (")
        if not is_published and (not line or line["label"] != label or line.get("ended")):
            line = dict(next(lines))
            assert line["label"] == label, (table.address, label)
        if is_published:
            line = {**line, "ended": True}
        exact = line["system"] if line["system"] in run.models else ""
        own = cells["Model"].text if "Model" in cells else model.removesuffix(")") or exact
        figures = {head: cell for head, cell in cells.items() if head not in _ASIDE}
        for head, cell in figures.items():
            data, plain = _data_and_head(table, where, head, run)
            column, part = _column(declared, plain)
            condition = line.get("condition", "clean")
            if is_published:
                _hold(cell, declared, line["system"], data, condition, column, part)
            elif not own:
                assert cell.value in ("–", ""), (table.address, label, cell)
            else:
                shows = ENDS if cell.full or _promised(table) else NO_ENDS
                place = Place(own, data, condition, _metric(column, own, data, condition, part, run), part)
                yield Claim(cell, place, shows, 100.0 if column.get("percent") else 1.0)


def _promised(table: Table) -> bool:
    """Whether a caption says that there are intervals; if not it says that there are none."""
    promised = "Brackets: 95 % intervals" in table.title
    assert promised != ("Intervals are left out" in table.title), table.title
    return promised


def _data_and_head(table: Table, where: str, head: str, run: Run) -> tuple[str, str]:
    """Return the data set of a cell (it heads its column or row, or stands in the title) and the rest of the head."""
    titles = {**_TITLES, **{name: name for name in run.data}, **{f"{name} (simulated data)": name for name in run.data}}
    beside = max((title for title in titles if head.startswith(f"{title} ")), key=len, default="")
    said = beside or where or title_of(table, r"^.+?, ([^,]+?): laid out as")
    return titles[said], head.removeprefix(f"{beside} ")


def _column(declared: Line, head: str) -> tuple[Line, str]:
    """Return the column as declared, and the part that it shows."""
    for column in declared["columns"]:
        if column["head"] == head and column.get("part") != "*":
            return column, column.get("part", "")
    (of_classes,) = [column for column in declared["columns"] if column.get("part") == "*"]
    return of_classes, head


def _metric(column: Line, model: str, data: str, condition: str, part: str, run: Run) -> str:
    """Return the first of the metrics of a column that a model has."""
    there = (one for one in column["metrics"] if Place(model, data, condition, one, part) in run.rows)
    return next(there, column["metrics"][0])


def _hold(cell: Cell, declared: Line, system: str, data: str, condition: str, column: Line, part: str) -> None:
    found = [
        one
        for one in published()
        if (one["paper"], one["place"], one["data"]) == (declared["paper"], declared["place"], data)
        and (one["system"], one["condition"], one["part"]) == (system, condition, part)
        and one["metric"] in column["metrics"]
    ]
    if not found:
        assert cell.value in ("–", ""), (system, data, cell)
        return
    (one,) = found
    assert float(cell.value) == float(one["value"]), (system, data, cell)
    assert (float(cell.draw_sd) if cell.draw_sd else None) == (float(one["spread"]) if one["spread"] else None), cell


def ranks(table: Table, run: Run) -> Iterator[Claim]:
    """Hold average ranks against those of the stored figures, and who is told apart against Nemenyi's test."""
    metric = run.metric(title_of(table, r"^Average ranks by (.+?) on clean input"))
    rows = {cells["model"].text: cells for _, cells in table.cells()}
    values = np.array([[run.rows[Place(model, data, "clean", metric)].value for data in run.data] for model in rows])
    higher = metric in ("weighted_f1", "accuracy")
    average = dict(zip(rows, rankdata(-values if higher else values, axis=0).mean(axis=1), strict=True))
    assert [*average.values()] == sorted(average.values())
    reach = studentized_range.ppf(0.95, len(rows), np.inf) * np.sqrt(len(rows) * (len(rows) + 1) / 12 / len(run.data))
    differ = friedmanchisquare(*values).pvalue < 0.05
    for model, cells in rows.items():
        shown, alike = cells["average rank"], cells["not told apart from"].text
        assert float(shown.value) == average[model] if shown.full else true_of(shown.value, average[model])
        near = {one for one in rows if one != model and (not differ or abs(average[one] - average[model]) < reach)}
        assert {*alike.split(", ")} - {"none"} == near, (table.address, model)
    yield from ()


def hidden(table: Table, run: Run) -> Iterator[Claim]:
    """Read silhouette coefficients by group of utterances."""
    model = run.model(title_of(table, r"^Hidden vectors of (.+)"))
    for _, cells in table.cells():
        part = cells["utterances"].text.removesuffix(" utterances").replace("all", "")
        place = Place(model, table.data, "clean", "silhouette", part)
        yield Claim(joined(cells["silhouette"], cells["95 % interval"]), place, ENDS)
