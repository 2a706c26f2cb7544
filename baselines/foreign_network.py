"""A network of your own code, trained by emobench: `foreign_network:path=CONTRACT.toml`, with its loop and options.

The contract is that of `foreign` (docs/foreign_models.md): which function of which file returns the torch module, what
it is called with and what it returns. Here the module comes with its first weights and is trained like every network of
this project, on the same input and with the same choice of the epoch; training methods and calibrators can follow.

The code runs in this process, so it has to do with this interpreter, does not move (it stays in the folder where the
command was typed) and must not ask for CUDA by itself: it is moved to the device of the run. Keys of the contract that
belong to a process of its own or to trained weights (python, checkpoint and so on, time_limit, batch) are left alone.
Nothing is imported that is not named here. The code is executed with all your rights: name only code that you trust.

Source: emobench's own.
"""

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge, Le
from typing_extensions import Doc

from ..benchmark.training import options as o
from ..benchmark.training.recipe import Loss, Network
from ..benchmark.training.task import Task
from .foreign_models import contract as c
from .network_baseline import TrainsNetwork


@dataclass(frozen=True)
class ForeignNetwork(c.ContractArguments, TrainsNetwork):
    """The contract, and how the network is trained."""

    class_power: Annotated[float, Ge(0), Le(1), Doc("class weights are (1/share)^this; 0: all alike")] = 0.5
    epochs: o.Epochs = 50
    batch_dialogues: o.BatchDialogues = 16
    learning_rate: o.LearningRate = 5e-4
    weight_decay: o.WeightDecay = 0.01
    warm_up: o.WarmUp = 0.1
    patience: o.Patience = 8
    clip: o.Clip = 1.0
    optimiser: o.OptimiserArgument = "adamw"
    schedule: o.ScheduleArgument = "linear"
    shuffle: o.Shuffle = True
    select_by: o.SelectByArgument = "weighted_f1"

    def __post_init__(self) -> None:
        """Read the contract: a mistake in it is said before anything is computed."""
        self.contract()

    def content_key(self) -> str:
        """Return a key of the content of all files; see `ReadsFiles`."""
        from .foreign_models.sources import files_key

        return files_key(self._contract(), c.typed_file(self.path))

    def network(self, task: Task) -> Network:
        """Return the network with first weights."""
        from .foreign_models.network import ForeignNetwork as Module

        return Module(self._contract(), task)

    def objective(self, task: Task) -> Loss:
        """Return weighted cross-entropy."""
        from ..benchmark.losses import classification_loss

        return classification_loss("cross_entropy", task.class_counts, gamma=0.0, class_power=self.class_power)

    def options(self) -> o.TrainingOptions:
        """Return how to train."""
        return o.TrainingOptions.of(self)

    def _contract(self) -> c.Contract:
        """Return the contract without what belongs to weights from elsewhere."""
        return self.contract().model_copy(update={"checkpoint": ""})


PLUGIN = ForeignNetwork
