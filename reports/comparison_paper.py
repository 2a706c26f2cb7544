"""The tables of comparisons in the LaTeX file."""

from .comparisons import ComparisonTable, ComparisonView
from .contents import RunView
from .definitions import defined
from .numbers import MISSING, count, number, percent
from .tex import Tex, code, escape, prose, table

_WIDTHS = (5.2, 1.7, 3.2, 1.3, 2.6, 1.4)


def comparison_tables(comparisons: ComparisonView, run: RunView) -> tuple[Tex, ...]:
    """Return what explains the tables, and the tables."""
    about = Tex(" ".join(prose(sentence) for sentence in comparisons.sentences))
    return (about, *(_table(one, place, run) for place, one in enumerate(comparisons.tables, 1)))


def _table(one: ComparisonTable, place: int, run: RunView) -> Tex:
    level = percent(one.rows[0].level, decimals=0)
    head = [escape(name) for name in ("Condition", "Difference", f"{level} interval", "p", "Verdict", "Detects")]
    rows = [
        [
            code(row.label),
            escape(one.shown(row).value),
            escape(one.shown(row).interval or MISSING),
            escape(number(row.p_adjusted)),
            escape(row.verdict),
            escape(number(row.detectable)),
        ]
        for row in one.rows
    ]
    caption = prose(f"{one.title}. p adjusted over all {count(one.rows[0].compared)} comparisons.")
    made = table(caption, f"tab:comparison-{place}", head, rows, _WIDTHS)
    # A whole curve is named by its protocol too.
    texts = {text for row in one.rows for text in (row.condition, row.condition.partition(":")[0])}
    for data in run.data:
        if data.name == one.rows[0].data:
            made = defined(made, data, run, texts)
    return made
