"""What decisions cost: by hand, against brute force, and files that are not what they should be."""

from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emobench.benchmark.cost_files import read_costs
from emobench.benchmark.errors import DataError, SpecError
from emobench.benchmark.metrics.base import ReadsFile, Scored
from emobench.benchmark.metrics.decisions import cheapest
from emobench.benchmark.randomness import Randomness
from emobench.benchmark.registry import METRICS, canonical_text, make

MakeScored = Callable[..., Scored]
TABLE = "gold,joy,abstain,neutral\njoy,0,0.3,4\n\nneutral, 1 ,0.2,0\n"
CLASSES = ("neutral", "joy")


def figure(text: str, scored: Scored) -> float:
    metric = make(METRICS, text)
    return float(metric.value(metric.statistic(scored).sum(axis=0))[0])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "costs.csv"
    path.write_text(TABLE, encoding="utf-8")
    return path


def test_a_table_by_hand(file: Path, make_scored: MakeScored) -> None:
    # Expected costs of neutral, joy, abstaining: 4q, 1 − q, 0.2 + 0.1q, with q the probability of joy.
    scored = make_scored([[1.0, 0.0], [0.7, 0.3], [0.1, 0.9], [0.05, 0.95], [0.98, 0.02]], [0, 1, 0, 0, 1])
    # Decided: neutral (right: 0), abstain (joy: .3), joy (neutral: 1), joy (neutral: 1), neutral (joy: 4).
    assert figure(f"decision_cost:costs={file}", scored) == pytest.approx((0 + 0.3 + 1 + 1 + 4) / 5)
    assert figure(f"abstain_share:costs={file}", scored) == pytest.approx(1 / 5)


def test_the_first_class_wins_a_tie_and_abstaining_none() -> None:
    even = np.array([[0.5, 0.5]])
    assert cheapest(even, np.array([[0, 1, 0.5], [1, 0, 0.5]])).tolist() == [0]
    assert cheapest(even, np.array([[0, 1, 0.49], [1, 0, 0.49]])).tolist() == [2]


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**32), st.integers(2, 7), st.booleans())
def test_costs_are_those_of_brute_force(seed: int, classes: int, abstaining: bool) -> None:
    rng = Randomness(seed, ("costs",)).generator()
    probabilities = rng.dirichlet(np.ones(classes), 20)
    costs = rng.normal(size=(classes, classes + abstaining))
    for row, decision in zip(probabilities, cheapest(probabilities, costs), strict=True):
        expected = [sum(row[g] * costs[g, d] for g in range(classes)) for d in range(costs.shape[1])]
        assert expected[decision] == pytest.approx(min(expected))


@pytest.mark.parametrize("seed", range(5))
def test_without_a_file_the_cost_is_one_minus_accuracy(seed: int, draw_scored: MakeScored, tmp_path: Path) -> None:
    scored = draw_scored(seed=seed)
    assert figure("decision_cost", scored) == pytest.approx(1 - figure("accuracy", scored), abs=1e-12)
    assert figure("abstain_share", scored) == 0
    # So it is with the same table in a file; ties go to the class that is predicted.
    names = scored.classes
    rows = [",".join([one, *("0" if one == other else "1" for other in names)]) for one in names]
    (tmp_path / "zero_one.csv").write_text("\n".join([",".join(["", *names]), *rows]), encoding="utf-8")
    assert figure(f"decision_cost:costs={tmp_path}/zero_one.csv", scored) == figure("decision_cost", scored)
    tied = np.full((1, len(names)), 1 / len(names))
    assert cheapest(tied, 1 - np.eye(len(names))).tolist() == [0]


def test_rows_and_columns_may_be_in_any_order(file: Path) -> None:
    assert read_costs(file).of(CLASSES).tolist() == [[0, 1, 0.2], [4, 0, 0.3]]
    # A class may be called like that.
    file.write_text("gold,abstain,joy\njoy,1,0\nabstain,0,2\n", encoding="utf-8")
    assert read_costs(file).of(("joy", "abstain")).tolist() == [[0, 1], [2, 0]]


def test_what_a_spreadsheet_puts_first_is_left_alone(file: Path) -> None:
    file.write_bytes(b"\xef\xbb\xbf" + TABLE.replace("\n", "\r\n").encode())
    assert read_costs(file).of(CLASSES).tolist() == [[0, 1, 0.2], [4, 0, 0.3]]


