"""What every protocol promises, tested over everything registered: a new file is covered the moment it exists.

A protocol may decline data it is not defined for (`NotApplicable`, one line); what it declines is not asked of it. An
attack is aimed at a small fitted network. A set of conditions is tested by way of its members.
"""

import importlib
import tracemalloc
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import combinations, pairwise, product

import numpy as np
import pytest

from emobench.baselines.base import FitContext, FittedModel
from emobench.benchmark.arguments import describe
from emobench.benchmark.conditions import Condition, Expanded, expand
from emobench.benchmark.conversations import Conversations
from emobench.benchmark.errors import EmobenchError, NotApplicable, SpecError
from emobench.benchmark.models import make_model
from emobench.benchmark.realised import realised_under
from emobench.benchmark.registry import PROTOCOLS, make, names, summary
from emobench.protocols import noise
from emobench.protocols.base import Attack, ConditionSet, DataFacts, FeatureStatistics, StressProtocol

WIDTHS = {"text": 24, "audio": 20, "video": 22}
LENGTHS = (6, 9, 4)
PARAGRAPHS = ("What is changed: ", "What the model is told: ", "What is random: ", "Severity: ", "Replay: ")
NOT_NESTED = {
    "speaker_confusion": "speakers are numbered anew, so one label may change another's number",
    "adversarial": "what is best to move differs from one radius to the next",
}
"""Protocols of which a harder rung does not touch all that a milder one does, each with the reason."""
NOT_ALONE = {"adversarial": "the gradients of a batch depend on its make-up in the last bits"}
"""Protocols whose result for a dialogue depends on the others, up to rounding, each with the reason."""


def conversations(
    lengths: Sequence[int] = LENGTHS, modalities: Sequence[str] = tuple(WIDTHS), split: str = "test"
) -> Conversations:
    """Return conversations of three speakers whose features tell a little about the label."""
    rng = np.random.default_rng(len(lengths))
    rows = sum(lengths)
    label = rng.integers(0, 3, rows)
    return Conversations(
        data="wide",
        split=split,
        classes=("neutral", "joy", "anger"),
        features={m: (rng.normal(size=(rows, WIDTHS[m])) + label[:, None]).astype(np.float32) for m in modalities},
        observed={modality: np.ones(rows, bool) for modality in modalities},
        present={modality: np.ones(rows, bool) for modality in modalities},
        dialogue=np.repeat(np.arange(len(lengths)), lengths),
        speaker=np.concatenate([np.minimum(np.arange(n), rng.integers(0, 3, n)) for n in lengths]),
        label=label,
        target=np.arange(rows),
        utterance_ids=tuple(f"{split}_{row}" for row in range(rows)),
        dialogue_ids=tuple(f"{split}_dialogue_{dialogue}" for dialogue in range(len(lengths))),
    )


CLEAN = conversations()
FACTS = DataFacts.of(CLEAN)


@cache
def trained(modalities: tuple[str, ...]) -> tuple[FittedModel, dict[str, FeatureStatistics]]:
    """Return a network to attack, and what a stress may know of the training split."""
    train = conversations((8,) * 12, modalities, split="train")
    model = make_model("rage_fusion:epochs=1,heads=2,temperature=false,width=8")
    return model.fit(train, train, context=FitContext(seed=0)), FeatureStatistics.of(train)


def apply(condition: Condition, clean: Conversations = CLEAN, *, seed: int = 0, draw: int = 0) -> Conversations:
    model, training = trained(clean.modalities)
    return condition.apply(clean, seed=seed, draw=draw, training=training, model=model)


def stresses() -> list[str]:
    return [name for name in names(PROTOCOLS) if not isinstance(make(PROTOCOLS, name), ConditionSet)]


def expanded(text: str, facts: DataFacts = FACTS) -> Expanded:
    """Return what a text stands for; nothing where it is refused, in one line."""
    try:
        return expand(text, facts)
    except (NotApplicable, SpecError) as error:
        assert_one_line(error)
        return Expanded((), {})


def assert_one_line(error: EmobenchError) -> None:
    text = str(error)
    assert 15 < len(text) < 400
    assert "\n" not in text
    assert not text.endswith(".")


