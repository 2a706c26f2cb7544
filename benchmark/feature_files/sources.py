"""A file or folder of a corpus as utterances by dialogue, with what is known of each."""

from collections.abc import Mapping, Sequence, Sized
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

import numpy as np

from ..datasets.csv_files import repaired
from ..datasets.utterances import Utterance, require_distinct
from ..errors import DataError
from ..safe_pickle.reader import read_pickle
from .corpora import Corpus, Named
from .fields import Field, Key, is_key
from .layouts import COGMEN, ROBERTA, Layout, recognised
from .listed import splits_of

Matrices = Mapping[str, np.ndarray]
"""Per dialogue its features, utterances × width, float32."""
ENDINGS = (".pkl", ".pickle", ".p")
"""Of files that are looked for in a folder."""
MODALITIES = ("text", "audio", "video", *ROBERTA)
LISTS = ("train", "validation", "test", "fitting")
_RECORD = {
    "speakers": "speakers",
    "labels": "labels",
    "text": "text",
    "audio": "audio",
    "video": "visual",
    "sentences": "sentence",
}
"""What COGMEN calls the parts."""
_SPLITS = {"train": "train", "validation": "dev", "test": "test"}


@dataclass(frozen=True, eq=False)
class Source:
    """What one file or folder says of a corpus."""

    place: str
    """File or folder."""
    layout: str
    """What its layout is called."""
    dialogues: Mapping[str, Sequence[Utterance]]
    """Utterances in order, by the name that the data set gives a dialogue."""
    splits: Mapping[str, str]
    """Per dialogue what it is listed for: `train`, `validation`, `test` or `fitting`."""
    features: Mapping[str, Matrices] = field(default_factory=dict)
    """Per modality; `roberta1` … `roberta4` are four kinds of text features."""
    has_names: bool = False
    """Whether utterances bear the names of the corpus, instead of their place in the dialogue."""
    has_groups: bool = False
    """Whether speakers joined by ` & ` are groups."""


def pickles_in(path: Path) -> tuple[Path, ...]:
    """Return a file itself, or the pickles of a folder, sorted."""
    if not path.is_dir():
        return (path,)
    return tuple(sorted(file for file in path.iterdir() if file.suffix in ENDINGS and file.is_file()))


def read_sources(path: Path, corpus: Corpus) -> list[Source]:
    """Read a pickle of any layout, or those of a folder that are of a corpus.

    Raises
    ------
    DataError
        When a file is of another corpus or of no layout that is known, or its parts do not agree with each other; in a
        folder other corpora are passed over, if one file is of this one.
    """
    read, others = [], []
    for file in pickles_in(path):
        parts, layout = _parts(read_pickle(file), file)
        if layout.data == corpus.data:
            read.append(_source(parts, layout, corpus, file))
        else:
            others.append(f"{file}: expected {corpus.data}, got {layout.data} in the layout {layout.name!r}")
    if not read:
        raise DataError([*others, f"{path}: expected a feature file that ends in {' or '.join(ENDINGS)}, got none"][0])
    return read


def _parts(value: object, path: Path) -> tuple[dict[str, Field], Layout]:
    """Return the parts of a file by what they are, and its layout."""
    if isinstance(value, (list, tuple)):
        fields = [Field(f"{path}, part {number}", part) for number, part in enumerate(value, start=1)]
        layout = recognised(fields, path=path)
        return dict(zip(layout.parts, fields, strict=True)), layout
    if isinstance(value, Mapping) and set(_SPLITS.values()) <= set(value):
        gathered = _gathered(value, path)
        recognised(list(gathered.values()), path=path, layouts=(COGMEN,))
        return gathered, COGMEN
    names = f" with {', '.join(map(repr, list(value)[:5]))}" if isinstance(value, Mapping) else ""
    raise DataError(
        f"{path}: expected one of the layouts of feature files that docs/feature_files.md lists, got a "
        f"{type(value).__name__}{names}"
    )


