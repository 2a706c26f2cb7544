"""Saved predictions of another system: read, checked and put onto the rows of a data split by the utterances' names.

Rows belong together in blocks: one split under one draw of one condition, for one training seed. A block holds each
utterance of its split once. A block whose values are all empty, as a template has them, counts as not there.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Bool, Float64, Int64

from .conversations import Conversations
from .errors import DataError, EmobenchError
from .predictions import TOLERANCE, Predictions
from .registry import PROTOCOLS, canonical_text
from .saved_files import CLEAN, NUMBERS, PROBABILITY, SavedFile, read_files

Values = Literal["probabilities", "logits", "log_probabilities"]
"""What the columns of the classes hold."""
SPLITS = ("train", "validation", "test")
_LARGEST_WHOLE = 2.0**53  # above, a real number may stand for several whole ones
_TEMPLATE = "`emobench template --data {}` writes the rows and columns to fill"


class Block(NamedTuple):
    """What belongs together."""

    split: str
    condition: str  # canonical text
    draw: int
    seed: int  # 0 where the file knows no seeds


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows of one block, in the order of the file."""

    file: Path
    utterance_ids: tuple[str, ...]
    dialogue_ids: tuple[str, ...] | None
    values: Float64[np.ndarray, "rows classes"]
    """Columns in the order of the data set's classes."""
    stress_seed: int | None
    """Seed of the stresses under which they were made; None: not stated."""


@dataclass(frozen=True, eq=False)
class SavedPredictions:
    """All blocks that there are for one data set."""

    path: Path
    """As typed: file or folder."""
    values: Values
    blocks: Mapping[Block, Rows]
    """Those with values."""
    empty: frozenset[Block]
    """Those whose values are all empty."""
    seeded: bool
    """Whether the rows say of which training seed they are."""
    fingerprints: frozenset[str]
    """Beginnings of the fingerprints of the data that they were made for; empty: not stated."""

    @classmethod
    def read(cls, path: Path, *, values: Values, data: str, classes: tuple[str, ...]) -> "SavedPredictions":
        """Read what there is for the data set of this name.

        Raises
        ------
        DataError
            When something cannot be read, columns are missing or unknown, or a condition or split is none.
        """
        parts = [part for file in read_files(path) if (part := _Part.of(file, data, classes)) is not None]
        if len({part.seeds is None for part in parts}) > 1:
            raise DataError(f"{path}: expected the column 'seed' in all files or in none")
        rows: dict[Block, Rows] = {}
        for part in parts:
            for block, found in part.blocks().items():
                if block in rows:
                    raise DataError(f"{found.file}: {_words(block)} is already in {rows[block].file}")
                rows[block] = found
        empty = frozenset(block for block, found in rows.items() if np.isnan(found.values).all())
        return cls(
            path=path,
            values=values,
            blocks={block: found for block, found in rows.items() if block not in empty},
            empty=empty,
            seeded=any(part.seeds is not None for part in parts),
            fingerprints=frozenset(text for part in parts for text in part.fingerprints),
        )

    @property
    def seeds(self) -> tuple[int, ...]:
        """Training seeds that there are predictions of."""
        return tuple(sorted({block.seed for block in self.blocks}))

    def of(self, block: Block, split: Conversations) -> Predictions:
        """Return the predictions of a block that is there, one row per row of `split`.

        Raises
        ------
        DataError
            When an utterance is unknown, left out or there twice, its dialogue is another, or its values are not what
            they are declared to be; names the first.
        """
        rows = self.blocks[block]
        where = f"{rows.file}, {_words(block)}"
        values = rows.values[_order(rows, split, where)]
        _require_finite(values, split, where, logarithms=self.values != "probabilities")
        probabilities = _probabilities(values, self.values)
        _require_distributions(probabilities, split, where, self.values)
        return Predictions(probabilities)


