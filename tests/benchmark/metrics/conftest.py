"""Small predictions to measure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest

from emobench.benchmark.metrics.base import Scored
from emobench.benchmark.randomness import Randomness

CLASSES = ("neutral", "joy", "anger", "sadness", "fear", "surprise", "disgust")

COALITIONS = (
    *("text", "audio", "audio/text", "text:mean", "audio:mean", "audio/text:mean"),
    *("intra", "inter", "inter/intra", "intra:graph", "inter:graph", "inter/intra:graph"),
)

REMOVALS = ("text", "audio", "text:mean", "audio:mean", "intra", "inter", "intra:graph", "inter:graph")

MakeScored = Callable[..., Scored]


def written(
    probabilities: Sequence[Sequence[float]],
    label: Sequence[int],
    *,
    dialogue: Sequence[int] | None = None,
    turn: Sequence[int] | None = None,
    clean: Sequence[Sequence[float]] | None = None,
    removals: Mapping[str, Sequence[Sequence[float]]] | None = None,
    coalitions: Mapping[str, Sequence[Sequence[float]]] | None = None,
    weights: Mapping[str, Sequence[float]] | None = None,
    posterior: Scored | None = None,
    validation: Scored | None = None,
) -> Scored:
    """Return predictions written by hand; one dialogue unless told otherwise."""
    rows = len(label)
    own = np.array(dialogue or [0] * rows, dtype=np.int64)
    return Scored(
        probabilities=np.array(probabilities, dtype=np.float64),
        label=np.array(label, dtype=np.int64),
        dialogue=own,
        turn=np.array(turn if turn is not None else range(rows), dtype=np.int64),
        speaker=np.zeros(rows, np.int64),
        classes=CLASSES[: len(probabilities[0])],
        clean=None if clean is None else np.array(clean, dtype=np.float64),
        removals={name: np.array(values, dtype=np.float64) for name, values in (removals or {}).items()},
        coalitions={name: np.array(values, dtype=np.float64) for name, values in (coalitions or {}).items()},
        modality_weights={name: np.array(values, dtype=np.float64) for name, values in (weights or {}).items()},
        posterior=posterior,
        validation=validation,
    )


def drawn(lengths: Sequence[int] = (3, 1, 5, 4, 2, 6), *, classes: int = 4, seed: int = 0) -> Scored:
    """Return random predictions that have all that a metric may need."""
    rng = Randomness(seed, ("drawn",)).generator()
    rows = sum(lengths)
    dialogue = np.repeat(np.arange(len(lengths)), lengths).astype(np.int64)

    def probabilities() -> np.ndarray:
        return rng.dirichlet(np.full(classes, 0.5), rows)

    def scored(posterior: Scored | None) -> Scored:
        removed = {name: probabilities() for name in COALITIONS}
        return Scored(
            probabilities=probabilities(),
            label=label,
            dialogue=dialogue,
            turn=np.concatenate([np.arange(length) for length in lengths]).astype(np.int64),
            speaker=rng.integers(0, 2, rows),
            classes=CLASSES[:classes],
            on_clean_input=True,
            clean=probabilities(),
            removals={name: removed[name] for name in REMOVALS},
            coalitions=removed,
            modality_weights=dict(zip(("text", "audio"), rng.dirichlet([1, 1], rows).T, strict=True)),
            hidden=rng.normal(size=(rows, 3)),
            posterior=posterior,
        )

    label = rng.integers(0, classes, rows)
    chosen_on = scored_at_random(60, classes, Randomness(seed, ("drawn", "validation")).generator())
    return replace(scored(scored(None)), validation=chosen_on)


def scored_at_random(rows: int, classes: int, rng: np.random.Generator) -> Scored:
    """Return random predictions and nothing else, one dialogue."""
    return written(rng.dirichlet(np.full(classes, 0.5), rows).tolist(), rng.integers(0, classes, rows).tolist())


@pytest.fixture(scope="session")
def make_scored() -> MakeScored:
    """Write predictions by hand; see `written`."""
    return written


@pytest.fixture(scope="session")
def draw_scored() -> MakeScored:
    """Draw predictions; see `drawn`."""
    return drawn
