"""A modality is out of step with the others."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest

from emobench.benchmark.conditions import expand
from emobench.benchmark.conversations import Conversations
from emobench.benchmark.errors import EmobenchError, NotApplicable, SpecError
from emobench.benchmark.randomness import Randomness
from emobench.benchmark.realised import realised_under
from emobench.benchmark.trace import AddedNoise
from emobench.protocols.base import DataFacts
from emobench.protocols.misalignment import Misalignment

Make = Callable[..., Conversations]
THREE = DataFacts(("text", "audio", "video"), speakers=2, turns=40)


def stress(text: str, clean: Conversations, seed: int = 0) -> Conversations:
    (condition,) = expand(text, THREE).conditions
    return condition.apply(clean, seed=seed, training={})


def rows_got(after: Conversations, clean: Conversations, modality: str) -> list[int | None]:
    """Return for each row which row of `clean` it got its features from; None: zeros, and nothing there."""
    found: list[int | None] = []
    for row, values in enumerate(after.features[modality]):
        same = np.flatnonzero((clean.features[modality] == values).all(axis=1))
        found.append(int(same[0]) if len(same) else None)
        assert after.observed[modality][row] == after.present[modality][row] == bool(len(same))
        assert len(same) or not values.any()
    return found


@pytest.mark.parametrize(
    ("shift", "expected"),
    [
        (1, [None, 0, 1, 2, None, None, 5]),
        (2, [None, None, 0, 1, None, None, None]),
        (-1, [1, 2, 3, None, None, 6, None]),
        (-3, [3, None, None, None, None, None, None]),
    ],
)
def test_what_was_recorded_stands_some_turns_later_or_earlier(
    small: Make, shift: int, expected: list[int | None]
) -> None:
    clean = small(lengths=(4, 1, 2))
    after = stress(f"misalignment:modality=audio,shift={shift}", clean)
    assert rows_got(after, clean, "audio") == expected
    there = after.present["audio"]
    assert after.trace.source["audio"][there].tolist() == [clean.turn[row] for row in expected if row is not None]
    for modality in ("text", "video"):
        assert after.features[modality] is clean.features[modality]
        assert after.observed[modality] is clean.observed[modality]
        assert modality not in after.trace.source
    assert after.label is clean.label
    missing = realised_under(clean, after)["missing audio"]
    assert missing == pytest.approx(expected.count(None) / 7)


def test_several_may_be_late_together(small: Make) -> None:
    clean = small(lengths=(3, 2))
    after = stress("misalignment:modality=audio/video,shift=1", clean)
    assert rows_got(after, clean, "audio") == rows_got(after, clean, "video") == [None, 0, 1, None, 3]


def test_what_is_known_of_a_row_moves_with_its_features(small: Make) -> None:
    clean = small(lengths=(4,))
    hidden = np.arange(4)[:, None] == np.arange(5)
    told, there = np.array([True, False, True, True]), np.array([True, False, False, True])
    before = clean.with_modalities(observed={"audio": told}, present={"audio": there})
    before = before.change(
        concealed={"audio": hidden, "text": hidden[:, :4]},
        trace=before.trace.with_hidden("audio", hidden).with_noise("audio", AddedNoise(np.ones(5), told)),
    )
    after = stress("misalignment:modality=audio,shift=1", before)
    assert after.observed["audio"].tolist() == [False, True, False, True]
    assert after.present["audio"].tolist() == [False, True, False, False]
    assert np.array_equal(after.concealed["audio"], np.concatenate([np.zeros((1, 5), bool), hidden[:3]]))
    assert after.concealed["text"] is before.concealed["text"]
    assert np.array_equal(after.trace.hidden["audio"][1:], hidden[:3])
    assert after.trace.noise["audio"][0].hit[1:].tolist() == told[:3].tolist()


def test_shifts_add_up(small: Make) -> None:
    clean = small(lengths=(6, 3))
    twice = stress("misalignment:modality=audio,shift=1+misalignment:modality=audio,shift=2", clean)
    once = stress("misalignment:modality=audio,shift=3", clean)
    assert rows_got(twice, clean, "audio") == rows_got(once, clean, "audio")
    there = once.present["audio"]
    assert np.array_equal(twice.trace.source["audio"][there], once.trace.source["audio"][there])
    assert np.array_equal(twice.present["audio"], there)


def test_turns_are_counted_as_recorded(small: Make) -> None:
    clean = small(lengths=(5, 2))
    rows = np.array([0, 2, 3, 6])
    thinned = clean.take_rows(rows, dialogue=np.array([0, 0, 0, 1]), origin=np.array([0, 1]))
    late = Misalignment(frozenset({"text"}), shift=1).apply(thinned, randomness=Randomness(0), training={})
    assert rows_got(late, clean, "text") == [None, None, 2, None], "what was recorded at a lost turn is lost"
    assert late.trace.source["text"][2] == 2
    early = Misalignment(frozenset({"text"}), shift=-2).apply(thinned, randomness=Randomness(0), training={})
    assert rows_got(early, clean, "text") == [2, None, None, None]


def test_neighbours_are_exchanged_in_pairs(small: Make) -> None:
    clean = small(lengths=(5, 1, 2))
    after = stress("misalignment:kind=swap,modality=video,rate=1", clean)
    assert rows_got(after, clean, "video") == [1, 0, 3, 2, 4, 5, 7, 6]
    assert after.trace.source["video"].tolist() == [1, 0, 3, 2, 4, 0, 1, 0]
    assert after.present["video"].all()
    assert "is not known" in after.trace.unknown


def test_a_second_implementation_exchanges_the_same_pairs(small: Make) -> None:
    clean = small(lengths=(12, 7))
    after = stress("misalignment:kind=swap,modality=audio/video,rate=0.5", clean, seed=4)
    for modality in ("audio", "video"):
        expected: list[int] = []
        for name, (first, end) in zip(clean.dialogue_ids, pairwise(clean.starts.tolist()), strict=True):
            purpose = ("stress", "0", "misalignment:kind=swap,modality=audio/video", modality, name)
            draws = np.random.default_rng(Randomness(4, purpose).integer()).random((end - first) // 2)
            for pair, draw in enumerate(draws):
                one = first + 2 * pair
                expected += [one + 1, one] if draw < 0.5 else [one, one + 1]
            expected += [end - 1] * ((end - first) % 2)
        assert rows_got(after, clean, modality) == expected
    assert rows_got(after, clean, "audio") != rows_got(after, clean, "video")


def test_a_higher_rate_exchanges_a_superset_and_as_many_as_it_says(small: Make) -> None:
    clean = small(lengths=(10,) * 100)
    texts = [f"misalignment:kind=swap,modality=audio,rate={rate}" for rate in (0, 0.25, 0.5, 1)]
    swapped = [stress(text, clean).trace.source["audio"] != clean.turn for text in texts]
    # 500 pairs: a standard error of at most √(.25 / 500) = .022.
    assert [pairs.mean() for pairs in swapped] == pytest.approx([0, 0.25, 0.5, 1], abs=3 * 0.022)
    for milder, harder in pairwise(swapped):
        assert (harder | ~milder).all()


def test_the_ladder_is_each_modality_late_by_one_two_three() -> None:
    conditions = expand("misalignment", THREE).conditions
    assert [condition.text for condition in conditions] == [
        f"misalignment:modality={modality},shift={shift}" for modality in THREE.modalities for shift in (1, 2, 3)
    ]
    record = conditions[4].record()
    assert (record.family, record.severity, record.rung) == ("misalignment:modality=audio,shift=*", 2.0, "2")
    assert (record.random, record.unknown) == (False, "")
    early = expand("misalignment:modality=audio,shift=-2", THREE).conditions[0].record()
    assert (early.severity, early.rung) == (2.0, "-2")


def test_what_is_given_goes_into_every_rung() -> None:
    def texts(text: str) -> list[str]:
        return [condition.text.partition(":")[2] for condition in expand(text, THREE).conditions]

    assert texts("misalignment:shift=-1") == [
        "modality=text,shift=-1",
        "modality=audio,shift=-1",
        "modality=video,shift=-1",
    ]
    assert texts("misalignment:modality=audio/video") == [f"modality=audio/video,shift={shift}" for shift in (1, 2, 3)]
    assert texts("misalignment:kind=swap,modality=text") == [
        f"kind=swap,modality=text,rate={rate}" for rate in ("0.25", "0.5", "0.75")
    ]
    assert len(texts("misalignment:kind=swap,rate=0.5")) == 3
    record = expand("misalignment:kind=swap,modality=text,rate=0.5", THREE).conditions[0].record()
    assert (record.family, record.severity) == ("misalignment:kind=swap,modality=text,rate=*", 0.5)
    assert record.random


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        (
            "misalignment:modality=all,shift=1",
            SpecError,
            "misalignment: expected modality to leave one in place, got all; name those out of step, as modality=audio",
        ),
        (
            "misalignment:modality=text/audio/video",
            NotApplicable,
            "misalignment: text/audio/video is every modality of the data, and one has to stay in place; "
            "type modality=video",
        ),
        ("misalignment:modality=vidoe", NotApplicable, "misalignment: no modality 'vidoe'; did you mean 'video'?"),
        ("misalignment:rate=0.5", SpecError, "misalignment: rate=0.5 needs kind=swap"),
        (
            "misalignment:kind=swap,shift=1",
            SpecError,
            "misalignment: shift=1 needs kind=shift; with kind=swap type rate=0.5",
        ),
        (
            "misalignment:modality=audio,shift=0",
            SpecError,
            "misalignment: expected a shift by one turn or more, got 0; type shift=1 (late) or shift=-1 (early)",
        ),
        (
            "misalignment:modality=audio,shift=-40",
            NotApplicable,
            "misalignment: shift=-40 moves everything out of dialogues of at most 40 turns; type modality_drop",
        ),
        (
            "modality_drop:drop=audio+misalignment:modality=audio,shift=1",
            SpecError,
            "changes audio only, of which the stresses before it leave nothing; leave one of them out",
        ),
    ],
)
def test_contradictions_are_one_line(text: str, error: type[EmobenchError], message: str) -> None:
    with pytest.raises(error) as caught:
        expand(text, THREE)
    assert str(caught.value).endswith(message)


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        (DataFacts(("text",), 2, 9), "misalignment: the data have one modality, text, and it takes two"),
        (
            DataFacts(("text", "audio"), 1, 1),
            "misalignment: every dialogue has a single turn, so there is nowhere to move to",
        ),
    ],
)
def test_it_takes_two_modalities_and_two_turns(facts: DataFacts, message: str) -> None:
    with pytest.raises(NotApplicable) as caught:
        expand("misalignment", facts)
    assert str(caught.value) == message


def test_shifts_longer_than_the_dialogues_are_skipped_and_named() -> None:
    found = expand("misalignment:modality=audio", DataFacts(("text", "audio"), 2, 3))
    assert [condition.text for condition in found.conditions] == [
        f"misalignment:modality=audio,shift={shift}" for shift in (1, 2)
    ]
    assert list(found.skipped) == ["misalignment:modality=audio,shift=3"]
