"""Baselines that a team has accepted."""

import math
import shutil
import tomllib
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from emobench.benchmark.command_line import exit_code
from emobench.benchmark.errors import EmobenchError, RunFolderError, SpecError
from emobench.benchmark.gate.accepted import accept, predictions_folder, read_accepted
from emobench.benchmark.run_folder import RunFolder
from emobench.benchmark.scoring import score

MakeRun = Callable[..., Path]


@pytest.fixture
def accepted(make_run: MakeRun, tmp_path: Path) -> Path:
    """A baseline of two seeds."""
    path = tmp_path / "kept" / "baseline.toml"
    assert exit_code(["accept", str(make_run("main", seeds=(0, 1))), "--as", str(path), "-q"]) == 0
    return path


def test_the_text_holds_the_figures_of_the_run(make_run: MakeRun, accepted: Path) -> None:
    table = score(RunFolder(make_run("again", seeds=(0, 1))))
    rows = [row for row in table.to_pylist() if row["seed"] == -1 and not row["part"]]
    row = next(row for row in rows if (row["condition"], row["metric"]) == ("modality_drop:rate=0.5", "ece"))
    text = tomllib.loads(accepted.read_text(encoding="utf-8"))
    figure = text["figures"]["small"]["fusion"]["modality_drop:rate=0.5"]["ece"]
    assert figure == {
        "value": round(row["value"], 6),
        "low": round(row["low"], 6),
        "high": round(row["high"], 6),
        "seed_sd": round(row["seed_sd"], 6),
        "seeds": 2,
    }
    assert text["data"]["small"] == {"fingerprint": "a" * 64, "utterances": 600, "dialogues": 60}
    assert "degradation_area" in text["figures"]["small"]["fusion"]["modality_drop:rate=*"]
    assert "confusion" not in str(text), "parts are not in the text"
    assert read_accepted(accepted).figures["small"]["fusion"]["clean"]["ece"].seeds == 2


def test_lines_are_sorted_and_say_nothing_of_when_and_where(accepted: Path, tmp_path: Path) -> None:
    text = accepted.read_text(encoding="utf-8")
    lines = text.splitlines()
    tables = [line for line in lines if line.startswith("[figures")]
    assert tables == sorted(tables)
    clean = lines[lines.index('[figures."small"."fusion"."clean"]') + 1 :]
    metrics = clean[: clean.index("")]
    assert metrics == sorted(metrics)
    assert metrics[0].startswith('"accuracy" = { value = 0.')
    assert str(tmp_path) not in text
    assert "2026" not in text


def test_accepting_the_same_run_again_changes_nothing(make_run: MakeRun, accepted: Path) -> None:
    def content() -> dict[Path, bytes]:
        return {path: path.read_bytes() for path in accepted.parent.rglob("*") if path.is_file()}

    before = content()
    accept(RunFolder(make_run("again", seeds=(0, 1))), accepted)
    assert content() == before


def test_accepting_another_run_replaces_what_was_there(make_run: MakeRun, accepted: Path) -> None:
    accept(RunFolder(make_run("other", models=("another",))), accepted)
    assert list(read_accepted(accepted).figures["small"]) == ["another"]
    assert len(list(predictions_folder(accepted).path.glob("predictions/*"))) == 1
    assert [path.name for path in accepted.parent.iterdir() if path.name.startswith(".")] == []


def test_what_was_said_is_not_passed_on(accepted: Path) -> None:
    utterances = pq.read_table(predictions_folder(accepted).utterances_path)
    assert utterances["transcript"].null_count == len(utterances) == 600


