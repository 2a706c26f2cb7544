"""Turns trade places, each as a whole."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest

from emobench.benchmark.conditions import expand
from emobench.benchmark.conversations import Conversations
from emobench.benchmark.errors import NotApplicable
from emobench.benchmark.randomness import Randomness
from emobench.benchmark.realised import realised_under
from emobench.protocols.base import DataFacts
from emobench.protocols.order import Order

Make = Callable[..., Conversations]
THREE = DataFacts(("text", "audio", "video"), speakers=2, turns=40)


def stress(text: str, clean: Conversations, seed: int = 0) -> Conversations:
    (condition,) = expand(text, THREE).conditions
    return condition.apply(clean, seed=seed, training={})


def test_a_turn_moves_as_a_whole_within_its_dialogue(small: Make) -> None:
    clean = small(lengths=(9, 1, 6))
    after = stress("order:rate=1", clean)
    assert sorted(after.target) == list(range(16))
    assert np.array_equal(after.dialogue, clean.dialogue)
    assert np.array_equal(clean.dialogue[after.target], clean.dialogue)
    for modality in clean.modalities:
        assert np.array_equal(after.features[modality], clean.features[modality][after.target])
    assert np.array_equal(after.speaker, clean.speaker[after.target])
    assert np.array_equal(after.label, clean.label[after.target])
    assert after.utterance_ids == tuple(clean.utterance_ids[row] for row in after.target)
    assert after.dialogue_ids == clean.dialogue_ids


def test_all_move_at_rate_one_and_none_at_rate_zero(small: Make) -> None:
    clean = small(lengths=(2, 3, 8, 1))
    still = stress("order:rate=1", clean).target == clean.target
    assert still.tolist() == [False] * 13 + [True], "a single turn has no other place"
    assert np.array_equal(stress("order:rate=0", clean).target, clean.target)


def test_a_second_implementation_gets_the_same_order(small: Make) -> None:
    clean = small(lengths=(12, 7))
    after = stress("order:rate=0.5", clean, seed=5)
    expected = []
    for name, (first, end) in zip(clean.dialogue_ids, pairwise(clean.starts.tolist()), strict=True):
        generator = np.random.default_rng(Randomness(5, ("stress", "0", "order", name)).integer())
        chosen, rank = generator.random(end - first) < 0.5, generator.random(end - first)
        cycle = sorted(np.flatnonzero(chosen), key=lambda turn, rank=rank: rank[turn])
        places = list(range(end - first))
        for turn, place in zip(cycle, [*cycle[1:], *cycle[:1]], strict=True):
            places[place] = turn
        expected += [first + turn for turn in places]
    assert after.target.tolist() == expected
    assert expected != list(range(19))


def test_a_higher_rate_moves_a_superset(small: Make) -> None:
    clean = small(lengths=(12,) * 20, modalities=("text",))
    moved = [stress(f"order:rate={rate}", clean).target != clean.target for rate in (0.25, 0.5, 1)]
    for milder, harder in pairwise(moved):
        assert (harder | ~milder).all()
        assert (harder & ~milder).any()


def test_the_realised_share_is_what_the_docstring_says(small: Make) -> None:
    clean = small(lengths=(8,) * 400, modalities=("text",))
    moved = (stress("order:rate=0.25", clean).target != clean.target).mean()
    # Chosen alone: 0.25 · 0.75⁷. 3,200 turns give a standard error of about √(.25 · .75 / 3,200) = .008, a little more
    # for moves that come in cycles.
    assert moved == pytest.approx(0.25 - 0.25 * 0.75**7, abs=4 * 0.012)


def test_every_cycle_is_as_likely(small: Make) -> None:
    clean = small(lengths=(3,) * 600, modalities=("text",))
    moved = stress("order:rate=1", clean).target - clean.target
    assert (moved.reshape(600, 3)[:, 0] == 1).mean() == pytest.approx(0.5, abs=4 * 0.0204)


def test_what_comes_after_is_told_by_the_new_order(small: Make) -> None:
    clean = small(lengths=(5,), modalities=("text",))
    shuffled = stress("order:rate=1", clean)
    after = stress("order:rate=1+context_removal:context=future", clean)
    for place, target in enumerate(shuffled.target.tolist()):
        row = int(np.flatnonzero(after.target == target)[0])
        seen = [after.utterance_ids[other] for other in np.flatnonzero(after.dialogue == after.dialogue[row])]
        assert seen == list(shuffled.utterance_ids[: place + 1])
    assert realised_under(clean, shuffled) == {"missing text": 0.0, "displaced": 1.0}, "no turn has been taken away"


def test_what_was_done_before_moves_too(small: Make) -> None:
    clean = small(lengths=(6,))
    before = clean.change(concealed={"audio": np.arange(6)[:, None] == np.arange(5)})
    before = before.change(trace=before.trace.with_hidden("audio", before.concealed["audio"]))
    after = Order(1.0).apply(before, randomness=Randomness(0), training={})
    assert np.array_equal(after.concealed["audio"], before.concealed["audio"][after.target])
    assert np.array_equal(after.trace.hidden["audio"], before.concealed["audio"][after.target])


def test_the_ladder_and_its_record() -> None:
    conditions = expand("order", THREE).conditions
    assert [condition.text for condition in conditions] == ["order:rate=0.25", "order:rate=0.5", "order:rate=1"]
    record = conditions[0].record()
    assert (record.family, record.severity, record.random) == ("order:rate=*", 0.25, True)
    assert record.unknown == "the order of the turns is not known"


def test_single_turns_have_no_order() -> None:
    with pytest.raises(NotApplicable, match="order: every dialogue has a single turn, so there is no order to change"):
        expand("order", DataFacts(("text",), speakers=1, turns=1))
