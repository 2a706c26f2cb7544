"""Conditions by text: single, chained, laddered."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar

import numpy as np
import pytest
from typing_extensions import Doc

from emobench.benchmark.conditions import Condition, expand, expand_all
from emobench.benchmark.conversations import Conversations
from emobench.benchmark.errors import NotApplicable, SpecError
from emobench.benchmark.predictions import Predictions
from emobench.benchmark.randomness import Randomness
from emobench.benchmark.registry import PROTOCOLS
from emobench.protocols.base import Attack, Attacked, DataFacts, FeatureStatistics, StressProtocol
from emobench.protocols.modality_drop import ModalityDrop

THREE = DataFacts(("text", "audio", "video"), speakers=2, turns=9)
ONE = DataFacts(("text",), speakers=2, turns=9)
CHAIN = "modality_drop:drop=text,rate=0.5+modality_drop:drop=text,rate=0.5"


def test_clean_changes_nothing(small: Callable[..., Conversations]) -> None:
    (clean,) = expand("clean", THREE).conditions
    made = small()
    assert clean.text == "clean"
    assert clean.apply(made, seed=0, training={}) is made


def test_the_parts_of_a_chain_draw_independently(small: Callable[..., Conversations]) -> None:
    (chain,) = expand(CHAIN, THREE).conditions
    hit = chain.apply(small(lengths=(100,) * 20), seed=0, training={})
    # Were both parts to draw the same numbers, half would be missing; independent ones leave a quarter.
    assert hit.present["text"].mean() == pytest.approx(0.25, abs=0.05)


def test_a_chain_keeps_its_order_and_has_no_curve() -> None:
    (chain,) = expand("modality_drop:rate=0.5+modality_drop:drop=video", THREE).conditions
    assert chain.text == "modality_drop:rate=0.5+modality_drop:drop=video"
    assert (chain.record().family, chain.record().severity, chain.record().removal) == ("", None, "")


def test_a_rung_knows_its_curve() -> None:
    (rung,) = expand("modality_drop:rate=0.3,signal=silent", THREE).conditions
    record = rung.record()
    assert (record.family, record.severity) == ("modality_drop:rate=*,signal=silent", 0.3)
    assert expand("modality_drop:drop=audio", THREE).conditions[0].record().removal == "audio"


def test_the_first_draw_is_that_of_a_run_with_one_draw_and_others_differ(small: Callable[..., Conversations]) -> None:
    (rung,) = expand("modality_drop:rate=0.5", THREE).conditions
    made = small(lengths=(50,))
    plain, *draws = (
        hit.present["text"].tobytes()
        for hit in (
            rung.apply(made, seed=0, training={}),
            *(rung.apply(made, seed=0, training={}, draw=draw) for draw in range(3)),
        )
    )
    assert draws[0] == plain
    assert len(set(draws)) == 3


def test_another_seed_is_another_draw(small: Callable[..., Conversations]) -> None:
    (rung,) = expand("modality_drop:rate=0.5", THREE).conditions
    made = small(lengths=(50,))
    first, second = (rung.apply(made, seed=seed, training={}).present["text"] for seed in (0, 1))
    assert not np.array_equal(first, second)


def test_a_ladder_inside_a_chain_is_refused() -> None:
    with pytest.raises(SpecError, match="expected every part of a chain to be one condition, got the ladder"):
        expand("modality_drop:drop=text+modality_drop", THREE)


def test_conditions_are_listed_once_clean_first() -> None:
    expanded = expand_all(["modality_drop:rate=0.5", "clean", "modality_drop:rate=0.50", "modality_drop"], {"x": THREE})
    texts = [condition.text for condition in expanded["x"].conditions]
    assert texts[:2] == ["clean", "modality_drop:rate=0.5"]
    assert len(texts) == len(set(texts)) == 13


def test_a_condition_may_be_undefined_for_some_data_but_not_for_all() -> None:
    expanded = expand_all(["modality_drop:drop=audio"], {"x": THREE, "y": ONE})
    assert [len(those.conditions) for those in expanded.values()] == [2, 1]
    assert expanded["x"].skipped == {}
    (why,) = expanded["y"].skipped.values()
    assert list(expanded["y"].skipped) == ["modality_drop:drop=audio"]
    assert "no modality 'audio'" in why
    with pytest.raises(NotApplicable, match="no modality 'audio'; known: text"):
        expand_all(["modality_drop:drop=audio"], {"y": ONE})


@dataclass(frozen=True)
class Tripled(StressProtocol):
    """A stress of somebody else's: known by what it says about itself."""

    level: Annotated[int, Doc("how much")] = 3
    refuses: Annotated[bool, Doc("is it undefined")] = False
    meaning: ClassVar[str] = "Tripled."
    severity: ClassVar[str] = "level"

    @property
    def severity_value(self) -> float:
        return self.level / 10

    @property
    def unknown(self) -> str:
        return "nobody worked it out"

    def ladder(self, facts: DataFacts) -> tuple["Tripled", ...]:
        return (self, replace(self, level=4), replace(self, level=5, refuses=True))

    def check(self, facts: DataFacts) -> None:
        if self.refuses:
            raise NotApplicable(f"tripled: not {self.level}")

    def apply(
        self,
        conversations: Conversations,
        *,
        randomness: Randomness,
        training: Mapping[str, FeatureStatistics],
    ) -> Conversations:
        return conversations.change(speaker=np.full(len(conversations), self.level))


