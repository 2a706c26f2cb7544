"""Jobs ahead of their use: in order, few at a time, and no thread is left behind."""

import itertools
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from emobench.benchmark.background import Background, meanwhile
from emobench.benchmark.errors import RunFolderError


def job(name: str, things: int, made: list[str], error: BaseException | None = None) -> Callable[[], Iterator[object]]:
    def make() -> Iterator[object]:
        for number in range(things):
            made.append(f"{name}{number}")
            yield f"{name}{number}"
        if error is not None:
            raise error

    return make


def names_of_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate()]


def test_what_jobs_make_comes_in_order_from_another_thread() -> None:
    threads: list[str] = []

    def named() -> Iterator[object]:
        threads.append(threading.current_thread().name)
        yield 1

    with Background([job("a", 3, []), job("b", 0, []), named], most=2) as background:
        assert [list(background.job(number)) for number in range(3)] == [["a0", "a1", "a2"], [], [1]]
    assert threads == ["emobench ahead"]
    assert "emobench ahead" not in names_of_threads()


def test_what_was_not_taken_is_passed_over() -> None:
    with Background([job("a", 5, []), job("b", 5, []), job("c", 2, [])], most=1) as background:
        assert next(background.job(0)) == "a0"
        assert list(background.job(2)) == ["c0", "c1"]


def test_few_things_are_made_ahead() -> None:
    made: list[str] = []
    with Background([job("a", 100, made)], most=3) as background:
        things = background.job(0)
        assert [next(things), next(things)] == ["a0", "a1"]
        # Two are taken, three wait, and one may be in hand.
        assert len(made) <= 6
    assert len(made) <= 6
    assert "emobench ahead" not in names_of_threads()


def test_the_thread_is_woken_once_for_several_things() -> None:
    woken: list[str] = []
    background = Background([job("a", 64, [])], most=8)
    notify = background._changed.notify_all

    def noted() -> None:
        woken.append(threading.current_thread().name)
        notify()

    background._changed.notify_all = noted  # type: ignore[method-assign]  # to count
    with background:
        while len(background._parts) < 8:
            time.sleep(0.001)
        things = background.job(0)
        assert [next(things) for _ in range(3)] == ["a0", "a1", "a2"]
        assert woken.count(threading.current_thread().name) == 0
        assert len([*things]) == 61
        assert len(background._parts) <= 8


@pytest.mark.parametrize("error", [ValueError("no sound"), SystemExit(3)])
def test_a_fault_is_raised_to_whoever_takes_and_costs_that_job_only(error: BaseException) -> None:
    with Background([job("a", 1, [], error), job("b", 1, [])], most=4) as background:
        things = background.job(0)
        assert next(things) == "a0"
        with pytest.raises(type(error), match=str(error)):
            next(things)
        assert list(background.job(1)) == ["b0"]


def test_the_thread_ends_while_it_waits_for_room() -> None:
    waiting = threading.Event()

    def endless() -> Iterator[object]:
        yield 0
        waiting.set()
        yield from itertools.repeat(1)

    def interrupted() -> None:
        with Background([endless], most=1):
            waiting.wait(timeout=60)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert waiting.is_set()
    assert "emobench ahead" not in names_of_threads()


def test_no_jobs_are_no_work() -> None:
    with Background([], most=1):
        pass
    assert "emobench ahead" not in names_of_threads()


def test_leaving_while_the_end_of_a_job_waits_for_room_ends_the_thread() -> None:
    resumed = threading.Event()

    def one() -> Iterator[object]:
        yield 1
        resumed.set()

    with Background([one, one], most=1):
        # The thing has a place; that the job has ended has none, as nobody takes.
        assert resumed.wait(timeout=60)
    assert "emobench ahead" not in names_of_threads()


def test_what_is_done_meanwhile_runs_beside_and_is_over_at_the_end() -> None:
    begun, going, done = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        assert going.wait(timeout=60)
        done.set()

    with meanwhile(work):
        # It would never begin, had it to wait for the caller, nor the caller go on, had it to wait for it.
        assert begun.wait(timeout=60)
        assert not done.is_set()
        going.set()
    assert done.is_set()
    assert not [name for name in names_of_threads() if name.startswith("emobench")]


def test_what_fails_meanwhile_is_raised_at_the_end() -> None:
    reached = []

    def full() -> None:
        raise RunFolderError("no room")

    with pytest.raises(RunFolderError, match="no room"), meanwhile(full):
        reached.append(True)
    assert reached


def test_of_two_faults_the_callers_is_raised() -> None:
    def full() -> None:
        raise RunFolderError("no room")

    with pytest.raises(KeyboardInterrupt), meanwhile(full):
        raise KeyboardInterrupt
