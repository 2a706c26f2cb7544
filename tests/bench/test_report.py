"""CPU time and memory of a large report, as ratios to what drawing as many plain figures takes in the same run."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from claims import Claims
from fake_conditions import many
from fake_run import make_run
from pytest_benchmark.fixture import BenchmarkFixture

from emobench.benchmark.run_folder import RunFolder

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
import os, subprocess, sys, time
begun = time.perf_counter()
started = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, usage = os.wait4(started.pid, 0)
print(usage.ru_utime + usage.ru_stime, usage.ru_maxrss, time.perf_counter() - begun)
sys.exit(os.waitstatus_to_exitcode(status))
"""
LEFT_OUT = re.compile(
    r"occlusion:.*(modality=(video|audio)|fraction=0\.1)|noise:[^+]*snr_db=(10|0)$|modality_drop:rate=0\.[246]$|"
    r"context_removal:window=3|order:rate=0.25|modality_drop:drop=video,fill"
)
"""Rungs between the others: what is left is forty conditions and clean input, of every protocol."""
PAGE_SECONDS, ALL_SECONDS, ALL_MIB = 5, 30, 1536
"""What the first page may take, and all formats together, on two cores."""


class Used(NamedTuple):
    """What a command took."""

    processor: float
    """Seconds of computing, of its own processes too."""
    memory: float
    """Peak of its largest process in MiB."""
    clock: float
    """Seconds that went by."""


def used(command: list[str], home: Path) -> Used:
    """Return what a command takes."""
    words, env = [sys.executable, "-S", "-c", LAUNCH, *command], {**os.environ, "EMOBENCH_HOME": str(home)}
    done = subprocess.run(words, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=env, text=True)
    processor, kib, clock = map(float, done.stdout.split())
    return Used(processor, kib / 1024, clock)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    conditions = [condition.text for condition in many() if not LEFT_OUT.match(condition.text)]
    assert len(conditions) == 41, "forty and clean"
    into = tmp_path_factory.mktemp("report") / "run"
    return make_run(into, models=MODELS, stresses=True, sets=True, dialogues=60, only=conditions)


def test_the_page_of_ten_models_and_forty_conditions(
    benchmark: BenchmarkFixture, claim: Claims, tmp_path: Path, folder: RunFolder
) -> None:
    """The first report of a run, no figure drawn before."""
    report = [sys.executable, "-m", "emobench", "report", str(folder.path), "--format", "html"]
    taken: list[Used] = []
    homes = (tmp_path / f"home-{number}" for number in range(100))
    benchmark.pedantic(lambda: taken.append(used(report, next(homes))), rounds=3)
    figures = (folder.path / "report.html").read_text(encoding="utf-8").count("<figure")
    assert figures > 25
    plain = [used([sys.executable, "-c", PLAIN, str(figures)], tmp_path) for _ in range(3)]
    (report_time, memory, clock), (plain_time, plain_memory, _) = min(taken), min(plain)
    benchmark.extra_info["figures"] = figures
    name, reference = "report: page of 10 models, 40 conditions", f"{figures} plain figures by matplotlib"
    claim(
        f"{name}, by the clock",
        clock / PAGE_SECONDS,
        at_most=1,
        reference=f"{PAGE_SECONDS} seconds",
        measured=(clock, PAGE_SECONDS),
    )
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


def test_every_format_of_ten_models_and_forty_conditions(
    benchmark: BenchmarkFixture, claim: Claims, tmp_path: Path, folder: RunFolder
) -> None:
    """All five, no figure drawn before."""
    formats = [word for name in ("html", "latex", "markdown", "csv", "figures") for word in ("--format", name)]
    report = [sys.executable, "-m", "emobench", "report", str(folder.path), *formats]
    taken: list[Used] = []
    benchmark.pedantic(lambda: taken.append(used(report, tmp_path / "home")), rounds=1)
    name, (_, memory, clock) = "report: all formats of 10 models, 40 conditions", taken[0]
    claim(
        f"{name}, by the clock",
        clock / ALL_SECONDS,
        at_most=1,
        reference=f"{ALL_SECONDS} seconds",
        measured=(clock, ALL_SECONDS),
    )
    claim(
        f"{name}, peak memory",
        memory / ALL_MIB,
        at_most=1,
        reference="1.5 GiB",
        measured=(memory, ALL_MIB),
        unit="MiB",
    )
