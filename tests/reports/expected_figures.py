"""Readers of the tables of numbers behind figures, by what their address begins with; and of LaTeX and Markdown."""

import re
from collections.abc import Iterator

from expectations import (
    ALL,
    ENDS,
    NO_ENDS,
    REMOVED_BY,
    Claim,
    Place,
    Reader,
    Run,
    by_metric,
    by_model,
    joined,
    percent_in,
    risk_of,
    title_of,
    with_arguments,
)
from expected_across import hidden, layout, ranks
from expected_tables import (
    comparison,
    kinds,
    least,
    modes,
    of_record,
    published_claim,
    removal,
    shapley,
)
from second_reader import Cell, Table, cell_of

INTERVAL, DRAWS, FLOOR = "95 % interval", "± over draws", "noise floor 95th percentile"


def _with_ends(cells: dict[str, Cell], head: str) -> Cell:
    return joined(cells[head], cells.get(INTERVAL), cells.get(DRAWS), cells.get(FLOOR))


def curve(table: Table, run: Run) -> Iterator[Claim]:
    """Read the rungs of curves."""
    along = title_of(table, r" along (.+?), (?:by|on) ")
    metric = run.metric(title_of(table, r"^(.+?) along ")) + (risk_of(table) if "At most" in table.title else "")
    for _, cells in table.cells():
        names = list(cells)
        argument = names[2] if names[1] == "curve" else names[1]
        figure = names[names.index(argument) + 1]
        protocol, _, typed = along.partition(":")
        condition = _rung(protocol, cells["curve"].text if "curve" in cells else typed, argument, cells[argument].text)
        assert condition in run.conditions, (table.address, condition)
        yield Claim(_with_ends(cells, figure), Place(cells["model"].text, table.data, condition, metric))


def _rung(protocol: str, curve: str, argument: str, severity: str) -> str:
    """Return the condition that is a rung of a curve; words that are no argument say that it has none."""
    if severity == "clean":
        return severity
    others = [one for one in curve.split(",") if "=" in one and not one.startswith(f"{argument}=")]
    arguments = sorted([*others, f"{argument}={severity.replace('−', '-')}"])
    return f"{protocol}:{','.join(arguments)}"


def conditions(table: Table, run: Run) -> Iterator[Claim]:
    """Read conditions that have no order."""
    suffix = risk_of(table) if re.search("most", table.title) else ""
    for _, cells in table.cells():
        metric = run.metric(list(cells)[2]) + suffix
        place = Place(cells["model"].text, table.data, cells["condition"].text.replace("−", "-"), metric)
        yield Claim(_with_ends(cells, list(cells)[2]), place)


def reliability(table: Table, run: Run) -> Iterator[Claim]:
    """Read the bins."""
    place = Place(run.model(title_of(table, r"^Reliability of (.+)")), table.data, "clean", "reliability")
    for number, (_, cells) in enumerate(table.cells(), start=1):
        for name, part in (("utterances", "count"), ("mean confidence", "confidence"), ("accuracy", "accuracy")):
            cell = _with_ends(cells, name) if name == "accuracy" else joined(cells[name])
            yield Claim(cell, place._replace(part=f"{part} {number:02d}"))
        bar = cells["if calibrated"]
        for end in ("low", "high"):
            where = place._replace(metric="consistency_bars", part=f"{end} {number:02d}")
            yield Claim(joined(Cell(bar.text, getattr(bar, end), full=bar.full)), where)


def risk_coverage(table: Table, run: Run) -> Iterator[Claim]:
    """Read error rates by what is kept."""
    for _, cells in table.cells():
        kept = float(cells["kept"].value.removesuffix(" %")) * (1 if cells["kept"].full else 0.01)
        place = Place(cells["model"].text, table.data, "clean", "risk_coverage", f"{kept:.3g}")
        yield Claim(_with_ends(cells, "error rate"), place)


