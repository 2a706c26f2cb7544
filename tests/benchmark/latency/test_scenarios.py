from collections.abc import Callable

import numpy as np
import pytest

from emobench.baselines.base import FitContext, Session
from emobench.baselines.prior import FittedPrior, Prior
from emobench.baselines.sessions import EachTurnByItself
from emobench.benchmark.conversations import Conversations, DataSplits
from emobench.benchmark.errors import NotApplicable
from emobench.benchmark.latency.record import ANY_CONTEXT, Cell, Scenario
from emobench.benchmark.latency.scenarios import batches, drop_condition, so_far, without, workload
from emobench.benchmark.predictions import Predictions

Small = Callable[..., Conversations]


class Watched:
    """A model that keeps what it is asked; without state."""

    record = Prior().fit  # not asked for

    def __init__(self) -> None:
        self.asked: list[Conversations] = []

    def predict(self, conversations: Conversations) -> Predictions:
        self.asked.append(conversations)
        return Predictions(np.full((len(conversations), 3), 1 / 3))

    def state(self) -> None: ...


class Stateful(Watched):
    """The same with sessions; each is kept with what it was fed."""

    def __init__(self) -> None:
        super().__init__()
        self.fed: list[list[Conversations]] = []

    def session(self) -> Session:
        self.fed.append([])
        here = self.fed[-1]
        parent = self

        class Feeding:
            def feed(self, turn: Conversations) -> Predictions:
                here.append(turn)
                return parent.predict(turn)

        # Asked whether there is one, a model makes a session that is never fed.
        return Feeding()


def cell(scenario: Scenario, *, batch: int = 1, context: int = ANY_CONTEXT, dropped: str = "") -> Cell:
    return Cell(
        model="prior",
        data="small",
        scenario=scenario,
        device="cpu",
        dtype="float32",
        compiled="",
        threads=1,
        batch=batch,
        context=context,
        dropped=dropped,
        weights="trained",
    )


def test_a_dialogue_so_far_ends_with_the_utterance_that_is_wanted(small: Small) -> None:
    test = small(lengths=(3, 1, 5))
    asked = so_far(test, [6, 1])
    assert asked.utterance_ids == ("test_4", "test_5", "test_6", "test_0", "test_1")
    assert asked.dialogue.tolist() == [0, 0, 0, 1, 1]
    assert asked.dialogue_ids == ("test_dialogue_2", "test_dialogue_0")
    assert asked.target.tolist() == [0, 1, 2, 3, 4]
    np.testing.assert_array_equal(asked.features["text"], test.features["text"][[4, 5, 6, 0, 1]])


def test_single_asks_for_utterances_of_the_whole_split_in_random_order(small: Small) -> None:
    watched = Watched()
    work = workload(watched, small(lengths=(3, 1, 5)), cell("single"))
    assert len(work.units) == 9
    for (step,) in work.units:
        step.call()
    assert sorted(one.utterance_ids[-1] for one in watched.asked) == [f"test_{row}" for row in range(9)]
    assert [len(one) - 1 for one in watched.asked] == [step.turn for (step,) in work.units]
    assert [one.utterance_ids[-1] for one in watched.asked] != [f"test_{row}" for row in range(9)]
    assert not work.stateful


def test_single_asks_for_a_hundred_utterances_at_most(small: Small) -> None:
    work = workload(Watched(), small(lengths=(30,) * 5), cell("single"))
    assert len({one.utterance_ids[-1] for one in work.inputs}) == len(work.units) == 100


def test_a_context_asks_for_one_utterance_of_each_dialogue_that_is_long_enough(small: Small) -> None:
    work = workload(Watched(), small(lengths=(3, 1, 5)), cell("single", context=2))
    assert sorted(one.utterance_ids[-1] for one in work.inputs) == ["test_2", "test_6"]
    assert {step.turn for (step,) in work.units} == {2}


def test_a_context_that_no_dialogue_has_says_what_there_is(small: Small) -> None:
    with pytest.raises(NotApplicable, match=r"5 turns before another, got at most 4; type --context 4 or less"):
        workload(Watched(), small(lengths=(3, 1, 5)), cell("single", context=5))


def test_a_batch_holds_the_questions_of_single(small: Small) -> None:
    watched = Watched()
    test = small(lengths=(3, 1, 5))
    work = workload(watched, test, cell("batch", batch=4))
    assert [one.dialogues for one in work.inputs] == [4, 4]
    assert {step.turn for (step,) in work.units} == {-1}
    single = workload(watched, test, cell("batch", batch=1))
    assert [one.dialogues for one in single.inputs] == [1] * 9


def test_rows_come_again_where_a_batch_needs_more() -> None:
    assert batches(np.array([5, 7]), 5) == [[5, 7, 5, 7, 5]]
    assert batches(np.arange(100), 2) == [[2 * place, 2 * place + 1] for place in range(10)]


def test_a_stream_reads_the_dialogue_so_far_at_every_turn(small: Small) -> None:
    watched = Watched()
    work = workload(watched, small(lengths=(3, 1, 5)), cell("stream"))
    assert sorted(len(unit) for unit in work.units) == [1, 3, 5]
    longest = max(work.units, key=len)
    for step in longest:
        step.call()
    assert [one.utterance_ids[-1] for one in watched.asked] == [f"test_{row}" for row in range(4, 9)]
    assert [len(one) for one in watched.asked] == [1, 2, 3, 4, 5]
    assert [step.turn for step in longest] == [0, 1, 2, 3, 4]


def test_a_model_that_keeps_state_is_fed_turn_by_turn(small: Small) -> None:
    model = Stateful()
    work = workload(model, small(lengths=(3, 1, 5)), cell("stream"))
    assert work.stateful
    longest = max(work.units, key=len)
    model.fed.clear()
    for step in (*longest, *longest):
        step.call()
    first, second = model.fed
    assert [one.utterance_ids for one in first] == [(f"test_{row}",) for row in range(4, 9)]
    assert len(second) == 5
    assert [len(one) for one in work.inputs if one.utterance_ids[-1] == "test_8"] == [5]


def test_a_stream_ends_after_enough_turns(small: Small) -> None:
    work = workload(Watched(), small(lengths=(60,) * 10), cell("stream"))
    assert [len(unit) for unit in work.units] == [60] * 4


def test_what_is_dropped_is_told_as_the_stress_tells_it(small_splits: DataSplits) -> None:
    assert drop_condition(small_splits, "video/audio").text == "modality_drop:drop=audio/video"
    assert drop_condition(small_splits, "").text == "clean"
    test = without(small_splits, "audio")
    assert not test.observed["audio"].any()
    assert not test.features["audio"].any()
    assert test.observed["text"].all()
    assert without(small_splits, "") is small_splits.test


def test_a_modality_that_is_not_there_is_named(small_splits: DataSplits) -> None:
    with pytest.raises(NotApplicable, match="smell"):
        drop_condition(small_splits, "smell")


def test_the_prior_is_its_own_session(small_splits: DataSplits) -> None:
    fitted = Prior().fit(small_splits.train, small_splits.validation, context=FitContext(seed=0))
    assert isinstance(fitted, FittedPrior)
    assert isinstance(fitted.session(), EachTurnByItself)
