"""A connection to a Ray cluster: one that is there, or one that is started on this machine and ends with the run.

Nothing is sent to anybody: Ray's usage statistics are off before it is imported, no dashboard is started, and the
folder of the user is not sent to the cluster, as Ray would do of its own accord under `uv run`.
"""

import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import floor
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from ..errors import ClusterError, MissingPackage, SpecError
from .build import Build, look
from .ray_losses import last_line

SECONDS_TO_CONNECT = 5.0
"""For a port to answer."""
SECONDS_TO_TRY = 20.0
"""For a process to connect to the cluster."""
SECONDS_TO_LOOK = 120.0
"""For a node to start a process and to import emobench."""

_VARIABLES = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0"}
_QUIET = {"logging_level": "error", "log_to_driver": False}


class Demand(NamedTuple):
    """What each worker is given."""

    cpus: int = 1
    """Cores, and so threads."""
    memory: int = 0
    """Bytes; 0: it is not asked for."""
    gpus: float = 0.0
    """Whole ones, or a part of one."""

    def __str__(self) -> str:
        """Name it in messages."""
        words = [f"{self.cpus} CPU{'s' * (self.cpus > 1)}"]
        words += [f"{self.memory / 10**9:g} GB of memory"] if self.memory else []
        words += [f"{self.gpus:g} GPU{'s' * (self.gpus > 1)}"] if self.gpus else []
        return " and ".join(words)


# `Any` in this module: the library is imported only when it is asked for, and comes without types where it is missing.
@contextlib.contextmanager
def connected(address: str, *, start: Mapping[str, object]) -> Iterator[Any]:
    """Yield the module `ray`, connected; what this started is ended afterwards.

    Parameters
    ----------
    address
        `auto`, `HOST:PORT`, `ray://HOST:PORT`; empty: what the variable RAY_ADDRESS says, and if it says nothing a
        cluster is started on this machine.
    start
        How to start that: arguments of `ray.init`.

    Raises
    ------
    MissingPackage
        When Ray is not installed.
    SpecError
        When the address is none.
    ClusterError
        When nobody answers there, or Ray cannot be started.
    """
    ray = _imported()
    if ray.is_initialized():  # by a program that calls this one; it stays its own
        yield ray
        return
    where = address or os.environ.get("RAY_ADDRESS", "")
    _require_port(where)
    _require_cluster(where)
    how = {"address": where} if where else {"address": "local", "include_dashboard": False, **start}
    try:
        ray.init(**how, **_QUIET)
    except (OSError, RuntimeError, ValueError, ImportError) as error:
        first = " ".join(str(error).split())
        raise ClusterError(_not_there(where, first)) from error
    try:
        with _nothing_printed(ray):
            yield ray
    finally:
        ray.shutdown()


def room(nodes: Sequence[Mapping[str, Any]], demand: Demand) -> dict[str, int]:
    """Return how many workers each node has room for, by its id, from what `ray.nodes` says; those with none left out.

    Whoever else uses the cluster is not counted: workers wait for their turn.
    """
    wanted = {"CPU": demand.cpus, "memory": demand.memory, "GPU": demand.gpus}
    found = {}
    for node in nodes:
        if node["Alive"]:
            # A little more, for a third of a GPU fits in three times.
            fits = [floor(node["Resources"].get(name, 0) / each + 1e-6) for name, each in wanted.items() if each]
            found[node["NodeID"]] = min(fits)
    return {node: workers for node, workers in found.items() if workers}


def require_same(ray: Any, nodes: Iterable[str], build: Build) -> None:
    """Let each of the nodes, named by their ids, look whether it would compute the same.

    Raises
    ------
    ClusterError
        When one of them would not, or cannot tell.
    """
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    names = {node["NodeID"]: node["NodeManagerHostname"] for node in ray.nodes()}
    there = ray.remote(look)
    strategies = {node: NodeAffinitySchedulingStrategy(node, soft=False) for node in nodes}
    answers = {
        node: there.options(num_cpus=0, max_retries=1, scheduling_strategy=strategy).remote(build)
        for node, strategy in strategies.items()
    }
    for node, answer in answers.items():
        try:
            why = ray.get(answer, timeout=SECONDS_TO_LOOK)
        except ray.exceptions.RayError as error:
            why = f"{names[node]} cannot load this emobench ({last_line(error)}); install the same one there"
        if why:
            raise ClusterError(f"the node {why}")


def _imported() -> Any:
    os.environ.update(_VARIABLES)
    try:
        import ray
    except ModuleNotFoundError:
        raise MissingPackage("--executor ray needs the package 'ray': pip install 'emobench[ray]'") from None
    return ray


@contextlib.contextmanager
def _nothing_printed(ray: Any) -> Iterator[None]:
    """Keep Ray from printing pages about dead workers to standard output, for which it has no switch."""
    module = getattr(getattr(ray, "_private", None), "worker", None)
    printing = getattr(module, "print_to_stdstream", None)
    if module is None or printing is None:  # another version; then it prints
        yield
        return
    module.print_to_stdstream = lambda *said, **how: None
    try:
        yield
    finally:
        module.print_to_stdstream = printing


def _require_port(where: str) -> None:
    """Find out at once whether anybody is there: Ray itself gives up after minutes."""
    if where in ("", "auto", "local"):
        return
    try:
        parts = urlsplit(where if "://" in where else f"//{where}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or not port or parts.scheme not in ("", "ray"):
        raise SpecError(f"expected --address auto, HOST:PORT or ray://HOST:PORT, got {where!r}")
    try:
        socket.create_connection((host, port), timeout=SECONDS_TO_CONNECT).close()
    except OSError as error:
        raise ClusterError(_not_there(where, error.strerror or str(error))) from None


_TRY = """
import sys, ray
try:
    ray.init(address=sys.argv[1], log_to_driver=False, logging_level="error")
except Exception as error:
    sys.exit(" ".join(str(error).split()))
"""


def _require_cluster(where: str) -> None:
    """Let another process try first: where somebody else answers, Ray waits for minutes and then ends the process."""
    if where in ("", "local") or where.startswith("ray://"):  # the last two tell by themselves
        return
    try:
        done = subprocess.run(  # noqa: S603 (fixed words, no shell)
            [sys.executable, "-c", _TRY, where], capture_output=True, text=True, timeout=SECONDS_TO_TRY, check=False
        )
    except subprocess.TimeoutExpired:
        raise ClusterError(_not_there(where, f"no answer for {SECONDS_TO_TRY:g} s; is it the port of Ray?")) from None
    if done.returncode:
        raise ClusterError(_not_there(where, done.stderr.strip().splitlines()[-1]))


def _not_there(where: str, why: str) -> str:
    if not where:
        return f"cannot start Ray on this machine ({why}); type --executor local"
    return f"no Ray cluster answers at {where} ({why}); type --address HOST:PORT of one, or start one: ray start --head"
