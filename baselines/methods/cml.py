"""CML: taking a modality away is not to make the model more confident.

In every step modalities are taken away one after the other, in an order drawn at random, down to one or for `steps`
steps: a chain of ever poorer inputs. The task loss is the mean over the whole chain. Where a poorer input gives a
larger confidence κ (the largest probability, of whichever class) than a richer one next to it in the chain, the
difference is added: λ Σ max(0, κ(poor) − κ(rich)), a mean over the utterances. With gated=true, as in the released
code, it counts where the richer input is classified rightly; where both are wrong the richer confidence is a constant,
so that only the poorer one is pushed down; else nothing. gated=false is the paper's: all utterances, both pushed.

A removed modality is not observed, and the network is told, as in `modality_drop`. CML has an eye on the largest
probability, while confidence error under removal (`cel`) reads the gold class. It needs two modalities or more.

Source: Ma et al. (2023), Calibrating multimodal learning, ICML, and what its code does, which sums over the batch and
weighs by .1.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from annotated_types import Ge
from typing_extensions import Doc

from ...benchmark.training.presets import settled
from ..trained import AlongTraining

if TYPE_CHECKING:
    from ...benchmark.training.companions import Companion, Course


@dataclass(frozen=True)
class Cml(AlongTraining):
    """How much of it."""

    weight: Annotated[float, Ge(0), Doc("λ, of the penalty")] = 0.1
    gated: Annotated[bool, Doc("by correctness, as released; false: every utterance, as printed")] = True
    steps: Annotated[int, Ge(1), Doc("modalities taken away in a step; one is always left")] = 2

    def companion(self, course: "Course") -> "Companion":
        """Return what goes along.

        Raises
        ------
        NotApplicable
            On data with one modality.
        """
        from .cml_companion import CmlCompanion, Switches

        return CmlCompanion(course, settled(self, {}, Switches))


PLUGIN = Cml
