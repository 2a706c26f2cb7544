"""What run.json says of several runs that are put together: as if one run had computed all of it."""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from itertools import chain, pairwise
from pathlib import Path
from typing import NamedTuple, TypeVar

from .errors import EmobenchError, RunFolderError
from .models import make_model
from .plan import Options, Request
from .run_record import CellRecord, DataRecord, FitRecord, RunRecord
from .run_state import Combination

Ended = TypeVar("Ended", FitRecord, CellRecord)
Named = TypeVar("Named", bound=Hashable)

_RANKS = {"done": 0, "not applicable": 1, "failed": 2}
"""Of two that ended differently the one with the smaller number is kept."""


class Part(NamedTuple):
    """A run that is put together with others."""

    path: Path
    """Its folder."""
    record: RunRecord


def united(parts: Sequence[Part]) -> RunRecord:
    """Return the record of all parts together, in the order in which one run would have it.

    Raises
    ------
    RunFolderError
        When two of them disagree; the line says in what, and where.
    """
    _require_alike(parts)
    conditions = {name: _conditions(parts, name) for name in _each(parts, lambda r: [data.name for data in r.data])}
    known = {condition.text: condition for part in reversed(parts) for condition in part.record.conditions}
    models = {model.name: model for part in reversed(parts) for model in part.record.models}
    asked = _each(parts, lambda r: [model.name for model in r.models if not model.reference])
    together = parts[0].record.model_copy(
        update={
            "created": min(part.record.created for part in parts),
            "git_revision": _said(part.record.git_revision for part in parts),
            "hardware": _hardware(parts),
            "seeds": _seeds(parts),
            "hidden": any(part.record.hidden for part in parts),
            "protocols": _each(parts, lambda r: r.protocols),
            "metrics": _each(parts, lambda r: r.metrics) if all(part.record.metrics for part in parts) else (),
            "suites": tuple({suite.text: suite for part in parts for suite in part.record.suites}.values()),
            "data": tuple(_data(parts, name, texts) for name, texts in conditions.items()),
            "models": tuple(
                models[name].model_copy(update={"reference": name not in asked})
                for name in sorted(_each(parts, lambda r: [model.name for model in r.models]), key=_after(asked))
            ),
            "conditions": tuple(known[text] for text in dict.fromkeys(chain.from_iterable(conditions.values()))),
            "skipped": tuple(
                one for one in _each(parts, lambda r: r.skipped) if one.condition not in conditions[one.data]
            ),
            "meanings": {name: text for part in parts for name, text in part.record.meanings.items()},
        }
    )
    ended = _ended(together, parts, conditions)
    return ended.model_copy(update={"command": _command(ended)})


def _require_alike(parts: Sequence[Part]) -> None:
    """Refuse runs that differ in something that a run has only one of, or that decides all of its numbers."""
    first, *others = parts
    for part in others:
        for name, ours, theirs in zip(_ONE_OF, _of_one(first.record), _of_one(part.record), strict=True):
            if ours != theirs:
                raise RunFolderError(
                    f"expected runs with the same {name}, got {ours} in {first.path} and {theirs} in {part.path}"
                )
        for package in dict.fromkeys([*first.record.versions, *part.record.versions]):
            ours, theirs = (one.record.versions.get(package, "none") for one in (first, part))
            if ours != theirs:
                raise RunFolderError(
                    f"expected runs made with one version of {package}, got {ours} in {first.path} and {theirs} in "
                    f"{part.path}"
                )


_ONE_OF = ("--stress-seed", "--stress-draws", "--selection", "--draws", "--threads", "device")


def _of_one(record: RunRecord) -> tuple[object, ...]:
    return (
        record.stress_seed, record.stress_draws, record.selection, record.draws, record.threads,
        record.hardware.get("device", "unknown"),
    )  # fmt: skip


def _each(parts: Sequence[Part], get: Callable[[RunRecord], Iterable[Named]]) -> tuple[Named, ...]:
    """Return what the parts have, each once, in the order in which it comes first."""
    return tuple(dict.fromkeys(chain.from_iterable(get(part.record) for part in parts)))


def _after(first: Sequence[str]) -> Callable[[str], bool]:
    return lambda name: name not in first


def _said(texts: Iterable[str]) -> str:
    return "; ".join(dict.fromkeys(filter(None, texts)))


def _hardware(parts: Sequence[Part]) -> dict[str, str]:
    names = _each(parts, lambda r: r.hardware)
    return {name: _said(part.record.hardware.get(name, "") for part in parts) for name in names}


def _seeds(parts: Sequence[Part]) -> tuple[int, ...]:
    seeds = sorted(_each(parts, lambda r: r.seeds))
    # As spans: between two seeds there may be a thousand million others.
    gaps = [(before + 1, after - 1) for before, after in pairwise(seeds) if after > before + 1]
    if gaps:
        where = ", ".join(f"{part.path} ({', '.join(map(str, part.record.seeds))})" for part in parts)
        missing = ", ".join(f"{first}" if first == last else f"{first} to {last}" for first, last in gaps)
        raise RunFolderError(
            f"expected training seeds without a gap, got none of {missing} in {where}; "
            f"type: emobench run --first-seed {gaps[0][0]} …, and merge that run too"
        )
    return tuple(seeds)


