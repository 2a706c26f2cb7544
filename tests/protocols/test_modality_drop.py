"""Modalities go missing as their condition says."""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from emobench.benchmark.conditions import Condition, expand
from emobench.benchmark.conversations import Conversations
from emobench.benchmark.errors import NotApplicable, SpecError
from emobench.protocols.base import DataFacts
from emobench.protocols.modality_drop import ModalityDrop

Make = Callable[..., Conversations]
THREE = ("text", "audio", "video")


def facts(*modalities: str) -> DataFacts:
    return DataFacts(modalities=modalities or THREE, speakers=2, turns=9)


def stress(text: str, clean: Conversations, seed: int = 0) -> Conversations:
    (condition,) = expand(text, DataFacts.of(clean)).conditions
    return condition.apply(clean, seed=seed, training={})


def many(small: Make, turns: int = 40, dialogues: int = 250) -> Conversations:
    return small(lengths=(turns,) * dialogues)


def test_the_ladder_is_all_proper_subsets_then_the_rates() -> None:
    texts = [condition.text for condition in expand("modality_drop", facts()).conditions]
    assert texts == [
        "modality_drop:drop=text",
        "modality_drop:drop=audio",
        "modality_drop:drop=video",
        "modality_drop:drop=audio/text",
        "modality_drop:drop=text/video",
        "modality_drop:drop=audio/video",
        *(f"modality_drop:rate={rate}" for rate in (0.1, 0.2, 0.3, 0.4, 0.5, 0.7)),
    ]


def test_the_ladder_is_shorter_where_the_data_have_fewer_modalities() -> None:
    assert len(expand("modality_drop", facts("text", "audio")).conditions) == 2 + 6
    assert len(expand("modality_drop", facts("text")).conditions) == 6


def test_shared_arguments_go_into_every_rung() -> None:
    rungs = expand("modality_drop:pattern=burst,signal=silent", facts()).conditions
    assert rungs[0].text == "modality_drop:pattern=burst,rate=0.1,signal=silent"
    assert len(rungs) == 6
    assert len(expand("modality_drop:burst=1,pattern=burst", facts()).conditions) == 5, (
        "single off turns cannot fill 70 %"
    )


def test_drop_and_keep_say_the_same_thing_two_ways(small: Make) -> None:
    clean = small()
    dropped, kept = stress("modality_drop:drop=audio/video", clean), stress("modality_drop:keep=text", clean)
    for modality in THREE:
        assert np.array_equal(dropped.features[modality], kept.features[modality])
        assert dropped.observed[modality].all() == (modality == "text")
    assert not dropped.features["audio"].any()


@pytest.mark.parametrize(("signal", "told"), [("told", True), ("silent", False)])
def test_only_a_told_model_knows(small: Make, signal: str, told: bool) -> None:
    clean = small()
    hit = stress(f"modality_drop:drop=video,signal={signal}", clean)
    assert hit.observed["video"].any() != told
    assert not hit.present["video"].any(), "the record knows in any case"


def test_the_mean_fill_is_the_mean_of_the_dialogue(small: Make) -> None:
    clean = small(lengths=(2, 3))
    hit = stress("modality_drop:drop=text,fill=mean", clean)
    assert np.allclose(hit.features["text"][:2], clean.features["text"][:2].mean(axis=0), atol=1e-6)
    assert np.allclose(hit.features["text"][2:], clean.features["text"][2:].mean(axis=0), atol=1e-6)


def test_the_mean_fill_leaves_out_what_was_not_recorded(small: Make) -> None:
    clean = small(lengths=(3, 2))
    gaps = clean.with_modalities(present={"text": np.array([True, False, True, False, False])})
    hit = stress("modality_drop:drop=text,fill=mean", gaps)
    assert np.allclose(hit.features["text"][:3], clean.features["text"][[0, 2]].mean(axis=0), atol=1e-6)
    assert not hit.features["text"][3:].any(), "nothing recorded, nothing to average"


@pytest.mark.parametrize("pattern", ["independent", "burst", "dialogue"])
@pytest.mark.parametrize("rate", [0.1, 0.5, 0.7])
def test_the_realised_rate_is_the_rate_in_expectation(small: Make, pattern: str, rate: float) -> None:
    clean = many(small)
    hit = stress(f"modality_drop:pattern={pattern},rate={rate}", clean)
    # 250 dialogues: for the coarsest pattern a standard error of at most √(.25 / 250) = .032 for each modality.
    missing = np.mean([~hit.present[modality] for modality in THREE])
    assert missing == pytest.approx(rate, abs=4 * 0.032 / np.sqrt(3))


