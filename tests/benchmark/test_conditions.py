"""Conditions by text: single, chained, laddered."""

from collections.abc import Callable

import numpy as np
import pytest

from emobench.benchmark.conditions import expand, expand_all
from emobench.benchmark.conversations import Conversations
from emobench.benchmark.errors import NotApplicable, SpecError

THREE = ("text", "audio", "video")
CHAIN = "modality_drop:drop=text,rate=0.5+modality_drop:drop=text,rate=0.5"


def test_clean_changes_nothing(small: Callable[..., Conversations]) -> None:
    (clean,) = expand("clean", THREE)
    made = small()
    assert clean.text == "clean"
    assert clean.apply(made, seed=0, training={}) is made


def test_the_parts_of_a_chain_draw_independently(small: Callable[..., Conversations]) -> None:
    (chain,) = expand(CHAIN, THREE)
    hit = chain.apply(small(lengths=(100,) * 20), seed=0, training={})
    # Were both parts to draw the same numbers, half would be missing; independent ones leave a quarter.
    assert hit.present["text"].mean() == pytest.approx(0.25, abs=0.05)


def test_a_chain_keeps_its_order_and_has_no_curve() -> None:
    (chain,) = expand("modality_drop:rate=0.5+modality_drop:drop=video", THREE)
    assert chain.text == "modality_drop:rate=0.5+modality_drop:drop=video"
    assert (chain.record().family, chain.record().severity, chain.record().removal) == ("", None, "")


def test_a_rung_knows_its_curve() -> None:
    (rung,) = expand("modality_drop:rate=0.3,signal=silent", THREE)
    record = rung.record()
    assert (record.family, record.severity) == ("modality_drop:rate=*,signal=silent", 0.3)
    assert expand("modality_drop:drop=audio", THREE)[0].record().removal == "audio"


def test_another_seed_is_another_draw(small: Callable[..., Conversations]) -> None:
    (rung,) = expand("modality_drop:rate=0.5", THREE)
    made = small(lengths=(50,))
    first, second = (rung.apply(made, seed=seed, training={}).present["text"] for seed in (0, 1))
    assert not np.array_equal(first, second)


def test_a_ladder_inside_a_chain_is_refused() -> None:
    with pytest.raises(SpecError, match="expected every part of a chain to be one condition, got the ladder"):
        expand("modality_drop:drop=text+modality_drop", THREE)


def test_conditions_are_listed_once_clean_first() -> None:
    expanded = expand_all(["modality_drop:rate=0.5", "clean", "modality_drop:rate=0.50", "modality_drop"], {"x": THREE})
    texts = [condition.text for condition in expanded["x"]]
    assert texts[:2] == ["clean", "modality_drop:rate=0.5"]
    assert len(texts) == len(set(texts)) == 13


def test_a_condition_may_be_undefined_for_some_data_but_not_for_all() -> None:
    expanded = expand_all(["modality_drop:drop=audio"], {"x": THREE, "y": ("text",)})
    assert [len(conditions) for conditions in expanded.values()] == [2, 1]
    with pytest.raises(NotApplicable, match="no modality 'audio'; known: text"):
        expand_all(["modality_drop:drop=audio"], {"y": ("text",)})
