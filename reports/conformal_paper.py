"""Prediction sets in the LaTeX file: a sentence per model, and coverage and size under every condition."""

from collections.abc import Iterator, Sequence

from .conformal import Method, Sets, absent, methods_of, promise, rows_of, told
from .contents import DataView, ModelView, RunView
from .definitions import defined
from .numbers import percent
from .paper_tables import FIRST, figure_cell, named, seeds_sentence, slug
from .results import Result
from .tex import PAGE_WIDTH, Tex, as_tex, breakable, code, escape, prose, remark, table, told_of_each


def conformal_tables(data: DataView, run: RunView) -> Iterator[Tex]:
    """Yield what is said of prediction sets, or why there are none."""
    yield from (remark("sets", prose(sentence)) for sentence in absent(data, run.record))
    methods = methods_of(data)
    if not methods:
        return
    yield told_of_each("sets", "Prediction sets", ((model.name, as_tex(said)) for model, said in told(data)))
    rows: list[Sequence[Tex] | Tex] = []
    for model in data.models:
        found = list(_rows(model, methods))
        rows += [breakable(model.name), *found] if found else []
    head = ["Model, condition"]
    for method in methods:
        head += [f"Coverage ({method.name})", f"Set size ({method.name})", f"Least covered class ({method.name})"]
    caption = escape(f"Prediction sets on {named(data)}. {promise(data)} {seeds_sentence(run)}")
    width = (PAGE_WIDTH - FIRST) / (len(head) - 1) - 0.25
    label = f"tab:{slug(data)}-conformal"
    made = table(caption, label, list(map(escape, head)), rows, [FIRST, *[width] * (len(head) - 1)])
    yield defined(made, data, run, (text for model in data.models for text, _ in rows_of(model, methods)))


def _rows(model: ModelView, methods: Sequence[Method]) -> Iterator[Sequence[Tex]]:
    for text, sets in rows_of(model, methods):
        yield [code(text), *(cell for one in sets for cell in _cells(one))]


def _cells(sets: Sets | None) -> tuple[Tex, ...]:
    if sets is None:
        return (figure_cell(None),) * 3
    least = Tex("--") if sets.least is None else _least(*sets.least)
    return figure_cell(sets.coverage), figure_cell(sets.size), least


def _least(name: str, figure: Result) -> Tex:
    # A number is not broken at its point.
    return Tex(rf"{breakable(name)} \mbox{{{escape(percent(figure.value))}}}")
