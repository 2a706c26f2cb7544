"""Files of suites: those that come with emobench, and what is said about a wrong one."""

import os
import re
import tomllib
from pathlib import Path

import pytest

from emobench.benchmark.errors import EmobenchError
from emobench.benchmark.models import canonical_model
from emobench.benchmark.suite_files import FOLDER, is_suite, suite_names, title_of
from emobench.benchmark.suites import Suite, load_suite

MINE = {
    "title": '"Mine"',
    "data": '["simulated"]',
    "models": '["rage_fusion:preset=suite,epochs=3", "prior", "rage_fusion:epochs=3"]',
}


def write(path: Path, **keys: str) -> Path:
    path.write_text("".join(f"{key} = {value}\n" for key, value in (MINE | keys).items() if value), encoding="utf-8")
    return path


@pytest.mark.parametrize("name", suite_names())
def test_every_suite_names_models_protocols_and_metrics_that_exist(name: str) -> None:
    content = Suite.model_validate(tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8")))
    suite = load_suite(name)
    assert suite.models == tuple(canonical_model(text) for text in content.models)
    assert len(suite.models) == len(content.models), "no row twice"
    assert suite.protocols == content.protocols
    assert (suite.text, suite.path, suite.title) == (name, "", title_of(name))


@pytest.mark.parametrize("name", suite_names())
def test_every_suite_says_whose_table_it_is_and_what_differs(name: str) -> None:
    suite = load_suite(name)
    assert name.startswith(re.sub(r"\W", "_", suite.paper.lower()))
    assert suite.title.startswith(suite.paper)
    assert suite.shows.endswith(".")
    assert suite.place == "abstract" or name.endswith(suite.place.lower().replace("table ", "_table"))
    assert suite.differs
    assert all(sentence.endswith(".") or "--" in sentence for sentence in suite.differs)
    assert suite.selection == "validation", "published rules are asked for, not the default"
    assert suite.seeds >= 3
    assert set(suite.data) <= {"iemocap", "meld", "mosi"}
    assert not set(suite.published_only) & set(suite.models)


def test_a_file_of_ones_own_is_read_by_its_path(tmp_path: Path) -> None:
    path = write(tmp_path / "mine.toml", seeds="2", metrics='["ece:bins=15"]')
    suite = load_suite(str(path))
    assert (suite.name, suite.path, suite.text) == ("mine", str(path), str(path))
    assert suite.models == ("rage_fusion:epochs=3", "prior"), "canonical, and each once"
    assert (suite.seeds, suite.metrics, suite.selection, suite.preset) == (2, ("ece",), "validation", "suite")
    assert is_suite(str(path))
    assert not is_suite("prior")


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"modles": '["prior"]'}, "mine.toml, line 4: unknown key 'modles'; did you mean 'models'?"),
        ({"title": ""}, "mine.toml: expected the key 'title', which is not there; see docs/suites.md"),
        ({"models": "[]"}, "mine.toml, line 3: models: expected an entry or more, got []"),
        ({"models": '"prior"'}, 'mine.toml, line 3: models: expected an array, such as ["…"], got "prior"'),
        ({"models": '["pryor"]'}, "mine.toml, line 3: models: unknown model 'pryor'; did you mean 'prior'?"),
        ({"models": '["prior+tmperature"]'}, "'tmperature'; did you mean 'temperature'?"),
        ({"protocols": '["nose"]'}, "mine.toml, line 4: protocols: unknown protocol 'nose'; did you mean 'noise'?"),
        ({"protocols": '["removals+order"]'}, "mine.toml, line 4: protocols: expected every part of a chain to be one"),
        (
            {"protocols": '["modality_drop:drop=smell"]'},
            "mine.toml, line 4: protocols: modality_drop: no modality 'smell'",
        ),
        ({"metrics": '["eec"]'}, "mine.toml, line 4: metrics: unknown metric 'eec'; did you mean 'ece'"),
        ({"seeds": "0"}, "mine.toml, line 4: seeds: expected 1 or more, got 0"),
        (
            {"selection": '"tset"'},
            "mine.toml, line 4: selection: expected 'validation' or 'test', got \"tset\"; did you mean 'test'?",
        ),
        ({"title": "Mine"}, "mine.toml, line 1, column 9: no TOML: invalid value; texts stand in quotes"),
    ],
)
def test_a_wrong_file_is_one_line(keys: dict[str, str], message: str, tmp_path: Path) -> None:
    with pytest.raises(EmobenchError) as caught:
        load_suite(str(write(tmp_path / "mine.toml", **keys)))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(
        EmobenchError, match=r"cannot read the suite .*: No such file or directory; type: emobench list"
    ):
        load_suite(str(tmp_path / "none.toml"))
    (tmp_path / "bytes.toml").write_bytes(b"\xff")
    with pytest.raises(EmobenchError, match="it is no UTF-8 text"):
        load_suite(str(tmp_path / "bytes.toml"))
    os.mkfifo(tmp_path / "pipe.toml")
    with pytest.raises(EmobenchError, match=r"pipe\.toml: expected a file of TOML, got a pipe; type: emobench list"):
        load_suite(str(tmp_path / "pipe.toml"))


def test_an_unknown_name_lists_the_near_ones() -> None:
    with pytest.raises(EmobenchError, match=r"unknown suite 'cmerc_tabel2'; did you mean 'cmerc_table2'"):
        load_suite("cmerc_tabel2")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"title = 'x'\n#" + b"x" * 1_000_000, "mine.toml: expected a suite, got a file of more than 1,000,000 bytes"),
        (b"seeds = " + b"9" * 9_999, "mine.toml is no TOML that can be read: Exceeds the limit"),
        (b"models = " + b"[" * 99_999, "mine.toml is no TOML that can be read: arrays in arrays, too many"),
        (b"title = 'x'\nmodels = [\n'prior'\n", "mine.toml, line 3: no TOML: unclosed array; entries are parted by"),
        (b"title = 'x'\n\xff", "mine.toml, line 2: it is no UTF-8 text; save it as UTF-8"),
        (b"title = 'x'\ntitle = 'y'", "mine.toml, line 2: no TOML: cannot overwrite a value; each key stands once"),
        (b"title", "mine.toml, line 1: no TOML: expected '=' after a key in a key/value pair; a line is `key = value`"),
    ],
    ids=["large", "digits", "deep", "end", "bytes", "twice", "line"],
)  # fmt: skip
def test_what_is_no_suite_at_all_is_one_line(content: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(content)
    with pytest.raises(EmobenchError) as caught:
        load_suite(str(path))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
