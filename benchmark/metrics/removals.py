"""What metrics of confidence under removal sum over utterances, and which removals they look at."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float, Int64

from .base import Scored
from .statistics import gold_probability, negative_log

CONTEXTS = ("intra", "inter")
"""Removals that are of context; all others are of a modality."""
Operator = Literal["zero", "mean"]
"""What stands in for a modality that is removed: zeros, or the dialogue's mean."""
Mode = Literal["strict", "graph"]
"""How context is removed: the model sees only what remains, or its graph loses the edges."""


@dataclass(frozen=True)
class RemovalGains:
    """How much a class gains when something is removed: max(0, p^ξ[y] − p[y]), CMERC Eq. 4; last, the utterances.

    One column per figure named by `figures_of_removals`; those over several removals hold their sum (`form="sum"`) or
    their mean (`form="mean"`).
    """

    space: Literal["probability", "log"]
    """Of what the gain is."""
    form: Literal["mean", "sum"]
    """How several removals are put together."""
    target: Literal["gold", "predicted"]
    """Whose probability: the gold class's, or that of the class predicted from the full input."""
    operator: Operator
    """Which removals of modalities."""
    mode: Mode
    """Which removals of context."""

    def __call__(self, scored: Scored) -> Float[np.ndarray, "utterances sums"]:
        """Return the columns."""
        target = scored.label if self.target == "gold" else scored.predicted
        chosen = chosen_removals(scored.removals, self.operator, self.mode)
        gains = {name: gain_by(removal, scored, target, self.space) for name, removal in chosen.items()}
        together = np.sum if self.form == "sum" else np.mean
        figures = figures_of_removals(tuple(chosen))
        columns = [together([gains[name] for name in group], axis=0) for group in figures.values()]
        return np.stack([*columns, np.ones(len(target))], axis=1)


@dataclass(frozen=True)
class ExcessGains:
    """How much more a class gains by removals than it does in the exact posterior's eyes; last, the utterances."""

    gains: RemovalGains
    """Which gains."""

    def __call__(self, scored: Scored) -> Float[np.ndarray, "utterances sums"]:
        """Return one column per figure, and the ones; the ones alone where there are no figures."""
        if scored.posterior is None or not self.figures(scored):
            return np.ones((len(scored.label), 1))
        own, best = self.gains(scored), self.gains(scored.posterior)
        return np.concatenate([own[:, :-1] - best[:, :-1], own[:, -1:]], axis=1)

    def figures(self, scored: Scored) -> tuple[str, ...]:
        """Return the figures that there are; none where the exact posterior was not asked under the same removals."""
        operator, mode = self.gains.operator, self.gains.mode
        own, best = (chosen_removals(of.removals, operator, mode) if of else {} for of in (scored, scored.posterior))
        return tuple(figures_of_removals(tuple(own))) if [*own] == [*best] else ()


@dataclass(frozen=True)
class GraphGaps:
    """How much more the gold class gains when context is removed in graph mode than in strict mode; last, utterances.

    One column per figure named by `removed_in_both_modes`; that of both contexts holds their mean.
    """

    space: Literal["probability", "log"]
    """Of what the gain is."""

    def __call__(self, scored: Scored) -> Float[np.ndarray, "utterances sums"]:
        """Return the columns."""
        figures = removed_in_both_modes(scored.removals)
        gaps = {name: self._gap(name, scored) for name in CONTEXTS if name in figures}
        columns = [np.mean([gaps[name] for name in group], axis=0) for group in figures.values()]
        return np.stack([*columns, np.ones(len(scored.label))], axis=1)

    def _gap(self, context: str, scored: Scored) -> Float[np.ndarray, " utterances"]:
        graph, strict = (
            gain_by(removal, scored, scored.label, self.space) for removal in (f"{context}:graph", context)
        )
        return np.asarray(graph - strict)


@dataclass(frozen=True)
class KindGaps:
    """How much more the gold class gains by the removal of a modality than by that of a context; last, the utterances.

    One column, of the means over modalities and over contexts; none where one kind is missing.
    """

    space: Literal["probability", "log"]
    """Of what the gain is."""

    def __call__(self, scored: Scored) -> Float[np.ndarray, "utterances sums"]:
        """Return the column and the ones."""
        gains = RemovalGains(self.space, "mean", "gold", "zero", "strict")(scored)
        figures = [*figures_of_removals(tuple(chosen_removals(scored.removals, "zero", "strict")))]
        if "all" not in figures:
            return gains[:, -1:]
        modalities, contexts = (gains[:, figures.index(kind)] for kind in ("modalities", "contexts"))
        return np.stack([modalities - contexts, gains[:, -1]], axis=1)


