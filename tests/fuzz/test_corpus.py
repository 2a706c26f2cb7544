"""What fuzzing found once stays found."""

import os
import tomllib
from pathlib import Path
from typing import Any

import pytest
from corpus_made import MADE
from corpus_readers import READ, reading
from fuzz_inputs import Input, outcome_of
from fuzz_watch import Watch

from emobench.benchmark.errors import EmobenchError

FINDINGS: list[dict[str, Any]] = tomllib.loads(
    (Path(__file__).parent / "corpus" / "findings.toml").read_text(encoding="utf-8")
)["finding"]


def content_of(finding: dict[str, Any]) -> bytes:
    if "made" in finding:
        return MADE[finding["made"]]()
    return bytes.fromhex(finding["hex"]) if "hex" in finding else finding["text"].encode()


@pytest.fixture(scope="module")
def watch() -> Watch:
    return Watch()


@pytest.mark.parametrize("finding", FINDINGS, ids=lambda one: f"{one['reader']}: {one['was']}")
def test_a_finding_is_one_line_now(
    finding: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, watch: Watch
) -> None:
    monkeypatch.setenv("EMOBENCH_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    read = reading(finding["reader"], content_of(finding))
    outcome = outcome_of(0, "corpus", lambda draw, folder: Input(lambda: read(folder)), tmp_path / "in", watch, seed=0)
    assert outcome.kind == ("refused" if finding["says"] else "result"), outcome.text
    assert finding["says"] in outcome.text
    assert outcome.memory < 1 << 28


def test_all_that_is_made_is_read() -> None:
    assert {finding["made"] for finding in FINDINGS if "made" in finding} == set(MADE)
    assert {finding["reader"] for finding in FINDINGS} == set(READ)


MAY_BE_MISSING = ("report_list", "checkpoint", "stresses")


@pytest.mark.parametrize("reader", [name for name in READ if name not in MAY_BE_MISSING])
@pytest.mark.parametrize("place", ["pipe", "device", "folder", "link to itself", "link to nothing"])
def test_nobody_waits_for_what_is_no_file(reader: str, place: str, tmp_path: Path) -> None:
    """A pipe in the place of a file once held a reader for ever."""
    name, read = READ[reader]
    path = tmp_path / name
    put = {
        "pipe": lambda: os.mkfifo(path),
        "device": lambda: path.symlink_to("/dev/zero"),
        "folder": path.mkdir,
        "link to itself": lambda: path.symlink_to(path.name),
        "link to nothing": lambda: path.symlink_to("nothing"),
    }
    put[place]()
    with pytest.raises(EmobenchError, match=r"\w"):
        read(path)


def test_nor_where_it_may_be_missing(tmp_path: Path) -> None:
    for reader in MAY_BE_MISSING:
        os.mkfifo(tmp_path / READ[reader][0])
    READ["report_list"][1](tmp_path / READ["report_list"][0])
    with pytest.raises(EmobenchError, match="it is no file but a pipe or a device"):
        READ["checkpoint"][1](tmp_path / READ["checkpoint"][0])
    with pytest.raises(EmobenchError, match=r"stresses\.parquet is damaged"):
        READ["stresses"][1](tmp_path / READ["stresses"][0])
