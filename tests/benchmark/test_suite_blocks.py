"""Files with blocks: what each takes from above, what is said about a wrong one, and the runs that they come to."""

from pathlib import Path

import pytest

from emobench.benchmark.errors import EmobenchError
from emobench.benchmark.suite_files import divided, is_suite
from emobench.benchmark.suite_requests import Typed, resolve, resolve_all
from emobench.benchmark.suites import load_suite, load_suites

PAPER = """\
title = "A paper"
data = ["simulated", "meld"]
models = ["rage_fusion", "prior"]
seeds = 5
arguments = { epochs = 3 }

[[block]]
name = "noise"
protocols = ["noise"]
seeds = 2

[[block]]
name = "Sizes-2"
title = "How large"
data = ["meld"]
models = ["m3net"]
preset = "paper"
stress_seed = 7
hidden = true
[block.arguments.m3net]
dropout = [0.3, 0.5]
"""


@pytest.fixture
def paper(tmp_path: Path, emobench_home: Path) -> str:
    path = tmp_path / "paper.toml"
    path.write_text(PAPER, encoding="utf-8")
    return str(path)


def test_a_block_takes_from_above_what_it_does_not_say(paper: str) -> None:
    noise, sizes = load_suites(paper)
    assert (noise.name, noise.block, noise.text, noise.label) == ("paper", "noise", f"{paper}#noise", "paper-noise")
    assert (noise.title, noise.data, noise.seeds) == ("A paper", ("simulated", "meld"), 2)
    assert (noise.models, noise.protocols) == (("rage_fusion:epochs=3", "prior"), ("noise",))
    assert (sizes.title, sizes.data, sizes.protocols, sizes.seeds) == ("How large", ("meld",), (), 5)
    assert sizes.models == ("m3net:dropout=0.3", "m3net:dropout=0.5"), "arguments are replaced as any other key"
    assert (sizes.stress_seed, sizes.hidden, sizes.preset) == (7, True, "paper")


def test_one_block_is_named_behind_a_hash(paper: str) -> None:
    assert is_suite(f"{paper}#noise")
    assert load_suites(f"{paper}#Sizes-2") == (load_suite(f"{paper}#Sizes-2"),) == load_suites(paper)[1:]
    assert (divided("a#b.toml"), divided("a#b.toml#c"), divided("x")) == (
        ("a#b.toml", ""),
        ("a#b.toml", "c"),
        ("x", ""),
    )
    with pytest.raises(EmobenchError, match=r"paper\.toml has no block 'nois'; did you mean 'noise'\?"):
        load_suites(f"{paper}#nois")
    with pytest.raises(EmobenchError, match=r"the suite cmerc_table2 has no block ''; known: none"):
        load_suites("cmerc_table2#")
    with pytest.raises(EmobenchError, match=r"is 2 runs: each block is a run .*: \S+paper\.toml#noise, \S+#Sizes-2$"):
        load_suite(paper)


def test_each_block_is_a_run_and_those_without_data_are_left_out(paper: str) -> None:
    parts = resolve_all([paper, paper], Typed(models=["late_fusion"], options={"draws": 300}))
    assert [part.name for part in parts.runs] == ["noise"], "MELD was not added"
    assert list(parts.missing) == ["meld"]
    (asked,) = [part.asked for part in parts.runs]
    assert asked.models == ("rage_fusion:epochs=3", "prior", "late_fusion")
    assert (asked.data, asked.suites[0].missing) == (("simulated",), ("meld",))
    assert asked.options == {"seeds": 2, "stress_draws": 3, "selection": "validation", "draws": 300, "metrics": ()}
    noise, sizes = resolve_all([paper], Typed(data=["simulated"], preset="suite")).runs
    assert (noise.asked.data, sizes.asked.data, sizes.name) == (("simulated",), ("simulated",), "Sizes-2")
    assert (sizes.asked.options["stress_seed"], sizes.asked.options["hidden"]) == (7, True)
    assert sizes.asked.models == ("m3net:dropout=0.3", "m3net:dropout=0.5")


def test_blocks_that_are_named_are_one_run(paper: str) -> None:
    parts = resolve_all([f"{paper}#noise"], Typed())
    assert [part.name for part in parts.runs] == [""]
    with pytest.raises(EmobenchError, match="with the same stress seed, got 0 in"):
        resolve_all([f"{paper}#noise", f"{paper}#Sizes-2"], Typed())
    both = [f"{paper}#noise", f"{paper}#Sizes-2"]
    (one,) = resolve_all(both, Typed(data=["simulated"], options={"stress_seed": 0})).runs
    assert one.asked.models == (
        "rage_fusion:epochs=3", "prior", "m3net:dropout=0.3,preset=paper", "m3net:dropout=0.5,preset=paper",
    )  # fmt: skip


