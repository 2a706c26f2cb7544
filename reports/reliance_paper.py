"""What predictions depend on, in the LaTeX file: shares and values per model, and a sentence each."""

from collections.abc import Iterator, Sequence

from .contents import DataView, RunView
from .numbers import number
from .paper_tables import figure_cell, named, seeds_sentence, slug
from .reliance import SLICES, Reliance, lacking, reliance_rows, told_of_reliance
from .results import Result
from .tex import PAGE_WIDTH, Tex, as_tex, breakable, escape, prose, remark, table, told_of_each

_FIRST = 2.3


def reliance_tables(data: DataView, run: RunView) -> Iterator[Tex]:
    """Yield what is said of Shapley values, or why there are none of some models."""
    told = told_of_reliance(data)
    yield from (remark("reliance", prose(sentence)) for sentence in lacking(data))
    if not told:
        return
    said = ((model.name, as_tex(sentence)) for model, sentence in told)
    yield told_of_each("reliance", "What predictions depend on", said)
    rows: list[Sequence[Tex] | Tex] = []
    for model, _ in told:
        rows += [breakable(model.name), *(_row(one) for one in reliance_rows(model, data))]
    head = ["Model, player", *(f"Share, {which}" for which in SLICES), *(f"φ, {which}" for which in SLICES)]
    caption = (
        f"Exact Shapley values φ of modalities and of contexts, and their shares |φ|/Σ|φ|, on {named(data)}, clean "
        "input: of the probability of the class predicted on the full input, over all subsets of the players. All "
        "utterances, uncertain ones (those whose gold class becomes more probable by some removal) and the others. "
        "With no modality left a model says what it says when told that all are missing. "
        f"{seeds_sentence(run)} Brackets: 95 % intervals over dialogues."
    )
    # Ends of φ have a sign, and often a digit more than those of shares.
    width, more = (PAGE_WIDTH - _FIRST) / 6 - 0.25, 0.21
    widths = [_FIRST, *[width - more] * 3, *[width + more] * 3]
    yield table(escape(caption), f"tab:{slug(data)}-shapley", list(map(escape, head)), rows, widths)


def _row(one: Reliance) -> Sequence[Tex]:
    values = [one.values.get(which) for which in SLICES]
    return [escape(one.title), *(figure_cell(one.shares.get(which)) for which in SLICES), *map(_signed, values)]


def _signed(figure: Result | None) -> Tex:
    if figure is None:
        return escape(number(None))
    shown = figure.signed
    spread = rf" {{\scriptsize\mbox{{{escape(shown.interval)}}}}}" if shown.interval else ""
    return Tex(f"{escape(shown.value)}{spread}")
