"""The LaTeX file: which tables it holds and what their captions say."""

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from .acting_paper import acting_tables
from .comparison_paper import comparison_tables
from .comparisons import ComparisonView
from .conformal_paper import conformal_tables
from .contents import DataView, ModelView, Row, RunView
from .figure_views import FigureView
from .figures import figures
from .numbers import count
from .other_paper import other_tables
from .page import TEMPLATES, headline
from .paper_tables import figure_cell, further_tables, named, problems_table, seeds_sentence, slug
from .published_paper import published_tables
from .rank_figures import rank_figures
from .sections import section_of_label
from .selection import optimism_sentences
from .sentences import in_short
from .stress_contents import CLEAN
from .stress_sentences import remarks
from .stresses import protocol_of
from .tex import PAGE_WIDTH, Tex, breakable, code, escape, prose, table
from .transfer_paper import transfer_tables
from .vocabulary import MAIN, text_of

MODELS_SIDE_BY_SIDE = 4
"""Columns of a table of conditions; more models go into a further table."""
_FIRST = 4.6


def render(run: RunView, comparisons: ComparisonView | None = None) -> str:
    """Return a LaTeX document that compiles by itself; figures are shown where `figures/` is beside it."""
    ranked = rank_figures(comparisons.ranks if comparisons else ())
    return (
        _environment()
        .get_template("report.tex")
        .render(
            run=run,
            figures=figures(run),
            ranked=ranked,
            captioned=_captions((*figures(run), *ranked)),
            headline=headline(run),
            tables={data.name: tuple(_shown(data, run)) for data in run.data},
            code=code,
            in_short=lambda data: [(model, Tex("".join(map(_phrase, said)))) for model, said in in_short(data)],
            breakable=breakable,
            prose=prose,
            count=count,
            problems=problems_table(run),
            optimism_sentences=optimism_sentences,
            comparisons=comparison_tables(comparisons) if comparisons else None,
            remarks=lambda stress, data: Tex(
                " ".join("".join(map(_phrase, sentence)) for sentence in remarks(stress, data, run.record))
            ),
        )
    )


def best(models: Sequence[ModelView], condition: str, metric: str) -> frozenset[str]:
    """Return the names of the models with the best figure; empty where fewer than two models compete for it."""
    found = {
        model.name: model.results(condition)[metric].value
        for model in models
        if not model.reference and metric in model.results(condition)
    }
    found = {name: value for name, value in found.items() if value == value}
    better = text_of(metric).better
    if len(found) < 2 or better == "none":
        return frozenset()
    order = {"higher": lambda value: -value, "lower": lambda value: value, "zero": abs}[better]
    top = min(map(order, found.values()))
    return frozenset(name for name, value in found.items() if order(value) == top)


