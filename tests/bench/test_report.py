"""CPU time and memory of a large report, as ratios to what drawing as many plain figures takes in the same run."""

import os
import subprocess
import sys
from pathlib import Path

from claims import Claims
from fake_run import make_run
from pytest_benchmark.fixture import BenchmarkFixture

MODELS = ("rage_fusion", "late_fusion", "m3net", "sdt", "mmgcn", "cmerc", "prior", "mister_e", "other", "bayes_optimal")
PLAIN = """
import io, sys
from matplotlib.figure import Figure
for _ in range(int(sys.argv[1])):
    figure = Figure(figsize=(4, 3))
    figure.add_subplot().plot([0, 1], [0, 1])
    figure.savefig(io.BytesIO(), format="svg")
"""
# A process's peak begins with that of the one that starts it: a small one has to.
LAUNCH = """
import os, subprocess, sys
started = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, usage = os.wait4(started.pid, 0)
print(usage.ru_utime + usage.ru_stime, usage.ru_maxrss)
sys.exit(os.waitstatus_to_exitcode(status))
"""


def used(command: list[str], home: Path) -> tuple[float, float]:
    """Return the CPU seconds and the peak of memory in MiB of a command."""
    words, env = [sys.executable, "-S", "-c", LAUNCH, *command], {**os.environ, "EMOBENCH_HOME": str(home)}
    done = subprocess.run(words, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=env, text=True)
    processor, kib = map(float, done.stdout.split())
    return processor, kib / 1024


def test_the_page_of_ten_models_and_forty_conditions(
    benchmark: BenchmarkFixture, claim: Claims, tmp_path: Path
) -> None:
    """The first report of a run, no figure drawn before."""
    folder = make_run(tmp_path / "run", models=MODELS, stresses=True, sets=True, dialogues=60)
    report = [sys.executable, "-m", "emobench", "report", str(folder.path), "--format", "html"]
    taken: list[tuple[float, float]] = []
    homes = (tmp_path / f"home-{number}" for number in range(100))
    benchmark.pedantic(lambda: taken.append(used(report, next(homes))), rounds=3)
    figures = (folder.path / "report.html").read_text(encoding="utf-8").count("<figure")
    assert figures > 25
    plain = [used([sys.executable, "-c", PLAIN, str(figures)], tmp_path) for _ in range(3)]
    (report_time, memory), (plain_time, plain_memory) = min(taken), min(plain)
    benchmark.extra_info["figures"] = figures
    name, reference = "report: page of 10 models, 41 conditions", f"{figures} plain figures by matplotlib"
    claim(
        f"{name}, processor time",
        report_time / plain_time,
        at_most=4,
        reference=reference,
        measured=(report_time, plain_time),
    )
    claim(
        f"{name}, peak memory",
        memory / plain_memory,
        at_most=4,
        reference=reference,
        measured=(memory, plain_memory),
        unit="MiB",
    )
