"""A foreign network among emobench's own: called as its contract declares, trained by the loop of all others."""

import contextlib
import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ...benchmark.errors import DataError
from ...benchmark.training.batches import Batch, Output
from ...benchmark.training.task import Task
from .child.loading import as_a_script, build
from .child.serving import reason
from .child.shapes import arguments_of, as_logits, check_values, values_of
from .contract import Contract
from .shared import child_contract, require_speakers, sizes_of, turns_of


class ForeignNetwork(nn.Module):
    """The module that the factory made, and its contract."""

    def __init__(self, contract: Contract, task: Task) -> None:
        """Make it.

        Raises
        ------
        DataError
            When the code does something else than its contract declares.
        NotApplicable
            When the data lack a modality that the model asks for.
        """
        super().__init__()
        self._contract, self._given = contract, child_contract(contract, task)
        self._sizes = sizes_of(contract, task)
        self._classes = task.classes
        self._checked = False
        with _told(contract), _own_modules(contract), as_a_script(self._given, moves=False):
            self.model = build(self._given, self._sizes)

    def forward(self, batch: Batch) -> Output:
        """Return what the module says of a batch; errors as when it was made."""
        require_speakers(self._contract, self._sizes, int(batch.speaker.max()) + 1)
        turns = turns_of(batch)
        with _told(self._contract):
            with as_a_script(self._given, moves=False):
                said: Any = self.model(*arguments_of(self._given, turns, int(str(self._sizes["speakers"]))))
            values = values_of(self._given, said, turns, self._classes)
            if not self._checked:
                check_values(self._given, values, turns.valid)
        self._checked = True
        return Output(logits=as_logits(self._given, values))


@contextlib.contextmanager
def _told(contract: Contract) -> Iterator[None]:
    """Say in one line what somebody else's code raises."""
    try:
        yield
    except torch.OutOfMemoryError:
        raise  # who measures asks for it by its kind
    except Exception as error:  # any kind
        cuda = "CUDA" in str(error) and not torch.cuda.is_available()
        hint = "; only `foreign`, in a process of its own, gets the CPU where it asks for CUDA" if cuda else ""
        raise DataError(f"{contract.name}: {reason(error, contract.root)}{hint}") from error


@contextlib.contextmanager
def _own_modules(contract: Contract) -> Iterator[None]:
    """Forget afterwards what was imported from below the root: another model's code may have the same names."""
    before = {*sys.modules}
    importlib.invalidate_caches()
    try:
        yield
    finally:
        for name in {*sys.modules} - before:
            file = getattr(sys.modules[name], "__file__", None)
            if file and Path(file).is_relative_to(contract.root):
                del sys.modules[name]
