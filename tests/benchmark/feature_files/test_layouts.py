"""Each layout is told by its content, read whole, and told from all others."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from layout_files import LENGTHS, LISTS, Value, content, flat, label_of, layout, write

from emobench.benchmark.conversations import DataSplits
from emobench.benchmark.datasets.emorynlp import EmoryNLP
from emobench.benchmark.datasets.iemocap import Iemocap
from emobench.benchmark.datasets.meld import Meld
from emobench.benchmark.errors import DataError
from emobench.benchmark.feature_files.fields import Field, Kind
from emobench.benchmark.feature_files.layouts import COGMEN, LAYOUTS, ROBERTA, Layout, recognised, said
from emobench.benchmark.progress import silent

from ..conftest import FakeEncoder

PLUGINS = {"iemocap": Iemocap, "meld": Meld, "emorynlp": EmoryNLP}
ORDERS = {
    "iemocap": {
        "train": ("Ses01M_impro02", "Ses02F_script01_3", "Ses03F_impro01", "Ses04M_impro07"),
        "test": ("Ses05F_impro01", "Ses05M_script01_1"),
    },
    "meld": {"train": (0, 2, 7), "validation": (1039, 1041), "test": (1153, 1432)},
    "emorynlp": {"train": ("1_2_4", "1_2_10", "4_4_11"), "validation": ("2_1_1",), "test": ("3_1_1",)},
}
VERSIONS = [(each, version) for each in LAYOUTS for version in range(len(each.widths))]


def added(data: str, *paths: Path, text_encoder: str = "", partial: bool = True, **arguments: str) -> DataSplits:
    plugin = PLUGINS[data](**arguments)  # type: ignore[arg-type]  # names and values are those of the fields
    return plugin.join(paths, partial=partial, text_encoder=text_encoder, progress=silent)


@pytest.mark.parametrize("old", [True, False])
@pytest.mark.parametrize(("of", "version"), VERSIONS, ids=[f"{of.name} {version}" for of, version in VERSIONS])
def test_each_layout_is_read_whatever_the_file_is_called(
    of: Layout, version: int, old: bool, tmp_path: Path, fake_encoder: FakeEncoder, emobench_home: Path
) -> None:
    path = write(tmp_path / "whatever.bin", content(of, version=version), old=old)
    widths = {part: width for part, width in of.widths[version].items() if part not in ("speakers", *ROBERTA[1:])}
    splits = added(of.data, path, text_encoder="" if widths else "some/name")
    expected = {"text" if part in ROBERTA else part: width for part, width in widths.items()}
    assert splits.train.widths == (expected or {"text": 4})
    own = "validation" in of.parts or of.data == "meld"
    order = LISTS["iemocap"] if own and of.data == "iemocap" else ORDERS[of.data]
    for name, split in splits.items():
        keys = sorted(order[name]) if own and of.data == "iemocap" else order.get(name)
        if not own and name != "test":
            continue
        assert keys is not None
        assert split.label.tolist() == [label_of(key, place) for key in keys for place in range(LENGTHS[of.data][key])]
        assert split.speaker.tolist() == [place % 2 for key in keys for place in range(LENGTHS[of.data][key])]
        assert split.transcripts == tuple(
            f"{key} café {place}’s" for key in keys for place in range(LENGTHS[of.data][key])
        )
        for part, width in widths.items():
            modality = "text" if part in ROBERTA else part
            np.testing.assert_array_equal(split.features[modality], flat(keys, part, width, of.data))
    if not own:
        assert (splits.train.dialogues, splits.validation.dialogues) == (3, 1)
    assert any("RoBERTa" in leak for leak in splits.leaks) == (ROBERTA[0] in of.parts or not widths)


def cogmen() -> dict[str, list[dict[str, Value]]]:
    parts = dict(zip(COGMEN.parts, content(COGMEN), strict=True))
    names = {"speakers": "speakers", "labels": "labels", "text": "text", "audio": "audio", "video": "visual"}
    return {
        called: [
            {
                "vid": key,
                "sentence": parts["sentences"][key],
                **{name: parts[part][key] for part, name in names.items()},
            }
            for key in parts[split]
        ]
        for split, called in (("train", "train"), ("validation", "dev"), ("test", "test"))
    }


def test_records_of_cogmen_are_read(tmp_path: Path) -> None:
    splits = added("iemocap", write(tmp_path / "a.pkl", cogmen()))
    assert splits.train.widths == {"text": 768, "audio": 100, "video": 512}
    assert splits.validation.dialogue_ids == ("Ses04M_impro07",)
    np.testing.assert_array_equal(
        splits.validation.features["video"], flat(["Ses04M_impro07"], "video", 512, "iemocap")
    )
    assert splits.leaks == ()


def test_no_two_layouts_take_the_same_file() -> None:
    for of, version in VERSIONS:
        fields = [Field("", part) for part in content(of, version=version)]
        assert [other.name for other in LAYOUTS if not other.differs(fields)] == [of.name]


Damage = Callable[[list[Value]], object]


def drop(parts: list[Value]) -> None:
    del parts[-1]


@pytest.mark.parametrize(
    ("start", "damage", "expected"),
    [
        (
            "IEMOCAP_features",
            drop,
            "got 8 parts: 2 × texts, numbers, vectors of 100, vectors of 1582, vectors of 342, texts, names",
        ),
        (
            "IEMOCAP_features",
            lambda parts: parts.__setitem__(2, parts[1]),
            "got 9 parts: 3 × texts, vectors of 100, vectors of 1582, vectors of 342, texts, 2 × names; "
            "IEMOCAP_features of MMGCN and DialogueRNN would have numbers as part 3, labels",
        ),
        (
            "IEMOCAP_features",
            lambda parts: parts[3].update({key: [np.zeros(99, "f4")] * len(rows) for key, rows in parts[3].items()}),
            "would have the widths text 100, audio 1582, video 342 or text 100, audio 100, video 512",
        ),
        ("emorynlp", lambda parts: parts.__setitem__(1, {}), "got 6 parts: vectors of 9, other, texts, 3 × names"),
        (
            "emorynlp",
            lambda parts: parts.__setitem__(5, [[]]),
            "got 6 parts: vectors of 9, numbers, texts, 2 × names, other",
        ),
        ("emorynlp", lambda parts: parts.__setitem__(1, {"a": [{}]}), "vectors of 9, other, texts, 3 × names"),
        ("emorynlp", lambda parts: parts.__setitem__(1, {True: [1]}), "vectors of 9, other, texts, 3 × names"),
    ],
)
def test_what_fits_no_layout_is_described(start: str, damage: Damage, expected: str, tmp_path: Path) -> None:
    of = layout(start)
    parts = content(of)
    damage(parts)
    with pytest.raises(DataError) as caught:
        added(of.data, write(tmp_path / "a.pkl", parts))
    said_of_it = str(caught.value)
    assert said_of_it.startswith(f"{tmp_path}/a.pkl: expected one of the layouts of feature files")
    assert expected in said_of_it
    assert "\n" not in said_of_it


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"a": 1, "b": 2}, "got a dict with 'a', 'b'"),
        ("text", "got a str"),
        ({**cogmen(), "dev": None}, r"a\.pkl, dev: expected a list of records"),
        ({**cogmen(), "dev": [1]}, r"a\.pkl, dev: expected a list of records"),
        ({**cogmen(), "dev": [{"vid": 1}]}, r"a\.pkl, dev: expected records with 'speakers', got vid"),
        (
            {**cogmen(), "dev": cogmen()["train"][:1] * 2},
            r"a\.pkl, dev: expected each dialogue once, by its name as 'vid', got 'Ses02F_script01_3' again$",
        ),
        (
            {**cogmen(), "dev": [{**cogmen()["dev"][0], "vid": ["a"]}]},
            r"a\.pkl, dev: expected each dialogue once, by its name as 'vid', got a value of type list$",
        ),
        (
            {"train": [], "dev": [], "test": []},
            "got 9 parts: 6 × other, 3 × names; data_iemocap of COGMEN would have texts",
        ),
    ],
)
def test_other_values_are_described(value: Value, expected: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=expected):
        added("iemocap", write(tmp_path / "a.pkl", value, old=False))


@pytest.mark.parametrize(
    ("start", "damage", "expected"),
    [
        (
            "MELD_features_raw",
            lambda p: p[2].__setitem__(2, [7]),
            "a.pkl, part 3, 2, utterance 0: expected a number from 0 to 6, got 7",
        ),
        (
            "MELD_features_raw",
            lambda p: p[2].__setitem__(0, [1, 2, None]),
            "a.pkl, part 3, 0, utterance 2: expected a number from 0 to 6, got None",
        ),
        (
            "MELD_features_raw",
            lambda p: p[2][0].pop(),
            "a.pkl, part 6, 0: expected 2 utterances as there are labels, got 3",
        ),
        (
            "MELD_features_raw",
            lambda p: p[4].pop(7),
            "a.pkl, part 5: expected the dialogues that have labels, got others: 7 is missing",
        ),
        (
            "MELD_features_raw",
            lambda p: p[2].pop(7),
            "a.pkl, part 6: expected the dialogues that have labels, got others: 7 has none",
        ),
        (
            "MELD_features_raw",
            lambda p: p[3][7].__setitem__(1, np.zeros(599)),
            "a.pkl, part 4, 7: expected 2 vectors of 600, got other shapes",
        ),
        (
            "MELD_features_raw",
            lambda p: p[3][7].__setitem__(1, np.full(600, np.nan)),
            "a.pkl, part 4, 7, utterance 1: expected finite numbers",
        ),
        (
            "MELD_features_raw",
            lambda p: p[1][7].__setitem__(1, [1, 1, 0, 0, 0, 0, 0, 0, 0]),
            "a.pkl, part 2, 7, utterance 1: expected one 1 and zeros as code of a speaker",
        ),
        (
            "MELD_features_raw",
            lambda p: p[5][7].__setitem__(1, 5),
            "a.pkl, part 6: expected texts, got a value of type int",
        ),
        (
            "MELD_features_raw",
            lambda p: [part.__setitem__(1500, part[7]) for part in p if isinstance(part, dict)],
            "a.pkl, part 3: expected dialogues of meld such as 0 … 1432, got 1500",
        ),
        (
            "MELD_features_raw",
            lambda p: p[6].append(8),
            "a.pkl: expected fitting to list dialogues of the file, got 8",
        ),
        (
            "MELD_features_raw",
            lambda p: p[6].append(1153),
            "a.pkl: expected each dialogue in one list, got 1153 in test and fitting",
        ),
        ("MELD_features_raw", lambda p: p[6].remove(7), "a.pkl: expected each dialogue in a list, got 7 in none"),
        (
            "MELD_features_raw",
            lambda p: (p[7].append(7), p[6].remove(7)),
            "a.pkl: expected test to list the test split or the others, got dialogues of both",
        ),
        (
            "IEMOCAP_features",
            lambda p: [part.__setitem__("Ses09F_x", part["Ses03F_impro01"]) for part in p if isinstance(part, dict)],
            "a.pkl, part 3: expected dialogues of iemocap such as Ses02F_script01_3, got 'Ses09F_x'",
        ),
        (
            "IEMOCAP_features",
            lambda p: p[0]["Ses02F_script01_3"].__setitem__(1, "Ses02F_script01_3_F000"),
            "a.pkl, dialogue Ses02F_script01_3, utterance 1: utterance Ses02F_script01_3_F000 is already at "
            "{here}/a.pkl, dialogue Ses02F_script01_3, utterance 0",
        ),
        (
            "IEMOCAP_features",
            lambda p: p.__setitem__(7, {*p[7], 1}),
            "a.pkl: expected fitting to list dialogues of the file, got 1",
        ),
        (
            "emorynlp",
            lambda p: [part.__setitem__("a", part["2_1_1"]) for part in p if isinstance(part, dict)],
            "a.pkl, part 2: expected dialogues of emorynlp such as 4_4_11, got 'a'",
        ),
    ],
)
def test_parts_that_do_not_agree_are_named(start: str, damage: Damage, expected: str, tmp_path: Path) -> None:
    of = layout(start)
    parts = content(of)
    damage(parts)
    with pytest.raises(DataError) as caught:
        added(of.data, write(tmp_path / "a.pkl", parts, old=False), text_encoder="some/name")
    assert str(caught.value) == f"{tmp_path}/{expected.format(here=tmp_path)}"


@pytest.mark.parametrize("entry", [None, 5, "abc"])
@pytest.mark.parametrize("part", [1, 2, 3, 6])
def test_what_is_no_list_per_dialogue_fits_no_layout(part: int, entry: object, tmp_path: Path) -> None:
    """A text could else be taken for a list of its letters."""
    parts = content(layout("IEMOCAP_features"))
    parts[part]["Ses02F_script01_3"] = entry
    with pytest.raises(DataError, match=rf"^{tmp_path}/a.pkl: expected one of the layouts .* as part {part + 1}, "):
        added("iemocap", write(tmp_path / "a.pkl", parts, old=False))


def test_dialogues_without_utterances_do_not_count(tmp_path: Path) -> None:
    """MELD's dialogue 60 is in some files, and has none."""
    parts = content(layout("MELD_features_raw1"))
    for value in parts:
        if isinstance(value, dict):
            value[60] = []
    parts[7].append(60)
    parts[7] = set(parts[7])
    assert added("meld", write(tmp_path / "a.pkl", parts, old=False)).train.dialogue_ids == (
        "train_0",
        "train_2",
        "train_7",
    )


def test_kinds_are_said_in_few_words() -> None:
    assert [*said([Kind("texts"), Kind("vectors", 3), Kind("vectors", 3), Kind("vectors", 4)])] == [
        "texts",
        "2 × vectors of 3",
        "vectors of 4",
    ]
    assert Field("", 5).kind == Field("", {"a": ["x"], "b": [1]}).kind == Kind("other")
    assert Field("", {"a": [np.zeros((2, 2))]}).kind == Field("", {"a": [["x"]]}).kind == Kind("other")
    assert recognised([Field("", part) for part in content(LAYOUTS[0])], path="x") is LAYOUTS[0]
