"""What stresses did to a recording: kept beside the features for the exact posterior and for the run's record."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from jaxtyping import Bool, Float, Int64


@dataclass(frozen=True, eq=False)
class AddedNoise:
    """Gaussian noise of mean zero that a stress added to the features of one modality, independently per feature."""

    variance: Float[np.ndarray, " width"]
    """Per feature, ≥ 0."""
    hit: Bool[np.ndarray, " utterances"]
    """Rows that were hit."""
    probability: float = 1.0
    """Chance with which each single feature of a row that was hit got the noise."""


@dataclass(frozen=True, eq=False)
class Trace:
    """What lies between the conversations as recorded and as they are now; empty: nothing.

    Together with `Conversations.present` it is all that the likelihood of the features depends on. It is no part of
    the input: a model must not read it.
    """

    hidden: Mapping[str, Bool[np.ndarray, "utterances width"]] = field(default_factory=dict)
    """Per modality that has been occluded: which features hold a filler, and so say nothing."""
    noise: Mapping[str, tuple[AddedNoise, ...]] = field(default_factory=dict)
    """Per modality that has been made noisy: what was added, one after the other."""
    source: Mapping[str, Int64[np.ndarray, " utterances"]] = field(default_factory=dict)
    """Per modality that has been moved along the dialogue: the turn, as recorded, whose features a row holds. Where
    the modality is not present it does not matter."""
    attacked: frozenset[str] = frozenset()
    """Modalities whose features an attack has moved."""
    turn: Int64[np.ndarray, " utterances"] | None = None
    """The turn of each row in its dialogue as recorded; None: the rows are all turns, in order."""
    speakers: tuple[Int64[np.ndarray, " _"], ...] | None = None
    """Per dialogue (as numbered now) who spoke at each turn as recorded, those that are gone included; None with
    `turn`."""
    unknown: str = ""
    """Why the likelihood of the features is not known, in words that follow `because`; empty: it is known."""

    def with_noise(self, modality: str, added: AddedNoise) -> "Trace":
        """Return the trace after noise was added."""
        return replace(self, noise={**self.noise, modality: (*self.noise.get(modality, ()), added)})

    def with_hidden(self, modality: str, hidden: Bool[np.ndarray, "utterances width"]) -> "Trace":
        """Return the trace after features were hidden, beside those hidden already."""
        before = self.hidden.get(modality)
        return replace(self, hidden={**self.hidden, modality: hidden if before is None else before | hidden})

    def moved(
        self, modality: str, rows: Int64[np.ndarray, " utterances"], turn: Int64[np.ndarray, " utterances"]
    ) -> "Trace":
        """Return the trace after each row got the features that row `rows` had.

        `turn` is the turn, as recorded, of each row (not of the row that it got its features from).
        """
        source = self.source.get(modality, turn)[rows]
        hidden = {m: x[rows] if m == modality else x for m, x in self.hidden.items()}
        noise = {m: _taken(x, rows) if m == modality else x for m, x in self.noise.items()}
        return replace(self, hidden=hidden, noise=noise, source={**self.source, modality: source})

    def take(self, rows: Int64[np.ndarray, " taken"]) -> "Trace":
        """Return the trace of the named rows; `turn` and `speakers` are for the caller to set."""
        return replace(
            self,
            hidden={modality: hidden[rows] for modality, hidden in self.hidden.items()},
            noise={modality: _taken(layers, rows) for modality, layers in self.noise.items()},
            source={modality: source[rows] for modality, source in self.source.items()},
            turn=None,
            speakers=None,
        )


def joined_traces(traces: Sequence[Trace]) -> Trace:
    """Return the trace of one dialogue from those of its turns, one or more, each of one row.

    Where the turns were not stressed alike the likelihood is not known.
    """
    first = traces[0]
    if any(_layers(trace) != _layers(first) for trace in traces):
        return Trace(unknown="its turns were not stressed alike")
    turns = [trace.turn for trace in traces if trace.turn is not None]
    return replace(
        first,
        hidden={m: np.concatenate([trace.hidden[m] for trace in traces]) for m in first.hidden},
        noise={
            m: tuple(
                replace(layer, hit=np.concatenate([trace.noise[m][place].hit for trace in traces]))
                for place, layer in enumerate(layers)
            )
            for m, layers in first.noise.items()
        },
        source={m: np.concatenate([trace.source[m] for trace in traces]) for m in first.source},
        turn=np.concatenate(turns) if turns else None,
        speakers=traces[-1].speakers,
    )


def _layers(trace: Trace) -> tuple[object, ...]:
    """Return all that has to be the same for every row of a dialogue."""
    noise = {m: [(layer.variance.tobytes(), layer.probability) for layer in x] for m, x in trace.noise.items()}
    return (
        set(trace.hidden), noise, set(trace.source), trace.attacked, trace.turn is None, trace.unknown,
    )  # fmt: skip


def _taken(layers: tuple[AddedNoise, ...], rows: Int64[np.ndarray, " taken"]) -> tuple[AddedNoise, ...]:
    return tuple(replace(added, hit=added.hit[rows]) for added in layers)
