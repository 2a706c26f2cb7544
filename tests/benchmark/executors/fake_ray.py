"""What `ray` looks like to those who use it: actors are objects of this process, and what goes to them is pickled."""

import pickle
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from emobench.benchmark.executors import ray_worker


class RayError(Exception):
    pass


class RayTaskError(RayError):
    pass


class GetTimeoutError(RayError, TimeoutError):
    pass


class ObjectLostError(RayError):
    pass


class ActorDiedError(RayError):
    actor_init_failed = False


@dataclass(eq=False)
class Reference:
    """A value that is there, or is computed when somebody asks."""

    compute: Callable[[], Any]
    actor: "Actor | None" = None
    value: Any = None
    error: Exception | None = None
    is_there: bool = False

    def settle(self) -> None:
        if not self.is_there:
            self.is_there = True
            try:
                if self.actor is not None and self.actor.fate is not None:
                    raise self.actor.fate
                self.value = self.compute()
            except Exception as error:
                self.error = error


@dataclass(eq=False)
class Actor:
    """A handle; the object itself is made of what was pickled, as if elsewhere."""

    cluster: "Cluster"
    make: Callable[[], Any]
    options: dict[str, Any]
    fate: Exception | None = None
    """What its answers are, once it is dead."""
    itself: Any = None

    @property
    def has_place(self) -> bool:
        alive = [actor for actor in self.cluster.actors if actor.fate is None]
        return self.fate is not None or alive.index(self) < self.cluster.places

    def __getattr__(self, method: str) -> Any:
        def remote(*arguments: object) -> Reference:
            sent = pickle.dumps(arguments)

            def call() -> object:
                if self.itself is None:
                    self.itself = self.make()
                return getattr(self.itself, method)(*pickle.loads(sent))

            reference = Reference(call, self)
            if method == "stop":  # for whose answer nobody asks
                reference.settle()
            return reference

        return SimpleNamespace(remote=remote)


@dataclass
class Remote:
    """What `ray.remote` gives."""

    cluster: "Cluster"
    what: Any
    how: dict[str, Any] = field(default_factory=dict)

    def options(self, **how: Any) -> "Remote":
        return Remote(self.cluster, self.what, how)

    def remote(self, *arguments: Any) -> Any:
        sent = [pickle.dumps(one.value if isinstance(one, Reference) else one) for one in arguments]
        self.cluster.sent += sent

        def make() -> Any:
            return self.what(*map(pickle.loads, sent))

        if not isinstance(self.what, type):
            return Reference(self.cluster.tasks or make)
        actor = Actor(self.cluster, make, self.how)
        self.cluster.actors.append(actor)
        return actor


def node(name: str, *, cpus: float = 2, alive: bool = True, **resources: float) -> dict[str, Any]:
    """Return what is said of a node."""
    return {
        "NodeID": f"id of {name}",
        "NodeManagerHostname": name,
        "Alive": alive,
        "Resources": {"CPU": cpus, **resources},
    }


@dataclass
class Cluster:
    """What a test sees of the cluster."""

    there: list[dict[str, Any]] = field(default_factory=lambda: [node("one"), node("two")])
    places: int = 100
    """Actors that run at once; the others wait."""
    tasks: Callable[[], Any] | None = None
    """What tasks answer in place of what they compute."""
    refused: Exception | None = None
    """What connecting raises."""
    is_connected: bool = False
    is_gone: bool = False
    connections: list[dict[str, Any]] = field(default_factory=list)
    actors: list[Actor] = field(default_factory=list)
    sent: list[bytes] = field(default_factory=list)
    """All that was pickled for others."""

    def init(self, **how: Any) -> None:
        self.connections.append(how)
        if self.refused is not None:
            raise self.refused
        self.is_connected = True

    def shutdown(self) -> None:
        self.is_connected = False

    def kill(self, actor: Actor) -> None:
        if actor.fate is not None:
            raise ValueError("it is dead")
        actor.fate = ActorDiedError("The actor is dead because it was killed by `ray.kill`.")

    def put(self, value: object) -> Reference:
        self.sent.append(pickle.dumps(value))
        return Reference(lambda: value, value=value, is_there=True)

    def get(self, reference: Reference, *, timeout: float) -> Any:
        reference.settle()
        if reference.error is not None:
            raise reference.error
        return reference.value

    def wait(
        self, references: list[Reference], *, num_returns: int = 1, timeout: float
    ) -> tuple[list[Reference], list[Reference]]:
        if self.is_gone:
            raise ConnectionError("nobody\nthere")
        ready = [one for one in references if one.actor is None or one.actor.has_place]
        for reference in ready:
            reference.settle()
        return ready[:num_returns], [one for one in references if one not in ready[:num_returns]]

    def end_threads(self) -> None:
        """End what a process that is killed takes along: threads that wait for somebody to hear them."""
        workers = [actor.itself for actor in self.actors if isinstance(actor.itself, ray_worker.Worker)]
        for worker in workers:
            worker.stop()
        for thread in threading.enumerate():
            while thread.name == "emobench job" and thread.is_alive():
                for worker in workers:
                    worker.told(0.01)


@contextmanager
def fake_ray(patch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    """Put a cluster in the place of Ray, installed or not."""
    cluster, ray = Cluster(), ModuleType("ray")
    strategies = ModuleType("ray.util.scheduling_strategies")
    members: dict[str, Any] = {
        "exceptions": SimpleNamespace(
            RayError=RayError,
            RayTaskError=RayTaskError,
            GetTimeoutError=GetTimeoutError,
            ObjectLostError=ObjectLostError,
        ),
        "is_initialized": lambda: cluster.is_connected,
        "nodes": lambda: cluster.there,
        "remote": lambda what: Remote(cluster, what),
        **{name: getattr(cluster, name) for name in ("init", "shutdown", "kill", "put", "get", "wait")},
    }
    for name, member in members.items():
        setattr(ray, name, member)
    strategies.NodeAffinitySchedulingStrategy = lambda node, soft: node  # type: ignore[attr-defined]  # made here
    patch.setitem(sys.modules, "ray", ray)
    patch.setitem(sys.modules, "ray.util", ModuleType("ray.util"))
    patch.setitem(sys.modules, "ray.util.scheduling_strategies", strategies)
    # Workers are threads of one process here, and would put each other's numbers back.
    patch.setattr(ray_worker, "threads_held", lambda number: nullcontext())
    try:
        yield cluster
    finally:
        cluster.end_threads()
