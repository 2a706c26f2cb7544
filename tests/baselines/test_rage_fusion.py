"""RAGE-Fusion as a model: presets, arguments, what fitting adds."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from emobench.baselines import rage_fusion
from emobench.baselines.base import FitContext, FittedModel
from emobench.baselines.calibrators.temperature import fit_temperature
from emobench.baselines.rage_fusion import PRESETS, RageFusion
from emobench.baselines.rage_network import RageNetwork
from emobench.benchmark.conversations import Conversations, DataSplits
from emobench.benchmark.errors import SpecError
from emobench.benchmark.losses import class_weights, stability, weighted_focal
from emobench.benchmark.models import canonical_model, make_model
from emobench.benchmark.training.batches import Output, make_batch
from emobench.benchmark.training.options import TrainingOptions
from emobench.benchmark.training.task import Task

Make = Callable[..., Conversations]
QUICK = "rage_fusion:width=8,heads=2,epochs=2"


def fit(splits: DataSplits, text: str = QUICK, **context: float) -> FittedModel:
    return make_model(text).fit(splits.train, splits.validation, context=FitContext(seed=0))


class TestPresets:
    @pytest.mark.parametrize("preset", PRESETS)
    def test_a_preset_gives_what_its_description_says(self, preset: str) -> None:
        model = make_model(f"rage_fusion:preset={preset}")
        assert isinstance(model, RageFusion)
        for name, value in PRESETS[preset].items():
            assert model.preset_value(name) == value
        described = (rage_fusion.__doc__ or "").partition(f"preset={preset}")[2].partition(":")[0]
        assert all(f"{name}={str(value).lower()}" in described for name, value in PRESETS[preset].items())

    def test_a_single_switch_can_be_set_on_top(self) -> None:
        model = make_model("rage_fusion:preset=paper,mask_aware=true")
        assert isinstance(model, RageFusion)
        assert [model.preset_value(name) for name in PRESETS["paper"]] == [True, False, 0.2]

    def test_presets_reach_the_network(self, small: Make) -> None:
        task = Task.of(small())
        suite, paper = RageFusion().network(task), RageFusion(preset="paper").network(task)
        assert isinstance(suite, RageNetwork)
        assert isinstance(paper, RageNetwork)
        assert (suite.switches.mask_aware, suite.switches.standardise, suite.switches.dropout) == (True, True, 0.5)
        assert (paper.switches.mask_aware, paper.switches.standardise, paper.switches.dropout) == (False, False, 0.2)


class TestArguments:
    def test_the_text_is_canonical(self) -> None:
        assert canonical_model("rage_fusion:stability=0.10,gamma=1.0,preset=suite") == "rage_fusion:gamma=1"

    def test_training_arguments_reach_the_trainer(self) -> None:
        model = RageFusion(epochs=3, patience=2, learning_rate=0.1, select_by="weighted_f1")
        assert model.options() == TrainingOptions(epochs=3, patience=2, learning_rate=0.1, select_by="weighted_f1")

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            (
                "rage_fusion:width=10,heads=4",
                "rage_fusion: expected width to be a multiple of heads=4, got 10; type width=12",
            ),
            ("rage_fusion:dropout=1", "rage_fusion: expected dropout to be a number ≥ 0 and < 1, got '1'"),
            ("rage_fusion:preset=letter", "rage_fusion: expected preset to be suite | paper, got 'letter'"),
            ("rage_fusion:mu=1", "rage_fusion has no argument 'mu'"),
        ],
    )
    def test_what_cannot_be_is_refused(self, text: str, message: str) -> None:
        with pytest.raises(SpecError) as caught:
            make_model(text)
        assert str(caught.value).startswith(message)


def test_the_loss_is_focal_plus_stability(small: Make) -> None:
    conversations = small()
    batch = make_batch(conversations, np.arange(3), device="cpu")
    task = Task.of(conversations)
    logits = torch.linspace(-2, 2, batch.label.numel() * 3).view(*batch.label.shape, 3)
    focal = weighted_focal(logits, batch.label, weights=class_weights(task.class_counts, power=0.5), gamma=2.0)
    for mu in (0.0, 0.5):
        loss = RageFusion(stability=mu).objective(task)(Output(logits), batch)
        assert float(loss) == pytest.approx(float(focal + mu * stability(logits, batch.valid)))


class TestTemperature:
    def test_is_fitted_on_validation_and_noted(self, small_splits: DataSplits) -> None:
        raw, tempered = fit(small_splits, f"{QUICK},temperature=false"), fit(small_splits)
        p = raw.predict(small_splits.validation).probabilities
        temperature = fit_temperature(p, small_splits.validation.label)
        assert raw.record.notes["temperature"] == 1.0
        assert tempered.record.notes["temperature"] == pytest.approx(temperature, rel=1e-3)
        power = raw.predict(small_splits.test).probabilities ** (1 / temperature)
        expected = power / power.sum(axis=1, keepdims=True)
        assert np.allclose(tempered.predict(small_splits.test).probabilities, expected, atol=1e-4)

    def test_is_part_of_the_state(self, small_splits: DataSplits) -> None:
        fitted = fit(small_splits)
        assert float(fitted.state().arrays["temperature"]) == pytest.approx(fitted.record.notes["temperature"])


def test_latency_is_reported(small_splits: DataSplits) -> None:
    notes = fit(small_splits, f"{QUICK},latency_budget=0.000001").record.notes
    milliseconds = notes["milliseconds per utterance"]
    assert isinstance(milliseconds, float)
    assert notes["milliseconds over budget"] == pytest.approx(milliseconds - 1e-6)


def test_it_learns_what_can_be_learned(small: Make) -> None:
    """Features that are the label and a little noise: nearly all of it is there to be had."""
    splits: dict[str, Conversations] = {}
    for split in ("train", "validation", "test"):
        made = small(lengths=(8,) * 12, split=split)
        clear = {name: (x * 0.2 + made.label[:, None] * 2).astype(np.float32) for name, x in made.features.items()}
        splits[split] = made.with_modalities(features=clear)
    fitted = fit(
        DataSplits(splits["train"], splits["validation"], splits["test"]),
        "rage_fusion:width=32,epochs=15,learning_rate=0.005,batch_dialogues=4",
    )
    accuracy = (fitted.predict(splits["test"]).probabilities.argmax(axis=1) == splits["test"].label).mean()
    assert accuracy > 0.9
