import gc
from collections.abc import Callable
from itertools import count

import numpy as np
import pytest
from fake_clocks import FakeClock

from emobench.benchmark.latency import interference, timing
from emobench.benchmark.latency.devices import HostStopwatch
from emobench.benchmark.latency.record import WarmUpRecord
from emobench.benchmark.latency.timing import Limit, Rules, Step, Timed, measure, warmed_up
from emobench.benchmark.randomness import Randomness


def order() -> np.random.Generator:
    return Randomness(0, ("order",)).generator()


def reference(clock: FakeClock, milliseconds: float = 1.0) -> Callable[[], float]:
    def timed() -> float:
        clock.work(milliseconds)()
        return milliseconds

    return timed


def measured(clock: FakeClock, units: list[list[Step]], rules: Rules) -> Timed:
    return measure(units, HostStopwatch(clock), rules, reference=reference(clock), order=order(), clock=clock)


def test_known_durations_come_back() -> None:
    clock = FakeClock()
    timed = measured(clock, [[Step(clock.work(4.0), 0)]], Rules(iterations=20, seconds=0.01))
    assert set(timed.samples.host) == {4.0}
    assert np.isnan(timed.samples.device).all()
    assert timed.warm_up == WarmUpRecord(iterations=21, settled=True, first=4.0, seconds=0.004, complete=True)
    assert timed.notes == ()


@pytest.mark.parametrize(("rules", "expected"), [(Rules(30, 0.001), 30), (Rules(5, 0.4), 100)])
def test_it_goes_on_until_both_the_count_and_the_time_are_reached(rules: Rules, expected: int) -> None:
    clock = FakeClock()
    assert len(measured(clock, [[Step(clock.work(4.0), 0)]], rules).samples.host) == expected


def test_the_limit_ends_it_and_is_noted() -> None:
    clock = FakeClock()
    timed = measured(clock, [[Step(clock.work(100.0), 0)]], Rules(iterations=1000, seconds=2, limit=5))
    assert 10 < len(timed.samples.host) < 1000
    assert timed.notes[0].startswith("ended at the limit of 5 s, after ")
    assert clock.now <= 5.2e9


def test_the_reference_is_timed_before_between_and_after() -> None:
    clock = FakeClock()
    timed = measured(clock, [[Step(clock.work(1.0), 0)]], Rules(iterations=100, seconds=0.01))
    assert timed.samples.block == [block for block in range(10) for _ in range(10)]
    assert timed.reference == (1.0,) * 11


def test_after_the_reference_a_unit_is_done_once_without_being_timed() -> None:
    clock, calls = FakeClock(), count()

    def work() -> None:
        next(calls)
        clock.work(1.0)()

    timed = measured(clock, [[Step(work, 0)]], Rules(iterations=100, seconds=0.01))
    assert next(calls) == timed.warm_up.iterations + 100 + 9


