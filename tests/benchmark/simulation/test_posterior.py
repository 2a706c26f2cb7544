"""The posterior is exact: it agrees with the sum over all sequences of labels."""

from collections.abc import Sequence

import numpy as np
import pytest
from scipy.stats import norm

from emobench.baselines.bayes_optimal import FittedBayesOptimal
from emobench.benchmark.conversations import Conversations
from emobench.benchmark.datasets.simulated import Simulated
from emobench.benchmark.simulation import posterior as posterior_module
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


def several(speakers: list[int], sets: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return evidence as different sets of turns see it, and which turns each is asked about."""
    rng = np.random.default_rng(seed)
    evidence = rng.normal(scale=2, size=(len(speakers), 7))
    seen = rng.random((sets, len(speakers))) < 0.5
    return np.where(seen[:, :, None], evidence, 0.0), rng.random(seen.shape) < 0.6


@pytest.mark.parametrize("speakers", [[0, 0, 0, 0], [0, 1, 2, 1, 0], [0, 1, 2, 3, 0], [1, 0, 0, 2, 1]])
@pytest.mark.parametrize("cells", [1, 1 << 22])
def test_many_sets_of_evidence_are_each_by_itself(
    speakers: list[int], cells: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(posterior_module, "CELLS", cells)
    world, who = Simulated().world(), np.array(speakers)
    evidence, wanted = several(speakers, 9, 4)
    found = posterior(world, who, evidence, wanted)
    for one, asked, result in zip(evidence, wanted, found, strict=True):
        assert np.abs(result - enumerated(speakers, np.exp(one)))[asked].max(initial=0) < 1e-10
        assert (result[~asked] == 0).all()
    assert np.abs(posterior(world, who, evidence)[wanted] - found[wanted]).max() < 1e-12


@pytest.mark.parametrize("speakers", [[0] * 9, [0, 1, 1, 0, 0, 1, 1, 0, 1], [0, 1, 2, 3, 0, 1, 1, 3, 2]])
def test_a_set_is_the_same_to_the_bit_whatever_others_there_are(speakers: list[int]) -> None:
    world, who = Simulated().world(), np.array(speakers)
    evidence, wanted = several(speakers, 25, 6)
    # The first half once more, as others end: what they share must not show.
    evidence[13:, :4], wanted[13:, 2] = evidence[:12, :4], True
    together = posterior(world, who, evidence, wanted)
    alone = np.array([posterior(world, who, *pair) for pair in zip(evidence, wanted, strict=True)])
    alone[~wanted] = 0
    assert np.array_equal(together, alone)
    assert np.array_equal(posterior(world, who, evidence[5:8], wanted[5:8]), together[5:8])


def test_axes_before_the_turns_are_kept() -> None:
    evidence, _ = several([0, 1, 0], 6, 1)
    found = posterior(Simulated().world(), np.array([0, 1, 0]), evidence.reshape(2, 3, 3, 7))
    assert np.array_equal(found.reshape(6, 3, 7), posterior(Simulated().world(), np.array([0, 1, 0]), evidence))


def test_what_is_removed_from_a_dialogue_is_neither_looked_at_nor_shortens_it() -> None:
    # Two turns by 0 with one by 1 or none between them: the same evidence says different things.
    world = Simulated().world()
    evidence = np.zeros((3, 7))
    evidence[0, 4] = 5.0
    gap = posterior(world, np.array([0, 1, 0]), evidence)[2]
    none = posterior(world, np.array([0, 0]), evidence[[0, 2]])[1]
    assert none[4] > gap[4] + 0.1
