"""What the newest turn of a long dialogue costs where state is kept, as a ratio to reading the dialogue so far anew.

Time is that of the processor in one thread, so that other work on the machine counts little; both ways are fed
the same turns and must give the same answers. Networks have their first weights: cost does
not hang on what was learned.
"""

import time
from dataclasses import dataclass
from statistics import median

import numpy as np
import pytest
import torch
from claims import Claims
from pytest_benchmark.fixture import BenchmarkFixture

from emobench.baselines.base import Session
from emobench.benchmark.conversations import Conversations
from emobench.benchmark.models import make_model
from emobench.benchmark.registry import DATASETS, make
from emobench.benchmark.stream import Recomputing, session_of, turns_of
from emobench.benchmark.training.network_model import NetworkModel
from emobench.benchmark.training.recipe import Recipe
from emobench.benchmark.training.task import Task

TURNS, ROUNDS = 50, 5
EARLY, LATE = slice(2, 8), slice(44, 50)
"""Turns that are compared; the very first pays for what is set up once."""


@dataclass(frozen=True)
class Setting:
    """A model, data, and what is claimed."""

    text: str
    """The model."""
    data: str
    """One dialogue of these data is fed."""
    cheaper: float
    """How many times less the turns about the fiftieth cost than when they are recomputed."""
    growth: float
    """How many times more they cost at most than the turns about the fifth."""


SUITE = f"simulated:train=1,validation=1,test=1,turns={TURNS}/{TURNS}"
SETTINGS = {
    "dialogue_rnn": Setting("dialogue_rnn:directions=forward", SUITE, 8, 1.15),
    "dialogue_rnn, listener": Setting("dialogue_rnn:directions=forward,listener=true", SUITE, 8, 1.15),
    "dialogue_rnn, paper": Setting("dialogue_rnn:preset=paper,directions=forward", SUITE + ",text_width=100", 8, 1.15),
    "sdt": Setting("sdt", SUITE, 2.5, 1.25),
    "sdt, paper": Setting("sdt:preset=paper", SUITE + ",text_width=1024,audio_width=1582,video_width=342", 4, 1.25),
}


def untrained(setting: Setting) -> tuple[NetworkModel, Conversations]:
    """Return the model and the dialogue."""
    data, recipe = make(DATASETS, setting.data).load(), make_model(setting.text)
    assert isinstance(recipe, Recipe)
    task = Task.of(data.train)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return NetworkModel(recipe.network(task).eval(), task, "cpu"), data.test


def fed(session: Session, turns: tuple[Conversations, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Return what is said of each turn, and the seconds that each took."""
    said, seconds = [], []
    for turn in turns:
        started = time.process_time()
        said.append(session.feed(turn).probabilities)
        seconds.append(time.process_time() - started)
    return np.concatenate(said), np.array(seconds)


@pytest.mark.parametrize("name", SETTINGS)
def test_the_newest_turn_costs_no_more_for_those_before_it(
    benchmark: BenchmarkFixture, claim: Claims, name: str
) -> None:
    setting = SETTINGS[name]
    model, conversations = untrained(setting)
    turns = turns_of(conversations, 0)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        rounds = [
            (fed(session_of(model, conversations), turns), fed(Recomputing(model, conversations), turns))
            for _ in range(ROUNDS)
        ]
        benchmark.pedantic(lambda: fed(session_of(model, conversations), turns), rounds=2)
    finally:
        torch.set_num_threads(threads)
    for kept, anew in rounds:
        assert np.allclose(kept[0], anew[0], rtol=0, atol=1e-6)
    # The least of several rounds: what disturbs, such as caches that others use, only adds.
    kept, anew = (np.min([one[way][1] for one in rounds], axis=0) for way in (0, 1))
    late, early, afresh = (1000 * median(times) for times in (kept[LATE], kept[EARLY], anew[LATE]))
    claim(
        f"stream: {name}, a turn about the fiftieth",
        afresh / late,
        at_least=setting.cheaper,
        reference="the dialogue so far read anew",
        measured=(late, afresh),
        unit="ms",
    )
    claim(
        f"stream: {name}, growth with the dialogue",
        late / early,
        at_most=setting.growth,
        reference="a turn about the fifth",
        measured=(late, early),
        unit="ms",
    )
