"""Which cells `emobench compare` compares with which."""

from collections.abc import Callable, Iterable, Sequence

from .errors import RunFolderError, UnknownName
from .paired import Of
from .paired_sources import Place, Source
from .scoring_inputs import CLEAN

Pair = tuple[Of, Of]
"""A cell and its reference."""


def between_models(sources: Sequence[Source], against: str = "") -> list[Pair]:
    """Return each model of each run with its reference, under every condition and curve that both have.

    With `against` the reference is that model, in the first run that holds it. Without, a model of a later run that
    the first run holds too is compared with itself there, and every other model with the first model of the first run.
    Models that emobench added for comparison, such as the exact posterior, are left out unless named.

    Raises
    ------
    UnknownName
        When no run holds the model named.
    RunFolderError
        When a run has no data set in common with the run of the reference, or another one of the same name.
    """
    _require_model(sources, against)
    first = sources[0]
    home = next(source for source in sources if not against or against in _models(source))
    default = against or next(iter(_models(first)), "")
    found = []
    for source in sources:
        names = _same_data(source, home)
        for place in source.places:
            itself = not against and source is not first and place.model in _models(first)
            model = place.model if itself else default
            reference = Of(home, Place(model, names.get(place.data, ""), place.condition))
            added = _models(source)[place.model] and place.model != against
            if reference.place in home.places and reference != Of(source, place) and not added:
                found.append((Of(source, place), reference))
    return _beside_each_other(found)


def with_clean(sources: Sequence[Source], model: str = "") -> list[Pair]:
    """Return every condition with clean input, within each model and run; of one model, if it is named.

    Raises
    ------
    UnknownName
        When no run holds the model named.
    """
    _require_model(sources, model)
    found = []
    for source in sources:
        conditions = {condition.text for condition in source.record.conditions} - {CLEAN}
        for place in source.places:
            clean = place._replace(condition=CLEAN)
            if place.condition in conditions and clean in source.places and model in ("", place.model):
                found.append((Of(source, place), Of(source, clean)))
    return _beside_each_other(found)


def matching(pairs: Iterable[Pair], patterns: Sequence[str], matches: Callable[[str, str], bool]) -> list[Pair]:
    """Return the pairs whose condition matches one of the patterns; all, without patterns.

    Raises
    ------
    UnknownName
        When a pattern matches none.
    """
    listed = list(pairs)
    texts = dict.fromkeys(of.place.condition for of, _ in listed)
    for pattern in patterns:
        if not any(matches(text, pattern) for text in texts):
            raise UnknownName("condition", pattern, texts)
    return [pair for pair in listed if not patterns or any(matches(pair[0].place.condition, p) for p in patterns)]


def _models(source: Source) -> dict[str, bool]:
    """Return the models of a run, and whether emobench added them."""
    return {model.name: model.reference for model in source.record.models}


def _require_model(sources: Sequence[Source], model: str) -> None:
    known = {name for source in sources for name in _models(source)}
    if model and model not in known:
        raise UnknownName("model", model, known)


def _same_data(source: Source, home: Source) -> dict[str, str]:
    """Return the data sets of a run with the names that the home of the reference has for the same data."""
    by_print = {data.fingerprint: data.name for data in home.record.data}
    names = {data.name: by_print[data.fingerprint] for data in source.record.data if data.fingerprint in by_print}
    other = {data.name: data.fingerprint for data in home.record.data}
    for data in source.record.data:
        if data.name in other and data.name not in names:
            raise RunFolderError(
                f"expected the same data, got {data.name} with fingerprints {other[data.name][:16]}… in "
                f"{home.folder.path} and {data.fingerprint[:16]}… in {source.folder.path}; compare runs on one data set"
            )
    if not names:
        raise RunFolderError(
            f"expected a data set in common, got {', '.join(sorted(other))} in {home.folder.path} and "
            f"{', '.join(data.name for data in source.record.data)} in {source.folder.path}"
        )
    return names


def _beside_each_other(pairs: Sequence[Pair]) -> list[Pair]:
    """Put pairs that share a reference beside each other: each cell is then computed once and soon let go."""
    groups: dict[tuple[int, Place], list[Pair]] = {}
    for pair in pairs:
        groups.setdefault((id(pair[1].source), pair[1].place), []).append(pair)
    return [pair for group in groups.values() for pair in group]
