"""Figures of a run beside those that papers print for the same models on the same data set."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby

from ..benchmark.published import CLEAN, TEST_UTTERANCES, Published, comparable, corpus_of, merged, published
from .contents import DataView, ModelView
from .numbers import MISSING, count, number
from .results import Result
from .vocabulary import text_of

_CHOSEN = {"unknown": "not known"}


@dataclass(frozen=True)
class Beside:
    """A figure of the run and what a paper prints for it."""

    model: ModelView
    here: Result
    how: str
    """How something was removed here, where the figure is of removals; else empty."""
    there: Published

    @property
    def title(self) -> str:
        """What figure it is."""
        name = self.there.metric.partition(":")[0]
        if name == "cel":
            return f"CEL, sum of logarithms ({self.how})"
        title = text_of(name).title
        what = ", ".join(filter(None, (title, self.there.part)))
        return f"{what} ({self.how})" if self.how else what

    @property
    def condition(self) -> str:
        """Condition of both; empty: clean input."""
        return "" if self.there.condition == CLEAN else self.there.condition

    @property
    def published(self) -> str:
        """The paper's figure in the scale of the run."""
        spread = f" ± {number(self.there.share_spread)}" if self.there.share_spread >= 0 else ""
        return f"{number(self.there.share)}{spread}"

    @property
    def chosen_here(self) -> str:
        """Split that chose the epoch in this run; a dash: there were no epochs."""
        if self.model.test_selected:
            return "test"
        return "validation" if any(fit.epochs for fit in self.model.fits) else MISSING

    @property
    def chosen_there(self) -> str:
        """Split that chose the epoch in the paper."""
        return _CHOSEN.get(self.there.selection, self.there.selection)

    @property
    def runs(self) -> str:
        """Trainings behind the paper's figure."""
        return count(self.there.runs or None)

    @property
    def note(self) -> str:
        """What to know about the paper's figure, as a sentence without its full stop; empty: nothing more."""
        return self.there.note[:1].upper() + self.there.note[1:]

    @property
    def detail(self) -> bool:
        """Whether it is of one class or removal."""
        return self.there.part not in ("", "all")


def beside(data: DataView) -> tuple[Beside, ...]:
    """Return by model what both the run and a paper have; empty where the data set is in no table of figures."""
    corpus = corpus_of(data.name, data.record.classes)
    figures = tuple(one for one in published() if one.data == corpus)
    return tuple(pair for model in data.competitors for pair in _of_model(model, figures))


def by_model(pairs: tuple[Beside, ...]) -> tuple[tuple[str, tuple[Beside, ...]], ...]:
    """Return the pairs of each model, by its name."""
    return tuple((name, tuple(group)) for name, group in groupby(pairs, key=lambda one: one.model.name))


def told_of_published(data: DataView) -> tuple[str, ...]:
    """Return in sentences what to keep in mind when the two are held against each other."""
    return tuple(_told(data))


def _told(data: DataView) -> Iterator[str]:
    corpus = corpus_of(data.name, data.record.classes)
    widths = ", ".join(f"{name} {width}" for name, width in data.record.widths.items())
    yield (
        f"What papers print for the same models on {_NAMES[corpus]}, beside this run. It is no like-for-like "
        f"comparison: this run read features of its own ({widths} wide), the papers others."
    )
    yield "An epoch chosen on test flatters a figure, here as there; the table says which split chose it."
    expected = TEST_UTTERANCES.get(corpus)
    if expected and data.utterances != expected:
        yield (
            f"The papers test on {count(expected)} utterances, this run on {count(data.utterances)}: sums do not "
            "compare."
        )


_NAMES = {"iemocap": "IEMOCAP", "meld": "MELD", "mosi": "CMU-MOSI"}


def _of_model(model: ModelView, figures: tuple[Published, ...]) -> Iterator[Beside]:
    for one in merged(comparable(model.name, figures)):
        name = one.metric.partition(":")[0]
        if name in ("cel", "uncertain_share"):
            yield from _removed(model, one, "cel_sum" if name == "cel" else "uncertain")
        else:
            here = _measured(model, one).get(one.part)
            if here is not None:
                yield Beside(model, here, "", one)


def _measured(model: ModelView, one: Published) -> Mapping[str, Result]:
    """Return the figures of the run of a metric and condition by part."""
    if one.part:
        return model.class_f1 if (one.metric, one.condition) == ("f1", CLEAN) else {}
    whole = model.results(one.condition).get(one.metric)
    return {"": whole} if whole else {}


def _removed(model: ModelView, one: Published, field: str) -> Iterator[Beside]:
    """Yield the figure of a removal, of those of the run the one most like CMERC's: the last."""
    own = [(removal.how, getattr(removal, field)) for removal in model.removals if removal.part == one.part]
    there = [(how, figure) for how, figure in own if figure is not None]
    if there and one.condition == CLEAN:
        how, figure = there[-1]
        yield Beside(model, figure, how, one)
