"""CRL: of two utterances the one that training gets right more often is to be the more confident one.

For every training utterance it is counted in how many epochs the network was right about it (in training mode, before
the step). The counts, less the least of them and over the number of epochs seen, say how easy it is: c̄ from 0 to 1.
Each utterance of a batch is paired with the next, the last with the first. Where c̄ differs, the confidences κ of the
two have to stand in the same order, at least as far apart: loss = mean max(0, −sign(c̄_i − c̄_j)(κ_i − κ_j) + |c̄_i −
c̄_j|), 0 for pairs with the same c̄. So the first epoch, in which all counts are 0, has none of it. κ is the largest
probability; `confidence=entropy` is 1 less the entropy over its maximum, `margin` the distance of the two largest.

The base model's optimiser, learning rate and choice of the epoch stay (the original trained with SGD for 300 epochs and
kept the last). Counts belong to utterances, so shuffling and a curriculum do not mix them up; what
joins late in a curriculum has had fewer epochs to be right in, and counts as harder.

Source: Moon et al. (2020), Confidence-aware learning for deep neural networks, ICML, and what its code does.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from annotated_types import Ge
from typing_extensions import Doc

from ...benchmark.training.presets import settled
from ..trained import AlongTraining

if TYPE_CHECKING:
    from ...benchmark.training.companions import Companion, Course


@dataclass(frozen=True)
class Crl(AlongTraining):
    """How much of it."""

    weight: Annotated[float, Ge(0), Doc("λ, of the ranking loss")] = 1.0
    confidence: Annotated[Literal["probability", "entropy", "margin"], Doc("what confidence is")] = "probability"

    def companion(self, course: "Course") -> "Companion":
        """Return what goes along."""
        from .crl_companion import CrlCompanion, Switches

        return CrlCompanion(course, settled(self, {}, Switches))


PLUGIN = Crl
