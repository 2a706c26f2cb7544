"""All subsets of modalities and of contexts by one name."""

import pytest

from emobench.benchmark.conditions import expand, expand_all
from emobench.benchmark.errors import NotApplicable
from emobench.protocols.base import DataFacts

THREE = DataFacts(("text", "audio", "video"), speakers=2, turns=9)


def removed(text: str, facts: DataFacts = THREE) -> list[str]:
    return [condition.record().removal for condition in expand(text, facts).conditions]


def test_the_set_is_every_subset_once() -> None:
    assert removed("coalitions") == [
        *("text", "audio", "video", "audio/text", "text/video", "audio/video", "audio/text/video"),
        *("intra", "inter", "inter/intra"),
    ]


def test_operators_and_modes_are_named() -> None:
    found = removed("coalitions:mode=both,operator=mean")
    assert found[:7] == [f"{name}:mean" for name in removed("coalitions")[:7]]
    assert found[7:] == ["intra", "inter", "inter/intra", "intra:graph", "inter:graph", "inter/intra:graph"]


def test_what_is_shared_with_other_protocols_is_there_once() -> None:
    found = expand_all(["removals", "modality_drop", "context_removal", "coalitions"], {"small": THREE})["small"]
    others = expand_all(["removals", "modality_drop", "context_removal"], {"small": THREE})["small"]
    more = {one.text for one in found.conditions} - {one.text for one in others.conditions}
    assert more == {"modality_drop:drop=audio/text/video"}


def test_one_modality_has_nothing_to_share_and_monologues_have_one_context() -> None:
    assert removed("coalitions", DataFacts(("text",), 2, 9)) == ["intra", "inter", "inter/intra"]
    alone = expand("coalitions", DataFacts(("text", "audio"), speakers=1, turns=9))
    assert [one.record().removal for one in alone.conditions] == ["text", "audio", "audio/text", "intra"]
    assert list(alone.skipped) == ["context_removal:context=inter"]


def test_single_turns_of_one_modality_are_declined_in_one_line() -> None:
    with pytest.raises(NotApplicable, match="every dialogue has a single turn, so there is no context to remove"):
        expand("coalitions", DataFacts(("text",), speakers=1, turns=1))