def variants(name: str) -> Iterator[str]:
    """Yield a text for each value of each argument that has a list of them."""
    yield name
    for argument in describe(type(make(PROTOCOLS, name))):
        if " | " in argument.kind and argument.kind != "true | false":
            yield from (f"{name}:{argument.name}={value}" for value in argument.kind.split(" | "))


def hardest() -> list[Condition]:
    """Return the hardest rung of every curve of each standard ladder, and every condition that is on none.

    Of the other values of the arguments one each: the hardest rung of the last curve.
    """
    found: dict[str, Condition] = {}
    for name in names(PROTOCOLS):
        ladder, *others = (expanded(text).conditions for text in variants(name))
        found |= {condition.record().family or condition.text: condition for condition in ladder}
        found |= {condition.text: condition for other in others for condition in other[-1:]}
    return list({condition.text: condition for condition in found.values()}.values())


@cache
def stressed(condition: Condition, *, draw: int = 0) -> Conversations:
    """Return what `apply` does to the standard conversations, once for all tests."""
    return apply(condition, draw=draw)


@cache
def backwards() -> dict[str, Conversations]:
    """Return the same of all conditions, from the last to the first."""
    return {condition.text: apply(condition) for condition in reversed(hardest())}


every_condition = pytest.mark.parametrize("condition", hardest(), ids=lambda condition: condition.text)
every_stress = pytest.mark.parametrize("name", stresses())


@dataclass(frozen=True)
class Dialogue:
    """All there is of one dialogue under stress, all copies of it, in a form that can be compared."""

    arrays: dict[str, np.ndarray]
    words: tuple[object, ...]

    @classmethod
    def of(cls, stressed: Conversations, name: str, *, given: bool = False) -> "Dialogue":
        """Gather it; `given`: only what a model is given, and which utterances are read."""
        places = [place for place, other in enumerate(stressed.dialogue_ids) if other == name]
        rows = np.flatnonzero(np.isin(stressed.dialogue, places))
        arrays = {"speaker": stressed.speaker[rows], "label": stressed.label[rows], "read": stressed.target[rows] >= 0}
        for m in stressed.modalities:
            nothing = np.zeros(stressed.features[m].shape, bool)
            arrays |= {f"{m}": stressed.features[m][rows], f"{m} observed": stressed.observed[m][rows]}
            arrays |= {f"{m} concealed": stressed.concealed.get(m, nothing)[rows]}
            if not given:
                arrays |= {f"{m} present": stressed.present[m][rows]}
                arrays |= {f"{m} hidden": stressed.trace.hidden.get(m, nothing)[rows]}
                arrays |= {f"{m} source": stressed.trace.source.get(m, stressed.recorded_turn())[rows]}
                arrays |= {f"{m} noise {n}": x.hit[rows] for n, x in enumerate(stressed.trace.noise.get(m, ()))}
        lengths = tuple(np.diff(stressed.starts)[places].tolist())
        ids = tuple(stressed.utterance_ids[row] for row in rows)
        return cls(arrays, (lengths, ids, stressed.links, "" if given else stressed.trace.unknown))

    def same(self, other: "Dialogue", *, tolerance: float = 0) -> bool:
        close = (np.allclose(x, other.arrays[key], rtol=0, atol=tolerance) for key, x in self.arrays.items())
        return self.words == other.words and self.arrays.keys() == other.arrays.keys() and all(close)


def same(first: Conversations, second: Conversations, *, tolerance: float = 0, given: bool = False) -> bool:
    """Return whether all that is there of every dialogue is the same; dialogues may stand in another order."""
    return set(first.dialogue_ids) == set(second.dialogue_ids) and all(
        Dialogue.of(first, name, given=given).same(Dialogue.of(second, name, given=given), tolerance=tolerance)
        for name in first.dialogue_ids
    )


def read_rows(stressed: Conversations) -> np.ndarray:
    """Return the row of each utterance of the original split at which its prediction is read."""
    rows = np.flatnonzero(stressed.target >= 0)
    assert sorted(stressed.target[rows].tolist()) == list(range(len(rows)))
    return np.asarray(rows[np.argsort(stressed.target[rows])])


