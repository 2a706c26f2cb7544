"""The process in which a foreign model runs, from outside."""

import contextlib
import io
import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
import weakref
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, cast

import numpy as np
from jaxtyping import Float64

from ...benchmark.errors import DataError
from ...benchmark.own_folder import own_folder
from ..base import Json
from .contract import Contract

_CHILD = Path(__file__).parent / "child"
_PACKAGE = "emobench_foreign"
# Without the folder where it starts: a `random.py` there would be taken for Python's own by all that is imported first.
_START = (
    f"import sys; sys.path[:] = [sys.argv[1], *filter(None, sys.path)]; from {_PACKAGE}.serving import main; main()"
)
_LINES = 50
"""Lines of stderr that are remembered."""
_PATIENCE = 5.0
"""Seconds for a process that has closed its output to end."""


class _Running:
    """One process, its folder, and what it says."""

    def __init__(self, contract: Contract) -> None:
        with contextlib.ExitStack() as opening:
            self.folder = opening.enter_context(own_folder("foreign"))
            shutil.copytree(_CHILD, self.folder / _PACKAGE, ignore=shutil.ignore_patterns("__pycache__"))
            self.process = _started(contract, self.folder)
            # Nobody but this process holds the folder, which is removed with it, or by the next one.
            self.end = weakref.finalize(self, _end, self.process, opening.pop_all())
        self.answers: queue.Queue[str] = queue.Queue()
        self.said: deque[str] = deque(maxlen=_LINES)
        self._threads = [
            _reading(cast("io.TextIOWrapper", self.process.stdout), self.answers.put, last=""),
            _reading(cast("io.TextIOWrapper", self.process.stderr), self.said.append),
        ]

    def last_words(self) -> str:
        """Return the last line of stderr, after a colon; empty: there is none."""
        self._threads[1].join(timeout=1)
        last = next((line.strip() for line in reversed(self.said) if line.strip()), "")
        return f": {last[:300]}" if last else ""


class Worker:
    """A foreign model in a process of its own, which is started when it is needed, and anew after it was lost."""

    def __init__(self, contract: Contract, order: Mapping[str, Json]) -> None:
        """Say what the process has to build; see `child/serving.py`."""
        self._contract = contract
        self._order = order
        self._running: _Running | None = None
        self.facts: dict[str, Json] = {}
        """What the process said of itself last."""

    def start(self) -> None:
        """Start the process and make the model, unless that has been done.

        Raises
        ------
        DataError
            When it cannot be started, or the code does something else than its contract declares.
        """
        if self._running is None:
            self._running = _Running(self._contract)
            self._ask(self._running, {"do": "build", **self._order}, "the model to be made")

    def predict(self, arrays: Mapping[str, np.ndarray]) -> Float64[np.ndarray, "dialogues turns classes"]:
        """Return logits or log probabilities of a batch; errors as `start`."""
        self.start()
        running = cast("_Running", self._running)
        paths = running.folder / "input.npz", running.folder / "output.npz"
        # The arrays have names with a slash, which are no names of arguments elsewhere.
        np.savez(paths[0], **dict(arrays))  # type: ignore[arg-type]  # the names are none of `savez`'s own
        paths[1].unlink(missing_ok=True)
        self._ask(running, {"do": "predict", "input": str(paths[0]), "output": str(paths[1])}, "a batch")
        if not paths[1].exists():
            # An answer to what was asked before, from a copy of the process: the next would be late too.
            self.close()
            raise DataError(f"{self._contract.name}: expected predictions with each answer, got none; does it fork?")
        with np.load(paths[1], allow_pickle=False) as held:
            values: np.ndarray = held["values"]
        return values

    def close(self) -> None:
        """End the process, if there is one."""
        if self._running is not None:
            self._running.end()
            self._running = None

    def _ask(self, running: _Running, request: Mapping[str, Json], what: str) -> None:
        name, limit = self._contract.name, self._contract.time_limit
        try:
            stdin = cast("IO[str]", running.process.stdin)
            stdin.write(json.dumps(request) + "\n")
            stdin.flush()
            answer = running.answers.get(timeout=limit)
        except BrokenPipeError:
            answer = ""
        except queue.Empty:
            running.end()
            self._running = None
            raise DataError(
                f"{name}: expected {what} within {limit:g} s, got no answer{running.last_words()}; "
                "type time_limit=… for more"
            ) from None
        except BaseException:
            # Nobody waits for the answer any more; the next question must not get it.
            self.close()
            raise
        if not answer:
            # It has closed its pipe, and is about to end.
            status = _status(running.process)
            self.close()
            raise DataError(f"{name}: its process ended with {status}{running.last_words()}")
        said: dict[str, Json] = json.loads(answer)
        if "error" in said:
            if request["do"] == "build":
                self.close()
            raise DataError(f"{name}: {said['error']}")
        self.facts |= said


def _started(contract: Contract, folder: Path) -> "subprocess.Popen[str]":
    """Start the process of a contract; DataError where its interpreter cannot be."""
    own = not contract.python
    python = contract.python or sys.executable
    # Packages of this interpreter are none of another's.
    hidden = () if own else ("PYTHONPATH", "PYTHONHOME")
    try:
        return subprocess.Popen(  # noqa: S603 (the user named the interpreter)
            [python, "-c", _START, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=contract.root,
            env={name: value for name, value in os.environ.items() if name not in hidden},
            start_new_session=True,
            text=True,
            encoding="utf-8",
            errors="replace",
        )
    except OSError as error:
        raise DataError(
            f"cannot start {python}: {error.strerror}; expected python to be an interpreter with numpy and torch"
        ) from None


def _reading(stream: io.TextIOWrapper, keep: Callable[[str], object], last: str | None = None) -> threading.Thread:
    """Keep every line of a stream, and at its end `last`, in a thread of its own: no pipe is ever full."""

    def read() -> None:
        with stream:
            for line in stream:
                keep(line)
        if last is not None:
            keep(last)

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    return thread


def _status(process: "subprocess.Popen[str]") -> str:
    """Return in words how a process ended that has closed its output."""
    try:
        code = process.wait(timeout=_PATIENCE)
    except subprocess.TimeoutExpired:
        return "its output closed, still at work"
    names = {number.value: number.name for number in signal.Signals}
    return f"signal {names.get(-code, -code)}" if code < 0 else f"status {code}"


def _end(process: "subprocess.Popen[str]", folder: contextlib.ExitStack) -> None:
    """End a process with all that it started, and remove its folder."""
    # It leads a group of its own: whatever it started ends with it, also where it has ended by itself.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    with contextlib.suppress(OSError):
        cast("IO[str]", process.stdin).close()
    folder.close()
