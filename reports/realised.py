"""What was really done to the input: which columns and rows there are, and what they are called."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from ..benchmark.run_record import ConditionRecord, DataRecord, RunRecord
from .numbers import MISSING, number, percent

_TITLES = {
    "missing": "missing",
    "hidden": "hidden",
    "moved": "from another turn",
    "snr_db": "SNR",
    "context": "context left",
    "displaced": "turns displaced",
    "speakers": "speakers confused",
}
_ABOUT = {
    "missing": "Missing: share of recorded utterances whose row was taken away.",
    "hidden": "Hidden: share of features, of rows that are there.",
    "moved": "From another turn: share of rows whose features belong to another turn.",
    "snr_db": "SNR: signal-to-noise ratio of what was really added.",
    "context": "Context left: mean share of the other turns of the dialogue that can still be drawn on.",
    "displaced": "Turns displaced: share of turns that stand at another place.",
    "speakers": "Speakers confused: share of pairs of turns of a dialogue of which “same speaker or not” is told "
    "wrongly.",
}


class Row(NamedTuple):
    """What was really done under a condition."""

    condition: str
    model: str
    """Whom it was done to; empty: everybody alike."""
    values: tuple[float | None, ...]
    """In the order of the names; None: not named."""


class Realised(NamedTuple):
    """What was really done under the conditions of a protocol."""

    names: tuple[str, ...] = ()
    """Names as in `benchmark.realised`; shares of missing rows that are 0 under all conditions are left out."""
    rows: tuple[Row, ...] = ()
    averaged: bool = False
    """Whether any row is a mean over several draws."""

    @property
    def by_model(self) -> bool:
        """Whether it differs from model to model."""
        return any(row.model for row in self.rows)


def realised(record: RunRecord, data: DataRecord, conditions: Sequence[ConditionRecord]) -> Realised:
    """Return what was really done under these conditions, what attacks did to each model among it."""
    attacks: dict[tuple[str, str], list[Mapping[str, float]]] = {}
    for cell in record.cells:
        if cell.realised and cell.data == data.name:
            attacks.setdefault((cell.model, cell.condition), []).append(cell.realised)
    found = [one for condition in conditions for one in _of_condition(record, data, condition.text, attacks)]
    every = dict.fromkeys(name for *_, figures in found for name in figures)
    # Shares of missing rows are named under every condition; where nothing is missing they say nothing.
    names = tuple(name for name in every if _kind(name) != "missing" or any(figures.get(name) for *_, figures in found))
    rows = tuple(Row(text, model, tuple(figures.get(name) for name in names)) for text, model, figures in found)
    averaged = record.stress_draws > 1 and any(condition.random for condition in conditions)
    return Realised(names, rows, averaged) if names else Realised()


def realised_title(name: str) -> str:
    """Return the head of a column of what was really done.

    Examples
    --------
    >>> realised_title("missing text"), realised_title("snr_db audio"), realised_title("context")
    ('text missing', 'audio SNR', 'context left')
    """
    kind, _, modality = name.partition(" ")
    return f"{modality} {_TITLES.get(kind, kind)}".strip()


def realised_cell(name: str, value: float | None) -> str:
    """Return what was really done, as it is shown.

    Examples
    --------
    >>> realised_cell("missing text", 0.097), realised_cell("snr_db text", 19.83), realised_cell("context", None)
    ('9.7 %', '19.8 dB', '–')
    >>> realised_cell("snr_db text", -0.03)
    '0.0 dB'
    """
    if _kind(name) != "snr_db":
        return percent(value)
    # On a scale without a natural 0 a small number is no more than a number near 0.
    return MISSING if value is None else f"{number(round(value, 1) or 0.0, decimals=1)} dB"


def realised_notes(found: Realised) -> str:
    """Return what the columns mean, those only that there are, and what was averaged."""
    kinds = dict.fromkeys(map(_kind, found.names))
    averaged = ["Means over the draws where chance decides."] if found.averaged else []
    return " ".join([*(_ABOUT[kind] for kind in kinds if kind in _ABOUT), *averaged])


def _kind(name: str) -> str:
    return name.partition(" ")[0]


def _of_condition(
    record: RunRecord, data: DataRecord, text: str, attacks: Mapping[tuple[str, str], Sequence[Mapping[str, float]]]
) -> Iterator[tuple[str, str, dict[str, float]]]:
    if data.realised.get(text):
        yield (text, "", data.realised[text])
    for model in record.models:
        # Attacks differ from training to training too.
        seeds = attacks.get((model.name, text), ())
        names = dict.fromkeys(name for figures in seeds for name in figures)
        means = {name: _mean([figures[name] for figures in seeds if name in figures]) for name in names}
        if means:
            yield (text, model.name, means)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
