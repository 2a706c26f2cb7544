"""A part of a run to report on: some of its data sets, models or sections."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path

from ..benchmark.errors import RunFolderError, SpecError, suggestion
from ..benchmark.run_folder import RunFolder
from ..benchmark.run_record import RunRecord
from .comparisons import ComparisonView, comparisons_of
from .contents import RunView
from .gathering import read
from .latency import latencies_of
from .sections import SECTIONS

KINDS = ("model", "data", "section")
"""What can be chosen: `--only model=m3net`."""


@dataclass(frozen=True)
class Only:
    """What to report on; empty: all."""

    models: tuple[str, ...] = ()
    """Names as in the record."""
    data: tuple[str, ...] = ()
    sections: tuple[str, ...] = ()
    """Of `SECTIONS`."""

    def __str__(self) -> str:
        """Return it as a reader is told."""
        chosen = zip(("models", "data", "sections"), (self.models, self.data, self.sections), strict=True)
        return "; ".join(f"{kind}: {', '.join(names)}" for kind, names in chosen if names)


class PartOfRun(RunFolder):
    """A run folder of which only a part is looked at; its files are those of the whole."""

    def __init__(self, path: Path, only: Only) -> None:
        """Keep the path and what to look at; nothing is read yet."""
        super().__init__(path)
        self.only = only

    def read_older(self) -> tuple[RunRecord, str]:
        """Return the part of run.json that is about what is looked at; errors as for the whole."""
        record, missing = super().read_older()
        return part_of(record, self.only), missing


def only_of(texts: Sequence[str], record: RunRecord) -> Only:
    """Return what was typed after `--only`: `model=…`, `data=…` or `section=…`, or a name that only one of them has.

    A name may be a glob, or the text of a model or data set without its arguments.

    Raises
    ------
    SpecError
        When nothing in the run is called so; the line names what is near.
    """
    known = {
        "model": [model.name for model in record.models],
        "data": [data.name for data in record.data],
        "section": list(SECTIONS),
    }
    chosen: dict[str, list[str]] = {kind: [] for kind in KINDS}
    for text in texts:
        kind, found = _found(text, known)
        chosen[kind] += [name for name in found if name not in chosen[kind]]
    models, data, sections = ([name for name in known[kind] if name in chosen[kind]] for kind in KINDS)
    return Only(tuple(models), tuple(data), tuple(sections))


def part_of(record: RunRecord, only: Only) -> RunRecord:
    """Return what a record says about the models and data chosen; the exact posterior of data that stay, stays."""
    data = tuple(one for one in record.data if not only.data or one.name in only.data)
    names = {*(only.models or (one.name for one in record.models)), *(one.posterior for one in data)}
    kept = {one.name for one in data}
    return record.model_copy(
        update={
            "data": data,
            "models": tuple(one for one in record.models if one.name in names),
            "fits": tuple(one for one in record.fits if one.model in names and one.data in kept),
            "cells": tuple(one for one in record.cells if one.model in names and one.data in kept),
            "skipped": tuple(one for one in record.skipped if one.data in kept),
        }
    )


def read_view(folder: RunFolder) -> tuple[RunView, ComparisonView | None]:
    """Return what there is to say about a run, or the part of it that is looked at, and its comparisons.

    Raises
    ------
    RunFolderError
        When run.json or results.parquet is missing or damaged; damaged comparisons and latencies are left out, which is
        said.
    """
    run, comparisons = read(folder), None
    try:
        comparisons = comparisons_of(folder)
    except RunFolderError as error:
        run = replace(run, missing=(*run.missing, f"Comparisons are left out: {error}"))
    only = folder.only if isinstance(folder, PartOfRun) else Only()
    latency, wrong = latencies_of(folder, _places(run), models=only.models, data=only.data)
    run = replace(run, latency=latency, missing=(*run.missing, *wrong))
    if not isinstance(folder, PartOfRun):
        return run, comparisons
    run = replace(run, sections=folder.only.sections, only=str(folder.only))
    return run, _compared(comparisons, folder.only) if comparisons and run.shows("comparisons") else None


def _places(run: RunView) -> dict[str, int]:
    """Return by model its place for its colour."""
    return {model.name: model.place for data in run.data for model in data.models}


def _found(text: str, known: dict[str, list[str]]) -> tuple[str, list[str]]:
    kind, _, name = text.partition("=")
    if kind in KINDS:
        found = _matching(name, known[kind])
        if not found:
            raise SpecError(
                f"--only {text}: no {_SAID[kind]} of this run is called so; {suggestion(name, known[kind])}"
            )
        return kind, found
    everywhere = {kind: found for kind in KINDS if (found := _matching(text, known[kind]))}
    if len(everywhere) == 1:
        return next(iter(everywhere.items()))
    if everywhere:
        raise SpecError(f"--only {text}: type {' or '.join(f'{kind}={text}' for kind in everywhere)}")
    names = [name for kind in KINDS for name in known[kind]]
    raise SpecError(f"--only {text}: expected model=…, data=… or section=…; {suggestion(text, names)}")


_SAID = {"model": "model", "data": "data set", "section": "section"}


def _matching(name: str, known: Sequence[str]) -> list[str]:
    if name in known:
        return [name]
    return [one for one in known if fnmatchcase(one, name) or re.split("[:+]", one)[0] == name]


def _compared(view: ComparisonView, only: Only) -> ComparisonView | None:
    """Keep what is about the data and models chosen, on either side."""

    def about(model: str, reference: str, data: str) -> bool:
        return (not only.models or {model, reference} & set(only.models) != set()) and (
            not only.data or data in only.data
        )

    tables = tuple(
        replace(table, rows=rows)
        for table in view.tables
        if (rows := tuple(row for row in table.rows if about(row.model, row.reference_model, row.data)))
    )
    whole = not only.models and not only.data
    return replace(view, tables=tables, ranks=view.ranks if whole else ()) if tables else None