def test_it_says_what_it_wrote(make_run: MakeRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "b.toml"
    assert exit_code(["accept", str(make_run("main")), "--as", str(path)]) == 0
    figures = path.read_text(encoding="utf-8").count("seeds = ")
    printed = capsys.readouterr().out
    assert f"accepted {figures} figures, a line each, as {path} (to review)" in printed
    assert f"with {tmp_path / 'b.predictions'} (for paired differences)" in printed
    assert figures > 10


def test_what_is_not_known_of_seeds_is_left_out_and_old_texts_are_read(make_run: MakeRun, tmp_path: Path) -> None:
    path = tmp_path / "b.toml"
    accept(RunFolder(make_run("one")), path)
    text = path.read_text(encoding="utf-8")
    assert "seed_sd" not in text
    figure = read_accepted(path).figures["small"]["fusion"]["clean"]["ece"]
    assert math.isnan(figure.seed_sd)
    path.write_text(text.replace(", seeds = 1", ", seed_sd = nan, seeds = 1"), encoding="utf-8")
    assert math.isnan(read_accepted(path).figures["small"]["fusion"]["clean"]["ece"].seed_sd)


def test_models_added_for_comparison_are_in_the_text_only_when_asked_for(make_run: MakeRun, tmp_path: Path) -> None:
    run, path = make_run("main", references=("exact",)), tmp_path / "b.toml"
    assert exit_code(["accept", str(run), "--as", str(path), "-q"]) == 0
    assert set(read_accepted(path).figures["small"]) == {"fusion"}
    assert exit_code(["accept", str(run), "--as", str(path), "-q", "--references"]) == 0
    assert set(read_accepted(path).figures["small"]) == {"fusion", "exact"}


def replaced(old: str, new: str) -> Callable[[Path], object]:
    return lambda path: path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            replaced("schema_version = 1", "schema_version = 2"),
            "is a baseline of schema version 2, expected 1; accept",
        ),
        (replaced("stress_draws = 2", ""), "is damaged at stress_draws: Field required; accept a run again: `emobench"),
        (replaced("[data", "[da"), "is damaged at data: Field required"),
        (replaced("seeds = 2 }", "seeds = 2"), "is no baseline: "),
        (lambda path: path.write_bytes(b"\xff"), "is no baseline: "),
        (lambda path: path.unlink(), "cannot read the baseline"),
        (
            lambda path: next(predictions_folder(path).path.glob("predictions/*")).write_bytes(b"other"),
            "baseline.predictions is not what was accepted with ",
        ),
    ],
)
def test_a_baseline_that_cannot_be_used(accepted: Path, change: Callable[[Path], object], message: str) -> None:
    change(accepted)
    with pytest.raises(RunFolderError) as caught:
        read_accepted(accepted)
    assert message in str(caught.value)
    assert "emobench accept RUN --as" in str(caught.value)
    assert str(caught.value).count("\n") == 0


def test_the_text_alone_can_be_read(accepted: Path) -> None:
    shutil.rmtree(predictions_folder(accepted).path)
    assert read_accepted(accepted).stress_draws == 2


@pytest.mark.parametrize(
    ("run", "name", "error", "message"),
    [
        ({}, "baseline.csv", SpecError, "expected --as FILE.toml, got "),
        (
            {"states": {("fusion", "clean"): ("failed", "ValueError: too hard")}},
            "b.toml",
            RunFolderError,
            "has 1 failed cells (fusion on small under clean: ValueError: too hard); a baseline has to be whole",
        ),
        ({"labelled": False}, "b.toml", RunFolderError, "has no figures to accept; run it on data with labels"),
        ({}, "taken/b.toml", RunFolderError, "cannot write "),
    ],
)
def test_a_run_that_cannot_be_accepted(
    run: dict[str, object], name: str, error: type[EmobenchError], message: str, make_run: MakeRun, tmp_path: Path
) -> None:
    folder = make_run("main", **run)
    (tmp_path / "taken").write_text("a file", encoding="utf-8")
    before = set(tmp_path.iterdir())
    with pytest.raises(error) as caught:
        accept(RunFolder(folder), tmp_path / name)
    assert message in str(caught.value)
    assert set(tmp_path.iterdir()) == before


def test_a_run_that_is_damaged_is_said_to_be(make_run: MakeRun, tmp_path: Path) -> None:
    folder = RunFolder(make_run("main"))
    score(folder)
    folder.utterances_path.unlink()
    with pytest.raises(RunFolderError, match=r"utterances\.parquet is missing"):
        accept(folder, tmp_path / "b.toml")
