"""Converted data sets on disk, without pickles: below `$EMOBENCH_HOME/data/NAME`.

dataset.json           `Manifest`: classes, sizes, fingerprint, licence, known leaks
SPLIT.parquet          one row per utterance: utterance_id, dialogue_id, dialogue, speaker, label, transcript
SPLIT.safetensors      per modality: features.M (utterances × width, float32), observed.M, present.M (bool)

A folder is written whole or not at all: under a temporary name beside its place, then renamed.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from jaxtyping import Int64
from pydantic import BaseModel, ConfigDict, ValidationError
from safetensors.numpy import save as to_bytes

from .array_files import read_tensors
from .conversations import Conversations, DataSplits
from .errors import DataError
from .home import data_folder, home
from .parquet_files import DAMAGED, open_parquet
from .reading import read_json, regular
from .whole_folder import write_whole_folder

SCHEMA_VERSION: Literal[1] = 1
"""Raised when a reader of older folders would misunderstand a new one."""

_MANIFEST = "dataset.json"


class Manifest(BaseModel):
    """What is known about a converted data set: the content of dataset.json."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    schema_version: Literal[1] = SCHEMA_VERSION
    data: str
    """Canonical spec text of the data set."""
    fingerprint: str
    """SHA-256 over the content when it was converted."""
    classes: tuple[str, ...]
    """Names of the classes, in the order of their index."""
    widths: dict[str, int]
    """Feature width per modality, in the order of the modalities."""
    utterances: dict[str, int]
    """Number of utterances per split."""
    licence: str = ""
    """Terms of use; empty: not stated."""
    leaks: tuple[str, ...] = ()
    """Known leaks."""
    text_encoder: str = ""
    """Encoder that made the text features, as it was named; empty: the corpus has its own."""


def save(splits: DataSplits, *, text_encoder: str = "") -> Path:
    """Write a data set and return its folder; what was there under the same name is replaced.

    Raises
    ------
    DataError
        When the folder cannot be written to or the disk is full; what was there is still there.
    """
    manifest = Manifest(
        data=splits.data,
        fingerprint=splits.fingerprint,
        classes=splits.train.classes,
        widths=splits.train.widths,
        utterances={name: len(split) for name, split in splits.items()},
        licence=splits.licence,
        leaks=splits.leaks,
        text_encoder=text_encoder,
    )
    folder = data_folder(splits.data)
    with write_whole_folder(folder) as temporary:
        for name, split in splits.items():
            pq.write_table(_table(split), temporary / f"{name}.parquet", compression="zstd")
            # Through memory: safetensors makes its files private, and these are meant to be as readable as the others.
            (temporary / f"{name}.safetensors").write_bytes(to_bytes(_tensors(split)))
        (temporary / _MANIFEST).write_text(manifest.model_dump_json(indent=1) + "\n", encoding="utf-8")
    return folder


def load(data: str) -> DataSplits:
    """Return a converted data set.

    Shapes and values are checked, and that the content is still the one recorded when it was added.

    Raises
    ------
    DataError
        When it was not added, or a file is missing or damaged; the message holds the line to type.
    """
    manifest = read_manifest(data)
    try:
        splits = DataSplits(
            train=_load_split(manifest, "train"),
            validation=_load_split(manifest, "validation"),
            test=_load_split(manifest, "test"),
            licence=manifest.licence,
            leaks=manifest.leaks,
        )
    except (*DAMAGED, KeyError, TypeError, ValueError) as error:
        raise _damaged(data, str(error)) from None
    if splits.fingerprint != manifest.fingerprint:
        got = splits.fingerprint[:16]
        raise _damaged(data, f"expected content with fingerprint {manifest.fingerprint[:16]}…, got {got}…")
    return splits


