"""What every protocol promises, tested over everything registered."""

from collections.abc import Callable

import numpy as np
import pytest

from emobench.benchmark.arguments import describe
from emobench.benchmark.conditions import Condition, expand
from emobench.benchmark.conversations import Conversations
from emobench.benchmark.registry import PROTOCOLS, make, names
from emobench.protocols.base import FeatureStatistics, StressProtocol

Make = Callable[..., Conversations]
MODALITIES = ("text", "audio", "video")


def rungs() -> list[Condition]:
    return [rung for name in names(PROTOCOLS) for rung in expand(name, MODALITIES)]


def apply(condition: Condition, clean: Conversations, seed: int = 0) -> Conversations:
    return condition.apply(clean, seed=seed, training=FeatureStatistics.of(clean))


every_rung = pytest.mark.parametrize("condition", rungs(), ids=lambda condition: condition.text)


def rows_of(stressed: Conversations, dialogue: str) -> tuple[object, ...]:
    """Everything a model is given of one dialogue, in a form that can be compared."""
    wanted = [place for place, name in enumerate(stressed.dialogue_ids) if name == dialogue]
    rows = np.isin(stressed.dialogue, wanted)
    return tuple(
        (modality, stressed.features[modality][rows].tobytes(), stressed.observed[modality][rows].tobytes())
        for modality in stressed.modalities
    )


@every_rung
def test_same_seed_same_bits(small: Make, condition: Condition) -> None:
    clean = small(lengths=(6, 9, 4))
    first, second = apply(condition, clean), apply(condition, clean)
    for name in clean.dialogue_ids:
        assert rows_of(first, name) == rows_of(second, name)


@every_rung
def test_the_input_is_untouched(small: Make, condition: Condition) -> None:
    clean = small(lengths=(6, 9, 4))
    before = [rows_of(clean, name) for name in clean.dialogue_ids]
    apply(condition, clean)
    assert [rows_of(clean, name) for name in clean.dialogue_ids] == before


@every_rung
def test_every_utterance_is_read_once_and_keeps_its_label(small: Make, condition: Condition) -> None:
    clean = small(lengths=(6, 9, 4))
    hit = apply(condition, clean)
    read = hit.target >= 0
    assert sorted(hit.target[read]) == list(range(len(clean)))
    assert np.array_equal(hit.label[read], clean.label[hit.target[read]])
    assert [hit.utterance_ids[row] for row in np.flatnonzero(read)] == [
        clean.utterance_ids[t] for t in hit.target[read]
    ]


@every_rung
def test_a_dialogue_is_stressed_the_same_whichever_others_are_there(small: Make, condition: Condition) -> None:
    clean = small(lengths=(6, 9, 4))
    training = FeatureStatistics.of(clean)
    whole = condition.apply(clean, seed=0, training=training)
    turned = condition.apply(clean.take_dialogues([2, 0, 1]), seed=0, training=training)
    alone = condition.apply(clean.take_dialogues([1]), seed=0, training=training)
    for name in clean.dialogue_ids:
        assert rows_of(whole, name) == rows_of(turned, name)
    assert rows_of(whole, clean.dialogue_ids[1]) == rows_of(alone, clean.dialogue_ids[1])


@every_rung
def test_one_dialogue_of_one_turn_works(small: Make, condition: Condition) -> None:
    hit = apply(condition, small(lengths=(1,)))
    assert (hit.target >= 0).sum() == 1


@pytest.mark.parametrize("name", names(PROTOCOLS))
def test_one_modality_works(small: Make, name: str) -> None:
    clean = small(modalities=("text",))
    for condition in expand(name, clean.modalities):
        assert len(apply(condition, clean)) >= len(clean)


@pytest.mark.parametrize("name", names(PROTOCOLS))
def test_it_says_what_it_means_and_what_its_severity_is(name: str) -> None:
    protocol = make(PROTOCOLS, name)
    assert isinstance(protocol, StressProtocol)
    assert protocol.meaning.endswith(".")
    assert protocol.severity in {"", *(argument.name for argument in describe(type(protocol)))}


@every_rung
def test_the_text_is_canonical(condition: Condition) -> None:
    (again,) = expand(condition.text, MODALITIES)
    assert again.text == condition.text
