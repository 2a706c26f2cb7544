"""Every reader is given a little of what `tox -e fuzz` gives it; what an input is, is what it is there."""

from pathlib import Path

import pytest
from fuzz_draws import Draw
from fuzz_gadgets import CANARY
from fuzz_inputs import Input, Outcome, Reader, outcome_of, prepared, wrong_with
from fuzz_readers import READERS
from fuzz_watch import Watch

from emobench.benchmark.errors import DataError
from emobench.reports import compiled, drawings, planes

FEW = {
    "pickle": 150,
    "pickle_child": 4,
    "shown_run": 6,
    "reported_run": 1,
    "scored_run": 6,
    "spec_texts": 30,
    "results": 20,
    "stresses": 20,
    "latencies": 20,
    "foreign_weights": 10,
    "mosi_tables": 20,
    "own_corpus": 40,
}
"""Inputs of readers that take longer than others, or that more is wanted of."""
USUAL = 60


@pytest.fixture(scope="module")
def watch() -> Watch:
    return Watch()


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep what can be computed again where it may be written."""
    monkeypatch.setenv("EMOBENCH_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    for module in (compiled, drawings, planes):
        monkeypatch.setattr(module, "cache_folder", lambda: tmp_path / "home")


@pytest.mark.parametrize("name", READERS)
def test_a_reader_says_in_one_line_what_is_wrong_or_reads(name: str, tmp_path: Path, watch: Watch) -> None:
    with prepared(READERS[name], tmp_path) as make:
        outcomes = [
            outcome_of(number, name, make, tmp_path / "input", watch, seed=0) for number in range(FEW.get(name, USUAL))
        ]
    faults = [f"{number}: {one.text}" for number, one in enumerate(outcomes) if one.kind == "fault"]
    assert not faults, f"of {name} with seed 0: {faults}"
    assert {one.kind for one in outcomes} <= {"result", "refused"}


def read(make: Input, tmp_path: Path, watch: Watch) -> Outcome:
    return outcome_of(0, "made up", lambda draw, folder: make, tmp_path / "input", watch, seed=0)


def refuse(text: str) -> None:
    raise DataError(text)


def make_canary() -> None:
    exec(f"open({CANARY!r}, 'w').close()")


class TestWatching:
    """What a reader must not do would be noticed."""

    @pytest.mark.parametrize(
        ("reading", "kind", "text"),
        [
            (lambda: 1, "result", ""),
            (lambda: refuse("expected this, got that"), "refused", "expected this, got that"),
            (lambda: refuse(""), "fault", "an empty message"),
            (lambda: {}["a"], "fault", "KeyError"),
            (lambda: int("x"), "fault", "ValueError"),
            (make_canary, "fault", "code ran"),
            (lambda: __import__("os").system("true"), "fault", "os.system"),
            (lambda: __import__("subprocess").run(["true"]), "fault", "subprocess.Popen"),
            (lambda: __import__("socket").socket().close(), "fault", "socket"),
            (lambda: Path("../elsewhere").write_text("a"), "fault", "opened to be written"),
            (lambda: Path("../elsewhere").mkdir(), "fault", "opened to be written"),
        ],
    )
    def test_it_is_said_what_became_of_an_input(
        self, reading: object, kind: str, text: str, tmp_path: Path, watch: Watch
    ) -> None:
        (tmp_path / "in").mkdir()
        outcome = read(Input(reading), tmp_path / "in", watch)  # type: ignore[arg-type]  # a function, as above
        assert outcome.kind == kind
        assert text in outcome.text

    def test_memory_is_measured(self, tmp_path: Path, watch: Watch) -> None:
        outcome = read(Input(lambda: len(bytearray(b"a" * (64 << 20)))), tmp_path, watch)
        assert outcome.memory > 60 << 20

    def test_a_message_has_to_be_a_line_that_can_be_shown(self) -> None:
        assert wrong_with("expected 1, got 2") == ""
        assert wrong_with("a\nb").startswith("a message with '\\n'")
        assert wrong_with("a\x1b[2J").startswith("a message with '\\x1b'")
        assert wrong_with("a" * 5000).startswith("a message of 5,000 characters")


def test_an_input_can_be_had_again_from_its_number() -> None:
    assert Draw.of(1, "a", 2).getrandbits(64) == Draw.of(1, "a", 2).getrandbits(64)
    assert Draw.of(1, "a", 2).getrandbits(64) != Draw.of(1, "a", 3).getrandbits(64)
    assert isinstance(READERS["pickle"], Reader)
