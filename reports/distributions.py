"""How the figures of a model are distributed: risk over coverage, entropies, gains by removal. Look-ups only."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product

from .results import Result, Results
from .stress_contents import CLEAN
from .vocabulary import MODES, OPERATORS

Points = tuple[tuple[float, Result], ...]
"""Where on an axis, and the figure."""


@dataclass(frozen=True)
class Group:
    """The entropies of a group of utterances."""

    name: str
    mean: Result
    shares: tuple[Result, ...]
    """Share of the group in each bin of equal width, from 0 to 1."""


@dataclass(frozen=True)
class Distributions:
    """What one model shows on clean input; empty: not in the run."""

    risk: Points = ()
    """Error rate by coverage."""
    entropy: tuple[Group, ...] = ()
    """Of right and of wrong predictions."""
    uncertain_entropy: tuple[Group, ...] = ()
    """Of uncertain utterances and of others."""
    gains: Mapping[str, Points] = field(default_factory=dict)
    """By kind of removal (`modalities`, `contexts`): share of removals by which the gold class gains more than that."""


def distributions_of(results: Results, model: str, data: str) -> Distributions:
    """Return the distributions of a model on a data set."""

    def parts(metric: str) -> Mapping[str, Result]:
        return results.parts(model, data, CLEAN, metric)

    return Distributions(
        risk=tuple(sorted(((float(part), one) for part, one in parts("risk_coverage").items()), key=_place)),
        entropy=tuple(_groups(parts("entropy"), ("right", "wrong"))),
        uncertain_entropy=tuple(_groups(parts("uncertain_entropy"), ("uncertain", "other"))),
        gains=_gains(next(filter(None, map(parts, _of_removals("cf_distribution"))), {})),
    )


def _place(point: tuple[float, Result]) -> float:
    return point[0]


def _of_removals(metric: str) -> Iterator[str]:
    """Yield the texts of a metric of removals, standard operator and mode first."""
    for arguments in product(OPERATORS, MODES):
        text = ",".join(sorted(filter(None, arguments)))
        yield f"{metric}:{text}" if text else metric


def _groups(parts: Mapping[str, Result], names: tuple[str, ...]) -> Iterator[Group]:
    """Yield the groups that are not empty."""
    for name in names:
        if name in parts and parts[name].value == parts[name].value:
            bins = sorted(part for part in parts if part.startswith(f"{name} "))
            yield Group(name, parts[name], tuple(parts[part] for part in bins))


def _gains(parts: Mapping[str, Result]) -> dict[str, Points]:
    found: dict[str, list[tuple[float, Result]]] = {}
    for part, one in parts.items():
        kind, _, threshold = part.partition(" > ")
        found.setdefault(kind, []).append((float(threshold), one))
    return {kind: tuple(sorted(points, key=_place)) for kind, points in found.items()}
