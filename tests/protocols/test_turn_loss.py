"""Turns go missing from the context; what is predicted is always there."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest

from emobench.benchmark.conditions import expand
from emobench.benchmark.conversations import Conversations
from emobench.benchmark.errors import NotApplicable, SpecError
from emobench.benchmark.randomness import Randomness
from emobench.benchmark.realised import realised_under
from emobench.protocols.base import DataFacts

Make = Callable[..., Conversations]
THREE = DataFacts(("text", "audio", "video"), speakers=2, turns=40)


def stress(text: str, clean: Conversations, *, seed: int = 0, draw: int = 0) -> Conversations:
    (condition,) = expand(text, THREE).conditions
    return condition.apply(clean, seed=seed, training={}, draw=draw)


def lost_in(after: Conversations, clean: Conversations) -> np.ndarray:
    """Return which utterances nobody else sees."""
    seen = np.zeros(len(clean), bool)
    seen[[clean.utterance_ids.index(after.utterance_ids[row]) for row in np.flatnonzero(after.target < 0)]] = True
    together = np.diff(after.starts)[after.dialogue] > 1
    shared = np.bincount(after.dialogue, after.target >= 0)[after.dialogue] > 1
    seen[after.target[(after.target >= 0) & together & shared]] = True
    return ~seen


@pytest.mark.parametrize("draw", [0, 2])
def test_the_same_turns_are_lost_to_everybody_and_a_second_implementation_can_tell_which(
    small: Make, draw: int
) -> None:
    clean = small(lengths=(9, 5, 12))
    after = stress("turn_loss:rate=0.4", clean, seed=3, draw=draw)
    for name, (first, end) in zip(clean.dialogue_ids, pairwise(clean.starts.tolist()), strict=True):
        purpose = ("stress", "0", "turn_loss", *(("draw", str(draw)) if draw else ()), name)
        lost = np.random.default_rng(Randomness(3, purpose).integer()).random(end - first) < 0.4
        for target in range(first, end):
            row = int(np.flatnonzero(after.target == target)[0])
            turns = after.recorded_turn()[after.dialogue == after.dialogue[row]]
            expected = ~lost
            expected[target - first] = True
            assert turns.tolist() == np.flatnonzero(expected).tolist()
        parts = after.dialogue_ids.count(name)
        assert parts == lost.sum() + (not lost.all()), "those that were kept share a sub-dialogue"


def test_nothing_lost_is_the_dialogue_itself(small: Make) -> None:
    clean = small()
    after = stress("turn_loss:rate=0", clean)
    assert np.array_equal(after.target, clean.target)
    assert np.array_equal(after.dialogue, clean.dialogue)
    assert np.array_equal(after.features["audio"], clean.features["audio"])


def test_all_lost_leaves_each_target_alone(small: Make) -> None:
    after = stress("turn_loss:rate=1", small(lengths=(3, 4)))
    assert after.target.tolist() == list(range(7))
    assert after.dialogues == 7


@pytest.mark.parametrize("pattern", ["independent", "burst"])
def test_a_higher_rate_loses_a_superset(small: Make, pattern: str) -> None:
    clean = small(lengths=(20,) * 10)
    lost = [lost_in(stress(f"turn_loss:pattern={pattern},rate={rate}", clean), clean) for rate in (0.1, 0.3, 0.5, 0.7)]
    for milder, harder in pairwise(lost):
        assert (harder | ~milder).all()
        assert (harder & ~milder).any()


@pytest.mark.parametrize("pattern", ["independent", "burst"])
def test_the_share_that_is_left_is_what_the_rate_says(small: Make, pattern: str) -> None:
    clean = small(lengths=(30,) * 100, modalities=("text",))
    realised = realised_under(clean, stress(f"turn_loss:pattern={pattern},rate=0.3", clean))
    # Bursts of 4 leave about 100 · 30 / 8 independent turns: a standard error of √(.21 / 375) = .024.
    assert realised["context"] == pytest.approx(0.7, abs=3 * 0.024)


def test_who_spoke_in_the_gaps_is_known(small: Make) -> None:
    clean = small(lengths=(6, 3))
    after = stress("turn_loss:rate=0.5", clean)
    assert after.trace.speakers is not None
    for name, speakers in zip(after.dialogue_ids, after.trace.speakers, strict=True):
        assert np.array_equal(speakers, clean.speaker[clean.dialogue == clean.dialogue_ids.index(name)])
    assert after.trace.unknown == ""


def test_the_ladder_is_as_long_as_the_bursts_allow() -> None:
    def rates(text: str) -> list[str]:
        return [condition.record().rung for condition in expand(text, THREE).conditions]

    assert rates("turn_loss") == ["0.1", "0.3", "0.5", "0.7"]
    assert rates("turn_loss:pattern=burst") == ["0.1", "0.3", "0.5", "0.7"]
    assert rates("turn_loss:burst=1,pattern=burst") == ["0.1", "0.3", "0.5"]
    record = expand("turn_loss:rate=0.3", THREE).conditions[0].record()
    assert (record.family, record.severity, record.random, record.unknown) == ("turn_loss:rate=*", 0.3, True, "")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("turn_loss:burst=2,rate=0.3", "turn_loss: burst=2 needs pattern=burst"),
        (
            "turn_loss:burst=2,pattern=burst,rate=0.9",
            "turn_loss: off periods of 2 turns allow a rate up to 0.667, got 0.9; raise burst",
        ),
        (
            "turn_loss:pattern=dialogue,rate=0.3",
            "turn_loss: expected pattern to be independent | burst, got 'dialogue'",
        ),
        ("turn_loss:rate=1.5", "turn_loss: expected rate to be a number ≥ 0 and ≤ 1, got '1.5'"),
    ],
)
def test_contradictions_are_one_line(text: str, message: str) -> None:
    with pytest.raises(SpecError) as caught:
        expand(text, THREE)
    assert str(caught.value) == message


def test_single_turns_have_no_context_to_lose() -> None:
    with pytest.raises(NotApplicable, match="turn_loss: every dialogue has a single turn, so there is no context"):
        expand("turn_loss", DataFacts(("text",), speakers=1, turns=1))


def test_it_repeats_dialogues_so_nothing_random_may_follow() -> None:
    with pytest.raises(SpecError, match="repeats dialogues"):
        expand("turn_loss:rate=0.3+order:rate=0.5", THREE)
    assert expand("order:rate=0.5+turn_loss:rate=0.3", THREE).conditions
