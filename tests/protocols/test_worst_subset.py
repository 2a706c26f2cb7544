"""The worst choice of modalities, found by trying all."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

from emobench.baselines.base import FitContext, FittedModel
from emobench.benchmark.conditions import expand
from emobench.benchmark.conversations import Conversations, DataSplits
from emobench.benchmark.errors import NotApplicable, SpecError
from emobench.benchmark.models import make_model
from emobench.benchmark.predictions import Predictions
from emobench.benchmark.stressed import predict_under
from emobench.protocols.base import Attacked, DataFacts

Make = Callable[..., Conversations]
THREE = ("text", "audio", "video")
DROPS = ("text", "audio", "video", "audio/text", "text/video", "audio/video")


@dataclass(frozen=True)
class Mood:
    """A model with context: the mean over the dialogue of all that is observed, and its own features."""

    bias: float = 0.0

    def predict(self, conversations: Conversations) -> Predictions:
        scores = np.zeros((len(conversations), len(conversations.classes)))
        for number, modality in enumerate(conversations.modalities):
            rows = conversations.features[modality][:, :3] * conversations.observed[modality][:, None]
            totals = np.add.reduceat(rows.astype(np.float64), conversations.starts[:-1])
            means = totals / np.diff(conversations.starts)[:, None]
            scores += (number + 1) * means[conversations.dialogue] + rows + self.bias
        p = np.exp(scores - scores.max(axis=1, keepdims=True))
        return Predictions(p / p.sum(axis=1, keepdims=True))


class Blind:
    """A model that looks at nothing."""

    def predict(self, conversations: Conversations) -> Predictions:
        return Predictions(np.full((len(conversations), len(conversations.classes)), 1 / len(conversations.classes)))


def stress(text: str, clean: Conversations, model: Attacked | None = None) -> Conversations:
    (condition,) = expand(text, DataFacts.of(clean)).conditions
    return condition.apply(clean, seed=0, training={}, model=model)


def gold(model: Attacked, clean: Conversations, stressed: Conversations) -> np.ndarray:
    """Probability of the gold class of each original utterance."""
    predictions = model.predict(stressed)
    found = np.empty(len(clean))
    read = stressed.target >= 0
    rows, targets = np.flatnonzero(read), stressed.target[read]
    found[targets] = predictions.probabilities[rows, clean.label[targets]]
    return found


def models(splits: DataSplits) -> dict[str, Attacked]:
    context = FitContext(seed=0)
    texts = ("late_fusion", "rage_fusion:width=8,heads=2,epochs=3", "late_fusion+temperature")
    fitted = {text: make_model(text).fit(splits.train, splits.validation, context=context) for text in texts}
    return {**fitted, "mood": Mood()}


def test_each_utterance_is_the_worst_of_its_drops_for_any_model(small_splits: DataSplits) -> None:
    clean = small_splits.test
    for model in models(small_splits).values():
        dropped = [gold(model, clean, stress(f"modality_drop:drop={drop}", clean)) for drop in DROPS]
        worst = gold(model, clean, stress("worst_subset", clean, model))
        assert np.allclose(worst, np.min(dropped, axis=0), atol=1e-6)
        nll = -np.log(worst).mean()
        assert all(nll >= -np.log(each).mean() - 1e-6 for each in dropped)
        assert nll > -np.log(gold(model, clean, clean)).mean()


def test_the_harness_reads_every_utterance_once(small_splits: DataSplits) -> None:
    clean = small_splits.test
    fitted = models(small_splits)["late_fusion"]
    assert isinstance(fitted, FittedModel)
    hit = stress("worst_subset", clean, fitted)
    p = predict_under(fitted, clean, hit).probabilities
    assert np.allclose(p[np.arange(len(clean)), clean.label], gold(fitted, clean, hit))


def test_a_dialogue_appears_once_for_each_choice_that_is_the_worst_for_some_utterance(small: Make) -> None:
    clean = small(lengths=(6, 1, 9))
    hit = stress("worst_subset", clean, Mood())
    dropped = np.array([gold(Mood(), clean, stress(f"modality_drop:drop={drop}", clean)) for drop in DROPS])
    choices = [len(set(part.tolist())) for part in np.split(dropped.argmin(axis=0), clean.starts[1:-1])]
    assert hit.dialogue_ids == tuple(np.repeat(clean.dialogue_ids, choices))
    assert np.diff(hit.starts).tolist() == np.repeat(np.diff(clean.starts), choices).tolist()
    assert max(choices) > 1, "else nothing is tested"
    read = hit.target >= 0
    assert sorted(hit.target[read]) == list(range(len(clean)))
    assert np.array_equal(hit.label[read], clean.label[hit.target[read]])
    assert [hit.utterance_ids[row] for row in np.flatnonzero(read)] == [
        clean.utterance_ids[target] for target in hit.target[read]
    ]


def test_modalities_are_missing_told_from_the_whole_dialogue(small: Make) -> None:
    clean = small()
    hit = stress("worst_subset", clean, Mood())
    for first, last in zip(hit.starts, hit.starts[1:], strict=False):
        gone = [modality for modality in THREE if not hit.observed[modality][first:last].any()]
        assert 1 <= len(gone) <= 2
        for modality in THREE:
            left = slice(first, last)
            assert hit.observed[modality][left].all() != (modality in gone)
            assert np.array_equal(hit.present[modality][left], hit.observed[modality][left])
            assert hit.features[modality][left].any() != (modality in gone)


def test_of_choices_that_are_as_bad_the_first_counts(small: Make) -> None:
    clean = small()
    hit = stress("worst_subset", clean, Blind())
    assert len(hit) == len(clean)
    assert not hit.observed["text"].any()
    assert hit.observed["audio"].all()
    assert hit.observed["video"].all()


def test_so_many_modalities_stay_at_least(small: Make) -> None:
    clean = small()
    hit = stress("worst_subset:least=2", clean, Mood())
    assert (np.sum([hit.observed[modality] for modality in THREE], axis=0) == 2).all()
    dropped = [gold(Mood(), clean, stress(f"modality_drop:drop={drop}", clean)) for drop in DROPS[:3]]
    assert np.allclose(gold(Mood(), clean, hit), np.min(dropped, axis=0))


def test_where_a_label_is_unknown_the_predicted_class_stands_in(small: Make) -> None:
    clean = small()
    predicted = Mood().predict(clean).probabilities.argmax(axis=1)
    label = np.where(np.arange(len(clean)) % 2, -1, clean.label)
    mixed = np.where(label < 0, predicted, label)
    hit, known = (stress("worst_subset", clean.change(label=each), Mood()) for each in (label, mixed))
    assert np.array_equal(hit.target, known.target)
    for modality in THREE:
        assert np.array_equal(hit.features[modality], known.features[modality])
    read = hit.target >= 0
    assert np.array_equal(hit.label[read], label[hit.target[read]]), "the label stays unknown"


def test_it_does_not_depend_on_the_other_dialogues(small: Make) -> None:
    clean = small(lengths=(6, 1, 9))
    whole = stress("worst_subset", clean, Mood())
    alone = stress("worst_subset", clean.take_dialogues([2]), Mood())
    rows = np.isin(whole.dialogue, [d for d, name in enumerate(whole.dialogue_ids) if name == clean.dialogue_ids[2]])
    for modality in THREE:
        assert np.array_equal(whole.features[modality][rows], alone.features[modality])
    assert np.array_equal(np.where(whole.target[rows] < 0, -1, whole.target[rows] - clean.starts[2]), alone.target)


def test_rows_that_are_not_read_decide_nothing(small: Make) -> None:
    clean = small(lengths=(5, 4))
    target = np.array([-1, -1, 0, -1, -1, -1, -1, -1, -1])
    hit = stress("worst_subset", clean.change(target=target), Mood())
    assert hit.dialogue_ids == clean.dialogue_ids[:1]
    assert hit.target.tolist() == [-1, -1, 0, -1, -1]


def test_it_says_that_it_saw_the_label_and_draws_nothing(small: Make) -> None:
    (condition,) = expand("worst_subset", DataFacts.of(small())).conditions
    assert condition.unknown == "the modalities that stay were chosen by looking at the label"
    assert not condition.random
    assert condition.record().severity is None
    assert stress("worst_subset", small(), Mood()).trace.unknown == condition.unknown


@pytest.mark.parametrize(
    ("text", "modalities", "message"),
    [
        ("worst_subset", ("text",), "worst_subset: least=1 takes nothing away from data with 1 modality"),
        ("worst_subset:least=3", THREE, "worst_subset: least=3 takes nothing away from data with 3 modalities"),
    ],
)
def test_it_declines_data_from_which_nothing_can_be_taken(
    small: Make, text: str, modalities: tuple[str, ...], message: str
) -> None:
    with pytest.raises(NotApplicable) as caught:
        expand(text, DataFacts.of(small(modalities=modalities)))
    assert str(caught.value) == message


def test_what_is_gone_cannot_be_what_stays(small: Make) -> None:
    with pytest.raises(SpecError) as caught:
        expand("modality_drop:drop=video+worst_subset", DataFacts.of(small()))
    assert str(caught.value) == (
        "worst_subset tries what happens with video alone, of which the stresses before it leave nothing; "
        "leave one of them out"
    )
    chain = "modality_drop:drop=video,rate=0.5+worst_subset"
    hit = stress(chain, small(), Mood())
    assert sorted(hit.target[hit.target >= 0]) == list(range(9))
