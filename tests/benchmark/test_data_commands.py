"""Adding, describing and verifying data sets."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from emobench.benchmark import store
from emobench.benchmark.conversations import Conversations, DataSplits
from emobench.benchmark.data_commands import add, describe, verify
from emobench.benchmark.errors import DataError, UnknownName
from emobench.benchmark.registry import DATASETS, make

from ..conftest import Register
from .conftest import FakeEncoder

SMALL = "simulated:test=4,train=5,validation=3"


def test_what_is_added_is_found_by_its_name(mosi_folder: Path, emobench_home: Path) -> None:
    added = add("mosi", mosi_folder, partial=True)
    assert added.folder == emobench_home / "data" / "mosi"
    assert make(DATASETS, "mosi").load().fingerprint == added.splits.fingerprint
    assert describe("mosi").text == verify("mosi").text == added.text
    assert "text encoder" not in added.text


@pytest.mark.parametrize("name", ["meld", "emorynlp"])
def test_the_encoder_is_recorded_and_shown(
    name: str, meld_folder: Path, emorynlp_folder: Path, emobench_home: Path, fake_encoder: FakeEncoder
) -> None:
    folder = {"meld": meld_folder, "emorynlp": emorynlp_folder}[name]
    added = add(name, folder, partial=True, text_encoder="some/name")
    assert "text encoder some/name" in added.text.splitlines()
    assert make(DATASETS, name).load().fingerprint == added.splits.fingerprint
    assert describe(name).text == added.text


def test_a_conversion_that_fails_leaves_what_was_there(mosi_folder: Path, emobench_home: Path) -> None:
    before = add("mosi", mosi_folder, partial=True).splits.fingerprint
    (mosi_folder / "transcripts.csv").unlink()
    with pytest.raises(DataError, match=r"has no transcripts\.csv$"):
        add("mosi", mosi_folder, partial=True)
    assert verify("mosi").splits.fingerprint == before


def test_verify_finds_one_changed_number(mosi_folder: Path, emobench_home: Path) -> None:
    folder = add("mosi", mosi_folder, partial=True).folder
    assert folder is not None
    tensors = load_file(folder / "train.safetensors")
    tensors["features.video"][0, 0] += 1
    save_file(tensors, folder / "train.safetensors")
    with pytest.raises(DataError, match=r"^mosi in .* is damaged .*; type: emobench data add mosi --from FOLDER$"):
        verify("mosi")


def test_data_made_in_memory_are_described_and_verified_too() -> None:
    described = describe(SMALL)
    assert described.folder is None
    assert described.text.startswith(f"{SMALL}\n")
    assert verify(SMALL).text == described.text


def test_data_made_in_memory_need_no_files(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        add("simulated", tmp_path)
    assert str(caught.value) == (
        "simulated needs no files and is there already; type: emobench data describe simulated"
    )


def test_an_unknown_name_shows_the_near_ones(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match=r"^unknown data set 'mosy'; did you mean 'mosi'"):
        add("mosy", tmp_path)


def test_what_was_not_added_says_what_to_type(emobench_home: Path) -> None:
    for command in (describe, verify):
        with pytest.raises(DataError, match="type: emobench data add meld --from FOLDER"):
            command("meld")


def test_data_that_differ_each_time_do_not_verify(small_splits: DataSplits, register: Register) -> None:
    made: list[Conversations] = []

    @dataclass(frozen=True)
    class Restless:
        """Other labels each time."""

        def load(self) -> DataSplits:
            made.append(small_splits.train.change(label=np.full(len(small_splits.train), len(made))))
            return DataSplits(made[-1], small_splits.validation, small_splits.test)

    register(DATASETS, "restless", Restless)
    with pytest.raises(DataError, match=r"^restless: expected the same content each time it is made, got"):
        verify("restless")


def test_a_data_set_of_another_package_may_have_arguments(
    small_splits: DataSplits, register: Register, emobench_home: Path, tmp_path: Path
) -> None:
    @dataclass(frozen=True)
    class Elsewhere:
        """Keeps to the interface."""

        size: int = 1

        def load(self) -> DataSplits:
            return store.load(f"elsewhere:size={self.size}")

        def convert(self, source: Path, *, partial: bool, text_encoder: str, progress: object) -> DataSplits:
            train, validation, test = (
                split.change(data=f"elsewhere:size={self.size}") for _, split in small_splits.items()
            )
            return DataSplits(train, validation, test)

    register(DATASETS, "elsewhere", Elsewhere)
    added = add("elsewhere:size=02", tmp_path)
    assert verify("elsewhere:size=2").splits.fingerprint == added.splits.fingerprint
