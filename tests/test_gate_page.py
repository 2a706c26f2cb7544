"""The page about the gate: its rules can be read, its job can be run."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import typer

from emobench.benchmark.command_line.app import app
from emobench.benchmark.gate.rules import Rule, read_rules

PAGE = Path(__file__).parents[1] / "docs" / "gate.md"


def blocks(language: str) -> list[str]:
    # All blocks are looked for: the closing fence of one is no opening fence.
    every = re.findall(r"^```(\w*)\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return [block for of, block in every if of == language]


def commands() -> Iterator[list[str]]:
    """Yield every emobench command line of the page, split as a shell would."""
    for block in (*blocks(""), *blocks("yaml")):
        for line in block.splitlines():
            found = re.search(
                r"(?:^|run: )emobench (.*)", re.sub(r" {6,}.*", "", line) if block in blocks("") else line
            )
            if found:
                yield shlex.split(found[1])


def test_the_rules_of_the_page_can_be_read(tmp_path: Path) -> None:
    found = []
    for block in blocks("toml"):
        (tmp_path / "rules.toml").write_text(block, encoding="utf-8")
        found.append([rule.metric for rule in read_rules(tmp_path / "rules.toml")])
    assert found == [["ece", "weighted_f1"], ["latency_p95", "over_budget"], ["ece"]]


def test_every_key_of_a_rule_is_in_the_table() -> None:
    text = PAGE.read_text(encoding="utf-8")
    table = text[text.index("| key |") : text.index("`limit` or `max_loss` has")]
    assert set(re.findall(r"`(\w+)`", " ".join(line.split("|")[1] for line in table.strip().splitlines()))) == set(
        Rule.model_fields
    )


def test_rules_come_before_the_commands_that_use_them() -> None:
    text = PAGE.read_text(encoding="utf-8")
    first, _, second = (text.index(block) for block in blocks("toml"))
    checks = [place.start() for place in re.finditer(r"^emobench check", text, re.MULTILINE)]
    assert first < checks[0] < second < checks[1]


def test_the_job_is_for_somebody_elses_repository() -> None:
    (job,) = blocks("yaml")
    assert "constraints.txt" not in job
    assert re.search(r'pip install "emobench @ git\+EMOBENCH_URL@\w+"', job)


def test_the_exit_codes_of_the_page_are_all_there() -> None:
    codes = re.findall(r"^\| (\d) \| ", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert codes == ["0", "1", "2", "3", "4", "5"]


def test_every_command_of_the_page_exists_with_its_options() -> None:
    root = typer.main.get_command(app)
    found = list(commands())
    tried = ["run", "run", "run", "accept", "check", "check"]
    assert [words[0] for words in found] == ["accept", "check", *tried, "run", "check"]
    for words in found:
        command = root.commands[words[0]]  # type: ignore[attr-defined]  # the root is a group
        options = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
        assert {word for word in words if word.startswith("--")} <= options, words


def test_the_job_is_whole() -> None:
    """Structure only: keys at their depth, no tabs, every step with one thing to do."""
    (job,) = blocks("yaml")
    assert "\t" not in job
    lines = [line for line in job.splitlines() if line.strip()]
    assert [line.split(":")[0] for line in lines if not line.startswith(" ")] == ["name", "on", "jobs"]
    steps = re.split(r"^      - ", job.partition("    steps:\n")[2], flags=re.MULTILINE)[1:]
    does = [re.findall(r"^(?: {8})?(uses|run): (.+)$", step, re.MULTILINE) for step in steps]
    assert [len(step) for step in does] == [1] * 6
    kinds = [what.split("@")[0].split()[0] for ((_, what),) in does]
    assert kinds == [
        "actions/checkout",
        "actions/setup-python",
        "pip",
        "emobench",
        "emobench",
        "actions/upload-artifact",
    ]
    assert all(re.fullmatch(r"( {2})*\S.*", line) for line in lines)
    written = shlex.split(does[4][0][1])
    for option in ("--junit", "--markdown"):
        assert written[written.index(option) + 1] in steps[5], "what is written is kept"
