"""Sentences and exit codes."""

import math

import numpy as np
import pytest

from emobench.benchmark.gate.questions import Question, badness, is_defined
from emobench.benchmark.gate.rules import Rule
from emobench.benchmark.gate.sentences import Subject, title_of
from emobench.benchmark.gate.sides import Figure
from emobench.benchmark.gate.verdicts import Outcome, Status, Verdict
from emobench.benchmark.metrics.base import Direction
from emobench.benchmark.registry import METRICS, make

NOISE = "noise:snr_db=5"


def question(
    kind: str, direction: Direction, value: float, reference: float, *, floor: float = 0.0, **rule: float
) -> Question:
    subject = Subject("fusion", "mosi", NOISE, "ECE", direction)
    bounds = rule or ({"limit": reference} if kind == "limit" else {"max_loss": 0.02})
    made = Rule.model_validate({"metric": "ece", **bounds})
    return Question(1, made, kind, subject, "", value, reference, floor)  # type: ignore[arg-type]  # as in `Question`


@pytest.mark.parametrize(
    ("asked", "low", "status", "message"),
    [
        (
            question("loss", "lower", 0.092, 0.031),
            0.048,
            "regression",
            "ECE under noise:snr_db=5 rose from 0.031 to 0.092 (+0.061, 95 % at least +0.048); allowed +0.020",
        ),
        (
            question("loss", "higher", 0.5, 0.6),
            0.07,
            "regression",
            "ECE under noise:snr_db=5 fell from 0.600 to 0.500 (−0.100, 95 % at most −0.070); allowed −0.020",
        ),
        (
            question("loss", "zero", -0.12, 0.02),
            0.08,
            "regression",
            "went from 0.020 to −0.120 (+0.100 in distance from 0, 95 % at least +0.080); allowed +0.020",
        ),
        (
            question("loss", "lower", 0.06, 0.03),
            -0.01,
            "pass",
            "from 0.030 to 0.060 (+0.030), beyond the allowed +0.020, but this may be chance (95 % at least −0.010)",
        ),
        (
            question("loss", "lower", 0.06, 0.03, max_loss=0.0, min_effect=0.01),
            0.009,
            "pass",
            "beyond the allowed +0.010, but this is not shown to be more than 0.010 (95 % at least +0.009)",
        ),
        (
            question("loss", "lower", 0.04, 0.03, max_loss=0.0, min_effect=0.01),
            0.009,
            "pass",
            "went from 0.030 to 0.040 (+0.010); allowed +0.010",
        ),
        (question("loss", "lower", 0.03, 0.03), 0.0, "pass", "ECE under noise:snr_db=5 is unchanged at 0.030; allowed"),
        (
            question("limit", "lower", 0.182, 0.15),
            0.01,
            "regression",
            "ECE under noise:snr_db=5 is 0.182 (95 % at least 0.160); allowed at most 0.150",
        ),
        (
            question("limit", "higher", 0.41, 0.5),
            0.05,
            "regression",
            "is 0.410 (95 % at most 0.450); required at least 0.500",
        ),
        (
            question("limit", "zero", -0.12, 0.05),
            0.02,
            "regression",
            "is −0.120 (95 % at least 0.070 from 0); allowed at most 0.050 from 0",
        ),
        (
            question("limit", "lower", 0.182, 0.15),
            -0.02,
            "pass",
            "is 0.182, beyond the limit (allowed at most 0.150), but this may be chance (95 % at least 0.130)",
        ),
        (
            question("limit", "higher", 0.41, 0.5, limit=0.5, min_effect=0.06),
            0.05,
            "pass",
            "but this is not shown to be by more than 0.060 (95 % at most 0.450)",
        ),
        (question("limit", "zero", -0.02, 0.05), -0.1, "pass", "is −0.020; allowed at most 0.050 from 0"),
        (question("limit", "higher", 0.51, 0.5), -0.1, "pass", "is 0.510; required at least 0.500"),
        # √(0.16² − 0.12²) = 0.106: within the limit, once the floor is off.
        (
            question("limit", "lower", 0.182, 0.15, floor=0.12),
            0.01,
            "pass",
            "but this may be chance (95 % at least 0.106)",
        ),
        (question("limit", "lower", 0.182, 0.10, floor=0.12), 0.06, "regression", "(95 % at least 0.106); allowed at"),
    ],
)
def test_a_verdict_says_what_was_expected_and_what_was_got(
    asked: Question, low: float, status: Status, message: str
) -> None:
    verdict = asked.answer(low, error=0.01, quantile=2.0)
    assert (verdict.status, message in verdict.message) == (status, True), verdict.message
    assert verdict.message.startswith("fusion on mosi: ECE")


def test_what_would_be_seen_is_what_beats_both_bounds_with_a_power_of_80_percent() -> None:
    narrow = question("loss", "lower", 0.03, 0.03).answer(0.0, error=0.001, quantile=2.0)
    wide = question("loss", "lower", 0.03, 0.03).answer(0.0, error=0.05, quantile=2.0)
    assert narrow.seen_from == pytest.approx(0.02 + 0.8416 * 0.001)
    assert wide.seen_from == pytest.approx((2 + 0.8416) * 0.05)


@pytest.mark.parametrize(("direction", "expected"), [("higher", -0.3), ("lower", 0.3), ("zero", 0.3)])
def test_badness_grows_as_a_figure_gets_worse(direction: Direction, expected: float) -> None:
    assert badness(direction, 0.3) == expected
    assert badness("zero", -0.3) == 0.3


def test_a_figure_is_defined_where_nearly_all_draws_are() -> None:
    draws = np.zeros(100)
    draws[:5] = math.nan
    assert is_defined(Figure(0.0, draws, {}))
    draws[:6] = math.nan
    assert not is_defined(Figure(0.0, draws, {}))
    assert not is_defined(Figure(math.nan, np.zeros(100), {}))


def test_titles_tell_parts_and_arguments() -> None:
    assert title_of(make(METRICS, "f1"), "f1", "joy") == "F1 of joy"
    assert title_of(make(METRICS, "ece:bins=10"), "ece:bins=10", "") == "ECE (ece:bins=10)"
    assert Subject("m", "d", "clean", "ECE", "lower").text == "m on d: ECE on clean input"


def outcome(*statuses: Status) -> Outcome:
    rule = Rule(metric="ece", limit=0.1)
    return Outcome("run", "", tuple(Verdict(1, rule, "", "d", "m", "c", "", status, "said") for status in statuses))


@pytest.mark.parametrize(
    ("statuses", "code", "summary"),
    [
        (("pass", "pass"), 0, "2 pass"),
        (
            ("pass", "regression", "inconclusive", "not measured"),
            1,
            "1 regression, 1 inconclusive, 1 not measured, 1 pass",
        ),
        (("pass", "regression", "failed"), 3, "1 failed, 1 regression, 1 pass"),
        (("pass", "inconclusive", "not measured"), 4, "1 inconclusive, 1 not measured, 1 pass"),
        (("pass", "not measured"), 5, "1 not measured, 1 pass"),
        ((), 5, "nothing was measured"),
    ],
)
def test_the_worst_verdict_makes_the_exit_code(statuses: tuple[Status, ...], code: int, summary: str) -> None:
    assert outcome(*statuses).exit_code == code
    assert outcome(*statuses).summary == summary
