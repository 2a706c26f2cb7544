"""Partial runs that are put together are what one run would have left."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from executor_runs import contents
from strange_models import Strange

from emobench.benchmark import api, merging
from emobench.benchmark.command_line import exit_code
from emobench.benchmark.errors import RunFolderError
from emobench.benchmark.harness import execute
from emobench.benchmark.lock import only_driver
from emobench.benchmark.plan import Options, Request, make_plan
from emobench.benchmark.prediction_files import read_predictions, write_predictions
from emobench.benchmark.predictions import Predictions
from emobench.benchmark.registry import MODELS
from emobench.benchmark.run_folder import RunFolder
from emobench.benchmark.scoring import score
from emobench.benchmark.stress_records import merge_stresses

DATA = "simulated:audio_width=2,test=4,text_width=3,train=4,validation=3,video_width=2"
OTHER_DATA = "simulated:audio_width=2,seed=1,test=3,text_width=3,train=4,validation=3,video_width=2"
AUDIO, TEXT, NOISE = "modality_drop:drop=audio", "modality_drop:drop=text", "noise:modality=audio,snr_db=10"
ATTACK = "worst_subset:least=1"


@pytest.fixture(autouse=True)
def _strange(register: Callable[..., None]) -> None:
    register(MODELS, "strange", Strange)


def made(
    folder: Path,
    *models: str,
    data: tuple[str, ...] = (DATA,),
    protocols: tuple[str, ...] = (AUDIO, NOISE),
    metrics: tuple[str, ...] = ("accuracy",),
    **options: Any,
) -> Path:
    """Run and score into a folder."""
    known = Options(**{"stress_draws": 2, "device": "cpu", "draws": 200, "metrics": metrics, **options})
    execute(make_plan(Request(models, protocols, data, known)), RunFolder(folder))
    score(RunFolder(folder))
    return folder


def whole_is(merged: Path, whole: Path) -> bool:
    found, expected = contents(merged), contents(whole)
    assert found.keys() == expected.keys()
    assert [name for name in found if found[name] != expected[name]] == []
    return True


def test_other_models_become_one_run(tmp_path: Path) -> None:
    first = made(tmp_path / "a", "strange", hidden=True)
    second = made(tmp_path / "b", "strange:where=text", "strange+histogram", hidden=True)
    before = contents(first), contents(second)
    api.merge([first, second], tmp_path / "merged")
    whole = made(tmp_path / "whole", "strange", "strange:where=text", "strange+histogram", hidden=True)
    assert whole_is(tmp_path / "merged", whole)
    assert (contents(first), contents(second)) == before
    assert len(list((whole / "hidden").glob("*.parquet"))) == 3, "places in the plane are merged too"


def test_other_seeds_become_one_run_in_which_the_seed_changes_nothing_twice(tmp_path: Path) -> None:
    first = made(tmp_path / "a", "strange", "prior", seeds=2)
    second = made(tmp_path / "b", "strange", "prior", first_seed=2)
    api.merge([second, first], tmp_path / "merged")
    whole = made(tmp_path / "whole", "strange", "prior", seeds=3)
    assert whole_is(tmp_path / "merged", whole)


def test_other_data_and_conditions_become_one_run(tmp_path: Path) -> None:
    first = made(tmp_path / "a", "strange", protocols=(AUDIO, ATTACK, NOISE))
    second = made(tmp_path / "b", "strange", protocols=(TEXT, NOISE))
    third = made(tmp_path / "c", "strange", data=(OTHER_DATA,), protocols=(AUDIO, ATTACK, NOISE, TEXT))
    api.merge([first, second, third], tmp_path / "merged")
    whole = made(tmp_path / "whole", "strange", data=(DATA, OTHER_DATA), protocols=(AUDIO, ATTACK, NOISE, TEXT))
    assert whole_is(tmp_path / "merged", whole)
    # Of several data sets a run knows what it did on each.
    api.merge([tmp_path / "merged", second], tmp_path / "again")
    assert whole_is(tmp_path / "again", whole)
    path = RunFolder(third).utterances_path
    table = pq.read_table(path)
    pq.write_table(table.set_column(3, "turn", table["turn"].cast(pa.int32())), path)
    with pytest.raises(
        RunFolderError, match=r"^the columns of the utterances: .*a/utt.* and .*c/utt.* are not the same"
    ):
        merging.merge([first, third], tmp_path / "other columns")


Change = Callable[[dict[str, Any]], object]


def copied(run: Path, to: Path, change: Change) -> Path:
    """Return a copy of a run whose run.json says something else."""
    shutil.copytree(run, to)
    record = json.loads((to / "run.json").read_text())
    change(record)
    (to / "run.json").write_text(json.dumps(record))
    return to


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda r: r.update(stress_seed=4), "expected runs with the same --stress-seed, got 0 in {a} and 4 in {b}"),
        (lambda r: r.update(stress_draws=3), "expected runs with the same --stress-draws, got 2 in {a} and 3 in {b}"),
        (lambda r: r.update(selection="test"), "the same --selection, got validation in {a} and test in {b}"),
        (lambda r: r.update(draws=300), "expected runs with the same --draws, got 200 in {a} and 300 in {b}"),
        (lambda r: r["hardware"].update(threads="2"), "the same --threads, got 1 in {a} and 2 in {b}"),
        (lambda r: r["hardware"].update(device="cuda"), "the same device, got cpu in {a} and cuda in {b}"),
        (lambda r: r["versions"].update(numpy="0.1"), "made with one version of numpy, got "),
        (lambda r: r["versions"].update(extra="7"), "made with one version of extra, got none in {a} and 7 in {b}"),
        (lambda r: r["data"][0].update(fingerprint="ab" * 32), f"got {DATA} with the fingerprint "),
        (lambda r: r["fits"][0].update(key="other"), f"the fit of strange on {DATA}, seed 0: {{a}} and {{b}} made it"),
        (lambda r: r["cells"][1].update(key="other"), f"strange on {DATA}, seed 0, {AUDIO}: {{a}} and {{b}} made it"),
        (
            lambda r: r.update(seeds=[2, 4]),
            "expected training seeds without a gap, got none of 1, 3 in {a} (0), {b} (2",
        ),
        (
            lambda r: r.update(seeds=[20261122]),
            "got none of 1 to 20261121 in {a} (0), {b} (20261122); type: emobench run --first-seed 1 …, and merge",
        ),
    ],
)
def test_runs_that_disagree_are_refused(tmp_path: Path, first: Path, change: Change, said: str) -> None:
    second = copied(first, tmp_path / "b", change)
    before = contents(first), contents(second)
    with pytest.raises(RunFolderError) as caught:
        merging.merge([first, second], tmp_path / "merged")
    assert said.format(a=first, b=second) in str(caught.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b"], "nothing is left"
    assert (contents(first), contents(second)) == before


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return where a run is that several tests read, and none writes to."""
    return tmp_path_factory.mktemp("runs") / "a"


