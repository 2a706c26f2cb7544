"""`emobench compare`: pairs, table, and the command line."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import emobench
from emobench.benchmark.command_line import exit_code
from emobench.benchmark.comparison_pairs import between_models, with_clean
from emobench.benchmark.comparison_ranks import ranks
from emobench.benchmark.comparison_record import COMPARISON_COLUMNS
from emobench.benchmark.comparisons import Asking, compare
from emobench.benchmark.errors import EmobenchError, RunFolderError, SpecError, UnknownName
from emobench.benchmark.paired_sources import Source
from emobench.benchmark.run_folder import RunFolder

MakeUp = Callable[..., RunFolder]
THREE = {"strong": 2.0, "weak": 0.5, "third": 1.0}
FAMILY = "modality_drop:rate=*"


def told(sources: list[Source], against: str = "") -> set[tuple[str, str, str, str]]:
    """Return run, model, reference run and reference model of what is compared on clean input."""
    return {
        (of.source.folder.path.name, of.place.model, reference.source.folder.path.name, reference.place.model)
        for of, reference in between_models(sources, against)
        if of.place.condition == "clean"
    }


def test_models_of_one_run_are_compared_with_the_first_or_the_one_named(make_up: MakeUp) -> None:
    with Source(make_up(skills=THREE)) as source:
        assert told([source]) == {("run", "weak", "run", "strong"), ("run", "third", "run", "strong")}
        assert told([source], "third") == {("run", "strong", "run", "third"), ("run", "weak", "run", "third")}
        conditions = [of.place.condition for of, _ in between_models([source]) if of.place.model == "weak"]
        assert conditions == ["clean", "noise:snr_db=10", "modality_drop:rate=0.2", "modality_drop:rate=0.5", FAMILY]


def test_models_that_were_added_are_compared_only_when_named(make_up: MakeUp) -> None:
    with Source(make_up(skills=THREE, added=["third"])) as source:
        assert told([source]) == {("run", "weak", "run", "strong")}
        assert told([source], "third") == {("run", "strong", "run", "third"), ("run", "weak", "run", "third")}


def test_models_of_several_runs_are_compared_with_themselves_in_the_first(make_up: MakeUp) -> None:
    with Source(make_up()) as one, Source(make_up("other", skills={"new": 1.0, "weak": 0.6})) as other:
        within = ("run", "weak", "run", "strong")
        assert told([one, other]) == {
            within,
            ("other", "weak", "run", "weak"),
            ("other", "new", "run", "strong"),
        }
        assert told([one, other], "new") == {
            ("run", "strong", "other", "new"),
            ("run", "weak", "other", "new"),
            ("other", "weak", "other", "new"),
        }


def test_what_only_one_side_has_is_not_compared(make_up: MakeUp) -> None:
    with Source(make_up(failed=[("weak", "clean")])) as source:
        assert {of.place.condition for of, _ in between_models([source])} == {
            "noise:snr_db=10",
            "modality_drop:rate=0.2",
            "modality_drop:rate=0.5",
        }
        # Without clean input there is nothing to hold its conditions against.
        assert {of.place.model for of, _ in with_clean([source])} == {"strong"}


def test_conditions_are_compared_with_clean_within_each_model(make_up: MakeUp) -> None:
    with Source(make_up()) as source:
        pairs = with_clean([source])
        assert len(pairs) == 6
        for of, reference in pairs:
            assert reference == (source, of.place._replace(condition="clean"))
            assert of.place.condition not in ("clean", FAMILY)
        assert {of.place.model for of, _ in with_clean([source], "weak")} == {"weak"}


def test_the_same_data_under_another_name_are_the_same_data(make_up: MakeUp) -> None:
    folder = make_up(seeds=(0,))
    record = folder.read_record()
    other = make_up("other", seeds=(0,))
    renamed = record.data[0].model_copy(update={"name": "csv:path=elsewhere"})
    other.write_record(record.model_copy(update={"data": (renamed,)}))
    with Source(folder) as one, Source(other) as two:
        two.inputs = {"csv:path=elsewhere": one.inputs["small"]}
        pairs = [pair for pair in between_models([one, two]) if pair[0].source is two]
        assert {(of.place.data, reference.place.data) for of, reference in pairs} == {("csv:path=elsewhere", "small")}
        assert all(of.place.model == reference.place.model for of, reference in pairs)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"fingerprint": "e" * 64}, "expected the same data, got small with fingerprints ffffffffffffffff… in"),
        ({"data": ("large",), "fingerprint": "e" * 64}, "expected a data set in common, got small in"),
        ({"relabelled": True}, "expected the same test utterances"),
    ],
)
def test_runs_on_other_data_are_refused(make_up: MakeUp, changes: dict[str, object], message: str) -> None:
    folders = [make_up().path, make_up("other", **changes).path]
    with pytest.raises(RunFolderError) as raised:
        compare(folders, Asking(metrics=("nll",)))
    assert message in str(raised.value)
    assert not (folders[0] / "comparisons.parquet").exists()


def test_a_run_is_given_once(make_up: MakeUp) -> None:
    folder = make_up().path
    with pytest.raises(SpecError, match=r"expected each run once, got .* twice"):
        compare([folder, folder / ".." / folder.name], Asking(metrics=("nll",)))


def test_the_table_is_as_documented(make_up: MakeUp) -> None:
    folder = make_up(skills=THREE)
    frame = emobench.compare(folder.path, metrics=["nll", "f1", "degradation_area"], conditions=["clean", "*rate=[*]"])
    assert tuple(frame.columns) == COMPARISON_COLUMNS
    assert pd.read_parquet(folder.comparisons_path).equals(frame)
    assert len(frame) == 2 * (1 + 3 + 1)
    assert (frame["compared"] == len(frame)).all()
    assert frame["difference"].to_numpy() == pytest.approx((frame["value"] - frame["reference_value"]).to_numpy())
    assert (frame["p_adjusted"] >= frame["p"] - 1e-12).all()
    assert frame["detectable"].to_numpy() == pytest.approx(2.801585 * frame["standard_error"].to_numpy(), rel=1e-6)
    assert set(frame.loc[frame["metric"] == "f1", "part"]) == {"neutral", "joy", "anger"}
    strong = frame[(frame["model"] == "weak") & (frame["metric"] == "nll")]
    assert strong["verdict"].tolist() == ["worse"]
    assert frame["run"].unique().tolist() == frame["reference_run"].unique().tolist() == [str(folder.path)]
    assert (frame["seed_variance"] > 0).all()


def test_defaults_are_those_of_the_command_line(make_up: MakeUp, tmp_path: Path) -> None:
    folders = [make_up(draws=50).path, make_up("other", draws=50).path]
    frame = emobench.compare(folders, with_clean=True, out=str(tmp_path / "out"))
    assert set(frame["metric"]) == {"weighted_f1", "ece", "nll", "brier"}
    assert set(frame["reference_condition"]) == {"clean"}
    assert set(frame["run"]) == set(map(str, folders))
    assert (tmp_path / "out" / "comparisons.parquet").exists()
    assert not (folders[0] / "comparisons.parquet").exists()
    assert emobench.compare(folders[0], metrics="ece", conditions="clean", out=tmp_path / "out")["metric"].tolist() == [
        "ece"
    ]


def test_identical_runs_are_equivalent(make_up: MakeUp) -> None:
    folders = [make_up(draws=50).path, make_up("other", draws=50).path]
    frame = emobench.compare(folders, metrics="nll", conditions="clean", margin=0)
    same = frame[frame["model"] == frame["reference_model"]]
    assert same["verdict"].tolist() == ["equivalent", "equivalent"]
    assert same["difference"].tolist() == [0.0, 0.0]
    assert same["p_adjusted"].tolist() == [1.0, 1.0]


@pytest.mark.parametrize(
    ("asking", "message"),
    [
        ({"level": 0.5}, "--level: expected a share between 0.5 and 1, such as 0.95, got 0.5"),
        ({"level": 1.0}, "--level"),
        ({"margin": -1.0}, "--margin: expected a difference of 0 or more, such as 0.01, got -1"),
        ({"margin": float("nan")}, "--margin"),
        ({"metrics": ("ecce",)}, "did you mean 'ece'"),
    ],
)
def test_what_cannot_be_asked_is_said(asking: dict[str, object], message: str) -> None:
    with pytest.raises(EmobenchError, match=message.replace("(", r"\(")):
        Asking(**asking)  # type: ignore[arg-type]  # wrong on purpose


def test_metrics_are_spelled_canonically_and_once() -> None:
    assert Asking(metrics=("ece:bins=15", "ece")).metrics == ("ece",)


def test_ranks_need_data_sets_and_models(make_up: MakeUp) -> None:
    _, few = compare([make_up(skills=THREE, draws=20).path], Asking(metrics=("nll", "churn", "f1")))
    found = ranks([one.difference for one in few])
    assert [*found] == ["nll"], "neither parts nor what has no better are ranked"
    assert found["nll"]["why"] == "they need 5 data sets and 3 models or more; here are 1 and 3"


def test_ranks_over_data_sets(make_up: MakeUp) -> None:
    sets = tuple(f"set_{place}" for place in range(5))
    asking = Asking(metrics=("nll", "accuracy", "signed_gap"), conditions=("clean",))
    one = make_up(skills=THREE, draws=20, data=sets, seeds=(0,), dialogues=40)
    _, found = compare([one.path], asking)
    by_metric = ranks([each.difference for each in found])
    assert by_metric["nll"]["ranks"] == {"strong": 1.0, "third": 2.0, "weak": 3.0}
    assert by_metric["accuracy"]["ranks"] == {"strong": 1.0, "third": 2.0, "weak": 3.0}
    gaps = {
        (d.place.model, d.place.data): abs(d.value) for d in (o.difference for o in found) if d.metric == "signed_gap"
    }
    below = np.mean([gaps["third", data] < gaps["weak", data] for data in sets])
    of_gap = by_metric["signed_gap"]["ranks"]
    assert isinstance(of_gap, dict)
    assert (of_gap["third"] < of_gap["weak"]) == (below > 0.5)
    # A model that is missing on one data set has no rank; models of two runs are told apart by their folders.
    other = make_up("other", skills={"strong": 2.0}, draws=20, data=sets, seeds=(0,), dialogues=40)
    _, both = compare([one.path, other.path], asking)
    several = ranks([each.difference for each in both])["nll"]["ranks"]
    assert isinstance(several, dict)
    assert set(several) == {*(f"{model} ({one.path})" for model in THREE), f"strong ({other.path})"}
    short = ranks([each.difference for each in found if (each.difference.place[:2]) != ("weak", "set_0")])
    assert short["nll"]["why"] == "they need 5 data sets and 3 models or more; here are 5 and 2"


def test_the_command_prints_a_table_and_writes_it(make_up: MakeUp, capsys: pytest.CaptureFixture[str]) -> None:
    folder = make_up(skills=THREE)
    code = exit_code(["compare", str(folder.path), "--condition", "*", "--margin", "0.02", "--training"])
    printed = capsys.readouterr().out
    assert code == 0
    assert folder.comparisons_path.exists()
    table = printed.partition("Written: ")[0]
    assert max(map(len, table.splitlines())) <= 80
    assert "NLL (lower is better): weak − strong on small" in printed
    assert "adjusted after Benjamini and Hochberg over all 32 comparisons" in " ".join(printed.split())
    assert "inside ±0.02" in printed
    assert f"Written: {folder.comparisons_path}" in printed
    assert f"type `emobench report {folder.path}`" in printed
    assert "replaces" not in printed
    assert exit_code(["compare", str(folder.path), "--metric", "nll"]) == 0
    assert "This replaces the comparisons of an earlier call." in capsys.readouterr().out


def test_the_command_is_quiet_when_told(make_up: MakeUp, capsys: pytest.CaptureFixture[str]) -> None:
    folder = make_up(draws=20)
    assert exit_code(["compare", str(folder.path), "--conditions", "--metric", "nll", "-q"]) == 0
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--against", "stong"], "unknown model 'stong'; did you mean 'strong'"),
        (["--conditions", "--against", "stong"], "unknown model 'stong'; did you mean 'strong'"),
        (["--condition", "nois:*"], "unknown condition 'nois:*'"),
        (["--metric", "ecce"], "did you mean 'ece'"),
        (["--level", "95"], "--level: expected a share between 0.5 and 1, such as 0.95, got 95"),
        (["--metric", "regret"], "nothing to compare: no two cells of"),
        (["--metric", "degradation_area", "--conditions"], "nothing to compare: no two cells of"),
        (["--out", "/proc/no/such"], "cannot write /proc/no/such/comparisons.parquet"),
    ],
)
def test_mistakes_are_one_line_and_exit_code_2(
    make_up: MakeUp, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    folder = make_up(draws=20)
    assert exit_code(["compare", str(folder.path), "-q", *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert message in captured.err
    assert not folder.comparisons_path.exists()


def test_folders_that_are_no_runs_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(["compare", str(tmp_path)]) == 2
    assert "is no run folder" in capsys.readouterr().err
    assert exit_code(["compare"]) == 2


def test_one_model_alone_has_nothing_to_be_compared_with(make_up: MakeUp) -> None:
    folder = make_up(skills={"alone": 1.0})
    with pytest.raises(RunFolderError, match=r"give a run with two models or more, or --conditions$"):
        compare([folder.path], Asking())


def test_patterns_name_conditions_that_are_there(make_up: MakeUp) -> None:
    with pytest.raises(UnknownName, match="known: clean, modality_drop"):
        compare([make_up(draws=20).path], Asking(conditions=("clean", "x:*")))