def _conditions(parts: Sequence[Part], data: str) -> tuple[str, ...]:
    """Return the conditions of a data set in the order of the plan."""

    def of(record: RunRecord) -> list[str]:
        if all(one.name != data for one in record.data):
            return []
        # The record's own list has those of the first data set first.
        if len(record.data) == 1:
            return [condition.text for condition in record.conditions]
        return [cell.condition for cell in record.cells if cell.data == data]

    return _each(parts, of)


def _data(parts: Sequence[Part], name: str, conditions: Sequence[str]) -> DataRecord:
    """Return what is said of a data set; refuse what is another one of the same name."""
    records = [(part.path, data) for part in parts for data in part.record.data if data.name == name]
    first_path, first = records[0]
    realised: dict[str, dict[str, float]] = {}
    for path, record in records:
        if record.fingerprint != first.fingerprint:
            raise RunFolderError(
                f"expected the same data under one name, got {name} with the fingerprint {first.fingerprint[:12]} in "
                f"{first_path} and {record.fingerprint[:12]} in {path}"
            )
        realised = {**record.realised, **realised}
    return first.model_copy(update={"realised": {text: realised[text] for text in conditions if text in realised}})


def _ended(together: RunRecord, parts: Sequence[Part], conditions: Mapping[str, Sequence[str]]) -> RunRecord:
    """Return the record with all fits and cells, in the order of the plan."""
    fits = _best((part.path, fit, _place(fit)) for part in parts for fit in part.record.fits)
    cells = _best((part.path, cell, (*_place(cell), cell.condition)) for part in parts for cell in part.record.cells)
    combinations = [
        Combination(model.name, data.name, seed)
        for data in together.data
        for model in together.models
        for seed in together.seeds
    ]
    needless = _needless(combinations, cells)
    wanted = [combination for combination in combinations if combination not in needless]
    return together.model_copy(
        update={
            "fits": tuple(fits[combination] for combination in wanted if combination in fits),
            "cells": tuple(
                cells[*combination, text]
                for combination in wanted
                for text in conditions[combination.data]
                if (*combination, text) in cells
            ),
        }
    )


def _best(ended: Iterable[tuple[Path, Ended, tuple[object, ...]]]) -> dict[tuple[object, ...], Ended]:
    """Return one record for each place; refuse two that are done and were made of different content."""
    found: dict[tuple[object, ...], tuple[Path, Ended]] = {}
    for path, record, place in ended:
        known_path, known = found.setdefault(place, (path, record))
        if (record.state, known.state) == ("done", "done") and record.key != known.key:
            raise RunFolderError(
                f"{_what(record)}: {known_path} and {path} made it of different content (code, data, options, or "
                "files that the model reads); compute it anew in one of them, or leave one out"
            )
        if _rank(record) < _rank(known):
            found[place] = path, record
    return {place: record for place, (_, record) in found.items()}


def _rank(record: FitRecord | CellRecord) -> tuple[int, int]:
    of_validation = record.validation_state if isinstance(record, FitRecord) else "done"
    return _RANKS[record.state], _RANKS.get(of_validation, len(_RANKS))


def _place(record: FitRecord | CellRecord) -> Combination:
    return Combination(record.model, record.data, record.seed)


def _what(record: FitRecord | CellRecord) -> str:
    return f"{_place(record)}, {record.condition}" if isinstance(record, CellRecord) else f"the fit of {_place(record)}"


def _needless(combinations: Sequence[Combination], cells: Mapping[tuple[object, ...], CellRecord]) -> set[Combination]:
    """Return the combinations that one run would not have: more seeds of a model for which the seed changes nothing."""
    done: dict[Combination, set[str]] = {combination: set() for combination in combinations}
    for cell in cells.values():
        if cell.state == "done" and _place(cell) in done:  # others are of models that no run names
            done[_place(cell)].add(cell.condition)
    first: dict[tuple[str, str], Combination] = {}
    found = set()
    for combination in combinations:
        known = first.get((combination.model, combination.data))
        if known is None and done[combination]:
            first[combination.model, combination.data] = combination
        elif known is not None and done[combination] <= done[known] and _is_deterministic(combination.model):
            found.add(combination)
    return found


def _is_deterministic(model: str) -> bool:
    try:
        return bool(make_model(model).deterministic)
    except (EmobenchError, ImportError):  # one of another package, which need not be here
        return False


def _command(record: RunRecord) -> str:
    """Return what to type to compute all of it in one run."""
    options = Options(
        seeds=len(record.seeds),
        first_seed=record.seeds[0],
        stress_seed=record.stress_seed,
        stress_draws=record.stress_draws,
        selection=record.selection,
        draws=record.draws,
        metrics=record.metrics,
        hidden=record.hidden,
        threads=record.threads,
    )
    models = tuple(model.name for model in record.models if not model.reference)
    return Request(models, record.protocols, tuple(data.name for data in record.data), options, record.suites).command
