"""The numbers of parameters on the model cards are those of the networks."""

import pytest
import torch

from emobench.benchmark.registry import MODELS, make, names, plugin_class
from emobench.benchmark.training.task import Task

SIZED = [(name, preset) for name in names(MODELS) for preset in getattr(plugin_class(MODELS, name), "sizes", {})]


@pytest.mark.parametrize(("name", "preset"), SIZED)
def test_a_card_tells_the_parameters_of_the_network(name: str, preset: str) -> None:
    size = plugin_class(MODELS, name).sizes[preset]
    task = Task(size.widths, (1,) * size.classes, size.speakers)
    with torch.device("meta"):
        network = make(MODELS, f"{name}:preset={preset}").network(task)
    assert sum(parameter.numel() for parameter in network.parameters()) == size.parameters


def test_models_of_the_field_tell_the_size_of_every_preset() -> None:
    told = {name for name, _ in SIZED}
    field = {"m3net", "mmgcn", "mm_dfn", "dialogue_rnn", "dialogue_gcn", "mister_e", "sdt", "rage_fusion"}
    assert {*field, "sure", "multi_emo"} == told
    for name in told:
        plugin = plugin_class(MODELS, name)
        assert plugin.sizes.keys() == plugin.presets.keys()
