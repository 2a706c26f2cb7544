"""The process in which a foreign model runs: requests in, answers out.

Requests are lines of JSON on stdin, answers on
stdout; arrays are in .npz files that a request names, never pickled. The end of stdin ends the process.

{"do": "build", "contract": {…}, "sizes": {"widths": {"text": 64}, …}, "seed": 1, "device": "cpu", "threads": 1}
{"parameters": 1234, "redirected": 3, "torch": "2.5.1", "python": "3.11.2"}
{"do": "predict", "input": "/…/input.npz", "output": "/…/output.npz"}
{"redirected": 3}
{"error": "one line"}      in place of either answer

input.npz    features/NAME (dialogues × turns × width, float32) and observed/NAME (dialogues × turns, bool) for each
             modality, valid (dialogues × turns, bool), speaker (dialogues × turns, int64)
output.npz   values (dialogues × turns × classes): logits, or log probabilities
"""

import contextlib
import json
import os
import platform
import queue
import random
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

# `Any`: what is read from JSON, and what somebody else's code returns.
from typing import Any

import numpy as np
import torch

from .loading import as_a_script, build, load_weights
from .redirect import OnCpu, without_cuda
from .shapes import Mismatch, Turns, arguments_of, as_logits, check_values, values_of


class Subject:
    """The model of this process."""

    def __init__(self, order: Mapping[str, Any]) -> None:
        """Make the model; errors as `build` and `load_weights`, and whatever the code raises."""
        self.contract, self.sizes, self.seed, self.device = (order[k] for k in ("contract", "sizes", "seed", "device"))
        torch.set_num_threads(order["threads"])
        self.redirect = OnCpu() if self.device == "cpu" else None
        if self.redirect is not None and not torch.cuda.is_available():
            without_cuda()
        with self._inside():
            self.model = build(self.contract, self.sizes)
            load_weights(self.contract, self.model)
            self.model = self.model.to(self.device).eval()

    def facts(self) -> dict[str, Any]:
        """Return what is answered to `build`."""
        parameters = sum(parameter.numel() for parameter in self.model.parameters())
        versions = {"torch": torch.__version__, "python": platform.python_version()}
        return {"parameters": parameters, **versions, **self.counts()}

    def counts(self) -> dict[str, Any]:
        """Return how often CUDA was asked for and the CPU given."""
        return {"redirected": self.redirect.redirected if self.redirect is not None else 0}

    def predict(self, path: str, to: str) -> None:
        """Read the input, and write what the model says of it; Mismatch where that is not as declared."""
        with np.load(path, allow_pickle=False) as arrays:
            held = {name: torch.from_numpy(arrays[name]).to(self.device) for name in arrays.files}
        features = {name.partition("/")[2]: value for name, value in held.items() if name.startswith("features/")}
        turns = Turns(features, {name: held["observed/" + name] for name in features}, held["valid"], held["speaker"])
        with self._inside(), torch.no_grad():
            said = self.model(*arguments_of(self.contract, turns, self.sizes["speakers"]))
            values = values_of(self.contract, said, turns, self.sizes["classes"])
        check_values(self.contract, values, turns.valid)
        np.savez(to, values=as_logits(self.contract, values).double().cpu().numpy())

    @contextlib.contextmanager
    def _inside(self) -> Iterator[None]:
        """Run somebody else's code: as a script, seeded, on the device that is wanted."""
        _seed(self.seed)
        with as_a_script(self.contract), self.redirect or contextlib.nullcontext():
            yield


def serve(requests: Iterable[str], answer: Callable[[str], None]) -> None:
    """Answer every request (a line of JSON) by one line of JSON."""
    subjects: list[Subject] = []
    root = ""
    for request in requests:
        order = json.loads(request)
        try:
            if order["do"] == "build":
                root = order["contract"]["root"]
                subjects = [Subject(order)]
                answer(json.dumps(subjects[0].facts()))
            else:
                subjects[0].predict(order["input"], order["output"])
                answer(json.dumps(subjects[0].counts()))
        except Exception as error:  # whatever somebody else's code raises is told
            answer(json.dumps({"error": reason(error, root)}))


def reason(error: BaseException, root: str) -> str:
    """Return an error in one line, with the place in the code below `root` where it came from."""
    if isinstance(error, Mismatch):
        return str(error)
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if root and frame.filename.startswith(root)]
    where = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}{where}"


def main(stdin: int = 0, stdout: int = 1, stderr: int = 2, ended: Callable[[int], Any] = os._exit) -> None:
    """Serve until stdin ends; what the model prints goes to stderr, and what it reads is empty."""
    requests, answers = os.fdopen(os.dup(stdin), encoding="utf-8"), os.fdopen(os.dup(stdout), "w", encoding="utf-8")
    with open(os.devnull, encoding="utf-8") as nothing:  # noqa: PTH123 (a descriptor is wanted)
        os.dup2(nothing.fileno(), stdin)
    os.dup2(stderr, stdout)
    waiting: queue.Queue[str] = queue.Queue()

    def listen() -> None:
        for line in requests:
            waiting.put(line)
        # Whoever asked is gone; a model that computes for ever must not outlive him.
        ended(0)

    threading.Thread(target=listen, daemon=True).start()

    def answer(text: str) -> None:
        answers.write(text + "\n")
        answers.flush()

    serve(iter(waiting.get, ""), answer)


def _seed(number: int) -> None:
    random.seed(number)
    np.random.seed(number % 2**32)  # noqa: NPY002 (research code draws from the global generator)
    torch.manual_seed(number)
