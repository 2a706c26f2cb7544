"""Readers of tables: own corpora, the tables of public corpora, costs, published figures, saved predictions."""

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
from fuzz_arrays import hostile_npy, hostile_npz, npy_of
from fuzz_draws import Draw
from fuzz_formats import hostile_csv, hostile_parquet, parquet_of
from fuzz_inputs import Input, Make, Reader
from fuzz_places import put_in_place
from fuzz_values import TEXTS
from scoring_runs import CLASSES, conversations

from emobench.benchmark.cost_files import read_costs
from emobench.benchmark.datasets import emorynlp, meld, text_corpus
from emobench.benchmark.progress import silent
from emobench.benchmark.published import TABLE, read_published
from emobench.benchmark.registry import DATASETS, make
from emobench.benchmark.saved_files import column_names, content_key
from emobench.benchmark.saved_predictions import SavedPredictions

_ROWS = tuple(
    (
        f"d{dialogue}",
        str(turn),
        "AB"[turn % 2],
        ("joy", "anger")[(dialogue + turn) % 2],
        split,
        f"u{dialogue}_{turn}",
        "said",
    )
    for dialogue, split in enumerate(("train", "train", "train", "validation", "test"))
    for turn in range(3)
)
_HEAD = ("dialogue", "turn", "speaker", "label", "split", "utterance", "transcript")


def _own(kept: Path) -> Make:
    names = [row[5] for row in _ROWS]
    audio = [("utterance", "a0", "a1"), *((name, str(n), "0.5") for n, name in enumerate(names))]
    video = [("dialogue", "turn", "v0"), *((row[0], row[1], "1e-3") for row in _ROWS)]
    text = np.linspace(0, 1, 2 * len(_ROWS)).reshape(-1, 2)

    def input_of(draw: Draw, folder: Path) -> Input:
        corpus = folder / "corpus"
        corpus.mkdir()
        hurt = draw.choice(("utterances", "utterances", "audio", "video", "text", "classes", "names"))
        _write_table(draw, corpus, "utterances", (_HEAD, *_ROWS), hurt=hurt == "utterances")
        _write_table(draw, corpus, "audio", audio, hurt=hurt == "audio")
        _write_table(draw, corpus, "video", video, hurt=hurt == "video")
        (corpus / "text.npy").write_bytes(hostile_npy(draw, text) if hurt == "text" else npy_of(text))
        if hurt == "classes":
            (corpus / "classes.txt").write_bytes(
                draw.choice((b"joy\nanger\n", b"joy", b"\xff\xfe", b"", b"joy\njoy\n", draw.randbytes(50)))
            )
        if hurt == "names":
            _odd_names(draw, corpus)
        plugin = make(DATASETS, "own:name=fuzz")
        return Input(lambda: plugin.convert(corpus, partial=True, text_encoder="", progress=silent))

    return input_of


def _write_table(draw: Draw, folder: Path, stem: str, cells: "Cells", *, hurt: bool) -> None:
    head, *rows = cells
    if draw.chance(0.5):
        table = pa.table({name: [row[place] for row in rows] for place, name in enumerate(head)})
        numbers = [name for name in head if name in ("turn", "a0", "a1", "v0")] if draw.chance(0.7) else []
        for name in numbers:
            values = [float(one) for one in table[name].to_pylist()]
            place = table.schema.names.index(name)
            table = table.set_column(place, name, pa.array([int(one) for one in values] if name == "turn" else values))
        content = hostile_parquet(draw, table) if hurt else parquet_of(table)
        (folder / f"{stem}.parquet").write_bytes(content)
    else:
        content = hostile_csv(draw, cells) if hurt else "\n".join(map(",".join, cells)).encode()
        (folder / f"{stem}.csv").write_bytes(content)


def _odd_names(draw: Draw, folder: Path) -> None:
    """Put something else into the place of a file, or a file beside them."""
    path = draw.choice(sorted(folder.iterdir()))
    put_in_place(draw, path)
    for name in draw.sample(
        [text for text in TEXTS if text and "/" not in text and "\0" not in text and len(text) < 90], 3
    ):
        try:
            (folder / f"{name}{draw.choice(('.csv', '.npy', '.parquet', ''))}").write_bytes(b"a,b\n1,2\n")
        except (OSError, UnicodeEncodeError):
            continue


Cells = "list[tuple[str, ...]] | tuple[tuple[str, ...], ...]"


def _corpus(corpus: text_corpus.TextCorpus, head: str, lines: dict[str, tuple[str, ...]]) -> Callable[[Path], Make]:
    def prepare(kept: Path) -> Make:
        tables = {
            corpus.files[split]: [head.split(","), *(line.split("|") for line in those)]
            for split, those in lines.items()
        }

        def input_of(draw: Draw, folder: Path) -> Input:
            hurt = draw.choice(list(tables))
            for name, cells in tables.items():
                content = hostile_csv(draw, cells) if name == hurt else "\n".join(map(",".join, cells)).encode()
                (folder / name).write_bytes(content)
            if draw.chance(0.05):
                put_in_place(draw, folder / hurt)
            return Input(lambda: text_corpus._tables(corpus, folder, partial=True))

        return input_of

    return prepare


