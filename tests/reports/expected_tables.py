"""Readers of the tables of a page and of its CSV files, by kind: what follows `table-` in their address."""

import re
from collections.abc import Iterator

from expectations import (
    ALL,
    ENDS,
    NO_ENDS,
    REMOVED_BY,
    TITLES,
    Claim,
    Place,
    Reader,
    Run,
    by_metric,
    by_model,
    risk_of,
    title_of,
    with_arguments,
)
from number_reader import true_of
from second_reader import Cell, Table, cell_of


def _name(cells: dict[str, Cell], head: str = "Model") -> str:
    return cells[head].text


def leaders(table: Table, run: Run) -> Iterator[Claim]:
    """Read the best model and the next by protocol."""
    for _, cells in table.cells():
        condition = "clean" if cells["Worst under"].text in ("–", "") else cells["Worst under"].text
        metric = run.metric(cells["By"].text)
        for who, head in (("Best", "Figure"), ("Next", "Figure (2)")):
            if cells[who].text not in ("–", ""):
                model = run.model(cells[who].text.partition(", ")[0])
                yield Claim(cells[head], Place(model, table.data, cells[head].words or condition, metric))


def glance(table: Table, run: Run) -> Iterator[Claim]:
    """Read figures on clean input and at worst, which says under what."""
    for _, cells in table.cells():
        model = run.model(_name(cells))
        for name, cell in cells.items():
            if name in ("Model", "Seeds"):
                continue
            title, when = re.fullmatch(r"(.*) (clean|at worst)", name).groups()  # type: ignore[union-attr]  # or fail
            metric = run.metric(title)
            condition = "clean" if when == "clean" else cell.words
            if condition == "all conditions alike":
                condition = next(one for one in run.conditions if (model, one) != (model, "clean"))
            if when == "at worst" and cell.value != "–":
                _is_worst(run, model, table.data, metric, condition)
            yield Claim(cell, Place(model, table.data, condition, metric))


def _is_worst(run: Run, model: str, data: str, metric: str, condition: str) -> None:
    found = {
        text: row.value
        for text in run.conditions
        if text != "clean" and (row := run.rows.get(Place(model, data, text, metric))) is not None
    }
    worst = max(found.values()) if metric == "ece" else min(found.values())
    assert found[condition] == worst, f"{model} is not at its worst under {condition}"


def clean(table: Table, run: Run) -> Iterator[Claim]:
    """Read figures on clean input."""
    return by_metric(table, run, lambda _, cells: (run.model(_name(cells)), "clean"), apart=("Seeds",))


def heat(table: Table, run: Run) -> Iterator[Claim]:
    """Read shades, which have no intervals."""
    metric = run.metric(title_of(table, r"\| (.+?) on "))
    for claim in by_model(table, run, metric, shows=NO_ENDS):
        row = run.rows.get(claim.place)
        if metric == "ece" and row is not None and not claim.cell.full:
            assert (claim.cell.words == "°") == (row.value <= row.floor_high), claim
        yield claim


def curves(table: Table, run: Run) -> Iterator[Claim]:
    """Read figures of whole curves: the family stands in the place of the condition."""
    return by_model(table, run, run.metric(title_of(table, r"^(.+?) of whole curves")))


def conditions(table: Table, run: Run) -> Iterator[Claim]:
    """Read all conditions of a model."""
    model = run.model(title_of(table, r"^Conditions of (\S+) on "))
    return by_metric(table, run, lambda _, cells: (model, _name(cells, "Condition")))


def transfer(table: Table, run: Run) -> Iterator[Claim]:
    """Read a model beside itself with calibrators."""
    raw = title_of(table, r"^Calibration of (.+?), ")
    for _, cells in table.cells():
        for name, cell in list(cells.items())[1:]:
            title, _, which = name.rpartition(" ")
            model = raw if which == "raw" else f"{raw}{which}"
            yield Claim(cell, Place(model, table.data, _name(cells, "Condition"), run.metric(title)))


def acting(table: Table, run: Run) -> Iterator[Claim]:
    """Read acting on confidence at a wanted error rate."""
    return by_metric(table, run, _model_condition, apart=("Condition",), suffix=risk_of(table))


def _model_condition(_: str, cells: dict[str, Cell]) -> tuple[str, str]:
    return _name(cells).removesuffix(" ceiling"), _name(cells, "Condition")


def cost(table: Table, run: Run) -> Iterator[Claim]:
    """Read what decisions cost."""
    arguments = title_of(table, r"^Decision cost \((.+?)\)")
    named = {"Decision cost": "decision_cost", "Share abstained": "abstain_share"}
    for _, cells in table.cells():
        for name in list(cells)[2:]:
            place = Place(_name(cells), table.data, _name(cells, "Condition"), f"{named[name]}:{arguments}")
            yield Claim(cells[name], place)


