"""MMGCN as a model: presets, arguments, training."""

import numpy as np
import pytest

from emobench.baselines.base import FitContext
from emobench.baselines.mmgcn import Mmgcn
from emobench.baselines.mmgcn_network import Switches
from emobench.baselines.network_baseline import LossSwitches
from emobench.benchmark.conversations import DataSplits
from emobench.benchmark.errors import SpecError
from emobench.benchmark.models import canonical_model, make_model


def test_presets_are_the_published_sizes_and_training() -> None:
    iemocap, meld = Mmgcn(preset="paper"), Mmgcn(preset="paper_meld")
    assert iemocap.settled(Switches) == Switches(
        200, 100, 64, 0.1, 0.5, 0.4, "text", packed=False, mask_aware=False, standardise=False
    )
    assert meld.settled(Switches) == iemocap.settled(Switches)
    trained = [
        (o.learning_rate, o.weight_decay, o.batch_dialogues, o.epochs, o.optimiser, o.schedule)
        for o in (iemocap.options(), meld.options())
    ]
    assert trained == [(3e-4, 3e-5, 16, 20, "adam", "constant"), (1e-3, 0.0, 16, 60, "adam", "constant")]
    assert iemocap.settled(LossSwitches) == LossSwitches("cross_entropy", 2.0, 1.0)
    assert meld.settled(LossSwitches).loss == "released_focal"
    assert meld.settled(LossSwitches).gamma == 2.5


def test_all_presets_set_the_same_arguments_and_quirks_can_be_set_one_by_one() -> None:
    assert len({frozenset(preset) for preset in Mmgcn.presets.values()}) == 1
    model = make_model("mmgcn:layers=64,speaker_on=all,packed=false,loss=released_focal")
    assert isinstance(model, Mmgcn)
    switches = model.settled(Switches)
    assert (switches.layers, switches.speaker_on, switches.packed, switches.mask_aware) == (64, "all", False, True)
    assert canonical_model("mmgcn:preset=suite,layers=8") == "mmgcn:layers=8"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("mmgcn:width=7", "mmgcn: expected an even width, got 7; type width=8"),
        ("mmgcn:layers=0", "mmgcn: expected layers to be a whole number ≥ 1 and ≤ 256, got '0'"),
        ("mmgcn:speaker_on=audio", "mmgcn: expected speaker_on to be text | all | none, got 'audio'"),
    ],
)
def test_what_cannot_be_is_refused(text: str, message: str) -> None:
    with pytest.raises(SpecError) as caught:
        make_model(text)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize("preset", ["suite", "paper", "paper_meld"])
def test_it_trains(small_splits: DataSplits, preset: str) -> None:
    model = make_model(f"mmgcn:preset={preset},width=8,graph_width=4,layers=2,epochs=2")
    fitted = model.fit(small_splits.train, small_splits.validation, context=FitContext(seed=0))
    assert fitted.record.epochs[1].train_loss != fitted.record.epochs[0].train_loss
    assert np.isfinite(fitted.predict(small_splits.test).probabilities).all()


def test_modality_dropout_takes_nodes_away_in_training(small_splits: DataSplits) -> None:
    losses = []
    for rate in (0.0, 0.9):
        model = make_model(f"mmgcn:width=8,graph_width=4,layers=2,epochs=1,dropout=0,modality_dropout={rate}")
        fitted = model.fit(small_splits.train, small_splits.validation, context=FitContext(seed=0))
        losses.append(fitted.record.epochs[0].train_loss)
    assert losses[0] != losses[1]
