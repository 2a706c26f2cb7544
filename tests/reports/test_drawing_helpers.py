"""What several processes draw is what one draws, whatever happens to them."""

import contextlib
import io
import os
import pickle
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import matplotlib as mpl
import pytest
from fake_everything import make_everything
from matplotlib.figure import Figure

from emobench.benchmark import fresh_python
from emobench.reports import drawing_helpers
from emobench.reports.drawing_helpers import PATIENCE, WORTH, draw_all
from emobench.reports.drawing_jobs import Contents, Job, contents_of
from emobench.reports.drawing_process import serve
from emobench.reports.only import PartOfRun
from emobench.reports.paper_figures import paper_figures
from emobench.reports.plots import Trace, training
from emobench.reports.theme import PAPER, WEB, Theme

SEVERAL = 6


def jobs(count: int = SEVERAL) -> list[Job]:
    traces = [(Trace(((1, 0.1), (2, 0.2 + 0.1 * one)), 0, 2),) for one in range(count)]
    return [
        Job(f"slug-{one}", partial(training, traces=own, title="Loss", names=["validation"]), ("page", "svg"))
        for one, own in enumerate(traces)
    ]


def drawn(asked: list[Job], helpers: int, theme: Theme = PAPER) -> dict[int, Contents]:
    found: dict[int, Contents] = {}

    def done(place: int, contents: Contents) -> None:
        assert place not in found
        found[place] = contents

    draw_all(asked, theme, done, helpers=helpers)
    return found


def in_one(asked: list[Job], theme: Theme = PAPER) -> dict[int, Contents]:
    with theme.active():
        return {place: contents_of(job, theme) for place, job in enumerate(asked)}


def python(code: str) -> Callable[[str], list[str]]:
    return lambda module: [sys.executable, "-P", "-c", code]