def sets(table: Table, run: Run) -> Iterator[Claim]:
    """Read prediction sets; of the classes the one that is covered least."""
    named = {"Coverage": "conformal_coverage", "Set size": "conformal_set_size"}
    for _, cells in table.cells():
        for name in list(cells)[2:]:
            title, _, method = name.rpartition(" ")
            of_method = "" if method == "LAC" else f":method={method.lower()}"
            place = Place(_name(cells), table.data, _name(cells, "Condition"), "")
            if title == "Least covered class":
                yield from least(cells[name], place._replace(metric=f"conformal_coverage{of_method}"), run)
            else:
                yield Claim(cells[name], place._replace(metric=f"{named[title]}{of_method}"))


def least(cell: Cell, place: Place, run: Run) -> Iterator[Claim]:
    """Read the class that is covered least."""
    every = ((name, run.rows.get(place._replace(part=name))) for name in run.classes)
    covered = {name: row.value for name, row in every if row is not None and row.value == row.value}
    if not covered:
        assert cell.value in ("–", "")
        return
    assert covered[cell.words] == min(covered.values())
    yield Claim(cell, place._replace(part=cell.words), NO_ENDS)


def shapley(table: Table, run: Run) -> Iterator[Claim]:
    """Read Shapley values and shares, of all utterances, uncertain ones and the others."""
    for heading, cells in table.cells():
        model, of = (heading or _name(cells)), list(cells.values())[0 if heading else 1].text
        part, _, how = of.removeprefix("all ").partition(", ")
        for name in list(cells)[1 if heading else 2 :]:
            what, _, which = name.partition(" ")
            metric = with_arguments({"Share": "shapley_share", "φ": "shapley"}[what], REMOVED_BY.get(how, ""))
            own = part if which == "all" else f"{which}: {part}"
            yield Claim(cells[name], Place(model, table.data, "clean", metric, own))


def removals(table: Table, run: Run) -> Iterator[Claim]:
    """Read confidence under removal: figures, and the excess of CEL over its floor."""
    for _, cells in table.cells():
        yield from removal(cells, Place(_name(cells), table.data, "clean", "cel", cells["Removed"].text), run,
                           REMOVED_BY[cells["By"].text])  # fmt: skip
        for name, metric in (("NLL clean", "nll"), ("Accuracy clean", "accuracy")):
            yield Claim(cells.pop(name), Place(_name(cells), table.data, "clean", metric))
        assert set(cells) <= {"Model", "Removed", "By", *REMOVAL}, cells


REMOVAL = {
    "CEL": ("cel",), "CEL (log)": ("cel", "space=log"), "Sum (log)": ("cel", "form=sum", "space=log"),
    "Uncertain share": ("uncertain_share",), "Excess over floor": ("cel",),
}  # fmt: skip


def removal(cells: dict[str, Cell], place: Place, run: Run, how: str) -> Iterator[Claim]:
    """Read the figures of one removal."""
    own = place.model == run.posterior.get(place.data)
    for name, (metric, *form) in REMOVAL.items():
        if name not in cells:
            continue
        where = place._replace(metric=with_arguments(metric, how, *form))
        if name != "Excess over floor":
            shows = NO_ENDS if name in ("Uncertain share", "Sum (log)") else ENDS
            yield Claim(cells[name], where, shows)
            continue
        cell, row = cells[name], run.rows.get(where)
        if row is None or row.floor != row.floor or own:
            assert cell.value in ("–", ""), cell
        else:
            excess = row.value - row.floor
            assert float(cell.value) == excess if cell.full else true_of(cell.value, excess), cell
            assert not cell.floor or (float(cell.floor) == row.floor if cell.full else true_of(cell.floor, row.floor))


def modes(table: Table, run: Run) -> Iterator[Claim]:
    """Read CEL of context in two modes and their difference."""
    named = {
        "Strict": "cel",
        "Graph": "cel:mode=graph",
        "Graph − strict": "graph_gap",
        "Graph minus strict": "graph_gap",
    }
    for heading, cells in table.cells():
        part = list(cells.values())[0 if heading else 1].text
        for name in list(cells)[1 if heading else 2 :]:
            yield Claim(cells[name], Place(heading or _name(cells), table.data, "clean", named[name], part), ENDS)


def kinds(table: Table, run: Run) -> Iterator[Claim]:
    """Read CEL of modalities, of contexts and their difference."""
    metrics = {"Modalities": ("cel", "modalities"), "Contexts": ("cel", "contexts")}
    for _, cells in table.cells():
        for name, cell in list(cells.items())[1:]:
            metric, part = metrics.get(name, ("removal_gap", "modalities"))
            assert name in metrics or name in ("Modalities − contexts", "Modalities minus contexts")
            place = Place(run.model(next(iter(cells.values())).text), table.data, "clean", metric, part)
            yield Claim(cell, place, ENDS)


