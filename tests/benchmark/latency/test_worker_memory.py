"""What counts as the memory that a model adds, and what it is asked with does not."""

from collections.abc import Callable, Iterator

import pytest
from worker_orders import RAGE, order

from emobench.benchmark.latency import worker
from emobench.benchmark.latency.cost import resident_peak
from emobench.benchmark.latency.worker import measured

MB = 1_000_000


def saying(*megabytes: int) -> Callable[[], int]:
    numbers: Iterator[int] = iter(megabytes)
    return lambda: MB * next(numbers)


@pytest.mark.parametrize(
    ("at_the_end", "added"),
    [
        # 300 before anything; 40 of questions, while there were 380; so 500 at the end are 160 more than 340.
        (500, 160),
        # Loading took 420 before the questions were there, which would have been 460 with them.
        (430, 120),
    ],
)
def test_questions_are_no_memory_of_the_model(
    stem: Callable[[str], str], monkeypatch: pytest.MonkeyPatch, at_the_end: int, added: int
) -> None:
    monkeypatch.setattr(worker, "resident", saying(300, 380, 420))
    monkeypatch.setattr(worker, "resident_peak", saying(420, at_the_end))
    answer, _ = measured(order(stem("prior")))
    cost = answer.cost
    assert cost is not None
    assert cost.resident_before == 340 * MB
    assert cost.resident_peak is not None
    assert cost.resident_peak - cost.resident_before == added * MB


def test_a_system_that_does_not_tell_is_not_guessed(
    stem: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "resident", lambda: None)
    monkeypatch.setattr(worker, "resident_peak", lambda: None)
    answer, _ = measured(order(stem("prior")))
    assert answer.cost is not None
    assert (answer.cost.resident_before, answer.cost.resident_peak) == (None, None)


def test_it_counts_from_before_the_model_to_the_end_of_the_whole_and_no_further(
    stem: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []

    def watch(name: str) -> None:
        ours = getattr(worker, name)

        def told(*arguments: object, **options: object) -> object:
            said.append(name)
            return ours(*arguments, **options)

        monkeypatch.setattr(worker, name, told)

    names = ("forget_peak", "reference_for", "fitted_subject", "workload", "_timed", "resident_peak", "forward_units")
    for name in names:
        watch(name)
    answer, _ = measured(order(stem(RAGE), model=RAGE))
    assert answer.state == "done"
    # The last model is that whose operations are counted.
    assert said == [
        "reference_for", "forget_peak", "fitted_subject", "resident_peak", "workload", "_timed", "resident_peak",
        "forward_units", "_timed", "fitted_subject",
    ]  # fmt: skip


def test_what_was_held_before_is_no_peak_of_the_model(stem: Callable[[str], str]) -> None:
    held = bytearray(300 * MB)
    held[::4096] = b"x" * len(held[::4096])
    del held
    before = resident_peak()
    answer, _ = measured(order(stem("prior")))
    assert answer.cost is not None
    assert before is not None
    assert answer.cost.resident_peak is not None
    assert answer.cost.resident_peak < before - 100 * MB