def test_garbage_is_collected_before_the_first_sample_and_left_on(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, seen = FakeClock(), []
    monkeypatch.setattr(timing.gc, "collect", lambda: seen.append("collected"))

    def work() -> None:
        seen.append("on" if gc.isenabled() else "off")
        clock.work(1.0)()

    timed = measured(clock, [[Step(work, 0)]], Rules(iterations=20, seconds=0.01))
    assert seen == ["on"] * timed.warm_up.iterations + ["collected"] + ["on"] * (
        len(seen) - timed.warm_up.iterations - 1
    )


def test_what_interferes_is_watched_from_the_end_of_the_warm_up_to_the_last_sample(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock, calls = FakeClock(), count()
    usual = interference.Snapshot(0.0, None, None, 0.0, 0, 0, 0, {})
    monkeypatch.setattr(timing, "snapshot", lambda: usual._replace(seconds=clock.now / 1e9))

    def cold() -> None:
        # A warm-up of which compiling took a minute.
        clock.work(1.0 if next(calls) else 60_000.0)()

    units = [[Step(cold, 0)]]
    options = {"reference": reference(clock), "order": order(), "clock": clock, "whole_passes": 1}
    timed = measure(units, HostStopwatch(clock), Rules(100, 0.01, 10), **options)  # type: ignore[arg-type]  # as named
    assert timed.span.before.seconds == pytest.approx(60 + (timed.warm_up.iterations - 1) / 1000)
    # 100 iterations, those after a reading that are not timed, and the readings.
    assert timed.span.after.seconds - timed.span.before.seconds == pytest.approx((100 + 9 + 11) / 1000)


def test_steps_of_a_unit_keep_their_order_and_units_change_theirs() -> None:
    clock, seen = FakeClock(), []

    def step(dialogue: int, turn: int) -> Step:
        def work() -> None:
            seen.append((dialogue, turn))
            clock.work(1.0)()

        return Step(work, turn)

    units = [[step(dialogue, turn) for turn in range(3)] for dialogue in range(4)]
    timed = measured(clock, units, Rules(iterations=240, seconds=0.01))
    assert timed.samples.turn == [0, 1, 2] * 80
    assert [turn for _, turn in seen] == [0, 1, 2] * (len(seen) // 3)


def test_every_pass_goes_over_all_units_in_an_order_of_its_own() -> None:
    clock, units = FakeClock(), 5
    # The position of a sample's unit stands in for its turn.
    timed = measured(
        clock, [[Step(clock.work(1.0), unit)] for unit in range(units)], Rules(iterations=500, seconds=0.01)
    )
    # A unit that only takes up again what the reference has driven out is not timed, so nothing is left out of a pass.
    passes = [tuple(timed.samples.turn[place : place + units]) for place in range(0, 500, units)]
    assert {tuple(sorted(one)) for one in passes} == {tuple(range(units))}
    assert len(set(passes)) > 20


def test_warm_up_goes_on_until_the_median_settles() -> None:
    clock, calls = FakeClock(), count()

    def cold() -> None:
        # Each of the first windows is a fifth faster than the one before.
        clock.work(10 * 0.8 ** min(next(calls) // 10, 5))()

    found = warmed_up([[Step(cold, 0)]] * 10, HostStopwatch(clock), Limit(60, clock))
    assert found.settled
    assert found.first == 10.0
    assert found.iterations == 70
    assert found.seconds == pytest.approx(0.1)


def test_what_never_settles_is_measured_and_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timing, "MOST_WINDOWS", 4)
    clock, calls = FakeClock(), count()

    def growing() -> None:
        clock.work(2.0 ** (next(calls) // 10))()

    timed = measured(clock, [[Step(growing, 0)]], Rules(iterations=5, seconds=0.001))
    assert not timed.warm_up.settled
    assert timed.warm_up.iterations == 41
    assert timed.notes == ("the median did not settle in the warm-up",)


def test_a_slow_warm_up_leaves_out_inputs_and_says_so() -> None:
    clock = FakeClock()
    timed = measured(clock, [[Step(clock.work(600.0), 0)]] * 50, Rules(iterations=5, seconds=1, limit=10))
    assert not timed.warm_up.complete
    assert "the warm-up ended before it had seen every input" in timed.notes
    assert len(timed.samples.host) >= 5


def test_a_window_of_warm_up_is_made_of_whole_units() -> None:
    clock = FakeClock()
    found = warmed_up([[Step(clock.work(1.0), turn) for turn in range(4)]] * 2, HostStopwatch(clock), Limit(60, clock))
    assert found.iterations == 8 + 12 + 12


def test_compiling_may_take_longer_than_the_limit_which_counts_afterwards() -> None:
    clock, calls = FakeClock(), count()

    def compiled() -> None:
        clock.work(30_000.0 if next(calls) < 2 else 10.0)()

    def timed(*, whole_passes: int) -> Timed:
        units = [[Step(compiled, 0)]] * 5
        options = {"reference": reference(clock), "order": order(), "clock": clock}
        return measure(units, HostStopwatch(clock), Rules(20, 0.1, 10), whole_passes=whole_passes, **options)  # type: ignore[arg-type]  # as named

    found = timed(whole_passes=1)
    assert (found.warm_up.complete, found.warm_up.settled, found.notes) == (True, True, ())
    assert found.warm_up.seconds == pytest.approx(60.03)
    assert set(found.samples.host) == {10.0}
    calls = count()
    assert not timed(whole_passes=0).warm_up.complete


@pytest.mark.parametrize(("whole_passes", "unrecorded", "windows"), [(1, 30, 3), (3, 0, 2)])
def test_what_is_recorded_the_second_time_is_so_after_three_passes(
    whole_passes: int, unrecorded: int, windows: int
) -> None:
    clock, seen = FakeClock(), [0] * 40

    def of(shape: int) -> list[Step]:
        def work() -> None:
            seen[shape] += 1
            clock.work(500.0 if seen[shape] <= 2 else 1.0)()

        return [Step(work, 0)]

    found = warmed_up([*map(of, range(40))], HostStopwatch(clock), Limit(60, clock), whole_passes=whole_passes)
    assert found.seconds == pytest.approx(20.0)
    assert seen.count(1) == unrecorded
    assert found.iterations == 40 * whole_passes + 10 * windows
