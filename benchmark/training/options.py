"""How a network is trained: everything that is not the network or its loss."""

from dataclasses import dataclass, fields
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Lt, Unit
from typing_extensions import Doc

SelectBy = Literal["weighted_f1", "macro_f1"]
"""Score on validation that chooses the epoch."""
Optimiser = Literal["adamw", "adam"]
"""AdamW decouples the weight decay from the gradient; Adam adds it to the gradient, as an L2 penalty."""
Schedule = Literal["linear", "constant"]
"""What follows the warm-up: the learning rate falls linearly, or stays."""

# One type per argument, so that every torch baseline offers them under the same name, range and description.
Epochs = Annotated[int, Ge(1), Unit("epochs"), Doc("training ends here at the latest")]
BatchDialogues = Annotated[int, Ge(1), Unit("dialogues"), Doc("size of a training batch")]
LearningRate = Annotated[float, Gt(0), Doc("highest learning rate, reached after the warm-up")]
WeightDecay = Annotated[float, Ge(0), Doc("weight decay: decoupled with adamw, an L2 penalty with adam")]
WarmUp = Annotated[float, Ge(0), Lt(1), Doc("share of all steps in which the learning rate rises linearly")]
Patience = Annotated[int, Ge(1), Unit("epochs"), Doc("training ends after so many epochs without a better one")]
Clip = Annotated[float, Ge(0), Doc("largest norm of the gradient; a longer one is scaled down; 0: no limit")]
OptimiserArgument = Annotated[Optimiser, Doc("adamw: decoupled weight decay; adam: an L2 penalty in the gradient")]
ScheduleArgument = Annotated[Schedule, Doc("after the warm-up the learning rate falls linearly, or stays")]
Shuffle = Annotated[bool, Doc("batches of like length in new company every epoch; false: the order of the file")]
SelectByArgument = Annotated[SelectBy, Doc("score on validation that chooses the epoch")]


@dataclass(frozen=True)
class TrainingOptions:
    """Adam with a warm-up, gradient clipping and early stopping."""

    epochs: Epochs = 50
    """Training ends here at the latest; the learning rate would reach zero here."""
    batch_dialogues: BatchDialogues = 16
    """Dialogues per step."""
    learning_rate: LearningRate = 5e-4
    """Highest learning rate."""
    weight_decay: WeightDecay = 0.01
    """On all parameters alike."""
    warm_up: WarmUp = 0.1
    """Share of the steps of all epochs."""
    patience: Patience = 8
    """Epochs without a better one after which training ends."""
    clip: Clip = 1.0
    """Largest norm of the gradient over all parameters; 0: no limit."""
    optimiser: OptimiserArgument = "adamw"
    """Which Adam."""
    schedule: ScheduleArgument = "linear"
    """What follows the warm-up."""
    shuffle: Shuffle = True
    """Whether every epoch has batches of its own."""
    select_by: SelectByArgument = "weighted_f1"
    """Score on validation that chooses the epoch. On test (`selection="test"`) it is always weighted F1, as in the
    publications that choose there."""

    @classmethod
    def of(cls, arguments: object) -> "TrainingOptions":
        """Return the options that a plug-in has as fields of the same names; what it lacks is at its default here."""
        return cls(**{f.name: getattr(arguments, f.name) for f in fields(cls) if hasattr(arguments, f.name)})


def learning_rate_share(step: int, *, steps: int, warm_up: float, falls: bool = True) -> float:
    """Return the share of the highest learning rate at a step, in (0, 1].

    It rises linearly over the first `warm_up · steps` steps (rounded) to 1, and then falls linearly so that it would
    be 0 at step `steps`, or stays.

    Parameters
    ----------
    step
        From 0 to `steps` − 1.
    steps
        Number of steps of the whole training.
    warm_up
        Share of the steps, in [0, 1).
    falls
        Whether it falls afterwards.

    Examples
    --------
    >>> [learning_rate_share(step, steps=6, warm_up=1 / 3) for step in range(6)]
    [0.5, 1.0, 1.0, 0.75, 0.5, 0.25]
    """
    rising = round(warm_up * steps)
    if step < rising:
        return (step + 1) / rising
    return (steps - step) / (steps - rising) if falls else 1.0
