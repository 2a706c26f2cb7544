"""The executor for clusters: what is given to whom, what is heard, what is lost, and that nothing is left behind."""

import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from executor_runs import DATA, contents, ended, plan_of, run
from fake_ray import ActorDiedError, Cluster, RayTaskError, fake_ray, node

from emobench.benchmark.errors import ClusterError
from emobench.benchmark.executors import ray_worker
from emobench.benchmark.executors.jobs import Began, Event, Finished, Job, Kept, Lost, Place
from emobench.benchmark.executors.ray_cluster import Demand, RayExecutor
from emobench.benchmark.executors.worker import Tell
from emobench.benchmark.plan import Plan
from emobench.benchmark.run_folder import RunFolder
from emobench.benchmark.run_state import Combination

COMBINATION = Combination("prior", DATA, 0)
JOB = Job((COMBINATION,))
LEAST = Demand()
BEGAN = Began(Place(COMBINATION, "clean"))
Made = Callable[..., RayExecutor]


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    with fake_ray(monkeypatch) as made:
        yield made


@pytest.fixture(scope="module")
def plan() -> Plan:
    return plan_of("prior")


@pytest.fixture
def executor(cluster: Cluster, plan: Plan, tmp_path: Path) -> Made:
    def make(plan: Plan = plan, *, demand: Demand = LEAST, most: int = 0) -> RayExecutor:
        return RayExecutor(plan, RunFolder(tmp_path), address="", demand=demand, most=most)

    return make