def entropy(table: Table, run: Run) -> Iterator[Claim]:
    """Read the means, and the shares bin by bin."""
    metric = "uncertain_entropy" if table.address.startswith("uncertain") else "entropy"
    model = run.model(title_of(table, r"^Entropy of .+? of (\S+ on clean input)"))
    seen: dict[str, int] = {}
    for _, cells in table.cells():
        group = cells["group"].text
        if cells["entropy"].text != "mean":
            seen[group] = seen.get(group, 0) + 1
        part = group if cells["entropy"].text == "mean" else f"{group} {seen[group]:02d}"
        shows = ALL if cells["entropy"].text == "mean" else NO_ENDS
        yield Claim(cells["mean or share"], Place(model, table.data, "clean", metric, part), shows)


def classes(table: Table, run: Run) -> Iterator[Claim]:
    """Read F1 by class."""
    for _, cells in table.cells():
        yield Claim(_with_ends(cells, "F1"), Place(cells["model"].text, table.data, "clean", "f1", cells["class"].text))


def confusion(table: Table, run: Run) -> Iterator[Claim]:
    """Read counts; the share found is that of the diagonal."""
    model = run.model(title_of(table, r"^Confusion matrix of (.+)"))
    for _, cells in table.cells():
        for name in list(cells)[1:-1]:
            part = f"{cells['gold'].text}→{name.removeprefix('as ')}"
            yield Claim(cells[name], Place(model, table.data, "clean", "confusion", part))


def weights(table: Table, run: Run) -> Iterator[Claim]:
    """Read weights by condition, named without its protocol."""
    protocol = title_of(table, r"by condition(?: under (\S+))?, on")
    model = run.model(title_of(table, r"^Mean modality weights of (.+)"))
    for _, cells in table.cells():
        condition = run.condition(protocol, cells["condition"].text)
        for name in list(cells)[1:]:
            yield Claim(cells[name], Place(model, table.data, condition, "modality_weight", name), ENDS)


def weight_share(table: Table, run: Run) -> Iterator[Claim]:
    """Read weights beside shares."""
    named = {"weight": "modality_weight", "Shapley share": "shapley_share"}
    for _, cells in table.cells():
        for name in list(cells)[1:]:
            metric, _, part = name.partition(" of ")
            yield Claim(cells[name], Place(cells["model"].text, table.data, "clean", named[metric], part))


def weight_curve(table: Table, run: Run) -> Iterator[Claim]:
    """Read weights over severity."""
    protocol, argument = (title_of(table, pattern) for pattern in (r" along (\w+),", r", by (\w+),"))
    model = run.model(title_of(table, r"^Weights of (.+)"))
    for _, cells in table.cells():
        condition = _rung(protocol, cells["curve"].text, argument, cells[argument].text)
        assert condition in run.conditions, (table.address, condition)
        for name in list(cells)[2:]:
            yield Claim(cells[name], Place(model, table.data, condition, "modality_weight", name), ENDS)


def shares(table: Table, run: Run) -> Iterator[Claim]:
    """Read shares of uncertain utterances and of the others, and how many are uncertain."""
    for _, cells in table.cells():
        model, (which, _, share) = cells["model"].text, cells["utterances"].text.partition(" ")
        if which == "uncertain" and share:
            yield Claim(percent_in(share), Place(model, table.data, "clean", "uncertain_share", "all"), NO_ENDS)
        for name in list(cells)[2:]:
            yield Claim(cells[name], Place(model, table.data, "clean", "shapley_share", f"{which}: {name}"))


def cel(table: Table, run: Run) -> Iterator[Claim]:
    """Read CEL and how many gain."""
    for _, cells in table.cells():
        part, _, how = cells["removed"].text.partition(", ")
        place = Place(cells["model"].text, table.data, "clean", with_arguments("cel", REMOVED_BY[how]), part)
        yield Claim(joined(cells["CEL"], cells[INTERVAL]), place, ENDS)
        shares = place._replace(metric=with_arguments("uncertain_share", REMOVED_BY[how]))
        yield Claim(joined(cells["uncertain share"], cells.get(f"{INTERVAL} (2)")), shares, ENDS)