@pytest.fixture(autouse=True)
def _first_is_made(_strange: None, first: Path) -> None:
    if not first.exists():
        made(first, "strange", hidden=True)


def test_runs_whose_files_differ_are_refused(tmp_path: Path, first: Path) -> None:
    def refused(change: Callable[[RunFolder], object]) -> str:
        shutil.rmtree(tmp_path / "b", ignore_errors=True)
        shutil.copytree(first, tmp_path / "b")
        change(RunFolder(tmp_path / "b"))
        with pytest.raises(RunFolderError) as caught:
            merging.merge([first, tmp_path / "b"], tmp_path / "merged")
        assert not (tmp_path / "merged").exists()
        return str(caught.value)

    place = ("strange", DATA, 0)

    def predicted(folder: RunFolder) -> None:
        path, read = folder.predictions_path(*place), {}
        for condition, draws in (("clean", 1), (AUDIO, 1), (NOISE, 2)):
            read[condition] = [read_predictions(path, condition, draw) for draw in range(draws)]
        read[NOISE][1] = Predictions(np.roll(read[NOISE][1].probabilities, 1, axis=0))
        write_predictions(path, read)

    def trained(folder: RunFolder) -> None:
        stem = folder.checkpoint_stem(*place)
        stem.with_name(stem.name + ".json").write_text("{}")

    def stressed(folder: RunFolder) -> None:
        other = made(tmp_path / "other", "strange", stress_seed=1)
        shutil.copyfile(RunFolder(other).stresses_path(DATA), folder.stresses_path(DATA))

    assert refused(predicted).startswith(f"strange on {DATA}, seed 0, {NOISE}, draw 1: {first}")
    assert "are not the same, though they are recorded to be" in refused(trained)
    assert f"say other things of {AUDIO}, draw 0" in refused(stressed)
    cut = refused(lambda folder: os.truncate(folder.stresses_path(DATA), 100))
    assert cut == f"{RunFolder(tmp_path / 'b').stresses_path(DATA)} is damaged; run the same `emobench run` " + (
        "again, or leave that run out"
    )
    assert "is missing; run the same `emobench run` again" in refused(lambda folder: folder.utterances_path.unlink())


