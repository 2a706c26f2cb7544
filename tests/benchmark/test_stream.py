"""Dialogues turn by turn: taken apart, put together, and followed by models that keep nothing."""

from dataclasses import replace

import numpy as np
import pytest

from emobench.baselines.base import Session, State, TrainingRecord
from emobench.benchmark.conditions import expand
from emobench.benchmark.context import Context
from emobench.benchmark.conversations import Conversations
from emobench.benchmark.errors import DataError, NotApplicable
from emobench.benchmark.models import make_model
from emobench.benchmark.predictions import Predictions
from emobench.benchmark.registry import DATASETS, make
from emobench.benchmark.stream import Recomputing, joined, session_of, turns_of
from emobench.benchmark.trace import Trace
from emobench.protocols.base import DataFacts, FeatureStatistics
from tests.conftest import CLASSES, conversations


class LastWord:
    """A fitted model that says class 1 at the last turn of a dialogue, and class 0 before."""

    record = TrainingRecord()

    def __init__(self) -> None:
        """Remember what was asked."""
        self.asked: list[Conversations] = []

    def predict(self, conversations: Conversations) -> Predictions:
        """Return one row each; declines dialogues that begin with 9."""
        if conversations.features["text"][-1, 0] == 9:
            raise NotApplicable("not nine")
        self.asked.append(conversations)
        last = conversations.turn == np.diff(conversations.starts)[conversations.dialogue] - 1
        share = np.linspace(0.1, 0.2, len(conversations))
        return Predictions(np.eye(3)[last.astype(np.int64)], {"text": share, "audio": 1 - share})

    def state(self) -> State:
        """Return nothing."""
        return State({}, {})


def rich() -> Conversations:
    """Return two dialogues with everything that conversations can have but links."""
    made = conversations(lengths=(3, 4))
    flags = np.arange(7) % 3 > 0
    return made.change(
        observed={**made.observed, "audio": flags},
        present={**made.present, "audio": ~flags},
        concealed={"text": made.features["text"] > 0},
        transcripts=tuple(f"word {row}" for row in range(7)),
        speaker=np.array([0, 1, 0, 2, 0, 1, 2]),
    )


def assert_same(one: Conversations, other: Conversations) -> None:
    for name in ("features", "observed", "present", "concealed"):
        first, second = getattr(one, name), getattr(other, name)
        assert list(first) == list(second)
        assert all(np.array_equal(first[modality], second[modality]) for modality in first)
    for name in ("dialogue", "speaker", "label", "target"):
        assert np.array_equal(getattr(one, name), getattr(other, name))
    for name in ("data", "split", "classes", "utterance_ids", "dialogue_ids", "transcripts"):
        assert getattr(one, name) == getattr(other, name)


class TestTurns:
    def test_a_dialogue_taken_apart_and_joined_is_as_it_was(self) -> None:
        for place in (0, 1):
            turns = turns_of(rich(), place)
            assert [len(turn) for turn in turns] == [1] * len(turns)
            assert all(turn.target.tolist() == [0] for turn in turns)
            assert_same(joined(turns), rich().take_dialogues([place]))

    def test_speakers_are_those_of_the_whole_dialogue(self) -> None:
        assert [turn.speaker.tolist() for turn in turns_of(rich(), 1)] == [[2], [0], [1], [2]]

    def test_what_is_concealed_at_one_turn_is_not_at_the_others(self) -> None:
        first, second, *_ = turns_of(rich(), 0)
        both = joined([first.change(concealed={}), second])
        assert not both.concealed["text"][0].any()
        assert np.array_equal(both.concealed["text"][1:], second.concealed["text"])
        assert not joined([first.change(concealed={})]).concealed

    def test_without_all_words_there_are_none(self) -> None:
        first, second, *_ = turns_of(rich(), 0)
        assert joined([first, second.change(transcripts=None)]).transcripts is None


