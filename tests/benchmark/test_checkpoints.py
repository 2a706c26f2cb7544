"""Checkpoints come back exactly, or not at all."""

import errno
from pathlib import Path

import numpy as np
import pytest

from emobench.baselines.base import State
from emobench.benchmark.checkpoints import load_checkpoint, save_checkpoint
from emobench.benchmark.errors import RunFolderError

STATE = State(
    arrays={"w": np.arange(6, dtype=np.float32).reshape(2, 3).T}, settings={"widths": {"text": 3}, "on": True}
)


def test_a_state_comes_back_as_saved(tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "model.0", STATE, "key")
    state = load_checkpoint(tmp_path / "model.0", "key")
    assert state is not None
    assert state.settings == STATE.settings
    assert np.array_equal(state.arrays["w"], STATE.arrays["w"])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model.0.json", "model.0.safetensors"]


def test_a_number_comes_back_as_a_number(tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "model", State(arrays={"temperature": np.array(2.5, np.float32)}, settings={}), "key")
    state = load_checkpoint(tmp_path / "model", "key")
    assert state is not None
    assert state.arrays["temperature"].shape == ()
    assert state.arrays["temperature"] == 2.5


def test_another_key_is_no_checkpoint(tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "model", STATE, "key")
    assert load_checkpoint(tmp_path / "model", "other key") is None
    assert load_checkpoint(tmp_path / "nothing", "key") is None


def test_two_halves_of_different_checkpoints_are_none(tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "old", STATE, "old")
    save_checkpoint(tmp_path / "new", STATE, "new")
    (tmp_path / "old.safetensors").replace(tmp_path / "new.safetensors")
    assert load_checkpoint(tmp_path / "new", "new") is None


@pytest.mark.parametrize("ending", ["json", "safetensors"])
def test_a_damaged_half_is_no_checkpoint(tmp_path: Path, ending: str) -> None:
    save_checkpoint(tmp_path / "model", STATE, "key")
    path = tmp_path / f"model.{ending}"
    path.write_bytes(path.read_bytes()[:10])
    assert load_checkpoint(tmp_path / "model", "key") is None


def test_numbers_of_a_type_that_numpy_does_not_have_are_no_checkpoint(tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "model", STATE, "key")
    path = tmp_path / "model.safetensors"
    header = b'{"__metadata__":{"key":"key"},"w":{"dtype":"F8_E4M3","shape":[2],"data_offsets":[0,2]}}'
    path.write_bytes(len(header).to_bytes(8, "little") + header + bytes(2))
    assert load_checkpoint(tmp_path / "model", "key") is None


def test_a_full_disk_is_told_as_such_and_keeps_the_old_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_checkpoint(tmp_path / "model", STATE, "key")

    def full(path: Path, content: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(RunFolderError, match=r"model\.safetensors: No space left on device; free some space and type"):
        save_checkpoint(tmp_path / "model", STATE, "other")
    assert load_checkpoint(tmp_path / "model", "key") is not None


def test_a_checkpoint_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "model.json").mkdir()
    with pytest.raises(RunFolderError, match=r"cannot read .*model"):
        load_checkpoint(tmp_path / "model", "key")
