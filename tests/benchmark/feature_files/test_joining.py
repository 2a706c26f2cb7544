"""Several files make one data set, if they speak of the same utterances; splits and validation by stated rules."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from layout_files import LENGTHS, LISTS, Value, content, flat, label_of, layout, write

from emobench.benchmark.command_line.data import app
from emobench.benchmark.conversations import DataSplits
from emobench.benchmark.data_commands import add
from emobench.benchmark.datasets import emorynlp, iemocap, meld
from emobench.benchmark.datasets.utterances import Count
from emobench.benchmark.errors import DataError
from emobench.benchmark.registry import DATASETS, make

from ..conftest import FakeEncoder

Damage = Callable[[list[Value]], object]


@pytest.fixture(autouse=True)
def _home(emobench_home: Path) -> None:
    pass


def file(folder: Path, start: str, damage: Damage = lambda parts: None) -> Path:
    """Write a small file of a layout."""
    parts = content(layout(start))
    damage(parts)
    return write(folder / f"{start}.pkl", parts, old=False)


def added(name: str, *paths: Path, text_encoder: str = "", partial: bool = True) -> DataSplits:
    return add(name, paths, partial=partial, text_encoder=text_encoder).splits


def message(name: str, *paths: Path, text_encoder: str = "", partial: bool = True) -> str:
    with pytest.raises(DataError) as caught:
        added(name, *paths, text_encoder=text_encoder, partial=partial)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_text_of_one_file_goes_with_audio_and_video_of_another(tmp_path: Path) -> None:
    roberta, mmgcn = file(tmp_path, "iemocap_features_roberta"), file(tmp_path, "IEMOCAP_features")
    splits = added("iemocap", roberta, mmgcn)
    assert splits.train.widths == {"text": 1024, "audio": 1582, "video": 342}
    keys = sorted(LISTS["iemocap"]["train"])
    np.testing.assert_array_equal(splits.train.features["text"], flat(keys, "roberta1", 1024, "iemocap"))
    np.testing.assert_array_equal(splits.train.features["video"], flat(keys, "video", 342, "iemocap"))
    assert splits.train.utterance_ids[:2] == ("Ses01M_impro02_F000", "Ses01M_impro02_F001"), (
        "those of the file with names"
    )
    assert splits.validation.dialogue_ids == ("Ses04M_impro07",), "the list of the file that has one"
    assert "fine-tuned on the training labels" in splits.leaks[0]
    assert make(DATASETS, "iemocap").load().fingerprint == splits.fingerprint
    other = added("iemocap", mmgcn, roberta)
    assert other.train.widths == {"text": 100, "audio": 1582, "video": 342}, "the first that has a modality gives it"
    assert other.leaks == ()


def test_a_folder_stands_for_its_pickles_of_the_corpus(tmp_path: Path) -> None:
    for start in ("IEMOCAP_features", "meld", "iemocap"):
        file(tmp_path, start)
    (tmp_path / "notes.txt").write_text("no pickle")
    assert added("iemocap", tmp_path).train.widths == {"text": 100, "audio": 1582, "video": 342}
    (tmp_path / "IEMOCAP_features.pkl").unlink()
    (tmp_path / "iemocap.pkl").unlink()
    assert message("iemocap", tmp_path).endswith("meld.pkl: expected iemocap, got meld in the layout 'meld of COSMIC'")
    (tmp_path / "meld.pkl").unlink()
    assert message("iemocap", tmp_path) == (
        f"{tmp_path}: expected a feature file that ends in .pkl or .pickle or .p, got none"
    )


def test_roberta_layers_stand_side_by_side_if_all_are_asked_for(tmp_path: Path) -> None:
    path = file(tmp_path, "meld_multimodal_features")
    splits = added("meld:roberta=all", path)
    assert splits.data == "meld:roberta=all"
    layers = [flat([1039, 1041], f"roberta{layer}", 1024, "meld") for layer in range(1, 5)]
    np.testing.assert_array_equal(splits.validation.features["text"], np.concatenate(layers, axis=1))
    assert make(DATASETS, "meld:roberta=all").load().fingerprint == splits.fingerprint


def test_an_encoder_takes_the_place_of_the_text_features(tmp_path: Path, fake_encoder: FakeEncoder) -> None:
    splits = added("iemocap", file(tmp_path, "IEMOCAP_features"), text_encoder="some/name")
    assert splits.train.widths == {"text": 4, "audio": 1582, "video": 342}
    assert splits.train.transcripts is not None
    expected = fake_encoder.encode(list(splits.train.transcripts), batch_size=64, show_progress_bar=False)
    np.testing.assert_array_equal(splits.train.features["text"], expected)
    assert "IEMOCAP's training labels" in splits.leaks[0]


def test_annotations_alone_are_no_data_set(tmp_path: Path) -> None:
    path = file(tmp_path, "iemocap")
    assert message("iemocap", path) == (
        f"{path}: has annotations only; name a file with features too, as `emobench data add iemocap --from FILE "
        "FILE`, or a sentence encoder with --text-encoder"
    )


VALIDATION = [
    ("iemocap", "iemocap_features_roberta", {"Ses04M_impro07"}),
    ("iemocap:validation=file", "iemocap_features_roberta", {"Ses04M_impro07"}),
    ("iemocap:validation=session1", "iemocap_features_roberta", {"Ses01M_impro02"}),
    ("iemocap:validation=session1", "IEMOCAP_features", {"Ses01M_impro02"}),
    # The first of the four by SHA-256: c0…, against d0…, ec… and f6….
    ("iemocap", "IEMOCAP_features", None),
    ("iemocap:validation=share", "iemocap_features_roberta", None),
]


@pytest.mark.parametrize(("name", "start", "expected"), VALIDATION)
def test_validation_is_chosen_by_a_stated_rule(
    name: str, start: str, expected: set[str] | None, tmp_path: Path
) -> None:
    import hashlib

    splits = added(name, file(tmp_path, start))
    training = [*LISTS["iemocap"]["train"], *LISTS["iemocap"]["validation"]]
    first = min(training, key=lambda dialogue: hashlib.sha256(dialogue.encode()).hexdigest())
    assert set(splits.validation.dialogue_ids) == (expected or {first})
    assert set(splits.train.dialogue_ids) == set(training) - set(splits.validation.dialogue_ids)
    assert set(splits.test.dialogue_ids) == set(LISTS["iemocap"]["test"])
    noted = any(
        "the 1 validation dialogues are taken from the 4 of the public training split" in x for x in splits.leaks
    )
    assert noted == ("share" in name or "session1" in name or start == "IEMOCAP_features")
    assert splits.data == name


def test_a_list_that_is_not_there_cannot_be_taken(tmp_path: Path) -> None:
    path = file(tmp_path, "IEMOCAP_features")
    assert message("iemocap:validation=file", path) == (
        f"{path}: expected a list of dialogues for validation, and there is none"
    )


def test_an_empty_split_is_no_split(tmp_path: Path) -> None:
    def without_session_1(parts: list[Value]) -> None:
        for part in parts:
            if isinstance(part, dict):
                del part["Ses01M_impro02"]
        parts[-2].remove("Ses01M_impro02")

    path = file(tmp_path, "IEMOCAP_features", without_session_1)
    assert message("iemocap:validation=session1", path) == (
        "iemocap:validation=session1: expected dialogues for validation, got none"
    )


def swapped(parts: list[Value]) -> None:
    """List training, validation, test, as one expects, instead of training, test, validation."""
    parts[-1], parts[-2] = parts[-2], parts[-1]


@pytest.mark.parametrize("start", ["iemocap", "meld"])
def test_lists_in_another_order_are_told_by_their_names(start: str, tmp_path: Path, fake_encoder: FakeEncoder) -> None:
    (tmp_path / "b").mkdir()
    usual = added(start, file(tmp_path, start), text_encoder="x")
    other = added(start, file(tmp_path / "b", start, swapped), text_encoder="x")
    assert usual.fingerprint == other.fingerprint
    assert set(usual.test.dialogue_ids) & {"Ses05F_impro01", "test_0"}


def test_lists_in_another_order_are_told_by_the_published_sizes(
    tmp_path: Path, fake_encoder: FakeEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = {"train": Count(3, 6), "validation": Count(1, 1), "test": Count(1, 2)}
    for split, size in sizes.items():
        monkeypatch.setitem(emorynlp.PUBLISHED, split, size)
        monkeypatch.setitem(emorynlp._NAMED.labels, split, labels_of("emorynlp", split, 7))  # type: ignore[arg-type]  # a dictionary
    splits = added("emorynlp", file(tmp_path, "emorynlp", swapped), text_encoder="x", partial=False)
    assert (splits.test.dialogue_ids, splits.validation.dialogue_ids) == (("3_1_1",), ("2_1_1",))


def test_sizes_are_those_published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = file(tmp_path, "IEMOCAP_features")
    assert message("iemocap", path, partial=False) == (
        "iemocap, train and validation: expected 120 dialogues and 5810 utterances as published, got 4 and 8; "
        "is a file cut off or another version? --partial accepts it"
    )
    small = {"fitting": Count(4, 8), "test": Count(2, 3)}
    for split, size in small.items():
        monkeypatch.setitem(iemocap._CORPUS.published, split, size)  # type: ignore[arg-type]  # a dictionary
        monkeypatch.setitem(iemocap._CORPUS.labels, split, labels_of("iemocap", split, 6))  # type: ignore[arg-type]  # a dictionary
    assert added("iemocap", path, partial=False).test.dialogues == 2
    assert "meld, train: expected 1038 dialogues" in message("meld", file(tmp_path, "MELD_features_raw"), partial=False)


def labels_of(data: str, split: str, classes: int) -> tuple[int, ...]:
    """Return how many utterances of each class a small file has."""
    keys = [key for part in ("train", "validation") for key in LISTS[data][part]]
    keys = keys if split == "fitting" else [*LISTS[data][split]]
    labels = [label_of(key, place) for key in keys for place in range(LENGTHS[data][key])]
    return tuple(labels.count(label) for label in range(classes))


def test_another_order_of_the_labels_is_found_by_their_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def in_another_order(parts: list[Value]) -> None:
        for labels in parts[2].values():
            labels[:] = [(label + 1) % 6 for label in labels]

    for split, size in {"fitting": Count(4, 8), "test": Count(2, 3)}.items():
        monkeypatch.setitem(iemocap._CORPUS.published, split, size)  # type: ignore[arg-type]  # a dictionary
        monkeypatch.setitem(iemocap._CORPUS.labels, split, labels_of("iemocap", split, 6))  # type: ignore[arg-type]  # a dictionary
    path = file(tmp_path, "IEMOCAP_features", in_another_order)
    names, right = iemocap.CLASSES, labels_of("iemocap", "fitting", 6)
    expected = ", ".join(f"{name} {count}" for name, count in zip(names, right, strict=True))
    got = ", ".join(f"{name} {count}" for name, count in zip(names, right[-1:] + right[:-1], strict=True))
    assert message("iemocap", path, partial=False) == (
        f"iemocap, train and validation: expected the labels {expected} as published, got {got}; are they in another "
        "order, or is it another version? --partial accepts it"
    )
    assert added("iemocap", path).test.dialogues == 2


def test_published_labels_are_as_many_as_published_utterances() -> None:
    for corpus in (iemocap._CORPUS, meld._NAMED, emorynlp._NAMED):
        assert {split: sum(counts) for split, counts in corpus.labels.items()} == {
            split: size.utterances for split, size in corpus.published.items()
        }


def test_a_corpus_of_another_name_is_refused(tmp_path: Path) -> None:
    path = file(tmp_path, "meld")
    assert message("iemocap", path) == f"{path}: expected iemocap, got meld in the layout 'meld of COSMIC'"


def test_sessions_need_not_be_all_there(tmp_path: Path) -> None:
    def without_test(parts: list[Value]) -> None:
        for part in parts:
            if isinstance(part, dict):
                del part["Ses05F_impro01"], part["Ses05M_script01_1"]
        parts[-2] = []

    path = file(tmp_path, "iemocap_features_roberta", without_test)
    assert message("iemocap", path) == "iemocap: expected dialogues for test, got none"


@pytest.mark.parametrize(
    ("damage", "expected"),
    [
        (
            lambda p: p[2]["Ses02F_script01_3"].__setitem__(1, 5),
            "dialogue Ses02F_script01_3, utterance 1: expected the label {right} as in {first}, dialogue "
            "Ses02F_script01_3, utterance 1, got 5",
        ),
        (
            lambda p: p[1]["Ses02F_script01_3"].__setitem__(2, "M"),
            "dialogue Ses02F_script01_3, utterance 2: expected another speaker than M, who is M in {first}, dialogue "
            "Ses02F_script01_3, as F speaks there",
        ),
        (
            lambda p: p[0]["Ses02F_script01_3"].__setitem__(1, "Ses02F_script01_3_M000"),
            "dialogue Ses02F_script01_3, utterance 1: expected Ses02F_script01_3_F001 as in {first}, dialogue "
            "Ses02F_script01_3, utterance 1, got Ses02F_script01_3_M000",
        ),
    ],
)
def test_the_first_utterance_that_disagrees_is_named(damage: Damage, expected: str, tmp_path: Path) -> None:
    first = file(tmp_path, "IEMOCAP_features")
    other = file(tmp_path, "iemocap_multimodal_features", damage)
    right = label_of("Ses02F_script01_3", 1)
    assert message("iemocap", first, other) == f"{other}, {expected.format(first=first, right=right)}"


SAID = "Ses02F_script01_3 caf\xe9 1's"
"""What the small files have an utterance say."""


@pytest.mark.parametrize(
    "text",
    [
        "Ses02F_script01_3 cafe\u0301 1\x92s!",  # other marks, other accents, an older apostrophe
        "SES02F script 013 ca f 1 s",  # other blanks
        "ses02f script01 3",  # three words of five
        "",
        "\u2026",  # nothing that could be compared
    ],
)
def test_transcripts_need_not_agree_to_the_letter(text: str, tmp_path: Path) -> None:
    first = file(tmp_path, "IEMOCAP_features")
    other = file(tmp_path, "iemocap_features_roberta", lambda p: p[-4]["Ses02F_script01_3"].__setitem__(1, text))
    assert added("iemocap", first, other).train.widths["text"] == 100
    assert added("iemocap", other, first).train.widths["text"] == 1024


@pytest.mark.parametrize("text", ["ses02f script01", "Yeah.", f"{SAID} and {'much ' * 20}more than that"])
def test_transcripts_that_say_something_else_are_refused(text: str, tmp_path: Path) -> None:
    first = file(tmp_path, "IEMOCAP_features")
    other = file(tmp_path, "iemocap_features_roberta", lambda p: p[-4]["Ses02F_script01_3"].__setitem__(1, text))
    right, got = SAID.replace("'", "’"), text if len(text) <= 60 else f"{text[:60]}…"
    place = "dialogue Ses02F_script01_3, utterance 1"
    assert message("iemocap", first, other) == (
        f"{other}, {place}: expected the words {right!r} as in {first}, {place}, got {got!r}"
    )


def test_another_order_of_utterances_is_found_by_labels(tmp_path: Path) -> None:
    def turned(parts: list[Value]) -> None:
        for part in parts[:2]:
            for entry in part.values():
                entry.reverse()

    first = file(tmp_path, "IEMOCAP_features")
    other = file(tmp_path, "iemocap_features_roberta", turned)
    assert "utterance 0: expected the label" in message("iemocap", first, other)


def test_dialogues_and_lengths_must_be_the_same(tmp_path: Path) -> None:
    def shorter(parts: list[Value]) -> None:
        for part in parts:
            if isinstance(part, dict):
                part["Ses02F_script01_3"].pop()

    def fewer(parts: list[Value]) -> None:
        for part in parts:
            if isinstance(part, dict):
                del part["Ses03F_impro01"]
        parts[-2].remove("Ses03F_impro01")

    first = file(tmp_path, "iemocap_multimodal_features")
    other = file(tmp_path, "IEMOCAP_features", shorter)
    assert message("iemocap", first, other) == (
        f"{other}: expected 3 utterances in Ses02F_script01_3 as in {first}, got 2"
    )
    other = file(tmp_path, "IEMOCAP_features", fewer)
    assert message("iemocap", first, other) == (
        f"{other}: expected the dialogue Ses03F_impro01 that {first} has, and it is missing"
    )
    assert message("iemocap", other, first).startswith(f"{other}: expected the dialogue Ses03F_impro01 that {first}")


def test_a_dialogue_for_training_here_and_for_test_there_is_refused(tmp_path: Path, fake_encoder: FakeEncoder) -> None:
    (tmp_path / "b").mkdir()

    def moved(parts: list[Value]) -> None:
        parts[-2], parts[-1] = ["2_1_1"], ["3_1_1"]

    first, other = file(tmp_path, "emorynlp"), file(tmp_path / "b", "emorynlp", moved)
    assert message("emorynlp", first, other, text_encoder="x").startswith(f"{other}: expected ")


def test_the_command_takes_several_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paths = [str(file(tmp_path, start)) for start in ("iemocap_features_roberta", "IEMOCAP_features")]
    for typed in (["--from", *paths], ["--from", paths[0], "--from", paths[1]]):
        app(args=["add", "iemocap", *typed, "--partial"], standalone_mode=False)
        out = capsys.readouterr().out
        assert "features     text 1024, audio 1582, video 342" in out
        assert max(map(len, out.splitlines()[:-1])) <= 80
    with pytest.raises(
        DataError, match=r"^mosi is made of one folder, got 2 paths; type: emobench data add mosi --from"
    ):
        add("mosi", [tmp_path, tmp_path])
