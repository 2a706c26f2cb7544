"""The gate from training to verdict, as it is typed."""

from pathlib import Path

import pytest

from emobench.benchmark.command_line import exit_code
from emobench.benchmark.run_folder import RunFolder

MODEL = "rage_fusion:epochs=4"
DATA = "simulated:test=60,train=60,validation=30"
RULES = """
[[rule]]
metric = "ece"
max_loss = 0.03
min_effect = 0.005
baseline_model = "rage_fusion:epochs=4"
"""


def run(out: Path, *words: str, model: str = MODEL) -> RunFolder:
    command = ["run", "--model", model, "--data", DATA, "--draws", "1000", "--metric", "ece", "--format", "latex"]
    assert exit_code([*command, *words, "--out", str(out), "--quiet"]) == 0
    return RunFolder(out)


def test_another_seed_passes_and_a_temperature_of_0_4_fails_on_ece(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    rules, baseline = tmp_path / "rules.toml", tmp_path / "baseline.toml"
    rules.write_text(RULES, encoding="utf-8")
    run(tmp_path / "main")
    other = run(tmp_path / "other", "--first-seed", "1")
    assert other.read_record().seeds == (1,)
    sharp = run(tmp_path / "sharp", "--first-seed", "1", model=f"{MODEL}+temperature:value=0.4")
    assert exit_code(["accept", str(tmp_path / "main"), "--as", str(baseline), "--quiet"]) == 0

    def checked(folder: RunFolder) -> tuple[int, str]:
        code = exit_code(["check", str(folder.path), "--against", str(baseline), "--rules", str(rules), "--no-github"])
        return code, " ".join(capsys.readouterr().out.split())

    code, said = checked(other)
    assert code == 0, said
    assert "is unchanged" not in said, "it is another training"
    code, said = checked(sharp)
    assert code == 1, said
    assert f"{MODEL}+temperature:value=0.4 on" in said.replace("width=32+ ", "width=32+")
    assert "ECE on clean input rose from" in said
    assert "more than the 0.030 allowed" in said