_MELD = {
    "train": (
        "1|Hi all.|Ross|joy|positive|0|0|8|21|0|1",
        "2|What?|Joey|surprise|negative|0|1|8|21|0|1",
        "3|No.|Ross|anger|negative|2|0|8|21|0|1",
    ),
    "validation": ("1|It is.|Monica|neutral|neutral|0|0|8|21|0|1",),
    "test": ("1|Eww.|Phoebe|disgust|negative|0|0|8|21|0|1", "2|Help!|Ross|fear|negative|0|1|8|21|0|1"),
}
_EMORYNLP = {
    "train": ("Hey!|['Ross Geller']|Joyful|4|1|1|2|0|1", "Hey.|['Joey Tribbiani']|Mad|4|5|1|2|0|1"),
    "validation": ("Boo.|['Monica Geller']|Scared|1|1|2|1|0|1",),
    "test": ("Yes.|['Monica Geller']|Powerful|1|1|3|1|0|1", "No.|['Janice']|Sad|1|2|3|1|0|1"),
}


def _mosi(kept: Path) -> Make:
    videos = {"train": {"aa_1": 3, "bb": 2}, "test": {"dd": 2, "ee": 1}}
    transcripts = [
        (f"{v}_{n}", f"{v} says {n}", "9", str(n % 2))
        for those in videos.values()
        for v, count in those.items()
        for n in range(1, count + 1)
    ]
    files: dict[str, list[tuple[str, ...]]] = {"transcripts.csv": transcripts}
    for split, those in videos.items():
        rows = [row for row, line in enumerate(transcripts) if line[0].rpartition("_")[0] in those]
        for modality, width in {"text": 100, "audio": 73, "video": 100}.items():
            lines = [(*["0.25"] * width, f"{transcripts[row][3]}.0") for row in rows]
            files[f"{modality}/{modality}_{split}0.csv"] = lines
            if modality == "text":
                files[f"text_{split}.csv"] = [
                    (str(row), *line[:-1], line[-1])[: width + 1] for row, line in zip(rows, lines, strict=True)
                ]

    def input_of(draw: Draw, folder: Path) -> Input:
        hurt = draw.choice(list(files))
        for name, cells in files.items():
            path = folder / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(hostile_csv(draw, cells) if name == hurt else "\n".join(map(",".join, cells)).encode())
        plugin = make(DATASETS, "mosi")
        return Input(lambda: plugin.convert(folder, partial=True, text_encoder="", progress=silent))

    return input_of


def _costs(kept: Path) -> Make:
    cells = [
        ("gold", *CLASSES, "abstain"),
        *((one, *(str(float(one != other)) for other in CLASSES), "0.5") for one in CLASSES),
    ]

    def input_of(draw: Draw, folder: Path) -> Input:
        path = folder / "costs.csv"
        path.write_bytes(hostile_csv(draw, cells))
        return Input(lambda: read_costs(path).of(CLASSES))

    return input_of


def _published(kept: Path) -> Make:
    cells = [*csv.reader(TABLE.read_text(encoding="utf-8").splitlines()[:12])]

    def input_of(draw: Draw, folder: Path) -> Input:
        path = folder / "published.csv"
        path.write_bytes(hostile_csv(draw, cells))
        return Input(lambda: read_published(path))

    return input_of


def _saved(kept: Path) -> Make:
    split = conversations()
    chances = np.random.default_rng(0).dirichlet(np.ones(len(CLASSES)), len(split))
    head = (
        "utterance_id",
        "condition",
        "draw",
        "seed",
        "split",
        "dialogue_id",
        "data",
        *(f"p_{name}" for name in CLASSES),
    )
    names = [split.dialogue_ids[dialogue] for dialogue in split.dialogue]
    rows = [
        (one, "clean", "0", "0", "test", names[row], "small", *map(repr, chances[row].tolist()))
        for row, one in enumerate(split.utterance_ids)
    ]
    columns = {name: [row[place] for row in rows] for place, name in enumerate(head)}
    table = pa.table(
        {
            name: pa.array(map(float if name.startswith("p_") else int, those))
            if name.startswith("p_") or name in ("draw", "seed")
            else those
            for name, those in columns.items()
        }
    )
    arrays = {
        "p": chances,
        "classes": np.array(CLASSES),
        "utterance_id": np.array(split.utterance_ids),
        "seed": np.array(0),
        "condition": np.array("clean"),
    }

    def input_of(draw: Draw, folder: Path) -> Input:
        ending, place = draw.choice(("csv", "parquet", "npz")), folder / "saved"
        make_one = {
            "csv": lambda: hostile_csv(draw, (head, *rows)),
            "parquet": lambda: hostile_parquet(draw, table),
            "npz": lambda: hostile_npz(draw, arrays),
        }
        path = place / draw.choice((f"clean.{ending}", f"modality_drop:drop=audio~text.{ending}", f"x.{ending}"))
        place.mkdir()
        path.write_bytes(make_one[ending]())
        if draw.chance(0.03):
            put_in_place(draw, path)
        typed = draw.choice((place, path))

        def read() -> object:
            column_names(typed)
            content_key(typed)
            found = SavedPredictions.read(
                typed,
                values=draw.choice(("probabilities", "logits", "log_probabilities")),
                data="small",
                classes=CLASSES,
            )
            return [found.of(block, split) for block in list(found.blocks)[:3]]

        return Input(read)

    return input_of


TABLE_READERS = (
    Reader("own_corpus", 60, _own),
    Reader(
        "meld_tables",
        20,
        _corpus(
            meld._CORPUS,
            "Sr No.,Utterance,Speaker,Emotion,Sentiment,Dialogue_ID,Utterance_ID,Season,Episode,StartTime,EndTime",
            _MELD,
        ),
    ),
    Reader(
        "emory_tables",
        20,
        _corpus(
            emorynlp._CORPUS,
            "Utterance,Speaker,Emotion,Scene_ID,Utterance_ID,Season,Episode,Start_Time,End_Time",
            _EMORYNLP,
        ),
    ),
    Reader("mosi_tables", 15, _mosi),
    Reader("costs", 40, _costs),
    Reader("published", 20, _published),
    Reader("saved_files", 55, _saved),
)
