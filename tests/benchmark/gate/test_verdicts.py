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
            "ECE under noise:snr_db=5 rose from 0.031 to 0.092, by 0.061, more than the 0.020 allowed; "
            "that it got worse at all is beyond chance: with 95 %, by at least 0.048",
        ),
        (
            question("loss", "higher", 0.5, 0.6),
            0.07,
            "regression",
            "ECE under noise:snr_db=5 fell from 0.600 to 0.500, by 0.100, more than the 0.020 allowed; that it got",
        ),
        (
            question("loss", "zero", -0.12, 0.02),
            0.08,
            "regression",
            "went from 0.020 to −0.120, 0.100 further from 0, more than the 0.020 allowed; that it got worse at all is",
        ),
        (
            question("loss", "higher", 0.4996, 0.6, max_loss=0.1),
            0.0003,
            "regression",
            "by 0.1004, more than the 0.1000 allowed; that it got worse at all is beyond chance: with 95 %, by more "
            "than 0",
        ),
        (
            question("loss", "lower", 0.06, 0.03, max_loss=0.02, min_effect=0.01),
            0.011,
            "regression",
            "that it got worse by more than 0.010 is beyond chance: with 95 %, by at least 0.011",
        ),
        (
            question("loss", "higher", 0.03, 0.06),
            -0.0003,
            "pass",
            "beyond the allowed −0.020, but this may be chance (95 % at most about 0)",
        ),
        (question("limit", "lower", 0.9999, 0.5), 0.4998, "regression", "(95 % at least 0.999)"),
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
            "ECE under noise:snr_db=5 is 0.182, above the limit of 0.150 (95 % at least 0.160)",
        ),
        (
            question("limit", "higher", 0.41, 0.5),
            0.05,
            "regression",
            "is 0.410, below the limit of 0.500 (95 % at most 0.450)",
        ),
        (
            question("limit", "zero", -0.12, 0.05),
            0.02,
            "regression",
            "is −0.120, above the limit of 0.050 from 0 (95 % at least 0.070 from 0)",
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
        (
            question("limit", "lower", 0.182, 0.10, floor=0.12),
            0.06,
            "regression",
            "above the limit of 0.100 (95 % at least 0.106)",
        ),
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


def test_a_broken_limit_is_not_called_a_regression() -> None:
    words = [
        question("limit", "lower", 0.3, 0.1).answer(0.1, error=0.01, quantile=2.0).word,
        question("limit", "higher", 0.1, 0.3).answer(0.1, error=0.01, quantile=2.0).word,
        question("limit", "higher", 0.3, 0.1).answer(-0.2, error=0.01, quantile=2.0).word,
        question("loss", "lower", 0.3, 0.1).answer(0.1, error=0.01, quantile=2.0).word,
    ]
    assert words == ["above the limit", "below the limit", "pass", "regression"]
    verdict = question("limit", "lower", 0.3, 0.1).answer(0.1, error=0.01, quantile=2.0)
    broken = Outcome("run", "", (verdict,))
    assert (broken.exit_code, broken.summary) == (1, "1 above the limit")


def test_a_figure_with_two_bounds_counts_once() -> None:
    limit = question("limit", "lower", 0.09, 0.1).answer(-0.1, error=0.01, quantile=2.0)
    loss = question("loss", "lower", 0.09, 0.05).answer(-0.1, error=0.01, quantile=2.0)
    worse = question("loss", "lower", 0.09, 0.05).answer(0.03, error=0.01, quantile=2.0)
    assert Outcome("run", "", (limit, loss)).summary == "1 pass"
    assert Outcome("run", "", (limit, worse)).summary == "1 regression"
    assert [verdict.doubtful for verdict in (limit, loss, worse)] == [False, True, False]
    assert loss.allowed == 0.02


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
