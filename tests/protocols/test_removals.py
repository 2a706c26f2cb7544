"""CMERC's removals by one name."""

import pytest

from emobench.benchmark.conditions import expand, expand_all
from emobench.benchmark.errors import NotApplicable, SpecError
from emobench.protocols.base import ConditionSet, DataFacts
from emobench.protocols.removals import Removals

THREE = DataFacts(("text", "audio", "video"), speakers=2, turns=9)


def texts(text: str, facts: DataFacts = THREE) -> list[str]:
    return [condition.text for condition in expand(text, facts).conditions]


def test_the_set_is_three_modalities_and_two_contexts() -> None:
    assert texts("removals") == [
        *(f"modality_drop:drop={modality}" for modality in THREE.modalities),
        "context_removal:context=intra",
        "context_removal:context=inter",
    ]
    assert isinstance(Removals(), ConditionSet)
    assert Removals.meaning.endswith(".")


def test_each_member_is_one_removal() -> None:
    removed = [condition.record().removal for condition in expand("removals", THREE).conditions]
    assert removed == ["text", "audio", "video", "intra", "inter"]
    removed = [
        condition.record().removal for condition in expand("removals:mode=graph,operator=mean", THREE).conditions
    ]
    assert removed == ["text:mean", "audio:mean", "video:mean", "intra:graph", "inter:graph"]


def test_both_modes_side_by_side() -> None:
    assert texts("removals:mode=both")[3:] == [
        "context_removal:context=intra",
        "context_removal:context=inter",
        "context_removal:context=intra,mode=graph",
        "context_removal:context=inter,mode=graph",
    ]


def test_one_modality_is_not_taken_away() -> None:
    assert texts("removals", DataFacts(("text",), 2, 9)) == [
        "context_removal:context=intra",
        "context_removal:context=inter",
    ]


def test_monologues_have_no_others_to_remove_and_it_is_said() -> None:
    found = expand("removals", DataFacts(("text", "audio"), speakers=1, turns=9))
    assert len(found.conditions) == 3
    assert list(found.skipped) == ["context_removal:context=inter"]


def test_nothing_to_remove_is_one_line() -> None:
    with pytest.raises(NotApplicable, match="every dialogue has a single turn, so there is no context to remove"):
        expand("removals", DataFacts(("text",), speakers=1, turns=1))


def test_members_that_are_asked_for_by_other_names_are_there_once() -> None:
    found = expand_all(["removals", "modality_drop:drop=text", "context_removal"], {"small": THREE})["small"]
    names = [condition.text for condition in found.conditions]
    assert len(names) == len(set(names)) == 1 + 5 + 5


def test_a_set_is_no_part_of_a_chain() -> None:
    with pytest.raises(SpecError, match="expected every part of a chain to be one condition, got the set 'removals'"):
        expand("removals+modality_drop:drop=text", THREE)
