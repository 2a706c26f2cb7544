"""What scoring keeps in memory."""

import tracemalloc
from pathlib import Path

from scoring_runs import Run

from emobench.benchmark.run_record import ConditionRecord
from emobench.benchmark.scoring import score

METRICS = ("ece", "nll", "reliability", "weighted_f1")


def peak_of_scoring(path: Path, conditions: int) -> int:
    """Return the most bytes that scoring a run of so many conditions has in use at once."""
    stressed = (ConditionRecord(text=f"noise:snr={level}") for level in range(1, conditions))
    folder = Run(seeds=(0,), conditions=(ConditionRecord(text="clean"), *stressed), metrics=METRICS, draws=5_000).write(
        path
    )
    tracemalloc.start()
    try:
        score(folder)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_does_not_grow_with_the_number_of_conditions(tmp_path: Path) -> None:
    peak_of_scoring(tmp_path / "warm", 2)  # what is kept for good, such as the uniform numbers of the noise floors
    few, many = peak_of_scoring(tmp_path / "few", 3), peak_of_scoring(tmp_path / "many", 12)
    # The figures themselves are kept: some hundred bytes each, where the draws behind one of them take 40,000.
    assert many < 1.05 * few
