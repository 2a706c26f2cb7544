"""Somebody's code: factories of every kind in one file; and a worker for tests that can do without a process."""

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from emobench.baselines.base import Json
from emobench.baselines.foreign_models.child.serving import serve
from emobench.baselines.foreign_models.contract import Contract
from emobench.baselines.foreign_models.network import _own_modules
from emobench.baselines.foreign_models.worker import Worker
from emobench.benchmark.errors import DataError

CODE = '''
import os
import sys
import time

import torch
from torch import nn


class Linear(nn.Module):
    """Batch first: features joined, logits out."""

    def __init__(self, width, classes):
        super().__init__()
        self.layer = nn.Linear(width, classes)

    def forward(self, x, *rest):
        return self.layer(x)


class Given(nn.Module):
    """Returns what a function makes of the logits and of what else it is called with."""

    def __init__(self, width, classes, change):
        super().__init__()
        self.layer = nn.Linear(width, classes)
        self.change = change

    def forward(self, x, *rest):
        return self.change(self.layer(x), *rest)


def linear(width, classes, scale=1.0):
    torch.manual_seed(5)
    model = Linear(width, classes)
    model.layer.weight.data *= scale
    return model


def drawn(width, classes):
    return Linear(width, classes)


def counts(width, classes):
    return Given(width, classes, lambda y: y + y.shape[1])


def orders(width, classes):
    return Given(width, classes, lambda y: y + torch.arange(len(y)).view(-1, 1, 1) * torch.arange(y.shape[2]))


def averages(width, classes):
    return Given(width, classes, lambda y, mask: y + y.mean(dim=1, keepdim=True))


def masked_average(width, classes):
    def change(y, mask):
        return y + (y * mask.unsqueeze(-1)).sum(1, keepdim=True) / mask.sum(1).view(-1, 1, 1)

    return Given(width, classes, change)


def not_a_number(width, classes):
    return Given(width, classes, lambda y: y * float("nan"))


def late(width, classes):
    return Given(width, classes, lambda y: time.sleep(60))


def raises_later(width, classes):
    def change(y):
        raise RuntimeError("no more\\nmemory")

    return Given(width, classes, change)


def leaves_later(width, classes):
    return Given(width, classes, lambda y: os._exit(3))


def exits_later(width, classes):
    return Given(width, classes, lambda y: sys.exit(4))


def on_cuda(width, classes):
    model = Given(width, classes, lambda y: y + torch.zeros(1, device="cuda")).cuda()
    return model.to("cuda")


def speaker_bias(width, classes, speakers):
    return Given(width, classes, lambda y, s: y + s.sum(-1, keepdim=True) * speakers)


def raises(width, classes):
    raise ValueError("no such thing")


def exits(width, classes):
    sys.exit("usage: model.py")


def leaves(width, classes):
    print("on stdout: about to leave")
    sys.stderr.write("core dumped\\n\\n")
    sys.stderr.flush()
    os._exit(7)


def hangs(width, classes):
    sys.stderr.write("waiting for the cluster\\n")
    sys.stderr.flush()
    time.sleep(60)


def moves(width, classes):
    os.chdir("/")
    print("moved to", os.getcwd(), sys.argv)
    assert input is not None and sys.stdin.read() == ""
    return linear(width, classes)


def nothing(width, classes):
    return None


xyz = 3
'''


def write_code(folder: Path, name: str = "model.py", code: str = CODE) -> Path:
    """Write somebody's code and return its file."""
    file = folder / name
    file.write_text(code, encoding="utf-8")
    return file


def as_child(contract: Contract, **changes: Any) -> dict[str, Any]:
    """Return a contract as a child reads it."""
    given = {"dotted": contract.dotted, "modalities": ["text", "audio"]}
    return contract.model_dump(mode="json") | given | changes


class InThisProcess(Worker):
    """A worker whose requests are served here, by the functions that the child has."""

    def start(self) -> None:
        if not self.facts:
            self.facts = self._said([{"do": "build", **self._order}])

    def predict(self, arrays: Mapping[str, np.ndarray]) -> np.ndarray:
        with tempfile.TemporaryDirectory() as folder:
            paths = f"{folder}/input.npz", f"{folder}/output.npz"
            np.savez(paths[0], **dict(arrays))  # type: ignore[arg-type]  # as in `Worker`
            build, predict = {"do": "build", **self._order}, {"do": "predict", "input": paths[0], "output": paths[1]}
            self.facts |= self._said([build, predict])
            with np.load(paths[1]) as held:
                values: np.ndarray = held["values"]
        return values

    def _said(self, requests: list[dict[str, Any]]) -> dict[str, Json]:
        answers: list[dict[str, Json]] = []
        random = torch.get_rng_state()
        with _own_modules(self._contract):
            serve([json.dumps(request) for request in requests], lambda text: answers.append(json.loads(text)))
        torch.set_rng_state(random)
        wrong = next((answer for answer in answers if "error" in answer), None)
        if wrong is not None:
            raise DataError(f"{self._contract.name}: {wrong['error']}")
        return {name: value for answer in answers for name, value in answer.items()}
