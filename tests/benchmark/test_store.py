"""Converted data sets on disk."""

import errno
import json
import stat
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from safetensors.numpy import load_file, save_file

from emobench.benchmark import store
from emobench.benchmark.conversations import DataSplits
from emobench.benchmark.errors import DataError


@pytest.fixture
def folder(emobench_home: Path, small_splits: DataSplits) -> Path:
    """A stored data set with transcripts, an unseen modality and a label that is not known."""
    return store.save(rich(small_splits), text_encoder="some/encoder")


def rich(splits: DataSplits) -> DataSplits:
    train = splits.train
    label, unseen = train.label.copy(), train.observed["video"].copy()
    label[2], unseen[1] = -1, False
    texts = tuple(f"“words” of {row}, \n" for row in range(len(train)))
    changed = train.change(label=label, transcripts=texts).with_modalities(
        observed={"video": unseen}, present={"video": unseen}
    )
    return DataSplits(changed, splits.validation, splits.test, licence="free", leaks=("one", "two"))


def test_what_is_loaded_is_what_was_saved(folder: Path, small_splits: DataSplits) -> None:
    before, after = rich(small_splits), store.load("small")
    assert (after.licence, after.leaks, after.fingerprint) == ("free", ("one", "two"), before.fingerprint)
    for (_, old), (_, new) in zip(before.items(), after.items(), strict=True):
        for name in ("data", "split", "classes", "utterance_ids", "dialogue_ids", "transcripts", "modalities"):
            assert getattr(new, name) == getattr(old, name)
        for name in ("dialogue", "speaker", "label", "target"):
            np.testing.assert_array_equal(getattr(new, name), getattr(old, name))
        for name in ("features", "observed", "present"):
            for modality in old.modalities:
                np.testing.assert_array_equal(getattr(new, name)[modality], getattr(old, name)[modality])
    assert store.read_manifest("small").text_encoder == "some/encoder"


def test_only_the_data_are_left_and_everybody_may_read_them(folder: Path) -> None:
    assert [path.name for path in folder.parent.iterdir()] == ["small"]
    (folder.parent / "plain").write_text("")
    usual = stat.S_IMODE((folder.parent / "plain").stat().st_mode)
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {usual}


def test_saving_again_replaces_all_of_it(folder: Path, small_splits: DataSplits) -> None:
    (folder / "left over").write_text("")
    store.save(small_splits)
    assert store.load("small").fingerprint == small_splits.fingerprint
    assert not (folder / "left over").exists()
    assert [path.name for path in folder.parent.iterdir()] == ["small"]


