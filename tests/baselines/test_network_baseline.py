"""Presets and what is typed on top of them."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import pytest
import torch
from annotated_types import Ge
from torch import nn
from typing_extensions import Doc

from emobench.baselines.base import FitContext
from emobench.baselines.network_baseline import PAPER, SUITE, NetworkBaseline
from emobench.benchmark.arguments import build, describe
from emobench.benchmark.conversations import DataSplits
from emobench.benchmark.errors import SpecError
from emobench.benchmark.specs import parse
from emobench.benchmark.training.batches import Batch, Output
from emobench.benchmark.training.presets import Presets
from emobench.benchmark.training.task import Task


@dataclass(frozen=True)
class Sizes:
    width: int
    depth: int = 7


@dataclass(frozen=True)
class Mine(NetworkBaseline):
    presets: ClassVar[Presets] = {
        "suite": {**SUITE, "width": 4, "epochs": 2},
        "paper": {**PAPER, "width": 8, "epochs": 3},
        "paper_meld": {**PAPER, "width": 16, "epochs": 3, "loss": "released_focal"},
    }
    width: Annotated[int, Ge(1), Doc("width")] | None = None

    def __post_init__(self) -> None:
        self.require_multiple("width", self.settled(Sizes).width, "heads", 4)

    def network(self, task: Task) -> nn.Module:
        return Linear(task)


class Linear(nn.Module):
    def __init__(self, task: Task) -> None:
        super().__init__()
        self.layer = nn.Linear(task.widths["text"], task.classes)

    def forward(self, batch: Batch) -> Output:
        return Output(self.layer(batch.features["text"]))


def made(text: str) -> Mine:
    return build(Mine, parse(text)[0])


@pytest.mark.parametrize(
    ("text", "width", "epochs", "optimiser"),
    [
        ("mine", 4, 2, "adamw"),
        ("mine:preset=paper", 8, 3, "adam"),
        ("mine:preset=paper,width=12,optimiser=adamw", 12, 3, "adamw"),
    ],
)
def test_what_is_typed_comes_on_top_of_the_preset(text: str, width: int, epochs: int, optimiser: str) -> None:
    model = made(text)
    assert model.settled(Sizes) == Sizes(width, 7)
    assert (model.options().epochs, model.options().optimiser) == (epochs, optimiser)


def test_a_zero_or_a_no_that_is_typed_is_not_an_open_argument() -> None:
    options = made("mine:clip=0,shuffle=false,weight_decay=0").options()
    assert (options.clip, options.shuffle, options.weight_decay) == (0, False, 0)


def test_all_presets_set_the_same_arguments() -> None:
    assert SUITE.keys() == PAPER.keys()
    assert {name for preset in Mine.presets.values() for name in preset} <= {a.name for a in describe(Mine)}


def test_sizes_that_do_not_divide() -> None:
    with pytest.raises(SpecError, match="expected width to be a multiple of heads=4, got 6; type width=8"):
        made("mine:width=6")


def test_the_loss_is_the_one_of_the_preset() -> None:
    task = Task({"text": 2}, (3, 1), 1)
    logits, label = torch.tensor([[[1.0, 0.0], [0.0, 2.0]]]), torch.tensor([[0, 1]])
    batch = Batch({}, {}, torch.ones(1, 2, dtype=torch.bool), torch.zeros(1, 2, dtype=torch.int64), label)
    losses = {
        text: float(made(text).objective(task)(Output(logits), batch))
        for text in ("mine", "mine:preset=paper_meld", "mine:loss=released_focal,gamma=2.5", "mine:loss=focal")
    }
    assert losses["mine:preset=paper_meld"] == pytest.approx(
        float(made("mine:loss=released_focal").objective(task)(Output(logits), batch))
    )
    assert len({round(loss, 6) for loss in losses.values()}) == 3 + (
        losses["mine:preset=paper_meld"] != losses["mine:loss=released_focal,gamma=2.5"]
    )


def test_it_trains_and_comes_back(small_splits: DataSplits) -> None:
    model = made("mine")
    fitted = model.fit(small_splits.train, small_splits.validation, context=FitContext(seed=0))
    assert len(fitted.record.epochs) == 2
    again = model.restore(fitted.state())
    test = small_splits.test
    assert (again.predict(test).probabilities == fitted.predict(test).probabilities).all()


def test_a_model_has_to_say_what_its_network_is(small_splits: DataSplits) -> None:
    with pytest.raises(NotImplementedError):
        NetworkBaseline().network(Task.of(small_splits.train))
