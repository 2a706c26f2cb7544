"""What all torch baselines have in common: presets, the loss, how they are trained. No plug-in itself.

    @dataclass(frozen=True)
    class Mine(NetworkBaseline):
        presets: ClassVar[Presets] = {"suite": SUITE | {"width": 128}, "paper": PAPER | {"width": 1024}, …}
        width: Annotated[int, Ge(1), Doc("width of the hidden vectors")] | None = None

        def network(self, task: Task) -> Network:
            from .mine_network import MineNetwork, Switches
            return MineNetwork(task, self.settled(Switches))

An argument that is left open (None) is what the preset says; what is typed comes on top of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal, TypeVar

from annotated_types import Ge, Le, Lt
from typing_extensions import Doc

from ..benchmark.conversations import Conversations
from ..benchmark.errors import SpecError
from ..benchmark.training import options as o
from ..benchmark.training.presets import Presets, Value, settled
from ..benchmark.training.recipe import Loss, Network, Recipe
from ..benchmark.training.task import Task
from .base import FitContext, FittedModel, State
from .sizes import Size

S = TypeVar("S")
LossName = Literal["cross_entropy", "focal", "released_focal"]

SUITE: dict[str, Value] = {
    "loss": "cross_entropy",
    "gamma": 2.0,
    "class_power": 0.5,
    "standardise": True,
    "mask_aware": True,
    "modality_dropout": 0.0,
    "epochs": 50,
    "batch_dialogues": 16,
    "learning_rate": 5e-4,
    "weight_decay": 0.01,
    "warm_up": 0.1,
    "patience": 8,
    "clip": 1.0,
    "optimiser": "adamw",
    "schedule": "linear",
    "shuffle": True,
    "select_by": "weighted_f1",
}
"""What `preset=suite` says where a model says nothing else: a proper loss, aware of what is missing."""
PAPER: dict[str, Value] = {
    **SUITE,
    "class_power": 1.0,
    "standardise": False,
    "mask_aware": False,
    "weight_decay": 0.0,
    "warm_up": 0.0,
    "patience": 10_000,
    "clip": 0.0,
    "optimiser": "adam",
    "schedule": "constant",
}
"""What `preset=paper` says where a model says nothing else: plain Adam to the last epoch, as the released codes do."""


@dataclass(frozen=True)
class LossSwitches:
    """The loss of the predictions."""

    loss: LossName
    """Which."""
    gamma: float
    """Exponent of the focal losses."""
    class_power: float
    """Class weights are (1/share)^this."""


class TrainsNetwork(Recipe):
    """A torch model that says what its network, its loss and its training options are; the rest is the same for all."""

    deterministic: ClassVar[bool] = False

    def fit(self, train: Conversations, validation: Conversations, *, context: FitContext) -> FittedModel:
        """Train, and keep the weights of the epoch that `context.selection` chooses.

        Raises
        ------
        DataError
            When training or validation has no labels, or foreign code does something else than declared.
        NotApplicable
            When the model is not defined for these data.
        EmobenchError
            When training diverges.
        """
        from ..benchmark.training.network_model import fit_network

        return fit_network(self, train, validation, context=context)

    def restore(self, state: State, *, device: str = "cpu") -> FittedModel:
        """Return the fitted model that gave `state`."""
        from ..benchmark.training.network_model import restore_network

        return restore_network(self, state, device=device)

    def require_multiple(self, name: str, value: int, of: str, divisor: int) -> None:
        """Raise SpecError unless the argument `name` is a multiple of the argument `of`; for `__post_init__`."""
        if value % divisor:
            model = type(self).__module__.rpartition(".")[2]
            raise SpecError(
                f"{model}: expected {name} to be a multiple of {of}={divisor}, got {value}; "
                f"type {name}={(value // divisor + 1) * divisor}"
            )


@dataclass(frozen=True)
class NetworkBaseline(TrainsNetwork):
    """Arguments that all torch baselines have; None: what the preset says."""

    presets: ClassVar[Presets]
    sizes: ClassVar[Mapping[str, Size]] = {}
    """By preset the number of parameters, on features like those of the publication; empty: not counted."""

    preset: Annotated[
        Literal["suite", "paper", "paper_meld"],
        Doc(
            "suite: aware of what is missing, a proper loss, trains in seconds; paper: sizes, losses and quirks as "
            "released, those for IEMOCAP; paper_meld: those for MELD"
        ),
    ] = "suite"
    loss: Annotated[LossName, Doc("of the predictions; released_focal: see emobench.benchmark.losses")] | None = None
    gamma: Annotated[float, Ge(0), Le(10), Doc("exponent of the focal losses")] | None = None
    class_power: Annotated[float, Ge(0), Le(1), Doc("class weights are (1/share)^this; 0: all alike")] | None = None
    standardise: Annotated[bool, Doc("scale features by the training split's mean and deviation first")] | None = None
    mask_aware: (
        Annotated[bool, Doc("what is not observed takes no part; false: it is a vector of zeros like any other")] | None
    ) = None
    modality_dropout: (
        Annotated[
            float, Ge(0), Lt(1), Doc("rate at which training drops each modality of an utterance; one is always kept")
        ]
        | None
    ) = None
    epochs: o.Epochs | None = None
    batch_dialogues: o.BatchDialogues | None = None
    learning_rate: o.LearningRate | None = None
    weight_decay: o.WeightDecay | None = None
    warm_up: o.WarmUp | None = None
    patience: o.Patience | None = None
    clip: o.Clip | None = None
    optimiser: o.OptimiserArgument | None = None
    schedule: o.ScheduleArgument | None = None
    shuffle: o.Shuffle | None = None
    select_by: o.SelectByArgument | None = None

    def settled(self, kind: type[S]) -> S:
        """Return a `kind` with the arguments of the same names: as typed, else as the preset says."""
        return settled(self, self.presets[self.preset], kind)

    def network(self, task: Task) -> Network:
        """Return the network with first weights."""
        raise NotImplementedError

    def objective(self, task: Task) -> Loss:
        """Return the loss of the predictions; models with more terms add them."""
        from ..benchmark.losses import classification_loss

        switches = self.settled(LossSwitches)
        return classification_loss(
            switches.loss, task.class_counts, gamma=switches.gamma, class_power=switches.class_power
        )

    def options(self) -> o.TrainingOptions:
        """Return how to train."""
        return self.settled(o.TrainingOptions)
