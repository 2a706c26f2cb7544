"""The posterior is exact: it agrees with the sum over all sequences of labels."""

from collections.abc import Sequence

import numpy as np
import pytest
from scipy.stats import norm

from emobench.baselines.bayes_optimal import FittedBayesOptimal
from emobench.benchmark.conversations import Conversations
from emobench.benchmark.datasets.simulated import Simulated
from emobench.benchmark.simulation.posterior import posterior
from emobench.benchmark.simulation.world import SHARES, World


def likelihood(world: World, conversations: Conversations, row: int) -> np.ndarray:
    """Multiply the densities of the modalities that are there, by scipy, feature by feature."""
    result = np.ones(7)
    for modality, means in world.means.items():
        if conversations.present[modality][row]:
            x = conversations.features[modality][row].astype(float)
            result *= sum(share * norm.pdf(x, means, level).prod(axis=1) for share, level in ((0.7, 1.0), (0.3, 2.5)))
    return result


def enumerated(speakers: Sequence[int], likelihoods: np.ndarray) -> np.ndarray:
    """Sum over all 7^turns sequences, with the process as it is written in words."""
    turns = len(speakers)
    sequences = np.indices((7,) * turns).reshape(turns, -1)
    weight = np.ones(sequences.shape[1])
    last: dict[int, int] = {}
    for turn, speaker in enumerate(speakers):
        own, contagious = speaker in last, turn > 0
        chance = (1 - 0.35 * own - 0.2 * contagious) * np.array(SHARES)[sequences[turn]]
        if own:
            chance = chance + 0.35 * (sequences[turn] == sequences[last[speaker]])
        if contagious:
            chance = chance + 0.2 * (sequences[turn] == sequences[turn - 1])
        weight *= chance * likelihoods[turn][sequences[turn]]
        last[speaker] = turn
    sums = np.array([np.bincount(sequences[turn], weight, minlength=7) for turn in range(turns)])
    posteriors: np.ndarray = sums / weight.sum()
    return posteriors


def with_holes(conversations: Conversations, seed: int) -> Conversations:
    """Return the conversations with 40 % of the cells absent."""
    generator = np.random.default_rng(seed)
    present = {m: generator.random(len(conversations)) > 0.4 for m in conversations.modalities}
    features = {m: x * present[m][:, None].astype(np.float32) for m, x in conversations.features.items()}
    return conversations.with_modalities(features=features, present=present)


@pytest.mark.parametrize("speakers", [(1, 1), (2, 3), (4, 4)])
@pytest.mark.parametrize("holes", [False, True])
def test_it_agrees_with_enumeration(speakers: tuple[int, int], *, holes: bool) -> None:
    data = Simulated(
        train=1, validation=1, test=12, speakers=speakers, turns=(3, 5), text_width=4, audio_width=3, video_width=1
    )
    test = data.load().test
    if holes:
        test = with_holes(test, 5)
    predicted = FittedBayesOptimal().predict(test).probabilities
    world = data.world()
    for first, end in zip(test.starts[:-1], test.starts[1:], strict=True):
        exact = enumerated(
            test.speaker[first:end].tolist(), np.array([likelihood(world, test, row) for row in range(first, end)])
        )
        assert np.abs(predicted[first:end] - exact).max() < 1e-10


@pytest.mark.parametrize(
    "speakers", [[0], [0, 0, 0, 0], [0, 1, 1, 0, 0], [0, 1, 2, 1, 0], [0, 1, 2, 3, 0], [2, 0, 2, 2, 0], [3, 1, 3]]
)
def test_it_agrees_with_enumeration_for_any_order_of_speakers(speakers: list[int]) -> None:
    evidence = np.random.default_rng(len(speakers)).normal(scale=2, size=(len(speakers), 7))
    exact = enumerated(speakers, np.exp(evidence))
    found = posterior(Simulated().world(), np.array(speakers), evidence)
    assert np.abs(found - exact).max() < 1e-10


def test_without_evidence_every_turn_has_the_shares() -> None:
    speakers = np.array([0, 1, 0, 0, 2, 3, 1, 1, 0, 2])
    found = posterior(Simulated().world(), speakers, np.zeros((10, 7)))
    assert np.abs(found - np.array(SHARES)).max() < 1e-12


def test_overwhelming_evidence_and_long_dialogues_do_not_underflow() -> None:
    generator = np.random.default_rng(0)
    speakers = generator.integers(0, 4, 300)
    evidence = generator.normal(scale=2000, size=(300, 7)) - 50_000
    found = posterior(Simulated().world(), speakers, evidence)
    assert np.isfinite(found).all()
    assert found.sum(axis=1) == pytest.approx(np.ones(300))
    assert (found.argmax(axis=1) == evidence.argmax(axis=1)).mean() > 0.99


def test_a_later_turn_speaks_for_an_earlier_one() -> None:
    evidence = np.zeros((3, 7))
    evidence[2, 4] = 8.0
    found = posterior(Simulated().world(), np.array([0, 1, 0]), evidence)
    # Joy at turn 2 speaks for joy at turn 0 by inertia, and at turn 1 by contagion, which is weaker.
    assert found[0, 4] > found[1, 4] > SHARES[4] + 0.1