def read_manifest(data: str) -> Manifest:
    """Return what is recorded about a converted data set.

    Raises
    ------
    DataError
        As in `load`.
    """
    path = data_folder(data) / _MANIFEST
    try:
        manifest = Manifest.model_validate_json(regular(path).read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise DataError(f"{data} is not there yet (looked in {path.parent}); type: {add_line(data)}") from None
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "its start"
        raise _damaged(data, f"{_MANIFEST} at {place}: {first['msg']}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise _damaged(data, f"{_MANIFEST}: {error}") from None
    if manifest.data != data:
        raise _damaged(data, f"{_MANIFEST} is that of {manifest.data!r}")
    return manifest


def installed() -> tuple[str, ...]:
    """Return the canonical texts of the data sets that were added, sorted; folders that are none are passed over."""
    texts = []
    for path in (home() / "data").glob(f"*/{_MANIFEST}"):
        try:
            text = str(read_json(path)["data"])
        except (OSError, ValueError, KeyError, TypeError):
            continue
        if data_folder(text) == path.parent:
            texts.append(text)
    return tuple(sorted(texts))


def add_line(data: str) -> str:
    """Return the line that adds a data set."""
    return f"emobench data add {data} --from FOLDER"


def _table(split: Conversations) -> pa.Table:
    assert np.array_equal(split.target, np.arange(len(split))), "only data as loaded are stored, not stressed data"
    columns = {
        "utterance_id": pa.array(split.utterance_ids, pa.string()),
        "dialogue_id": pa.array([split.dialogue_ids[dialogue] for dialogue in split.dialogue], pa.string()),
        "dialogue": pa.array(split.dialogue),
        "speaker": pa.array(split.speaker),
        "label": pa.array(split.label),
    }
    if split.transcripts is not None:
        columns["transcript"] = pa.array(split.transcripts, pa.string())
    return pa.table(columns)


def _tensors(split: Conversations) -> dict[str, np.ndarray]:
    groups = {"features": split.features, "observed": split.observed, "present": split.present}
    return {
        f"{group}.{modality}": np.ascontiguousarray(rows)
        for group, modalities in groups.items()
        for modality, rows in modalities.items()
    }


def _load_split(manifest: Manifest, name: str) -> Conversations:
    folder = data_folder(manifest.data)
    # pyarrow's own `read_table` goes through its data-set layer, which imports pandas: a quarter of a second.
    with open_parquet(folder / f"{name}.parquet") as file:
        table = file.read()
    tensors = read_tensors(folder / f"{name}.safetensors")
    _require_shapes(manifest, name, len(table), tensors)
    dialogue = _integers(table, "dialogue")
    starts = np.flatnonzero(np.diff(dialogue, prepend=-1))
    ids = table["dialogue_id"].to_pylist()
    return Conversations(
        data=manifest.data,
        split=name,
        classes=manifest.classes,
        features={modality: tensors[f"features.{modality}"] for modality in manifest.widths},
        observed={modality: tensors[f"observed.{modality}"] for modality in manifest.widths},
        present={modality: tensors[f"present.{modality}"] for modality in manifest.widths},
        dialogue=dialogue,
        speaker=_integers(table, "speaker"),
        label=_integers(table, "label"),
        target=np.arange(len(dialogue), dtype=np.int64),
        utterance_ids=tuple(table["utterance_id"].to_pylist()),
        dialogue_ids=tuple(ids[start] for start in starts),
        transcripts=tuple(table["transcript"].to_pylist()) if "transcript" in table.column_names else None,
    )


def _require_shapes(manifest: Manifest, name: str, rows: int, tensors: Mapping[str, np.ndarray]) -> None:
    expected = manifest.utterances.get(name)
    if rows != expected:
        raise DataError(f"{name}.parquet: expected {expected} utterances, got {rows}")
    for modality, width in manifest.widths.items():
        wanted = {"features": ((rows, width), "float32"), "observed": ((rows,), "bool"), "present": ((rows,), "bool")}
        for group, (shape, kind) in wanted.items():
            tensor = tensors[f"{group}.{modality}"]
            if (tensor.shape, tensor.dtype) != (shape, np.dtype(kind)):
                raise DataError(
                    f"{name}.safetensors: expected {group}.{modality} of shape {shape} in {kind}, "
                    f"got {tensor.shape} in {tensor.dtype}"
                )


def _integers(table: pa.Table, column: str) -> Int64[np.ndarray, " utterances"]:
    # By way of a list, because pyarrow's `to_numpy` imports pandas; numbers that are no integers are refused.
    return np.array(table[column].cast(pa.int64()).to_pylist(), dtype=np.int64)


def _damaged(data: str, why: str) -> DataError:
    first = why.partition("\n")[0]
    return DataError(f"{data} in {data_folder(data)} is damaged ({first}); type: {add_line(data)}")