def test_utterances_are_compared_and_transcripts_where_two_runs_have_them(tmp_path: Path, first: Path) -> None:
    def other(name: str, change: Callable[[pa.Table], pa.Table]) -> Path:
        run = copied(first, tmp_path / name, lambda record: None)
        for path in (RunFolder(run).utterances_path, RunFolder(run).validation.utterances_path):
            pq.write_table(change(pq.read_table(path)), path)
        return run

    def with_words(table: pa.Table, last: str = "three") -> pa.Table:
        words = pa.array([*["one two"] * (len(table) - 1), last])
        return table.set_column(table.column_names.index("transcript"), "transcript", words)

    said, misheard = other("said", with_words), other("misheard", lambda table: with_words(table, "tree"))
    for runs in ([first, said], [said, first]):
        api.merge(runs, tmp_path / f"from {runs[0].name}")
        merged = RunFolder(tmp_path / f"from {runs[0].name}")
        for of in (merged, merged.validation):
            assert pq.read_table(of.utterances_path)["transcript"].to_pylist()[-2:] == ["one two", "three"]
    with pytest.raises(RunFolderError) as caught:
        merging.merge([first, said, misheard], tmp_path / "merged")
    paths = [run / "utterances.parquet" for run in (said, misheard)]
    assert str(caught.value).startswith(f"the utterances of {DATA}: {paths[0]} and {paths[1]} are not the same")
    heard = other("heard", lambda table: table.set_column(4, "speaker", pa.array(list(range(len(table))))))
    with pytest.raises(RunFolderError, match=r"^the utterances of .* are not the same, though they are recorded to be"):
        merging.merge([first, heard], tmp_path / "merged")
    turned = other("turned", lambda table: table.take(list(range(len(table)))[::-1]))
    with pytest.raises(RunFolderError, match=rf"{turned}.*: expected the utterances of .* in order, 0 to "):
        merging.merge([first, turned], tmp_path / "merged")


def test_utterances_of_data_that_no_run_has_are_missed(tmp_path: Path, first: Path) -> None:
    def without(table: pa.Table) -> pa.Table:
        return table.slice(0, 0)

    runs = []
    for name in ("a", "b"):
        runs.append(copied(first, tmp_path / name, lambda record: None))
        path = RunFolder(runs[-1]).utterances_path
        pq.write_table(without(pq.read_table(path)), path)
    with pytest.raises(RunFolderError, match=rf"^expected the utterances of {DATA} in .*a/utt.*b/utt.*, got none; run"):
        merging.merge(runs, tmp_path / "merged")


def test_a_record_of_stresses_that_no_run_has_is_missed(tmp_path: Path, first: Path) -> None:
    runs = [copied(first, tmp_path / name, lambda record: None) for name in ("a", "b")]
    shutil.rmtree(runs[0] / "stresses")
    api.merge([first, runs[0]], tmp_path / "merged")
    assert whole_is(tmp_path / "merged", first)
    shutil.rmtree(runs[1] / "stresses")
    with pytest.raises(RunFolderError) as caught:
        merging.merge(runs, tmp_path / "none")
    assert str(caught.value) == (
        f"{DATA}, clean: expected a record of what it did in one of the runs, got none; run the same `emobench run` as "
        "then again"
    )
    assert not (tmp_path / "none").exists()


def test_of_what_ended_differently_the_better_is_kept(tmp_path: Path, first: Path) -> None:
    def fail(record: dict[str, Any]) -> None:
        for one in (*record["fits"], *record["cells"]):
            one.update(state="failed", why="too hard", key="")
        for fit in record["fits"]:
            fit.update(validation_state="")

    def interrupt(record: dict[str, Any]) -> None:
        record["cells"] = record["cells"][:2]
        record["fits"][0].update(validation_state="")

    failed, interrupted = copied(first, tmp_path / "f", fail), copied(first, tmp_path / "i", interrupt)
    shutil.rmtree(failed / "predictions")
    shutil.rmtree(failed / "stresses")
    for place, runs in enumerate(([failed, first], [first, failed], [interrupted, first, failed])):
        api.merge(runs, tmp_path / str(place))
        assert whole_is(tmp_path / str(place), first)
    api.merge([failed, copied(failed, tmp_path / "g", lambda record: None)], tmp_path / "nothing")
    assert {cell.why for cell in RunFolder(tmp_path / "nothing").read_record().cells} == {"too hard"}
    # Of a fit that failed meanwhile, what was predicted before is kept.
    ended = {"state": "failed", "why": "too hard", "validation_state": ""}
    orphan = copied(first, tmp_path / "o", lambda record: record["fits"][0].update(ended))
    api.merge([orphan, failed], tmp_path / "orphan")
    states = [cell.state for cell in RunFolder(tmp_path / "orphan").read_record().cells]
    assert {*states} == {"done"}


