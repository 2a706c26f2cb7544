"""CRL: counts, the ease of an utterance, and the ranking loss."""

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

from emobench.baselines.methods.cmerc import Cmerc
from emobench.baselines.methods.crl import PLUGIN, Crl
from emobench.baselines.methods.crl_companion import CrlCompanion, confidence, ranking_loss
from emobench.baselines.methods.fmfp import Fmfp
from emobench.benchmark.conversations import Conversations, DataSplits
from emobench.benchmark.training.batches import Output
from emobench.benchmark.training.companions import Course, Step
from emobench.benchmark.training.options import TrainingOptions
from tests.baselines.methods.toy import Toy, course_of, fit, step_of, weights

Make = Callable[..., Conversations]


def literal_ranking(kappa: list[float], ease: list[float]) -> float:
    total = 0.0
    for i in range(len(kappa)):
        j = (i + 1) % len(kappa)
        sign = (ease[i] > ease[j]) - (ease[i] < ease[j])
        if sign:
            total += max(0.0, -sign * (kappa[i] - kappa[j]) + abs(ease[i] - ease[j]))
    return total / len(kappa)


@pytest.fixture
def splits(small_splits: DataSplits) -> DataSplits:
    """Small data, some training utterances without a label."""
    train = small_splits.train
    label = np.where(np.arange(len(train)) % 5 == 2, -1, train.label)
    return DataSplits(train.change(label=label), small_splits.validation, small_splits.test)


class TestRankingLoss:
    def test_against_loops(self) -> None:
        generator = torch.Generator().manual_seed(0)
        kappa = torch.rand(9, generator=generator, dtype=torch.float64)
        ease = torch.randint(0, 4, (9,), generator=generator).double() / 3
        assert ranking_loss(kappa, ease).item() == pytest.approx(literal_ranking(kappa.tolist(), ease.tolist()))

    def test_by_hand(self) -> None:
        # Pairs (0, 1), (1, 2), (2, 0): max(0, −.5 + .5), max(0, .3 + .5) turned round, none.
        kappa, ease = torch.tensor([0.9, 0.4, 0.1]), torch.tensor([1.0, 0.5, 1.0])
        assert ranking_loss(kappa, ease).item() == pytest.approx((0 + (0.3 + 0.5) + 0) / 3)

    def test_the_same_ease_counts_nothing_and_has_no_gradient(self) -> None:
        kappa = torch.tensor([0.9, 0.2, 0.5], requires_grad=True)
        loss = ranking_loss(kappa, torch.full((3,), 0.7))
        loss.backward()
        assert loss.item() == 0
        assert kappa.grad is not None
        assert not kappa.grad.any()

    def test_far_enough_apart_in_the_right_order_is_nothing(self) -> None:
        assert ranking_loss(torch.tensor([0.9, 0.1]), torch.tensor([0.6, 0.2])).item() == 0
        assert ranking_loss(torch.tensor([0.1, 0.9]), torch.tensor([0.6, 0.2])).item() == pytest.approx(1.2)

    def test_of_one_or_none(self) -> None:
        assert ranking_loss(torch.tensor([0.3]), torch.tensor([0.5])).item() == 0
        assert ranking_loss(torch.zeros(0), torch.zeros(0)).item() == 0


class TestConfidence:
    logits = torch.tensor([[0.7, 0.2, 0.1], [1 / 3, 1 / 3, 1 / 3], [1 - 2e-9, 1e-9, 1e-9]], dtype=torch.float64).log()

    def test_probability(self) -> None:
        assert confidence(self.logits, "probability").tolist() == pytest.approx([0.7, 1 / 3, 1])

    def test_margin(self) -> None:
        assert confidence(self.logits, "margin").tolist() == pytest.approx([0.5, 0, 1])

    def test_entropy(self) -> None:
        entropy = -sum(p * math.log(p) for p in (0.7, 0.2, 0.1))
        assert confidence(self.logits, "entropy").tolist() == pytest.approx([1 - entropy / math.log(3), 0, 1], abs=1e-6)


def say(course: Course, step: Step, right: np.ndarray) -> Step:
    """Return the step with logits that are right where told, by row of the training split."""
    label = step.batch.label.clamp(min=0)
    answer = torch.where(torch.from_numpy(right)[torch.from_numpy(step.rows)], label, (label + 1) % 3)
    return replace(
        step, output=Output(torch.nn.functional.one_hot(answer, 3).float() * (1 + step.batch.speaker)[..., None])
    )


