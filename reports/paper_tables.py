"""Tables of the LaTeX file beside those of conditions: removals, realised severity, trainings, what is missing."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from .contents import DataView, ModelView, Removal, RunView
from .definitions import defined
from .numbers import count, number, percent, signed, spread
from .realised import realised_cell, realised_notes, realised_title
from .results import Result
from .sentences import lowered, plain
from .stress_contents import Stress
from .stress_sentences import context_free_cel, not_removed_sentence
from .tex import PAGE_WIDTH, Tex, breakable, code, escape, prose, table
from .vocabulary import MODES, OPERATORS, text_of

FIRST = 4.6
"""Width of the first column in centimetres."""
CONDITIONS_TOGETHER = 6
"""Conditions in one cell."""
WITHIN_FLOOR = "Raised n: within the noise floor (95th percentile), no evidence of miscalibration."
"""What the mark of `figure_cell` means."""


def further_tables(data: DataView, run: RunView) -> Iterator[Tex]:
    """Yield the tables of a data set that are not of conditions."""
    if any(model.removals for model in data.models):
        yield _removals(data, run)
    if any(model.removal_gap for model in data.models):
        yield _removal_gaps(data, run)
    if any(model.graph_gaps for model in data.models):
        yield _graph_gaps(data, run)
    yield from (_realised(data, stress, run) for stress in data.stresses if stress.realised.names)
    if any(fit.epochs for model in data.models for fit in model.fits):
        yield _trainings(data)


def problems_table(run: RunView) -> Tex | None:
    """Return what was not computed, and why; None: nothing."""
    if not run.problems:
        return None
    rows = [
        [
            breakable(f"{one.model} on {one.data}"),
            Tex(", ".join(map(code, texts))) if texts else Tex("training"),
            escape(", ".join(map(str, one.seeds))),
            prose(f"{one.state}: {one.why}"),
        ]
        for one in run.problem_groups
        # A row of a longtable cannot go over to the next page.
        for texts in _batches(one.conditions)
    ]
    head = [Tex(name) for name in ("Model", "Condition", "Seeds", "Reason")]
    return table(escape("What was not computed; it is in no mean."), "tab:problems", head, rows, [4.2, 4.2, 1.6, 5.6])


def figure_cell(figure: Result | None, *, bold: bool = False, second: bool = False, mark: str = "") -> Tex:
    """Return a figure with what is known of its spread; a raised n: within its noise floor; `second`: underlined."""
    if figure is None:
        return escape(number(None))
    value = escape(figure.shown.value)
    value = Tex(rf"\{'textbf' if bold else 'underline'}{{{value}}}") if bold or second else value
    marks = mark + "n" * figure.within_floor
    raised = rf"\textsuperscript{{{marks}}}" if marks else ""
    over_draws = escape(f"±{spread(figure.draw_sd)}") if figure.draw_sd >= 0 else ""
    ends = escape(figure.shown.interval)
    # Each goes to a line of its own as a whole where the column is narrow.
    spreads = "".join(rf" {{\scriptsize\mbox{{{spread}}}}}" for spread in (over_draws, ends) if spread)
    return Tex(f"{value}{raised}{spreads}")


def seeds_sentence(run: RunView) -> str:
    """Say of how many trainings figures are."""
    seeds = len(run.record.seeds)
    if seeds == 1:
        return "One training seed."
    return f"Means over {seeds} training seeds (one training where nothing is random)."


def named(data: DataView) -> str:
    """Return the name of a data set as part of a sentence."""
    return f"the simulated data {data.name}" if data.simulated else data.name


def slug(data: DataView) -> str:
    """Return the name of a data set as part of a label."""
    return "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in data.name)


def _batches(conditions: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Yield some at a time; nothing at all is one batch."""
    for start in range(0, max(len(conditions), 1), CONDITIONS_TOGETHER):
        yield conditions[start : start + CONDITIONS_TOGETHER]


def _removals(data: DataView, run: RunView) -> Tex:
    removals = [removal for model in data.models for removal in model.removals]
    columns = [column for column in _CEL_COLUMNS if any(column.of(removal) for removal in removals)]
    rows: list[Sequence[Tex] | Tex] = []
    for model in data.models:
        rows += [breakable(model.name)] if model.removals else []
        rows += [
            [breakable(f"{one.part}, {one.how}"), *(column.cell(one) for column in columns)] for one in model.removals
        ]
    sentences = [
        f"Confidence under removal on {named(data)}, clean input against each modality removed (by zeros or by the "
        f"dialogue's mean) or context (strict: really gone; graph: edges of the model's graph only). "
        f"{seeds_sentence(run)} CEL: {lowered(text_of('cel').about)} Uncertain share: "
        f"{lowered(text_of('uncertain_share').about)} The floor is the exact "
        "posterior's own CEL under the same removals, where it is known. The sum over utterances and removals is what "
        "CMERC prints. CEL is no proper score: flatter probabilities lower it, whether they are better or not.",
        not_removed_sentence(data),
        plain(context_free_cel(data)),
    ]
    caption = escape(" ".join(filter(None, sentences)))
    head = [Tex("Model, removed"), *(Tex(column.head) for column in columns)]
    return table(caption, f"tab:{slug(data)}-cel", head, rows, [3.2, *(column.width for column in columns)])


