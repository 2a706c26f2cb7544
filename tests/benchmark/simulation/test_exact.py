"""The posterior under stress agrees with the sum over everything that may have happened, cell by cell."""

from functools import cache
from itertools import product

import numpy as np
import pytest
from scipy.stats import norm

from emobench.baselines.bayes_optimal import FittedBayesOptimal
from emobench.benchmark.conditions import expand
from emobench.benchmark.conversations import Conversations, DataSplits
from emobench.benchmark.datasets.simulated import Simulated
from emobench.benchmark.simulation.exact import exact_posterior
from emobench.benchmark.simulation.world import SHARES, World
from emobench.benchmark.trace import AddedNoise
from emobench.protocols.base import DataFacts, FeatureStatistics

DATA = Simulated(
    train=20, validation=1, test=5, seed=4, speakers=(2, 3), turns=(3, 5), text_width=4, audio_width=3, video_width=2
)
LEVELS = ((0.7, 1.0), (0.3, 2.5))

STRESSES = (
    "clean",
    "modality_drop:rate=0.5",
    "modality_drop:rate=0.5,signal=silent",
    "modality_drop:drop=text",
    "noise:snr_db=0",
    "noise:snr_db=5+noise:snr_db=0,modality=audio,rate=0.5",
    "noise:snr_db=0,kind=impulse,density=0.4",
    "noise:snr_db=0,kind=impulse,density=0.4+noise:snr_db=5,kind=impulse,density=0.7,rate=0.6+noise:snr_db=10",
    "occlusion:fraction=0.5",
    "occlusion:fraction=0.5,fill=mean,kind=scattered,signal=silent,span=1",
    "occlusion:fraction=1,modality=video",
    "noise:snr_db=0+occlusion:fraction=0.5",
    "occlusion:fraction=0.5,fill=mean+noise:snr_db=0",
    "occlusion:fraction=0.5,modality=text+noise:snr_db=0,kind=impulse,density=0.5",
    "misalignment:modality=text,shift=1",
    "misalignment:modality=audio,shift=-2",
    "misalignment:modality=text,shift=1+misalignment:modality=audio/text,shift=1",
    "noise:snr_db=0,rate=0.5+misalignment:modality=text,shift=-1+occlusion:fraction=0.5",
    "turn_loss:rate=0.5",
    "context_removal:context=intra",
    "context_removal:context=inter",
    "context_removal:context=all",
    "context_removal:context=past",
    "context_removal:context=future",
    "context_removal:window=1",
    "context_removal:window=2",
    "turn_loss:rate=0.4+context_removal:window=1",
    "turn_loss:rate=0.4+context_removal:context=future+context_removal:context=intra",
    "misalignment:modality=text,shift=1+context_removal:context=future",
    "misalignment:modality=text,shift=-1+turn_loss:rate=0.5",
    "turn_loss:rate=0.5+misalignment:modality=text,shift=1",
    "noise:snr_db=0+occlusion:fraction=0.5+modality_drop:rate=0.3+misalignment:modality=audio,shift=1"
    "+turn_loss:rate=0.3+context_removal:context=inter",
)


@cache
def splits() -> DataSplits:
    return DATA.load()


def stressed(text: str) -> Conversations:
    test = splits().test
    (condition,) = expand(text, DataFacts.of(test)).conditions
    return condition.apply(test, seed=2, training=FeatureStatistics.of(splits().train))


def density(x: np.ndarray, means: np.ndarray, hidden: np.ndarray, hits: list[AddedNoise]) -> np.ndarray:
    """Sum over the noise levels and, feature by feature, over which noises were added."""
    total = np.zeros(7)
    for share, level in LEVELS:
        of_level = np.full(7, share)
        for feature in np.flatnonzero(~hidden):
            cases = np.zeros(7)
            for case in product((False, True), repeat=len(hits)):
                chance, variance = 1.0, level**2
                for added, on in zip(hits, case, strict=True):
                    chance *= added.probability if on else 1 - added.probability
                    variance += added.variance[feature] if on else 0.0
                if chance:
                    cases += chance * norm.pdf(x[feature], means[:, feature], variance**0.5)
            of_level *= cases
        total += of_level
    return total


