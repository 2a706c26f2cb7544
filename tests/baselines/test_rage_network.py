"""The network of RAGE-Fusion against its equations."""

from collections.abc import Callable
from typing import Literal

import numpy as np
import pytest
import torch
from scipy.special import erf, softmax

from emobench.baselines.rage_network import RageNetwork, Switches, set_temperature
from emobench.benchmark.conversations import Conversations
from emobench.benchmark.training.batches import Batch, Output, make_batch
from emobench.benchmark.training.inference import predict
from emobench.benchmark.training.layers import Standardiser
from emobench.benchmark.training.task import Task

Make = Callable[..., Conversations]
Told = dict[str, list[bool]]
SMALL = Switches(width=8, heads=2)
PAPER = SMALL._replace(mask_aware=False, standardise=False)


def network(conversations: Conversations, switches: Switches = SMALL, seed: int = 0) -> RageNetwork:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        made = RageNetwork(Task.of(conversations), switches)
        for parameter in made.parameters():
            # Layer norms start at one and zero, where a mistake could hide.
            torch.nn.init.normal_(parameter, std=0.5)
    return made.eval()


def told(conversations: Conversations, **observed: list[bool]) -> Conversations:
    return conversations.with_modalities(observed={name: np.array(flags) for name, flags in observed.items()})


def output(made: RageNetwork, conversations: Conversations) -> Output:
    with torch.inference_mode():
        got: Output = made(make_batch(conversations, np.arange(conversations.dialogues), device="cpu"))
    return got


