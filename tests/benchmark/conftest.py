"""Small corpora in the published layouts, and a sentence encoder that needs no download."""

import csv
import hashlib
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Literal

import numpy as np
import pytest

from emobench.benchmark.randomness import Randomness

Rewrite = Callable[[str], str]
"""Changes one line of a file."""


@pytest.fixture
def emobench_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let everything be kept below a folder of the test."""
    folder = tmp_path / "home"
    monkeypatch.setenv("EMOBENCH_HOME", str(folder))
    return folder


@dataclass
class FakeEncoder:
    """Stands in place of `SentenceTransformer`: four numbers from the letters of a sentence."""

    loaded: list[str] = field(default_factory=list)
    """Names it was loaded by."""
    encoded: list[str] = field(default_factory=list)
    """Sentences it was given."""
    vectors: np.ndarray | None = None
    """What it answers, if not the usual."""

    def load(self, name: str) -> "FakeEncoder":
        """Be the constructor."""
        if name == "no/such":
            raise OSError("no/such is not a local folder and is not a valid model identifier\nsecond line")
        self.loaded.append(name)
        return self

    def encode(self, sentences: list[str], *, batch_size: int, show_progress_bar: bool) -> np.ndarray:
        """Be the method."""
        assert batch_size == 64
        assert not show_progress_bar
        self.encoded += sentences
        if self.vectors is not None:
            return self.vectors
        rows = [list(hashlib.sha256(sentence.encode()).digest()[:4]) for sentence in sentences]
        return np.array(rows, dtype=np.float64)


@pytest.fixture
def fake_encoder(monkeypatch: pytest.MonkeyPatch) -> FakeEncoder:
    """Put a fake in place of sentence-transformers, installed or not."""
    fake = FakeEncoder()
    module = ModuleType("sentence_transformers")
    module.SentenceTransformer = fake.load  # type: ignore[attr-defined]  # a module made here has what it is given
    monkeypatch.setitem(sys.modules, "sentence_transformers", module)
    return fake


def write_csv(path: Path, rows: Iterable[Sequence[object]], *, quoting: Literal[0, 1] = csv.QUOTE_MINIMAL) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, quoting=quoting).writerows(rows)


def edit_line(path: Path, number: int, rewrite: Rewrite) -> None:
    """Change line `number` (from 1) of a file; an empty answer removes it."""
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    lines[number - 1] = rewrite(lines[number - 1])
    path.write_text("".join(lines), encoding="utf-8", newline="")


@pytest.fixture
def edit() -> Callable[[Path, int, Rewrite], None]:
    """Give `edit_line`."""
    return edit_line


MOSI_VIDEOS = {"train": {"aa_1": 3, "bb": 12, "c-c": 2}, "test": {"dd": 4, "ee": 1}}
"""Videos of the small corpus, with their number of utterances; a name may hold an underscore itself."""


@pytest.fixture
def mosi_folder(tmp_path: Path) -> Path:
    """Write a small CMU-MOSI: the positive utterances first, as in the published files."""
    folder = tmp_path / "mosi"
    rng = Randomness(0, ("mosi",)).generator()
    transcripts: list[tuple[str, str, str, str]] = []
    for videos in MOSI_VIDEOS.values():
        for video, count in videos.items():
            # As published: sorted as text, so 10 comes before 2.
            numbers = sorted(range(1, count + 1), key=str)
            transcripts += [(f"{video}_{n}", f"{video} SAYS {n}", "9", str(n % 2)) for n in numbers]
    write_csv(folder / "transcripts.csv", transcripts, quoting=csv.QUOTE_ALL)
    for split, videos in MOSI_VIDEOS.items():
        rows = [row for row, line in enumerate(transcripts) if line[0].rpartition("_")[0] in videos]
        rows.sort(key=lambda row: transcripts[row][3] == "0")
        for modality, width in {"text": 100, "audio": 73, "video": 100}.items():
            values = rng.normal(size=(len(rows), width)).round(5)
            # The first feature says whose it is: the number of the utterance.
            values[:, 0] = [int(transcripts[row][0].rpartition("_")[2]) for row in rows]
            labels = [transcripts[row][3] for row in rows]
            lines = [(*line, f"{label}.0") for line, label in zip(values, labels, strict=True)]
            write_csv(folder / modality / f"{modality}_{split}0.csv", lines, quoting=csv.QUOTE_ALL)
            if modality == "text":
                index = [(row, *line) for row, line in zip(rows, values, strict=True)]
                write_csv(folder / f"text_{split}.csv", index, quoting=csv.QUOTE_ALL)
    return folder


MELD_HEADER = "Sr No.,Utterance,Speaker,Emotion,Sentiment,Dialogue_ID,Utterance_ID,Season,Episode,StartTime,EndTime"
MELD_ROWS = {
    "train": [
        (1, "Hi, all.", "Ross", "joy", "positive", 0, 0),
        (2, "What?", "Joey", "surprise", "negative", 0, 1),
        (3, "Nothing.", "Ross", "neutral", "neutral", 0, 3),
        (4, "Go away!", "Joey", "anger", "negative", 10, 0),
        (5, "Oh no.", "Rachel", "sadness", "negative", 2, 0),
    ],
    "dev": [(1, "It’s fine.", "Monica", "neutral", "neutral", 0, 0)],
    "test": [(1, "Eww.", "Phoebe", "disgust", "negative", 0, 0), (2, "Help!", "Ross", "fear", "negative", 0, 1)],
}


@pytest.fixture
def meld_folder(tmp_path: Path) -> Path:
    """Write a small MELD."""
    for split, rows in MELD_ROWS.items():
        times = (8, 21, "00:16:16,059", "00:16:21,731")
        lines = [MELD_HEADER.split(","), *((*row, *times) for row in rows)]
        write_csv(tmp_path / "meld" / f"{split}_sent_emo.csv", lines)
    return tmp_path / "meld"


EMORYNLP_HEADER = "Utterance,Speaker,Emotion,Scene_ID,Utterance_ID,Season,Episode,Start_Time,End_Time"
EMORYNLP_ROWS = {
    "train": [
        ("Hey!", "['Ross Geller']", "Joyful", 4, 1, 1, 2),
        ("Hey hey.", "['Joey Tribbiani', 'Ross Geller']", "Peaceful", 4, 5, 1, 2),
        ("Sure.", "['Ross Geller', 'Joey Tribbiani']", "Neutral", 4, 11, 1, 2),
        ("Stop.", '["Mr. O\'Neil"]', "Mad", 4, 1, 1, 3),
    ],
    "dev": [("Boo.", "['Monica Geller']", "Scared", 1, 1, 2, 1)],
    "test": [("Yes.", "['Monica Geller']", "Powerful", 1, 1, 3, 1), ("No.", "['Janice']", "Sad", 1, 2, 3, 1)],
}


@pytest.fixture
def emorynlp_folder(tmp_path: Path) -> Path:
    """Write a small EmoryNLP."""
    for split, rows in EMORYNLP_ROWS.items():
        lines = [EMORYNLP_HEADER.split(","), *((*row, "00:00:02.877", "00:00:07.548") for row in rows)]
        write_csv(tmp_path / "emorynlp" / f"emorynlp_{split}_final.csv", lines)
    return tmp_path / "emorynlp"
