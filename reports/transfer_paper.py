"""Tables of the LaTeX file of models beside themselves with calibrators."""

from collections.abc import Iterator

from .contents import DataView, RunView
from .definitions import defined
from .paper_tables import FIRST, figure_cell, named, seeds_sentence, slug
from .sentences import plain
from .tex import PAGE_WIDTH, Tex, breakable, code, escape, table
from .transfer import told_of_transfer, transfers


def transfer_tables(data: DataView, run: RunView) -> Iterator[Tex]:
    """Yield a table per model and metric: conditions by raw and calibrated."""
    for number, one in enumerate(transfers(data), start=1):
        for metric in one.metrics:
            places = [place for place, column in enumerate(one.columns) if column[0] == metric]
            rows = [[code(text), *(figure_cell(figures[place]) for place in places)] for text, figures in one.rows]
            title = one.heads[places[0]][0]
            sentences = [
                f"What calibration on clean validation does under stress: {title} of {one.raw.name} on {named(data)}, "
                f"raw and calibrated. {seeds_sentence(run)}",
                *(map(plain, told_of_transfer(one)) if metric == one.metrics[0] else ()),
            ]
            head = [Tex("Condition"), *(breakable(one.heads[place][1]) for place in places)]
            width = min((PAGE_WIDTH - FIRST) / len(places) - 0.25, 3.6)
            label = f"tab:{slug(data)}-transfer-{number}-{''.join(filter(str.isalnum, metric))}"
            made = table(escape(" ".join(sentences)), label, head, rows, [FIRST, *[width] * len(places)])
            yield defined(made, data, run, (text for text, _ in one.rows))
