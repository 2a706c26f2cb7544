"""A run of fifty-six cells during which twenty-five processes are killed, for several seeds: `tox -e chaos`."""

from pathlib import Path

import pytest
from chaos_runs import disturbed, wait_until_nobody_is_left
from executor_runs import contents, plan_of, run

MODELS = ("strange", "strange:where=text", "strange:where=audio", "strange+histogram", "prior")
SEEDS, KILLS = 3, 25


@pytest.mark.parametrize("seed", range(4))
def test_a_run_survives_the_death_of_anybody(strange: Path, tmp_path: Path, seed: int) -> None:
    killed = disturbed(tmp_path / "run", MODELS, seeds=SEEDS, kills=KILLS, seed=seed)
    record = run(plan_of(*MODELS, seeds=SEEDS), tmp_path / "undisturbed")
    assert len(record.cells) == 56
    assert killed.total() == KILLS, killed
    assert min(killed["worker"], killed["driver"]) >= 3, killed
    assert contents(tmp_path / "run") == contents(tmp_path / "undisturbed")
    wait_until_nobody_is_left()
