"""A model of another package that goes wrong in every way, where and when a test says so.

What it does is in its arguments; where it meets the test is a folder named in the environment: a file
`<what goes wrong>.<how often it did>.<process>` appears there when it is about to happen.
"""

import errno
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, ClassVar, Literal, NoReturn

import numpy as np
from typing_extensions import Doc

from emobench.baselines.base import FitContext, State, TrainingRecord
from emobench.benchmark.conversations import Conversations
from emobench.benchmark.predictions import Predictions

FOLDER = "EMOBENCH_TEST_STRANGE"

Wrong = Literal["nothing", "kills", "hangs", "raises", "exits", "waits", "full", "breeds", "computes"]
Where = Literal["fit", "validation", "hidden", "clean", "audio", "text"]


def folder() -> Path:
    return Path(os.environ[FOLDER])


def go_wrong(wrong: Wrong, times: int) -> None:
    """Do what is wrong, unless that was done so many times already by whichever process."""
    if wrong == "nothing":
        return
    done = len(list(folder().glob(f"{wrong}.*")))
    if times and done >= times:
        return
    (folder() / f"{wrong}.{done}.{os.getpid()}").touch()
    if wrong == "kills":
        os.kill(os.getpid(), signal.SIGKILL)
    elif wrong == "hangs":
        while True:
            time.sleep(60)
    elif wrong == "raises":
        raise ValueError("too strange")
    elif wrong == "exits":
        sys.stderr.write("cannot go on\n")
        sys.exit(3)
    elif wrong == "waits":
        while not (folder() / "go").exists():
            time.sleep(0.01)
    elif wrong == "full":
        fill_disk()
    elif wrong == "computes":
        compute()
    else:
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        (folder() / f"child.{child.pid}").touch()
        child.wait()


def compute() -> None:
    """Keep one core busy for a second or two."""
    number = 1
    for _ in range(15_000_000):
        number = number * 48271 % 2147483647


def fill_disk() -> None:
    """Let the next file that this process writes into a run folder find no room."""
    usual = tempfile.mkstemp

    def full(*args: object, **more: object) -> NoReturn:
        tempfile.mkstemp = usual
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    tempfile.mkstemp = full  # type: ignore[assignment]  # until it is called


@dataclass(frozen=True)
class FittedStrange:
    """Predicts from the first features; goes wrong where it was told to."""

    wrong: Wrong
    where: Where
    times: int
    offset: float
    record: TrainingRecord = field(default_factory=lambda: TrainingRecord(parameters=1))

    def predict(self, conversations: Conversations) -> Predictions:
        if self._here(conversations):
            go_wrong(self.wrong, self.times)
        first = [conversations.features[modality][:, 0] for modality in ("text", "audio")]
        logits = np.zeros((len(conversations), len(conversations.classes)))
        logits[:, 0], logits[:, 1] = first[0] + self.offset, first[1]
        grown = np.exp(logits - logits.max(axis=1, keepdims=True))
        return Predictions(grown / grown.sum(axis=1, keepdims=True))

    def hidden_vectors(self, conversations: Conversations) -> np.ndarray:
        if self.where == "hidden":
            go_wrong(self.wrong, self.times)
        return conversations.features["text"][:, :3].astype(np.float64)

    def state(self) -> State:
        return State({"offset": np.array([self.offset])}, {})

    def _here(self, conversations: Conversations) -> bool:
        if conversations.split == "validation":
            return self.where == "validation"
        for modality in ("audio", "text"):
            if not conversations.observed[modality].any():
                return self.where == modality
        return self.where == "clean" and all(mask.all() for mask in conversations.observed.values())


@dataclass(frozen=True)
class Strange:
    """A model without any sense."""

    wrong: Annotated[Wrong, Doc("What goes wrong.")] = "nothing"
    where: Annotated[Where, Doc("Where it does.")] = "fit"
    times: Annotated[int, Doc("How often; 0: always.")] = 0
    deterministic: ClassVar[bool] = False

    def fit(self, train: Conversations, validation: Conversations, *, context: FitContext) -> FittedStrange:
        if self.where == "fit":
            go_wrong(self.wrong, self.times)
        context.progress("guessing", 1, 1)
        return self._fitted(float(train.features["text"][:, 0].mean()) + context.seed)

    def restore(self, state: State, *, device: str = "cpu") -> FittedStrange:
        return self._fitted(float(state.arrays["offset"][0]))

    def _fitted(self, offset: float) -> FittedStrange:
        return FittedStrange(self.wrong, self.where, self.times, offset)
