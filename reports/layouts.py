"""Tables as papers lay them out, filled from a run: layouts.toml says which rows and columns they have."""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple

from ..benchmark.errors import UnknownName
from ..benchmark.published import CLEAN, CORPORA, Published, corpus_of, published
from ..benchmark.specs import parse
from .contents import DataView, ModelView, RunView
from .results import Result

_PATH = Path(__file__).with_name("layouts.toml")
EVERY_CLASS = "*"
"""Part of a column that stands for a column per class."""
_TITLES = {"iemocap": "IEMOCAP", "meld": "MELD", "mosi": "CMU-MOSI"}


class Line(NamedTuple):
    """A row of the published table."""

    label: str
    system: str
    condition: str = CLEAN


class Column(NamedTuple):
    """A column of the published table."""

    head: str
    metrics: tuple[str, ...]
    """The first that a model has is shown."""
    part: str = ""
    percent: bool = False
    """Whether figures are shares, shown as hundredths, as papers print them."""


@dataclass(frozen=True)
class Layout:
    """A published table without its figures."""

    name: str
    paper: str
    place: str
    title: str
    data: tuple[str, ...]
    blocks: Literal["rows", "columns", "tables"]
    """Where its data sets stand: below each other, side by side, or in a table each."""
    rows: tuple[Line, ...]
    columns: tuple[Column, ...]


@dataclass(frozen=True)
class Block:
    """A data set of a layout, of the run where it is there."""

    corpus: str
    """In the table of published figures; empty: no paper has it."""
    title: str
    view: DataView | None
    """None: not in the run."""


@cache
def layouts() -> Mapping[str, Layout]:
    """Return all layouts by name, which is that of a suite."""
    content = tomllib.loads(_PATH.read_text(encoding="utf-8"))
    return {
        name: Layout(
            name,
            **{key: of[key] for key in ("paper", "place", "title", "blocks")},
            data=tuple(of["data"]),
            rows=tuple(Line(**row) for row in of["rows"]),
            columns=tuple(Column(**{**column, "metrics": tuple(column["metrics"])}) for column in of["columns"]),
        )
        for name, of in content.items()
    }


def layouts_of(run: RunView, asked: str = "") -> tuple[Layout, ...]:
    """Return the layouts of the suites that a run was asked for by, and the one asked for by name.

    Raises
    ------
    UnknownName
        When there is none of that name.
    """
    if asked and asked not in layouts():
        raise UnknownName("layout", asked, layouts())
    names = dict.fromkeys([*(suite.name for suite in run.record.suites), *filter(None, [asked])])
    return tuple(layouts()[name] for name in names if name in layouts())


def blocks_of(layout: Layout, run: RunView) -> tuple[Block, ...]:
    """Return the data sets of a layout, whether the run has them or not, and then the run's others."""
    known = {corpus_of(data.name, data.record.classes): data for data in run.data}
    wanted = [Block(corpus, _TITLES[corpus], known.get(corpus)) for corpus in layout.data]
    others = [
        Block("", f"{data.name}{' (simulated data)' if data.simulated else ''}", data)
        for data in run.data
        if corpus_of(data.name, data.record.classes) not in layout.data
    ]
    return (*wanted, *others)


def columns_of(layout: Layout, block: Block) -> tuple[Column, ...]:
    """Return the columns of a data set: where one stands for every class, one per class."""
    names = block.view.record.classes if block.view else [row.part for row in _printed(layout, block) if row.part]
    classes = [name for name in dict.fromkeys(names) if block.view or name in CORPORA.get(block.corpus, ())]
    return tuple(
        one
        for column in layout.columns
        for one in (
            [column._replace(head=name, part=name) for name in classes] if column.part == EVERY_CLASS else [column]
        )
    )


def models_of(layout: Layout, line: Line, view: DataView | None) -> tuple[ModelView, ...]:
    """Return the models of a run that a row stands for: those that fit no other row better."""
    models = view.competitors if view else ()
    return tuple(model for model in models if _best_fit(layout.name, model.name) == line.system)


def measured(model: ModelView, condition: str, column: Column) -> Result | None:
    """Return a figure of the run, in the scale that the paper prints; None: not in the run."""
    for metric in column.metrics:
        by_part = model.class_f1 if (metric, condition) == ("f1", CLEAN) else {}
        parts = model.parts.get((metric, condition), by_part)
        found = parts.get(column.part) if column.part else model.results(condition).get(metric)
        if found is not None:
            return _hundredfold(found) if column.percent else found
    return None


def printed(layout: Layout, line: Line, block: Block, column: Column) -> Published | None:
    """Return what the paper prints in a cell; None: it is not known."""
    return next(
        (
            one
            for one in _printed(layout, block)
            if (one.system, one.condition, one.part) == (line.system, line.condition, column.part)
            and one.metric in column.metrics
        ),
        None,
    )


def _printed(layout: Layout, block: Block) -> Iterator[Published]:
    here = (layout.paper, layout.place, block.corpus)
    return (one for one in published() if (one.paper, one.place, one.data) == here)


# Asked for every cell of a table.
@cache
def _best_fit(layout: str, model: str) -> str:
    """Return the system of a layout whose calls a model has, with the most of its arguments; empty: none."""
    fitting = {row.system: _said(row.system) for row in layouts()[layout].rows if _fits(row.system, model)}
    return max(fitting, key=lambda system: fitting[system], default="")


def _fits(system: str, model: str) -> bool:
    theirs, own = parse(system), parse(model)
    return len(theirs) == len(own) and all(
        one.name == other.name and {*one.arguments} <= {*other.arguments}
        for one, other in zip(theirs, own, strict=True)
    )


def _said(system: str) -> int:
    return sum(len(call.arguments) for call in parse(system))


def _hundredfold(figure: Result) -> Result:
    names: Sequence[str] = ("value", "low", "high", "floor", "floor_high", "seed_sd", "draw_sd")
    decimals = None if figure.decimals is None else max(figure.decimals - 2, 1)
    return replace(figure, **{name: 100 * getattr(figure, name) for name in names}, decimals=decimals)
