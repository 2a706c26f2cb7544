"""One regression per modality, averaged."""

from collections.abc import Callable

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from emobench.baselines.base import FitContext
from emobench.baselines.late_fusion import FittedLateFusion, LateFusion
from emobench.benchmark.conversations import Conversations
from emobench.benchmark.errors import DataError

Make = Callable[..., Conversations]
CONTEXT = FitContext(seed=0)


def fit(train: Conversations, **arguments: float) -> FittedLateFusion:
    return LateFusion(**arguments).fit(train, train, context=CONTEXT)  # type: ignore[arg-type]  # names are fields


def plain(train: Conversations, test: Conversations, modality: str, c: float = 1.0) -> np.ndarray:
    model = make_pipeline(StandardScaler(), LogisticRegression(C=c, max_iter=1000))
    model.fit(train.features[modality].astype(float), train.label)
    return np.asarray(model.predict_proba(test.features[modality].astype(float)))


@pytest.mark.parametrize("c", [1.0, 0.05])
def test_is_the_mean_of_plain_regressions(small: Make, c: float) -> None:
    train, test = small(lengths=(40,), split="train"), small(lengths=(7,))
    expected = np.mean([plain(train, test, modality, c) for modality in train.modalities], axis=0)
    assert np.allclose(fit(train, inverse_penalty=c).predict(test).probabilities, expected, atol=1e-9)


def test_two_classes_are_the_same_computation(small: Make) -> None:
    train, test = (
        small(lengths=(40,), split=split).change(classes=("no", "yes"), label=np.arange(40) % 2)
        for split in ("train", "test")
    )
    expected = np.mean([plain(train, test, modality) for modality in train.modalities], axis=0)
    assert np.allclose(fit(train).predict(test).probabilities, expected, atol=1e-9)


def test_only_what_is_said_to_be_observed_is_averaged(small: Make) -> None:
    train, test = small(lengths=(40,), split="train"), small(lengths=(3,))
    told = {
        "text": np.array([True, False, False]),
        "audio": np.array([True, True, False]),
        "video": np.array([False, False, False]),
    }
    predictions = fit(train).predict(test.with_modalities(observed=told))
    text, audio = plain(train, test, "text"), plain(train, test, "audio")
    shares = np.bincount(train.label, minlength=3) / 40
    assert np.allclose(predictions.probabilities, [(text[0] + audio[0]) / 2, audio[1], shares], atol=1e-9)
    assert predictions.modality_weights["text"].tolist() == pytest.approx([0.5, 0, 1 / 3])
    assert predictions.modality_weights["audio"].tolist() == pytest.approx([0.5, 1, 1 / 3])


def test_rows_without_label_or_modality_are_not_learned_from(small: Make) -> None:
    train, test = small(lengths=(40, 5), split="train", modalities=("text",)), small(modalities=("text",))
    label = train.label.copy()
    label[40:42] = -1
    observed = np.arange(45) < 42
    partial = train.change(label=label).with_modalities(observed={"text": observed})
    assert np.allclose(
        fit(partial).predict(test).probabilities, fit(train.take_dialogues([0])).predict(test).probabilities
    )


def test_a_class_that_does_not_occur_in_training_has_probability_zero(small: Make) -> None:
    train = small(lengths=(40,)).change(label=np.arange(40) % 2 * 2)
    probabilities = fit(train).predict(small()).probabilities
    assert (probabilities[:, 1] == 0).all()
    assert (probabilities[:, [0, 2]] > 0).all()


def test_with_one_class_there_is_nothing_to_regress(small: Make) -> None:
    train = small(lengths=(4,)).change(label=np.ones(4, np.int64))
    assert fit(train).predict(small()).probabilities.tolist() == [[0, 1, 0]] * 9


def test_a_modality_never_seen_says_what_the_shares_say(small: Make) -> None:
    train = small(lengths=(40,), modalities=("text",))
    unseen = train.with_modalities(observed={"text": np.zeros(40, bool)})
    shares = np.bincount(train.label, minlength=3) / 40
    assert np.allclose(fit(unseen).predict(train).probabilities, shares)


def test_the_record_says_what_did_not_converge(small: Make) -> None:
    train = small(lengths=(40,))
    assert fit(train).record.notes == {}
    record = fit(train, iterations=1).record
    assert record.notes["regression on text"] == "not converged after 1 iterations"
    # Widths 4, 5 and 6, three classes: (4 + 5 + 6)·3 coefficients and 3·3 intercepts.
    assert record.parameters == 54


def test_other_data_are_refused(small: Make) -> None:
    with pytest.raises(DataError) as caught:
        fit(small(lengths=(40,))).predict(small(modalities=("text",)))
    assert str(caught.value) == (
        "late_fusion was trained on {'text': 4, 'audio': 5, 'video': 6}, got small with {'text': 4}; "
        "train it on these data"
    )


def test_the_training_mean_stands_in_for_what_is_concealed(small: Make) -> None:
    train, test = small(lengths=(40,), split="train"), small(lengths=(3,))
    concealed = np.random.default_rng(0).random(test.features["audio"].shape) < 0.5
    told = test.change(concealed={"audio": concealed})
    mean = train.features["audio"].mean(axis=0, dtype=float)
    filled = test.with_modalities(
        features={"audio": np.where(concealed, mean, test.features["audio"]).astype(np.float32)}
    )
    model = fit(train)
    got = model.predict(told).probabilities
    assert np.allclose(got, model.predict(filled).probabilities, atol=1e-6)
    assert not np.allclose(got, model.predict(test).probabilities, atol=1e-6)


def test_the_value_of_a_concealed_feature_does_not_matter_to_a_model_that_was_stored_either(small: Make) -> None:
    train, test = small(lengths=(40,), split="train"), small(lengths=(3,))
    concealed = np.random.default_rng(0).random(test.features["text"].shape) < 0.5
    told = test.change(concealed={"text": concealed})
    wild = told.with_modalities(features={"text": np.where(concealed, np.float32(1e6), told.features["text"])})
    model = fit(train)
    stored = LateFusion().restore(model.state())
    expected = model.predict(told).probabilities
    for one, conversations in ((model, wild), (stored, told), (stored, wild)):
        assert np.array_equal(one.predict(conversations).probabilities, expected)


def test_a_model_that_is_told_of_nothing_is_the_same_to_the_bit(small: Make) -> None:
    train, test = small(lengths=(40,), split="train"), small(lengths=(3,))
    nothing = test.change(concealed={"video": np.zeros(test.features["video"].shape, bool)})
    model = fit(train)
    assert np.array_equal(model.predict(nothing).probabilities, model.predict(test).probabilities)
