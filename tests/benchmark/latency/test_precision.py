from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import nn

from emobench.baselines.base import FitContext, FittedModel
from emobench.baselines.calibrated import FittedCalibrated
from emobench.baselines.methods.ensemble import FittedEnsemble
from emobench.baselines.sessions import session_of
from emobench.benchmark.conversations import Conversations, DataSplits
from emobench.benchmark.errors import NotApplicable
from emobench.benchmark.latency.cost import networks_of, weight_bytes
from emobench.benchmark.latency.precision import adapted
from emobench.benchmark.models import make_model
from emobench.benchmark.stream import turns_of
from emobench.benchmark.training.network_model import NetworkModel, untrained_network

Small = Callable[..., Conversations]


@pytest.fixture
def fitted(small_splits: DataSplits) -> NetworkModel:
    model = make_model("rage_fusion:width=8")
    return untrained_network(model, small_splits.train, context=FitContext(seed=0))  # type: ignore[arg-type]  # a recipe


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_half_precision_computes_in_it_and_says_nearly_the_same(
    fitted: NetworkModel, small_splits: DataSplits, dtype: str
) -> None:
    before, expected = weight_bytes(fitted), fitted.predict(small_splits.test)
    halved = adapted(fitted, dtype=dtype, compiled="")
    assert weight_bytes(halved) == before / 2
    said = halved.predict(small_splits.test)
    assert np.allclose(said.probabilities, expected.probabilities, atol=0.05)
    assert not np.array_equal(said.probabilities, expected.probabilities)
    assert set(said.modality_weights) == set(expected.modality_weights)
    session = session_of(halved)
    assert session is not None
    fed = session.feed(turns_of(small_splits.test, 0)[0])
    assert np.allclose(fed.probabilities, said.probabilities[:1], atol=0.01)


def test_full_precision_is_the_model_itself(fitted: NetworkModel) -> None:
    assert adapted(fitted, dtype="float32", compiled="") is fitted


def test_members_and_what_is_calibrated_are_adapted_too(fitted: NetworkModel, small_splits: DataSplits) -> None:
    other = NetworkModel(nn.Sequential(nn.Linear(2, 2)), fitted.task, "cpu")
    whole: FittedModel = FittedCalibrated(FittedEnsemble((fitted, other)), ())
    found = networks_of(adapted(whole, dtype="bfloat16", compiled=""))
    assert {parameter.dtype for network in found for parameter in network.parameters()} == {torch.bfloat16}
    assert len(found) == 2


def test_what_has_no_network_declines(small_splits: DataSplits) -> None:
    prior = make_model("prior").fit(small_splits.train, small_splits.validation, context=FitContext(seed=0))
    with pytest.raises(NotApplicable, match="this model has no network; leave --dtype, --compile and --cuda-graphs"):
        adapted(prior, dtype="float16", compiled="")


def test_compiling_is_asked_for_in_the_mode_named(fitted: NetworkModel, monkeypatch: pytest.MonkeyPatch) -> None:
    modes: list[str] = []

    def compiles(self: nn.Module, *, mode: str) -> None:
        modes.append(mode)
        assert not self.training, "dropout would be compiled too"

    monkeypatch.setattr(nn.Module, "compile", compiles)
    fitted.network.train()
    assert networks_of(adapted(fitted, dtype="float32", compiled="reduce-overhead")) == (fitted.network,)
    assert modes == ["reduce-overhead"]


def test_first_weights_are_those_that_training_begins_with(small_splits: DataSplits) -> None:
    model = make_model("rage_fusion:width=8,epochs=1,learning_rate=1e-8")
    context = FitContext(seed=3)
    before = torch.get_rng_state()
    first = untrained_network(model, small_splits.train, context=context)  # type: ignore[arg-type]  # a recipe
    assert torch.equal(torch.get_rng_state(), before)
    trained = model.fit(small_splits.train, small_splits.validation, context=context)
    for name, array in first.state().arrays.items():
        if name == "temperature":  # fitted after training
            continue
        assert np.allclose(array, trained.state().arrays[name], atol=1e-4), name
    assert first.record.parameters == trained.record.parameters
