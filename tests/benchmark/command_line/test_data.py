"""`emobench data`."""

from pathlib import Path

import pytest

from emobench.benchmark.command_line.data import app
from emobench.benchmark.errors import DataError

from ..conftest import FakeEncoder


@pytest.fixture(autouse=True)
def _home(emobench_home: Path) -> None:
    pass


def type_in(*arguments: str) -> None:
    """Run `emobench data …`; a mistake is raised, and printed by the command line as a whole."""
    app(args=list(arguments), standalone_mode=False)


def test_add_prints_a_summary_that_fits_the_screen(mosi_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    type_in("add", "mosi", "--from", str(mosi_folder), "--partial")
    shown = capsys.readouterr()
    *lines, place = shown.out.splitlines()
    assert place.startswith("stored in    ")
    assert max(map(len, lines)) <= 80
    for heading in ("dialogues", "utterances", "label positive", "features", "fingerprint", "licence", "known leak"):
        assert any(line.startswith(heading) for line in lines), heading
    assert "reading mosi: 2/2" in shown.err


def test_quiet_prints_nothing(mosi_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    type_in("add", "mosi", "--from", str(mosi_folder), "--partial", "--quiet")
    assert capsys.readouterr() == ("", "")


def test_a_mistake_is_one_line_and_leaves_nothing(
    mosi_folder: Path, emobench_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(DataError, match="--partial accepts it") as caught:
        type_in("add", "mosi", "--from", str(mosi_folder), "--quiet")
    assert "\n" not in str(caught.value)
    assert capsys.readouterr() == ("", "")
    assert not emobench_home.exists()


def test_the_encoder_reaches_the_data_set(
    meld_folder: Path, fake_encoder: FakeEncoder, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ("add", "meld", "--from", str(meld_folder), "--partial")
    with pytest.raises(DataError, match="--text-encoder"):
        type_in(*command)
    type_in(*command, "--text-encoder", "some/name")
    assert "text encoder some/name" in capsys.readouterr().out
    assert fake_encoder.loaded == ["some/name"]


def test_describe_and_verify_take_any_data_set(mosi_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    type_in("add", "mosi", "--from", str(mosi_folder), "--partial", "--quiet")
    for name, ending in (
        ("mosi", "as added"),
        ("simulated:test=4,train=5,validation=3", "the same each time"),
    ):
        type_in("describe", name)
        described = capsys.readouterr().out
        type_in("verify", name)
        assert capsys.readouterr().out == f"{described}verified     the content is {ending}\n"