def flips(table: Table, run: Run) -> Iterator[Claim]:
    """Read flip rates, and churn below them."""
    for _, cells in table.cells():
        condition = _name(cells, "Condition")
        for name in list(cells)[2:]:
            place = Place(run.model(name), table.data, condition, "flip_rate")
            yield Claim(cells[name], place)
            churn = cells[name].words.removeprefix("churn ")
            shown = Cell(churn, churn, full=True) if cells[name].full else cell_of(churn)
            known = condition != "clean" and cells[name].value not in ("–", "")
            assert bool(churn) == (known and place._replace(metric="churn") in run.rows), cells[name]
            if churn:
                yield Claim(shown, place._replace(metric="churn"), NO_ENDS)
            gold = place._replace(metric="gold_flip_rate")
            # Gold classes are the same whatever was drawn.
            if gold in run.rows:
                yield Claim(cells["Gold"], gold, ENDS)


def training(table: Table, run: Run) -> Iterator[Claim]:
    """Read the figures of single trainings; what else there is stands in the record."""
    for _, cells in table.cells():
        for name, metric in (("Weighted F1 clean", "weighted_f1"), ("NLL clean", "nll")):
            place = Place(_name(cells), table.data, "clean", metric, seed=int(float(cells["Seed"].value)))
            yield Claim(cells[name], place)


def others(table: Table, run: Run) -> Iterator[Claim]:
    """Read what no other table holds."""
    return by_metric(table, run, _model_condition, apart=("Condition",), shows=ALL)


def parts(table: Table, run: Run) -> Iterator[Claim]:
    """Read a metric by part."""
    metric = run.metric(title_of(table, r"^(.+?) by part, "))
    for _, cells in table.cells():
        for name in list(cells)[2:]:
            yield Claim(cells[name], Place(_name(cells), table.data, _name(cells, "Condition"), metric, name))


def published(table: Table, run: Run) -> Iterator[Claim]:
    """Read what is here, beside what papers print."""
    for _, cells in table.cells():
        yield published_claim(cells["Here"], cells["Figure"].text, _name(cells), table.data, run)


def published_claim(cell: Cell, figure: str, model: str, data: str, run: Run) -> Claim:
    """Return what a figure beside a published one stands for."""
    title, _, condition = figure.partition(" under ")
    place = Place(model, data, condition or "clean", "")
    summed = re.fullmatch(r"CEL, sum of logarithms(?: of (\w+))?(?: \((.+)\))?", title)
    if summed:
        metric = with_arguments("cel", "form=sum", "space=log", REMOVED_BY[summed[2] or "zeros"])
        return Claim(cell, place._replace(metric=metric, part=summed[1] or "all"), ENDS)
    shared = re.fullmatch(r"Uncertain share, (\w+) \((.+)\)", title)
    if shared:
        return Claim(
            cell, place._replace(metric=with_arguments("uncertain_share", REMOVED_BY[shared[2]]), part=shared[1])
        )
    name, _, part = title.partition(", ")
    return Claim(cell, place._replace(metric=run.metric(TITLES.get(name, name)), part=part))


def comparison(table: Table, run: Run) -> Iterator[Claim]:
    """Hold comparisons against comparisons.parquet; they stand for no single row of the results."""
    title = title_of(table, r"^(.+? on \S+?)(?:\.| \||$)")
    metric, model, reference, data = re.fullmatch(  # type: ignore[union-attr]  # or fail
        r"(.+?) \(.*?\): (\S+) − (\S+) on (\S+)", title
    ).groups()
    for _, cells in table.cells():
        (row,) = (
            one
            for one in run.compared
            if (one.metric, one.model, one.reference_model, one.data, one.condition)
            == (TITLES[metric], model, reference, data, _name(cells, "Condition"))
        )
        ends = next(cell for name, cell in cells.items() if name.endswith("interval"))
        p = next(cell for name, cell in cells.items() if name in ("p adjusted", "p"))
        for text, value in (
            (cells["Difference"].value, row.difference), (ends.low, row.low), (ends.high, row.high),
            (p.value, row.p_adjusted), (cells["Detects"].value, row.detectable),
        ):  # fmt: skip
            assert float(text) == value if cells["Difference"].full else true_of(text, value), (title, text, value)
        assert cells["Verdict"].text == row.verdict
    yield from ()


def of_record(table: Table, run: Run) -> Iterator[Claim]:
    """Pass over a table of numbers that stand in run.json."""
    yield from ()


PAGE: dict[str, Reader] = {
    one.__name__: one
    for one in (
        leaders, glance, clean, heat, curves, conditions, transfer, acting, cost, sets, shapley, removals, kinds, modes,
        flips, training, others, parts, published, comparison,
    )
} | dict.fromkeys(("realised", "problems", "classes"), of_record)  # fmt: skip
