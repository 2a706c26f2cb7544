"""Why a worker on a Ray cluster was lost, in plain words."""

import re
from typing import Any

from .jobs import Lost

_WORDS = (
    (r"node running low on memory", "its node ran out of memory; --memory-per-worker asks for more"),
    (r"node has died|node was terminated", "its node is gone"),
    (r"unavailable", "its node does not answer"),
    (r"ray\.kill", "it was killed through Ray"),
    (r"worker process has died", "it crashed or was killed (out of memory?)"),
)
"""What Ray says of dead workers, the more telling first, and what that means."""


def loss(ray: Any, error: Exception) -> Lost:  # `Any`: the library comes without types where it is missing
    """Return how a job ends whose worker's answer is an error.

    What the code of a worker raises would be raised again by another; all else is a fault of machines.
    """
    kinds, said = ray.exceptions, " ".join(str(error).split())
    if isinstance(error, kinds.RayTaskError):
        return Lost(f"the worker could not go on: {last_line(error)}", again=False)
    place = re.search(r"\b(?:ip|IP): ([0-9a-f.:]+)", said)
    worker = f"the worker on {place.group(1)}" if place else "the worker"
    if getattr(error, "actor_init_failed", False):
        return Lost(f"{worker} could not start: {last_line(error)}", again=True)
    if isinstance(error, kinds.GetTimeoutError):
        return Lost("what the worker told did not come through in time", again=True)
    if isinstance(error, kinds.ObjectLostError):
        return Lost("what the worker told was lost with its node", again=True)
    meaning = next((words for pattern, words in _WORDS if re.search(pattern, said)), said[:200])
    return Lost(f"{worker} is gone: {meaning}", again=True)


def last_line(error: Exception) -> str:
    """Return the last line of what an error says: of a traceback, what was raised."""
    return (str(error).strip().splitlines() or [type(error).__name__])[-1].strip()
