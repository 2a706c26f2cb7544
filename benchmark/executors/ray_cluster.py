"""Workers on a Ray cluster: actors that are given the plan through the object store, and that share no disk.

A worker has a core for each of its threads, and what else is asked for it; the cluster decides where it runs. It is
asked over and over what it has to tell, and sends nothing by itself: that works through `ray://` too, and of a worker
that dies nothing is heard by halves.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

from ..errors import ClusterError
from ..plan import Plan
from ..run_folder import RunFolder
from .build import build_of, reads_files
from .jobs import Event, Finished, Job, Lost
from .parcels import Assembly, Part, files_of
from .ray_connection import Demand, connected, require_same, room
from .ray_losses import loss
from .ray_worker import Task, Worker

SECONDS_PER_QUESTION = 1.0
"""How long a worker waits for something to tell before it answers that there is nothing."""
SECONDS_TO_FETCH = 60.0
"""What an answer that is there may take from node to node."""
SECONDS_PER_LOOK = 0.1
"""How often is looked for answers of the cluster while this process reads files for a job itself."""


# `Any` in this module: handles and references of a library that comes without types where it is missing.
@dataclass
class _Hand:
    """A worker with a job in hand."""

    worker: Any
    answer: Any
    """Reference to the answer that is waited for."""
    has_begun: bool = False
    """Whether the cluster has found a place for it."""
    assembly: Assembly = field(default_factory=Assembly)


class RayExecutor:
    """Actors on a cluster; see `base.Executor`."""

    def __init__(self, plan: Plan, folder: RunFolder, *, address: str, demand: Demand, most: int = 0) -> None:
        """Start nothing yet.

        Parameters
        ----------
        address
            See `ray_connection.connected`.
        demand
            What each worker is given.
        most
            Number of workers at most; 0: as many as the cluster has room for.
        """
        self._plan = plan
        self._folder = folder
        self._address = address
        self._demand = demand
        self._most = most
        self._build = build_of(plan)
        self._open = ExitStack()
        self._ray: Any = None
        self._start: Any = None
        self._plan_there: Any = None
        self._slots = 1
        self._hands: dict[int, _Hand] = {}
        self._idle: list[Any] = []
        self._killed: list[tuple[int, Event]] = []
        self._readers: dict[int, tuple[Worker, Assembly]] = {}

    @property
    def slots(self) -> int:
        """How many jobs can be in hand at once: what all nodes have room for, whoever else uses them."""
        return self._slots

    def __enter__(self) -> "RayExecutor":
        """Connect, look whether the nodes have the same code, and put the plan with its data into the object store.

        Raises
        ------
        EmobenchError
            When there is no cluster, no node of it has room for a worker, or one has other code or libraries.
        """
        demand = self._demand
        start = {"num_cpus": self._most * demand.cpus} if self._most else {}
        with ExitStack() as opening:
            self._ray = opening.enter_context(connected(self._address, start=start))
            nodes = self._count()
            if not nodes:
                raise ClusterError(f"no node of the Ray cluster has room for a worker with {demand}; ask for less")
            require_same(self._ray, nodes, self._build)
            self._start = self._ray.remote(Worker).options(
                num_cpus=demand.cpus,
                num_gpus=demand.gpus,
                memory=demand.memory or None,
                max_restarts=0,
                max_task_retries=0,
            )
            for splits in self._plan.data.values():
                _ = splits.fingerprint  # computed here, it need not be by the workers
            self._plan_there = self._ray.put(self._plan)
            self._open = opening.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End all workers by force, and the connection."""
        with self._open:
            for worker in [*self._idle, *(hand.worker for hand in self._hands.values())]:
                self._end(worker)
            self._idle.clear()
            self._hands.clear()

    def submit(self, number: int, job: Job) -> None:
        """Give a job to a worker that is free, or to a new one, which starts when the cluster has a place for it."""
        task = Task(job, files_of(self._folder, job), self._build)
        if reads_files(job.combinations[0].model):
            reader = Worker(self._plan)
            reader.start(task._replace(build=None))
            self._readers[number] = reader, Assembly()
            return
        worker = self._idle.pop() if self._idle else self._start.remote(self._plan_there)
        self._hands[number] = _Hand(worker, worker.start.remote(task))

    def events(self, seconds: float) -> Sequence[tuple[int, Event]]:
        """Return what workers told since, and which of them are lost.

        Raises
        ------
        ClusterError
            When the cluster itself is gone.
        """
        # Whoever got no job since the last time gets none soon, and others may want its place.
        while self._idle:
            self._end(self._idle.pop())
        told, self._killed = self._killed, []
        reads = bool(self._readers)
        told += self._read(min(seconds, SECONDS_PER_LOOK))
        try:
            self._count()
            told += self._heard(0.0 if told or reads else seconds)
        except ConnectionError as error:
            raise ClusterError(
                f"the Ray cluster is gone ({' '.join(str(error).split())[:200]}); what was done is kept: type the same "
                "command again to go on"
            ) from error
        return told

    def kill(self, number: int, why: str) -> None:
        """End the worker that has a job in hand; a thread of this process that reads files is left alone."""
        self._killed.append((number, Lost(why, again=True)))
        if number in self._hands:
            self._end(self._hands.pop(number).worker)
        else:
            self._readers.pop(number)

    def stop(self) -> None:
        """Ask the workers that have a job in hand to tell what they have, and end those that wait for a place."""
        for number, hand in [*self._hands.items()]:
            if hand.has_begun:
                hand.worker.stop.remote()
            else:
                self.kill(number, "stopped")
        for reader, _ in self._readers.values():
            reader.stop()

    def _count(self) -> dict[str, int]:
        """Return how many workers each node has room for, and let there be so many slots."""
        nodes = room(self._ray.nodes(), self._demand)
        workers = sum(nodes.values())
        # At least one: a node may come back.
        self._slots = max(1, min(workers, self._most or workers))
        return nodes

    def _heard(self, seconds: float) -> list[tuple[int, Event]]:
        """Return what is told by the workers of the cluster; wait for the first of them."""
        waiting = {hand.answer: number for number, hand in self._hands.items()}
        if not waiting or not self._ray.wait([*waiting], timeout=seconds)[0]:
            return []
        answers, _ = self._ray.wait([*waiting], num_returns=len(waiting), timeout=0)
        return [(waiting[answer], event) for answer in answers for event in self._taken(waiting[answer])]

    def _taken(self, number: int) -> list[Event]:
        """Take in an answer, and ask on."""
        hand = self._hands[number]
        try:
            parts: Iterable[Part] = self._ray.get(hand.answer, timeout=SECONDS_TO_FETCH)
        except self._ray.exceptions.RayError as error:
            del self._hands[number]
            self._end(hand.worker)
            return [loss(self._ray, error)]
        hand.has_begun = True
        told = [*hand.assembly.add(parts)]
        if not told or not isinstance(told[-1], Finished | Lost):
            hand.answer = hand.worker.told.remote(SECONDS_PER_QUESTION)
            return told
        del self._hands[number]
        if isinstance(told[-1], Finished):
            self._idle.append(hand.worker)
        else:
            self._end(hand.worker)
        return told

    def _read(self, seconds: float) -> Iterator[tuple[int, Event]]:
        """Yield what is told by the threads of this process that read files."""
        for number, (reader, assembly) in [*self._readers.items()]:
            for event in assembly.add(reader.told(seconds)):
                if isinstance(event, Finished | Lost):
                    del self._readers[number]
                yield number, event

    def _end(self, worker: Any) -> None:
        # What is gone is gone.
        with suppress(Exception):
            self._ray.kill(worker)
