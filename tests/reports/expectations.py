"""What the numbers of every table of a report stand for: by kind of table, how its columns name rows of the results.

Nothing here is taken from the code that writes the tables. A kind that is not here is an error, and so is a column.
"""

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import pandas as pd
from number_reader import true_of
from second_reader import Cell, Table, cell_of

from emobench.benchmark.run_folder import RunFolder

TITLES = {
    "Weighted F1": "weighted_f1", "Macro F1": "macro_f1", "ECE": "ece", "NLL": "nll", "Brier": "brier",
    "Churn": "churn", "Regret": "regret", "Confidence gap": "signed_gap", "Accuracy": "accuracy", "F1": "f1",
    "Share acted on": "act_share", "Risk when acting": "act_risk", "Unsafe share": "unsafe_share",
    "Flip rate": "flip_rate", "AUROC": "auroc", "Empty sets": "conformal_empty", "Coverage gap": "conformal_gap",
    "Empty sets (APS)": "conformal_empty:method=aps", "Coverage gap (APS)": "conformal_gap:method=aps",
    "Coverage of sets": "conformal_coverage", "Set size": "conformal_set_size",
    "Coverage of sets (LAC)": "conformal_coverage", "Set size (LAC)": "conformal_set_size",
    "Coverage of sets (APS)": "conformal_coverage:method=aps", "Set size (APS)": "conformal_set_size:method=aps",
    "MCE": "mce", "RMSCE": "rmsce", "Average precision": "average_precision",
    "Silhouette coefficient": "silhouette", "Worst rung": "worst_rung", "Degradation area": "degradation_area",
}  # fmt: skip
REMOVED_BY = {
    "": "",
    "zeros": "", "dialogue mean": "operator=mean", "strict": "", "graph": "mode=graph", "zeros, strict": "",
    "dialogue mean, strict": "operator=mean", "zeros, graph": "mode=graph",
    "dialogue mean, graph": "mode=graph,operator=mean",
}  # fmt: skip
ALL = frozenset({"interval", "draws"})
WITH_FLOOR = ALL | {"floor"}
NO_ENDS = frozenset[str]()
ENDS = frozenset({"interval"})


class Place(NamedTuple):
    """A row of results.parquet."""

    model: str
    data: str
    condition: str
    metric: str
    part: str = ""
    seed: int = -1


@dataclass(frozen=True)
class Claim:
    """A cell and the row that it shows."""

    cell: Cell
    place: Place
    shows: frozenset[str] = ALL
    """What beside the figure it has to show where the row has it."""
    times: float = 1.0
    """What the figure is shown in: 100 where a paper prints per cent without saying so in every cell."""


class Run:
    """What was stored, read without the code under test."""

    def __init__(self, folder: RunFolder) -> None:
        """Read both files of a run folder."""
        record = json.loads(folder.record_path.read_text(encoding="utf-8"))
        self.data: list[str] = [one["name"] for one in record["data"]]
        self.models: list[str] = [one["name"] for one in record["models"]]
        self.posterior: dict[str, str] = {one["name"]: one["posterior"] for one in record["data"]}
        self.conditions: list[str] = [one["text"] for one in record["conditions"]]
        self.classes: list[str] = [name for one in record["data"] for name in one["classes"]]
        frame = pd.read_parquet(folder.results_path)
        self.metrics = set(frame.metric)
        self.rows: Mapping[Place, pd.Series] = {
            Place(one.model, one.data, one.condition, one.metric, one.part or "", int(one.seed)): one
            for one in frame.itertuples()
        }
        compared = folder.comparisons_path
        self.compared = list(pd.read_parquet(compared).itertuples()) if compared.exists() else []

    def model(self, text: str) -> str:
        """Return the model that a text starts with."""
        return max((one for one in self.models if text == one or text.startswith((f"{one} ", f"{one},"))), key=len)

    def metric(self, title: str) -> str:
        """Return the metric that is called so."""
        metric = TITLES.get(title, title)
        assert metric in self.metrics, f"no metric is called {title!r}"
        return metric

    def condition(self, protocol: str, label: str) -> str:
        """Return the condition of a protocol that is called so."""
        text = f"{protocol}:{label}"
        found = text if text in self.conditions else label
        assert found in self.conditions, f"no condition is called {label!r}"
        return found


Reader = Callable[[Table, Run], Iterator[Claim]]


