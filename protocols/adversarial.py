"""Features are moved a little, each in the direction that hurts this model most.

What is changed: every feature of the modalities named is moved by at most `epsilon` of its standard deviation in
training (`norm=linf`, up to the rounding of single precision), or the features of an utterance by at most `epsilon`
standard deviations in root mean square per modality (`l2`). `method=fgsm` goes once, from the recorded features to the
edge, along the gradient of the loss; `pgd` goes `steps` times from a random point, back into the ball after each step,
and keeps of each dialogue the point of highest loss, the recorded one among them. The loss is the sum of −log p[gold]
over the utterances of a dialogue that are read; where a label is unknown, the class predicted for the input stands in.
What is missing, not observed, concealed or occluded does not move, nor do features that are constant in training.

What the model is told: nothing. It must give the gradients of its loss; one without them is not attacked.

What is random: with `pgd`, the first point, uniform in the ball; with `fgsm`, nothing. A dialogue's result does not
depend on the others, up to the rounding of the gradients.

Severity: `epsilon`, in standard deviations of the training features. Noise of the same power has a signal-to-noise
ratio of −20 log₁₀ epsilon decibels (20 dB at 0.1); the realised ratio (`snr_db`) is recorded.

Replay: the generator of `pgd` is numpy's default_rng (PCG64), seeded with Randomness(seed, purpose).integer() for the
purpose "stress", place in the chain, text without epsilon, modality, dialogue name. It draws turns × width numbers,
uniform from −1 to 1 (linf) or standard normal (l2: a direction, after features that do not move were set to 0), and
for l2 one uniform number u per turn after that: the radius is epsilon · u^(1/number of features that move). A step is
`step_size` · epsilon long, along the sign of the gradient or the gradient itself, per standard deviation.

Source: Goodfellow et al. (2015), Explaining and harnessing adversarial examples, section 4 (fgsm); Madry et al. (2018),
Towards deep learning models resistant to adversarial attacks, section 2.1 (pgd).
"""

# torchattacks, foolbox and the adversarial robustness toolbox (all MIT) attack one tensor of images within a box
# ([0, 1]) under one classifier that maps a batch of independent inputs to logits. Here there are several modalities of
# different widths, each feature with its own scale, masks of what is there, dialogues of different lengths in which one
# turn's features change the loss of another, and no box. Two of them also bring torchvision or a git client.

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, Literal

import numpy as np
from annotated_types import Ge, Gt, Unit
from jaxtyping import Bool, Float, Float32, Float64
from typing_extensions import Doc

from ..benchmark.conversations import CONTEXT_ONLY, Conversations
from ..benchmark.errors import NotApplicable, PredictionError, SpecError
from ..benchmark.gold import gold_classes
from ..benchmark.randomness import Randomness
from .base import Attack, Attacked, DataFacts, Differentiable, FeatureStatistics, named_modalities

Norm = Literal["linf", "l2"]
Moves = dict[str, Float32[np.ndarray, "utterances width"]]
"""Per modality how far each feature is moved, in standard deviations."""

LADDER = (0.05, 0.1, 0.25, 0.5)
"""Rungs of the standard degradation curve, in standard deviations."""
STEPS = 10
"""Steps of `pgd` where none are given."""
REACH = 2.5
"""Length of all steps of `pgd` together over epsilon where none is given: enough to cross the ball from any point."""


