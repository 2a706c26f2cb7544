"""Main tables of the LaTeX file: models by metrics on clean input, and conditions by models, metric by metric."""

from collections.abc import Iterator, Sequence
from itertools import islice

from .contents import DataView, ModelView, Row, RunView
from .definitions import defined
from .numbers import count
from .paper_marks import Differences, Key, leaders
from .paper_tables import WITHIN_FLOOR, figure_cell, named, seeds_sentence, slug
from .results import Result
from .stress_contents import CLEAN
from .stresses import protocol_of
from .tex import PAGE_WIDTH, Tex, breakable, code, escape, table
from .vocabulary import MAIN, text_of

MODELS_SIDE_BY_SIDE = 4
"""Columns of a table of conditions; more models go into a further table."""
METRICS_SIDE_BY_SIDE = 5
"""Columns of a table of models."""
_FIRST = 4.6
_NAMES = 3.8


def main_tables(data: DataView, run: RunView, told: Differences) -> Iterator[Tex]:
    """Yield the tables of models by metrics, then those of conditions where there are any but clean input."""
    metrics = [metric for metric in MAIN if metric != "churn" and any(metric in model.clean for model in data.models)]
    for start in range(0, len(metrics), METRICS_SIDE_BY_SIDE):
        yield _models(data, run, told, metrics[start : start + METRICS_SIDE_BY_SIDE], start)
    if all(condition.text == CLEAN for condition in data.conditions):
        return
    for metric in MAIN:
        shown = [model for model in data.models if metric in model.metrics]
        # The ceiling stands in every table, beside whichever models are in it.
        ceiling = [model for model in shown if model.reference]
        others = iter([model for model in shown if not model.reference])
        first = True
        while chunk := list(islice(others, MODELS_SIDE_BY_SIDE - len(ceiling))):
            yield _conditions(data, run, told, metric, [*chunk, *ceiling], first=first)
            first = False


def _models(data: DataView, run: RunView, told: Differences, metrics: Sequence[str], start: int) -> Tex:
    models = [model for model in data.models if set(metrics) & set(model.clean)]
    marked = {metric: leaders(data.models, CLEAN, metric) for metric in metrics}
    rows = [
        [_named_model(model), *(_figure(data, model, CLEAN, metric, marked[metric], told) for metric in metrics)]
        for model in models
    ]
    # An arrow alone on a line would point at nothing.
    head = ["Model", *(f"{text_of(one).title}\u00a0{_ARROWS[text_of(one).better]}".strip() for one in metrics)]
    figures = [(model, CLEAN, metric) for metric in metrics for model in models]
    sentences = [
        f"{'Models' if not start else 'Further figures of the models'} on {_where(data)}, clean input.",
        *_sentences(data, run, told, figures),
        "Arrows: which direction is better.",
    ]
    width = (PAGE_WIDTH - _NAMES) / len(metrics) - 0.25
    label = f"tab:{slug(data)}-main{f'-{start // METRICS_SIDE_BY_SIDE + 1}' if start else ''}"
    widths = [_NAMES, *[min(width, 3.6)] * len(metrics)]
    return table(_caption(sentences, models), label, list(map(escape, head)), rows, widths)


def _conditions(
    data: DataView, run: RunView, told: Differences, metric: str, models: Sequence[ModelView], *, first: bool
) -> Tex:
    head = [Tex("Condition"), *map(_named_model, models)]
    rows: list[Sequence[Tex] | Tex] = []
    conditions = {row.condition.text: row for model in data.models for row in model.rows}
    ordered = [conditions[record.text] for record in run.record.conditions if record.text in conditions]
    protocols = list(dict.fromkeys(protocol_of(row.condition.text) for row in ordered))
    for protocol in protocols:
        own = [row for row in ordered if protocol_of(row.condition.text) == protocol]
        rows += [code(protocol)] if protocol != CLEAN else []
        rows += [_condition(data, row, metric, models, told) for row in own]
    about = text_of(metric)
    figures = [(model, row.condition.text, metric) for model in models for row in ordered]
    sentences = [
        f"{about.title}{f' ({about.arrow})' if about.arrow else ''} on {_where(data)}.",
        *_sentences(data, run, told, figures),
    ]
    width = min((PAGE_WIDTH - _FIRST) / len(models) - 0.25, 3.6)
    label = f"tab:{slug(data)}-{metric}{'' if first else f'-{data.models.index(models[0]) + 1}'}"
    made = table(_caption(sentences, models), label, head, rows, [_FIRST, *[width] * len(models)])
    return defined(made, data, run, (row.condition.text for row in ordered))


