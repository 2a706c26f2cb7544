"""Deep ensembles: the mean of members that differ."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pytest

from emobench.baselines.base import Epoch, FitContext, FittedModel, State, TrainingRecord
from emobench.baselines.methods.ensemble import PLUGIN, Ensemble, EnsembleOf, FittedEnsemble
from emobench.benchmark.conversations import Conversations, DataSplits
from emobench.benchmark.errors import DataError, NotApplicable, SpecError
from emobench.benchmark.models import make_model
from emobench.benchmark.predictions import Predictions
from emobench.benchmark.training.network_model import NetworkModel
from tests.baselines.methods.toy import Toy

TOY = Toy()
NOTHING = TrainingRecord()


@dataclass(frozen=True, eq=False)
class Says:
    """A fitted model that says the same of every row."""

    p: tuple[float, ...]
    leans: Mapping[str, float]
    record: TrainingRecord = NOTHING

    def predict(self, conversations: Conversations) -> Predictions:
        rows = len(conversations)
        return Predictions(
            probabilities=np.tile(self.p, (rows, 1)),
            modality_weights={name: np.full(rows, lean) for name, lean in self.leans.items()},
        )

    def state(self) -> State:
        return State({}, {})


def ensemble(splits: DataSplits, *, seed: int = 0, recipe: Toy = TOY, members: int = 3) -> FittedEnsemble:
    context = FitContext(seed=seed, monitor=splits.test)
    return EnsembleOf(recipe, members).fit(splits.train, splits.validation, context=context)


@pytest.fixture
def fitted(small_splits: DataSplits) -> FittedEnsemble:
    return ensemble(small_splits)


class TestPrediction:
    def test_is_the_mean_of_the_probabilities_and_weights(self, small_splits: DataSplits) -> None:
        both = FittedEnsemble(
            (Says((0.9, 0.1, 0.0), {"text": 0.5, "audio": 0.5}), Says((0.2, 0.4, 0.4), {"text": 0.1, "audio": 0.9}))
        )
        said = both.predict(small_splits.test)
        assert said.probabilities[3] == pytest.approx([0.55, 0.25, 0.2])
        assert {name: rows[0] for name, rows in said.modality_weights.items()} == pytest.approx(
            {"text": 0.3, "audio": 0.7}
        )

    def test_of_the_members_that_were_fitted(self, fitted: FittedEnsemble, small_splits: DataSplits) -> None:
        members = [member.predict(small_splits.test).probabilities for member in fitted.members]
        assert len(members) == 3
        assert fitted.predict(small_splits.test).probabilities == pytest.approx(sum(members) / 3, abs=1e-12)


class TestMembers:
    def test_differ_from_each_other_and_between_seeds_and_from_the_single_model(
        self, fitted: FittedEnsemble, small_splits: DataSplits
    ) -> None:
        alone = TOY.fit(small_splits.train, small_splits.validation, context=FitContext(seed=0))
        members: list[FittedModel] = [alone, *fitted.members, *ensemble(small_splits, seed=1).members]
        assert len({member.state().arrays["last.weight"].tobytes() for member in members}) == 7

    def test_are_the_same_for_the_same_seed_and_do_not_depend_on_how_many(
        self, fitted: FittedEnsemble, small_splits: DataSplits
    ) -> None:
        first, second = (
            [member.state().arrays["last.weight"].tobytes() for member in one.members]
            for one in (fitted, ensemble(small_splits, members=2))
        )
        assert first[:2] == second

    def test_progress_says_which_member(self, small_splits: DataSplits) -> None:
        told: list[str] = []
        context = FitContext(seed=0, progress=lambda what, done, total: told.append(what))
        EnsembleOf(TOY, 2).fit(small_splits.train, small_splits.validation, context=context)
        assert list(dict.fromkeys(told)) == [f"member {n} of 2, training, epoch" for n in (1, 2)]

    def test_honour_a_pairwise_mask_all_or_none_does(self, small_splits: DataSplits) -> None:
        honours, not_at_all = (
            replace(TOY, links=links).fit(small_splits.train, small_splits.validation, context=FitContext(seed=0))
            for links in (True, False)
        )
        assert FittedEnsemble((honours, honours)).honours_links
        assert not FittedEnsemble((honours, not_at_all)).honours_links
        assert not FittedEnsemble((honours, Says((1.0, 0.0, 0.0), {}))).honours_links


class TestGradients:
    def test_against_finite_differences(self, fitted: FittedEnsemble, small_splits: DataSplits) -> None:
        test = small_splits.test
        slopes = np.random.default_rng(0).normal(size=(len(test), 3))
        found = fitted.feature_gradients(test, slopes)

        def value(moved: Conversations) -> float:
            return float((slopes * np.log(fitted.predict(moved).probabilities)).sum())

        for modality, row, column in (("text", 0, 1), ("audio", 4, 2), ("video", 11, 5)):
            step = np.zeros_like(test.features[modality])
            step[row, column] = 1e-2
            up, down = (test.with_modalities(features={modality: test.features[modality] + s}) for s in (step, -step))
            assert found[modality][row, column] == pytest.approx((value(up) - value(down)) / 2e-2, rel=0.02, abs=1e-4)

    def test_of_the_loss(self, fitted: FittedEnsemble, small_splits: DataSplits) -> None:
        test = small_splits.test
        slopes = -np.eye(3)[test.label]
        expected = fitted.feature_gradients(test, slopes)
        for modality, gradient in fitted.loss_gradients(test).items():
            assert np.array_equal(gradient, expected[modality])
            assert gradient.dtype == np.float32

    def test_of_a_member_without_any(self, fitted: FittedEnsemble, small_splits: DataSplits) -> None:
        mixed = FittedEnsemble((fitted.members[0], Says((0.5, 0.5, 0.0), {})))
        with pytest.raises(NotApplicable, match=r"^the members of the ensemble have no gradients$"):
            mixed.loss_gradients(small_splits.test)


class TestRecord:
    def test_holds_the_mean_scores_of_a_member(self, fitted: FittedEnsemble) -> None:
        record, members = fitted.record, [member.record for member in fitted.members]
        assert record.notes["members"] == 3
        assert record.parameters == sum(member.parameters for member in members)
        for split in ("validation", "test"):
            scores = [getattr(m.epochs[(m.chosen_epoch or 0) - 1], split)["weighted_f1"] for m in members]
            assert record.notes[f"{split} weighted_f1 of a member, mean"] == pytest.approx(np.mean(scores))
        optimism = [member.selection_optimism for member in members]
        assert record.notes["selection optimism of a member, mean"] == pytest.approx(np.mean(optimism))  # type: ignore[arg-type]  # scored on test
        assert (record.epochs, record.chosen_epoch, record.selection_optimism) == ((), None, None)

    def test_is_silent_about_what_is_not_known(self) -> None:
        chosen = TrainingRecord(
            epochs=(Epoch(1, 0.0, validation={"weighted_f1": 0.5}, test={}),), chosen_epoch=1, selection="test"
        )
        both = FittedEnsemble((Says((1.0,), {}, chosen), Says((1.0,), {}, chosen)))
        assert both.record.notes == {"members": 2, "validation weighted_f1 of a member, mean": 0.5}
        assert both.record.selection == "test"
        bare = FittedEnsemble((Says((1.0,), {}), Says((1.0,), {})))
        assert bare.record.notes == {"members": 2}


def test_it_comes_back_with_the_same_bits(fitted: FittedEnsemble, small_splits: DataSplits) -> None:
    restored = EnsembleOf(TOY, 3).restore(fitted.state())
    assert np.array_equal(
        restored.predict(small_splits.test).probabilities, fitted.predict(small_splits.test).probabilities
    )
    assert {name.partition("/")[0] for name in fitted.state().arrays} == {"0", "1", "2"}


class TestAppliedTo:
    def test_five_members_by_default(self) -> None:
        assert PLUGIN is Ensemble
        made = Ensemble().applied_to(TOY, text="toy+ensemble")
        assert isinstance(made, EnsembleOf)
        assert made.members == 5
        assert not made.deterministic

    def test_a_model_that_is_always_the_same_is_refused(self) -> None:
        @dataclass(frozen=True)
        class Always(Toy):
            deterministic: ClassVar[bool] = True

        with pytest.raises(SpecError) as caught:
            Ensemble().applied_to(Always(), text="always:x=1+ensemble")
        assert str(caught.value) == (
            "ensemble: expected a model that differs from seed to seed, got always:x=1, which is always the same; "
            "leave out +ensemble"
        )

    @pytest.mark.parametrize("members", [1, 101])
    def test_one_member_is_no_ensemble(self, members: int) -> None:
        with pytest.raises(SpecError, match=r"ensemble: .*members"):
            make_model(f"rage_fusion+ensemble:members={members}")


def test_everything_together_trains(small_splits: DataSplits) -> None:
    text = "rage_fusion:epochs=2,width=8+cmerc:rate=0.4+crl+cml+fmfp:averaging=0.5+ensemble:members=2+temperature"
    model = make_model(text)
    fitted = model.fit(small_splits.train, small_splits.validation, context=FitContext(seed=0))
    p = fitted.predict(small_splits.test).probabilities
    assert np.allclose(p.sum(axis=1), 1)
    hidden = small_splits.test.change(label=np.full(len(small_splits.test), -1))
    assert np.array_equal(fitted.predict(hidden).probabilities, p)
    assert fitted.record.notes["members"] == 2
    assert any(name.startswith("calibrator 1") for name in fitted.record.notes)
    again = model.fit(small_splits.train, small_splits.validation, context=FitContext(seed=0))
    assert np.array_equal(again.predict(small_splits.test).probabilities, p)
    assert np.array_equal(model.restore(fitted.state()).predict(small_splits.test).probabilities, p)
    members = fitted.fitted.members  # type: ignore[attr-defined]  # an ensemble with a calibrator
    for member in members:
        assert isinstance(member, NetworkModel)
        assert member.record.notes["fmfp epochs averaged"] == 1
        assert "cmerc difficulty, median" in member.record.notes


def test_the_state_of_another_model_is_refused_in_one_line() -> None:
    for settings in ({"task": {}}, {"members": [{}, {}]}):
        with pytest.raises(DataError, match=r"^expected a stored model of 3 members, got \['\w+'\]; train it again$"):
            EnsembleOf(TOY, 3).restore(State({}, settings))
