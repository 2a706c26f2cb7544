"""FMFP: flat minima, by sharpness-aware steps and the mean of the weights of the last epochs.

SAM: every step takes the gradient a second time, at the weights moved by ρ along the first gradient, scaled to length
one, and applies that at the weights themselves; batch normalisation learns its statistics in the first pass only. SWA:
over the last quarter of the epochs (`averaging`) the learning rate stays at half of the highest, and the weights at the
end of each of these epochs are averaged. The average is the model: no epoch is chosen, and training goes on to the
last, so patience has no say. Statistics of batch normalisation are taken anew from the training split. rho=0 leaves out
SAM, averaging=0 leaves out SWA (the last weights are kept).

The base model's optimiser and learning rate stay: the original's SGD with a rate of .1 and averaging from epoch 120
does not fit the short trainings of conversation models, and is the likely reason why a published re-run loses 5 points.

Source: Zhu et al. (2022), Rethinking confidence calibration for failure prediction, ECCV; SAM: Foret et al. (2021),
Sharpness-aware minimization; SWA: Izmailov et al. (2018), Averaging weights leads to wider optima.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from annotated_types import Ge, Lt
from typing_extensions import Doc

from ...benchmark.training.presets import settled
from ..trained import AlongTraining

if TYPE_CHECKING:
    from ...benchmark.training.companions import Companion, Course


@dataclass(frozen=True)
class Fmfp(AlongTraining):
    """How far, and how long."""

    rho: Annotated[float, Ge(0), Doc("ρ, by which the weights are moved for the second gradient")] = 0.05
    averaging: Annotated[float, Ge(0), Lt(1), Doc("share of the epochs, at the end, whose weights are averaged")] = 0.25
    averaging_rate: Annotated[float, Ge(0), Doc("learning rate in these epochs, as a share of the highest")] = 0.5

    def companion(self, course: "Course") -> "Companion":
        """Return what goes along."""
        from .fmfp_companion import FmfpCompanion, Switches

        return FmfpCompanion(course, settled(self, {}, Switches))


PLUGIN = Fmfp
