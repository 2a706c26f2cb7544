"""What may be said about workers of a cluster."""

import pytest

from emobench.benchmark.errors import SpecError
from emobench.benchmark.executors.execution import Execution, memory_of


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"address": "auto"}, "--address goes with --executor ray; leave it out to compute on this machine"),
        ({"memory": 1}, "--memory-per-worker goes with --executor ray; leave it out to compute on this machine"),
        ({"gpus": 1.0}, "--gpus-per-worker goes with --executor ray; leave it out to compute on this machine"),
        ({"executor": "ray", "memory": -1}, "expected --memory-per-worker of 0 or more, got -1"),
        ({"executor": "ray", "gpus": -1.0}, "expected --gpus-per-worker as a part of one or a whole number, got -1"),
        ({"executor": "ray", "gpus": 1.5}, "expected --gpus-per-worker as a part of one or a whole number, got 1.5"),
        (
            {"executor": "ray", "gpus": float("nan")},
            "expected --gpus-per-worker as a part of one or a whole number, got nan",
        ),
    ],
)
def test_what_makes_no_sense_is_one_line(how: dict[str, object], message: str) -> None:
    with pytest.raises(SpecError) as caught:
        Execution(**how)  # type: ignore[arg-type]  # what is typed
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("asked", "gpus", "device"),
    [("auto", 0.0, "cpu"), ("auto", 0.25, "cuda"), ("cpu", 0.0, "cpu"), ("cuda", 2.0, "cuda")],
)
def test_the_device_of_a_cluster_follows_what_its_workers_have(asked: str, gpus: float, device: str) -> None:
    assert Execution(executor="ray", gpus=gpus).device(asked) == device


@pytest.mark.parametrize(("asked", "gpus"), [("cpu", 0.25), ("cuda", 0.0)])
def test_a_device_that_workers_do_not_have_is_one_line(asked: str, gpus: float) -> None:
    with pytest.raises(SpecError, match=rf"^expected .*--gpus-per-worker with --device {asked}"):
        Execution(executor="ray", gpus=gpus).device(asked)


def test_the_device_of_this_machine_is_found_out() -> None:
    assert Execution().device("cpu") == "cpu"


@pytest.mark.parametrize(
    ("text", "memory"),
    [("4GB", 4 * 10**9), ("1.5 GiB", 3 * 2**29), ("512MiB", 2**29), ("7B", 7), ("20kB", 20_000), (" 2TB ", 2 * 10**12)],
)
def test_memory_is_typed_with_its_unit(text: str, memory: int) -> None:
    assert memory_of(text) == memory


@pytest.mark.parametrize("text", ["", "4", "4G", "GB", "-4GB", "4 gigabytes", "1e9B"])
def test_memory_without_a_unit_is_one_line(text: str) -> None:
    with pytest.raises(SpecError, match=r"^expected --memory-per-worker such as 4GB or 512MiB, got '"):
        memory_of(text)


@pytest.mark.parametrize("text", ["9" * 400 + "TB", "1000001TB"])
def test_memory_that_no_machine_has_is_one_line(text: str) -> None:
    assert memory_of("1000000TB") == 10**18
    with pytest.raises(SpecError, match=r"^expected --memory-per-worker of an exabyte at most, got '[0-9TB]{9,40}'$"):
        memory_of(text)