BAD: Mapping[str, str | bytes] = {
    "expected a head with the decisions and a row for each gold class, with commas": "gold;neutral;joy\nneutral;0;1\n",
    "expected a head with the decisions and a row for each gold class,": "",
    "expected each column once, got 'joy' twice": "gold,joy,joy\nneutral,0,1\njoy,1,0\n",
    "expected each row once, got 'joy' twice": "gold,neutral,joy\njoy,0,1\njoy,1,0\n",
    "expected 2 costs in the row 'joy', got 1": "gold,neutral,joy\nneutral,0,1\njoy,1\n",
    "expected a number in the row 'joy', column 'neutral', got 'dear'": "gold,neutral,joy\nneutral,0,1\njoy,dear,0\n",
    "expected a number in the row 'neutral', column 'joy', got ''": "gold,neutral,joy\nneutral,0,\njoy,1,0\n",
    "expected a number in the row 'neutral', column 'joy', got 'inf'": "gold,neutral,joy\nneutral,0,inf\njoy,1,0\n",
    "cannot be read (": b"gold,\xff\xfe\n\xff,0\n",
}


@pytest.mark.parametrize("said", BAD)
def test_a_file_that_is_no_table_is_told_when_it_is_named(said: str, tmp_path: Path) -> None:
    path, content = tmp_path / "costs.csv", BAD[said]
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(DataError) as raised:
        make(METRICS, f"decision_cost:costs={path}")
    assert str(raised.value).startswith(f"{path}: {said}")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (
            "gold,neutral,joy\nneutral,0,1\nhappy,1,0\n",
            "expected a row for each of neutral, joy, got 'happy'",
        ),
        ("gold,neutral,joy\nneutral,0,1\n", "expected a row for each of neutral, joy, got none for 'joy'"),
        (
            "gold,neutral,ask\nneutral,0,1\njoy,1,0\n",
            "expected a column for each of neutral, joy (and abstain, if that is a decision), got 'ask'",
        ),
        (
            "gold,neutral,abstain\nneutral,0,1\njoy,1,0\n",
            "expected a column for each of neutral, joy (and abstain, if that is a decision), got none for 'joy'",
        ),
    ],
)
def test_a_table_of_other_classes_is_told(table: str, said: str, file: Path, make_scored: MakeScored) -> None:
    file.write_text(table, encoding="utf-8")
    metric = make(METRICS, f"abstain_share:costs={file}")
    assert isinstance(metric, ReadsFile)
    with pytest.raises(DataError) as raised:
        metric.require_classes(CLASSES)
    assert str(raised.value) == f"{file}: {said}"
    with pytest.raises(DataError):
        metric.statistic(make_scored([[0.5, 0.5]], [0]))


def test_a_file_that_is_not_there_and_one_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"there is no such file; expected a CSV file of costs.*type costs=FILE\.csv"):
        make(METRICS, f"decision_cost:costs={tmp_path}/none.csv")
    with pytest.raises(DataError, match=r"cannot be read \(Is a directory\); expected a CSV file of costs"):
        make(METRICS, f"decision_cost:costs={tmp_path}")


def test_a_path_is_typed_as_in_a_url(tmp_path: Path, make_scored: MakeScored) -> None:
    path = tmp_path / "what it, costs.csv"
    path.write_text(TABLE, encoding="utf-8")
    text = f"decision_cost:costs={quote(str(path))}"
    assert canonical_text(METRICS, text) == text
    assert figure(text, make_scored([[1.0, 0.0]], [0])) == 0
    with pytest.raises(SpecError, match="in a path type %20 for a space"):
        make(METRICS, f"decision_cost:costs={path}")


def test_the_key_is_that_of_the_content(file: Path, tmp_path: Path) -> None:
    def key(path: Path) -> str:
        return str(make(METRICS, f"decision_cost:costs={path}").content_key())

    other = tmp_path / "copy.csv"
    other.write_text(TABLE, encoding="utf-8")
    assert key(file) == key(other) != ""
    file.write_text(TABLE.replace("4", "5"), encoding="utf-8")
    assert key(file) != key(other)
    assert make(METRICS, "decision_cost").content_key() == ""