def faults(claim: Claim, run: Run) -> list[str]:
    """Return where a cell and the row that it stands for differ."""
    cell, place = claim.cell, claim.place
    row = run.rows.get(place)
    if row is None or math.isnan(row.value):
        return [] if cell.value in ("–", "") and not cell.low else [f"{place}: {cell.text!r}, but there is no figure"]
    if not cell.value:
        return [f"{place}: {cell.text!r}, not {row.value}"]
    stored = {
        name: claim.times * getattr(row, name, math.nan) for name in ("low", "high", "floor", "floor_high", "draw_sd")
    }
    value = claim.times * row.value
    if math.isnan(stored["low"]) or math.isnan(stored["high"]):
        stored |= {"low": math.nan, "high": math.nan}
    demanded = {"interval": ("low", "high"), "floor": ("floor", "floor_high"), "draws": ("draw_sd",)}
    said = [] if _equal(cell.value, value, cell) else [f"{place}: {cell.value} shown, {value} stored"]
    for kind, names in demanded.items():
        for name in names:
            text = getattr(cell, name)
            if text and not _equal(text, stored[name], cell):
                said.append(f"{place}: {name} {text} shown, {stored[name]} stored")
            elif not text and kind in claim.shows and not math.isnan(stored[name]):
                said.append(f"{place}: {name} {stored[name]} is not shown in {cell.text!r}")
    if cell.within is not None and cell.within != (value <= stored["floor_high"]):
        said.append(f"{place}: within its floor or not, {cell.text!r}")
    return said


def _equal(text: str, value: float, cell: Cell) -> bool:
    if cell.full:
        # Sums in floating point are off by a little near 0 and 1.
        return math.isclose(float(text), value, rel_tol=0, abs_tol=1e-12)
    if text.endswith(" %"):
        return true_of(text.removesuffix(" %"), value * 100, most=100.0)
    return true_of(text, value)


def exempt(claim: Claim, run: Run) -> bool:
    """Whether a row that is there is rightly not shown: what is so by definition is no finding."""
    model, data, condition, metric, *_ = claim.place
    if model == run.posterior.get(data) and metric == "regret":
        return claim.cell.value in ("–", "")
    return metric == "churn" and condition == "clean" and claim.cell.value in ("–", "")


def joined(figure: Cell, ends: Cell | None = None, draws: Cell | None = None, floor_high: Cell | None = None) -> Cell:
    """Return a figure whose ends stand in other columns."""
    return replace(
        figure,
        low=ends.low if ends else "",
        high=ends.high if ends else "",
        draw_sd=draws.value.replace("–", "") if draws else "",
        floor_high=floor_high.value.replace("–", "") if floor_high else "",
    )


def by_model(table: Table, run: Run, metric: str, *, shows: frozenset[str] = ALL) -> Iterator[Claim]:
    """Read a table of conditions, a model a column; rows without protocol stand under it."""
    for heading, cells in table.cells():
        label = next(iter(cells.values())).text
        condition = run.condition(heading, label) if heading or label in run.conditions else label
        for name, cell in list(cells.items())[1:]:
            yield Claim(cell, Place(run.model(name), table.data, condition, metric), shows)


def by_metric(
    table: Table, run: Run, place: Callable[[str, dict[str, Cell]], tuple[str, str]], *, apart: tuple[str, ...] = (),
    suffix: str = "", shows: frozenset[str] = WITH_FLOOR, part: str = "",
) -> Iterator[Claim]:  # fmt: skip
    """Read a table of metrics, one a column; `place`: model and condition of a row, `apart`: other columns."""
    for heading, cells in table.cells():
        model, condition = place(heading, cells)
        for name, cell in list(cells.items())[1:]:
            if name not in apart:
                metric = run.metric(TITLES.get(name, name) + suffix)
                yield Claim(cell, Place(model, table.data, condition, metric, part), shows)


def title_of(table: Table, pattern: str) -> str:
    """Return what a pattern finds in what stands around a table."""
    found = re.search(pattern, table.title)
    assert found is not None, f"{table.address}: {table.title!r} is not {pattern!r}"
    return found[1]


def risk_of(table: Table) -> str:
    """Return the arguments of metrics of acting on confidence."""
    risk = int(title_of(table, r"[Aa]t most (\d+) %")) / 100
    return "" if risk == 0.1 else f":risk={risk:g}"


def with_arguments(metric: str, *arguments: str) -> str:
    """Return the canonical text of a metric."""
    text = ",".join(sorted(one for piece in arguments for one in piece.split(",") if one))
    return f"{metric}:{text}" if text else metric


def percent_in(text: str) -> Cell:
    """Return the percentage at the end of a text."""
    return cell_of(re.sub(r"^.*?([<>]?[\d.]+ %)\)?$", r"\1", text))
