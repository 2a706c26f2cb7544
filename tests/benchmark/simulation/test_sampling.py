"""The drawn conversations follow the process as stated."""

from itertools import pairwise

import numpy as np
import pytest

from emobench.benchmark.conversations import Conversations
from emobench.benchmark.datasets.simulated import Simulated
from emobench.benchmark.simulation.world import SHARES, Noise, World, make_world

INERTIA, CONTAGION, SWITCH, POOR_SHARE = 0.35, 0.2, 0.85, 0.3


@pytest.fixture(scope="module")
def many() -> Conversations:
    """Return 2,000 dialogues with narrow text and video, and audio wide enough to read the noise level from it."""
    return Simulated(train=1, validation=1, test=2000, text_width=1, audio_width=32, video_width=1).load().test


def z_score(hits: np.ndarray, expected: np.ndarray | float) -> float:
    """How many standard errors the hits (0 or 1, each with its expected value) are from what was expected."""
    expected = np.broadcast_to(expected, hits.shape)
    return float((hits - expected).sum() / np.sqrt((expected * (1 - expected)).sum()))


def test_the_shares_are_stationary(many: Conversations) -> None:
    counts = np.zeros((many.dialogues, 7))
    np.add.at(counts, (many.dialogue, many.label), 1)
    # Turns of one dialogue are alike, so the spread is taken over dialogues.
    excess = counts - counts.sum(axis=1, keepdims=True) * np.array(SHARES)
    z = excess.mean(axis=0) / (excess.std(axis=0) / np.sqrt(many.dialogues))
    assert np.abs(z).max() < 4


def test_the_first_and_the_last_turns_have_the_same_shares(many: Conversations) -> None:
    for rows in (many.starts[:-1], many.starts[1:] - 1):
        for label, share in enumerate(SHARES):
            assert abs(z_score((many.label[rows] == label).astype(float), share)) < 4


def causes(many: Conversations) -> np.ndarray:
    """Per turn its label, the own last and the last label (−1: there is none)."""
    rows = []
    for first, end in zip(many.starts[:-1], many.starts[1:], strict=True):
        last: dict[int, int] = {}
        for row in range(first, end):
            speaker = int(many.speaker[row])
            rows.append((many.label[row], last.get(speaker, -1), many.label[row - 1] if row > first else -1))
            last[speaker] = int(many.label[row])
    return np.array(rows)


def test_an_emotion_lasts_and_spreads_as_stated(many: Conversations) -> None:
    label, own, before = causes(many).T
    shares = np.array(SHARES)
    both = (own >= 0) & (own != before)
    base = 1 - INERTIA - CONTAGION
    assert abs(z_score((label == own)[both], INERTIA + base * shares[own[both]])) < 4
    assert abs(z_score((label == before)[both], CONTAGION + base * shares[before[both]])) < 4
    same = (own >= 0) & (own == before)
    assert abs(z_score((label == own)[same], 1 - base + base * shares[own[same]])) < 4


def test_the_weight_of_a_missing_history_goes_to_the_shares(many: Conversations) -> None:
    label, own, before = causes(many).T
    new = (own < 0) & (before >= 0)
    assert abs(z_score((label == before)[new], CONTAGION + (1 - CONTAGION) * np.array(SHARES)[before[new]])) < 4


def test_speakers_are_numbered_as_they_first_speak_and_mostly_change(many: Conversations) -> None:
    counts = []
    changes: list[bool] = []
    for first, end in zip(many.starts[:-1], many.starts[1:], strict=True):
        speakers = many.speaker[first:end].tolist()
        assert list(dict.fromkeys(speakers)) == list(range(max(speakers) + 1))
        counts.append(max(speakers) + 1)
        changes += [now != last for last, now in pairwise(speakers)]
    assert max(counts) == 4
    assert abs(z_score(np.array(changes, float), SWITCH)) < 4


def test_the_number_of_turns_is_uniform(many: Conversations) -> None:
    turns = np.diff(many.starts)
    assert (turns.min(), turns.max()) == (3, 20)
    for length in range(3, 21):
        assert abs(z_score((turns == length).astype(float), 1 / 18)) < 4


def test_features_are_class_means_with_good_and_poor_noise(many: Conversations) -> None:
    means = Simulated(text_width=1, audio_width=32, video_width=1).world().means["audio"]
    residual = many.features["audio"] - means[many.label]
    level = np.sqrt(np.square(residual).mean(axis=1))
    poor = level > 1.6
    assert abs(z_score(poor.astype(float), POOR_SHARE)) < 4
    assert np.std(residual[~poor]) == pytest.approx(1, abs=0.01)
    assert np.std(residual[poor]) == pytest.approx(2.5, abs=0.02)
    assert np.abs(residual.mean(axis=0)).max() < 5 * 1.65 / np.sqrt(len(many))


def test_noise_levels_of_the_modalities_are_independent() -> None:
    test = Simulated(train=1, validation=1, test=600).load().test
    means = Simulated().world().means
    poor = [
        np.square(test.features[modality] - means[modality][test.label]).mean(axis=1) > 1.6**2
        for modality in test.modalities
    ]
    correlation = np.corrcoef(np.array(poor, float))
    assert np.abs(correlation - np.eye(3)).max() < 4 / np.sqrt(len(test))


def world(seed: int = 0, audio: int = 32, scale: float = 1.0) -> World:
    return make_world(
        seed,
        widths={"text": 64, "audio": audio, "video": 32},
        scales={"text": scale, "audio": 1.0, "video": 1.0},
    )


def test_class_means_have_the_stated_length() -> None:
    for modality, length in (("text", 1.75), ("audio", 0.8), ("video", 0.5)):
        assert np.linalg.norm(world().means[modality], axis=1) == pytest.approx([length] * 7)


def test_the_scale_multiplies_and_the_seed_and_the_own_width_decide_the_directions() -> None:
    assert np.allclose(world(scale=0.5).means["text"], world().means["text"] / 2)
    assert np.array_equal(world(audio=8).means["text"], world().means["text"])
    assert not np.allclose(world(seed=1).means["text"], world().means["text"])
    assert world(audio=8).widths == {"text": 64, "audio": 8, "video": 32}


def test_shares_and_levels_are_distributions() -> None:
    noise: Noise = world().noise
    assert sum(SHARES) == pytest.approx(1, abs=1e-12)
    assert noise.shares.sum() == pytest.approx(1, abs=1e-12)
