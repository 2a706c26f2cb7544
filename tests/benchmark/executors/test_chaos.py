"""A run that is killed again and again ends as one that nobody disturbed; `tox -e chaos` kills more often."""

from pathlib import Path

from chaos_runs import disturbed, wait_until_nobody_is_left
from executor_runs import contents, plan_of, run

MODELS = ("strange", "strange:where=text", "strange+histogram")


def test_a_run_survives_the_death_of_anybody(strange: Path, tmp_path: Path) -> None:
    killed = disturbed(tmp_path / "run", MODELS, seeds=1, kills=4, seed=1)
    run(plan_of(*MODELS), tmp_path / "undisturbed")
    assert {path.name for path in (tmp_path / "run").iterdir()} >= {"run.json", "predictions", "stresses"}
    found = contents(tmp_path / "run")
    assert found == contents(tmp_path / "undisturbed"), killed
    wait_until_nobody_is_left()
