from pathlib import Path

import numpy as np
import pytest
from latency_cells import MACHINE, samples

from emobench.benchmark.command_line import exit_code
from emobench.benchmark.errors import NotApplicable, RunFolderError, SpecError
from emobench.benchmark.latency import run
from emobench.benchmark.latency.asking import Asking
from emobench.benchmark.latency.files import read_latencies, read_samples, samples_path
from emobench.benchmark.latency.orders import Order
from emobench.benchmark.latency.run import measure_latencies
from emobench.benchmark.lock import only_driver
from emobench.benchmark.run_folder import RunFolder

DATA = "simulated:test=4,train=8,validation=4,turns=2/4"
QUICK = ("--draws", "200", "--metric", "accuracy", "--format", "csv", "--quiet")
SINGLE = Asking(scenarios=("single",), device="cpu")


def fits_of(folder: Path) -> dict[str, str]:
    return {fit.model: fit.key for fit in RunFolder(folder).read_record().fits}


def test_models_are_fitted_into_the_folder_and_measured(tmp_path: Path, orders: list[Order]) -> None:
    found = measure_latencies(["prior", "late_fusion"], data=[DATA], asking=SINGLE, out=tmp_path / "out")
    assert [one.cell.model for one in found.cells] == ["prior", "late_fusion"]
    assert fits_of(tmp_path / "out") == {order.cell.model: order.key for order in orders}
    assert all(Path(order.stem + ".safetensors").exists() for order in orders)
    assert orders[0].parameters == 7
    cell = found.cells[0]
    p50 = cell.summaries[0].percentile(50.0)
    assert p50 is not None
    assert cell.ratio == pytest.approx(p50.value / 0.5)
    assert cell.budget is None
    assert found.record.machines[cell.machine] == MACHINE
    (command,) = found.record.commands
    assert command.startswith("emobench latency --model prior --model late_fusion --data simulated:")
    assert command.endswith(f" --scenario single --device cpu --out {tmp_path / 'out'}")
    assert [one.cell for one in read_samples(found.folder)] == [one.cell for one in found.cells]