def transfer(table: Table, run: Run) -> Iterator[Claim]:
    """Read calibration error and confidence gap of a model raw and calibrated."""
    for _, cells in table.cells():
        place = Place(cells["model"].text, table.data, cells["condition"].text, "ece")
        yield Claim(joined(cells["ECE"], cells[INTERVAL], floor_high=cells[FLOOR]), place, ENDS)
        yield Claim(
            joined(cells["Confidence gap"], cells[f"{INTERVAL} (2)"]), place._replace(metric="signed_gap"), ENDS
        )


def gains(table: Table, run: Run) -> Iterator[Claim]:
    """Read how many gain more than so much."""
    kinds = {"without a modality": "modalities", "without a context": "contexts"}
    for _, cells in table.cells():
        part = f"{kinds[cells['removal'].text]} > {float(cells['gain above'].text):g}"
        place = Place(cells["model"].text, table.data, "clean", "cf_distribution", part)
        yield Claim(cells["share of utterances"], place, NO_ENDS)


def stability(table: Table, run: Run) -> Iterator[Claim]:
    """Read clean input, and the ends over all conditions."""
    metric = run.metric(title_of(table, r"^(.+?) over all conditions"))
    for _, cells in table.cells():
        place = Place(cells["model"].text, table.data, "clean", metric)
        yield Claim(_with_ends(cells, "clean"), place)
        for end, where in (("lowest", "under"), ("highest", "under (2)")):
            under = place._replace(condition=cells[where].text)
            stressed = [
                run.rows[one].value
                for one in (under._replace(condition=text) for text in run.conditions if text != "clean")
                if one in run.rows
            ]
            assert run.rows[under].value == (min if end == "lowest" else max)(stressed)
            yield Claim(cells[end], under, NO_ENDS)


FIGURES: dict[str, Reader] = {
    "curve": curve, "conditions": conditions, "reliability": reliability, "risk-coverage": risk_coverage,
    "entropy": entropy, "uncertain-entropy": entropy, "acting": conditions, "conformal": conditions,
    "classes": classes, "confusion": confusion, "weights": weights, "weight-share": weight_share,
    "weight-curve": weight_curve, "shares": shares, "cel": cel, "gains": gains, "stability": stability,
    "training": of_record, "transfer": transfer, "hidden": hidden, "ranks": ranks,
}  # fmt: skip


def tex_metric(table: Table, run: Run) -> Iterator[Claim]:
    """Read the conditions of one metric."""
    return by_model(table, run, run.metric(title_of(table, r"^(.+?) (?:\([^)]* best\) |\([^)]* better\) )?on ")))


def tex_cel(table: Table, run: Run) -> Iterator[Claim]:
    """Read confidence under removal."""
    for heading, cells in table.cells():
        part, _, how = cells["Model removed"].text.partition(", ")
        yield from removal(cells, Place(heading, table.data, "clean", "cel", part), run, REMOVED_BY[how])


def tex_transfer(table: Table, run: Run) -> Iterator[Claim]:
    """Read a model beside itself with calibrators, in one metric."""
    title, raw = (title_of(table, rf"stress: {pattern} on ") for pattern in (r"(.+?) of \S+", r".+? of (\S+)"))
    for _, cells in table.cells():
        for name, cell in list(cells.items())[1:]:
            model = raw if name == "raw" else f"{raw}{name}"
            yield Claim(cell, Place(model, table.data, cells["Condition"].text, run.metric(title)))


def _under_model(heading: str, cells: dict[str, Cell]) -> tuple[str, str]:
    return heading, cells["Model condition"].text


def tex_acting(table: Table, run: Run) -> Iterator[Claim]:
    """Read acting on confidence."""
    return by_metric(table, run, _under_model, suffix=risk_of(table), shows=ALL)