def _environment() -> Environment:
    # Autoescape knows HTML only: here every expression goes through `escape`, which leaves alone what is LaTeX already.
    return Environment(  # noqa: S701
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        finalize=escape,
        block_start_string="<%",
        block_end_string="%>",
        variable_start_string="<<",
        variable_end_string=">>",
        comment_start_string="<#",
        comment_end_string="#>",
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _phrase(phrase: tuple[str, bool]) -> Tex:
    text, spec = phrase
    return code(text) if spec else prose(text)


def _captions(views: Sequence[FigureView]) -> Callable[[FigureView], Tex]:
    """Return what shows a figure: of each group and data set the first says what is to be seen."""
    first = {(view.data, view.group): view.slug for view in reversed(views)}

    def captioned(view: FigureView) -> Tex:
        note = f" {escape(view.note)}" if first[view.data, view.group] == view.slug else ""
        return Tex(rf"\figureifthere{{{view.slug}}}{{{prose(view.title)}.{note}}}")

    return captioned


def _shown(data: DataView, run: RunView) -> Iterator[Tex]:
    for one in _tables(data, run):
        label = re.search(r"\\label\{([^}]*)\}", one)
        if label is None or run.shows(section_of_label(label[1], slug(data))):
            yield one


def _tables(data: DataView, run: RunView) -> Iterator[Tex]:
    for metric in MAIN:
        shown = [model for model in data.models if metric in model.metrics]
        # The ceiling stands in every table, beside whichever models are in it.
        ceiling = [model for model in shown if model.reference]
        others = iter([model for model in shown if not model.reference])
        while chunk := list(islice(others, MODELS_SIDE_BY_SIDE - len(ceiling))):
            yield _conditions(data, run, metric, [*chunk, *ceiling])
    yield from further_tables(data, run)
    yield from transfer_tables(data, run)
    yield from acting_tables(data, run)
    yield from conformal_tables(data, run)
    yield from published_tables(data, run)
    yield from other_tables(data, run)


def _conditions(data: DataView, run: RunView, metric: str, models: Sequence[ModelView]) -> Tex:
    head = [Tex("Condition"), *(Tex(f"{breakable(model.name)}{_mark(model)}") for model in models)]
    rows: list[Sequence[Tex] | Tex] = []
    conditions = {row.condition.text: row for model in data.models for row in model.rows}
    ordered = [conditions[record.text] for record in run.record.conditions if record.text in conditions]
    for protocol in dict.fromkeys(protocol_of(row.condition.text) for row in ordered):
        rows += [code(protocol)] if protocol != CLEAN else []
        rows += [_condition(row, metric, models) for row in ordered if protocol_of(row.condition.text) == protocol]
    width = min((PAGE_WIDTH - _FIRST) / len(models) - 0.25, 4.5)
    return table(
        _caption(data, run, metric, models), f"tab:{slug(data)}-{metric}", head, rows, [_FIRST, *[width] * len(models)]
    )


def _condition(row: Row, metric: str, models: Sequence[ModelView]) -> list[Tex]:
    text = row.condition.text
    bold = best(models, text, metric)
    return [code(row.label), *(_cell(row, model, metric, bold=model.name in bold) for model in models)]


def _cell(row: Row, model: ModelView, metric: str, *, bold: bool) -> Tex:
    found = model.results(row.condition.text)
    if not found and model.reference and row.condition.unknown:
        return Tex("not known")
    return figure_cell(found.get(metric), bold=bold)


def _mark(model: ModelView) -> str:
    if model.reference:
        return " (ceiling)"
    return r"\textsuperscript{t}" if model.test_selected else ""


def _caption(data: DataView, run: RunView, metric: str, models: Sequence[ModelView]) -> Tex:
    told = text_of(metric)
    sentences = [
        f"{told.title}{f' ({told.arrow})' if told.arrow else ''} on {named(data)}, test split: "
        f"{count(data.dialogues)} dialogues, {count(data.utterances)} utterances.",
        seeds_sentence(run),
        f"Epochs chosen on {run.record.selection}.",
        f"Brackets: 95 % bootstrap intervals over dialogues ({count(run.record.draws)} draws).",
    ]
    if metric == "macro_f1" and data.absent:
        sentences.append(f"No test utterance is labelled {', '.join(data.absent)}, which counts as 0.")
    if any(row.results[metric].draw_sd >= 0 for model in models for row in model.rows if metric in row.results):
        sentences.append(
            f"±: standard deviation over {run.record.stress_draws} draws of the stress, apart from the interval."
        )
    if data.rough:
        sentences.append("With fewer than 50 dialogues the intervals are rough.")
    if sum(not model.reference for model in models) > 1 and told.better != "none":
        sentences.append("Bold: best of the models compared, the ceiling left out; differences may be within chance.")
    if any(row.results[metric].within_floor for model in models for row in model.rows if metric in row.results):
        sentences.append("†: within the noise floor (95th percentile), no evidence of miscalibration.")
    text = " ".join(map(escape, sentences))
    if any(model.test_selected for model in models):
        text += r" \textsuperscript{t}: selected on test, too good by about the selection optimism."
    return Tex(text)
