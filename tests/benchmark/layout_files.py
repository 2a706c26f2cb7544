"""Small feature files in the layouts of the community, with made-up content."""

import pickle
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pickles import python2

from emobench.benchmark.feature_files.layouts import LAYOUTS, Layout

Value = Any
"""Tests look into and damage what layouts are made of."""
LENGTHS: Mapping[str, Mapping[str | int, int]] = {
    "iemocap": {
        "Ses02F_script01_3": 3,
        "Ses01M_impro02": 2,
        "Ses03F_impro01": 1,
        "Ses04M_impro07": 2,
        "Ses05F_impro01": 2,
        "Ses05M_script01_1": 1,
    },
    "meld": {0: 3, 2: 1, 7: 2, 1039: 2, 1041: 1, 1153: 2, 1432: 1},
    "emorynlp": {"4_4_11": 3, "1_2_4": 2, "1_2_10": 1, "2_1_1": 1, "3_1_1": 2},
}
"""Utterances per dialogue."""
LISTS: Mapping[str, Mapping[str, tuple[str | int, ...]]] = {
    "iemocap": {
        "train": ("Ses02F_script01_3", "Ses03F_impro01", "Ses01M_impro02"),
        "validation": ("Ses04M_impro07",),
        "test": ("Ses05M_script01_1", "Ses05F_impro01"),
    },
    "meld": {"train": (2, 0, 7), "validation": (1039, 1041), "test": (1153, 1432)},
    "emorynlp": {"train": ("4_4_11", "1_2_4", "1_2_10"), "validation": ("2_1_1",), "test": ("3_1_1",)},
}


def layout(start: str) -> Layout:
    """Return the layout whose name begins so."""
    (found,) = (each for each in LAYOUTS if each.name.startswith(f"{start} of"))
    return found


def content(of: Layout, *, version: int = 0) -> list[Value]:
    """Return the parts of a small file."""
    return [part(of, name, of.widths[version].get(name, 0)) for name in of.parts]


def part(of: Layout, name: str, width: int) -> Value:
    lists = LISTS[of.data]
    if name == "fitting":
        return [*lists["train"], *lists["validation"]]
    if name in lists:
        return list(lists[name])
    if name == "unused":
        return None
    return {key: values(of.data, name, key, length, width) for key, length in LENGTHS[of.data].items()}


def values(data: str, name: str, key: str | int, length: int, width: int) -> Value:
    if name == "ids":
        return [f"{key}_F{place:03}" for place in range(length)]
    if name == "sentences":
        return [f"{key} caf\xe9 {place}\x92s" for place in range(length)]
    if name == "speakers":
        speaks = [place % 2 for place in range(length)]
        return [[int(code == who) for code in range(width)] if width else "FM"[who] for who in speaks]
    if name in ("labels", "sentiments"):
        return [label_of(key, place) for place in range(length)]
    return [vector(name, key, place, width) for place in range(length)]


def label_of(key: str | int, place: int) -> int:
    """Return the label of an utterance: the same in all layouts of a corpus."""
    return (len(str(key)) + place) % 6


def vector(name: str, key: str | int, place: int, width: int) -> np.ndarray:
    """Return features of an utterance: numbers that no other has."""
    start = sum(map(ord, f"{name}{key}")) + 100 * place
    return np.linspace(start, start + 1, width, dtype=np.float32)


def write(path: Path, value: Value, *, old: bool = True) -> Path:
    """Write a pickle as Python 2 did, or as Python 3 does."""
    path.write_bytes(python2(value) if old else pickle.dumps(value, 4))
    return path


def flat(keys: Sequence[str | int], name: str, width: int, data: str) -> np.ndarray:
    """Return the vectors of dialogues, one below the other."""
    return np.array([vector(name, key, place, width) for key in keys for place in range(LENGTHS[data][key])])
