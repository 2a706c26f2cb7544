"""Labels of speakers go wrong, and nothing else."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest

from emobench.benchmark.conditions import expand
from emobench.benchmark.conversations import Conversations
from emobench.benchmark.errors import NotApplicable, SpecError
from emobench.benchmark.randomness import Randomness
from emobench.protocols.base import DataFacts

Make = Callable[..., Conversations]
THREE = DataFacts(("text", "audio", "video"), speakers=3, turns=40)


def stress(text: str, clean: Conversations, seed: int = 0) -> Conversations:
    (condition,) = expand(text, THREE).conditions
    return condition.apply(clean, seed=seed, training={})


def spoken(make: Make, *dialogues: tuple[int, ...]) -> Conversations:
    """Make dialogues in which these speak."""
    made = make(lengths=tuple(map(len, dialogues)))
    return made.change(speaker=np.concatenate([np.array(speakers) for speakers in dialogues]))


def numbered_anew(labels: list[int]) -> list[int]:
    """Number labels in the order in which they come."""
    return [list(dict.fromkeys(labels)).index(label) for label in labels]


def of_each(conversations: Conversations) -> list[list[int]]:
    return [speakers.tolist() for speakers in np.split(conversations.speaker, conversations.starts[1:-1])]


def test_a_second_implementation_exchanges_the_same_labels(small: Make) -> None:
    clean = spoken(small, (0, 1, 2, 0, 1, 2, 1, 0, 0), (0, 1, 1, 1, 2), (0,))
    after = stress("speaker_confusion:kind=shuffled,rate=0.5", clean, seed=2)
    for name, speakers, found in zip(clean.dialogue_ids, of_each(clean), of_each(after), strict=True):
        purpose = ("stress", "0", "speaker_confusion:kind=shuffled", name)
        generator = np.random.default_rng(Randomness(2, purpose).integer())
        turns = len(speakers)
        hit, which = generator.random(turns) < 0.5, generator.random(turns)
        labels = list(speakers)
        for turn in range(turns):
            others = speakers[:turn] + speakers[turn + 1 :]
            if hit[turn] and others:
                labels[turn] = others[int(which[turn] * len(others))]
        assert found == (labels if labels == speakers else numbered_anew(labels))
    assert of_each(after) != of_each(clean)


def test_everything_else_stays(small: Make) -> None:
    clean = spoken(small, (0, 1, 0, 2), (1, 0, 2))
    for text in ("kind=shuffled,rate=1", "kind=merged", "kind=lost"):
        after = stress(f"speaker_confusion:{text}", clean)
        assert after.features is clean.features
        assert after.target is clean.target
        assert after.dialogue is clean.dialogue


def test_speakers_are_numbered_without_holes_as_they_come(small: Make) -> None:
    clean = small(lengths=(12,) * 30).change(speaker=np.tile([2, 2, 0, 1, 3, 0, 1, 2, 3, 3, 0, 1], 30))
    for text in ("kind=shuffled,rate=0.5", "kind=merged"):
        for speakers in of_each(stress(f"speaker_confusion:{text}", clean)):
            assert speakers == numbered_anew(speakers)


def test_where_nothing_changed_the_numbers_stay(small: Make) -> None:
    clean = spoken(small, (1, 0, 1), (1,), (1, 1))
    assert of_each(stress("speaker_confusion:kind=shuffled,rate=0", clean)) == [[1, 0, 1], [1], [1, 1]]
    assert of_each(stress("speaker_confusion:kind=merged", clean)) == [[0, 0, 0], [1], [1, 1]]


def test_a_label_comes_from_another_turn_at_random(small: Make) -> None:
    # Everybody speaks once, so a turn that is hit must get another speaker's label.
    clean = spoken(small, *[(0, 1, 2, 3)] * 300)
    after = np.array(of_each(stress("speaker_confusion:kind=shuffled,rate=1", clean)))
    # The first two turns get the same label if it is that of turn 2 or 3 for both: 2 · (1/3)²; two standard errors of
    # √(.22 · .78 / 300) = .024 more than once in a while.
    assert (after[:, 0] == after[:, 1]).mean() == pytest.approx(2 / 9, abs=4 * 0.024)


def test_a_higher_rate_hits_a_superset_with_the_same_result(small: Make) -> None:
    clean = spoken(small, *[tuple(range(10))] * 40)

    def moved(rate: float) -> np.ndarray:
        """Return which dialogues have changed: each speaker speaks once, so every hit shows."""
        after = stress(f"speaker_confusion:kind=shuffled,rate={rate}", clean)
        return np.array([speakers != list(range(10)) for speakers in of_each(after)])

    shares = [moved(rate) for rate in (0.02, 0.1, 0.3)]
    for milder, harder in pairwise(shares):
        assert (harder | ~milder).all()
    assert shares[0].sum() < shares[2].sum()


def test_two_of_three_are_taken_for_one(small: Make) -> None:
    clean = spoken(small, *[(0, 1, 2, 1, 0)] * 300)
    found = [tuple(speakers) for speakers in of_each(stress("speaker_confusion:kind=merged", clean))]
    ways = {(0, 0, 1, 0, 0), (0, 1, 0, 1, 0), (0, 1, 1, 1, 0)}
    assert set(found) == ways
    # Each pair a third of the time: a standard error of √(2/9 / 300) = .027.
    assert [found.count(way) / 300 for way in ways] == pytest.approx([1 / 3] * 3, abs=4 * 0.027)


def test_a_second_implementation_merges_the_same_two(small: Make) -> None:
    clean = spoken(small, (0, 3, 1, 3, 0, 2), (2, 0, 1))
    after = stress("speaker_confusion:kind=merged", clean, seed=7)
    for name, speakers, found in zip(clean.dialogue_ids, of_each(clean), of_each(after), strict=True):
        purpose = ("stress", "0", "speaker_confusion:kind=merged", name)
        draws = np.random.default_rng(Randomness(7, purpose).integer()).random(len(set(speakers)))
        one, other = np.argsort(draws)[:2]
        assert found == numbered_anew([int(one) if speaker == other else speaker for speaker in speakers])


def test_when_labels_are_lost_there_is_one_speaker(small: Make) -> None:
    assert not stress("speaker_confusion:kind=lost", spoken(small, (0, 1), (1, 0, 2), (1,))).speaker.any()


def test_the_ladder_is_shuffled_merged_lost() -> None:
    conditions = expand("speaker_confusion", THREE).conditions
    assert [condition.text.partition(":")[2] for condition in conditions] == [
        *(f"kind=shuffled,rate={rate}" for rate in (0.1, 0.3, 0.5)),
        "kind=merged",
        "kind=lost",
    ]
    assert len(expand("speaker_confusion:kind=shuffled", THREE).conditions) == 3
    assert len(expand("speaker_confusion:kind=merged", THREE).conditions) == 1
    records = [condition.record() for condition in conditions]
    assert [record.severity for record in records] == [0.1, 0.3, 0.5, None, None]
    assert records[0].family == "speaker_confusion:kind=shuffled,rate=*"
    assert [record.random for record in records] == [True] * 4 + [False]
    assert {record.unknown for record in records} == {"who spoke which turn is not known"}


def test_monologues_have_nobody_to_confuse() -> None:
    with pytest.raises(NotApplicable) as caught:
        expand("speaker_confusion", DataFacts(("text",), speakers=1, turns=9))
    assert str(caught.value) == "speaker_confusion: in monologues there is nobody to be taken for another"


@pytest.mark.parametrize("text", ["speaker_confusion:rate=0.3", "speaker_confusion:kind=merged,rate=0.3"])
def test_a_rate_is_for_shuffled_labels(text: str) -> None:
    with pytest.raises(SpecError) as caught:
        expand(text, THREE)
    assert str(caught.value) == "speaker_confusion: rate=0.3 needs kind=shuffled"
