"""What suites, and what is typed beside them, come to."""

import json
from pathlib import Path

import pytest

from emobench.benchmark.errors import EmobenchError
from emobench.benchmark.suite_data import look_for
from emobench.benchmark.suite_requests import Typed, at_preset, resolve

SUITE = """
title = "One"
data = ["iemocap", "simulated"]
models = ["rage_fusion", "prior"]
protocols = ["order"]
metrics = ["nll"]
seeds = 4
stress_draws = 2
"""


@pytest.fixture
def one(tmp_path: Path, emobench_home: Path) -> str:
    return write(tmp_path / "one.toml", SUITE)


def write(path: Path, text: str) -> str:
    path.write_text(text, encoding="utf-8")
    return str(path)


def add(home: Path, folder: str, text: str) -> None:
    """Put a data set there, as far as its being there goes."""
    (home / "data" / folder).mkdir(parents=True)
    (home / "data" / folder / "dataset.json").write_text(json.dumps({"data": text}), encoding="utf-8")


def test_a_suite_alone_says_everything(one: str) -> None:
    asked = resolve([one, one], Typed())
    assert (asked.models, asked.protocols, asked.data) == (("rage_fusion", "prior"), ("order",), ("simulated",))
    assert asked.options == {"seeds": 4, "stress_draws": 2, "selection": "validation", "metrics": ("nll",)}
    assert [suite.missing for suite in asked.suites] == [("iemocap",)]
    assert list(asked.missing) == ["iemocap"]


def test_models_protocols_and_metrics_add_and_all_else_replaces(one: str) -> None:
    asked = resolve(
        [one],
        Typed(
            models=["late_fusion"],
            protocols=["noise"],
            data=["mosi"],
            metrics=["ece"],
            options={"seeds": 1, "selection": "test", "draws": 500},
        ),
    )
    assert asked.models == ("rage_fusion", "prior", "late_fusion")
    assert (asked.protocols, asked.data, asked.missing) == (("order", "noise"), ("mosi",), {})
    assert asked.options == {
        "seeds": 1,
        "stress_draws": 2,
        "selection": "test",
        "draws": 500,
        "metrics": ("nll", "ece"),
    }
    assert asked.suites[0].missing == ()


def test_several_suites_are_one_run(one: str, tmp_path: Path) -> None:
    text = 'title = "Two"\ndata = ["simulated"]\nmodels = ["prior", "sdt"]\nseeds = 7\nselection = "test"\n'
    two = write(tmp_path / "two.toml", text)
    asked = resolve([one, two], Typed(metrics=["ece"], options={"selection": "validation"}))
    assert (asked.models, asked.data) == (("rage_fusion", "prior", "prior", "sdt"), ("simulated",))
    assert asked.options == {"seeds": 7, "stress_draws": 3, "selection": "validation", "metrics": ()}, (
        "two asks for all"
    )
    with pytest.raises(EmobenchError, match=r"choose epochs alike, got validation in .*one\.toml, test in .*two\.toml"):
        resolve([one, two], Typed())


def test_without_a_suite_it_is_what_was_typed(emobench_home: Path) -> None:
    asked = resolve([], Typed(models=["prior"], metrics=["nll"], options={"seeds": 2}))
    assert (asked.models, asked.data, asked.suites) == (("prior",), ("simulated",), ())
    assert asked.options == {"seeds": 2, "metrics": ("nll",)}
    assert resolve([], Typed(models=["prior"], data=["mosi"])).data == ("mosi",)


def test_a_preset_takes_the_place_of_the_suites(one: str) -> None:
    asked = resolve([one], Typed(models=["rage_fusion"], preset="paper_meld"))
    assert asked.models == ("rage_fusion:preset=paper", "prior", "rage_fusion"), "what was typed stays as it is"
    assert (asked.suites[0].preset, asked.suites[0].models) == ("paper_meld", asked.models[:2])


def test_a_preset_is_set_where_none_is_named() -> None:
    assert at_preset("m3net:dropout=0.3+temperature", "paper_meld") == "m3net:dropout=0.3,preset=paper_meld+temperature"
    assert at_preset("m3net:preset=paper", "paper_meld") == "m3net:preset=paper"
    assert at_preset("m3net", "suite") == "m3net"


@pytest.mark.parametrize(
    ("suites", "preset", "message"),
    [
        (True, "papr", "expected --preset suite or paper or paper_meld, got 'papr'; did you mean 'paper'"),
        (False, "paper", "--preset goes with --suite; for a single model type --model m3net:preset=paper"),
    ],
)
def test_a_preset_that_makes_no_sense_is_one_line(suites: bool, preset: str, message: str, one: str) -> None:
    with pytest.raises(EmobenchError) as caught:
        resolve([one] * suites, Typed(preset=preset))
    assert message in str(caught.value)


class TestData:
    def test_data_that_need_no_files_are_there(self, emobench_home: Path) -> None:
        assert look_for("simulated") == (("simulated",), "")

    def test_what_was_not_added_says_what_to_type(self, emobench_home: Path) -> None:
        assert look_for("meld") == ((), "not there yet; type: emobench data add meld --from FOLDER")

    def test_a_name_that_nobody_has_says_what_there_is(self, emobench_home: Path) -> None:
        found, why = look_for("iemocup")
        assert found == ()
        assert why.startswith("no data set has that name; if you have it under another, type --data NAME (known: ")
        assert "simulated" in why

    def test_added_data_are_found_by_their_name_or_an_argument(self, emobench_home: Path) -> None:
        add(emobench_home, "meld", "meld")
        text = "features:corpus=iemocap"
        from emobench.benchmark.home import data_folder

        add(emobench_home, data_folder(text).name, text)
        assert look_for("meld") == (("meld",), "")
        assert look_for("iemocap") == ((text,), "")
        assert look_for("features").found == (text,)
        assert look_for("corpus").found == ()

    def test_nothing_there_is_one_line_with_what_to_type(self, one: str, tmp_path: Path) -> None:
        none = write(tmp_path / "none.toml", SUITE.replace('"simulated"', '"meld"'))
        with pytest.raises(EmobenchError) as caught:
            resolve([none], Typed())
        said = str(caught.value)
        assert said.startswith(
            "none of the data sets is there: iemocap (not there yet; type: emobench data add iemocap"
        )
        assert "meld (not there yet; type: emobench data add meld --from FOLDER)" in said
        assert said.endswith("to try it without any, type --data simulated")
        assert resolve([none], Typed(data=["simulated"])).data == ("simulated",)