@dataclass(frozen=True)
class Adversarial(Attack):
    """The attack `adversarial` with its arguments."""

    modality: Annotated[frozenset[str], Doc("modalities that are attacked, together")] = frozenset({"all"})
    method: Annotated[Literal["fgsm", "pgd"], Doc("one step along the gradient, or several")] = "fgsm"
    norm: Annotated[Norm, Doc("what epsilon limits: each feature, or their root mean square")] = "linf"
    epsilon: Annotated[
        Annotated[float, Ge(0)] | None, Doc("farthest move; not given: the ladder"), Unit("standard deviations")
    ] = None
    steps: Annotated[int, Ge(1), Doc("steps of method=pgd")] = STEPS
    step_size: Annotated[
        Annotated[float, Gt(0)] | None, Doc("length of a step of method=pgd (default 2.5/steps)"), Unit("epsilon")
    ] = None

    meaning: ClassVar[str] = (
        "the features of the named modalities are moved, within epsilon standard deviations, to where the loss of the "
        "model at hand is highest, as far as its gradient tells."
    )
    severity: ClassVar[str] = "epsilon"

    def __post_init__(self) -> None:
        """Check that the arguments go together."""
        if self.method == "fgsm" and (self.steps != STEPS or self.step_size is not None):
            raise SpecError("adversarial: steps and step_size need method=pgd; add method=pgd or leave them out")

    def check(self, facts: DataFacts) -> None:
        """Raise NotApplicable where a modality named is not in the data."""
        self.changes(facts.modalities)

    def ladder(self, facts: DataFacts) -> tuple["Adversarial", ...]:
        """Return itself, or without `epsilon` the standard rungs."""
        return (self,) if self.epsilon is not None else tuple(replace(self, epsilon=rung) for rung in LADDER)

    @property
    def random(self) -> bool:
        """With `pgd`, which starts at a random point."""
        return self.method == "pgd"

    @property
    def unknown(self) -> str:
        """The move tells of the label."""
        return "the perturbation was chosen by looking at the label"

    def changes(self, modalities: Sequence[str]) -> frozenset[str]:
        """Return the modalities that are attacked."""
        return frozenset(named_modalities("adversarial", self.modality, modalities))

    def attack(
        self,
        conversations: Conversations,
        *,
        model: Attacked,
        randomness: Randomness,
        training: Mapping[str, FeatureStatistics],
    ) -> Conversations:
        """Return the conversations with features moved against `model`.

        Raises
        ------
        NotApplicable
            When the model has no gradients, or the data do not have a modality that is named.
        PredictionError
            When the model gives gradients of another shape than the features, or that are not finite.
        """
        if not isinstance(model, Differentiable):
            raise NotApplicable("adversarial needs a model with gradients, which this one does not give")
        attacked = named_modalities("adversarial", self.modality, conversations.modalities)
        aimed = conversations.change(label=gold_classes(conversations, model.predict))
        ball = Ball(self.norm, self.epsilon or 0.0, {m: _room(aimed, m, training[m]) for m in attacked})
        if self.method == "fgsm":
            moves = ball.step(ball.centre(), _gradients(model, aimed, attacked), 1.0)
        else:
            moves = self._pgd(aimed, model, ball, randomness)
        trace = replace(conversations.trace, attacked=conversations.trace.attacked | frozenset(attacked))
        return ball.moved(conversations, moves).change(trace=trace)

    def _pgd(self, aimed: Conversations, model: Differentiable, ball: "Ball", randomness: Randomness) -> Moves:
        size = self.step_size or REACH / self.steps
        best, highest = ball.centre(), _losses(model, aimed)
        moves = ball.random(aimed, randomness)
        for _ in range(self.steps):
            gradients = _gradients(model, ball.moved(aimed, moves), tuple(ball.room))
            moves = ball.step(moves, gradients, size)
            losses = _losses(model, ball.moved(aimed, moves))
            better = (losses > highest)[aimed.dialogue, None]
            best = {modality: np.where(better, move, best[modality]) for modality, move in moves.items()}
            highest = np.maximum(losses, highest)
        return best