@dataclass(frozen=True)
class UncertainUtterances:
    """Utterances whose gold class becomes more probable by a removal, or by any of several; last, the utterances."""

    operator: Operator
    """Which removals of modalities."""
    mode: Mode
    """Which removals of context."""

    def __call__(self, scored: Scored) -> Float[np.ndarray, "utterances sums"]:
        """Return one column per figure named by `figures_of_removals`, and the ones."""
        gains = uncertain_by(chosen_removals(scored.removals, self.operator, self.mode), scored)
        figures = figures_of_removals(tuple(gains))
        columns = [np.any([gains[name] for name in group], axis=0) for group in figures.values()]
        return np.stack([*columns, np.ones(len(scored.label))], axis=1)


def uncertain_by(chosen: Mapping[str, str], scored: Scored) -> dict[str, Bool[np.ndarray, " utterances"]]:
    """Return by what is removed whether the gold class of each utterance becomes more probable by that removal."""
    full = gold_probability(scored.probabilities, scored.label)
    return {name: gold_probability(scored.removals[removal], scored.label) > full for name, removal in chosen.items()}


def gain_by(
    removal: str, scored: Scored, target: Int64[np.ndarray, " utterances"], space: Literal["probability", "log"]
) -> Float[np.ndarray, " utterances"]:
    """Return how much the target class of each utterance gains by a removal, 0 where it loses."""
    removed, full = (
        gold_probability(probabilities, target) for probabilities in (scored.removals[removal], scored.probabilities)
    )
    difference = removed - full if space == "probability" else negative_log(full) - negative_log(removed)
    return np.asarray(np.maximum(0.0, difference))


def chosen_removals(removals: Collection[str], operator: Operator, mode: Mode) -> dict[str, str]:
    """Return by what is removed the removal that an operator and a mode stand for; empty where there are none of them.

    `operator` is of modalities, `mode` of contexts. One that is not the standard (zeros, strict) and has no removal
    leaves nothing, so that no figure is computed twice under two names.

    Examples
    --------
    >>> there = ("text", "text:mean", "audio", "intra")
    >>> chosen_removals(there, "zero", "strict")
    {'text': 'text', 'audio': 'audio', 'intra': 'intra'}
    >>> chosen_removals(there, "mean", "strict"), chosen_removals(there, "zero", "graph")
    ({'text': 'text:mean', 'intra': 'intra'}, {})
    """
    named = {removal: removal.partition(":")[::2] for removal in removals}
    how_of_modality, how_of_context = "" if operator == "zero" else operator, "" if mode == "strict" else mode
    found = {
        name: removal
        for removal, (name, how) in named.items()
        if how == (how_of_context if name in CONTEXTS else how_of_modality)
    }
    no_modality, no_context = not {*found} - {*CONTEXTS}, not {*found} & {*CONTEXTS}
    return {} if (how_of_modality and no_modality) or (how_of_context and no_context) else found


def figures_of_removals(removals: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """Return the figures that a metric over removals has, and of which removals each of them is.

    Examples
    --------
    >>> figures_of_removals(("text", "audio"))
    {'text': ('text',), 'audio': ('audio',), 'modalities': ('text', 'audio')}
    """
    contexts = tuple(removal for removal in removals if removal in CONTEXTS)
    modalities = tuple(removal for removal in removals if removal not in CONTEXTS)
    groups = {"modalities": modalities, "contexts": contexts, "all": removals if modalities and contexts else ()}
    return {removal: (removal,) for removal in removals} | {name: group for name, group in groups.items() if group}


def removed_in_both_modes(removals: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Return the figures that tell the two modes apart, and of which contexts each of them is.

    Where one mode lacks a context that the other has there is no figure of both contexts: it would not be that of CEL.

    Examples
    --------
    >>> removed_in_both_modes(("intra", "inter", "intra:graph"))
    {'intra': ('intra',)}
    """
    strict, graph = (tuple(name for name in CONTEXTS if f"{name}{how}" in removals) for how in ("", ":graph"))
    both = tuple(name for name in strict if name in graph)
    return {name: (name,) for name in both} | ({"contexts": both} if both and strict == graph else {})