@dataclass(frozen=True, eq=False)
class _Part:
    """One file, as far as it is about the data set."""

    file: Path
    data: str
    matrix: Float64[np.ndarray, "rows classes"]
    utterance_ids: np.ndarray
    dialogue_ids: np.ndarray | None
    splits: np.ndarray
    conditions: np.ndarray
    draws: Int64[np.ndarray, " rows"]
    seeds: Int64[np.ndarray, " rows"] | None
    stress_seed: int | None
    fingerprints: frozenset[str]

    @classmethod
    def of(cls, file: SavedFile, data: str, classes: tuple[str, ...]) -> "_Part | None":
        """Return what a file holds for a data set; None: nothing."""
        columns = dict(file.columns)
        if "data" in columns:
            mine = columns["data"] == data
            if not mine.any():
                return None
            columns = {name: column[mine] for name, column in columns.items()}
        names = _class_columns(file.path, data, tuple(columns), classes)
        rows = len(columns["utterance_id"])
        whole = {name: _whole(file.path, name, columns[name]) for name in NUMBERS if name in columns}
        stress_seeds = np.unique(whole["stress_seed"]).tolist() if "stress_seed" in whole else []
        if len(stress_seeds) > 1:
            raise DataError(f"{file.path}: expected one stress_seed, got {', '.join(map(str, stress_seeds))}")
        return cls(
            file=file.path,
            data=data,
            matrix=np.stack([columns[name] for name in names], axis=1),
            utterance_ids=columns["utterance_id"],
            dialogue_ids=columns.get("dialogue_id"),
            splits=_known_splits(file.path, columns.get("split", np.full(rows, "test", dtype=object))),
            conditions=_canonical(file.path, columns.get("condition", np.full(rows, file.condition, dtype=object))),
            draws=whole.get("draw", np.zeros(rows, np.int64)),
            seeds=whole.get("seed"),
            stress_seed=stress_seeds[0] if stress_seeds else None,
            fingerprints=frozenset(columns.get("fingerprint", ())),
        )

    def blocks(self) -> dict[Block, Rows]:
        """Return the rows by block."""
        seeds = np.zeros(len(self.draws), np.int64) if self.seeds is None else self.seeds
        places: dict[Block, list[int]] = {}
        for row, key in enumerate(zip(self.splits, self.conditions, self.draws.tolist(), seeds.tolist(), strict=True)):
            places.setdefault(Block(*key), []).append(row)
        return {
            block: Rows(
                file=self.file,
                utterance_ids=tuple(self.utterance_ids[rows]),
                dialogue_ids=None if self.dialogue_ids is None else tuple(self.dialogue_ids[rows]),
                values=self.matrix[rows],
                stress_seed=self.stress_seed,
            )
            for block, rows in places.items()
        }


def _words(block: Block) -> str:
    draw, seed = f", draw {block.draw}" * bool(block.draw), f", seed {block.seed}" * bool(block.seed)
    split = f"{block.split} split, " if block.split != "test" else ""
    return f"{split}condition {block.condition!r}{draw}{seed}"


def _class_columns(file: Path, data: str, names: tuple[str, ...], classes: tuple[str, ...]) -> list[str]:
    """Return the columns of the classes, in their order: by name, or by number."""
    found = [name for name in names if name.startswith(PROBABILITY)]
    by_name = [f"{PROBABILITY}{name}" for name in classes]
    by_number = [f"{PROBABILITY}{k}" for k in range(len(classes))]
    wanted = next((one for one in (by_name, by_number) if sorted(one) == sorted(found)), None)
    if wanted is None or "utterance_id" not in names:
        raise DataError(
            f"{file}: expected the columns utterance_id and {', '.join(by_name)} (or {by_number[0]} … "
            f"{by_number[-1]}), got {', '.join(names) or 'none of them'}; {_TEMPLATE.format(data)}"
        )
    return wanted


def _whole(file: Path, name: str, column: np.ndarray) -> Int64[np.ndarray, " rows"]:
    wrong = ~((column >= 0) & (column <= _LARGEST_WHOLE) & (column == np.floor(column)))
    if wrong.any():
        row = int(np.argmax(wrong))
        raise DataError(
            f"{file}: expected whole numbers from 0 to 2^53 in the column {name!r}, got {column[row]:g} in row {row}"
        )
    return column.astype(np.int64)


