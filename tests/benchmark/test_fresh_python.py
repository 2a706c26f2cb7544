import ctypes
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from emobench.benchmark import fresh_python

CHILD = """
import os, sys, time
from emobench.benchmark.fresh_python import end_with
end_with(int(sys.argv[1]))
print("ready", flush=True)
time.sleep(60)
"""
PARENT = f"""
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", {CHILD!r}, str(os.getpid())], stdout=subprocess.PIPE, text=True)
print(child.pid, child.stdout.readline(), flush=True)
time.sleep(60)
"""


def runs(number: int) -> bool:
    try:
        state = Path(f"/proc/{number}/stat").read_text(encoding="utf-8", errors="replace").rpartition(") ")[2][0]
    except OSError:
        return False
    return state != "Z"


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "prctl"), reason="a system without prctl")
def test_a_process_ends_with_the_one_that_started_it() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT], stdout=-1, env=fresh_python.environment(), text=True
    ) as parent:
        assert parent.stdout is not None
        child, ready = parent.stdout.readline().split()
        assert (ready, runs(int(child))) == ("ready", True)
        parent.kill()
    until = time.monotonic() + 20
    while runs(int(child)) and time.monotonic() < until:
        time.sleep(0.05)
    assert not runs(int(child))


@pytest.mark.parametrize("gone", [False, True])
def test_it_asks_the_system_and_ends_at_once_where_that_one_is_gone(
    monkeypatch: pytest.MonkeyPatch, gone: bool
) -> None:
    asked, killed = list[tuple[int, ...]](), list[tuple[int, ...]]()
    system = SimpleNamespace(prctl=lambda *arguments: asked.append(arguments))
    monkeypatch.setattr(ctypes, "CDLL", lambda name: system)
    monkeypatch.setattr(os, "kill", lambda *arguments: killed.append(arguments))
    fresh_python.end_with(os.getppid() + gone)
    assert asked == [(1, signal.SIGKILL)]
    assert killed == [(os.getpid(), signal.SIGKILL)] * gone


def test_a_system_that_cannot_is_let_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda name: SimpleNamespace())
    monkeypatch.setattr(os, "kill", lambda *arguments: pytest.fail("killed"))
    fresh_python.end_with(1)