def _gathered(value: Mapping[object, object], path: Path) -> dict[str, Field]:
    """Return COGMEN's records as parts by dialogue."""
    columns: dict[str, dict[object, object]] = {part: {} for part in _RECORD}
    lists: dict[str, list[object]] = {}
    for split, called in _SPLITS.items():
        records = value[called]
        place = f"{path}, {called}"
        if not isinstance(records, (list, tuple)) or not all(isinstance(record, Mapping) for record in records):
            raise DataError(f"{place}: expected a list of records")
        for record in records:
            for name in ("vid", *_RECORD.values()):
                if name not in record:
                    raise DataError(f"{place}: expected records with {name!r}, got {', '.join(map(str, record))}")
            dialogue = record["vid"]
            if not is_key(dialogue) or dialogue in columns["labels"]:
                raise DataError(f"{place}: expected each dialogue once, by its name as 'vid', got {_shown(dialogue)}")
            for part, name in _RECORD.items():
                columns[part][dialogue] = record[name]
        lists[split] = [record["vid"] for record in records]
    return {part: Field(f"{path}, {part}", content) for part, content in {**columns, **lists}.items()}


def _shown(value: object) -> str:
    return f"{value!r} again" if is_key(value) else f"a value of type {type(value).__name__}"


def _source(parts: Mapping[str, Field], layout: Layout, corpus: Corpus, path: Path) -> Source:
    labels = parts["labels"].numbers(below=len(corpus.classes))
    named = {key: corpus.named(key, parts["labels"].place) for key in labels}
    columns: dict[str, Mapping[Key, Sequence[object]]] = {"sentences": parts["sentences"].texts()}
    columns["speakers"] = _speakers(parts["speakers"])
    has_names = corpus.has_names and "ids" in parts and parts["ids"].kind.sort == "texts"
    if has_names:
        columns["ids"] = parts["ids"].texts()
    features = {part: field.vectors(field.kind.width) for part, field in parts.items() if part in MODALITIES}
    checked: dict[str, Mapping[Key, Sized]] = {**columns, **features}
    for part, column in checked.items():
        _require_alike(column, labels, parts[part].place)
    dialogues = {
        name.name: tuple(
            _utterance(key, name, place, label, {part: column[key][place] for part, column in columns.items()}, path)
            for place, label in enumerate(labels[key])
        )
        for key, name in named.items()
    }
    require_distinct({"the file": list(chain.from_iterable(dialogues.values()))})
    return Source(
        place=str(path),
        layout=layout.name,
        dialogues=dialogues,
        splits=splits_of({part: parts[part].names() for part in LISTS if part in parts}, named, labels, corpus, path),
        features={part: {named[key].name: rows[key] for key in named} for part, rows in features.items()},
        has_names=has_names,
    )


def _utterance(key: Key, named: Named, place: int, label: int, said: Mapping[str, object], path: Path) -> Utterance:
    return Utterance(
        place=f"{path}, dialogue {key}, utterance {place}",
        identifier=str(said.get("ids", f"{named.name}_{place}")),
        dialogue=named.name,
        position=(*named.position, place),
        speaker=str(said["speakers"]),
        label=label,
        transcript=repaired(str(said["sentences"])).strip(),
    )


def _speakers(field: Field) -> dict[Key, tuple[str, ...]]:
    """Return the names of speakers, or of one-hot codes, which mean something within a dialogue only."""
    if field.kind.sort == "texts":
        return field.texts()
    found = {}
    for key, codes in field.vectors(field.kind.width).items():
        wrong = np.flatnonzero((np.sort(codes, axis=1)[:, ::-1] != np.eye(1, codes.shape[1])).any(axis=1))
        if len(wrong):
            raise DataError(
                f"{field.place}, {key}, utterance {wrong[0]}: expected one 1 and zeros as code of a speaker"
            )
        found[key] = tuple(f"speaker {code}" for code in codes.argmax(axis=1).tolist())
    return found


def _require_alike(column: Mapping[Key, Sized], labels: Mapping[Key, Sequence[int]], place: str) -> None:
    if column.keys() != labels.keys():
        raise DataError(
            f"{place}: expected the dialogues that have labels, got others: {_first_of_one(column, labels)}"
        )
    for key, values in column.items():
        if len(values) != len(labels[key]):
            raise DataError(
                f"{place}, {key}: expected {len(labels[key])} utterances as there are labels, got {len(values)}"
            )


def _first_of_one(first: Mapping[Key, object], second: Mapping[Key, object]) -> str:
    """Return the first name that only one of the two has, and which."""
    lacking = next((key for key in second if key not in first), None)
    return (
        f"{lacking} is missing"
        if lacking is not None
        else f"{next(key for key in first if key not in second)} has none"
    )