def _condition(data: DataView, row: Row, metric: str, models: Sequence[ModelView], told: Differences) -> list[Tex]:
    text = row.condition.text
    # Of all models, also those of further tables.
    marked = leaders(data.models, text, metric)
    return [code(row.label), *(_figure(data, model, text, metric, marked, told, row) for model in models)]


def _figure(
    data: DataView,
    model: ModelView,
    condition: str,
    metric: str,
    marked: tuple[frozenset[str], frozenset[str]],
    told: Differences,
    row: Row | None = None,
) -> Tex:
    found = model.results(condition)
    if not found and model.reference and row is not None and row.condition.unknown:
        return Tex("not known")
    first, second = (model.name in names for names in marked)
    mark = told.mark(model.name, data.name, condition, metric)
    return figure_cell(found.get(metric), bold=first, second=second, mark=mark)


def _named_model(model: ModelView) -> Tex:
    if model.reference:
        return Tex(f"{breakable(model.name)} (ceiling)")
    return Tex(rf"{breakable(model.name)}\textsuperscript{{t}}" if model.test_selected else breakable(model.name))


def _where(data: DataView) -> str:
    return f"{named(data)}, test split: {count(data.dialogues)} dialogues, {count(data.utterances)} utterances"


def _sentences(
    data: DataView, run: RunView, told: Differences, figures: Sequence[tuple[ModelView, str, str]]
) -> Iterator[str]:
    """Yield what a reader must know about the figures of a table, by model, condition and metric."""
    shown = [found for model, text, metric in figures if (found := model.results(text).get(metric)) is not None]
    metrics = dict.fromkeys(metric for *_, metric in figures)
    yield seeds_sentence(run)
    yield f"Epochs chosen on {run.record.selection}."
    yield f"Brackets: 95 % bootstrap intervals over dialogues ({count(run.record.draws)} draws)."
    yield from _of_data(data, metrics, shown, run)
    if any(len(leaders(data.models, text, metric)[0]) for _, text, metric in figures):
        second = any(leaders(data.models, text, metric)[1] for _, text, metric in figures)
        yield (
            f"Bold: best of the models compared{', underlined: second best' if second else ''}, the ceiling left out; "
            "differences may be within chance."
        )
    keys: list[Key] = [(model.name, data.name, text, metric) for model, text, metric in figures]
    yield told.sentence(keys)
    if any(found.within_floor for found in shown):
        yield WITHIN_FLOOR


def _of_data(data: DataView, metrics: dict[str, None], shown: Sequence[Result], run: RunView) -> Iterator[str]:
    if "macro_f1" in metrics and data.absent:
        yield f"No test utterance is labelled {', '.join(data.absent)}, which counts as 0 in macro F1."
    if any(found.draw_sd >= 0 for found in shown):
        yield f"±: standard deviation over {run.record.stress_draws} draws of the stress, apart from the interval."
    if data.rough:
        yield "With fewer than 50 dialogues the intervals are rough."


def _caption(sentences: Sequence[str], models: Sequence[ModelView]) -> Tex:
    text = " ".join(map(escape, filter(None, sentences)))
    if any(model.test_selected for model in models):
        text += r" \textsuperscript{t}: selected on test, too good by about the selection optimism."
    return Tex(text)


_ARROWS = {"higher": "↑", "lower": "↓", "zero": "→ 0", "none": ""}
