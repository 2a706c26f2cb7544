"""Speed of planning: the whole command, from the shell to the last line."""

import subprocess
import sys
from pathlib import Path

import pytest
from claims import Claims
from pytest_benchmark.fixture import BenchmarkFixture

from emobench.benchmark.plan import Options, Plan, Request, make_plan
from emobench.benchmark.run_folder import RunFolder
from emobench.benchmark.run_record import CellRecord, FitRecord
from emobench.benchmark.run_state import Combination, RunState

MODELS = tuple(f"{name}:epochs={epochs}" for name in ("rage_fusion", "m3net", "sdt") for epochs in range(1, 10))[:25]
PROTOCOLS = tuple(f"modality_drop:rate={place / 100}" for place in range(1, 40))
SEEDS = 10
LIMIT = 2.0


def half_done(folder: Path, plan: Plan) -> None:
    """Write the record of a run of which half the seeds are done."""
    state = RunState(plan, RunFolder(folder), "cpu", None)
    for model in MODELS:
        for seed in range(SEEDS // 2):
            combination = Combination(model, "simulated", seed)
            where, key = combination._asdict(), state.fit_key(combination)
            state.fits[combination] = FitRecord(**where, state="done", key=key, seconds=3)
            path = state.folder.predictions_path(*combination)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
            for condition in plan.conditions["simulated"]:
                key = state.cell_key(combination, condition)
                cell = CellRecord(**where, condition=condition.text, state="done", key=key, seconds=0.1)
                state.cells[*combination, condition.text] = cell
    state.write()


@pytest.mark.parametrize("begun", [False, True], ids=["new", "half done"])
def test_planning_ten_thousand_cells(benchmark: BenchmarkFixture, claim: Claims, begun: bool, tmp_path: Path) -> None:
    """25 models × 10 seeds × 40 conditions on `simulated`, data loaded and what is done looked up, by the clock."""
    folder = tmp_path / "run"
    plan = make_plan(Request(MODELS, PROTOCOLS, ("simulated",), Options(seeds=SEEDS, device="cpu")))
    assert len(MODELS) * SEEDS * len(plan.conditions["simulated"]) == 10_000
    if begun:
        half_done(folder, plan)
    words = [word for model in MODELS for word in ("--model", model)]
    words += [word for protocol in PROTOCOLS for word in ("--protocol", protocol)]
    command = [sys.executable, "-m", "emobench", "plan", *words, "--seeds", str(SEEDS), "--device", "cpu"]
    command += ["--out", str(folder)]
    said = subprocess.run(command, check=True, capture_output=True, text=True, cwd=tmp_path).stdout
    assert f"Cells  10,040: {'5,000' if begun else '0'} done" in said, "with the exact posterior"
    benchmark.pedantic(
        lambda: subprocess.run(command, check=True, capture_output=True, cwd=tmp_path), rounds=5, warmup_rounds=1
    )
    ours = benchmark.stats.stats.median
    claim(
        f"planning: 10,000 cells of a run that is {'half done' if begun else 'new'}, by the clock",
        ours / LIMIT,
        at_most=1,
        reference=f"{LIMIT:g} seconds",
        measured=(ours, LIMIT),
    )
