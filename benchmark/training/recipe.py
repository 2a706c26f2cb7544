"""What a torch baseline states: its network, its loss, its training options; the rest is the same for all.

    @dataclass(frozen=True)
    class Mine:
        deterministic: ClassVar[bool] = False
        width: Annotated[int, Ge(1), Doc("width of the hidden layer")] = 128

        def network(self, task: Task) -> Network: …   # forward(batch: Batch) -> Output
        def objective(self, task: Task) -> Loss: …         # (output, batch) -> scalar
        def options(self) -> TrainingOptions: …

        def fit(self, train, validation, *, context):
            return fit_network(self, train, validation, context=context)

        def restore(self, state, *, device="cpu"):
            return restore_network(self, state, device=device)

with `fit_network` and `restore_network` from `network_model`. This module does without torch: a plug-in that imports
torch (and `network_model`) inside its methods only is listed, checked and resumed without waiting for torch.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from .options import TrainingOptions
from .task import Task

if TYPE_CHECKING:
    from torch import Tensor, nn

    from .batches import Batch, Output

    Network = nn.Module
    Loss = Callable[[Output, Batch], Tensor]
else:
    # At run time torch may not be imported yet; only the type checker knows more.
    Network = Loss = Any


@runtime_checkable
class Recipe(Protocol):
    """A torch baseline before it has seen data."""

    def network(self, task: Task) -> Network:
        """Return a new network: `forward` takes a `Batch` and returns an `Output`.

        It draws its weights from torch's generator, which is seeded around the call. Layers with a method
        `learn(train: Conversations)` are given the training split before the first step.
        """
        ...

    def objective(self, task: Task) -> Loss:
        """Return the loss of an output on its batch: a scalar, as a mean over the batch."""
        ...

    def options(self) -> TrainingOptions:
        """Return how to train."""
        ...
