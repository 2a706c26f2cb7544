"""MM-DFN as a model: presets, arguments, training."""

import numpy as np
import pytest

from emobench.baselines.base import FitContext
from emobench.baselines.mm_dfn import MmDfn
from emobench.baselines.mm_dfn_network import Switches
from emobench.baselines.network_baseline import LossSwitches
from emobench.benchmark.conversations import DataSplits
from emobench.benchmark.errors import SpecError
from emobench.benchmark.models import make_model


def test_presets_are_the_published_sizes_and_training() -> None:
    iemocap, meld = MmDfn(preset="paper"), MmDfn(preset="paper_meld")
    released = {"packed": False, "mask_aware": False, "standardise": False}
    assert iemocap.settled(Switches) == Switches(200, 100, 16, 0.2, 0.5, 0.4, 1.0, 3.0, 0.0, **released)
    assert meld.settled(Switches) == Switches(200, 100, 32, 0.2, 0.5, 0.4, 1.5, 0.5, 0.5, **released)
    trained = [
        (o.learning_rate, o.weight_decay, o.batch_dialogues, o.epochs, o.patience, o.optimiser)
        for o in (iemocap.options(), meld.options())
    ]
    assert trained == [(3e-4, 1e-4, 32, 30, 5, "adam"), (5e-4, 1e-4, 32, 30, 5, "adam")]
    assert iemocap.settled(LossSwitches) == LossSwitches("focal", 0.5, 1.0)
    assert meld.settled(LossSwitches) == LossSwitches("focal", 0.5, 0.0)


def test_all_presets_set_the_same_arguments_and_quirks_can_be_set_one_by_one() -> None:
    assert len({frozenset(preset) for preset in MmDfn.presets.values()}) == 1
    model = make_model("mm_dfn:layers=32,party_audio=3,packed=false")
    assert isinstance(model, MmDfn)
    switches = model.settled(Switches)
    assert (switches.layers, switches.party_audio, switches.packed, switches.mask_aware) == (32, 3.0, False, True)


def test_an_odd_width_is_refused() -> None:
    with pytest.raises(SpecError) as caught:
        make_model("mm_dfn:width=7")
    assert str(caught.value) == "mm_dfn: expected an even width, got 7; type width=8"


@pytest.mark.parametrize("preset", ["suite", "paper", "paper_meld"])
def test_it_trains(small_splits: DataSplits, preset: str) -> None:
    model = make_model(f"mm_dfn:preset={preset},width=8,graph_width=4,layers=2,epochs=2")
    fitted = model.fit(small_splits.train, small_splits.validation, context=FitContext(seed=0))
    assert fitted.record.epochs[1].train_loss != fitted.record.epochs[0].train_loss
    assert np.isfinite(fitted.predict(small_splits.test).probabilities).all()
