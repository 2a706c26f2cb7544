"""How severe a stress really was."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from emobench.benchmark.context import Context
from emobench.benchmark.conversations import Conversations
from emobench.benchmark.realised import Signal, means_of, realised_under
from emobench.benchmark.trace import AddedNoise, Trace

Make = Callable[..., Conversations]


def test_missing_counts_what_was_taken_away_from_rows_that_are_read(small: Make) -> None:
    clean = small(lengths=(2, 2))
    present = {"text": np.array([False, True, True, True]), "audio": np.zeros(4, bool)}
    hit = clean.with_modalities(present=present)
    assert realised_under(clean, hit) == {"missing text": 0.25, "missing audio": 1.0, "missing video": 0.0}
    # What was not there to begin with cannot be taken away.
    assert realised_under(hit, hit)["missing audio"] == 0.0
    # The rows that are read count, not those that are context.
    doubled = hit.take_dialogues([0, 0, 1]).change(target=np.array([-1, 1, 0, -1, 2, 3]))
    assert realised_under(clean, doubled)["missing text"] == 0.25


def test_hidden_is_the_mean_share_over_rows_that_are_there(small: Make) -> None:
    clean = small(lengths=(2,))
    hidden = np.array([[True, True, False, False], [True, True, True, True]])
    hit = clean.change(trace=Trace(hidden={"text": hidden}))
    assert realised_under(clean, hit)["hidden text"] == 0.75
    gone = hit.with_modalities(present={"text": np.array([True, False])})
    assert realised_under(clean, gone)["hidden text"] == 0.5
    assert "hidden text" not in realised_under(clean, hit.with_modalities(present={"text": np.zeros(2, bool)}))


def noisy(clean: Conversations, added: np.ndarray) -> Conversations:
    layer = AddedNoise(np.ones(added.shape[1]), np.ones(len(added), bool))
    hit = clean.with_modalities(features={"text": clean.features["text"] + added.astype(np.float32)})
    return hit.change(trace=Trace().with_noise("text", layer))


def test_the_ratio_weighs_all_features_alike(small: Make) -> None:
    clean = small(lengths=(400,))
    deviation = clean.features["text"].std(axis=0)
    # A tenth of each feature's own deviation, signs in turn: 20 dB whatever the scale of the feature.
    signs = np.where(np.arange(400) % 2, 1, -1)[:, None]
    assert realised_under(clean, noisy(clean, 0.1 * deviation * signs))["snr_db text"] == pytest.approx(20, abs=1e-3)
    scaled = clean.with_modalities(features={"text": clean.features["text"] * np.float32([1, 10, 100, 1000])})
    hit = noisy(scaled, 0.1 * deviation * signs * [1, 10, 100, 1000])
    assert realised_under(scaled, hit)["snr_db text"] == pytest.approx(20, abs=1e-3)


def test_noise_on_turns_in_another_order_is_held_against_their_own_features(small: Make) -> None:
    clean = small(lengths=(6,))
    order = np.array([3, 0, 5, 1, 4, 2])
    shuffled = clean.take_rows(order, dialogue=clean.dialogue, origin=np.array([0]))
    hit = noisy(shuffled, np.full((6, 4), 0.5))
    added = np.square((hit.features["text"] - shuffled.features["text"]).astype(np.float64))
    signal, variance = clean.features["text"] - clean.features["text"].mean(axis=0), clean.features["text"].var(axis=0)
    expected = 10 * np.log10((np.square(signal) / variance).sum() / (added / variance).sum())
    assert realised_under(clean, hit)["snr_db text"] == pytest.approx(expected, abs=1e-4)


def test_a_signal_that_is_kept_changes_no_figure(small: Make) -> None:
    clean = small(lengths=(40, 20))
    signal = Signal(clean)
    for size in (0.1, 1.0):
        hit = noisy(clean, np.full((60, 4), size))
        half = hit.with_modalities(present={"text": np.arange(60) < 30})
        for stressed in (hit, half):
            assert realised_under(clean, stressed, signal=signal) == realised_under(clean, stressed)


def test_what_is_hidden_constant_or_moved_has_no_part_in_the_ratio(small: Make) -> None:
    clean = small(lengths=(50,))
    rows = clean.features["text"].copy()
    rows[:, 0] = 7
    clean = clean.with_modalities(features={"text": rows})
    deviation = rows.std(axis=0)
    hit = noisy(clean, np.where(np.arange(50) % 2, 1, -1)[:, None] * deviation * [5, 0.1, 0.1, 0])
    filled = hit.features["text"].copy()
    filled[:, 3] = 0
    hidden = np.zeros((50, 4), bool)
    hidden[:, 3] = True
    occluded = hit.with_modalities(features={"text": filled}).change(trace=hit.trace.with_hidden("text", hidden))
    assert realised_under(clean, occluded)["snr_db text"] == pytest.approx(20, abs=1e-3)
    moved = hit.change(trace=replace(hit.trace, source={"text": np.arange(50)}))
    assert "snr_db text" not in realised_under(clean, moved)
    assert "snr_db text" not in realised_under(clean, noisy(clean, np.zeros((50, 4)))), "nothing was added"
    flat = clean.with_modalities(features={"text": np.ones((50, 4), np.float32)})
    assert "snr_db text" not in realised_under(flat, noisy(flat, np.ones((50, 4)))), "there is no signal"


def test_context_is_the_share_of_other_turns_that_are_left(small: Make) -> None:
    clean = small(lengths=(3, 1))
    rows = np.array([0, 0, 1, 0, 1, 2, 3])
    prefixes = clean.take_rows(
        rows,
        dialogue=np.array([0, 1, 1, 2, 2, 2, 3]),
        origin=np.array([0, 0, 0, 1]),
        target=np.array([0, -1, 1, -1, -1, 2, 3]),
    )
    # 0 of 2, 1 of 2, 2 of 2; a dialogue of one turn has no context to lose.
    assert realised_under(clean, prefixes)["context"] == 0.5
    assert "context" not in realised_under(clean, clean)
    alone = small(lengths=(1, 1))
    assert realised_under(alone, alone.take_dialogues([0, 1]))["context"] == 1.0


def test_links_leave_the_share_of_turns_that_are_linked(small: Make) -> None:
    clean = small(lengths=(3, 1))
    # Without the future the three turns of a dialogue draw on 0, 1 and 2 of the 2 others.
    assert realised_under(clean, clean.change(links=Context("future")))["context"] == 0.5


def test_moved_counts_rows_that_hold_what_belongs_to_another_turn(small: Make) -> None:
    clean = small(lengths=(3, 2))
    late = clean.change(trace=Trace(source={"audio": np.array([1, 0, 2, 0, 1])}))
    assert realised_under(clean, late)["moved audio"] == pytest.approx(0.4)
    gone = late.with_modalities(present={"audio": np.array([False, True, True, True, True])})
    assert realised_under(clean, gone)["moved audio"] == pytest.approx(0.25)
    assert "moved text" not in realised_under(clean, late)


def test_displaced_counts_turns_at_another_place(small: Make) -> None:
    clean = small(lengths=(4, 1)).change(speaker=np.array([0, 0, 0, 0, 0]))
    shuffled = clean.take_rows(np.array([1, 0, 2, 3, 4]), dialogue=clean.dialogue, origin=np.array([0, 1])).change(
        trace=Trace()
    )
    found = realised_under(clean, shuffled)
    assert found["displaced"] == pytest.approx(0.4)
    assert "speakers" not in found
    assert "displaced" not in realised_under(clean, clean)


def test_speakers_counts_pairs_of_turns_that_are_told_apart_wrongly(small: Make) -> None:
    clean = small(lengths=(3, 2)).change(speaker=np.array([0, 1, 0, 0, 1]))
    merged = clean.change(speaker=np.zeros(5, np.int64))
    # Of 3 + 1 pairs one is the same person's; the other 3 are taken for it.
    assert realised_under(clean, merged)["speakers"] == 0.75
    renamed = clean.change(speaker=np.array([1, 0, 1, 5, 2]))
    assert "speakers" not in realised_under(clean, renamed)


def test_means_are_over_the_draws_that_have_a_figure() -> None:
    assert means_of([{"a": 1.0, "b": 2.0}, {"a": 3.0}]) == {"a": 2.0, "b": 2.0}
    assert means_of([]) == {}
