"""What is said about how epochs were chosen and whether the splits are apart."""

from collections.abc import Iterator

from .contents import DataView, ModelView
from .numbers import figure, signed


def optimism_sentences(data: DataView) -> tuple[str, ...]:
    """Return for each model with epochs what choosing on test would have won, or has."""
    return tuple(sentence for model in data.models if (sentence := _optimism(model)))


def warnings(data: DataView) -> tuple[str, ...]:
    """Return in short sentences why the figures on a data set may be too good; empty: for no reason that is known."""
    return tuple(_warnings(data))


def _optimism(model: ModelView) -> str:
    found = model.optimism
    if found is None:
        return ""
    shown = figure(found.mean, found.low, found.high, plus=True)
    over = "one training seed, no interval (it is over seeds: --seeds 5)"
    if found.seeds > 1:
        over = f"{shown.interval}, mean and 95 % t interval over {found.seeds} training seeds"
    chosen = "; its epochs were chosen on test, so its figures are too good by about that" if found.tested else ""
    return f"{model.name}: {shown.value} {'' if found.seeds > 1 else 'with '}{over}{chosen}."


def _warnings(data: DataView) -> Iterator[str]:
    for overlap in data.record.overlaps:
        yield f"{data.name}: {overlap}."
    for model in data.models:
        if model.test_selected:
            by = f" by about {signed(model.optimism.mean)} weighted F1" if model.optimism else ""
            yield f"{model.name} on {data.name}: epoch selected on test, figures too good{by}."