def norm(x: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    return np.asarray((x - x.mean()) / np.sqrt(x.var() + 1e-5) * weight + bias)


def recomputed(made: RageNetwork, features: dict[str, np.ndarray], mask: dict[str, float]) -> dict[str, np.ndarray]:
    """Work the literal equations out in numpy, for one utterance."""
    w = {name: value.double().numpy() for name, value in made.state_dict().items()}
    v = {}
    for place, modality in enumerate(("text", "audio", "video")):
        x = w[f"projections.{place}.0.weight"] @ features[modality] + w[f"projections.{place}.0.bias"]
        x = x * (1 + erf(x / np.sqrt(2))) / 2
        x = norm(x, w[f"projections.{place}.2.weight"], w[f"projections.{place}.2.bias"])
        v[modality] = mask[modality] * x
    query = w["fusion.query.weight"] @ v["text"]
    memory = np.stack([v["audio"], v["video"]])
    keys, values = memory @ w["fusion.key.weight"].T, memory @ w["fusion.value.weight"].T
    heads = [softmax(keys[:, h] @ query[h] / np.sqrt(4)) @ values[:, h] for h in (slice(0, 4), slice(4, 8))]
    attended = norm(v["text"] + np.concatenate(heads), w["fusion.norm.weight"], w["fusion.norm.bias"])
    seen = np.concatenate([attended, v["audio"], v["video"]])
    gate = softmax(w["fusion.gate.weight"] @ seen + w["fusion.gate.bias"])
    fused = gate[0] * attended + gate[1] * v["audio"] + gate[2] * v["video"]
    return {"gate": gate, "logits": w["fusion.output.weight"] @ fused + w["fusion.output.bias"], "fused": fused}


@pytest.mark.parametrize("mask", [(1.0, 1.0, 1.0), (1.0, 0.0, 1.0), (0.0, 1.0, 0.0), (0.0, 0.0, 0.0)])
def test_literal_mode_is_the_equations(small: Make, mask: tuple[float, float, float]) -> None:
    conversations = small(lengths=(1,))
    flags = dict(zip(conversations.modalities, mask, strict=True))
    made = network(conversations, PAPER)
    got = output(made, told(conversations, **{name: [bool(flag)] for name, flag in flags.items()}))
    expected = recomputed(made, {name: x[0] for name, x in conversations.features.items()}, flags)
    assert got.logits[0, 0].tolist() == pytest.approx(expected["logits"], abs=1e-5)
    assert [float(weights[0, 0]) for weights in got.modality_weights.values()] == pytest.approx(expected["gate"])
    assert got.hidden is not None
    assert got.hidden[0, 0].tolist() == pytest.approx(expected["fused"], abs=1e-5)


def test_with_everything_observed_both_modes_are_the_same(small: Make) -> None:
    conversations = small()
    aware, literal = (
        predict(network(conversations, PAPER._replace(mask_aware=mask_aware)), conversations, device="cpu")
        for mask_aware in (True, False)
    )
    assert np.allclose(aware.probabilities, literal.probabilities, atol=1e-6)


class TestMaskAware:
    @pytest.mark.parametrize("gate", ["last", "first"])
    @pytest.mark.parametrize("quality", [False, True])
    def test_what_is_not_observed_has_no_weight_and_no_influence(
        self, small: Make, gate: Literal["last", "first"], quality: bool
    ) -> None:
        conversations = told(
            small(lengths=(4,)),
            text=[True, True, False, False],
            audio=[True, False, False, True],
            video=[True, False, True, True],
        )
        made = network(conversations, SMALL._replace(gate=gate, quality=quality))
        first = output(made, conversations)
        noise = {
            name: np.where(conversations.observed[name][:, None], x, x + 9).astype(np.float32)
            for name, x in conversations.features.items()
        }
        second = output(made, conversations.with_modalities(features=noise))
        assert torch.equal(first.logits, second.logits)
        weights = torch.stack(list(first.modality_weights.values()), dim=-1)[0]
        observed = torch.tensor(np.stack(list(conversations.observed.values()), axis=-1))
        assert (weights[~observed] == 0).all()
        assert (weights[observed] > 0).all()
        assert weights.sum(dim=-1).tolist() == pytest.approx([1] * 4)

    def test_with_nothing_observed_the_shares_are_predicted_at_any_temperature(self, small: Make) -> None:
        conversations = small(lengths=(9,))
        shares = np.bincount(conversations.label, minlength=3) / 9
        made = network(conversations)
        set_temperature(made, 3.0)
        nothing = told(conversations, **{name: [False] * 9 for name in conversations.modalities})
        predictions = predict(made, nothing, device="cpu")
        assert np.allclose(predictions.probabilities, shares, atol=1e-6)
        assert np.allclose(sum(predictions.modality_weights.values()), 1)

    def test_text_alone_is_not_disturbed_by_attention(self, small: Make) -> None:
        conversations = small(lengths=(1,))
        made = network(conversations, PAPER._replace(mask_aware=True))
        got = output(made, told(conversations, audio=[False], video=[False]))
        alone = network(conversations, PAPER._replace(mask_aware=True))
        torch.nn.init.zeros_(alone.fusion.value.weight)
        assert torch.allclose(got.logits, output(alone, told(conversations, audio=[False], video=[False])).logits)


@pytest.mark.parametrize("switches", [SMALL, PAPER, SMALL._replace(gate="first", quality=True, activation="relu")])
@pytest.mark.parametrize("modalities", [("text",), ("video",), ("audio", "video"), ("audio", "text")])
def test_any_modalities_work_even_with_nothing_observed(
    small: Make, switches: Switches, modalities: tuple[str, ...]
) -> None:
    conversations = small(lengths=(3, 1), modalities=modalities)
    made = network(conversations, switches)
    nothing = told(conversations, **{name: [True, False, False, False] for name in modalities})
    predictions = predict(made, nothing, device="cpu")
    assert set(predictions.modality_weights) == set(modalities)
    assert np.allclose(sum(predictions.modality_weights.values()), 1, atol=1e-6)


def test_the_query_is_text_and_else_the_first_modality(small: Make) -> None:
    assert network(small(modalities=("audio", "text", "video"))).modalities == ("text", "audio", "video")
    assert network(small(modalities=("video", "audio"))).modalities == ("video", "audio")


def test_gate_first_weighs_before_the_attention(small: Make) -> None:
    conversations = small(lengths=(1,))
    made = network(conversations, PAPER._replace(gate="first"))
    with torch.no_grad():
        made.fusion.gate.weight.zero_()
        made.fusion.gate.bias.copy_(torch.tensor([50.0, 0, 0]))
    got = output(made, conversations)
    # With all weight on text the others enter neither the attention nor the sum.
    silent = {name: np.zeros_like(conversations.features[name]) for name in ("audio", "video")}
    assert torch.allclose(got.logits, output(made, conversations.with_modalities(features=silent)).logits, atol=1e-5)


def test_quality_is_seen_by_the_gate_only_when_asked_for(small: Make) -> None:
    conversations = small()
    plain, seeing = (network(conversations, SMALL._replace(quality=quality)) for quality in (False, True))
    assert (plain.fusion.gate.in_features, seeing.fusion.gate.in_features) == (24, 27)
    with torch.no_grad():
        seeing.fusion.gate.weight[:, :24].zero_()
    weights = output(seeing, conversations).modality_weights["text"]
    assert weights[2].std() > 1e-3


def test_the_head_has_the_published_number_of_parameters() -> None:
    """Text 768 wide and projected; audio and video are 256 wide already; 7 classes; queries, keys, values bias-free."""
    made = RageNetwork(Task({"text": 768, "audio": 256, "video": 256}, (1,) * 7, 2), Switches())
    head = [*made.fusion.parameters(), *made.get_submodule("projections.0.0").parameters()]
    assert sum(parameter.numel() for parameter in head) == 398_090


def test_training_drops_modalities_and_prediction_does_not(small: Make) -> None:
    conversations = small(lengths=(40,))
    made = network(conversations, SMALL._replace(dropout=0.0, modality_dropout=0.5))
    batch: Batch = make_batch(conversations, np.array([0]), device="cpu")
    dropped = (made.train()(batch).modality_weights["text"] == 0).float().mean()
    assert 0.25 < dropped < 0.65
    assert (made.eval()(batch).modality_weights["text"] > 0).all()


def test_the_temperature_divides_the_logits(small: Make) -> None:
    conversations = small(lengths=(3,))
    made = network(conversations)
    before = output(made, conversations).logits
    set_temperature(made, 2.0)
    assert torch.allclose(output(made, conversations).logits, before / 2)


class TestConcealed:
    @pytest.mark.parametrize(
        "switches", [SMALL, SMALL._replace(standardise=False), SMALL._replace(quality=True), PAPER]
    )
    def test_the_value_of_a_concealed_feature_does_not_matter(self, small: Make, switches: Switches) -> None:
        clean = small()
        concealed = {m: np.random.default_rng(0).random(x.shape) < 0.5 for m, x in clean.features.items()}
        made = network(clean, switches)
        for standardiser in made.standardisers:
            if isinstance(standardiser, Standardiser):
                standardiser.learn(clean)
        told = clean.change(concealed=concealed)
        wild = told.with_modalities(
            features={m: np.where(concealed[m], np.float32(1e6), x) for m, x in told.features.items()}
        )
        expected = predict(made, told, device="cpu").probabilities
        assert np.array_equal(predict(made, wild, device="cpu").probabilities, expected)
        assert not np.allclose(predict(made, clean, device="cpu").probabilities, expected, atol=1e-4)

    def test_the_training_mean_is_what_it_sees(self, small: Make) -> None:
        clean = small(modalities=("text",))
        made = network(clean)
        (standardiser,) = made.standardisers
        assert isinstance(standardiser, Standardiser)
        standardiser.learn(clean)
        concealed = np.random.default_rng(0).random(clean.features["text"].shape) < 0.5
        mean = clean.features["text"].mean(axis=0)
        filled = clean.with_modalities(features={"text": np.where(concealed, mean, clean.features["text"])})
        told = clean.change(concealed={"text": concealed})
        first, second = (predict(made, x, device="cpu").probabilities for x in (filled, told))
        assert np.allclose(first, second, atol=1e-5)

    def test_told_of_nothing_it_is_the_same_to_the_bit(self, small: Make) -> None:
        clean = small()
        made = network(clean)
        nothing = clean.change(concealed={"audio": np.zeros(clean.features["audio"].shape, bool)})
        first, second = (predict(made, x, device="cpu").probabilities for x in (clean, nothing))
        assert np.array_equal(first, second)
