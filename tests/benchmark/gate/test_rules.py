"""Rules: what can be written, and what is said of what cannot."""

from collections.abc import Callable
from pathlib import Path

import pytest

from emobench.benchmark.errors import SpecError
from emobench.benchmark.gate.rules import Rule, make_rule, read_rules


def test_every_key_is_read_and_the_metric_is_written_canonically(write_rules: Callable[[str], Path]) -> None:
    text = """
    [[rule]]
    metric = "ece:bins=15"
    limit = 1
    [[rule]]
    metric = "confusion"
    model = "rage_fusion*"
    data = "mosi"
    condition = "modality_drop:*"
    part = "joy*"
    limit = 0.15
    max_loss = 0.02
    min_effect = 0.005
    min_utterances = 300
    direction = "higher"
    baseline_model = "rage_fusion"
    """
    first, second = read_rules(write_rules(text))
    assert first == Rule(metric="ece", limit=1.0)
    assert second.model_dump() == {
        "metric": "confusion",
        "model": "rage_fusion*",
        "data": "mosi",
        "condition": "modality_drop:*",
        "part": "joy*",
        "limit": 0.15,
        "max_loss": 0.02,
        "min_effect": 0.005,
        "min_utterances": 300,
        "direction": "higher",
        "baseline_model": "rage_fusion",
    }


GOOD = '[[rule]]\nmetric = "ece"\nlimit = 0.1\n'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            GOOD + '\n[[rule]]\nmetric = "ecce"\nlimit = 1',
            "rule 2, line 5: metric: unknown metric 'ecce'; did",
        ),
        (
            '[[rule]]\nmetric = "latency_p94"\nlimit = 1',
            "rule 1, line 1: metric: unknown metric 'latency_p94'; did you mean 'latency_p99' or",
        ),
        (GOOD + "max_los = 0.1", "rule 1, line 1: unknown key 'max_los'; did you mean 'max_loss'?"),
        ("[[rule]]\nlimit = 0.1", "rule 1, line 1: expected the key 'metric', such as metric = \"ece\""),
        ('[[rule]]\nmetric = "ece"', "rule 1, line 1: expected limit or max_loss or both, got neither"),
        ('rule = [{metric = "ece"}]', "rules.toml, rule 1: expected limit or max_loss or both, got neither"),
        (GOOD + 'max_loss = "0.1"', "max_loss: input should be a valid number, got '0.1'"),
        (GOOD + "max_loss = -0.1", "max_loss: input should be greater than or equal to 0, got -0.1"),
        (GOOD + "min_effect = nan", "min_effect: input should be a finite number"),
        (GOOD + "min_utterances = 2.5", "min_utterances: input should be a valid integer, got 2.5"),
        (GOOD + 'direction = "down"', "direction: input should be 'higher', 'lower' or 'zero', got 'down'"),
        ('[[rule]]\nmetric = "signed_gap"\nlimit = -0.1', "limit: expected a distance from zero, got -0.1"),
        (
            '[[rule]]\nmetric = "latency_p95"\nlimit = -50',
            "rule 1, line 1: limit: expected 0 or more for latency_p95, got -50",
        ),
        (
            '[[rule]]\nmetric = "over_budget"\nlimit = 5',
            "rule 1, line 1: limit: expected a share from 0 to 1, such as 0.05, got 5",
        ),
        (
            '[[rule]]\nmetric = "confusion"\nlimit = 1',
            "neither more nor less of confusion is better; add direction",
        ),
        ('[[rule]]\nmetric = "ece:bins=0"\nlimit = 1', "rule 1, line 1: metric: ece: expected bins"),
        ("rule = [3]", "rule 1: the rule: input should be a valid dictionary"),
        ("[[rules]]", "unknown key 'rules'; did you mean 'rule'?"),
        ("", "expected one [[rule]] or more, got none"),
        ("rule = 3", "expected one [[rule]] or more, got none"),
        ("[[rule", "is no TOML: "),
    ],
)
def test_a_mistake_is_one_line_that_names_the_place(
    text: str, message: str, write_rules: Callable[[str], Path]
) -> None:
    with pytest.raises(SpecError) as caught:
        read_rules(write_rules(text))
    assert message in str(caught.value)
    assert str(caught.value).count("\n") == 0


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"cannot read the rules .*: No such file or directory; see docs/gate\.md"):
        read_rules(tmp_path / "none.toml")
    (tmp_path / "latin.toml").write_bytes(b"\xff")
    with pytest.raises(SpecError, match="it is no UTF-8 text"):
        read_rules(tmp_path / "latin.toml")


def test_globs_match_whole_texts_and_case_counts() -> None:
    rule = make_rule({"metric": "ece", "limit": 0.1, "condition": "modality_drop:*", "model": "rage*"}, where="here")
    assert rule.wants(model="rage_fusion", data="any", condition="modality_drop:rate=0.5")
    assert not rule.wants(model="Rage_fusion", data="any", condition="modality_drop:rate=0.5")
    assert not rule.wants(model="rage_fusion", data="any", condition="noise:snr_db=5+modality_drop:rate=0.5")