def _known_splits(file: Path, column: np.ndarray) -> np.ndarray:
    unknown = set(column) - set(SPLITS)
    if unknown:
        raise DataError(f"{file}: expected {', '.join(SPLITS)} in the column 'split', got {sorted(unknown)[0]!r}")
    return column


def _canonical(file: Path, column: np.ndarray) -> np.ndarray:
    """Return each condition in its canonical spelling."""
    spelled = {}
    for text in set(column):
        try:
            spelled[text] = CLEAN if text == CLEAN else canonical_text(PROTOCOLS, text)
        except EmobenchError as error:
            raise DataError(f"{file}: expected conditions as `emobench run` has them, got {text!r}: {error}") from None
    return np.array([spelled[text] for text in column], dtype=object)


def _order(rows: Rows, split: Conversations, where: str) -> Int64[np.ndarray, " utterances"]:
    """Return the row of each utterance of the split."""
    place = {name: row for row, name in enumerate(split.utterance_ids)}
    order = np.full(len(split), -1, np.int64)
    for row, name in enumerate(rows.utterance_ids):
        if name not in place:
            raise DataError(
                f"{where}: expected utterances of {split.data}, {split.split}, got {name!r}, which it does not have; "
                f"{_TEMPLATE.format(split.data)}"
            )
        utterance = place[name]
        if order[utterance] >= 0:
            raise DataError(f"{where}: expected each utterance once, got {name!r} twice")
        order[utterance] = row
        dialogue = split.dialogue_ids[split.dialogue[utterance]]
        if rows.dialogue_ids is not None and rows.dialogue_ids[row] != dialogue:
            raise DataError(
                f"{where}: expected utterance {name!r} in the dialogue {dialogue!r}, got {rows.dialogue_ids[row]!r}"
            )
    missing = order < 0
    if missing.any():
        first = split.utterance_ids[int(np.argmax(missing))]
        raise DataError(
            f"{where}: expected each of {len(split)} utterances, "
            f"{int(missing.sum())} are missing, the first is {first!r}"
        )
    return order


def _require_finite(
    values: Float64[np.ndarray, "utterances classes"], split: Conversations, where: str, *, logarithms: bool
) -> None:
    """Refuse empty cells, NaN and infinite values; the logarithm of 0 is a value, but not in all classes of a row."""
    finite = np.isfinite(values)
    bad = ~(finite | (logarithms & (values == -np.inf))).all(axis=1) | ~finite.any(axis=1)
    if bad.any():
        raise DataError(f"{where}: expected a number for every class, got {_first(bad, values, split)}")


def _probabilities(
    values: Float64[np.ndarray, "utterances classes"], kind: Values
) -> Float64[np.ndarray, "utterances classes"]:
    if kind == "probabilities":
        return values
    if kind == "log_probabilities":
        with np.errstate(over="ignore"):
            of_logarithms: np.ndarray = np.exp(values)
            return of_logarithms
    grown = np.exp(values - values.max(axis=1, keepdims=True))
    softmax: np.ndarray = grown / grown.sum(axis=1, keepdims=True)
    return softmax


def _require_distributions(
    probabilities: Float64[np.ndarray, "utterances classes"], split: Conversations, where: str, kind: Values
) -> None:
    sums = probabilities.sum(axis=1)
    bad = (probabilities < 0).any(axis=1) | ~(np.abs(sums - 1) <= TOLERANCE)
    if not bad.any():
        return
    outside = kind == "log_probabilities" or bool(((probabilities < 0) | (probabilities > 1)).any())
    hint = "if they are logits, type values=logits" if outside else "rounded values need five digits or more"
    raise DataError(
        f"{where}: expected {kind} that are those of a distribution (≥ 0, sum 1 ± {TOLERANCE:g}), got "
        f"the probabilities {_first(bad, probabilities, split)}; {hint}"
    )


def _first(bad: Bool[np.ndarray, " utterances"], values: np.ndarray, split: Conversations) -> str:
    """Return the first bad row, whose it is, and how many there are."""
    row = int(np.argmax(bad))
    shown = ", ".join(f"{value:.6g}" for value in values[row])
    return f"[{shown}] for {split.utterance_ids[row]!r} ({int(bad.sum())} of {len(bad)} utterances)"
