"""A connection to a cluster: found, refused in a line, started here, left as it was."""

import socket
import sys
from collections.abc import Iterator
from subprocess import CompletedProcess, TimeoutExpired
from types import SimpleNamespace
from typing import Any

import pytest
from executor_runs import plan_of
from fake_ray import Cluster, RayError, fake_ray, node

from emobench.benchmark.errors import ClusterError, MissingPackage, SpecError
from emobench.benchmark.executors import ray_connection
from emobench.benchmark.executors.build import build_of
from emobench.benchmark.executors.ray_connection import Demand, connected, require_same, room


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    with fake_ray(monkeypatch) as made:
        yield made


@pytest.fixture
def port() -> Iterator[int]:
    """Return a port at which somebody answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def tries(monkeypatch: pytest.MonkeyPatch, *, says: str = "", hangs: bool = False) -> list[str]:
    """Have a process that tries the address say something; return the addresses it was given."""
    given = []

    def run(command: list[str], **how: Any) -> CompletedProcess[str]:
        given.append(command[-1])
        if hangs:
            raise TimeoutExpired(command, how["timeout"])
        return CompletedProcess(command, int(bool(says)), "", f"a warning\n{says}\n")

    monkeypatch.setattr(ray_connection.subprocess, "run", run)
    return given


def test_without_an_address_a_cluster_is_started_and_ended(cluster: Cluster) -> None:
    with connected("", start={"num_cpus": 3}) as ray:
        assert ray is sys.modules["ray"]
        assert cluster.is_connected
    assert not cluster.is_connected
    assert cluster.connections == [
        {
            "address": "local",
            "include_dashboard": False,
            "num_cpus": 3,
            "logging_level": "error",
            "log_to_driver": False,
        }
    ]


def test_nothing_is_sent_to_those_who_make_ray(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "1")
    monkeypatch.setenv("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "1")
    with connected("", start={}):
        assert ray_connection.os.environ["RAY_USAGE_STATS_ENABLED"] == "0"
        assert ray_connection.os.environ["RAY_ENABLE_UV_RUN_RUNTIME_ENV"] == "0"


def test_a_cluster_that_is_there_is_joined_as_it_is(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    given = tries(monkeypatch)
    with connected("auto", start={"num_cpus": 3}):
        pass
    monkeypatch.setenv("RAY_ADDRESS", "auto")
    with connected("", start={"num_cpus": 3}):
        pass
    assert [how["address"] for how in cluster.connections] == ["auto", "auto"]
    assert not any("num_cpus" in how for how in cluster.connections)
    assert given == ["auto", "auto"]


def test_addresses_are_tried_by_another_process_first(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, port: int
) -> None:
    given = tries(monkeypatch)
    for address in (f"127.0.0.1:{port}", f"ray://127.0.0.1:{port}"):
        with connected(address, start={}):
            pass
    assert given == [f"127.0.0.1:{port}"]
    assert [how["address"] for how in cluster.connections] == [f"127.0.0.1:{port}", f"ray://127.0.0.1:{port}"]


def test_a_program_that_has_connected_keeps_its_connection(cluster: Cluster) -> None:
    cluster.is_connected = True
    with connected("", start={}):
        pass
    assert cluster.is_connected
    assert cluster.connections == []


@pytest.mark.parametrize("address", ["nonsense", "host:", "host:port", "http://host:80", "ray://", "[::1"])
def test_an_address_that_is_none_is_one_line(cluster: Cluster, address: str) -> None:
    with (
        pytest.raises(SpecError, match=r"^expected --address auto, HOST:PORT or ray://HOST:PORT, got '"),
        connected(address, start={}),
    ):
        pass


def test_where_nobody_answers_is_one_line(cluster: Cluster, port: int) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{closed.getsockname()[1]}"
        with pytest.raises(ClusterError) as caught, connected(address, start={}):
            pass
    assert str(caught.value) == (
        f"no Ray cluster answers at {address} (Connection refused); type --address HOST:PORT of one, or start one: "
        "ray start --head"
    )
    assert cluster.connections == []


def test_where_somebody_else_answers_is_one_line(cluster: Cluster, monkeypatch: pytest.MonkeyPatch, port: int) -> None:
    tries(monkeypatch, hangs=True)
    with (
        pytest.raises(ClusterError, match=r"^no Ray cluster answers at 127.*\(no answer for 20 s; is it the port of R"),
        connected(f"127.0.0.1:{port}", start={}),
    ):
        pass
    tries(monkeypatch, says="Version mismatch: the cluster has 2.9")
    with pytest.raises(ClusterError, match=r"\(Version mismatch: the cluster has 2\.9\)"), connected("auto", start={}):
        pass


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("", r"^cannot start Ray on this machine \(no room\); type --executor local$"),
        ("ray://127.0.0.1:{}", r"^no Ray cluster answers at ray://127\.0\.0\.1:\d+ \(no room\); type --address"),
    ],
)
def test_what_ray_says_when_it_cannot_is_one_line(cluster: Cluster, port: int, address: str, message: str) -> None:
    cluster.refused = RuntimeError("no\nroom")
    with pytest.raises(ClusterError, match=message), connected(address.format(port), start={}):
        pass


def test_a_missing_package_says_what_to_type(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with (
        pytest.raises(MissingPackage, match=r"^--executor ray needs the package 'ray': pip install 'emobench\[ray\]'$"),
        connected("", start={}),
    ):
        pass


def test_pages_about_dead_workers_are_not_printed(cluster: Cluster, capsys: pytest.CaptureFixture[str]) -> None:
    ray = sys.modules["ray"]
    worker = SimpleNamespace(print_to_stdstream=print)
    ray._private = SimpleNamespace(worker=worker)  # type: ignore[attr-defined]  # a module made here
    with connected("", start={}):
        worker.print_to_stdstream("a page", ignore_prefix=False)
    assert capsys.readouterr().out == ""
    assert worker.print_to_stdstream is print


@pytest.mark.parametrize(
    ("demand", "workers"),
    [
        (Demand(), {"id of small": 2, "id of large": 16}),
        (Demand(cpus=4), {"id of large": 4}),
        (Demand(memory=3 * 10**9), {"id of large": 3}),
        (Demand(gpus=0.25), {"id of large": 8}),
        (Demand(gpus=1 / 3), {"id of large": 6}),
        (Demand(cpus=3, gpus=1), {"id of large": 2}),
        (Demand(cpus=32), {}),
    ],
)
def test_a_node_has_room_for_what_its_scarcest_resource_allows(demand: Demand, workers: dict[str, int]) -> None:
    nodes = [
        node("small", memory=2e9),
        node("large", cpus=16, memory=10e9, GPU=2),
        node("gone", cpus=64, alive=False),
    ]
    assert room(nodes, demand) == workers


@pytest.mark.parametrize(
    ("demand", "words"),
    [
        (Demand(), "1 CPU"),
        (Demand(cpus=4, memory=1_500_000_000), "4 CPUs and 1.5 GB of memory"),
        (Demand(gpus=0.25), "1 CPU and 0.25 GPU"),
        (Demand(gpus=2), "1 CPU and 2 GPUs"),
    ],
)
def test_a_demand_has_a_name(demand: Demand, words: str) -> None:
    assert str(demand) == words


def test_nodes_look_whether_they_have_the_same(cluster: Cluster) -> None:
    build = build_of(plan_of("prior"))
    with connected("", start={}) as ray:
        require_same(ray, ["id of two"], build)
        with pytest.raises(
            ClusterError, match=r"^the node .* has numpy .*, not 1\.0 as here; install the same emobench"
        ):
            require_same(ray, ["id of two"], build._replace(versions=build.versions | {"numpy": "1.0"}))


def test_a_node_without_emobench_is_named(cluster: Cluster) -> None:
    def cannot() -> str:
        raise RayError("Traceback:\n  somewhere\nModuleNotFoundError: No module named 'emobench'\n")

    cluster.tasks = cannot
    with (
        connected("", start={}) as ray,
        pytest.raises(
            ClusterError,
            match=r"^the node two cannot load this emobench \(ModuleNotFoundError: No module named 'emobench'\);",
        ),
    ):
        require_same(ray, ["id of two"], build_of(plan_of("prior")))