class TestCounts:
    def test_each_utterance_is_counted_under_its_own_row_whatever_the_order(self, splits: DataSplits) -> None:
        course = course_of(Toy(), splits)
        companion, rows = Crl().companion(course), len(course.train)
        expected = np.zeros(rows, np.int64)
        for epoch, batches in enumerate(([[0, 1, 2], [3, 4, 5, 6, 7]], [[7, 2], [5, 0], [1, 6], [4, 3]], [[3, 1]]), 1):
            right = np.arange(rows) % (epoch + 1) == 0
            companion.before_epoch(epoch)
            seen = np.isin(course.train.dialogue, np.concatenate(batches))
            for batch in batches:
                companion.loss(say(course, step_of(course, batch), right))
            expected += right & seen & (course.train.label >= 0)
        assert companion.right.tolist() == expected.tolist()

    def test_ease_is_the_count_less_the_least_over_the_epochs_seen(self, splits: DataSplits) -> None:
        course = course_of(Toy(), splits)
        companion = Crl().companion(course)
        known = np.flatnonzero(course.train.label >= 0)
        companion.right[known] = np.resize([1, 2, 4], len(known))
        companion.before_epoch(5)
        # Four epochs seen, the least count is 1; what has no label, and count 0, is not the least.
        assert companion.ease()[known].tolist() == pytest.approx(np.resize([0, 1 / 3, 1], len(known)).tolist())

    def test_always_right_everywhere_is_no_division_by_zero(self, splits: DataSplits) -> None:
        companion = Crl().companion(course_of(Toy(), splits))
        companion.right[:] = 3
        companion.before_epoch(4)
        assert not companion.ease().any()

    def test_the_first_epoch_has_no_ranking_loss_and_the_second_has(self, splits: DataSplits) -> None:
        course = course_of(Toy(), splits)
        companion = Crl(weight=2.0).companion(course)
        right = np.arange(len(course.train)) % 2 == 0
        companion.before_epoch(1)
        first = [companion.loss(say(course, step_of(course, batch), right)) for batch in ([0, 1, 2, 3], [4, 5, 6, 7])]
        assert [loss.item() for loss in first if loss is not None] == [0, 0]
        companion.before_epoch(2)
        step = say(course, step_of(course), right)
        loss = companion.loss(step)
        known = step.batch.label >= 0
        kappa = torch.softmax(step.output.logits[known], dim=-1).amax(dim=-1).tolist()
        ease = [float(right[row]) for row in np.flatnonzero(course.train.label >= 0)]
        assert loss is not None
        assert loss.item() == pytest.approx(2 * literal_ranking(kappa, ease), rel=1e-5)
        assert loss.item() > 0

    def test_a_second_pass_of_a_step_is_not_counted_and_ranks_alike(self, splits: DataSplits) -> None:
        course = course_of(Toy(), splits)
        companion = Crl().companion(course)
        companion.right[::3] = 1
        companion.before_epoch(2)
        step = say(course, step_of(course), np.ones(len(course.train), bool))
        first = companion.loss(step)
        counts = companion.right.copy()
        second = companion.loss(replace(step, again=True))
        assert np.array_equal(companion.right, counts)
        assert first is not None
        assert second is not None
        assert second.item() == first.item() > 0

    def test_a_step_without_labels_is_nothing(self, splits: DataSplits) -> None:
        course = course_of(Toy(), splits)
        companion, step = Crl().companion(course), step_of(course)
        unknown = replace(step, batch=replace(step.batch, label=torch.full_like(step.batch.label, -1)))
        loss = companion.loss(unknown)
        assert loss is not None
        assert loss.item() == 0
        assert not companion.right.any()


class TestTraining:
    @pytest.mark.parametrize("others", [(), (Fmfp(),), (Cmerc(rate=1, contrastive=False, constraint=False),)])
    def test_every_epoch_counts_once(
        self, others: tuple[Fmfp | Cmerc, ...], splits: DataSplits, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made: list[CrlCompanion] = []
        make = Crl.companion

        def kept(crl: Crl, course: Course) -> CrlCompanion:
            companion = make(crl, course)
            assert isinstance(companion, CrlCompanion)
            made.append(companion)
            return companion

        monkeypatch.setattr(Crl, "companion", kept)
        # So large a rate that every utterance of the largest class is right before long.
        training = TrainingOptions(epochs=4, batch_dialogues=3, learning_rate=0.1, patience=9)
        fit(Toy(training=training), splits, Crl(), *others)
        assert len(made) == 1
        assert made[0].epochs_seen == 3
        assert 0 < made[0].right.max() <= 4
        assert not made[0].right[splits.train.label < 0].any()

    def test_without_weight_it_is_plain_training_and_with_it_is_not(self, splits: DataSplits) -> None:
        recipe = Toy(dropout=0.3)
        methods = (Crl(weight=0), Crl(), Crl(confidence="margin"), Crl(confidence="entropy"))
        plain, without, *found = (fit(recipe, splits), *(fit(recipe, splits, method) for method in methods))
        assert weights(without) == weights(plain)
        assert without.record.epochs == plain.record.epochs
        # The first epoch ranks nothing; every kind of confidence leads elsewhere after it.
        firsts, lasts = ({model.record.epochs[place].train_loss for model in (plain, *found)} for place in (0, -1))
        assert (len(firsts), len(lasts)) == (1, 4)

    def test_the_weight_is_one_by_default(self) -> None:
        assert PLUGIN is Crl
        assert (Crl().weight, Crl().confidence) == (1.0, "probability")