def test_blocks_beside_other_suites_and_blocks_without_data_are_one_line(paper: str, tmp_path: Path) -> None:
    with pytest.raises(EmobenchError, match="is 2 runs"):
        resolve_all([paper, "cmerc_table2"], Typed())
    with pytest.raises(EmobenchError, match="is 2 runs"):
        resolve([paper], Typed())
    (tmp_path / "none.toml").write_text(PAPER.replace('"simulated", ', ""), encoding="utf-8")
    with pytest.raises(EmobenchError, match="none of the data sets is there: meld"):
        resolve_all([str(tmp_path / "none.toml")], Typed())


def test_what_is_typed_without_a_suite_is_one_run(emobench_home: Path) -> None:
    parts = resolve_all([], Typed(models=["prior"]))
    assert [(part.name, part.asked.data) for part in parts.runs] == [("", ("simulated",))]


def test_a_file_with_one_block_is_a_run_below_the_folder_too(tmp_path: Path, emobench_home: Path) -> None:
    path = tmp_path / "one.toml"
    path.write_text(PAPER.partition('[[block]]\nname = "Sizes')[0], encoding="utf-8")
    assert [part.name for part in resolve_all([str(path)], Typed()).runs] == ["noise"]
    assert load_suite(str(path)).block == "noise"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('name = "noise"\n', "", "line 7: block: expected the key 'name', which is not there; it names the folder"),
        ('"noise"', '"../up"', "line 8: name: expected up to 60 letters of A–Z and a–z, digits, - and _, for it names"),
        ('name = "noise"', "name = 3", "line 8: name: expected up to 60 letters"),
        ('"Sizes-2"', '"NOISE"', "line 13: name: expected another name for each block, got 'NOISE' again"),
        ('protocols = ["noise"]', 'protocol = ["noise"]', "line 9: unknown key 'protocol'; did you mean 'protocols'?"),
        ('title = "A paper"', 'titel = "A paper"', "line 1: unknown key 'titel'; did you mean 'title'?"),
        ('title = "A paper"', "", "line 7: expected the key 'title', which is not there"),
        ('["noise"]\nseeds = 2', '[\n"noise",\n"nois"]\nseeds = 2', "line 11: protocols: unknown protocol 'nois'; did"),
        ("seeds = 5", "seeds = 5000", "line 4: seeds: expected 1000 or less, got 5000"),
        ("seeds = 2", "seeds = true", "line 10: seeds: expected a whole number, got true"),
        ("hidden = true", 'hidden = "yes"', 'line 19: hidden: expected true or false, got "yes"'),
        ('"A paper"', "3", "line 1: title: expected a text in quotes, got 3"),
        ('"A paper"', '""', 'line 1: title: expected a text that is not empty, got ""'),
        ('models = ["m3net"]', 'models = ["m3net", 4]', "line 16: models: expected a text in quotes, got 4"),
        ("{ epochs = 3 }", "3", "line 5: arguments: expected a table, got 3"),
        (
            '"paper"\nstress',
            '"papr"\nstress',
            "line 17: preset: expected 'suite', 'paper' or 'paper_meld', got \"papr\";",
        ),
        ('"simulated", "meld"', '"simulated", "mled"', "line 2: data: unknown data set 'mled'; did you mean 'meld'?"),
        ('"simulated", "meld"', '"simulated:seeed=1"', "line 2: data: simulated has no argument 'seeed'; did you mean"),
        ('"simulated", "meld"', '"a b"', "line 2: data: expected `name:argument=value,…` in 'a b'"),
        ('[[block]]\nname = "noise"', '[block]\nname = "noise"', "no TOML: "),
    ],
)
def test_a_mistake_names_its_line(old: str, new: str, message: str, tmp_path: Path, emobench_home: Path) -> None:
    assert old in PAPER
    path = tmp_path / "paper.toml"
    path.write_text(PAPER.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(EmobenchError) as caught:
        load_suites(f"{path}#noise")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("block", ["block = 3", "block = []", "block = [1]", "[block]\nname = 'x'"])
def test_blocks_are_tables(block: str, tmp_path: Path) -> None:
    path = tmp_path / "paper.toml"
    path.write_text(f"title = 'x'\n{block}\n", encoding="utf-8")
    with pytest.raises(EmobenchError, match=r"line 2: block: expected tables, each under a line \[\[block\]\]"):
        load_suites(str(path))


def test_corpora_that_nobody_can_read_here_are_no_slips(tmp_path: Path, emobench_home: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        "title = 'x'\ndata = ['mosi', 'mosei', 'iemocap', 'my_own']\nmodels = ['prior']\n", encoding="utf-8"
    )
    assert load_suite(str(path)).data == ("mosi", "mosei", "iemocap", "my_own")
