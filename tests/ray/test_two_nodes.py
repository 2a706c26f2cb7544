"""Two nodes that share no disk: the same bytes, and whatever happens to one of them."""

import os
import shutil
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from executor_runs import DATA, PROTOCOLS, contents, ended, plan_of, run
from two_nodes import Nodes

import emobench
from emobench.benchmark import api
from emobench.benchmark.errors import ClusterError
from emobench.benchmark.executors.execution import Execution

# Ray's own, of the logs of what it starts.
pytestmark = pytest.mark.filterwarnings(r"ignore:unclosed file .*ray_client_server\.:ResourceWarning")

CLEAN, AUDIO, TEXT, NOISE = "clean", *PROTOCOLS


def waited_for(folder: Path, pattern: str, act: Callable[[Path], None]) -> threading.Thread:
    """Do something as soon as a file appears, on a thread of its own."""

    def watch() -> None:
        while not (found := sorted(folder.glob(pattern))):
            threading.Event().wait(0.01)
        act(found[0])

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    return thread


def worker_of(path: Path) -> int:
    """Return the process that left a file."""
    return int(path.name.rpartition(".")[2])


def test_two_nodes_leave_what_one_process_leaves(nodes: Nodes, tmp_path: Path) -> None:
    nodes.add()
    nodes.add()
    for out, execution in {
        tmp_path / "here": Execution(),
        nodes.run / "there": Execution(executor="ray", address=nodes.address),
    }.items():
        api.run(
            models=["prior", "prior+histogram", "strange", "rage_fusion:epochs=2"],
            protocols=[*PROTOCOLS, "adversarial:modality=text,epsilon=0.1"],
            data=DATA,
            out=out,
            options=api.options(seeds=2, stress_draws=2, hidden=True, draws=200, device="cpu"),
            formats=[],
            execution=execution,
        )
    here, there = contents(tmp_path / "here"), contents(nodes.run / "there")
    assert there.keys() == here.keys()
    assert [name for name in here if here[name] != there[name]] == []
    assert {name.partition("/")[0] for name in here} >= {
        "predictions",
        "stresses",
        "validation",
        "hidden",
        "checkpoints",
        "results.parquet",
    }
    assert not nodes.touched.exists(), "no worker opened anything below the run folder"
    left = [path for node in nodes.folder.glob("node*/tmp") for path in node.glob("emobench-*")]
    assert left == [], "no worker left its own folder behind"


def test_a_worker_that_is_killed_costs_its_job_only(nodes: Nodes, tmp_path: Path) -> None:
    nodes.add()
    nodes.add()
    model = "strange:times=1,where=audio,wrong=hangs"
    waited_for(tmp_path / "meeting", "hangs*", lambda path: os.kill(worker_of(path), signal.SIGKILL))
    plan = plan_of(model, "prior", hidden=True)
    states = ended(run(plan, nodes.run / "there", executor="ray", address=nodes.address))
    assert {*states.values()} == {"done"}
    run(plan, tmp_path / "here")
    assert contents(nodes.run / "there") == contents(tmp_path / "here")


def test_a_node_that_goes_away_costs_its_jobs_only(nodes: Nodes, tmp_path: Path) -> None:
    nodes.add()
    nodes.add()

    waited_for(tmp_path / "meeting", "hangs*", lambda path: nodes.remove(nodes.of(worker_of(path))))
    model = "strange:times=1,where=text,wrong=hangs"
    plan = plan_of(model, "prior")
    states = ended(run(plan, nodes.run / "there", executor="ray", address=nodes.address))
    assert {*states.values()} == {"done"}
    assert len(nodes.there) == 2
    run(plan, tmp_path / "here")
    assert contents(nodes.run / "there") == contents(tmp_path / "here")


def test_what_takes_too_long_fails_alone(nodes: Nodes) -> None:
    nodes.add()
    model = "strange:where=audio,wrong=hangs"
    states = ended(run(plan_of(model), nodes.run / "there", executor="ray", address=nodes.address, timeout=5.0))
    assert states[model, AUDIO] == "failed took longer than --timeout 5 s"
    assert {states[model, condition] for condition in (CLEAN, TEXT, NOISE)} == {"done"}


def test_a_client_from_elsewhere_gets_the_same(nodes: Nodes, tmp_path: Path) -> None:
    nodes.add()
    plan = plan_of("prior", "strange")
    run(plan, nodes.run / "there", executor="ray", address=nodes.client_address())
    run(plan, tmp_path / "here")
    assert contents(nodes.run / "there") == contents(tmp_path / "here")


def test_a_node_with_another_version_is_refused_by_name(nodes: Nodes, tmp_path: Path) -> None:
    other = tmp_path / "other" / "emobench"
    ignored = shutil.ignore_patterns(".*", "__pycache__", "tests", "runs", "build")
    shutil.copytree(Path(emobench.__file__).parent, other, ignore=ignored)
    text = (other / "__init__.py").read_text()
    (other / "__init__.py").write_text(text.replace(f'"{emobench.__version__}"', '"0.0.1"'))
    nodes.add(path=str(other.parent))
    with pytest.raises(ClusterError) as caught:
        run(plan_of("prior"), nodes.run / "there", executor="ray", address=nodes.address)
    assert " has emobench 0.0.1, not " + emobench.__version__ + " as here; install the same" in str(caught.value)


def test_nobody_at_an_address_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match=r"^no Ray cluster answers at 127\.0\.0\.1:1 \(Connection refused\); type"):
        run(plan_of("prior"), tmp_path / "there", executor="ray", address="127.0.0.1:1")


def test_a_cluster_is_started_here_where_there_is_none(strange: Path, tmp_path: Path) -> None:
    plan = plan_of("prior")
    run(plan, tmp_path / "there", executor="ray", workers=2)
    run(plan, tmp_path / "here")
    assert contents(tmp_path / "there") == contents(tmp_path / "here")
