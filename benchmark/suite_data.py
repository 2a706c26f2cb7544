"""The data sets that a suite wants: what is wrong about them, and which of them are there."""

from collections.abc import Sequence
from difflib import get_close_matches
from typing import NamedTuple

from .datasets.base import ConvertibleDataSet
from .errors import EmobenchError
from .registry import DATASETS, make, names
from .specs import parse
from .suite_file import SuiteFile
from .suite_lines import Place

CORPORA = (
    "ch_sims", "ch_sims_v2", "crema_d", "dailydialog", "emotiontalk", "iemocap", "m3ed", "mead", "mosei", "mosi",
    "msp_improv", "msp_podcast", "mustard", "ravdess", "semaine", "sims", "simsv2", "urfunny",
)  # fmt: skip
"""Corpora by the names that people give them. Who writes one of these means it, whether or not it can be read here."""


class Wanted(NamedTuple):
    """What a suite's data set is on this machine."""

    found: tuple[str, ...]
    """Canonical texts of the data sets that are it; empty: none."""
    why: str
    """Where it is missing, in one line, and what to type; empty: it is there."""


def check_data(texts: Sequence[str], place: Place, file: SuiteFile) -> None:
    """Raise where a data set that is wanted cannot be meant.

    That is a text that is none of a data set, a wrong argument, or a name that is nearly one of a data set. Other
    unknown names are let pass: a suite names the data sets of its paper, and those that are there are used.

    Raises
    ------
    SpecError
        With the line.
    """
    for number, text in enumerate(texts):
        try:
            call, *_ = parse(text)
            if call.name in names(DATASETS):
                make(DATASETS, text)
                continue
        except EmobenchError as error:
            raise file.mistake((*place, number), str(error)) from None
        near = get_close_matches(call.name, [*names(DATASETS), *CORPORA], n=1, cutoff=0.75)
        if near and near[0] != call.name and not look_for(text).found:
            said = f"unknown data set {text!r}; did you mean {near[0]!r}? If you have one of that name, add it first"
            raise file.mistake((*place, number), said)


def look_for(name: str) -> Wanted:
    """Return whether a data set that a suite wants is there.

    It is where the name is that of a data set that needs no files, or a data set was added whose name it is, or one of
    whose arguments has it as value, such as `features:corpus=iemocap`.
    """
    from .store import add_line, installed

    added = tuple(text for text in installed() if _is_about(text, name))
    if added:
        return Wanted(added, "")
    try:
        plugin = make(DATASETS, name)
    except EmobenchError:
        known = ", ".join(names(DATASETS))
        return Wanted((), f"no data set has that name; if you have it under another, type --data NAME (known: {known})")
    if isinstance(plugin, ConvertibleDataSet):
        return Wanted((), f"not there yet; type: {add_line(name)}")
    return Wanted((name,), "")


def _is_about(text: str, name: str) -> bool:
    call, *_ = parse(text)
    return name in (text, call.name, *(value for _, value in call.arguments))
