"""A model of your own code, trained elsewhere: `foreign:path=CONTRACT.toml`, run in a process of its own.

The contract says in a few lines of TOML which function of which file returns the torch module and where its weights
are, what it is called with (dialogues or turns first, which mask, which speakers, features joined or by modality) and
what it returns (logits, probabilities or log probabilities, padded or flattened). Most keys can be typed instead, on
top of the file or without one: `foreign:path=model.py,factory=build,output=log_probabilities`. docs/foreign_models.md
has all keys and an example.

Nothing is imported that is not named here. The code runs in a process of its own, if wanted with another interpreter
(`python=PATH`) and other versions of its packages; it needs nothing of emobench. There it may print, read its command
line, change the folder; a hang ends after `time_limit`. Calls that ask for CUDA get the CPU when the run is on the
CPU. Checkpoints are read with weights_only=True, so that nothing in them is executed. The code itself is executed with
all your rights: name only code that you trust.

At first use the output is held against the contract (shape, finite, sums, log probabilities of at most 0), and the
record says whether predictions depend on padding, on the company in a batch, or on what the mask hides. The content of
the contract, the checkpoint and all *.py files below `root` is part of what a result depends on.

Features that are not observed or concealed come as zeros. The model has no session, no gradients and no hidden vectors.

Source: emobench's own.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..benchmark.conversations import Conversations
from ..benchmark.randomness import Randomness
from ..benchmark.training.task import Task
from .base import FitContext, Json, State, TrainingRecord
from .foreign_models import contract as c

if TYPE_CHECKING:
    from .foreign_models.fitted import FittedForeign


@dataclass(frozen=True)
class Foreign(c.ContractArguments):
    """The contract, and how the process is run."""

    checkpoint: c.Checkpoint | None = None
    checkpoint_key: c.CheckpointKey | None = None
    checkpoint_prefix: c.CheckpointPrefix | None = None
    python: c.Python | None = None
    time_limit: c.TimeLimit | None = None
    batch: c.BatchSize | None = None

    def __post_init__(self) -> None:
        """Read the contract: a mistake in it is said before anything is computed."""
        self.contract()

    @property
    def deterministic(self) -> bool:
        """Whether one model stands for all seeds: the path of the checkpoint does not hold the seed."""
        return c.SEED not in self.contract().checkpoint

    def content_key(self) -> str:
        """Return a key of the content of all files; see `ReadsFiles`."""
        from .foreign_models.sources import files_key

        return files_key(self.contract(), c.typed_file(self.path))

    def fit(self, train: Conversations, validation: Conversations, *, context: FitContext) -> "FittedForeign":
        """Make the model in its process and hold what it says of some dialogues of validation against the contract.

        Raises
        ------
        DataError
            When the code does something else than declared.
        NotApplicable
            When the data lack a modality that the model is called with, or have more speakers than it has room for.
        """
        from .foreign_models.probe import probe

        fitted = self._made(Task.of(train), context.seed, context.device)
        fitted.worker.start()
        notes = probe(fitted, validation)
        facts = fitted.worker.facts
        notes["torch of the model"] = str(facts["torch"])
        if facts["redirected"]:
            notes["device"] = "calls that ask for CUDA were given the CPU"
        return replace(fitted, record=TrainingRecord(parameters=int(str(facts["parameters"])), notes=notes))

    def restore(self, state: State, *, device: str = "cpu") -> "FittedForeign":
        """Return the fitted model that gave `state`; its process starts when it is asked."""
        return self._made(Task.from_settings(state.settings["task"]), int(str(state.settings["seed"])), device)

    def _made(self, task: Task, seed: int, device: str) -> "FittedForeign":
        import torch

        from .foreign_models.fitted import FittedForeign
        from .foreign_models.shared import child_contract, sizes_of
        from .foreign_models.sources import checkpoint_of
        from .foreign_models.worker import Worker

        contract = self.contract()
        given = child_contract(contract, task, checkpoint=checkpoint_of(contract, seed))
        sizes = sizes_of(contract, task)
        # One model stands for all seeds unless it has a checkpoint for each; so must the numbers that it draws.
        of = 0 if self.deterministic else seed
        order: dict[str, Json] = {
            "contract": given,
            "sizes": sizes,
            "seed": Randomness(of, ("foreign",)).torch_seed(),
            "device": device,
            "threads": torch.get_num_threads(),
        }
        return FittedForeign(contract, Worker(contract, order), task, sizes, seed, TrainingRecord())


PLUGIN = Foreign
