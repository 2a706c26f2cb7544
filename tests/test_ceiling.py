"""On simulated data the exact posterior is a ceiling, and nobody gets above it."""

import pandas as pd
import pytest

import emobench
from emobench.benchmark.run_record import ALL_SEEDS

TRAINED = ["rage_fusion:epochs=12", "rage_fusion:epochs=6,preset=paper", "late_fusion+temperature", "prior"]


@pytest.fixture(scope="module")
def figures(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """Figures of trained models and the posterior on the default simulated data, mean over seeds."""
    out = tmp_path_factory.mktemp("ceiling") / "run"
    frame = emobench.run(
        models=TRAINED, protocols=["modality_drop"], out=out, formats=[], draws=2000, metrics=["nll", "regret", "ece"]
    )
    return frame[frame.seed == ALL_SEEDS]


def test_no_trained_model_has_a_lower_nll_than_the_posterior_beyond_its_interval(figures: pd.DataFrame) -> None:
    regret = figures[(figures.metric == "regret") & (figures.model != "bayes_optimal")]
    assert regret.groupby("model").condition.nunique().tolist() == [13] * len(TRAINED)
    assert (regret.high >= 0).all()
    # Against a wrong posterior this would fail first: every model here is far from exact on clean input.
    assert (regret[regret.condition == "clean"].low > 0.1).all()


def test_regret_is_the_difference_of_the_two_nll(figures: pd.DataFrame) -> None:
    table = figures[figures.part == ""].pivot_table(index=["model", "condition"], columns="metric", values="value")
    for model in table.index.get_level_values("model").unique():
        difference = table.loc[model].nll - table.loc["bayes_optimal"].nll
        assert table.loc[model].regret.to_numpy() == pytest.approx(difference.to_numpy(), abs=1e-12)


def test_the_posterior_is_calibrated(figures: pd.DataFrame) -> None:
    ece = figures[(figures.metric == "ece") & (figures.model == "bayes_optimal") & (figures.condition == "clean")]
    assert ece.value.item() <= ece.floor_high.item()