@pytest.fixture
def go(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Have jobs tell that they began and end when they may."""
    may_end = threading.Event()

    def carry_out(plan: Plan, job: Job, folder: RunFolder, *, tell: Tell, **more: object) -> None:
        tell(BEGAN)
        while not may_end.wait(0.01):
            tell(BEGAN)

    monkeypatch.setattr(ray_worker, "carry_out", carry_out)
    yield may_end
    may_end.set()


def told(executor: RayExecutor, number: int, kinds: tuple[type, ...] = (Finished, Lost)) -> Event:
    """Return the first event of a kind of a job."""
    for _ in range(1000):
        for of, event in executor.events(1.0):
            if of == number and isinstance(event, kinds):
                return event
    raise AssertionError("nothing was told")


def test_a_cluster_leaves_what_one_process_leaves(cluster: Cluster, strange: Path, tmp_path: Path) -> None:
    plan = plan_of("prior", "prior+histogram", "strange", seeds=2, hidden=True)
    run(plan, tmp_path / "here")
    run(plan, tmp_path / "there", executor="ray")
    assert contents(tmp_path / "there") == contents(tmp_path / "here")
    assert not cluster.is_connected
    assert not any(str(tmp_path / "there").encode() in sent for sent in cluster.sent), "no worker knows the run folder"
    assert all(isinstance(actor.fate, ActorDiedError) for actor in cluster.actors), "no worker is left"


def test_a_run_goes_on_from_what_the_driver_has(cluster: Cluster, tmp_path: Path) -> None:
    run(plan_of("prior", protocols=()), tmp_path / "run", executor="ray")
    before = RunFolder(tmp_path / "run").checkpoint_stem(*COMBINATION).with_suffix("")
    checkpoints = {path: path.stat().st_mtime_ns for path in before.parent.iterdir()}
    run(plan_of("prior"), tmp_path / "run", executor="ray")
    run(plan_of("prior"), tmp_path / "here")
    assert contents(tmp_path / "run") == contents(tmp_path / "here")
    assert {path: path.stat().st_mtime_ns for path in before.parent.iterdir()} == checkpoints, "nothing is fitted anew"


def test_saved_predictions_are_read_by_the_driver_itself(cluster: Cluster, tmp_path: Path) -> None:
    run(plan_of("prior"), tmp_path / "source")
    (path,) = (tmp_path / "source" / "predictions").glob("prior*.parquet")
    from emobench.benchmark.prediction_files import read_predictions

    read, test = read_predictions(path, "clean"), next(iter(plan_of("prior").data.values())).test
    saved = tmp_path / "saved.csv"
    header = ",".join(["utterance_id", *(f"p_{name}" for name in test.classes)])
    rows = (
        ",".join([name, *map(repr, row)])
        for name, row in zip(test.utterance_ids, read.probabilities.tolist(), strict=True)
    )
    saved.write_text("\n".join([header, *rows]) + "\n")
    model = f"predictions:path={saved},values=probabilities"
    plan = plan_of(model, "prior")
    states = ended(run(plan, tmp_path / "run", executor="ray"))
    assert states[model, "clean"] == "done"
    assert states["prior", "clean"] == "done"
    assert len(cluster.actors) == 2, "of the prior and of the exact posterior"


def test_workers_are_asked_for_with_their_demand(cluster: Cluster, executor: Made, go: threading.Event) -> None:
    cluster.there = [node("large", cpus=8, GPU=1, memory=8e9)]
    with executor(demand=Demand(cpus=2, memory=10**9, gpus=0.25)) as made:
        assert made.slots == 4
        made.submit(1, JOB)
    assert cluster.actors[0].options == {
        "num_cpus": 2,
        "num_gpus": 0.25,
        "memory": 10**9,
        "max_restarts": 0,
        "max_task_retries": 0,
    }


def test_slots_follow_the_cluster(cluster: Cluster, executor: Made) -> None:
    with executor(most=3) as made:
        assert made.slots == 3
        assert cluster.connections[0]["num_cpus"] == 3
    with executor() as made:
        assert made.slots == 4
        cluster.there.append(node("three", cpus=5))
        assert list(made.events(0.0)) == []
        assert made.slots == 9
        cluster.there = [node("one", alive=False)]
        assert list(made.events(0.0)) == []
        assert made.slots == 1, "somebody may come back"


def test_a_demand_that_no_node_meets_is_one_line(cluster: Cluster, executor: Made) -> None:
    with (
        pytest.raises(
            ClusterError,
            match=r"^no node of the Ray cluster has room for a worker with 64 CPUs and 1 GPU; ask for less$",
        ),
        executor(demand=Demand(cpus=64, gpus=1)),
    ):
        pass
    assert not cluster.is_connected


def test_a_node_with_other_code_ends_the_run_before_it_begins(cluster: Cluster, executor: Made) -> None:
    cluster.tasks = lambda: "worker7 has torch 1.0, not 2.0 as here"
    with pytest.raises(ClusterError, match=r"^the node worker7 has torch 1\.0, not 2\.0 as here$"), executor():
        pass
    assert not cluster.is_connected
    assert cluster.actors == []


def test_a_worker_takes_the_next_job_and_goes_when_there_is_none(
    cluster: Cluster, executor: Made, go: threading.Event
) -> None:
    go.set()
    with executor() as made:
        made.submit(1, JOB)
        assert told(made, 1) == Finished()
        made.submit(2, JOB)
        assert told(made, 2) == Finished()
        assert len(cluster.actors) == 1
        assert cluster.actors[0].fate is None
        assert list(made.events(0.0)) == []
        assert cluster.actors[0].fate is not None, "others may want its place"
        made.submit(3, JOB)
        assert told(made, 3) == Finished()
        assert len(cluster.actors) == 2


def test_a_worker_that_dies_is_lost_and_the_others_go_on(cluster: Cluster, executor: Made, go: threading.Event) -> None:
    with executor() as made:
        for number in (1, 2):
            made.submit(number, JOB)
            assert told(made, number, (Began,)) == BEGAN
        cluster.actors[0].fate = ActorDiedError("The actor died because its node has died.")
        assert told(made, 1) == Lost("the worker is gone: its node is gone", again=True)
        go.set()
        assert told(made, 2) == Finished()


def test_what_our_own_code_raises_is_not_tried_again(cluster: Cluster, executor: Made, go: threading.Event) -> None:
    with executor() as made:
        made.submit(1, JOB)
        assert told(made, 1, (Began,)) == BEGAN
        cluster.actors[0].fate = RayTaskError("KeyError: 'plan'")
        assert told(made, 1) == Lost("the worker could not go on: KeyError: 'plan'", again=False)


def test_a_worker_that_cannot_go_on_gets_no_other_job(
    cluster: Cluster, executor: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    def carry_out(*args: object, **more: object) -> None:
        raise SystemExit(3)

    monkeypatch.setattr(ray_worker, "carry_out", carry_out)
    with executor() as made:
        made.submit(1, JOB)
        assert told(made, 1) == Lost("the worker ended with exit code 3", again=True)
        assert cluster.actors[0].fate is not None


def test_a_job_that_is_killed_is_lost_with_the_reason(cluster: Cluster, executor: Made, go: threading.Event) -> None:
    with executor() as made:
        made.submit(1, JOB)
        assert told(made, 1, (Began,)) == BEGAN
        made.kill(1, "took longer than --timeout 5 s")
        assert cluster.actors[0].fate is not None
        assert list(made.events(0.0)) == [(1, Lost("took longer than --timeout 5 s", again=True))]
        assert list(made.events(0.0)) == []


def test_jobs_wait_for_a_place(cluster: Cluster, executor: Made, go: threading.Event) -> None:
    cluster.places = 1
    with executor() as made:
        made.submit(1, JOB)
        made.submit(2, JOB)
        assert told(made, 1, (Began,)) == BEGAN
        assert {number for number, _ in made.events(1.0)} <= {1}
        made.kill(1, "too slow")
        assert told(made, 1) == Lost("too slow", again=True)
        assert told(made, 2, (Began,)) == BEGAN


def test_nothing_is_told_while_all_wait_for_a_place(cluster: Cluster, executor: Made, go: threading.Event) -> None:
    cluster.places = 0
    with executor() as made:
        made.submit(1, JOB)
        assert list(made.events(0.0)) == []


def test_who_is_stopped_tells_what_there_is(cluster: Cluster, executor: Made, go: threading.Event) -> None:
    cluster.places = 1
    with executor() as made:
        made.submit(1, JOB)
        assert told(made, 1, (Began,)) == BEGAN
        made.submit(2, JOB)
        made.submit(3, Job((COMBINATION._replace(model="predictions:path=none.csv,values=logits"),)))
        assert told(made, 3, (Began,)) == BEGAN
        made.stop()
        ends: dict[int, Event] = {}
        while len(ends) < 3:
            ends |= {number: event for number, event in made.events(1.0) if not isinstance(event, Began)}
    assert ends == dict.fromkeys((1, 2, 3), Lost("stopped", again=True))


def test_a_thread_that_reads_files_can_be_given_up(cluster: Cluster, executor: Made, go: threading.Event) -> None:
    with executor() as made:
        made.submit(1, Job((COMBINATION._replace(model="predictions:path=none.csv,values=logits"),)))
        assert told(made, 1, (Began,)) == BEGAN
        made.kill(1, "too slow")
        assert told(made, 1) == Lost("too slow", again=True)
    assert cluster.actors == []


def test_a_cluster_that_goes_away_is_one_line(cluster: Cluster, executor: Made, go: threading.Event) -> None:
    with executor() as made:
        made.submit(1, JOB)
        cluster.is_gone = True
        with pytest.raises(ClusterError, match=r"^the Ray cluster is gone \(nobody there\); what was done is kept: "):
            made.events(0.0)
    assert not cluster.is_connected


def test_data_come_out_whole_and_are_not_checked_again(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    import pickle

    from emobench.benchmark import conversations

    splits = plan.data[DATA]
    fingerprint = splits.fingerprint
    buffers: list[pickle.PickleBuffer] = []
    packed = pickle.dumps(plan, protocol=5, buffer_callback=buffers.append)
    monkeypatch.setattr(conversations, "_check", lambda c: pytest.fail("it was checked again"))
    shared = [bytes(buffer) for buffer in buffers]
    there: Plan = pickle.loads(packed, buffers=shared)
    test = there.data[DATA].test
    assert there.data[DATA].__dict__["fingerprint"] == fingerprint
    memory: Sequence[np.ndarray] = [np.frombuffer(content, np.uint8) for content in shared]
    for modality, rows in test.features.items():
        np.testing.assert_array_equal(rows, splits.test.features[modality])
        assert not rows.flags.writeable
        assert any(np.shares_memory(rows, one) for one in memory), "it is not copied"


def test_what_is_kept_is_told_with_its_files(cluster: Cluster, executor: Made) -> None:
    with executor() as made:
        made.submit(1, JOB)
        event = told(made, 1, (Kept,))
    assert isinstance(event, Kept)
    assert {name.partition("/")[0] for name, _ in event.files} <= {"checkpoints", "validation", "predictions"}
