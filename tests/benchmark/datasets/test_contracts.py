"""What every data set promises, tested over everything registered."""

from pathlib import Path

import pytest

from emobench.benchmark.conversations import UNKNOWN
from emobench.benchmark.datasets.base import ConvertibleDataSet, DataSet
from emobench.benchmark.errors import DataError
from emobench.benchmark.registry import DATASETS, canonical_text, make, names

ALL = names(DATASETS)
CONVERTIBLE = [name for name in ALL if isinstance(make(DATASETS, name), ConvertibleDataSet)]
READY = [name for name in ALL if name not in CONVERTIBLE]


@pytest.fixture(autouse=True)
def _empty_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMOBENCH_HOME", str(tmp_path / "home"))


@pytest.mark.parametrize("name", ALL)
def test_the_interface_is_there(name: str) -> None:
    assert isinstance(make(DATASETS, name), DataSet)


@pytest.mark.parametrize("name", CONVERTIBLE)
def test_data_that_were_not_added_say_what_to_type(name: str) -> None:
    with pytest.raises(DataError, match=f"emobench data add {name} --from FOLDER"):
        make(DATASETS, name).load()


@pytest.mark.parametrize("name", CONVERTIBLE)
def test_an_empty_folder_is_one_line_and_leaves_nothing(name: str, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    with pytest.raises(DataError) as caught:
        make(DATASETS, name).convert(source, partial=True, text_encoder="x", progress=lambda *_: None)
    # Either the folder is named, or that this data set takes no encoder.
    assert str(source) in str(caught.value) or "--text-encoder" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("name", READY)
def test_the_same_arguments_give_the_same_content_under_its_own_name(name: str) -> None:
    first, second = make(DATASETS, name).load(), make(DATASETS, name).load()
    assert first.fingerprint == second.fingerprint
    assert first.data == canonical_text(DATASETS, name)


@pytest.mark.parametrize("name", READY)
def test_splits_share_no_dialogue_and_every_class_is_learnable(name: str) -> None:
    splits = make(DATASETS, name).load()
    ids = [dialogue for _, split in splits.items() for dialogue in split.dialogue_ids]
    assert len(ids) == len(set(ids))
    labels = set(splits.train.label.tolist()) - {UNKNOWN}
    assert labels == set(range(len(splits.train.classes)))
    assert splits.licence
