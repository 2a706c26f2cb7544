"""The command line: what is typed, what is answered, which exit code."""

import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import emobench
from emobench.benchmark import api
from emobench.benchmark.command_line import exit_code, main
from emobench.benchmark.errors import RunFolderError, SpecError, TooManyFailures
from emobench.benchmark.randomness import Randomness
from emobench.benchmark.registry import KINDS, names
from emobench.benchmark.run_folder import RunFolder

DATA = "simulated:test=6,train=12,validation=6"
FAST = ["--data", DATA, "--draws", "200"]


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the reference models on a little simulated data."""
    out = tmp_path_factory.mktemp("run") / "out"
    code = exit_code(["run", "--model", "prior", "--protocol", "modality_drop", *FAST, "--out", str(out), "--quiet"])
    assert code == 0
    return out


def test_a_run_leaves_everything_behind(run_folder: Path) -> None:
    names = {path.name for path in run_folder.iterdir()}
    assert {"run.json", "utterances.parquet", "predictions", "results.parquet", "checkpoints"} <= names
    assert {"report.html", "report.tex", "figures"} <= names
    assert not [name for name in names if name.startswith(".")], "no temporary files"


def test_the_exact_posterior_comes_along_on_simulated_data(run_folder: Path) -> None:
    models = RunFolder(run_folder).read_record().models
    assert [(model.name, model.reference) for model in models] == [("prior", False), ("bayes_optimal", True)]


def test_a_repeated_run_writes_nothing_anew(run_folder: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in run_folder.rglob("*") if path.is_file()}
    command = ["run", "--model", "prior", "--protocol", "modality_drop", *FAST, "--out", str(run_folder), "--quiet"]
    assert exit_code(command) == 0
    assert {path: path.stat().st_mtime_ns for path in run_folder.rglob("*") if path.is_file()} == before


def test_the_table_fits_80_columns_and_names_the_report(run_folder: Path) -> None:
    environment = {**os.environ, "COLUMNS": "80"}
    command = [sys.executable, "-m", "emobench", "score", str(run_folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment, timeout=120)
    lines = done.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert any("prior" in line for line in lines)
    assert "report.html" in done.stdout.replace("\n", "")


def test_score_and_report_work_from_the_folder_alone(run_folder: Path, tmp_path: Path) -> None:
    moved = tmp_path / "moved"
    moved.mkdir()
    for name in ("run.json", "utterances.parquet"):
        shutil.copyfile(run_folder / name, moved / name)
    for name in ("predictions", "validation"):
        shutil.copytree(run_folder / name, moved / name)
    assert exit_code(["score", str(moved), "-q"]) == 0
    assert exit_code(["report", str(moved), "--format", "latex", "-q"]) == 0
    assert (moved / "results.parquet").read_bytes() == (run_folder / "results.parquet").read_bytes()
    assert (moved / "report.tex").exists()
    assert not (moved / "report.html").exists()


def test_python_gets_the_same_figures(run_folder: Path) -> None:
    frame = emobench.run(models="prior", protocols="modality_drop", data=DATA, out=run_folder, draws=200, formats=[])
    assert set(frame.columns) >= {"model", "condition", "metric", "value", "low", "high"}
    assert frame.equals(api.results(RunFolder(run_folder)))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"seed": 3}, "unknown option 'seed'; did you mean 'seeds'"),
        ({"seeds": 0}, "expected --seeds from 1 to 1000, got 0"),
        ({"seeds": "many"}, "--seeds: input should be a valid integer"),
    ],
)
def test_python_gets_the_same_lines_for_mistakes(options: dict[str, object], message: str) -> None:
    with pytest.raises(SpecError) as caught:
        emobench.run(models=["prior"], **options)
    assert message in str(caught.value)


def test_training_alone_leaves_checkpoints_and_no_page(tmp_path: Path) -> None:
    out = tmp_path / "trained"
    assert exit_code(["train", "--model", "prior", "--data", DATA, "--out", str(out), "-q"]) == 0
    assert sorted(path.suffix for path in (out / "checkpoints").iterdir()) == [
        ".json",
        ".json",
        ".safetensors",
        ".safetensors",
    ]
    assert not (out / "report.html").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "--model", "pryor"], "unknown model 'pryor'; did you mean 'prior'?"),
        (["run", "--model", "prior", "--data", "simulatd"], "unknown data set 'simulatd'; did you mean 'simulated'?"),
        (
            ["run", "--model", "prior", "--protocol", "modality_drp"],
            "unknown protocol 'modality_drp'; did you mean 'mod",
        ),
        (
            ["run", "--model", "prior", "--metric", "weighted_f"],
            "unknown metric 'weighted_f'; did you mean 'weighted_f1'",
        ),
        (["run", "--model", "prior", "--format", "htm"], "unknown report format 'htm'; did you mean 'html'?"),
        (["run", "--model", "prior", "--protocol", "modality_drop:rate=2"], "expected rate to be a number ≥ 0 and ≤ 1"),
        (
            ["run", "--model", "prior", "--selection", "tset"],
            "--selection: input should be 'validation' or 'test', got",
        ),
        (
            ["run", "--model", "prior", "--device", "gpu"],
            "--device: input should be 'auto', 'cpu' or 'cuda', got 'gpu'",
        ),
        (
            ["run", "--model", "prior", "--seeds", "none"],
            "Invalid value for '--seeds': Input should be a valid integer",
        ),
        (["run"], "expected at least one model; type --model rage_fusion or --suite rage_fusion_table3"),
        (["run", "--modle", "prior"], "No such option: --modle"),
        (["rnu"], "No such command 'rnu'"),
        (
            ["list", "modles"],
            "expected one of models, methods, calibrators, protocols, data, metrics, formats, suites, got 'modles'",
        ),
        (["show", "priro"], "unknown name 'priro'; did you mean 'prior'"),
        (["score", "nowhere"], "nowhere is no run folder (it has no run.json)"),
        (["report", "nowhere"], "nowhere is no run folder (it has no run.json)"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(
    arguments: list[str],
    message: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert exit_code(arguments) == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert captured.err.startswith("emobench: ")
    assert captured.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == [], "nothing was written"


def test_results_before_scoring_say_what_to_type(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match="has no results yet; type: emobench score"):
        api.results(RunFolder(tmp_path))


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("models", "rage_fusion"),
        ("calibrators", "temperature"),
        ("protocols", "modality_drop"),
        ("data", "mosi"),
        ("metrics", "ece"),
        ("formats", "html"),
    ],
)
def test_every_kind_is_listed(kind: str, expected: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(["list", kind]) == 0
    assert expected in [line.split()[0] for line in capsys.readouterr().out.splitlines() if line[:1].strip()]


@pytest.mark.parametrize("kind", ["models", "calibrators", "protocols", "data", "metrics", "formats"])
def test_every_plug_in_can_be_shown(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    exit_code(["list", kind])
    for name in [line.split()[0] for line in capsys.readouterr().out.splitlines() if line[:1].strip()]:
        assert exit_code(["show", name]) == 0
        shown = capsys.readouterr().out
        assert name in shown.splitlines()[0]
        assert "argument" in shown.lower()


def test_a_protocol_is_shown_with_its_ladder_and_how_it_is_seeded(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(["show", "turn_loss"]) == 0
    shown = capsys.readouterr().out
    assert [line.strip() for line in shown.splitlines() if line.startswith("  turn_loss:rate=")] == [
        f"turn_loss:rate={rate}" for rate in (0.1, 0.3, 0.5, 0.7)
    ]
    words = re.search(r"seed 0 and the words stress, 0 give (\S+)\)", " ".join(shown.split()))
    assert words is not None
    digest = hashlib.sha256(words[1].encode()).digest()
    assert int.from_bytes(digest[:16], "big") == Randomness(0, ("stress", "0")).integer()
    assert exit_code(["show", "removals:mode=graph"]) == 0
    shown = capsys.readouterr().out
    assert "context_removal:context=inter,mode=graph" in shown
    assert "Random numbers" not in shown


def test_a_protocol_is_shown_with_defaults_and_units(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(["show", "modality_drop"]) == 0
    shown = capsys.readouterr().out
    burst = next(line for line in shown.splitlines() if line.startswith("burst "))
    assert burst.split()[:3] == ["burst", "4", "turns"]
    assert "What the model is told" in shown


def test_help_and_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code([]) == 0
    assert "run" in capsys.readouterr().out
    assert exit_code(["--version"]) == 0
    assert capsys.readouterr().out == f"emobench {emobench.__version__}\n"
    with pytest.raises(SystemExit) as ended:
        main(["list", "nothing"])
    assert ended.value.code == 2


@pytest.mark.parametrize("arguments", [[], ["list"], ["show"], ["run"], ["data"], ["data", "add"]])
def test_every_command_has_help_that_fits(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code([*arguments, "--help"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith(" ".join(["Usage: emobench", *arguments]))
    assert max(map(len, shown.splitlines())) <= 80
    assert exit_code([*arguments, "-h"]) == 0
    assert capsys.readouterr().out == shown


def test_no_command_is_cut_short_in_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    exit_code(["--help"])
    assert "..." not in capsys.readouterr().out.partition("Commands:")[2]


def test_data_alone_says_what_can_be_done(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(["data"]) == 0
    assert "verify" in capsys.readouterr().out


def test_a_list_is_as_wide_as_the_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    assert exit_code(["list", "formats"]) == 0
    narrow = capsys.readouterr().out.splitlines()
    assert max(map(len, narrow)) <= 60
    assert [line.split()[0] for line in narrow if line[0] != " "] == list(names(KINDS["formats"]))
    monkeypatch.setenv("COLUMNS", "300")
    assert exit_code(["list", "formats"]) == 0
    wide = capsys.readouterr().out.splitlines()
    assert len(wide) == len(names(KINDS["formats"])) < len(narrow)
    assert " ".join(" ".join(narrow).split()) == " ".join(" ".join(wide).split())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["list"], "got none; type: emobench list models"),
        (["list", "modles"], "got 'modles'; did you mean 'models'"),
        (["list", "models", "data"], "got 'models data'; did you mean 'models'"),
        (["show"], "expected the name of what to show, got none; type: emobench list models"),
    ],
)
def test_what_to_list_or_show_is_asked_for(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(arguments) == 2
    assert said in capsys.readouterr().err


def test_a_failed_cell_is_said_and_is_exit_code_1(
    run_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("predictions", "validation"):
        shutil.copytree(run_folder / name, tmp_path / name)
    for name in ("utterances.parquet", "run.json"):
        shutil.copy(run_folder / name, tmp_path / name)
    record = json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))
    record["cells"][3].update(state="failed", why="ValueError: too hard")
    (tmp_path / "run.json").write_text(json.dumps(record), encoding="utf-8")
    assert exit_code(["score", str(tmp_path), "-q"]) == 1
    assert "emobench: failed: prior on simulated:test=6,train=12,validation=6: ValueError: too hard" in (
        capsys.readouterr().err
    )


def test_a_model_that_declines_says_why_and_alone_it_is_no_success(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    saved = tmp_path / "other.csv"
    saved.write_text("data,utterance_id,p_a\nmosi,x,1\n")
    model = ["--model", f"predictions:path={saved},values=probabilities"]
    common = [*FAST, "--metric", "accuracy", "--format", "latex", "-q"]
    assert exit_code(["run", *model, *common, "--out", str(tmp_path / "alone")]) == 1
    error = capsys.readouterr().err
    assert "emobench: not applicable: predictions:path=" in error
    assert "holds no predictions for simulated" in error
    assert exit_code(["run", *model, "--model", "prior", *common, "--out", str(tmp_path / "both")]) == 0
    assert "emobench: not applicable: predictions:path=" in capsys.readouterr().err


def _has_a_fit(run: Path) -> bool:
    try:
        return bool(RunFolder(run).read_record().fits)
    except RunFolderError:
        return False


def test_a_run_that_failures_ended_is_exit_code_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def ended(*_: object, **__: object) -> None:
        raise TooManyFailures("3 cells have failed")

    monkeypatch.setattr("emobench.benchmark.api.run_resolved", ended)
    assert exit_code(["run", "--model", "prior", "--max-failures", "2"]) == 1
    assert capsys.readouterr().err == "emobench: 3 cells have failed\n"


def test_ctrl_c_while_latencies_are_measured_promises_no_more_than_is_kept(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("emobench.benchmark.latency.run.measure_latencies", interrupted)
    assert exit_code(["latency", "--model", "prior"]) == 130
    assert "interrupted; what was done is kept: the same command measures all anew" in capsys.readouterr().err


def test_ctrl_c_is_exit_code_130_and_the_run_resumes(tmp_path: Path) -> None:
    out = tmp_path / "run"
    # Where the tests themselves run in the background, SIGINT is ignored by whatever they start.
    code = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    code += "from emobench.benchmark.command_line import main; main()"
    command = [sys.executable, "-c", code, "run", "--model", "rage_fusion", "--protocol", "modality_drop"]
    command += [*FAST, "--out", str(out), "--seeds", "3", "--format", "latex"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 120
    while not _has_a_fit(out) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 130, errors
    assert "interrupted; what was done is kept: type the same command again to go on" in errors
    assert RunFolder(out).read_record().fits[0].state == "done"
    assert subprocess.run(command, check=False, capture_output=True, timeout=300).returncode == 0
    assert {cell.state for cell in RunFolder(out).read_record().cells} == {"done"}
