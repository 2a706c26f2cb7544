"""Models that keep state answer the newest turn as if they had read the dialogue so far anew: exactly.

Networks are tried in double precision, where the two ways agree to 1e-10: they compute the same, so a difference would
be one of the equations. In single precision, in which models predict, they agree to 1e-6 in every probability: products
of one row and of many are summed in another order, which costs a few units of the last of 24 bits.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from emobench.baselines.base import FitContext, FittedModel, KeepsState, Session, State, TrainingRecord
from emobench.baselines.calibrated import FittedCalibrated
from emobench.baselines.methods.ensemble import FittedEnsemble
from emobench.benchmark.conversations import Conversations, DataSplits
from emobench.benchmark.errors import DataError
from emobench.benchmark.models import make_model
from emobench.benchmark.predictions import Predictions
from emobench.benchmark.stream import Recomputing, session_of, turns_of
from emobench.benchmark.training.batches import Batch, Output, make_batch
from emobench.benchmark.training.network_model import NetworkModel
from emobench.benchmark.training.recipe import Recipe
from emobench.benchmark.training.streams import Streams
from emobench.benchmark.training.task import Task
from tests.baselines.literal import shaken
from tests.baselines.streamed import Drawn, dialogue, first_turns
from tests.conftest import CLASSES, conversations

FORWARD = "dialogue_rnn:directions=forward,width=8,emotion_width=6"
SURE = "sure:iterations=0,width=8,heads=2"
NETWORKS = (
    f"{FORWARD},projection=5",
    f"{FORWARD},projection=5,listener=true",
    f"{FORWARD},projection=5,attention=false,mask_aware=false",
    f"{FORWARD},preset=paper,listener=true",
    f"{FORWARD},preset=paper_meld,attention=false,mask_aware=true",
    "rage_fusion:width=8",
    "rage_fusion:preset=paper,width=8",
    "sdt:width=8,heads=2",
    "sdt:width=8,heads=2,preset=paper",
    "sdt:width=8,heads=2,preset=paper_meld,mask_aware=true",
    SURE,
    f"{SURE},preset=paper",
    f"{SURE},preset=paper_meld,classifier=late,experts=0",
)
SOME = (NETWORKS[0], NETWORKS[3], NETWORKS[7])
every_network = pytest.mark.parametrize("text", NETWORKS)
drawn = st.builds(
    Drawn,
    turns=st.integers(1, 9),
    speakers=st.integers(1, 6),
    observed=st.sampled_from([0.0, 0.4, 1.0]),
    silent=st.sampled_from([0.0, 0.3, 0.9]),
    concealed=st.sampled_from([0.0, 0.5]),
    seed=st.integers(0, 10_000),
)
HARD = Drawn(turns=50, speakers=5, observed=0.7, silent=0.2, concealed=0.3)


@cache
def task() -> Task:
    return Task.of(conversations(lengths=(9, 9)))


def network(text: str) -> nn.Module:
    recipe = make_model(text)
    assert isinstance(recipe, Recipe)
    return shaken(lambda: recipe.network(task()))


@cache
def precise(text: str) -> nn.Module:
    return network(text).double()


def model(text: str) -> NetworkModel:
    return NetworkModel(network(text), task(), "cpu")


def double(conversations: Conversations) -> Batch:
    batch = make_batch(conversations, np.arange(conversations.dialogues), device="cpu")
    return replace(batch, features={name: rows.double() for name, rows in batch.features.items()})


def said(of: Output) -> torch.Tensor:
    """Return logits and modality weights, side by side."""
    return torch.cat([of.logits, *(weights.unsqueeze(-1) for weights in of.modality_weights.values())], dim=-1)


def some(turns: int) -> list[int]:
    """Return lengths of the dialogue so far: the first ones, where room is made for more, the whole."""
    return sorted({length for length in (1, 2, 17, turns) if length <= turns})


def fed(session: Session | None, one: Conversations) -> list[Predictions]:
    assert session is not None
    return [session.feed(turn) for turn in turns_of(one, 0)]


def probabilities(answers: list[Predictions]) -> np.ndarray:
    return np.concatenate([answer.probabilities for answer in answers])


def assert_network_is_exact(text: str, one: Conversations) -> None:
    made = precise(text)
    assert isinstance(made, Streams)
    step = made.stream()
    assert step is not None
    with torch.inference_mode():
        turns = torch.cat([said(step(double(turn)))[0] for turn in turns_of(one, 0)])
        for length in some(len(one)):
            whole = said(made(double(first_turns(one, length))))
            assert torch.allclose(turns[length - 1], whole[0, -1], rtol=0, atol=1e-10)


class TestInDoublePrecision:
    @every_network
    @settings(max_examples=5, derandomize=True, deadline=None)
    @given(drawn=drawn)
    def test_a_network_answers_as_in_the_dialogue_so_far(self, text: str, drawn: Drawn) -> None:
        assert_network_is_exact(text, dialogue(drawn))

    @every_network
    def test_after_fifty_turns(self, text: str) -> None:
        assert_network_is_exact(text, dialogue(HARD))


class TestInSinglePrecision:
    @every_network
    @pytest.mark.parametrize("turns", [1, 50])
    def test_a_session_says_what_the_dialogue_so_far_says(self, text: str, turns: int) -> None:
        one, made = dialogue(replace(HARD, turns=turns)), model(text)
        answers = probabilities(fed(made.session(), one))
        for length in some(turns):
            expected = made.predict(first_turns(one, length)).probabilities[-1]
            assert np.allclose(answers[length - 1], expected, rtol=0, atol=1e-6)

    def test_it_tells_the_weights_of_the_modalities_and_is_one_row(self) -> None:
        one, made = dialogue(Drawn(turns=3)), model("sdt:width=8,heads=2")
        *_, last = fed(made.session(), one)
        expected = made.predict(one).modality_weights
        assert last.probabilities.shape == (1, len(CLASSES))
        for name, weights in last.modality_weights.items():
            assert np.allclose(weights, expected[name][-1:], atol=1e-6)

    def test_turns_matter_to_those_that_follow(self) -> None:
        for text in SOME:
            one, made = dialogue(Drawn(turns=6)), model(text)
            (alone,) = fed(made.session(), turns_of(one, 0)[-1])
            assert not np.allclose(fed(made.session(), one)[-1].probabilities, alone.probabilities, atol=1e-3)


class TestSessions:
    def test_they_know_nothing_of_each_other(self) -> None:
        for text in SOME:
            made = model(text)
            first, second = (dialogue(Drawn(turns=5, seed=seed)) for seed in (1, 2))
            sessions = [session_of(made, first) for _ in range(2)]
            answers = [
                [session.feed(turn).probabilities for session, turn in zip(sessions, pair, strict=True)]
                for pair in zip(turns_of(first, 0), turns_of(second, 0), strict=True)
            ]
            for place, one in enumerate((first, second)):
                alone = probabilities(fed(made.session(), one))
                assert np.array_equal(np.concatenate([both[place] for both in answers]), alone)

    def test_what_an_earlier_answer_said_stays_as_it_was(self) -> None:
        for text in SOME:
            session = session_of(model(text), dialogue(Drawn(turns=1)))
            first, *rest = turns_of(dialogue(Drawn(turns=20)), 0)
            answer = session.feed(first)
            before = answer.probabilities.copy()
            for turn in rest:
                session.feed(turn)
            assert np.array_equal(answer.probabilities, before)

    @pytest.mark.parametrize("text", ["sdt:width=8,heads=2", "dialogue_rnn:width=8,emotion_width=6,projection=5"])
    def test_a_turn_that_is_refused_leaves_the_session_as_it_was(self, text: str) -> None:
        one, made = dialogue(Drawn(turns=5)), model(text)
        session = session_of(made, one)
        narrow = conversations(lengths=(1,), modalities=("text", "audio"))
        first = turns_of(one, 0)[0].change(concealed={})
        wide = first.with_modalities(features={"text": np.zeros((1, 9), np.float32)})
        answers = []
        for turn in turns_of(one, 0):
            for wrong, words in (
                (narrow, "got small with .*'audio': 5}|got .'text': 4, 'audio': 5. and"),
                (wide, "'text': 9"),
                (
                    one,
                    "one dialogue of one row, got 5 rows in 1 dialogue of small; feed one row at a time",
                ),
                (conversations(lengths=(1, 1)), "got 2 rows in 2 dialogues of small"),
            ):
                with pytest.raises(DataError, match=words) as caught:
                    session.feed(wrong)
                assert "\n" not in str(caught.value)
            answers.append(session.feed(turn))
        assert np.array_equal(probabilities(answers), probabilities(fed(session_of(made, one), one)))


class TestWhoKeepsState:
    @pytest.mark.parametrize(
        "text", ["dialogue_rnn", "dialogue_rnn:preset=paper", "sure", "sure:context=none", "mmgcn"]
    )
    def test_a_network_that_reads_backwards_says_no(self, text: str) -> None:
        recipe = make_model(text)
        assert isinstance(recipe, Recipe)
        made = NetworkModel(recipe.network(task()), task(), "cpu")
        assert isinstance(made, KeepsState)
        assert made.session() is None
        assert isinstance(session_of(made, dialogue(Drawn(turns=1))), Recomputing)

    @pytest.mark.parametrize("text", ["prior", "late_fusion:iterations=20"])
    def test_a_model_without_context_reads_each_turn_alone(self, small_splits: DataSplits, text: str) -> None:
        fitted = make_model(text).fit(small_splits.train, small_splits.validation, context=FitContext(seed=0))
        one = dialogue(replace(HARD, turns=8))
        assert isinstance(fitted, KeepsState)
        assert np.allclose(probabilities(fed(fitted.session(), one)), fitted.predict(one).probabilities, atol=1e-12)
        with pytest.raises(DataError, match="got 8 rows"):
            session_of(fitted, one).feed(one)

    @pytest.mark.parametrize("calibrator", ["temperature", "vector:per_mask=true", "isotonic:per_mask=true"])
    def test_calibrators_follow_turn_by_turn(self, small_splits: DataSplits, calibrator: str) -> None:
        text = f"late_fusion:iterations=20+{calibrator}"
        fitted = make_model(text).fit(small_splits.train, small_splits.validation, context=FitContext(seed=0))
        one = dialogue(replace(HARD, turns=30))
        assert isinstance(fitted, KeepsState)
        assert np.allclose(probabilities(fed(fitted.session(), one)), fitted.predict(one).probabilities, atol=1e-12)

    def test_an_ensemble_keeps_the_states_of_all_members(self) -> None:
        one = dialogue(Drawn(turns=6))
        ensemble = FittedEnsemble((model(NETWORKS[0]), model(NETWORKS[1])))
        got = fed(ensemble.session(), one)
        assert np.allclose(got[-1].probabilities, ensemble.predict(one).probabilities[-1:], atol=1e-6)

    @pytest.mark.parametrize("wrap", [lambda one: FittedCalibrated(one, ()), lambda one: FittedEnsemble((one, one))])
    def test_what_follows_a_model_passes_on_that_it_keeps_none(self, wrap: Callable[[FittedModel], KeepsState]) -> None:
        recipe = make_model("dialogue_rnn")
        assert isinstance(recipe, Recipe)
        for one in (Silent(), NetworkModel(recipe.network(task()), task(), "cpu")):
            wrapped = wrap(one)
            assert wrapped.session() is None


class Silent:
    """A fitted model that says nothing about state."""

    record = TrainingRecord()

    def predict(self, conversations: Conversations) -> Predictions:
        """Return the first class."""
        return Predictions(np.eye(len(conversations.classes))[np.zeros(len(conversations), np.int64)])

    def state(self) -> State:
        """Return nothing."""
        return State({}, {})
