"""Ctrl-C waits for a moment at which nothing is lost, but not for ever."""

import signal
import threading

import pytest

from emobench.benchmark.executors.interrupts import interrupts_held


def test_one_is_held_until_it_is_let_through_and_a_second_is_not_held() -> None:
    with interrupts_held() as let_through:
        let_through()
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            let_through()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_afterwards_it_is_as_before() -> None:
    with pytest.raises(ZeroDivisionError), interrupts_held():
        raise ZeroDivisionError
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


def test_what_a_program_does_with_it_is_its_own_affair() -> None:
    heard: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, frame: heard.append(number))
    try:
        with interrupts_held() as let_through:
            signal.raise_signal(signal.SIGINT)
            let_through()
    finally:
        signal.signal(signal.SIGINT, before)
    assert heard == [signal.SIGINT]


def test_in_a_thread_nothing_is_changed() -> None:
    found: list[object] = []

    def hold() -> None:
        with interrupts_held() as let_through:
            let_through()
            found.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=hold)
    thread.start()
    thread.join()
    assert found == [signal.default_int_handler]
