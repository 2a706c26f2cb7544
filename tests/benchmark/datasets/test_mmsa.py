"""Aligned sentiment files: series become one vector, padding does not count."""

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emobench.benchmark.conversations import DataSplits
from emobench.benchmark.data_commands import add
from emobench.benchmark.errors import DataError, SpecError
from emobench.benchmark.registry import DATASETS, make

Value = dict[str, Any]
"""What such a file holds; tests damage it."""


@pytest.fixture(autouse=True)
def _home(emobench_home: Path) -> None:
    pass


def part(video: str) -> Value:
    series = {name: np.zeros((3, 4, width), np.float32) for name, width in (("text", 3), ("audio", 2), ("vision", 5))}
    for place, rows in enumerate(series.values()):
        rows[:, 2:] = np.arange(24.0).reshape(3, 2, 4)[:, :, :1] + place + 1
    series["vision"][1] = 0
    return {
        **series,
        "audio_lengths": [4, 4, 4],
        "vision_lengths": [4, 4, 4],
        "id": [f"{video}$_$10", f"{video}$_$2", f"{video}x$_$1"],
        "raw_text": ["Ten.", "Two.", "One."],
        "classification_labels": np.array([0.0, 1.0, 2.0]),
        "regression_labels": np.array([-0.2, 0.0, 1.4]),
    }


def content() -> Value:
    return {"train": part("a"), "valid": part("b"), "test": part("c")}


def added(tmp_path: Path, value: object, name: str = "mmsa:name=mosei") -> DataSplits:
    (tmp_path / "a.pkl").write_bytes(pickle.dumps(value))
    return add(name, tmp_path / "a.pkl").splits


def test_utterances_are_means_over_what_is_no_padding(tmp_path: Path) -> None:
    splits = added(tmp_path, content())
    train = splits.train
    assert splits.data == "mmsa:name=mosei"
    assert train.widths == {"text": 3, "audio": 2, "video": 5}
    assert train.utterance_ids == ("a_2", "a_10", "ax_1")
    assert train.dialogue_ids == ("a", "ax")
    assert train.label.tolist() == [1, 0, 1], "a score of 0 is positive"
    assert train.transcripts == ("Two.", "Ten.", "One.")
    # Entry 1 has steps 9 and 13 in text, entry 0 has 1 and 5, entry 2 has 17 and 21.
    assert train.features["text"][:, 0].tolist() == [11.0, 3.0, 19.0]
    assert train.observed["video"].tolist() == train.present["video"].tolist() == [False, True, True]
    assert train.features["video"][0].tolist() == [0] * 5
    assert make(DATASETS, "mmsa:name=mosei").load().fingerprint == splits.fingerprint
    columns = content()
    columns["train"]["regression_labels"] = columns["train"]["regression_labels"][:, None]
    assert added(tmp_path, columns).fingerprint == splits.fingerprint


def test_minus_infinity_is_what_does_not_sound(tmp_path: Path) -> None:
    value, silent = content(), content()
    value["train"]["audio"][0, 2, 0] = -np.inf
    silent["train"]["audio"][0, 2, 0] = 0
    assert added(tmp_path, value).fingerprint == added(tmp_path, silent).fingerprint


def changed(name: str, value: object) -> Callable[[Value], object]:
    return lambda content: content["valid"].__setitem__(name, value)


@pytest.mark.parametrize(
    ("damage", "expected"),
    [
        (lambda c: c.pop("valid"), "a.pkl: expected a dictionary of train, valid and test, got 'train', 'test'"),
        (lambda c: c.__setitem__("valid", 1), "a.pkl, valid: expected a dictionary, got int"),
        (lambda c: c["valid"].pop("vision"), "a.pkl, valid: expected 'vision', got text, audio, audio_lengths"),
        (changed("raw_text", ["a"]), "a.pkl, valid: expected 3 entries in 'raw_text', got 1"),
        (changed("id", []), "a.pkl, valid: expected some entries in 'text', got 3"),
        (changed("regression_labels", 3), "a.pkl, valid: expected 3 entries in 'regression_labels', got 0"),
        (changed("regression_labels", [1.0, np.nan, 2.0]), "a.pkl, valid, entry 1: expected a finite score, got nan"),
        *(
            (
                changed("regression_labels", value),
                "a.pkl, valid: expected a number per utterance in 'regression_labels'",
            )
            for value in (["a", "b", "c"], [[1], [2, 3], [4]], np.zeros((3, 0)), np.zeros((3, 2)))
        ),
        (changed("id", ["a", "b", "c"]), "a.pkl, valid, entry 0: expected an id of the form VIDEO$_$NUMBER, got 'a'"),
        (changed("id", ["a$_$1"] * 3), "a.pkl, valid, entry 1: utterance a_1 is already at "),
        (
            changed("text", np.zeros((3, 4))),
            "a.pkl, valid, text: expected numbers of the shape utterances × steps × width",
        ),
        (
            changed("text", [[1], [1, 2], 3]),
            "a.pkl, valid, text: expected numbers of the shape utterances × steps × width",
        ),
        (changed("audio", np.full((3, 4, 2), np.inf)), "a.pkl, valid, audio, entry 0: expected finite numbers"),
    ],
)
def test_what_is_wrong_is_named(damage: Callable[[Value], object], expected: str, tmp_path: Path) -> None:
    value = content()
    damage(value)
    with pytest.raises(DataError) as caught:
        added(tmp_path, value)
    assert str(caught.value).startswith(f"{tmp_path}/{expected}")
    assert "\n" not in str(caught.value)


def test_other_things_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"expected a dictionary of train, valid and test, got list$"):
        added(tmp_path, [1])
    with pytest.raises(DataError, match="leave --text-encoder out"):
        add("mmsa", tmp_path, text_encoder="x")
    (tmp_path / "b.pkl").touch()
    with pytest.raises(DataError, match=r"^mmsa: expected one file with features, but .* has 2$"):
        add("mmsa", tmp_path)
    with pytest.raises(SpecError, match=r"^mmsa: expected a name of letters, digits and underscores, got 'a-b'$"):
        make(DATASETS, "mmsa:name=a-b")


def test_an_utterance_in_two_splits_is_refused_and_a_video_in_two_is_a_leak(tmp_path: Path) -> None:
    assert added(tmp_path, content()).leaks == ()
    value = content()
    value["test"]["id"] = ["c$_$1", "a$_$3", "ax$_$7"]
    splits = added(tmp_path, value, "mmsa:name=clips")
    (leak,) = splits.leaks
    assert "2 of 5 videos have utterances in more than one split" in leak
    assert make(DATASETS, "mmsa:name=clips").load().leaks == splits.leaks
    value["test"]["id"][1] = "a$_$2"
    with pytest.raises(DataError, match="utterance a_2 is in test and in train; expected it in one split only"):
        added(tmp_path, value)
