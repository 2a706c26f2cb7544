"""The rows to fill, and the way back: what a model says, saved and read, gives the same figures."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from emobench.benchmark.command_line import exit_code
from emobench.benchmark.conversations import DataSplits
from emobench.benchmark.errors import RunFolderError, SpecError
from emobench.benchmark.prediction_template import stressed_inputs, write_template
from emobench.benchmark.registry import DATASETS, make
from emobench.benchmark.run_folder import RunFolder

DATA = "small"
KEY = ["condition", "draw", "utterance_id"]
DOCUMENT = Path(__file__).parents[2] / "docs" / "predictions.md"


@pytest.fixture(autouse=True)
def _folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small_splits: DataSplits, register: Callable[..., None]
) -> None:
    @dataclass(frozen=True)
    class Small:
        def load(self) -> DataSplits:
            return small_splits

    monkeypatch.chdir(tmp_path)
    register(DATASETS, DATA, Small)


def read(path: str) -> pd.DataFrame:
    if path.endswith(".csv"):
        return pd.read_csv(path, dtype={"fingerprint": str})
    return pd.read_parquet(path)


@pytest.mark.parametrize("name", ["rows.csv", "rows.parquet"])
def test_it_has_each_utterance_under_each_draw_of_each_condition(name: str) -> None:
    written = write_template(DATA, ["modality_drop:rate=0.5", "modality_drop:drop=text"], out=Path(name))
    table, splits = read(name), make(DATASETS, DATA).load()
    test, validation = len(splits.test), len(splits.validation)
    assert (written.rows, written.conditions) == (len(table), 3) == (5 * test + validation, 3)
    counts = table.groupby(["split", "condition", "draw"]).size().to_dict()
    assert counts == {
        ("test", "clean", 0): test,
        ("validation", "clean", 0): validation,
        **{("test", "modality_drop:rate=0.5", draw): test for draw in range(3)},
        ("test", "modality_drop:drop=text", 0): test,
    }
    clean = table[(table.condition == "clean") & (table.split == "test")]
    assert clean.utterance_id.tolist() == list(splits.test.utterance_ids)
    assert clean.turn.tolist() == splits.test.turn.tolist()
    assert clean.speaker.tolist() == splits.test.speaker.tolist()
    assert set(clean.dialogue_id) == set(splits.test.dialogue_ids)
    assert set(table.fingerprint) == {splits.fingerprint[:16]}
    assert (set(table.data), set(table.stress_seed)) == ({DATA}, {0})
    assert table[[f"p_{name}" for name in splits.test.classes]].isna().all(axis=None)
    assert not {"label", "seed"} & set(table), "labels are not given away"


def test_several_seeds_have_rows_of_their_own() -> None:
    written = write_template(DATA, seeds=2, stress_seed=5, stress_draws=1)
    table = read("predictions-small.csv")
    assert table.groupby("seed").size().nunique() == 1
    assert (sorted(set(table.seed)), set(table.stress_seed)) == ([0, 1], {5})
    assert written.command == (
        f"emobench run --model predictions:path=predictions-small.csv,values=probabilities --data {DATA} --seeds 2 "
        "--stress-seed 5 --stress-draws 1"
    )


def test_a_filled_file_is_not_written_over() -> None:
    write_template(DATA, out=Path("rows.csv"))
    with pytest.raises(RunFolderError, match=r"rows.csv is there already, and may have been filled; choose another"):
        write_template(DATA, out=Path("rows.csv"))
    with pytest.raises(SpecError, match=r"expected --out to end in .csv or .parquet, got 'rows.xlsx'"):
        write_template(DATA, out=Path("rows.xlsx"))


@pytest.mark.parametrize("name", ["my rows+1.csv", "rows.parquet"])
def test_what_a_model_says_saved_and_read_gives_the_same_figures(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    fast = ["--draws", "200", "--format", "latex", "--quiet"]
    asked = ["--data", DATA, "--protocol", "modality_drop:rate=0.5", "--stress-draws", "2"]
    assert exit_code(["run", "--model", "late_fusion", *asked, *fast, "--out", "direct"]) == 0
    assert exit_code(["template", *asked, "--out", name]) == 0
    command = capsys.readouterr().out.splitlines()[1].split()
    table, folder = read(name), RunFolder(Path("direct"))
    splits = []
    for part in (folder, folder.validation):
        of_split = pd.read_parquet(part.predictions_path("late_fusion", DATA, 0))
        utterances = pd.read_parquet(part.utterances_path)
        splits.append(of_split.assign(utterance_id=utterances.utterance_id.to_numpy()[of_split.utterance.to_numpy()]))
    said = pd.concat(splits)
    numbered = [f"p_{k}" for k in range(3)]
    merged = table.merge(said[[*KEY, *numbered]], how="left", on=KEY)
    filled = table.assign(**{column: merged[p] for column, p in zip(table.columns[-3:], numbered, strict=True)})
    filled = filled.sample(frac=1, random_state=0)
    Path(name).unlink()
    if name.endswith(".csv"):
        filled.to_csv(name, index=False)
    else:
        filled.to_parquet(name)
    assert exit_code([*command[1:], *fast, "--out", "saved"]) == 0
    direct, saved = (pd.read_parquet(f"{run}/results.parquet") for run in ("direct", "saved"))
    model = command[command.index("--model") + 1]
    assert set(saved.model) == {model}
    # Only probabilities are saved.
    direct, saved = direct[direct.metric != "modality_weight"].drop(columns="model"), saved.drop(columns="model")
    assert len(direct) > 100
    # The noise floor draws labels, other ones for each model.
    columns = [column for column in direct if column not in ("floor", "floor_high")]
    pd.testing.assert_frame_equal(
        direct[columns].reset_index(drop=True), saved[columns].reset_index(drop=True), rtol=1e-12, atol=1e-14
    )


def test_the_stressed_input_is_that_of_the_template() -> None:
    protocols = ["modality_drop:rate=0.5", "context_removal:context=future", "worst_subset"]
    write_template(DATA, protocols, out=Path("rows.csv"))
    table = read("rows.csv")
    wanted = table[table.condition != "worst_subset"]
    given = list(stressed_inputs(DATA, protocols))
    assert {(one.split, one.condition, one.draw) for one in given} == set(
        wanted[["split", "condition", "draw"]].itertuples(index=False, name=None)
    )
    for split, condition, draw, conversations in given:
        rows = wanted[(wanted.split == split) & (wanted.condition == condition) & (wanted.draw == draw)]
        read_there = np.array(conversations.utterance_ids)[conversations.target >= 0]
        assert sorted(read_there) == sorted(rows.utterance_id)
    first, second, _ = (one.conversations.observed["text"] for one in given if one.condition == protocols[0])
    assert not np.array_equal(first, second)


def test_the_example_in_the_documentation_works() -> None:
    text = DOCUMENT.read_text(encoding="utf-8").replace("--data mosi", f"--data {DATA}").replace('"mosi"', f'"{DATA}"')
    commands = [line.split() for line in re.findall(r"^emobench (.*)$", text, re.MULTILINE)]
    (program,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    _, template, run = commands
    fast = ["--draws", "200", "--format", "latex", "--quiet"]
    assert exit_code(template) == 0
    exec(compile(program, str(DOCUMENT), "exec"), {"__name__": "example"})
    assert exit_code([*run, *fast, "--out", "run"]) == 0
    assert {cell.state for cell in RunFolder(Path("run")).read_record().cells} == {"done"}
    results = pd.read_parquet("run/results.parquet")
    nll = results[(results.metric == "nll") & results.model.str.startswith("predictions") & (results.seed == 0)]
    assert nll.value.to_numpy() == pytest.approx(np.log(3))
