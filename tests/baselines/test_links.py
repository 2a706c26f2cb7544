"""Models without context have nothing that a pairwise mask could shut out, and say so."""

from dataclasses import dataclass, field

import numpy as np
import pytest

from emobench.baselines.base import FitContext, HonoursLinks, State, TrainingRecord
from emobench.baselines.calibrated import FittedCalibrated
from emobench.benchmark.conditions import expand
from emobench.benchmark.conversations import Conversations, DataSplits
from emobench.benchmark.models import make_model
from emobench.benchmark.predictions import Predictions
from emobench.benchmark.stressed import predict_under
from emobench.protocols.base import DataFacts


@pytest.mark.parametrize("text", ["prior", "late_fusion:iterations=20", "rage_fusion:epochs=1", "prior+temperature"])
def test_both_modes_change_nothing(small_splits: DataSplits, text: str) -> None:
    clean = small_splits.test
    fitted = make_model(text).fit(small_splits.train, small_splits.validation, context=FitContext(seed=0))
    assert isinstance(fitted, HonoursLinks)
    assert fitted.honours_links
    expected = fitted.predict(clean).probabilities
    for mode in ("strict", "graph"):
        (condition,) = expand(f"context_removal:context=inter,mode={mode}", DataFacts.of(clean)).conditions
        stressed = condition.apply(clean, seed=0, training={})
        assert np.allclose(predict_under(fitted, clean, stressed).probabilities, expected, atol=1e-5)


@dataclass(frozen=True)
class Silent:
    """A fitted model that says nothing about links."""

    record: TrainingRecord = field(default_factory=TrainingRecord)

    def predict(self, conversations: Conversations) -> Predictions:
        """Return the first class."""
        return Predictions(np.eye(len(conversations.classes))[np.zeros(len(conversations), np.int64)])

    def state(self) -> State:
        """Return nothing."""
        return State({}, {})


@dataclass(frozen=True)
class Deaf(Silent):
    """One that says that it does not honour them."""

    honours_links: bool = False


@pytest.mark.parametrize("fitted", [Silent(), Deaf()])
def test_calibrators_pass_on_what_their_model_says(fitted: Silent) -> None:
    assert not FittedCalibrated(fitted, ()).honours_links
