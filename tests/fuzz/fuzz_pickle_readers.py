"""Readers of pickles, and of the corpora that come in them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from fuzz_draws import Draw
from fuzz_inputs import STARTED, Input, Make, Reader
from fuzz_pickles import hostile_pickle, plain_value
from fuzz_values import distorted, wrong_value
from layout_files import LENGTHS, content
from pickles import read_here

from emobench.benchmark.datasets import mmsa
from emobench.benchmark.feature_files import sources
from emobench.benchmark.feature_files.layouts import LAYOUTS
from emobench.benchmark.progress import silent
from emobench.benchmark.registry import DATASETS, make
from emobench.benchmark.safe_pickle.reader import Limits, read_pickle

Value = Any
"""Whatever a pickle may hold."""
_LIMITS = Limits(seconds=20, memory=1 << 28)


def _here(kept: Path) -> Make:
    """Let the machine that knows the names read in this process: much is read in little time."""

    def input_of(draw: Draw, folder: Path) -> Input:
        pickled = hostile_pickle(draw)
        return Input(lambda: read_here(pickled))

    return input_of


def _in_child(kept: Path) -> Make:
    """Let the process read that is made for it."""

    def input_of(draw: Draw, folder: Path) -> Input:
        path = folder / "features.pkl"
        path.write_bytes(hostile_pickle(draw, deep=True))
        return Input(lambda: read_pickle(path, limits=_LIMITS), allowed=STARTED)

    return input_of


@contextmanager
def _given(module: ModuleType, value: Value) -> Iterator[None]:
    """Let a pickle hold a value, without writing it."""
    read = module.read_pickle
    module.read_pickle = lambda path: value
    try:
        yield
    finally:
        module.read_pickle = read


def _wrong(draw: Draw) -> Value:
    """Return a value of a sort that pickles of data have."""
    other: tuple[Callable[[], Value], ...] = (
        lambda: wrong_value(draw),
        lambda: plain_value(draw),
        lambda: np.full(
            draw.choice((0, 1, 9, 100, 1024)), draw.choice((0.0, np.nan, np.inf, 1e300)), draw.choice(("<f4", "<f8"))
        ),
        lambda: np.array(["a", "b"]),
        lambda: np.array([None, {}], object),
        lambda: np.int64(draw.choice((-1, 0, 2**62))),
        lambda: draw.choice(
            (b"a", bytearray(b"b"), 1j, {1, "a"}, frozenset((1, 2)), "Ses01F_impro01", 1, 1432, 60, -1)
        ),
    )
    return draw.choice(other)()


def _feature_file(kept: Path) -> Make:
    bases = {layout: [content(layout, version=version) for version in range(len(layout.widths))] for layout in LAYOUTS}

    def input_of(draw: Draw, folder: Path) -> Input:
        layout = draw.choice(LAYOUTS)
        value = distorted(draw, draw.choice(bases[layout]), wrong=_wrong, deepest=40)
        if draw.chance(0.1):
            value = _cogmen(draw)
        plugin = make(
            DATASETS, draw.choice((layout.data,) * 4 + ("iemocap", "meld", "emorynlp", "iemocap:validation=session1"))
        )
        path = folder / "features.pkl"
        path.touch()

        def read() -> object:
            with _given(sources, value):
                return plugin.convert(path, partial=True, text_encoder="", progress=silent)

        return Input(read)

    return input_of


def _cogmen(draw: Draw) -> Value:
    def record(name: str, length: int) -> dict[str, Value]:
        vectors = {
            part: [np.zeros(width, np.float32)] * length
            for part, width in (("audio", 100), ("visual", 512), ("text", 768))
        }
        return {"vid": name, "speakers": ["M"] * length, "labels": [0] * length, "sentence": ["a"] * length, **vectors}

    names = list(LENGTHS["iemocap"].items())
    value = {
        "train": [record(*pair) for pair in names[:3]],
        "dev": [record(*names[3])],
        "test": [record(*pair) for pair in names[4:]],
    }
    return distorted(draw, value, wrong=_wrong, deepest=40)


def _aligned(kept: Path) -> Make:
    def split(rows: int, start: int) -> dict[str, Value]:
        shapes = {"text": (rows, 4, 3), "audio": (rows, 5, 2), "vision": (rows, 2, 2)}
        return {
            **{
                name: np.linspace(0, 1, int(np.prod(shape)), dtype=np.float32).reshape(shape)
                for name, shape in shapes.items()
            },
            "id": [f"video{start}$_${row}" for row in range(rows)],
            "raw_text": [f"text {row}" for row in range(rows)],
            "regression_labels": np.linspace(-3, 3, rows, dtype=np.float32),
            "classification_labels": np.zeros(rows),
            "annotations": ["Positive"] * rows,
        }

    base = {"train": split(4, 0), "valid": split(2, 1), "test": split(3, 2)}

    def input_of(draw: Draw, folder: Path) -> Input:
        value = distorted(draw, base, wrong=_wrong, deepest=40)
        plugin, path = make(DATASETS, "mmsa:name=fuzz"), folder / "aligned.pkl"
        path.touch()

        def read() -> object:
            with _given(mmsa, value):
                return plugin.convert(path, partial=True, text_encoder="", progress=silent)

        return Input(read)

    return input_of


PICKLE_READERS = (
    Reader("pickle", 290, _here),
    Reader("pickle_child", 8, _in_child),
    Reader("feature_file", 50, _feature_file),
    Reader("aligned_file", 25, _aligned),
)
