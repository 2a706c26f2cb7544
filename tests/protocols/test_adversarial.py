"""Features moved against the model at hand."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import product

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emobench.baselines.base import FitContext, FittedModel
from emobench.benchmark.conditions import expand
from emobench.benchmark.conversations import Conversations, DataSplits
from emobench.benchmark.errors import NotApplicable, PredictionError, SpecError
from emobench.benchmark.gold import gold_classes, loss_slopes
from emobench.benchmark.models import make_model
from emobench.benchmark.predictions import Predictions
from emobench.benchmark.randomness import Randomness
from emobench.benchmark.realised import realised_under
from emobench.protocols.base import Attacked, DataFacts, FeatureStatistics

Make = Callable[..., Conversations]
Gradients = dict[str, np.ndarray]
METHODS = ("fgsm", "pgd")
NORMS = ("linf", "l2")


@dataclass(frozen=True)
class Softmax:
    """A linear softmax over all modalities, row by row, with its gradient in closed form."""

    sign: float = 1.0
    """−1: it lies about where uphill is."""

    def weight(self, modality: str, width: int, classes: int) -> np.ndarray:
        return Randomness(5, (modality,)).generator().normal(size=(width, classes))

    def predict(self, conversations: Conversations) -> Predictions:
        logits = np.zeros((len(conversations), len(conversations.classes)))
        for modality, rows in conversations.features.items():
            # Sums of products row by row, so that no other row can change the last bit.
            logits += (rows[:, :, None] * self.weight(modality, rows.shape[1], logits.shape[1])).sum(axis=1)
        p = np.exp(logits - logits.max(axis=1, keepdims=True))
        return Predictions(p / p.sum(axis=1, keepdims=True))

    def loss_gradients(self, conversations: Conversations) -> Mapping[str, np.ndarray]:
        slopes = loss_slopes(conversations, gold_classes(conversations, self.predict))
        p = self.predict(conversations).probabilities
        inner = self.sign * (slopes - p * slopes.sum(axis=1, keepdims=True))
        return {
            m: (inner[:, None] * self.weight(m, x.shape[1], p.shape[1])).sum(axis=2).astype(np.float32)
            for m, x in conversations.features.items()
        }


@dataclass
class Stub:
    """A model that is sure at first and never again, whose gradient is what it is told to be."""

    gradient: Callable[[np.ndarray], np.ndarray] = np.zeros_like
    calls: list[int] = field(default_factory=list)

    def predict(self, conversations: Conversations) -> Predictions:
        self.calls.append(len(conversations))
        p = np.zeros((len(conversations), len(conversations.classes)))
        p[np.arange(len(p)), (conversations.label + (len(self.calls) > 1)) % p.shape[1]] = 1
        return Predictions(p)

    def loss_gradients(self, conversations: Conversations) -> Gradients:
        return {modality: self.gradient(rows) for modality, rows in conversations.features.items()}


def stress(
    text: str,
    clean: Conversations,
    model: Attacked | None = None,
    *,
    seed: int = 0,
    draw: int = 0,
    training: Conversations | None = None,
) -> Conversations:
    (condition,) = expand(text, DataFacts.of(clean)).conditions
    statistics = FeatureStatistics.of(training or clean)
    return condition.apply(clean, seed=seed, draw=draw, training=statistics, model=model or Softmax())


def losses(model: Attacked, conversations: Conversations) -> np.ndarray:
    p = model.predict(conversations).probabilities
    return np.asarray(-np.log(p[np.arange(len(p)), conversations.label]))


def moves(clean: Conversations, hit: Conversations, modality: str, training: Conversations) -> np.ndarray:
    """In standard deviations of the training features."""
    deviation = training.features[modality].std(axis=0, dtype=np.float64)
    difference = hit.features[modality].astype(np.float64) - clean.features[modality]
    return np.asarray(np.divide(difference, deviation, out=np.zeros_like(difference), where=deviation > 0))


def two_classes(clean: Conversations) -> Conversations:
    return clean.change(classes=("calm", "not"), label=clean.label % 2)


@pytest.fixture
def trained(small: Make) -> FittedModel:
    train, validation = (small(lengths=(6,) * 20, split=name) for name in ("train", "validation"))
    text = "rage_fusion:width=16,heads=2,epochs=8,learning_rate=0.005"
    return make_model(text).fit(train, validation, context=FitContext(seed=0))


class TestLinearModel:
    def test_fgsm_is_the_worst_corner_of_the_box_for_two_classes(self, small: Make) -> None:
        clean = two_classes(small(lengths=(3, 2)))
        hit = stress("adversarial:epsilon=0.3,modality=text", clean)
        deviation = clean.features["text"].std(axis=0)
        corners = [
            losses(
                Softmax(),
                clean.with_modalities(
                    features={"text": (clean.features["text"] + 0.3 * deviation * corner).astype(np.float32)}
                ),
            )
            for corner in product((-1, 1), repeat=4)
        ]
        # The loss is convex in the features, so no inner point is worse than all corners.
        assert np.allclose(losses(Softmax(), hit), np.max(corners, axis=0), atol=1e-5)
        assert np.array_equal(hit.features["audio"], clean.features["audio"])

    def test_fgsm_in_root_mean_square_moves_along_the_difference_of_the_weights(self, small: Make) -> None:
        clean = two_classes(small(lengths=(3, 2)))
        hit = stress("adversarial:epsilon=0.3,modality=audio,norm=l2", clean)
        weight = Softmax().weight("audio", 5, 2)
        wrong = np.array([weight[:, 1 - label] - weight[:, label] for label in clean.label])
        deviation = clean.features["audio"].std(axis=0)
        lost = 0.3 * np.sqrt(5) * np.linalg.norm(wrong * deviation, axis=1)
        margin = np.log(np.expm1(losses(Softmax(), clean)))
        assert np.allclose(losses(Softmax(), hit), np.logaddexp(0, margin + lost), atol=1e-5)

    @pytest.mark.parametrize("norm", NORMS)
    def test_pgd_finds_the_same_for_two_classes(self, small: Make, norm: str) -> None:
        clean = two_classes(small(lengths=(4, 2)))
        once = losses(Softmax(), stress(f"adversarial:epsilon=0.2,norm={norm}", clean))
        text = f"adversarial:epsilon=0.2,method=pgd,norm={norm},step_size=0.5,steps=20"
        assert np.allclose(losses(Softmax(), stress(text, clean)), once, atol=1e-3)

    @pytest.mark.parametrize("norm", NORMS)
    def test_a_larger_epsilon_is_never_less_bad(self, small: Make, norm: str) -> None:
        clean = small(lengths=(9, 8))
        found = [
            losses(Softmax(), stress(f"adversarial:epsilon={epsilon},norm={norm}", clean))
            for epsilon in (0.0, 0.05, 0.1, 0.25, 0.5, 2.0)
        ]
        assert (np.diff(found, axis=0) >= -1e-5).all()

    @pytest.mark.parametrize("method", METHODS)
    def test_epsilon_0_is_clean(self, small: Make, method: str) -> None:
        clean = small()
        hit = stress(f"adversarial:epsilon=0,method={method}", clean)
        for modality in clean.modalities:
            assert hit.features[modality].tobytes() == clean.features[modality].tobytes()


class TestTrainedNetwork:
    @pytest.mark.parametrize("norm", NORMS)
    @pytest.mark.parametrize("epsilon", [0.1, 0.5])
    def test_several_steps_are_worse_than_one_and_one_than_none(
        self, small: Make, trained: FittedModel, norm: str, epsilon: float
    ) -> None:
        clean = small(lengths=(6,) * 10)
        once, often = (
            losses(trained, stress(f"adversarial:epsilon={epsilon},method={method},norm={norm}", clean, trained)).sum()
            for method in METHODS
        )
        assert often > once > losses(trained, clean).sum()

    def test_gradients_go_through_the_temperature(self, small_splits: DataSplits) -> None:
        model = make_model("rage_fusion:width=8,heads=2,epochs=3+temperature")
        fitted = model.fit(small_splits.train, small_splits.validation, context=FitContext(seed=0))
        clean = small_splits.test
        assert losses(fitted, stress("adversarial:epsilon=0.1", clean, fitted)).sum() > losses(fitted, clean).sum()


class TestBall:
    # Hypothesis asks because a fixture is not made anew for each example; this one is a function without memory.
    @settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        epsilon=st.floats(0, 3),
        method=st.sampled_from(METHODS),
        norm=st.sampled_from(NORMS),
        seed=st.integers(0, 99),
        step_size=st.floats(0.01, 5),
    )
    def test_nothing_leaves_it(
        self, small: Make, epsilon: float, method: str, norm: str, seed: int, step_size: float
    ) -> None:
        clean, training = small(seed=seed), small(lengths=(20,), seed=seed + 1)
        text = f"adversarial:epsilon={epsilon!r},method={method},norm={norm}"
        if method == "pgd":
            text += f",step_size={step_size!r},steps=3"
        hit = stress(text, clean, seed=seed, training=training)
        for modality in clean.modalities:
            move = moves(clean, hit, modality, training)
            farthest = np.abs(move).max() if norm == "linf" else np.sqrt((move**2).mean(axis=1)).max()
            assert farthest <= epsilon + 1e-5
            assert np.array_equal(hit.observed[modality], clean.observed[modality])

    def test_fgsm_goes_to_its_edge(self, small: Make) -> None:
        clean = small()
        for norm in NORMS:
            hit = stress(f"adversarial:epsilon=0.25,norm={norm}", clean)
            for modality in clean.modalities:
                move = moves(clean, hit, modality, clean)
                edge = np.abs(move) if norm == "linf" else np.sqrt((move**2).mean(axis=1))
                assert np.allclose(edge, 0.25, atol=1e-5)

    @pytest.mark.parametrize("norm", NORMS)
    def test_a_gradient_that_is_nearly_zero_is_followed_all_the_same(self, small: Make, norm: str) -> None:
        clean = small()
        tiny = Stub(lambda rows: np.full_like(rows, -1e-30))
        move = moves(clean, stress(f"adversarial:epsilon=0.25,norm={norm}", clean, tiny), "text", clean)
        assert np.allclose(np.sqrt((move**2).mean(axis=1)), 0.25, atol=1e-5)
        assert (move < 0).all()

    @pytest.mark.parametrize("method", METHODS)
    @pytest.mark.parametrize("norm", NORMS)
    def test_what_says_nothing_does_not_move(self, small: Make, method: str, norm: str) -> None:
        clean = small(lengths=(4, 2))
        constant = clean.features["text"].copy()
        constant[:, 1] = 7.1
        missing, unseen = np.arange(6) != 2, np.arange(6) != 4
        concealed = np.zeros((6, 5), bool)
        concealed[1, :4] = True
        occluded = np.zeros((6, 6), bool)
        occluded[3] = True
        clean = clean.with_modalities(
            features={"text": constant}, present={"audio": missing}, observed={"video": unseen}
        ).change(concealed={"audio": concealed}, trace=clean.trace.with_hidden("video", occluded))
        hit = stress(f"adversarial:epsilon=0.5,method={method},norm={norm}", clean)
        same = {modality: hit.features[modality] == clean.features[modality] for modality in clean.modalities}
        assert same["text"].all(axis=0).tolist() == [False, True, False, False]
        assert same["audio"].all(axis=1).tolist() == [False, False, True, False, False, False]
        assert same["audio"][1].tolist() == [True] * 4 + [False]
        assert same["video"].all(axis=1).tolist() == [False, False, False, True, True, False]
        move = moves(clean, hit, "audio", clean)
        assert abs(move[1, 4]) <= 0.5 + 1e-5, "the mean is over what can move"


class TestPgd:
    def test_the_first_point_can_be_replayed(self, small: Make) -> None:
        clean = small(lengths=(4, 2))
        for norm, draw in product(NORMS, (0, 2)):
            text = f"adversarial:epsilon=0.5,method=pgd{',norm=l2' * (norm == 'l2')}"
            hit = stress(text, clean, Stub(), seed=3, draw=draw)
            purpose = ("stress", "0", text.replace("epsilon=0.5,", ""), *(("draw", "2") if draw else ()))
            for modality in clean.modalities:
                expected = []
                for name, turns in zip(clean.dialogue_ids, (4, 2), strict=True):
                    seed = Randomness(3, (*purpose, modality, name)).integer()
                    rng, shape = np.random.default_rng(seed), (turns, clean.widths[modality])
                    if norm == "linf":
                        expected.append(rng.uniform(-1, 1, shape) * 0.5)
                    else:
                        point = rng.standard_normal(shape)
                        point /= np.sqrt((point**2).mean(axis=1, keepdims=True))
                        expected.append(0.5 * point * rng.random((turns, 1)) ** (1 / shape[1]))
                assert np.allclose(moves(clean, hit, modality, clean), np.concatenate(expected), atol=1e-5)

    def test_the_rungs_share_their_first_point(self, small: Make) -> None:
        clean = small()
        near, far = (stress(f"adversarial:epsilon={e},method=pgd,norm=l2", clean, Stub()) for e in (0.1, 0.4))
        for modality in clean.modalities:
            assert np.allclose(4 * moves(clean, near, modality, clean), moves(clean, far, modality, clean), atol=1e-4)

    def test_the_same_seed_gives_the_same_bits_and_another_draw_others(self, small: Make) -> None:
        clean, text = small(), "adversarial:epsilon=0.1,method=pgd,step_size=0.1,steps=1"
        first, again, other = (stress(text, clean, draw=draw).features["text"].tobytes() for draw in (0, 0, 1))
        assert first == again
        assert first != other

    def test_nothing_moves_where_nothing_found_is_worse(self, small: Make) -> None:
        clean = small()
        hit = stress("adversarial:epsilon=0.5,method=pgd,step_size=2", clean, Softmax(sign=-1.0))
        for modality in clean.modalities:
            assert hit.features[modality].tobytes() == clean.features[modality].tobytes()

    def test_steps_are_as_many_as_asked_for(self, small: Make) -> None:
        model = Stub()
        stress("adversarial:epsilon=0.1,method=pgd,steps=4", small(), model)
        assert len(model.calls) == 1 + 4

    def test_the_length_of_a_step_is_relative_to_epsilon(self, small: Make) -> None:
        clean = small()
        text = "adversarial:epsilon=0.4,method=pgd,norm=l2,steps=1"
        start, end = (
            stress(f"{text},step_size=0.25", clean, Stub(gradient)).features["text"].astype(np.float64)
            for gradient in (
                np.zeros_like,
                lambda rows: np.eye(1, rows.shape[1], dtype=np.float32).repeat(len(rows), 0),
            )
        )
        moved = (end - start) / clean.features["text"].std(axis=0)
        inside = np.abs(moved[:, 1:]).max(axis=1) < 1e-5
        assert inside.any(), "some steps end within the ball"
        # All of a step of length .25 · .4 along one of four features.
        assert np.allclose(moved[inside, 0], 0.25 * 0.4 * 2, atol=1e-5)


@pytest.mark.parametrize("method", METHODS)
class TestDialogues:
    def test_a_dialogue_does_not_depend_on_the_others(self, small: Make, method: str) -> None:
        clean = small(lengths=(5, 3, 1))
        text = f"adversarial:epsilon=0.2,method={method}"
        whole = stress(text, clean)
        turned, alone = clean.take_dialogues([2, 0, 1]), clean.take_dialogues([1])
        for modality in clean.modalities:
            rows = np.split(whole.features[modality], [5, 8])
            others = stress(text, turned, training=clean).features[modality]
            assert np.array_equal(others, np.concatenate([rows[2], rows[0], rows[1]]))
            assert np.array_equal(stress(text, alone, training=clean).features[modality], rows[1])

    def test_where_a_label_is_unknown_the_class_predicted_for_the_input_stands_in(
        self, small: Make, method: str
    ) -> None:
        clean, text = small(), f"adversarial:epsilon=0.6,method={method}"
        label = np.where(np.arange(len(clean)) % 2, -1, clean.label)
        standing_in = np.where(label < 0, Softmax().predict(clean).probabilities.argmax(axis=1), label)
        hit = stress(text, clean.change(label=label))
        known = stress(text, clean.change(label=standing_in))
        for modality in clean.modalities:
            assert np.array_equal(hit.features[modality], known.features[modality])
        assert np.array_equal(hit.label, label), "the label stays unknown"

    def test_rows_that_are_not_read_have_no_loss(self, small: Make, method: str) -> None:
        clean = small().change(target=np.array([-1, 0, -1, -1, -1, -1, 1, -1, -1]))
        hit = stress(f"adversarial:epsilon=0.2,method={method}", clean)
        # In a dialogue of which a row is read, pgd keeps the random moves of those that do not matter.
        same = (hit.features["text"] == clean.features["text"]).all(axis=1)
        assert not same[[1, 6]].any()
        assert same[3], "nothing is read of the second dialogue"


def test_a_chain_leaves_what_is_gone_at_zero(small: Make) -> None:
    clean = small()
    hit = stress("modality_drop:drop=video+adversarial:epsilon=0.1", clean)
    assert not hit.features["video"].any()
    alone = stress("adversarial:epsilon=0.1,modality=audio/text", stress("modality_drop:drop=video", clean))
    for modality in ("text", "audio"):
        assert not np.array_equal(hit.features[modality], clean.features[modality])
        assert np.array_equal(hit.features[modality], alone.features[modality])


def test_it_says_what_it_did(small: Make) -> None:
    clean = small()
    before = {modality: rows.tobytes() for modality, rows in clean.features.items()}
    hit = stress("adversarial:epsilon=0.1,modality=text", clean)
    assert hit.trace.attacked == frozenset({"text"})
    assert hit.trace.unknown == "the perturbation was chosen by looking at the label"
    realised = realised_under(clean, hit)
    # Every feature moves by a tenth of its deviation: a hundredth of its power.
    assert realised["snr_db text"] == pytest.approx(20, abs=0.01)
    assert "snr_db audio" not in realised
    assert {modality: rows.tobytes() for modality, rows in clean.features.items()} == before


class TestArguments:
    def test_the_ladder_is_four_rungs_on_one_curve(self, small: Make) -> None:
        conditions = expand("adversarial:method=pgd", DataFacts.of(small())).conditions
        assert [condition.text for condition in conditions] == [
            f"adversarial:epsilon={epsilon},method=pgd" for epsilon in (0.05, 0.1, 0.25, 0.5)
        ]
        assert {condition.record().family for condition in conditions} == {"adversarial:epsilon=*,method=pgd"}
        assert [condition.record().severity for condition in conditions] == [0.05, 0.1, 0.25, 0.5]
        assert all(condition.random for condition in conditions)
        assert not expand("adversarial:epsilon=1", DataFacts.of(small())).conditions[0].random

    @pytest.mark.parametrize(
        ("text", "error", "message"),
        [
            (
                "adversarial:steps=3",
                SpecError,
                "adversarial: steps and step_size need method=pgd; add method=pgd or leave them out",
            ),
            (
                "adversarial:step_size=0.5",
                SpecError,
                "adversarial: steps and step_size need method=pgd; add method=pgd or leave them out",
            ),
            ("adversarial:epsilon=-1", SpecError, "adversarial: expected epsilon to be a number ≥ 0, got '-1'"),
            (
                "adversarial:modality=smell",
                NotApplicable,
                "adversarial: no modality 'smell'; known: audio, text, video",
            ),
            (
                "modality_drop:drop=video+adversarial:epsilon=0.1,modality=video",
                SpecError,
                "adversarial changes video only, of which the stresses before it leave nothing; leave one of them out",
            ),
        ],
    )
    def test_what_cannot_be_is_refused(self, small: Make, text: str, error: type[Exception], message: str) -> None:
        with pytest.raises(error) as caught:
            expand(text, DataFacts.of(small()))
        assert str(caught.value) == message


class TestModels:
    def test_one_without_gradients_is_not_attacked(self, small_splits: DataSplits) -> None:
        fitted = make_model("prior").fit(small_splits.train, small_splits.validation, context=FitContext(seed=0))
        with pytest.raises(NotApplicable) as caught:
            stress("adversarial:epsilon=0.1", small_splits.test, fitted)
        assert str(caught.value) == "adversarial needs a model with gradients, which this one does not give"

    @pytest.mark.parametrize(
        ("gradient", "message"),
        [
            (
                lambda rows: rows[:2],
                "expected gradients for text as utterances × width (9, 4), got (2, 4)",
            ),
            (lambda rows: np.full_like(rows, np.nan), "expected finite gradients, got one for text that is not"),
        ],
    )
    def test_gradients_that_are_none_are_refused(
        self, small: Make, gradient: Callable[[np.ndarray], np.ndarray], message: str
    ) -> None:
        with pytest.raises(PredictionError) as caught:
            stress("adversarial:epsilon=0.1", small(), Stub(gradient))
        assert str(caught.value) == message