def only_helpers(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Let this process draw only what comes back; return the places of that."""
    here: list[int] = []
    ready, real = threading.Event(), drawing_helpers._Helper._answer_to

    def answered(self: drawing_helpers._Helper, question: Theme | Job) -> object:
        answer = real(self, question)
        if isinstance(question, Theme):
            ready.set()
        return answer

    def noted(job: Job, theme: Theme) -> Contents:
        assert ready.wait(60)
        here.append(int(job.slug.removeprefix("slug-")))
        return contents_of(job, theme)

    monkeypatch.setattr(drawing_helpers._Helper, "_answer_to", answered)
    monkeypatch.setattr(drawing_helpers, "contents_of", noted)
    return here


@pytest.mark.parametrize("theme", [PAPER, WEB])
def test_helpers_draw_the_same_bytes(monkeypatch: pytest.MonkeyPatch, theme: Theme) -> None:
    here = only_helpers(monkeypatch)
    asked = jobs(16)
    assert drawn(asked, 1, theme) == in_one(asked, theme)
    # This one from the first on, the helper from the last.
    assert here == list(range(len(here)))
    assert len(here) < len(asked)


def test_settings_of_a_notebook_reach_no_figure() -> None:
    expected = in_one(jobs(1))
    with mpl.rc_context({"lines.linestyle": "--", "axes.facecolor": "red", "xtick.major.size": 9.0}):
        assert drawn(jobs(1), 0) == expected


@pytest.mark.parametrize(
    "code",
    [
        "raise SystemExit(1)",
        "import sys; sys.stdin.buffer.read(1)",
        "print('no pickle', flush=True); import time; time.sleep(60)",
        # Says that it is ready, and is gone, or says half of something.
        "import pickle, sys; pickle.dump(True, sys.stdout.buffer)",
        "import pickle, sys; o = sys.stdout.buffer; pickle.dump(True, o); o.write(pickle.dumps('ab' * 99)[:50])",
        # Cannot draw what it is asked for.
        "import pickle, sys; o = sys.stdout.buffer; [(pickle.dump(a, o), o.flush()) for a in (True, None)];"
        "sys.stdin.read()",
    ],
)
def test_a_helper_that_fails_costs_nothing(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    only_helpers(monkeypatch)
    monkeypatch.setattr(fresh_python, "command", python(code))
    assert drawn(jobs(), 1) == in_one(jobs())


def test_one_that_cannot_be_started_costs_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(fresh_python, "command", lambda module: [str(tmp_path / "no python")])
    assert drawn(jobs(2), 2) == in_one(jobs(2))


def test_one_that_takes_too_long_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    only_helpers(monkeypatch)
    code = "import pickle, sys, time; pickle.dump(True, sys.stdout.buffer); sys.stdout.flush(); time.sleep(600)"
    monkeypatch.setattr(fresh_python, "command", python(code))
    assert PATIENCE > 60
    monkeypatch.setattr(drawing_helpers, "PATIENCE", 0.05)
    assert drawn(jobs(), 2) == in_one(jobs())


def test_one_that_is_killed_costs_nothing_and_none_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[subprocess.Popen[bytes]] = []
    real = subprocess.Popen

    def noted(*arguments: object, **keywords: object) -> subprocess.Popen[bytes]:
        started.append(real(*arguments, **keywords))  # type: ignore[call-overload]  # as it was called
        return started[-1]

    monkeypatch.setattr(subprocess, "Popen", noted)
    asked, found = jobs(8), {}

    def done(place: int, contents: Contents) -> None:
        found[place] = contents
        with contextlib.suppress(ProcessLookupError):
            os.kill(started[place % 2].pid, signal.SIGKILL)

    draw_all(asked, PAPER, done, helpers=2)
    assert found == in_one(asked)
    assert [one.poll() is not None for one in started] == [True, True]
    assert not [one for one in threading.enumerate() if "_run" in one.name]


def broken(theme: Theme) -> Figure:
    raise ZeroDivisionError("of this figure")


@pytest.mark.parametrize("place", [0, SEVERAL - 1])
def test_an_error_in_a_figure_is_told_wherever_it_was_drawn(monkeypatch: pytest.MonkeyPatch, place: int) -> None:
    only_helpers(monkeypatch)
    asked = jobs()
    asked[place] = replace(asked[place], draw=broken)
    with pytest.raises(ZeroDivisionError, match="of this figure"):
        drawn(asked, 1)


def test_what_cannot_be_sent_is_drawn_here(monkeypatch: pytest.MonkeyPatch) -> None:
    only_helpers(monkeypatch)
    asked = jobs()
    asked[-1] = replace(asked[-1], draw=lambda theme: training(theme, [], title="sent never", names=[]))
    assert drawn(asked, 1) == in_one(asked)


@pytest.mark.parametrize(
    ("cores", "figures", "expected"),
    [(1, 9 * WORTH, 0), (2, WORTH // 2 - 1, 0), (2, WORTH // 2, 1), (2, 99, 1), (4, WORTH, 2), (64, 9 * WORTH, 3)],
)  # fmt: skip
def test_as_many_are_started_as_cores_and_figures_are_worth(
    monkeypatch: pytest.MonkeyPatch, cores: int, figures: int, expected: int
) -> None:
    started = []

    class Helper:
        def __init__(self, *arguments: object) -> None:
            started.append(arguments)

        def close(self) -> None:
            pass

    monkeypatch.setattr(drawing_helpers, "cores", lambda: cores)
    monkeypatch.setattr(drawing_helpers, "_Helper", Helper)
    monkeypatch.setattr(drawing_helpers, "contents_of", lambda job, theme: {})
    draw_all([Job("slug", broken, ("svg", "pdf"))] * figures, PAPER, lambda place, contents: None)
    assert len(started) == expected


def test_what_is_to_be_done_meanwhile_is_done_once_while_helpers_draw() -> None:
    asked = jobs()
    events: list[str] = []
    found: dict[int, Contents] = {}

    def done(place: int, contents: Contents) -> None:
        events.append("drawn")
        found[place] = contents

    draw_all(asked, PAPER, done, helpers=1, meanwhile=lambda: events.append("meanwhile"))
    assert events == ["meanwhile", *["drawn"] * SEVERAL]
    assert found == in_one(asked)
    draw_all([], PAPER, done, meanwhile=lambda: events.append("again"))
    assert events[-1] == "again"


def test_the_other_process_answers_each_question() -> None:
    asked = [*jobs(2), Job("broken", broken, ("svg",))]
    questions = io.BytesIO(b"".join(map(pickle.dumps, (PAPER, *asked))))
    answers = io.BytesIO()
    serve(questions, answers)
    answers.seek(0)
    found = [pickle.load(answers) for _ in range(4)]
    assert found == [True, *in_one(asked[:2]).values(), None]
    assert answers.read() == b""


def test_it_ends_with_the_one_that_asks() -> None:
    process = subprocess.run(
        fresh_python.command("emobench.reports.drawing_process"), env=fresh_python.environment(),
        input=pickle.dumps(PAPER), capture_output=True, check=True,
    )  # fmt: skip
    assert pickle.loads(process.stdout) is True
    assert process.stderr == b""


def test_every_figure_can_be_sent(tmp_path: Path) -> None:
    views = paper_figures(PartOfRun(make_everything(tmp_path / "run").path))
    assert len(views) > 60
    for view in views:
        job = Job(view.slug, view.draw, ("pdf",))
        assert pickle.dumps(pickle.loads(pickle.dumps(job)))