@dataclass(frozen=True)
class _Column:
    """A column of the table of removals, which is left out where no removal has its figure."""

    head: str
    width: float
    """Centimetres."""
    of: Callable[[Removal], Result | None]
    shown: Callable[[Result], Tex]

    def cell(self, removal: Removal) -> Tex:
        found = self.of(removal)
        return escape(number(None)) if found is None else self.shown(found)


def _excess(cel: Result) -> Tex:
    return escape(cel.beside(cel.value - cel.floor, plus=True))


def _with_floor(removal: Removal) -> Result | None:
    return removal.cel if removal.floored else None


_CEL_COLUMNS = (
    _Column("CEL", 2.9, lambda removal: removal.cel, figure_cell),
    _Column("Excess over floor", 2.1, _with_floor, _excess),
    _Column("CEL (log)", 2.9, lambda removal: removal.cel_log, figure_cell),
    _Column("Sum (log)", 2.3, lambda removal: removal.cel_sum, lambda found: escape(found.shown.value)),
    _Column("Uncertain share", 1.9, lambda removal: removal.uncertain, lambda found: escape(percent(found.value))),
)


def _removal_gaps(data: DataView, run: RunView) -> Tex:
    rows = [
        [
            breakable(model.name),
            figure_cell(model.cel("modalities", OPERATORS[""])),
            figure_cell(model.cel("contexts", MODES[""])),
            figure_cell(model.removal_gap),
        ]
        for model in data.models
        if model.removal_gap
    ]
    caption = (
        f"CEL of modalities against that of contexts on {named(data)}, removed the standard way (zeros, strict). "
        f"Difference with paired interval; above 0: it gains more from losing a modality. {seeds_sentence(run)}"
    )
    head = [Tex(name) for name in ("Model", "Modalities", "Contexts", "Modalities minus contexts")]
    return table(escape(caption), f"tab:{slug(data)}-kinds", head, rows, [FIRST, 3.6, 3.6, 3.6])


def _graph_gaps(data: DataView, run: RunView) -> Tex:
    rows: list[Sequence[Tex] | Tex] = []
    for model in data.models:
        rows += [breakable(model.name)] if model.graph_gaps else []
        rows += [_graph_gap(model, part, gap) for part, gap in model.graph_gaps.items()]
    caption = (
        f"CEL of context on {named(data)}, when it is really gone (strict) and when only edges of the model's graph "
        "are (graph, as in CMERC's released code). Difference with paired interval; below 0: the graph hides part of "
        f"what the context does. {seeds_sentence(run)}"
    )
    head = [Tex(name) for name in ("Model, removed", "Strict", "Graph", "Graph minus strict")]
    return table(escape(caption), f"tab:{slug(data)}-graph", head, rows, [FIRST, 3.6, 3.6, 3.6])


def _graph_gap(model: ModelView, part: str, gap: Result) -> list[Tex]:
    strict, graph = (figure_cell(model.cel(part, how)) for how in ("strict", "graph"))
    return [breakable(part), strict, graph, figure_cell(gap)]


def _realised(data: DataView, stress: Stress, run: RunView) -> Tex:
    found = stress.realised
    cells = [
        [
            code(row.condition.removeprefix(f"{stress.protocol}:")),
            *([breakable(row.model or "all")] if found.by_model else []),
            *(escape(realised_cell(name, value)) for name, value in zip(found.names, row.values, strict=True)),
        ]
        for row in found.rows
    ]
    caption = f"What {stress.protocol} really did to the test split of {named(data)}. {realised_notes(found)}"
    columns = len(found.names) + found.by_model
    width = min((PAGE_WIDTH - FIRST) / columns - 0.25, 3.0)
    head = ["Condition", *["Model"] * found.by_model, *map(realised_title, found.names)]
    label = f"tab:{slug(data)}-realised-{''.join(filter(str.isalnum, stress.protocol))}"
    made = table(escape(caption), label, list(map(escape, head)), cells, [FIRST, *[width] * columns])
    return defined(made, data, run, (row.condition for row in found.rows))


def _trainings(data: DataView) -> Tex:
    head = [Tex(name) for name in ("Model", "Seed", "Chosen epoch", "Chosen on", "Selection optimism", "Parameters")]
    rows = [
        [
            breakable(model.name),
            escape(fit.seed),
            escape(f"{count(fit.chosen_epoch)} of {len(fit.epochs)}"),
            escape(fit.selection),
            escape(signed(fit.selection_optimism)),
            escape(count(fit.parameters)),
        ]
        for model in data.models
        for fit in model.fits
        if fit.epochs
    ]
    caption = (
        f"Trainings on {named(data)}. Selection optimism: best test weighted F1 over epochs minus that of the "
        "epoch best on validation."
    )
    return table(escape(caption), f"tab:{slug(data)}-training", head, rows, [FIRST, 1.2, 2.4, 2.2, 2.6, 2.2])