def test_a_full_disk_leaves_what_was_there(
    folder: Path, small_splits: DataSplits, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    before = store.load("small").fingerprint
    monkeypatch.setattr(store, "to_bytes", fail)
    with pytest.raises(DataError, match=r"^cannot write .*small: No space left on device; free some space or name"):
        store.save(small_splits)
    assert store.load("small").fingerprint == before
    assert [path.name for path in folder.parent.iterdir()] == ["small"]


def test_an_exchange_that_fails_half_way_is_taken_back(
    folder: Path, small_splits: DataSplits, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename = Path.rename

    def interrupted(self: Path, target: Path) -> Path:
        if self.name == "new":
            raise KeyboardInterrupt
        return rename(self, target)

    before = store.load("small").fingerprint
    monkeypatch.setattr(Path, "rename", interrupted)
    with pytest.raises(KeyboardInterrupt):
        store.save(small_splits)
    assert store.load("small").fingerprint == before
    assert [path.name for path in folder.parent.iterdir()] == ["small"]


def test_a_home_that_is_a_file_is_named(
    small_splits: DataSplits, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("EMOBENCH_HOME", str(tmp_path / "file"))
    with pytest.raises(
        DataError, match=r"^cannot write .*file/data/small: .*; free some space or name .*EMOBENCH_HOME"
    ):
        store.save(small_splits)
    with pytest.raises(DataError, match="small is not there yet"):
        store.load("small")


def test_what_was_not_added_says_what_to_type(emobench_home: Path) -> None:
    with pytest.raises(DataError) as caught:
        store.load("mosi")
    place = emobench_home / "data" / "mosi"
    assert str(caught.value) == f"mosi is not there yet (looked in {place}); type: emobench data add mosi --from FOLDER"


def test_stressed_data_are_not_stored(emobench_home: Path, small_splits: DataSplits) -> None:
    target = np.full(len(small_splits.train), -1, dtype=np.int64)
    stressed = DataSplits(small_splits.train.change(target=target), small_splits.validation, small_splits.test)
    with pytest.raises(AssertionError, match="as loaded"):
        store.save(stressed)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def drop_tensor(path: Path) -> None:
    tensors = load_file(path)
    save_file({name: tensor for name, tensor in tensors.items() if name != "observed.audio"}, path)


def narrow(path: Path) -> None:
    tensors = load_file(path)
    save_file({**tensors, "features.text": np.ascontiguousarray(tensors["features.text"][:, 1:])}, path)


def shorten(path: Path) -> None:
    pq.write_table(pq.read_table(path).slice(0, 5), path)


def nothing(path: Path) -> None:
    path.unlink()


def wild_label(path: Path) -> None:
    table = pq.read_table(path)
    column = table.column_names.index("label")
    pq.write_table(table.set_column(column, "label", pa.array([9] * len(table))), path)


def no_label(path: Path) -> None:
    table = pq.read_table(path)
    column = table.column_names.index("label")
    pq.write_table(table.set_column(column, "label", pa.array([None] * len(table), pa.int64())), path)


def no_json(path: Path) -> None:
    path.write_text("{")


def bad_bytes(path: Path) -> None:
    path.write_bytes(b"\xff\xfe")


def unknown_type(path: Path) -> None:
    header = b'{"features.text":{"dtype":"F8_E4M3","shape":[2],"data_offsets":[0,2]}}'
    path.write_bytes(len(header).to_bytes(8, "little") + header + bytes(2))


def future(path: Path) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), "schema_version": 2}))


def other(path: Path) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), "data": "meld"}))


@pytest.mark.parametrize(
    ("file", "damage", "why"),
    [
        ("train.parquet", cut, "Parquet"),
        ("train.parquet", nothing, "No such file"),
        ("train.parquet", shorten, "train.parquet: expected 34 utterances, got 5"),
        ("train.parquet", wild_label, "expected label from -1 to 2, got 9 at row 0"),
        ("train.parquet", no_label, "NoneType"),
        ("test.safetensors", cut, ""),
        ("test.safetensors", drop_tensor, "'observed.audio'"),
        ("test.safetensors", unknown_type, "float8_e4m3fn"),
        ("test.safetensors", narrow, "expected features.text of shape (34, 4) in float32, got (34, 3) in float32"),
        ("dataset.json", no_json, "dataset.json at its start: Invalid JSON"),
        ("dataset.json", bad_bytes, "dataset.json: 'utf-8' codec can't decode"),
        ("dataset.json", future, "dataset.json at schema_version: Input should be 1"),
        ("dataset.json", other, "dataset.json is that of 'meld'"),
    ],
)
def test_a_damaged_file_is_one_line(folder: Path, file: str, damage: object, why: str) -> None:
    assert callable(damage)
    damage(folder / file)
    with pytest.raises(DataError) as caught:
        store.load("small")
    message = str(caught.value)
    assert message.startswith(f"small in {folder} is damaged (")
    assert message.endswith("); type: emobench data add small --from FOLDER")
    assert why in message
    assert "\n" not in message


def test_one_changed_number_does_not_load(folder: Path) -> None:
    tensors = load_file(folder / "test.safetensors")
    tensors["features.audio"][3, 1] += 1
    save_file(tensors, folder / "test.safetensors")
    recorded = store.read_manifest("small").fingerprint
    with pytest.raises(DataError, match=f"expected content with fingerprint {recorded[:16]}…, got "):
        store.load("small")


def test_what_was_added_is_listed_and_other_folders_are_passed_over(folder: Path, emobench_home: Path) -> None:
    assert store.installed() == ("small",)
    for name, content in (("copied", '{"data": "small"}'), ("broken", "{"), ("list", "[]"), ("other", "{}")):
        (emobench_home / "data" / name).mkdir()
        (emobench_home / "data" / name / "dataset.json").write_text(content, encoding="utf-8")
    assert store.installed() == ("small",), "a copy under another name cannot be loaded"


def test_without_a_home_nothing_was_added(emobench_home: Path) -> None:
    assert store.installed() == ()