def test_bursts_last_as_long_as_they_should(small: Make) -> None:
    clean = many(small, turns=400, dialogues=40)
    off = ~stress("modality_drop:burst=5,drop=text,pattern=burst,rate=0.3", clean).present["text"].reshape(40, 400)
    ends = (off[:, :-1] & ~off[:, 1:]).sum()
    assert off[:, :-1].sum() / ends == pytest.approx(5, rel=0.1)


def test_whole_dialogues_are_missing_or_there(small: Make) -> None:
    hit = stress("modality_drop:pattern=dialogue,rate=0.5", many(small)).present["text"].reshape(250, 40)
    assert np.array_equal(hit.all(axis=1), hit.any(axis=1))


@pytest.mark.parametrize("pattern", ["independent", "burst", "dialogue"])
def test_a_higher_rate_hits_a_superset(small: Make, pattern: str) -> None:
    clean = many(small, turns=20, dialogues=30)
    rates = (0.0, 0.1, 0.3, 0.5, 0.75)
    hits = [~stress(f"modality_drop:pattern={pattern},rate={rate}", clean).present["text"] for rate in rates]
    assert not hits[0].any()
    for milder, harder in pairwise(hits):
        assert (harder | ~milder).all()
        assert (harder & ~milder).any()


def test_rate_one_hits_everything(small: Make) -> None:
    assert not stress("modality_drop:rate=1", many(small)).present["audio"].any()


def test_modalities_are_hit_independently(small: Make) -> None:
    hit = stress("modality_drop:rate=0.5", many(small))
    both = (~hit.present["text"] & ~hit.present["audio"]).mean()
    assert both == pytest.approx(0.25, abs=0.02)


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("modality_drop:drop=text,keep=audio", SpecError, "expected drop or keep, got both"),
        ("modality_drop:drop=text,pattern=burst", SpecError, "pattern=burst needs a rate; add rate=0.3"),
        ("modality_drop:burst=2,rate=0.5", SpecError, "burst=2 needs pattern=burst"),
        (
            "modality_drop:burst=2,pattern=burst,rate=0.9",
            SpecError,
            "off periods of 2 turns allow a rate up to 0.667, got 0.9; raise burst",
        ),
        ("modality_drop:keep=text/audio/video", NotApplicable, "is every modality of the data, so nothing goes"),
        ("modality_drop:drop=vidoe", NotApplicable, "no modality 'vidoe'; did you mean 'video'?"),
    ],
)
def test_contradictions_are_one_line(text: str, error: type[Exception], message: str) -> None:
    with pytest.raises(error) as caught:
        expand(text, facts())
    assert message in str(caught.value)


def test_only_a_plain_told_drop_is_a_removal() -> None:
    assert ModalityDrop(drop=frozenset({"audio"})).removes() == "audio"
    assert ModalityDrop(drop=frozenset({"audio"}), fill="mean").removes() == "audio:mean"
    assert ModalityDrop(drop=frozenset({"text", "audio"})).removes() == "audio/text"
    assert ModalityDrop(drop=frozenset({"text", "audio"}), fill="mean").removes() == "audio/text:mean"
    for other in (
        ModalityDrop(drop=frozenset({"audio"}), rate=0.5),
        ModalityDrop(drop=frozenset({"audio"}), signal="silent"),
        ModalityDrop(drop=frozenset({"audio"}), rate=0.5, fill="mean"),
        ModalityDrop(rate=0.5),
    ):
        assert other.removes() == ""


def test_only_a_rate_leaves_something_and_is_random() -> None:
    dropped, kept = ModalityDrop(drop=frozenset({"audio"})), ModalityDrop(keep=frozenset({"audio"}))
    assert (dropped.random, ModalityDrop(rate=0.5).random) == (False, True)
    assert dropped.changes(THREE) == dropped.leaves_nothing_of(THREE) == {"audio"}
    assert kept.leaves_nothing_of(THREE) == {"text", "video"}
    assert ModalityDrop(rate=0.5).changes(THREE) == {"text", "audio", "video"}
    assert ModalityDrop(rate=0.5).leaves_nothing_of(THREE) == frozenset()


def test_the_exact_posterior_is_not_known_with_the_mean_fill() -> None:
    assert ModalityDrop(rate=0.5).unknown == ""
    assert "dialogue mean" in ModalityDrop(rate=0.5, fill="mean").unknown


def test_what_was_missing_before_stays_missing(small: Make) -> None:
    clean = small()
    once = stress("modality_drop:drop=audio", clean)
    twice = Condition((("modality_drop", ModalityDrop(rate=0.5)),)).apply(once, seed=1, training={})
    assert not twice.observed["audio"].any()
    assert replace(clean).observed["audio"].all(), "the input is untouched"
