"""Every network computes in half precision, dialogues as a whole and turn by turn: nearly what it says in full."""

import numpy as np
import pytest
import torch

from emobench.baselines.base import FitContext
from emobench.baselines.graph_layers import angular_similarity
from emobench.baselines.sessions import session_of
from emobench.benchmark.conversations import DataSplits
from emobench.benchmark.latency.cost import networks_of
from emobench.benchmark.latency.precision import DTYPES, adapted
from emobench.benchmark.latency.scenarios import without
from emobench.benchmark.models import make_model
from emobench.benchmark.registry import MODELS, names, plugin_class
from emobench.benchmark.stream import joined, turns_of
from emobench.benchmark.training.network_model import NetworkModel, untrained_network
from emobench.benchmark.training.recipe import Recipe
from tests.baselines.small_models import MORE, SMALL

WITHOUT = {"bayes_optimal", "foreign", "foreign_network", "late_fusion", "predictions", "prior"}
"""Models without a network, or (foreign ones) with one that is not there."""
NETWORKS = [SMALL.get(name, name) for name in names(MODELS) if name not in WITHOUT]
every_network = pytest.mark.parametrize("text", [*NETWORKS, "rage_fusion:preset=paper,width=8", *MORE])
every_half = pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
NEAR = {"bfloat16": 0.04, "float16": 0.005}
"""Largest difference of a probability: a few units of the last of 8 and of 11 bits, through all layers."""


def untrained(text: str, splits: DataSplits) -> NetworkModel:
    recipe = make_model(text)
    assert isinstance(recipe, Recipe)
    return untrained_network(recipe, splits.train, context=FitContext(seed=0))


@every_half
@every_network
def test_every_network_computes_in_half_precision(text: str, dtype: str, small_splits: DataSplits) -> None:
    full, half = untrained(text, small_splits), adapted(untrained(text, small_splits), dtype=dtype, compiled="")
    (network,) = networks_of(half)
    assert {weight.dtype for weight in network.parameters()} == {DTYPES[dtype]}
    test = without(small_splits, "audio")
    expected, said = full.predict(test).probabilities, half.predict(test).probabilities
    assert np.isfinite(said).all()
    assert 0 < np.abs(said - expected).max() < NEAR[dtype]
    session, turns = session_of(half), turns_of(test, 0)[:2]
    if session is not None:
        fed = [session.feed(turn).probabilities for turn in turns][-1]
        assert np.allclose(fed, full.predict(joined(turns)).probabilities[-1:], atol=NEAR[dtype])


def test_all_networks_are_tried() -> None:
    networks = {name for name in names(MODELS) if hasattr(plugin_class(MODELS, name), "network")}
    assert networks - {"foreign_network"} == {*names(MODELS)} - WITHOUT


@every_half
def test_the_angle_of_a_vector_with_itself_is_a_number_in_half_precision(dtype: str) -> None:
    # In 8 bits a vector over its length may be longer than 1, and the arc cosine of more than 1 is none.
    vectors = torch.randn(40, 7, generator=torch.Generator().manual_seed(0)).to(DTYPES[dtype])
    similarity = angular_similarity(vectors)
    assert torch.allclose(similarity, angular_similarity(vectors.double()).float(), atol=1e-4)
    assert similarity.diagonal().min() > 0.99
