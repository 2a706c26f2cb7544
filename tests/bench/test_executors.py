"""What several workers gain, and what it costs to keep the books of a large run."""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import pytest
from claims import Claims
from executor_runs import DATA
from fake_executor import FakeExecutor, done
from pytest_benchmark.fixture import BenchmarkFixture
from strange_models import Strange

from emobench.benchmark.computing import is_done
from emobench.benchmark.cores import allowed_cores
from emobench.benchmark.executors.driver import Driver
from emobench.benchmark.executors.execution import Execution
from emobench.benchmark.executors.jobs import Event, Job, jobs_of
from emobench.benchmark.plan import Options, Plan, Request, make_plan
from emobench.benchmark.progress import silent
from emobench.benchmark.registry import MODELS
from emobench.benchmark.run_folder import RunFolder
from emobench.benchmark.run_state import Combination, RunState

RUN = """
import sys
from pathlib import Path
from emobench.benchmark.executors.execution import Execution
from emobench.benchmark.harness import execute
from emobench.benchmark.plan import Options, Request, make_plan
from emobench.benchmark.run_folder import RunFolder

folder, workers, data = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
request = Request(("strange:wrong=computes",), (), (data,), Options(seeds=16, device="cpu"))
record = execute(make_plan(request), RunFolder(folder), execution=Execution(workers=workers))
assert sum(cell.state == "done" for cell in record.cells) == 17
"""
ROUNDS = 3
Told = dict[tuple[Combination, ...], list[Event]]
MANY_MODELS, MANY_SEEDS, MANY_CONDITIONS = 25, 10, 40


@pytest.mark.skipif(allowed_cores() < 2, reason="needs two cores")
def test_two_workers_against_one(benchmark: BenchmarkFixture, claim: Claims, strange: Path, tmp_path: Path) -> None:
    """Sixteen jobs of equal length that do nothing but compute, the start of all processes included."""

    def seconds(workers: int, number: int) -> float:
        command = [sys.executable, "-c", RUN, str(tmp_path / f"{workers}.{number}"), str(workers), DATA]
        started = time.perf_counter()
        subprocess.run(command, check=True)
        return time.perf_counter() - started

    rounds = [(seconds(1, number), seconds(2, number)) for number in range(ROUNDS)]
    benchmark.pedantic(seconds, (2, ROUNDS), rounds=1)
    one, two = (median(times) for times in zip(*rounds, strict=True))
    claim(
        "workers: two on two cores, 16 equal jobs that compute",
        median(one / two for one, two in rounds),
        at_least=1.7,
        reference="one",
        measured=(two, one),
    )


def many() -> Plan:
    """Return a plan of 10,000 cells, beside those of the exact posterior."""
    models = tuple(f"strange:times={number}" for number in range(1, MANY_MODELS + 1))
    protocols = tuple(f"modality_drop:rate={number / 100:g}" for number in range(1, MANY_CONDITIONS))
    return make_plan(Request(models, protocols, (DATA,), Options(seeds=MANY_SEEDS, device="cpu")))


@pytest.fixture
def registered(register: Callable[..., None]) -> None:
    """Have the model `strange` in this process alone."""
    register(MODELS, "strange", Strange)


@pytest.mark.usefixtures("registered")
def test_ten_thousand_cells_are_planned(benchmark: BenchmarkFixture, claim: Claims, tmp_path: Path) -> None:
    """From what was typed to the jobs that have to be done."""

    def planned(folder: Path) -> int:
        plan = many()
        state = RunState.begin(plan, RunFolder(folder))
        todo = [combination for combination in state.combinations if not is_done(state, combination)]
        return len(Driver(state, todo, FakeExecutor(lambda job: []), Execution(), silent)._queue._groups)

    planned(tmp_path / "warm")
    benchmark.pedantic(lambda: planned(tmp_path / "plan"), rounds=3)
    seconds = benchmark.stats.stats.median
    claim("planning: 10,000 cells", seconds / 2, at_most=1, reference="2 s by the clock", measured=(seconds, 2.0))


@pytest.mark.usefixtures("registered")
def test_the_books_of_ten_thousand_cells(benchmark: BenchmarkFixture, claim: Claims, tmp_path: Path) -> None:
    """What the driver does where computing takes no time at all, and every cell is told of by itself."""
    plan = many()

    def books(state: RunState, told: Told) -> None:
        executor = FakeExecutor(lambda job: told[job.combinations], slots=2)
        Driver(state, state.combinations, executor, Execution(workers=2), silent).drive()
        state.write()

    def made() -> tuple[tuple[RunState, Told], dict[str, object]]:
        folder = RunFolder(tmp_path / str(len(list(tmp_path.iterdir()))))
        state = RunState.begin(plan, folder)
        told = {those: done(state, Job(those), each=True) for those in jobs_of(state.combinations)}
        return (state, told), {}

    benchmark.pedantic(books, setup=made, rounds=3)
    cells = MANY_MODELS * MANY_SEEDS * MANY_CONDITIONS
    each = 1000 * benchmark.stats.stats.median / cells
    claim(
        "workers: keeping the books of 10,000 cells, each",
        each,
        at_most=1,
        reference="1 ms by the clock",
        measured=(each, 1.0),
        unit="ms",
    )