@dataclass(frozen=True, eq=False)
class Ball:
    """Where the features can go: around each utterance and modality, in units of `room`."""

    norm: Norm
    """What is limited."""
    epsilon: float
    """Radius, in standard deviations."""
    room: Mapping[str, Float32[np.ndarray, "utterances width"]]
    """Per modality the standard deviation of each feature; 0: it does not move."""

    def centre(self) -> Moves:
        """Return no move."""
        return {modality: np.zeros_like(room) for modality, room in self.room.items()}

    def random(self, conversations: Conversations, randomness: Randomness) -> Moves:
        """Return a random point of the ball, uniform per utterance and modality."""
        return {
            modality: np.concatenate(
                [
                    self._draw(room[start:stop] > 0, randomness.for_(modality, name).generator())
                    for name, start, stop in zip(
                        conversations.dialogue_ids, conversations.starts[:-1], conversations.starts[1:], strict=True
                    )
                ]
            )
            for modality, room in self.room.items()
        }

    def step(self, moves: Moves, gradients: Mapping[str, Float[np.ndarray, "utterances width"]], size: float) -> Moves:
        """Return the moves after a step of `size` · epsilon uphill, back in the ball."""
        stepped = {}
        for modality, room in self.room.items():
            slope = gradients[modality].astype(np.float32, copy=False) * room
            uphill = np.sign(slope) if self.norm == "linf" else _unit(slope, room > 0)
            stepped[modality] = self._inside(moves[modality] + size * self.epsilon * uphill, room > 0)
        return stepped

    def moved(self, conversations: Conversations, moves: Moves) -> Conversations:
        """Return the conversations with the features moved."""
        return conversations.with_modalities(
            features={
                modality: conversations.features[modality] + moves[modality] * room
                for modality, room in self.room.items()
            }
        )

    def _draw(
        self, free: Bool[np.ndarray, "turns width"], generator: np.random.Generator
    ) -> Float32[np.ndarray, "turns width"]:
        if self.norm == "linf":
            point = free * generator.uniform(-1, 1, free.shape)
        else:
            point = _unit(free * generator.standard_normal(free.shape), free)
            point *= generator.random((len(free), 1)) ** (1 / np.maximum(free.sum(axis=1, keepdims=True), 1))
        drawn: Float32[np.ndarray, "turns width"] = (self.epsilon * point).astype(np.float32)
        return drawn

    def _inside(
        self, move: Float32[np.ndarray, "utterances width"], free: Bool[np.ndarray, "utterances width"]
    ) -> Float32[np.ndarray, "utterances width"]:
        """Return the nearest point of the ball."""
        inside: Float32[np.ndarray, "utterances width"]
        if self.norm == "linf":
            inside = np.clip(move, -self.epsilon, self.epsilon)
        else:
            inside = np.where(_length(move, free) > self.epsilon, _unit(move, free) * self.epsilon, move)
        return inside


def _length(
    move: Float[np.ndarray, "utterances width"], free: Bool[np.ndarray, "utterances width"]
) -> Float[np.ndarray, "utterances 1"]:
    """Return the root mean square over the features that can move; 0 where none can."""
    count = np.maximum(free.sum(axis=1, keepdims=True), 1).astype(move.dtype)
    length: Float[np.ndarray, "utterances 1"] = np.linalg.norm(move, axis=1, keepdims=True) / np.sqrt(count)
    return length


def _unit(
    move: Float[np.ndarray, "utterances width"], free: Bool[np.ndarray, "utterances width"]
) -> Float[np.ndarray, "utterances width"]:
    """Return the move scaled to length 1; no move stays no move."""
    largest = np.abs(move).max(axis=1, keepdims=True)
    # The squares of the gradients of a model that is very sure would vanish.
    scaled = move / np.where(largest > 0, largest, 1)
    length = _length(scaled, free)
    unit: Float[np.ndarray, "utterances width"] = scaled / np.where(length > 0, length, 1)
    return unit


def _room(
    conversations: Conversations, modality: str, training: FeatureStatistics
) -> Float32[np.ndarray, "utterances width"]:
    deviation = np.sqrt(training.variance)
    # A constant feature shows a deviation of rounding errors only.
    deviation[deviation <= 1e-6 * np.maximum(np.abs(training.mean), 1e-6)] = 0
    there = conversations.present[modality] & conversations.observed[modality]
    room: Float32[np.ndarray, "utterances width"] = there[:, None] * deviation
    for hidden in (conversations.concealed, conversations.trace.hidden):
        if modality in hidden:
            room[hidden[modality]] = 0
    return room


def _gradients(
    model: Differentiable, conversations: Conversations, attacked: Sequence[str]
) -> dict[str, Float[np.ndarray, "utterances width"]]:
    gradients = model.loss_gradients(conversations)
    for modality in attacked:
        expected, got = conversations.features[modality].shape, gradients[modality].shape
        if got != expected:
            raise PredictionError(f"expected gradients for {modality} as utterances × width {expected}, got {got}")
        if not np.isfinite(gradients[modality]).all():
            raise PredictionError(f"expected finite gradients, got one for {modality} that is not")
    return {modality: gradients[modality] for modality in attacked}


def _losses(model: Attacked, conversations: Conversations) -> Float64[np.ndarray, " dialogues"]:
    """Return Σ −log p[gold] over the rows of each dialogue that are read."""
    p = model.predict(conversations).probabilities
    with np.errstate(divide="ignore"):
        losses = -np.log(p[np.arange(len(p)), conversations.label].astype(np.float64))
    losses[conversations.target == CONTEXT_ONLY] = 0
    totals: Float64[np.ndarray, " dialogues"] = np.add.reduceat(losses, conversations.starts[:-1])
    return totals


PLUGIN = Adversarial
