"""Which utterances are hit."""

from collections.abc import Callable

import pytest

from emobench.benchmark.conversations import Conversations
from emobench.benchmark.errors import SpecError
from emobench.benchmark.randomness import Randomness
from emobench.protocols.patterns import Hits, highest_rate

Make = Callable[..., Conversations]
SOURCE = Randomness(7, ("hits",))


def draws(clean: Conversations, dialogue: int, turns: int) -> list[float]:
    numbers: list[float] = SOURCE.for_(clean.dialogue_ids[dialogue]).generator().random(turns).tolist()
    return numbers


def test_without_a_rate_all_are_hit(small: Make) -> None:
    assert Hits(None).rows(small(), SOURCE).tolist() == [True] * 9


def test_each_utterance_has_its_own_number(small: Make) -> None:
    clean = small(lengths=(3, 1, 5))
    expected = [number < 0.4 for place, turns in enumerate((3, 1, 5)) for number in draws(clean, place, turns)]
    assert Hits(0.4).rows(clean, SOURCE).tolist() == expected


def test_a_whole_dialogue_has_one_number(small: Make) -> None:
    clean = small(lengths=(3, 1, 5) * 4)
    expected = [draws(clean, place, 1)[0] < 0.5 for place in clean.dialogue.tolist()]
    assert Hits(0.5, "dialogue").rows(clean, SOURCE).tolist() == expected
    assert 0 < sum(expected) < len(expected)


def test_bursts_follow_the_chain(small: Make) -> None:
    clean = small(lengths=(200,))
    # Periods of 4 turns that cover 30 %: they end with chance 1/4, and begin with .3/.7 · 1/4.
    off, expected = False, []
    for turn, number in enumerate(draws(clean, 0, 200)):
        off = number < (0.3 if not turn else 0.75 if off else 0.3 / 0.7 / 4)
        expected.append(off)
    assert Hits(0.3, "burst").rows(clean, SOURCE).tolist() == expected
    assert 0 < sum(expected) < 200


@pytest.mark.parametrize("pattern", ["independent", "burst", "dialogue"])
def test_the_rates_at_the_ends(small: Make, pattern: str) -> None:
    clean = small(lengths=(50, 1))
    assert not Hits(0.0, pattern).rows(clean, SOURCE).any()  # type: ignore[arg-type]  # one of the patterns
    if pattern != "burst":
        assert Hits(1.0, pattern).rows(clean, SOURCE).all()  # type: ignore[arg-type]  # one of the patterns


def test_short_bursts_cannot_cover_everything() -> None:
    # On goes off with chance 1 at most: `burst` turns off, then one on.
    assert highest_rate(1) == 0.5
    assert highest_rate(4) == 0.8


@pytest.mark.parametrize(
    ("hits", "message"),
    [
        (Hits(None, "burst"), "x: pattern=burst needs a rate; add rate=0.3"),
        (Hits(None, "dialogue"), "x: pattern=dialogue needs a rate; add rate=0.3"),
        (Hits(0.5, burst=2.5), "x: burst=2.5 needs pattern=burst"),
        (Hits(0.9, "burst"), "x: off periods of 4 turns allow a rate up to 0.8, got 0.9; raise burst"),
    ],
)
def test_contradictions_are_one_line(hits: Hits, message: str) -> None:
    with pytest.raises(SpecError) as caught:
        hits.check("x")
    assert str(caught.value) == message


@pytest.mark.parametrize("hits", [Hits(None), Hits(0.9), Hits(0.8, "burst"), Hits(0.9, "burst", 9.0)])
def test_what_goes_together_is_accepted(hits: Hits) -> None:
    hits.check("x")
