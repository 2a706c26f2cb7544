from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from emobench.baselines.base import FitContext, State, TrainingRecord
from emobench.baselines.calibrated import FittedCalibrated
from emobench.baselines.methods.ensemble import FittedEnsemble
from emobench.benchmark.conversations import Conversations, DataSplits
from emobench.benchmark.latency import cost
from emobench.benchmark.latency.cost import forget_peak, networks_of, operations, resident, resident_peak, weight_bytes
from emobench.benchmark.models import make_model
from emobench.benchmark.training.batches import Batch, Output
from emobench.benchmark.training.network_model import NetworkModel
from emobench.benchmark.training.task import Task

Small = Callable[..., Conversations]


class OfText(nn.Module):
    """Some layer over the text of each dialogue, and a linear head."""

    def __init__(self, layer: nn.Module, width: int) -> None:
        super().__init__()
        self.layer, self.head = layer, nn.Linear(width, 3, bias=False)

    def forward(self, batch: Batch) -> Output:
        found = self.layer(batch.features["text"])
        return Output(logits=self.head(found[0] if isinstance(found, tuple) else found))


def model(layer: nn.Module, width: int, train: Conversations) -> NetworkModel:
    return NetworkModel(OfText(layer, width), Task.of(train), "cpu")


WIDTH, HIDDEN = 4, 6
HEAD = 2 * HIDDEN * 3


@pytest.mark.parametrize(
    ("layer", "per_turn"),
    [
        (nn.Linear(WIDTH, HIDDEN), 2 * WIDTH * HIDDEN),
        (nn.GRU(WIDTH, HIDDEN, batch_first=True), 2 * 3 * HIDDEN * (WIDTH + HIDDEN)),
        (nn.LSTM(WIDTH, HIDDEN, batch_first=True), 2 * 4 * HIDDEN * (WIDTH + HIDDEN)),
    ],
)
def test_operations_are_those_of_the_matrix_products(small: Small, layer: nn.Module, per_turn: int) -> None:
    fitted = model(layer, HIDDEN, small(split="train"))
    assert operations(fitted, small(lengths=(5,))) == 5 * (per_turn + HEAD)
    # Two dialogues of one length have no padding, and the counting changes nothing for those who come after.
    assert operations(fitted, small(lengths=(5, 5))) == 10 * (per_turn + HEAD)
    assert torch.backends.mkldnn.enabled
    assert torch.backends.mha.get_fastpath_enabled()


def test_operations_of_a_transformer_are_not_hidden_by_its_fast_path(small: Small) -> None:
    layer = nn.TransformerEncoderLayer(WIDTH, 2, HIDDEN, batch_first=True)
    turns = 5
    linear = turns * 2 * (3 * WIDTH * WIDTH + WIDTH * WIDTH + 2 * WIDTH * HIDDEN)
    attention = 2 * 2 * turns * turns * WIDTH
    found = operations(model(layer, WIDTH, small(split="train")), small(lengths=(turns,)))
    assert found == linear + attention + turns * 2 * WIDTH * 3


@dataclass(frozen=True)
class Plain:
    """A model of two arrays."""

    record: TrainingRecord = field(default_factory=TrainingRecord)

    def predict(self, conversations: Conversations) -> None: ...

    def state(self) -> State:
        return State(arrays={"a": np.zeros(10), "b": np.zeros(3, np.float32)}, settings={})


def test_a_model_without_a_network_has_the_bytes_of_its_arrays(small: Small) -> None:
    plain = Plain()
    assert networks_of(plain) == ()  # type: ignore[arg-type]  # its predictions are not asked for
    assert weight_bytes(plain) == 92  # type: ignore[arg-type]  # as above
    assert operations(plain, small()) is None  # type: ignore[arg-type]  # as above


def test_networks_are_found_under_calibrators_and_in_ensembles(small: Small) -> None:
    one = model(nn.Linear(WIDTH, HIDDEN), HIDDEN, small(split="train"))
    both = FittedCalibrated(FittedEnsemble((one, one)), ())
    assert networks_of(both) == (one.network, one.network)
    assert weight_bytes(one) == 4 * (WIDTH * HIDDEN + HIDDEN + HIDDEN * 3)
    assert weight_bytes(both) == 2 * weight_bytes(one)
    assert operations(both, small(lengths=(5,))) == 2 * 5 * (2 * WIDTH * HIDDEN + HEAD)


def test_buffers_count_as_weights(small_splits: DataSplits) -> None:
    fitted = make_model("rage_fusion:width=8,epochs=1").fit(
        small_splits.train, small_splits.validation, context=FitContext(seed=0)
    )
    assert weight_bytes(fitted) == sum(array.nbytes for array in fitted.state().arrays.values())


def test_memory_of_the_process_is_what_the_system_says() -> None:
    forget_peak()
    now, peak = resident(), resident_peak()
    assert now is not None
    assert peak is not None
    assert 10_000_000 < now <= 1.01 * peak


def test_a_peak_that_is_forgotten_is_that_from_then_on() -> None:
    size = 200_000_000
    held = np.ones(size, np.uint8)
    high = resident_peak()
    del held
    forget_peak()
    low = resident_peak()
    assert high is not None
    assert low is not None
    assert low < high - size / 2


def test_a_system_that_does_not_tell_is_not_guessed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(cost, "Path", lambda name: tmp_path / "nothing" / Path(name).name)
    assert resident() is None
    assert resident_peak() is None
    forget_peak()
    status = tmp_path / "status"
    status.write_text("Name:\tx\nVmRSS:\t  12 kB\n")
    monkeypatch.setattr(cost, "Path", lambda name: status)
    assert resident() == 12 * 1024
    assert resident_peak() is None