def test_cells_of_models_that_no_run_names_are_left_out(tmp_path: Path, first: Path) -> None:
    def stray(record: dict[str, Any]) -> None:
        record["cells"].append({**record["cells"][0], "model": "nobody"})

    api.merge([first, copied(first, tmp_path / "s", stray)], tmp_path / "merged")
    assert whole_is(tmp_path / "merged", first)


def test_models_that_were_only_trained_are_merged(tmp_path: Path, first: Path) -> None:
    runs = [copied(first, tmp_path / name, lambda record: record.update(cells=[])) for name in ("a", "b")]
    api.merge(runs, tmp_path / "merged")
    assert not (tmp_path / "merged" / "predictions").exists()
    assert contents(tmp_path / "merged")["run.json"] == contents(runs[0])["run.json"]
    stems = {path.name for path in (tmp_path / "merged" / "checkpoints").iterdir()}
    assert stems == {path.name for path in (first / "checkpoints").iterdir()}


def test_of_stresses_those_of_the_run_are_merged(tmp_path: Path, first: Path) -> None:
    path = RunFolder(first).stresses_path(DATA)
    merge_stresses([path, tmp_path / "missing"], tmp_path / "some", [NOISE])
    assert set(pq.read_table(tmp_path / "some")["condition"].to_pylist()) == {NOISE}
    merge_stresses([path], tmp_path / "none", ["unknown"])
    assert not (tmp_path / "none").exists()


def test_a_model_of_a_package_that_is_not_here_is_merged_too(tmp_path: Path, first: Path) -> None:
    def rename(record: dict[str, Any]) -> None:
        for model in record["models"]:
            model["name"] = model["name"].replace("strange", "gone")
        for one in (*record["fits"], *record["cells"]):
            one["model"] = one["model"].replace("strange", "gone")

    def later(record: dict[str, Any]) -> None:
        rename(record)
        record["seeds"] = [1]
        for one in (*record["fits"], *record["cells"]):
            one.update(seed=1, state="not applicable", why="too late")

    runs = [copied(first, tmp_path / name, change) for name, change in (("n", rename), ("l", later))]
    for name in ("predictions", "validation/predictions", "checkpoints", "hidden"):
        folder = RunFolder(runs[0])
        for path in (runs[0] / name).glob("strange*"):
            if (name, path.suffix) == ("hidden", ".parquet"):
                path.rename(folder.plane_path("gone", DATA))
                continue
            ours = {
                "predictions": folder.predictions_path("gone", DATA, 0),
                "validation/predictions": folder.validation.predictions_path("gone", DATA, 0),
                "checkpoints": folder.checkpoint_stem("gone", DATA, 0).with_suffix(path.suffix),
                "hidden": folder.hidden_path("gone", DATA, 0),
            }[name]
            path.rename(ours)
    api.merge(runs, tmp_path / "merged")
    cells = RunFolder(tmp_path / "merged").read_record().cells
    assert {(cell.model, cell.seed, cell.state) for cell in cells if cell.model == "gone"} == {
        ("gone", 0, "done"),
        ("gone", 1, "not applicable"),
    }


def test_what_to_merge_and_where_to_is_checked(tmp_path: Path, first: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def said(*words: str | Path, code: int = 2) -> str:
        assert exit_code(["merge", *map(str, words)]) == code
        return capsys.readouterr().err

    (tmp_path / "file").touch()
    assert f"expected two different run folders or more, got {first}, {first}" in said(
        first, first, "--out", tmp_path / "m"
    )
    assert "Missing argument" in said("--out", tmp_path / "m")
    assert "is no run folder" in said(first, tmp_path / "none", "--out", tmp_path / "m")
    second = copied(first, tmp_path / "b", lambda record: None)
    assert f"{second} is there already; choose a new folder with --out" in said(first, second, "--out", second)
    assert "is there already" in said(first, second, "--out", tmp_path / "file")
    inside = second / "deep" / "m"
    assert f"{inside} is in the run {second}, which stays as it is; choose" in said(first, second, "--out", inside)
    assert not inside.parent.exists()
    assert f"cannot write {tmp_path / 'file' / 'm'}: " in said(first, second, "--out", tmp_path / "file" / "m")
    with only_driver(RunFolder(second)):
        assert f"an emobench computes into {second}; wait until" in said(first, second, "--out", tmp_path / "m")
    (second / "run.lock").touch()
    (tmp_path / "m").mkdir()
    assert exit_code(["merge", str(first), str(second), "--out", str(tmp_path / "m")]) == 0
    captured = capsys.readouterr()
    assert captured.out == f"6 cells of 2 runs; type: emobench report {tmp_path / 'm'}\n"
    assert whole_is(tmp_path / "m", first)
    assert exit_code(["merge", str(first), str(second), "--out", str(tmp_path / "quiet"), "-q"]) == 0
    assert capsys.readouterr() == ("", "")
