"""Table of the LaTeX file of figures beside those that papers print."""

from collections.abc import Iterator, Sequence

from .contents import DataView, RunView
from .definitions import defined
from .paper_tables import figure_cell, named, seeds_sentence, slug
from .published import Beside, beside, by_model, told_of_published
from .tex import Tex, breakable, code, escape, prose, table

_HEAD = ("Model, figure", "Here", "Published", "Chosen on", "Runs", "Source")
_WIDTHS = (4.0, 2.9, 2.1, 1.9, 0.9, 3.2)


def published_tables(data: DataView, run: RunView) -> Iterator[Tex]:
    """Yield the table; nothing where no paper has figures of these models and data, or only of single classes."""
    pairs = tuple(one for one in beside(data) if not one.detail)
    if not pairs:
        return
    rows: list[Sequence[Tex] | Tex] = []
    for name, own in by_model(pairs):
        rows.append(Tex(f"{breakable(name)}, epoch chosen on {escape(own[0].chosen_here)}"))
        rows += [_row(one) for one in own]
    caption = " ".join((f"Beside published figures: {named(data)}.", *told_of_published(data), seeds_sentence(run)))
    made = table(escape(caption), f"tab:{slug(data)}-published", list(map(Tex, _HEAD)), rows, _WIDTHS)
    # Most are of clean input, which need not be said.
    yield defined(made, data, run, (one.condition for one in pairs))


def _row(one: Beside) -> list[Tex]:
    under = Tex(f" under {code(one.condition)}") if one.condition else Tex("")
    return [
        Tex(f"{prose(one.title)}{under}"),
        figure_cell(one.here),
        escape(one.published),
        escape(one.chosen_there),
        escape(one.runs),
        prose(one.there.source),
    ]
