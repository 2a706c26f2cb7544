"""Tables of the LaTeX file about acting on confidence: by wanted error rate, and by what decisions cost."""

from collections.abc import Iterator, Sequence

from .acting import ACTING_COLUMNS, Wanted, acting_rows, cost_metrics, shown_for, told, wanted_of
from .contents import DataView, RunView
from .definitions import defined
from .paper_tables import FIRST, figure_cell, named, seeds_sentence, slug
from .sentences import lowered
from .tex import Tex, as_tex, breakable, code, escape, table, told_of_each
from .vocabulary import METRICS, text_of


def acting_tables(data: DataView, run: RunView) -> Iterator[Tex]:
    """Yield the tables that there are figures for."""
    for number, wanted in enumerate(every := wanted_of(data)):
        said = ((model.name, as_tex(told(model, wanted, every[:number]))) for model in shown_for(data, wanted))
        yield told_of_each("acting", f"Acting on confidence: {lowered(wanted.title)}", said)
        yield _table(data, run, wanted)
    yield from (_costs(data, run, cost, share) for cost, share in cost_metrics(data))


def _table(data: DataView, run: RunView, wanted: Wanted) -> Tex:
    rows: list[Sequence[Tex] | Tex] = []
    models = shown_for(data, wanted)
    for model in models:
        rows.append(breakable(model.name))
        rows += [
            [code(row.condition.text), *(figure_cell(row.results.get(wanted.text(one))) for one in ACTING_COLUMNS)]
            for row in acting_rows(model, wanted)
        ]
    sentences = [
        f"Acting on confidence on {named(data)}. {wanted.title}: the threshold is chosen on clean validation and kept "
        f"under every condition. {seeds_sentence(run)} Brackets: 95 % intervals over dialogues, at this threshold.",
    ]
    head = [Tex("Model, condition"), *(escape(METRICS[one].title) for one in ACTING_COLUMNS)]
    label = f"tab:{slug(data)}-acting-{''.join(filter(str.isalnum, wanted.arguments))}"
    made = table(escape(" ".join(sentences)), label, head, rows, [FIRST + 1, 3.2, 3.2, 3.2])
    return defined(made, data, run, (row.condition.text for model in models for row in acting_rows(model, wanted)))


def _costs(data: DataView, run: RunView, cost: str, share: str) -> Tex:
    rows: list[Sequence[Tex] | Tex] = []
    for model in data.models:
        own = [row for row in model.rows if cost in row.results]
        rows += [breakable(model.name)] if own else []
        rows += [[code(one.condition.text), *(figure_cell(one.results.get(m)) for m in (cost, share))] for one in own]
    caption = f"{text_of(cost).title} on {named(data)}. {METRICS['decision_cost'].about} {seeds_sentence(run)}"
    head = [Tex(name) for name in ("Model, condition", "Mean cost", "Share abstained")]
    label = f"tab:{slug(data)}-cost-{''.join(filter(str.isalnum, cost))}"
    made = table(escape(caption), label, head, rows, [6, 4, 4])
    return defined(
        made, data, run, (row.condition.text for model in data.models for row in model.rows if cost in row.results)
    )
