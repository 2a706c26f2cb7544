"""Each target sees exactly what is left of its dialogue, and equal remainders are there once."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emobench.benchmark.conditions import expand
from emobench.benchmark.context import Context
from emobench.benchmark.conversations import Conversations
from emobench.benchmark.errors import NotApplicable, SpecError
from emobench.benchmark.realised import realised_under
from emobench.protocols.base import DataFacts
from emobench.protocols.context_removal import ContextRemoval

Make = Callable[..., Conversations]
THREE = DataFacts(("text", "audio", "video"), speakers=3, turns=9)
CONTEXTS = ("context=intra", "context=inter", "context=all", "context=past", "context=future")
EVERY = (*CONTEXTS, "window=1", "window=2", "window=5")


def stress(text: str, clean: Conversations) -> Conversations:
    (condition,) = expand(text, THREE).conditions
    return condition.apply(clean, seed=0, training={})


def left_by_definition(text: str, turns: list[tuple[int, int]], of: int) -> set[int]:
    """Return which of the turns, each (turn as recorded, speaker), entry `of` keeps; written without arrays."""
    here, who = turns[of]
    name, _, value = text.partition("=")
    if name == "window":
        others = [entry for entry in range(len(turns)) if entry != of]
        others.sort(key=lambda entry: (abs(turns[entry][0] - here), turns[entry][0] > here))
        return {of, *others[: int(value)]}
    keeps: dict[str, Callable[[int, int], bool]] = {
        "intra": lambda turn, speaker: speaker != who,
        "inter": lambda turn, speaker: speaker == who,
        "all": lambda turn, speaker: False,
        "past": lambda turn, speaker: turn > here,
        "future": lambda turn, speaker: turn < here,
    }
    return {of, *(entry for entry, (turn, speaker) in enumerate(turns) if keeps[value](turn, speaker))}


def expected_of(text: str, before: Conversations) -> dict[int, tuple[str, ...]]:
    """Return by target the utterances that it should see, in order; each target by itself."""
    seen = {}
    for dialogue in range(before.dialogues):
        rows = range(before.starts[dialogue], before.starts[dialogue + 1])
        turns = [(int(before.recorded_turn()[row]), int(before.speaker[row])) for row in rows]
        for entry, row in enumerate(rows):
            if before.target[row] >= 0:
                left = sorted(left_by_definition(text, turns, entry))
                seen[int(before.target[row])] = tuple(before.utterance_ids[rows[place]] for place in left)
    return seen


def seen_in(after: Conversations) -> dict[int, tuple[str, ...]]:
    """Return by target the utterances that it sees, in order."""
    return {
        int(after.target[row]): tuple(np.array(after.utterance_ids)[after.dialogue == after.dialogue[row]].tolist())
        for row in np.flatnonzero(after.target >= 0)
    }


@pytest.mark.parametrize("text", EVERY)
def test_each_target_sees_what_the_definition_leaves_it(small: Make, text: str) -> None:
    @settings(max_examples=25, deadline=None)
    @given(st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=9), min_size=1, max_size=4))
    def check(dialogues: list[list[int]]) -> None:
        clean = small(lengths=tuple(map(len, dialogues)), modalities=("text",))
        clean = clean.change(speaker=np.concatenate([np.array(speakers, np.int64) for speakers in dialogues]))
        assert seen_in(stress(f"context_removal:{text}", clean)) == expected_of(text, clean)

    check()


@pytest.mark.parametrize("text", EVERY)
def test_so_it_does_where_turns_are_gone_or_there_for_context_only(small: Make, text: str) -> None:
    thinned = stress("turn_loss:rate=0.4", small(lengths=(7, 1, 9)))
    assert (thinned.target < 0).any()
    after = stress(f"context_removal:{text}", thinned)
    assert seen_in(after) == expected_of(text, thinned)
    both = expand(f"turn_loss:rate=0.4+context_removal:{text}", THREE).conditions[0]
    assert seen_in(both.apply(small(lengths=(7, 1, 9)), seed=0, training={})) == expected_of(text, thinned)


@pytest.mark.parametrize("text", EVERY)
def test_rows_keep_all_that_belongs_to_them(small: Make, text: str) -> None:
    clean = small(lengths=(6, 4))
    after = stress(f"context_removal:{text}", clean)
    row = np.array([clean.utterance_ids.index(name) for name in after.utterance_ids])
    for modality in clean.modalities:
        assert np.array_equal(after.features[modality], clean.features[modality][row])
        assert np.array_equal(after.observed[modality], clean.observed[modality][row])
    assert np.array_equal(after.speaker, clean.speaker[row])
    assert np.array_equal(after.label, clean.label[row])
    assert np.array_equal(after.recorded_turn(), clean.turn[row])
    read = after.target >= 0
    assert np.array_equal(after.target[read], row[read])
    assert after.trace.speakers is not None
    for dialogue, name in enumerate(after.dialogue_ids):
        whole = clean.dialogue == clean.dialogue_ids.index(name)
        assert np.array_equal(after.trace.speakers[dialogue], clean.speaker[whole]), "who spoke in the gaps is known"


@pytest.mark.parametrize("text", EVERY)
def test_there_are_no_more_sub_dialogues_and_rows_than_there_must_be(small: Make, text: str) -> None:
    clean = small(lengths=(9, 5, 1, 8)).change(speaker=np.arange(23) % 3)
    after = stress(f"context_removal:{text}", clean)
    remainders = expected_of(text, clean)
    assert after.dialogues == len(set(remainders.values())), "equal remainders are computed once"
    assert len(after) == sum(map(len, set(remainders.values())))
    assert len(after) <= sum(map(len, remainders.values()))
    for name, turns in zip(clean.dialogue_ids, (9, 5, 1, 8), strict=True):
        assert after.dialogue_ids.count(name) <= 3 + turns


def test_one_sub_dialogue_per_speaker_is_enough_without_the_others(small: Make) -> None:
    clean = small(lengths=(9,)).change(speaker=np.array([0, 1, 2, 0, 1, 0, 0, 2, 1]))
    after = stress("context_removal:context=inter", clean)
    assert np.diff(after.starts).tolist() == [4, 3, 2]
    assert after.target.tolist() == [0, 3, 5, 6, 1, 4, 8, 2, 7], "every row is read where it is"


def test_a_window_as_wide_as_the_dialogue_copies_nothing_twice(small: Make) -> None:
    clean = small(lengths=(4, 3))
    after = stress("context_removal:window=3", clean)
    assert np.array_equal(after.starts, clean.starts)
    assert np.array_equal(after.target, clean.target)


def test_before_the_next_turn_is_spoken_an_interface_has_the_past_only(small: Make) -> None:
    after = stress("context_removal:context=future", small(lengths=(3,)))
    assert after.utterance_ids == ("test_0", "test_0", "test_1", "test_0", "test_1", "test_2")
    assert after.target.tolist() == [0, -1, 1, -1, -1, 2]
    assert "online interface" in ContextRemoval.meaning


def test_monologues_without_the_speaker_are_single_turns(small: Make) -> None:
    monologue = small(lengths=(4, 2)).change(speaker=np.zeros(6, np.int64))
    intra, nothing = (stress(f"context_removal:context={context}", monologue) for context in ("intra", "all"))
    assert intra.utterance_ids == nothing.utterance_ids
    assert np.array_equal(intra.dialogue, nothing.dialogue)


def test_what_is_left_is_recorded(small: Make) -> None:
    clean = small(lengths=(5, 1))
    assert realised_under(clean, stress("context_removal:window=1", clean))["context"] == pytest.approx(1 / 4)
    assert realised_under(clean, stress("context_removal:context=future", clean))["context"] == pytest.approx(1 / 2)


@pytest.mark.parametrize("text", EVERY)
def test_the_graph_mode_sets_the_rule_and_touches_nothing_else(small: Make, text: str) -> None:
    clean = small()
    after = stress(f"context_removal:{text},mode=graph", clean)
    name, _, value = text.partition("=")
    assert after.links == (Context("distant", int(value)) if name == "window" else Context(value))  # type: ignore[arg-type]
    assert after.features is clean.features
    assert after.target is clean.target
    assert after.trace.turn is None
    assert "no exact posterior is defined for the graph mode" in after.trace.unknown


def test_the_ladder_goes_from_mild_to_severe() -> None:
    rungs = expand("context_removal", THREE).conditions
    assert [rung.text.partition(":")[2] for rung in rungs] == [
        *("context=intra", "context=inter", "context=all", "context=future"),
        *("window=5", "window=3", "window=1"),
    ]
    records = [rung.record() for rung in rungs]
    assert [record.severity for record in records] == [None] * 4 + [1 / 5, 1 / 3, 1.0]
    assert {record.family for record in records} == {"", "context_removal:window=*"}
    assert [record.rung for record in records][-3:] == ["5", "3", "1"]
    assert not any(rung.random or rung.unknown for rung in rungs)


def test_the_mode_goes_into_every_rung() -> None:
    rungs = expand("context_removal:mode=graph", THREE).conditions
    assert len(rungs) == 7
    assert all("mode=graph" in rung.text and rung.unknown for rung in rungs)
    assert [rung.record().removal for rung in rungs] == [
        "intra:graph",
        "inter:graph",
        "inter/intra:graph",
        "",
        "",
        "",
        "",
    ]


def test_only_intra_inter_and_both_are_removals() -> None:
    assert [ContextRemoval(context=context).removes() for context in ("intra", "inter", "all", "past", "future")] == [
        *("intra", "inter", "inter/intra"),
        *("", ""),
    ]
    assert ContextRemoval(window=1).removes() == ""


def test_a_window_has_one_spelling() -> None:
    for text in ("context_removal:window=3", "context_removal:context=distant,window=3"):
        (condition,) = expand(text, THREE).conditions
        assert condition.text == "context_removal:window=3"


def test_what_is_not_defined_for_the_data_is_skipped_and_named() -> None:
    monologues = expand("context_removal", DataFacts(("text",), speakers=1, turns=9))
    assert len(monologues.conditions) == 6
    assert monologues.skipped == {
        "context_removal:context=inter": (
            "context_removal: in monologues there are no other speakers; type context=intra"
        )
    }
    with pytest.raises(NotApplicable, match="context_removal: every dialogue has a single turn, so there is no"):
        expand("context_removal", DataFacts(("text",), speakers=1, turns=1))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("context_removal:window=0", "context_removal: expected a window from 1, got 0; type context=all"),
        ("context_removal:window=-2", "context_removal: expected a window from 1, got -2; type context=all"),
        (
            "context_removal:context=distant",
            "context_removal: context=distant needs a window; type context_removal:window=3",
        ),
        (
            "context_removal:context=past,window=4",
            "context_removal: expected context=distant with a window, got context=past; type context_removal:window=4",
        ),
        ("context_removal:window=two", "context_removal: expected window to be a whole number, got 'two'"),
        (
            "context_removal:context=inter,mode=graph+context_removal:window=2",
            "context_removal: a model takes one pairwise mask, and one before it has mode=graph; type mode=strict in "
            "the one before",
        ),
        (
            "context_removal:context=all+context_removal:window=2",
            "context_removal: context=all before it leaves no context; leave one of them out",
        ),
    ],
)
def test_contradictions_are_one_line(text: str, message: str) -> None:
    with pytest.raises(SpecError) as caught:
        expand(text, THREE)
    assert str(caught.value) == message


def test_a_second_mask_is_refused_where_no_chain_was_checked(small: Make) -> None:
    linked = small().change(links=Context("all"))
    for mode in ("mode=graph", "mode=strict"):
        with pytest.raises(SpecError, match="a model takes one pairwise mask"):
            stress(f"context_removal:context=inter,{mode}", linked)


def test_two_removals_leave_what_both_leave(small: Make) -> None:
    clean = small(lengths=(8,)).change(speaker=np.array([0, 1, 0, 0, 1, 1, 0, 1]))
    (both,) = expand("context_removal:context=future+context_removal:context=inter", THREE).conditions
    seen = seen_in(both.apply(clean, seed=0, training={}))
    future, inter = (expected_of(f"context={context}", clean) for context in ("future", "inter"))
    assert {target: set(rows) for target, rows in seen.items()} == {
        target: set(future[target]) & set(inter[target]) for target in range(8)
    }


def test_nothing_random_may_follow_for_copies_of_a_turn_would_differ() -> None:
    with pytest.raises(SpecError, match="repeats dialogues: each copy of a turn would be drawn anew"):
        expand("context_removal:context=intra+modality_drop:rate=0.5", THREE)