def touched(stressed: Conversations, clean: Conversations = CLEAN) -> dict[str, np.ndarray]:
    """Return what was done to each utterance that is read, as masks."""
    rows = read_rows(stressed)
    found = {"place": stressed.turn[rows] != clean.turn, "speaker": stressed.speaker[rows] != clean.speaker}
    for m in clean.modalities:
        found[m] = stressed.features[m][rows] != clean.features[m]
        found[f"{m} gone"] = ~stressed.present[m][rows] | ~stressed.observed[m][rows]
    row_of = {name: row for row, name in enumerate(clean.utterance_ids)}
    lost = np.ones((len(clean), len(clean)), bool)
    for target, row in enumerate(rows):
        around = np.flatnonzero(stressed.dialogue == stressed.dialogue[row])
        seen = np.ones(len(around), bool)
        if stressed.links is not None:
            mask = stressed.links.mask(stressed.speaker[around], stressed.recorded_turn()[around])
            seen = mask[np.flatnonzero(around == row)[0]]
        lost[target, [row_of[stressed.utterance_ids[other]] for other in around[seen]]] = False
    # Rows repeat when place and speaker are those of a shortened dialogue: the context says it all there.
    return {"lost": lost & (clean.dialogue[:, None] == clean.dialogue)} | (
        found if len(stressed) == len(clean) else {key: x for key, x in found.items() if key != "place"}
    )


@every_condition
def test_same_seed_same_bits_in_whichever_order_conditions_are_run(condition: Condition) -> None:
    assert same(stressed(condition), backwards()[condition.text])


@every_condition
def test_another_draw_differs_exactly_if_it_says_that_it_is_random(condition: Condition) -> None:
    first = stressed(condition)
    others = (*(stressed(condition, draw=draw) for draw in range(1, 4)), apply(condition, seed=1))
    assert any(not same(first, other) for other in others) == condition.random


@every_condition
def test_the_input_is_untouched(condition: Condition) -> None:
    clean, before = conversations(), conversations()
    apply(condition, clean)
    assert same(clean, before)
    assert (clean.target.tobytes(), clean.dialogue.tobytes()) == (before.target.tobytes(), before.dialogue.tobytes())


@every_condition
def test_every_utterance_is_read_once_and_all_keep_their_label(condition: Condition) -> None:
    hit = stressed(condition)
    rows = read_rows(hit)
    assert len(rows) == len(CLEAN)
    assert [hit.utterance_ids[row] for row in rows] == list(CLEAN.utterance_ids)
    label = dict(zip(CLEAN.utterance_ids, CLEAN.label, strict=True))
    assert hit.label.tolist() == [label[name] for name in hit.utterance_ids]
    dialogue = dict(zip(CLEAN.utterance_ids, CLEAN.dialogue, strict=True))
    assert [CLEAN.dialogue_ids[dialogue[name]] for name in hit.utterance_ids] == [
        hit.dialogue_ids[place] for place in hit.dialogue
    ]
    assert (hit.data, hit.split, hit.classes) == (CLEAN.data, CLEAN.split, CLEAN.classes)


@every_condition
def test_what_is_done_does_not_depend_on_labels(condition: Condition) -> None:
    if condition.attacks:
        assert condition.unknown, "an attack looks at labels, so no exact posterior is known"
    else:
        relabelled = apply(condition, CLEAN.change(label=np.roll(CLEAN.label, 1)))
        assert same(stressed(condition), relabelled.change(label=stressed(condition).label))


@every_condition
def test_a_dialogue_is_stressed_the_same_whichever_others_are_there(condition: Condition) -> None:
    name = condition.stresses[0][0]
    whole = stressed(condition)
    assert same(whole, apply(condition, CLEAN.take_dialogues([2, 0, 1])), tolerance=1e-4 * (name in NOT_ALONE))
    alone = apply(condition, CLEAN.take_dialogues([1]))
    mine, other = (Dialogue.of(conversations, CLEAN.dialogue_ids[1]) for conversations in (whole, alone))
    assert mine.same(other, tolerance=1e-4 * (name in NOT_ALONE))


