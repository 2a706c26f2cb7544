"""Ctrl-C between two things that the driver does instead of in the middle of one."""

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType


@contextlib.contextmanager
def interrupts_held() -> Iterator[Callable[[], None]]:
    """Hold Ctrl-C back until the function that is yielded is called, which raises KeyboardInterrupt if one came.

    What a worker told would else be lost between pipe and record, or a message be left in the pipe by halves. Who
    presses it again need not wait. Nothing is held back in a thread, or where a program has its own way with Ctrl-C.
    """
    came = threading.Event()

    def hold(number: int, frame: FrameType | None) -> None:
        if came.is_set():
            raise KeyboardInterrupt
        came.set()

    def let_through() -> None:
        if came.is_set():
            raise KeyboardInterrupt

    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield let_through
        return
    signal.signal(signal.SIGINT, hold)
    try:
        yield let_through
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
