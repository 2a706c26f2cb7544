"""Progress: bars on a terminal, few plain lines elsewhere."""

import io

import pytest

from emobench.benchmark import progress


def test_plain_lines_begin_and_end_and_are_few(capsys: pytest.CaptureFixture[str]) -> None:
    with progress.shown() as show:
        for done in range(101):
            show("training", done, 100)
        show("predicting", 1, 2)
    assert capsys.readouterr().err.splitlines() == ["training: 0/100", "training: 100/100", "predicting: 1/2"]


def test_long_work_says_now_and_then_how_far_it_is(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter(range(0, 1000, 2))
    monkeypatch.setattr(progress.time, "monotonic", lambda: float(next(clock)))
    show = progress.PlainLines()
    for done in range(7):
        show("training", done, 100)
    assert capsys.readouterr().err.splitlines() == ["training: 0/100", "training: 3/100", "training: 6/100"]


def test_quiet_is_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    with progress.shown(quiet=True) as show:
        show("training", 1, 2)
    assert capsys.readouterr().err == ""


def test_a_terminal_gets_bars(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setattr(progress.sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    with progress.shown() as show:
        show("training", 1, 2)
        show("training", 2, 2)
    assert "training" in terminal.getvalue()