def tex_cost(table: Table, run: Run) -> Iterator[Claim]:
    """Read what decisions cost."""
    arguments = title_of(table, r"^Decision cost \((.+?)\)")
    for heading, cells in table.cells():
        for name, metric in (("Mean cost", "decision_cost"), ("Share abstained", "abstain_share")):
            place = Place(heading, table.data, cells["Model condition"].text, f"{metric}:{arguments}")
            yield Claim(cells[name], place)


def tex_sets(table: Table, run: Run) -> Iterator[Claim]:
    """Read prediction sets."""
    named = {"Coverage": "conformal_coverage", "Set size": "conformal_set_size"}
    for heading, cells in table.cells():
        place = Place(heading, table.data, cells["Model condition"].text, "conformal_coverage")
        for name in list(cells)[1:]:
            title, method = name.removesuffix(")").split(" (")
            of_method = "" if method == "LAC" else f":method={method.lower()}"
            if title == "Least covered class":
                text = cells[name].text.partition(" ")
                figure = percent_in(text[2])
                found = Cell(figure.text, figure.value, words=text[0])
                yield from least(found, place._replace(metric=f"conformal_coverage{of_method}"), run)
            else:
                yield Claim(cells[name], place._replace(metric=f"{named[title]}{of_method}"))


def tex_published(table: Table, run: Run) -> Iterator[Claim]:
    """Read what is here, beside what papers print."""
    for heading, cells in table.cells():
        yield published_claim(cells["Here"], cells["Model figure"].text, run.model(heading), table.data, run)


def tex_others(table: Table, run: Run) -> Iterator[Claim]:
    """Read what no other table holds."""
    return by_metric(table, run, _under_model, shows=ALL)


def tex_parts(table: Table, run: Run) -> Iterator[Claim]:
    """Read a metric by part."""
    metric = run.metric(title_of(table, r"^(.+?) by part on "))
    for heading, cells in table.cells():
        place = Place(heading, table.data, cells["Model condition"].text, metric, cells["Part"].text)
        yield Claim(cells["Figure"], place)


TEX: dict[str, Reader] = {
    r"main(-\d+)?": lambda table, run: by_metric(
        table, run, lambda _, cells: (run.model(cells["Model"].text), "clean"), shows=ALL
    ),
    r"(weighted_f1|macro_f1|ece|nll|brier|churn|regret)(-\d+)?": tex_metric,
    r"cel": tex_cel, r"kinds": kinds, r"graph": modes, r"shapley": shapley,
    r"realised-\w+": of_record, r"training": of_record, r"transfer-\d+-\w+": tex_transfer,
    r"acting-\w*": tex_acting, r"cost-\w+": tex_cost, r"conformal": tex_sets,
    r"published": tex_published, r"other-\d+": tex_others, r"parts-\d+": tex_parts, r"comparison-\d+": comparison,
    r"problems": of_record, r"(cmerc|sure|mister-e|rage-fusion)-table\d(-\d)?": layout,
}  # fmt: skip


def markdown_clean(table: Table, run: Run) -> Iterator[Claim]:
    """Read the small table of clean input and of the condition that hurts most."""
    for _, cells in table.cells():
        model = run.model(cells["Model"].text)
        for name in list(cells)[1:]:
            title = name.removesuffix(" (noise floor)")
            if name.startswith("Worst condition"):
                condition, _, figure = cells[name].text.partition(" ")
                metric = run.metric(name.removeprefix("Worst condition "))
                yield Claim(cell_of(figure), Place(model, table.data, condition, metric), ENDS)
            else:
                yield Claim(cells[name], Place(model, table.data, "clean", run.metric(title)), ENDS)


def markdown_conditions(table: Table, run: Run) -> Iterator[Claim]:
    """Read all conditions of a metric."""
    return by_model(table, run, run.metric(title_of(table, r"^All conditions: (.+?) on ")), shows=ENDS)


MARKDOWN: dict[str, Reader] = {"clean": markdown_clean, "all conditions": markdown_conditions}