def by_enumeration(world: World, conversations: Conversations) -> np.ndarray:
    """Go through all sequences of labels of each dialogue as it was recorded, and read off those of the rows."""
    trace, result = conversations.trace, np.empty((len(conversations), 7))
    for dialogue in range(conversations.dialogues):
        rows = np.flatnonzero(conversations.dialogue == dialogue).tolist()
        speakers = (conversations.speaker[rows] if trace.speakers is None else trace.speakers[dialogue]).tolist()
        turns = list(range(len(rows))) if trace.turn is None else trace.turn[rows].tolist()
        likelihood = np.ones((len(speakers), 7))
        for (row, turn), modality in product(zip(rows, turns, strict=True), conversations.modalities):
            if not conversations.present[modality][row]:
                continue
            x = conversations.features[modality][row].astype(float)
            hidden = trace.hidden[modality][row] if modality in trace.hidden else np.zeros(len(x), bool)
            hits = [added for added in trace.noise.get(modality, ()) if added.hit[row]]
            source = int(trace.source[modality][row]) if modality in trace.source else turn
            likelihood[source] *= density(x, world.means[modality], hidden, hits)
        weights = joint(tuple(speakers)) * np.prod(
            [likelihood[turn][labels] for turn, labels in enumerate(sequences(len(speakers)))], axis=0
        )
        for row, turn in zip(rows, turns, strict=True):
            sums = np.bincount(sequences(len(speakers))[turn], weights, minlength=7)
            result[row] = sums / sums.sum()
    return result


def sequences(turns: int) -> np.ndarray:
    """Return all sequences of labels, turns × sequences."""
    return np.indices((7,) * turns).reshape(turns, -1)


@cache
def joint(speakers: tuple[int, ...]) -> np.ndarray:
    """Return the probability of each sequence of labels, from the process as it is written in words."""
    labels = sequences(len(speakers))
    weight = np.ones(labels.shape[1])
    last: dict[int, int] = {}
    for turn, speaker in enumerate(speakers):
        own, contagious = speaker in last, turn > 0
        chance = (1 - 0.35 * own - 0.2 * contagious) * np.array(SHARES)[labels[turn]]
        if own:
            chance = chance + 0.35 * (labels[turn] == labels[last[speaker]])
        if contagious:
            chance = chance + 0.2 * (labels[turn] == labels[turn - 1])
        weight *= chance
        last[speaker] = turn
    return weight


@pytest.mark.parametrize("text", STRESSES)
def test_it_agrees_with_enumeration(text: str) -> None:
    conversations = stressed(text)
    found = FittedBayesOptimal().predict(conversations).probabilities
    assert np.abs(found - by_enumeration(DATA.world(), conversations)).max() < 1e-9


def test_each_of_these_stresses_changes_the_posterior() -> None:
    clean = FittedBayesOptimal().predict(splits().test).probabilities
    for text in STRESSES[1:]:
        conversations = stressed(text)
        read = conversations.target >= 0
        found = FittedBayesOptimal().predict(conversations).probabilities[read]
        assert np.abs(found - clean[conversations.target[read]]).max() > 1e-3, text


@pytest.mark.parametrize("text", ["context_removal:context=intra", "turn_loss:rate=0.5", STRESSES[-1]])
def test_a_sub_dialogue_is_the_same_to_the_bit_in_any_company(text: str) -> None:
    conversations, world = stressed(text), DATA.world()
    whole = exact_posterior(world, conversations)
    for chosen in (range(1), range(3, conversations.dialogues), (conversations.dialogues - 1, 2, 0)):
        rows = np.concatenate([np.flatnonzero(conversations.dialogue == d) for d in chosen])
        assert np.array_equal(exact_posterior(world, conversations.take_dialogues(list(chosen))), whole[rows])


def test_evidence_of_a_turn_that_is_gone_counts_where_it_was_moved() -> None:
    # Late by one turn, the text of turn 0 stands at turn 1; then turn 0 is taken away, and its text is still there.
    test = splits().test
    moved = stressed("misalignment:modality=text,shift=1")
    first = np.flatnonzero(test.dialogue == 0)
    alone = {"dialogue": np.zeros(1, np.int64), "origin": np.zeros(1, np.int64), "target": np.zeros(1, np.int64)}
    found = exact_posterior(DATA.world(), moved.take_rows(first[[1]], **alone))
    absent = moved.with_modalities(present={"text": np.zeros(len(test), bool)})
    without = exact_posterior(DATA.world(), absent.take_rows(first[[1]], **alone))
    assert np.abs(found - without).max() > 1e-3