class TestTraces:
    @pytest.mark.parametrize(
        "text",
        ["noise:snr_db=0", "occlusion:fraction=0.5", "misalignment:modality=audio,shift=1", "turn_loss:rate=0.5"],
    )
    def test_what_stresses_did_stays_known(self, text: str) -> None:
        data = make(DATASETS, "simulated:train=4,validation=2,test=3,turns=5/7").load()
        (condition, *_) = expand(text, DataFacts.of(data.test)).conditions
        stressed = condition.apply(data.test, seed=0, training=FeatureStatistics.of(data.train))
        one = stressed.take_dialogues([0])
        again = joined(turns_of(stressed, 0)).trace
        assert (again.unknown, again.attacked) == (one.trace.unknown, one.trace.attacked)
        assert again.turn is not None
        assert np.array_equal(again.turn, one.recorded_turn())
        for name in ("hidden", "source"):
            before, after = getattr(one.trace, name), getattr(again, name)
            assert list(before) == list(after)
            assert all(np.array_equal(before[modality], after[modality]) for modality in before)
        for modality, layers in one.trace.noise.items():
            for before, after in zip(layers, again.noise[modality], strict=True):
                assert np.array_equal(before.hit, after.hit)
                assert np.array_equal(before.variance, after.variance)

    def test_turns_that_were_not_stressed_alike_have_no_known_likelihood(self) -> None:
        first, second, *_ = turns_of(conversations(lengths=(2,)), 0)
        attacked = second.change(trace=replace(second.trace, attacked=frozenset({"text"})))
        assert joined([first, attacked]).trace.unknown == "its turns were not stressed alike"

    def test_turns_made_by_hand_are_in_the_order_in_which_they_come(self) -> None:
        first, second, *_ = (turn.change(trace=Trace()) for turn in turns_of(rich(), 0))
        assert joined([first, second]).trace.turn is None
        assert joined([first, second]).recorded_turn().tolist() == [0, 1]


class TestRecomputing:
    def test_each_turn_is_answered_from_the_dialogue_so_far(self) -> None:
        model = LastWord()
        session = session_of(model, rich())
        assert isinstance(session, Session)
        answers = [session.feed(turn) for turn in turns_of(rich(), 1)]
        assert [len(asked) for asked in model.asked] == [1, 2, 3, 4]
        assert_same(model.asked[-1], rich().take_dialogues([1]))
        assert np.array_equal(np.concatenate([one.probabilities for one in answers]), np.eye(3)[[1, 1, 1, 1]])
        assert [one.modality_weights["text"].tolist() for one in answers] == [[0.1], [0.2], [0.2], [0.2]]

    def test_sessions_know_nothing_of_each_other(self) -> None:
        model = LastWord()
        first, second = session_of(model, rich()), session_of(model, rich())
        for turn in turns_of(rich(), 0):
            first.feed(turn)
        second.feed(turns_of(rich(), 1)[0])
        assert [len(asked) for asked in model.asked] == [1, 2, 3, 1]

    def test_a_turn_that_the_model_declines_is_not_part_of_the_dialogue(self) -> None:
        model = LastWord()
        session = session_of(model, rich())
        first, second, *_ = turns_of(rich(), 0)
        session.feed(first)
        nine = second.with_modalities(features={"text": np.full((1, 4), 9, np.float32)})
        with pytest.raises(NotApplicable, match="not nine"):
            session.feed(nine)
        session.feed(second)
        assert model.asked[-1].utterance_ids == ("test_0", "test_1")

    def test_the_exact_posterior_filters(self) -> None:
        clean = make(DATASETS, "simulated:train=4,validation=2,test=3,turns=5/7").load().test
        exact = make_model("bayes_optimal").restore(State({}, {}))
        *_, last = (session.feed(turn) for session in [session_of(exact, clean)] for turn in turns_of(clean, 0))
        whole = exact.predict(clean.take_dialogues([0]))
        assert np.allclose(last.probabilities, whole.probabilities[-1:], atol=1e-12)


class TestBadTurns:
    @pytest.mark.parametrize(
        ("turn", "words"),
        [
            (
                conversations(lengths=(2,)),
                r"expected one turn, one dialogue of one row, got 2 rows in 1 dialogue of small",
            ),
            (conversations(lengths=(1, 1)), r"got 2 rows in 2 dialogues of small; feed one row at a time"),
            (conversations(lengths=(1,)).change(links=Context("past")), "without a pairwise mask.*type mode=strict"),
            (conversations(lengths=(1,), modalities=("text",)), r"expected turns like small, with .*got \{'text': 4\}"),
            (conversations(lengths=(1,)).change(classes=(*CLASSES, "fear")), "got .* and neutral, joy, anger, fear"),
        ],
    )
    def test_one_line_says_what_was_expected(self, turn: Conversations, words: str) -> None:
        session = Recomputing(LastWord(), rich())
        with pytest.raises(DataError, match=words) as caught:
            session.feed(turn)
        assert "\n" not in str(caught.value)
        assert session.turns == []