@every_condition
def test_the_trace_tells_all_that_was_done_or_says_why_not(condition: Condition) -> None:
    hit = stressed(condition)
    assert hit.trace.unknown == condition.unknown
    rows = read_rows(hit)
    for m in CLEAN.modalities:
        nothing = np.zeros(hit.features[m].shape, bool)
        assert not (~hit.observed[m] & hit.present[m]).any(), "nobody is told that what is there is missing"
        assert not (hit.concealed.get(m, nothing) & ~hit.trace.hidden.get(m, nothing)).any()
        if condition.unknown:
            continue
        differs = (hit.features[m][rows] != CLEAN.features[m]) & hit.present[m][rows, None]
        for layer in hit.trace.noise.get(m, ()):
            differs &= ~layer.hit[rows, None]
        if m in hit.trace.hidden:
            differs &= ~hit.trace.hidden[m][rows]
        if m in hit.trace.source:
            differs &= (hit.trace.source[m] == hit.recorded_turn())[rows, None]
        assert not differs.any()


@every_condition
def test_it_changes_the_modalities_that_it_says(condition: Condition) -> None:
    ((_, protocol),) = condition.stresses
    changed = set()
    for hit in (stressed(condition, draw=draw) for draw in range(4 if condition.random else 1)):
        done = touched(hit)
        changed |= {m for m in CLEAN.modalities if done[m].any() or done[f"{m} gone"].any()}
        gone = {m for m in CLEAN.modalities if not hit.present[m].any()}
        assert gone >= protocol.leaves_nothing_of(CLEAN.modalities)
    assert changed == protocol.changes(CLEAN.modalities)


@every_condition
def test_what_it_really_did_can_be_told(condition: Condition) -> None:
    figures = realised_under(CLEAN, stressed(condition))
    assert {f"missing {m}" for m in CLEAN.modalities} <= set(figures)
    assert np.isfinite(list(figures.values())).all()


@every_condition
@pytest.mark.parametrize("known", ["none", "some"])
def test_labels_may_be_missing_and_only_attacks_look_at_them(condition: Condition, known: str) -> None:
    label = np.where((np.arange(len(CLEAN)) % 3 == 0) & (known == "some"), CLEAN.label, -1)
    hit = apply(condition, CLEAN.change(label=label))
    assert np.array_equal(hit.label[read_rows(hit)], label)
    if not isinstance(condition.stresses[0][1], Attack):
        labelled = stressed(condition)
        assert same(hit.change(label=labelled.label), labelled)


@pytest.mark.parametrize(
    "clean",
    [
        pytest.param(conversations((7,)), id="one dialogue"),
        pytest.param(conversations((1, 1, 1)), id="one turn"),
        pytest.param(conversations((1,)), id="one utterance"),
        pytest.param(CLEAN.change(speaker=np.zeros(len(CLEAN), np.int64)), id="one speaker"),
        pytest.param(CLEAN.change(speaker=np.full(len(CLEAN), 2)), id="one speaker, not the first"),
        pytest.param(conversations(modalities=("text",)), id="one modality"),
        pytest.param(conversations(modalities=("audio", "video")), id="no text"),
    ],
)
@pytest.mark.parametrize("name", names(PROTOCOLS))
def test_small_data_work_or_are_declined_in_one_line(name: str, clean: Conversations) -> None:
    facts = DataFacts.of(clean)
    for text in variants(name):
        conditions, skipped = expanded(text, facts)
        texts = [condition.text for condition in conditions]
        assert len(set(texts)) == len(texts)
        for reason in skipped.values():
            assert_one_line(NotApplicable(reason))
        for condition in conditions[-1:]:
            assert len(read_rows(apply(condition, clean))) == len(clean)


@every_stress
def test_no_condition_of_a_ladder_is_there_twice(name: str) -> None:
    clean = conversations(modalities=("audio",))
    conditions = expanded(name, DataFacts.of(clean)).conditions
    severities = [condition.record().severity for condition in conditions]
    on_curves = [severity for severity in severities if severity is not None]
    assert len(set(on_curves)) == len(on_curves), "with one modality there is nothing to tell curves apart by"
    others = [apply(c, clean) for c, severity in zip(conditions, severities, strict=True) if severity is None]
    assert not any(same(first, second) for first, second in combinations(others, 2))


