"""CMERC as a suffix: what it says of itself, and trainings from beginning to end."""

import numpy as np
import pytest

from emobench.baselines.base import FitContext
from emobench.baselines.methods.cmerc import PLUGIN, Cmerc
from emobench.baselines.trained import Trained
from emobench.benchmark.conversations import DataSplits
from emobench.benchmark.errors import NotApplicable, SpecError
from emobench.benchmark.models import make_model
from emobench.benchmark.training.network_model import NetworkModel

M3NET = "m3net:width=8,encoder_width=8,epochs=1"
RECURRENT = "dialogue_rnn:width=8,emotion_width=6,projection=5,epochs=1"


def fitted(text: str, splits: DataSplits) -> NetworkModel:
    model = make_model(text).fit(splits.train, splits.validation, context=FitContext(seed=0))
    assert isinstance(model, NetworkModel)
    return model


def test_the_defaults_are_those_published_for_iemocap() -> None:
    method = Cmerc()
    assert (method.rate, method.every, method.temperature) == (0.15, 1, 0.07)
    assert (method.constraint_weight, method.modality_weight, method.context_weight) == (0.005, 0.05, 0.05)
    assert (method.space, method.labels) == ("log", "paper")
    assert method.curriculum
    assert method.contrastive
    assert method.constraint
    assert not method.stale_copy
    assert PLUGIN is Cmerc


@pytest.mark.parametrize(
    ("text", "how"),
    [
        (f"{M3NET}+cmerc", "pairwise mask"),
        (f"{M3NET}+cmerc:context=strict", "strict"),
        (f"{RECURRENT}+cmerc:labels=code,stale_copy=true,operator=padded_mean,space=probability", "strict"),
    ],
)
def test_it_trains_and_notes_what_it_did(text: str, how: str, small_splits: DataSplits) -> None:
    model = fitted(text, small_splits)
    assert model.record.notes["cmerc removes context by"] == how
    assert model.record.notes["cmerc removes"] == "text, audio, video, intra, inter"
    low, median, high = (model.record.notes[f"cmerc difficulty, {name}"] for name in ("least", "median", "most"))
    assert isinstance(low, float)
    assert isinstance(median, float)
    assert isinstance(high, float)
    assert 0 < low <= median <= high
    plain = fitted(text.partition("+")[0], small_splits)
    p, q = (one.predict(small_splits.test).probabilities for one in (model, plain))
    assert not np.array_equal(p, q)
    assert model.record.parameters == plain.record.parameters, "nothing is added to the network"


def test_a_model_without_a_pairwise_mask_says_what_to_type(small_splits: DataSplits) -> None:
    with pytest.raises(
        NotApplicable, match=r"^cmerc: this model takes no pairwise mask of the context; type context=s"
    ):
        fitted(f"{RECURRENT}+cmerc:context=graph", small_splits)


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("rate=0", "rate"),
        ("rate=1.5", "rate"),
        ("temperature=0", "temperature"),
        ("targets=0", "targets"),
        ("space=odds", "space"),
        ("context=sideways", "context"),
    ],
)
def test_arguments_out_of_range_are_refused(argument: str, message: str) -> None:
    with pytest.raises(SpecError, match=rf"cmerc: .*{message}"):
        make_model(f"m3net+cmerc:{argument}")


def test_an_argument_that_does_not_exist_lists_those_that_do() -> None:
    with pytest.raises(
        SpecError, match=r"^cmerc has no argument 'gamma'; known: constraint, constraint_weight, context"
    ):
        make_model("m3net+cmerc:gamma=1")


def test_it_is_one_of_the_methods_along_a_training() -> None:
    model = make_model("m3net+cmerc:rate=0.4+crl")
    assert isinstance(model, Trained)
    assert [type(method).__name__ for method in model.methods] == ["Cmerc", "Crl"]
    assert model.methods[0] == Cmerc(rate=0.4)