@dataclass(frozen=True)
class Aimed(Attack):
    """An attack: shifts a feature by what the model says about it."""

    meaning: ClassVar[str] = "Aimed."

    def attack(
        self,
        conversations: Conversations,
        *,
        model: Attacked,
        randomness: Randomness,
        training: Mapping[str, FeatureStatistics],
    ) -> Conversations:
        rows = conversations.features["text"] + model.predict(conversations).probabilities[:, :1].astype(np.float32)
        return conversations.with_modalities(features={"text": rows})


@dataclass(frozen=True)
class Together:
    """A set of conditions."""

    meaning: ClassVar[str] = "Together."

    def members(self, facts: DataFacts) -> tuple[str, ...]:
        return ("modality_drop:drop=audio", "modality_drop:drop=video", "tripled")


@pytest.fixture
def _others(register: Callable[..., None]) -> None:
    for name, plugin in (("tripled", Tripled), ("aimed", Aimed), ("together", Together)):
        register(PROTOCOLS, name, plugin)


@pytest.mark.usefixtures("_others")
def test_a_rung_that_is_not_defined_is_left_out_and_named() -> None:
    conditions, skipped = expand("tripled", THREE)
    assert [condition.text for condition in conditions] == ["tripled", "tripled:level=4"]
    assert skipped == {"tripled:level=5,refuses=true": "tripled: not 5"}
    record = conditions[1].record()
    assert (record.family, record.severity, record.rung) == ("tripled:level=*", 0.4, "4")
    assert (record.random, record.unknown) == (False, "nobody worked it out")


@pytest.mark.usefixtures("_others")
def test_what_is_unknown_stays_unknown_through_a_chain(small: Callable[..., Conversations]) -> None:
    chain = Condition((("tripled", Tripled()), ("modality_drop", ModalityDrop(rate=0.5))))
    hit = chain.apply(small(), seed=0, training={})
    assert hit.trace.unknown == "nobody worked it out"
    assert set(hit.speaker) == {3}
    assert chain.record().unknown == "nobody worked it out"
    assert chain.record().random


@pytest.mark.usefixtures("_others")
def test_a_set_stands_for_its_members_and_names_those_that_are_not_defined() -> None:
    conditions, skipped = expand("together", ONE)
    assert [condition.text for condition in conditions] == ["tripled", "tripled:level=4"]
    assert [*skipped] == ["modality_drop:drop=audio", "modality_drop:drop=video", "tripled:level=5,refuses=true"]
    with pytest.raises(SpecError, match=r"got the set 'together' in 'together\+modality_drop:drop=text'"):
        expand("together+modality_drop:drop=text", THREE)


@pytest.mark.usefixtures("_others")
def test_a_set_without_a_single_defined_member_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Together, "members", lambda self, facts: ("modality_drop:drop=audio",))
    with pytest.raises(NotApplicable, match="no modality 'audio'"):
        expand("together", ONE)


def test_a_ladder_that_is_defined_nowhere_is_named_beside_what_is() -> None:
    monologues = DataFacts(("text",), speakers=1, turns=9)
    expanded = expand_all(["speaker_confusion", "modality_drop"], {"x": monologues})["x"]
    assert len(expanded.conditions) == 1 + 6
    assert expanded.skipped == {
        "speaker_confusion": "speaker_confusion: in monologues there is nobody to be taken for another"
    }
    with pytest.raises(NotApplicable, match=r"nobody to be taken for another \(data: x\)"):
        expand_all(["speaker_confusion"], {"x": monologues})
    with pytest.raises(NotApplicable, match=r"there are no other speakers; .* \(data: x\)"):
        expand_all(["context_removal:context=inter", "modality_drop"], {"x": monologues})


@pytest.mark.usefixtures("_others")
def test_an_attack_is_given_the_model(small: Callable[..., Conversations]) -> None:
    class Sure:
        def predict(self, conversations: Conversations) -> Predictions:
            return Predictions(np.tile([0.25, 0.5, 0.25], (len(conversations), 1)))

    (condition,) = expand("aimed", THREE).conditions
    made = small()
    hit = condition.apply(made, seed=0, training={}, model=Sure())
    np.testing.assert_allclose(hit.features["text"] - made.features["text"], 0.25, atol=1e-6)
    assert condition.attacks


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("modality_drop:drop=text+modality_drop:drop=text", "modality_drop stands twice in one chain with the same"),
        ("modality_drop:drop=text/audio+modality_drop:drop=text", "modality_drop changes text only, of which the"),
        ("modality_drop:drop=text+modality_drop:drop=text,rate=0.5", "leave one of them out"),
    ],
)
def test_a_chain_whose_second_part_can_do_nothing_is_refused(text: str, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        expand(text, THREE)
