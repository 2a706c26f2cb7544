"""The model `bayes_optimal`: as good as stated, and declining where it is not exact."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from sklearn.metrics import f1_score

from emobench.baselines.base import FitContext, State
from emobench.baselines.bayes_optimal import BayesOptimal, FittedBayesOptimal
from emobench.benchmark.context import Context
from emobench.benchmark.conversations import Conversations
from emobench.benchmark.datasets.simulated import Simulated
from emobench.benchmark.errors import NotApplicable
from emobench.benchmark.randomness import Randomness
from emobench.benchmark.trace import AddedNoise, Trace
from emobench.protocols.modality_drop import ModalityDrop


def without(conversations: Conversations, *modalities: str) -> Conversations:
    """Return the conversations with modalities absent: zeros, and not present."""
    return conversations.with_modalities(
        features={m: np.zeros_like(conversations.features[m]) for m in modalities},
        present={m: np.zeros(len(conversations), bool) for m in modalities},
    )


def predict(conversations: Conversations) -> np.ndarray:
    return FittedBayesOptimal().predict(conversations).probabilities


@pytest.fixture(scope="module")
def default() -> Conversations:
    return Simulated().load().test


def weighted_f1(conversations: Conversations) -> float:
    predicted = predict(conversations).argmax(axis=1)
    return float(f1_score(conversations.label, predicted, average="weighted", zero_division=0))


def test_weighted_f1_is_between_72_and_82_per_cent_on_the_default(default: Conversations) -> None:
    assert 0.72 < weighted_f1(default) < 0.82


def test_text_says_far_more_than_audio_and_audio_more_than_video(default: Conversations) -> None:
    text = weighted_f1(without(default, "audio", "video"))
    audio = weighted_f1(without(default, "text", "video"))
    video = weighted_f1(without(default, "text", "audio"))
    nothing = weighted_f1(without(default, "text", "audio", "video"))
    assert text > audio + 0.15
    assert audio > video + 0.04
    assert video > nothing + 0.04
    assert 0.66 < text < 0.76


def test_told_and_silent_are_the_same_to_it(default: Conversations) -> None:
    told, silent = (
        ModalityDrop(rate=0.5, signal=signal).apply(default, randomness=Randomness(3), training={})
        for signal in ("told", "silent")
    )
    assert told.observed["text"].sum() < silent.observed["text"].sum()
    assert np.array_equal(predict(told), predict(silent))


def test_a_dialogue_is_predicted_alike_in_any_company(default: Conversations) -> None:
    chosen = [5, 3, 150, 3]
    mixed = predict(default.take_dialogues(chosen))
    whole = predict(default)
    starts = default.starts
    assert np.array_equal(mixed, np.concatenate([whole[starts[d] : starts[d + 1]] for d in chosen]))


def test_rows_for_context_only_are_predicted_too(default: Conversations) -> None:
    context = default.change(target=np.full(len(default), -1))
    assert np.array_equal(predict(context), predict(default))


def test_the_end_of_a_dialogue_may_be_cut_off() -> None:
    data = Simulated(train=1, validation=1, test=1, turns=(6, 6))
    whole = data.load().test
    first = {name: getattr(whole, name)[:4] for name in ("dialogue", "speaker", "label", "target", "utterance_ids")}
    columns = {
        name: {m: x[:4] for m, x in getattr(whole, name).items()} for name in ("features", "observed", "present")
    }
    cut = whole.change(**first, **columns)
    silent_end = whole.with_modalities(
        features={m: x * (np.arange(6) < 4)[:, None].astype(np.float32) for m, x in whole.features.items()},
        present={m: np.arange(6) < 4 for m in whole.modalities},
    )
    assert predict(cut) == pytest.approx(predict(silent_end)[:4], abs=1e-12)


def test_fitting_and_restoring_need_nothing(default: Conversations) -> None:
    fitted = BayesOptimal().fit(default, default, context=FitContext(seed=0))
    assert fitted.record.parameters == 0
    assert fitted.record.epochs == ()
    restored = BayesOptimal().restore(fitted.state())
    assert fitted.state() == State(arrays={}, settings={})
    assert np.array_equal(restored.predict(default).probabilities, predict(default))


def test_other_data_are_declined(small: Callable[..., Conversations]) -> None:
    other = small().change(data="mosi")
    expected = "bayes_optimal needs data whose process is known, got 'mosi'; type --data simulated"
    for attempt in (
        lambda: BayesOptimal().fit(other, other, context=FitContext(seed=0)),
        lambda: FittedBayesOptimal().predict(other),
    ):
        with pytest.raises(NotApplicable) as caught:
            attempt()
        assert str(caught.value) == expected


def test_other_widths_are_declined(default: Conversations) -> None:
    with pytest.raises(NotApplicable, match=r"expects the widths \{'text': 8, .*\} of simulated:text_width=8, got"):
        predict(default.change(data="simulated:text_width=8"))


def test_a_dialogue_mean_in_place_of_a_modality_is_declined(default: Conversations) -> None:
    filled = ModalityDrop(drop=frozenset({"audio"}), fill="mean").apply(default, randomness=Randomness(0), training={})
    with pytest.raises(NotApplicable) as caught:
        predict(filled)
    assert str(caught.value) == (
        "bayes_optimal expects zeros where audio is absent, got other values at test_0000_00: a dialogue mean put in "
        "its place still tells of the dialogue, and its likelihood has no tractable form; type fill=zero"
    )


def test_a_gap_in_a_dialogue_is_declined(default: Conversations) -> None:
    names = list(default.utterance_ids)
    names[1] = "test_0000_02"
    with pytest.raises(NotApplicable, match="without gaps from their first turn on, got test_0000_02 as turn 1"):
        predict(default.change(utterance_ids=tuple(names)))


def taken(conversations: Conversations, rows: Sequence[int]) -> Conversations:
    """Return some rows of the first dialogue."""
    return conversations.take_rows(
        np.array(rows),
        dialogue=np.zeros(len(rows), np.int64),
        origin=np.zeros(1, np.int64),
        target=np.arange(len(rows)),
    )


def refusal(conversations: Conversations) -> str:
    """Return why there is no exact posterior."""
    with pytest.raises(NotApplicable) as caught:
        predict(conversations)
    start = "bayes_optimal has no exact posterior here, because "
    assert str(caught.value).startswith(start)
    return str(caught.value).removeprefix(start)


def test_a_gap_that_the_trace_knows_of_is_no_hindrance(default: Conversations) -> None:
    gap = taken(default, [0, 2])
    assert predict(gap).shape == (2, 7)
    # Without its trace it would be taken for a whole dialogue.
    with pytest.raises(NotApplicable, match="got test_0000_02 as turn 1"):
        predict(gap.change(trace=Trace()))


def test_a_stress_whose_likelihood_is_not_known_is_declined_with_its_reason(default: Conversations) -> None:
    assert refusal(default.change(trace=Trace(unknown="nobody noted it down"))) == "nobody noted it down"


def test_a_pairwise_mask_is_declined(default: Conversations) -> None:
    expected = "what reaches a turn through a pairwise mask differs from model to model; type mode=strict"
    assert refusal(default.change(links=Context("intra"))) == expected


def not_as_drawn(modality: str, utterance: str) -> str:
    return (
        f"the {modality} features of {utterance} are not those that were drawn, and the trace does not say why: a "
        "stress writes what it did into `trace`, or why its likelihood is not known into `unknown`"
    )


def test_features_that_were_changed_without_a_trace_are_declined(default: Conversations) -> None:
    rolled = default.with_modalities(features={"text": np.roll(default.features["text"], 1, axis=0)})
    assert refusal(rolled) == not_as_drawn("text", "test_0000_00")
    audio = default.features["audio"].copy()
    audio[7, 3] += np.float32(1e-3)
    moved = default.with_modalities(features={"audio": audio})
    assert refusal(moved) == not_as_drawn("audio", default.utterance_ids[7])


def test_the_trace_excuses_what_it_names_and_nothing_else(default: Conversations) -> None:
    audio = default.features["audio"].copy()
    audio[7, 3] = 9
    changed = default.with_modalities(features={"audio": audio})
    hidden = np.zeros(audio.shape, bool)
    hidden[7, 3] = True
    assert predict(changed.change(trace=Trace().with_hidden("audio", hidden))).shape == (len(default), 7)
    for other in (np.roll(hidden, 1, axis=0), np.roll(hidden, 1, axis=1)):
        why = refusal(changed.change(trace=Trace().with_hidden("audio", other)))
        assert why == not_as_drawn("audio", default.utterance_ids[7])
    noise = AddedNoise(np.ones(32), np.arange(len(default)) == 7)
    assert predict(changed.change(trace=Trace().with_noise("audio", noise))).shape == (len(default), 7)
    elsewhere = replace(noise, hit=np.arange(len(default)) == 6)
    assert "test_0000_07" in refusal(changed.change(trace=Trace().with_noise("audio", elsewhere)))


def test_features_of_another_turn_need_a_source(default: Conversations) -> None:
    rows = np.concatenate([np.roll(np.arange(a, b), 1) for a, b in pairwise(default.starts.tolist())])
    late = default.with_modalities(features={"video": default.features["video"][rows]})
    assert refusal(late) == not_as_drawn("video", "test_0000_00")
    assert predict(late.change(trace=Trace().moved("video", rows, default.turn))).shape == (len(default), 7)


def test_sources_out_of_the_dialogue_or_named_twice_are_declined(default: Conversations) -> None:
    turns = default.turn
    outside = "audio holds what was recorded outside of the dialogue"
    assert refusal(default.change(trace=Trace(source={"audio": turns - 1}))) == outside
    assert refusal(default.change(trace=Trace(source={"audio": turns + 1}))) == outside
    twice = "audio holds what was recorded at one turn in more than one row of a dialogue"
    assert refusal(default.change(trace=Trace(source={"audio": np.maximum(turns - 1, 0)}))) == twice


def test_where_a_modality_is_absent_its_source_does_not_matter(default: Conversations) -> None:
    absent = without(default, "audio")
    nowhere = absent.change(trace=Trace(source={"audio": np.full(len(default), 99)}))
    assert predict(nowhere) == pytest.approx(predict(absent), abs=1e-12)


def test_speakers_that_are_not_those_drawn_are_declined(default: Conversations) -> None:
    speaker = default.speaker.copy()
    speaker[:2] = speaker[1::-1] + 1
    expected = "the speakers of test_0000 are not those that were drawn, and the trace does not say why"
    assert refusal(default.change(speaker=speaker)) == expected
    # With a trace of who spoke there are two places where it stands.
    gap = taken(default, [0, 2])
    assert refusal(gap.change(speaker=gap.speaker + 1)) == (
        "turns are said to be spoken by others than were drawn, and the trace does not say why"
    )
    others = replace(gap.trace, speakers=tuple(speakers + 1 for speakers in gap.trace.speakers or ()))
    assert refusal(gap.change(trace=others)) == expected


def test_a_dialogue_longer_than_was_drawn_is_declined(default: Conversations) -> None:
    turns = int(default.starts[1])
    speakers = (np.append(default.speaker[:turns], 0),)
    longer = taken(default, range(turns))
    longer = longer.change(trace=replace(longer.trace, speakers=speakers))
    assert refusal(longer).startswith("the speakers of test_0000 are not those that were drawn")


def test_more_impulses_than_can_be_summed_are_declined(default: Conversations) -> None:
    every, variance = np.ones(len(default), bool), np.ones(default.widths["text"])
    layers = tuple(AddedNoise(variance, every, 0.1) for _ in range(9))
    with pytest.raises(NotApplicable, match=r"because 9 noises hit single features of text by chance, .* 2\^9 cases"):
        predict(default.change(trace=Trace(noise={"text": layers})))