def test_what_a_run_has_fitted_is_not_fitted_again(
    tmp_path: Path, orders: list[Order], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    assert exit_code(["run", "--model", "prior", "--data", DATA, "--out", str(out), *QUICK]) == 0
    before = RunFolder(out).record_path.read_bytes()
    monkeypatch.setattr(run, "fitted_model", lambda *arguments: pytest.fail("fitted again"))
    measure_latencies(["prior"], data=[DATA], asking=SINGLE, out=out)
    assert RunFolder(out).record_path.read_bytes() == before
    assert len(orders) == 1


def test_a_run_goes_on_in_a_folder_of_latencies_and_the_other_way_round(tmp_path: Path, orders: list[Order]) -> None:
    out = tmp_path / "out"
    measure_latencies(["prior"], data=[DATA], asking=SINGLE, out=out)
    key = fits_of(out)["prior"]
    assert exit_code(["run", "--model", "prior", "--data", DATA, "--out", str(out), *QUICK]) == 0
    assert fits_of(out)["prior"] == key
    measure_latencies(["late_fusion"], data=[DATA], asking=SINGLE, out=out)
    record = RunFolder(out).read_record()
    assert {"prior", "late_fusion"} <= {fit.model for fit in record.fits}
    assert [cell.state for cell in record.cells if cell.model == "prior"] == ["done"]
    assert [one.cell.model for one in read_latencies(RunFolder(out)).cells] == ["prior", "late_fusion"]


def test_what_a_folder_was_made_with_goes_for_what_is_fitted_into_it(tmp_path: Path, orders: list[Order]) -> None:
    out = tmp_path / "out"
    options = [
        "--first-seed",
        "3",
        "--stress-seed",
        "5",
        "--stress-draws",
        "2",
        "--selection",
        "test",
        "--threads",
        "2",
    ]
    assert exit_code(["run", "--model", "prior", "--data", DATA, "--out", str(out), *options, *QUICK]) == 0
    before, key = RunFolder(out).read_record(), fits_of(out)["prior"]
    measure_latencies(["prior", "late_fusion"], data=[DATA], asking=SINGLE, out=out)
    assert [(order.cell.model, order.seed) for order in orders] == [("prior", 3), ("late_fusion", 3)]
    assert orders[0].key == fits_of(out)["prior"] == key
    after = RunFolder(out).read_record()
    for one in (before, after):
        assert (one.stress_seed, one.stress_draws, one.selection, one.threads) == (5, 2, "test", 2)
    assert {fit.seed for fit in after.fits} == {3}


def test_a_fit_of_another_device_is_measured_on_this_one(
    tmp_path: Path, orders: list[Order], monkeypatch: pytest.MonkeyPatch
) -> None:
    measure_latencies(["prior"], data=[DATA], asking=SINGLE, out=tmp_path)
    monkeypatch.setattr("emobench.benchmark.latency.asking.resolve_device", lambda asked: "cuda")
    monkeypatch.setattr(run, "fitted_model", lambda *arguments: pytest.fail("fitted again"))
    measure_latencies(["prior"], data=[DATA], asking=Asking(scenarios=("single",), device="cuda"), out=tmp_path)
    assert [order.cell.device for order in orders] == ["cpu", "cuda"]
    assert orders[0].key == orders[1].key


def test_measuring_again_takes_the_place_of_what_was_there_and_leaves_the_rest(
    tmp_path: Path, orders: list[Order]
) -> None:
    both = Asking(scenarios=("single", "batch"), batches=(8,), device="cpu")
    first = measure_latencies(["prior"], data=[DATA], asking=both, out=tmp_path)
    again = measure_latencies(["prior"], data=[DATA], asking=SINGLE, out=tmp_path)
    assert [one.cell.scenario for one in again.record.cells] == ["single", "batch"]
    assert again.record.cells[1] == first.record.cells[1]
    assert [one.cell.scenario for one in again.cells] == ["single"]
    assert len(read_samples(again.folder)) == 2


def test_a_failed_cell_costs_the_others_nothing(tmp_path: Path, orders: list[Order]) -> None:
    wanted = Asking(scenarios=("batch",), batches=(64, 8), device="cpu", budget=5.0)
    found = measure_latencies(["prior"], data=[DATA], asking=wanted, out=tmp_path)
    failed, done = found.cells
    assert (failed.state, failed.why, failed.machine) == ("failed", "out of memory", "")
    assert done.state == "done"
    # Nobody waits for the answers of a whole batch.
    assert done.budget is None
    assert done.throughput is not None
    assert done.throughput.value == pytest.approx(8000 / done.summaries[0].mean, rel=1e-4)


def test_the_budget_is_judged_at_the_percentile_asked_for(tmp_path: Path, orders: list[Order]) -> None:
    wanted = Asking(scenarios=("single",), device="cpu", budget=5.0, budget_percent=80.0)
    (cell,) = measure_latencies(["prior"], data=[DATA], asking=wanted, out=tmp_path).cells
    assert cell.budget is not None
    assert (cell.budget.percent, cell.budget.verdict) == (80.0, "holds")
    assert cell.budget.over == pytest.approx(np.mean(samples(cell.cell).host > 5))
    assert cell.summaries[0].percentile(80.0) is not None


def test_first_weights_are_not_fitted(tmp_path: Path, orders: list[Order]) -> None:
    wanted = Asking(scenarios=("single",), device="cpu", untrained=True)
    measure_latencies(["rage_fusion:width=8"], data=[DATA], asking=wanted, out=tmp_path / "new")
    assert fits_of(tmp_path / "new") == {}
    measure_latencies(["prior"], data=[DATA], asking=SINGLE, out=tmp_path / "new")
    before = RunFolder(tmp_path / "new").record_path.read_bytes()
    measure_latencies(["rage_fusion:width=8"], data=[DATA], asking=wanted, out=tmp_path / "new")
    assert RunFolder(tmp_path / "new").record_path.read_bytes() == before
    assert [order.cell.weights for order in orders] == ["first", "trained", "first"]


def test_a_model_that_cannot_be_fitted_is_a_cell_with_its_reason(
    tmp_path: Path, orders: list[Order], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*arguments: object, **options: object) -> None:
        raise NotApplicable("not for such data")

    monkeypatch.setattr("emobench.baselines.prior.Prior.fit", fails)
    (cell,) = measure_latencies(["prior"], data=[DATA], asking=SINGLE, out=tmp_path).cells
    assert (cell.state, cell.why) == ("not applicable", "not for such data")
    assert orders == []


@pytest.mark.parametrize(
    ("models", "asking", "message"),
    [
        (["rage_fuson"], SINGLE, "did you mean 'rage_fusion'"),
        (["prior"], Asking(dropped=("smell",), device="cpu"), "smell"),
        ([], SINGLE, "expected at least one model"),
    ],
)
def test_mistakes_are_found_before_anything_is_written(
    tmp_path: Path, orders: list[Order], models: list[str], asking: Asking, message: str
) -> None:
    with pytest.raises((SpecError, NotApplicable, LookupError), match=message):
        measure_latencies(models, data=[DATA], asking=asking, out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_folder_that_is_computed_into_is_left_alone(tmp_path: Path, orders: list[Order]) -> None:
    with only_driver(RunFolder(tmp_path)), pytest.raises(RunFolderError, match="another emobench computes into"):
        measure_latencies(["prior"], data=[DATA], asking=SINGLE, out=tmp_path)
    assert not orders


def test_damaged_samples_are_not_written_over(tmp_path: Path, orders: list[Order]) -> None:
    measure_latencies(["prior"], data=[DATA], asking=SINGLE, out=tmp_path)
    samples_path(RunFolder(tmp_path)).write_bytes(b"damaged")
    with pytest.raises(RunFolderError, match="does not belong to"):
        measure_latencies(["prior"], data=[DATA], asking=SINGLE, out=tmp_path)


def test_without_a_folder_it_is_that_of_the_run(
    tmp_path: Path, orders: list[Order], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = measure_latencies(["prior"], data=[DATA], asking=SINGLE)
    again = measure_latencies(["prior"], data=[DATA], asking=SINGLE)
    assert found.folder.path == again.folder.path
    assert found.folder.path.parent == Path("runs")