@pytest.mark.parametrize("text", [text for name in stresses() for text in variants(name)])
def test_rungs_grow_harder_and_touch_the_same_and_more(text: str) -> None:
    curves: dict[str, list[Condition]] = {}
    for condition in expanded(text).conditions:
        if condition.record().family:
            curves.setdefault(condition.record().family, []).append(condition)
    for rungs in curves.values():
        severities = [rung.record().severity or 0.0 for rung in rungs]
        assert all(mild < hard for mild, hard in pairwise(severities)), "a ladder goes from mild to severe"
        if text.partition(":")[0] in NOT_NESTED:
            continue
        for mild, hard in pairwise(touched(stressed(rung)) for rung in rungs):
            for key in mild.keys() & hard.keys():
                assert not (mild[key] & ~hard[key]).any(), key


@pytest.mark.parametrize("text", [text for name in stresses() for text in variants(name)])
def test_severity_zero_is_clean(text: str) -> None:
    severity = make(PROTOCOLS, text.partition(":")[0]).severity
    zero = f"{text}{',' if ':' in text else ':'}{severity}=0"
    for condition in expanded(zero).conditions if severity else ():
        if condition.record().severity == 0:
            assert same(stressed(condition), CLEAN, given=True)


@pytest.mark.parametrize(("first", "second"), list(product(stresses(), stresses())))
def test_any_two_go_together_or_say_why_not(first: str, second: str) -> None:
    text = "+".join(expand(name, FACTS).conditions[-1].text for name in (first, second))
    try:
        (chain,) = expand(text, FACTS).conditions
        hit = apply(chain)
    except (SpecError, NotApplicable) as error:
        assert_one_line(error)
    else:
        assert chain.text == text
        assert len(read_rows(hit)) == len(CLEAN)
        assert np.isfinite(list(realised_under(CLEAN, hit).values())).all()


@every_condition
def test_the_parts_of_a_chain_draw_independently(condition: Condition) -> None:
    (part,) = condition.stresses
    chain = Condition((part, part))
    assert chain.randomness(0, seed=0) == condition.randomness(0, seed=0), "what follows changes nothing before it"
    assert chain.randomness(0, seed=0).integer() != chain.randomness(1, seed=0).integer()
    assert chain.randomness(1, seed=0) != condition.randomness(0, seed=0, draw=1)


@pytest.mark.parametrize("name", names(PROTOCOLS))
def test_it_says_what_it_means_and_what_its_severity_is(name: str) -> None:
    plugin = make(PROTOCOLS, name)
    assert isinstance(plugin, StressProtocol | Attack | ConditionSet)
    assert plugin.meaning.endswith(".")
    assert 10 < len(summary(PROTOCOLS, name)) <= 120
    if not isinstance(plugin, ConditionSet):
        assert plugin.severity in {"", *(argument.name for argument in describe(type(plugin)))}


@every_stress
def test_its_page_says_what_a_reader_needs(name: str) -> None:
    text = importlib.import_module(type(make(PROTOCOLS, name)).__module__).__doc__ or ""
    paragraphs = text.split("\n\n")
    found = [next((place for place, p in enumerate(paragraphs) if p.startswith(words)), -1) for words in PARAGRAPHS]
    assert -1 not in found, f"missing: {PARAGRAPHS[found.index(-1)]}"
    assert len(text.splitlines()) <= 45


@every_condition
def test_the_text_is_canonical(condition: Condition) -> None:
    (again,) = expand(condition.text, FACTS).conditions
    assert again == replace(condition)
    assert again.text == condition.text


@every_stress
def test_memory_stays_within_twice_the_split(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # What noise remembers of small splits has a bound of its own, which does not grow with the split.
    monkeypatch.setattr(noise, "MOST_KEPT", 0)
    rung = expand(name, FACTS).conditions[-1]
    ((_, protocol),) = rung.stresses
    if isinstance(protocol, Attack) or protocol.repeats:
        return  # an attack needs what its model needs; one that repeats dialogues copies them
    rng = np.random.default_rng(0)
    clean = conversations((10,) * 40)
    features = {m: rng.normal(size=(len(clean), 20 * width)).astype(np.float32) for m, width in WIDTHS.items()}
    clean = clean.with_modalities(features=features)
    training = FeatureStatistics.of(clean)
    tracemalloc.start()
    try:
        rung.apply(clean, seed=0, training=training)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak <= 2 * sum(rows.nbytes for rows in features.values())
