"""A rule on the share of confident errors."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from emobench.benchmark.gate.accepted import accept
from emobench.benchmark.gate.check import check
from emobench.benchmark.gate.rules import read_rules
from emobench.benchmark.prediction_files import PredictionFile, write_predictions
from emobench.benchmark.run_folder import RunFolder

MakeRun = Callable[..., Path]
RULE = '[[rule]]\nmetric = "unsafe_share:risk=0.2"\n'


def with_validation(path: Path, like: Path) -> RunFolder:
    """Add a validation split: the test split, and on it what another run predicts on clean input."""
    folder, other = RunFolder(path), RunFolder(like)
    file = PredictionFile(other.predictions_path("fusion", "small", 0))
    clean = file.read("clean", 0)
    file.close()
    folder.validation.path.mkdir()
    shutil.copyfile(folder.utterances_path, folder.validation.utterances_path)
    write_predictions(folder.validation.predictions_path("fusion", "small", 0), {"clean": (clean,)})
    record = folder.read_record()
    (data,) = record.data
    sized = data.model_copy(update={"sizes": {**data.sizes, "validation": data.sizes["test"]}})
    metrics = ("act_share:risk=0.2", "unsafe_share:risk=0.2")
    folder.write_record(record.model_copy(update={"data": (sized,), "metrics": metrics}))
    return folder


@pytest.fixture
def baseline(make_run: MakeRun, tmp_path: Path) -> Path:
    """One training of the model, accepted."""
    path = make_run("main")
    accept(with_validation(path, path), tmp_path / "baseline.toml")
    return tmp_path / "baseline.toml"


def test_another_training_passes_and_one_that_became_surer_of_its_errors_fails(
    make_run: MakeRun, baseline: Path, write_rules: Callable[[str], Path]
) -> None:
    rules = read_rules(write_rules(RULE + "max_loss = 0.03\n"))
    main = baseline.with_name("main")
    same = check(with_validation(make_run("same"), main).path, rules, against=baseline)
    assert (same.exit_code, {verdict.value - verdict.reference for verdict in same.verdicts}) == (0, {0.0})
    # Surer than it was when its threshold was chosen: it acts more often, on turns that it gets wrong.
    surer = check(with_validation(make_run("surer", sharpen=2.0), main).path, rules, against=baseline)
    assert surer.exit_code == 1
    clean = next(verdict for verdict in surer.verdicts if verdict.condition == "clean")
    assert clean.message.startswith("fusion on small: Unsafe share (unsafe_share:risk=0.2) on clean input rose from 0.")
    # A threshold chosen anew knows nothing of how sure the model is, only of which turns it is surest.
    path = make_run("chosen_anew", sharpen=2.0)
    anew = check(with_validation(path, path).path, rules, against=baseline)
    assert anew.exit_code == 0


def test_a_limit_holds_without_the_predictions_of_the_baseline(
    make_run: MakeRun, baseline: Path, write_rules: Callable[[str], Path]
) -> None:
    shutil.rmtree(baseline.with_name("baseline.predictions"))
    run = with_validation(make_run("run"), baseline.with_name("main")).path
    assert check(run, read_rules(write_rules(RULE + "limit = 0.5\n")), against=baseline).exit_code == 0
    assert check(run, read_rules(write_rules(RULE + "limit = 0.01\n")), against=baseline).exit_code == 1


def test_a_run_without_validation_has_not_been_measured(
    make_run: MakeRun, baseline: Path, write_rules: Callable[[str], Path]
) -> None:
    outcome = check(make_run("bare"), read_rules(write_rules(RULE + "max_loss = 0.03\n")), against=baseline)
    assert outcome.exit_code == 5
