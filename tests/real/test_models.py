"""Models on real data: what they reach."""

import os
from pathlib import Path

import numpy as np
import pytest

from emobench.baselines.base import FitContext
from emobench.benchmark.conversations import DataSplits
from emobench.benchmark.data_commands import add
from emobench.benchmark.models import make_model
from emobench.benchmark.randomness import Randomness

DATA = Path(os.environ.get("EMOBENCH_SHARED_DATA", "absent"))

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif("EMOBENCH_SHARED_DATA" not in os.environ, reason="EMOBENCH_SHARED_DATA is not set"),
]

LINEAR_EARLY_FUSION = 0.765
"""Test accuracy on MOSI of one logistic regression on all three modalities side by side."""


@pytest.fixture
def mosi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DataSplits:
    monkeypatch.setenv("EMOBENCH_HOME", str(tmp_path / "home"))
    return add("mosi", DATA / "mosi").splits


def test_rage_fusion_reaches_the_linear_reference_on_mosi_within_its_interval(mosi: DataSplits) -> None:
    model, right = make_model("rage_fusion"), []
    for seed in range(5):
        fitted = model.fit(mosi.train, mosi.validation, context=FitContext(seed=seed))
        right.append(fitted.predict(mosi.test).probabilities.argmax(axis=1) == mosi.test.label)
    per_dialogue = np.add.reduceat(np.mean(right, axis=0), mosi.test.starts[:-1])
    lengths = np.diff(mosi.test.starts)
    # Percentiles over resampled dialogues.
    drawn = Randomness(0).generator().integers(0, len(lengths), (2000, len(lengths)))
    accuracies = per_dialogue[drawn].sum(axis=1) / lengths[drawn].sum(axis=1)
    low, high = np.percentile(accuracies, (2.5, 97.5))
    assert high >= LINEAR_EARLY_FUSION
    assert low > 0.7
