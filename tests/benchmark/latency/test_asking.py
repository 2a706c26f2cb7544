import shlex
from pathlib import Path

import pytest

from emobench.benchmark.errors import NotApplicable, SpecError
from emobench.benchmark.latency import asking
from emobench.benchmark.latency.asking import Asking
from emobench.benchmark.latency.percentiles import iterations_needed, name_of
from emobench.benchmark.latency.record import ANY_CONTEXT


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"budget": 0.0}, "expected --budget-ms above 0, got 0; type for example --budget-ms 50"),
        ({"budget": -5.0}, "expected --budget-ms above 0, got -5; type for example --budget-ms 50"),
        ({"budget": float("inf")}, "expected --budget-ms above 0, got inf; type for example --budget-ms 50"),
        ({"budget": float("nan")}, "expected --budget-ms above 0, got nan; type for example --budget-ms 50"),
        ({"scenarios": ("singel",)}, "unknown --scenario 'singel'; did you mean 'single'?"),
        ({"scenarios": ()}, "expected --scenario at least once, got none; known: single, stream, batch"),
        ({"dtypes": ("int8",)}, "unknown --dtype 'int8'; known: bfloat16, float16, float32"),
        ({"device": "tpu"}, "unknown --device 'tpu'; did you mean 'cpu'?"),
        ({"threads": (0,)}, "expected --threads from 1 to 1024, got 0"),
        ({"batches": (8, 0)}, "expected --batch from 1 to 1000000, got 0"),
        ({"contexts": (-1,)}, "expected --context from 0 to 1000000, got -1"),
        ({"iterations": 4}, "expected --iterations from 5 to 1000000, got 4"),
        ({"seconds": 0.0}, "expected --seconds above 0 and up to 3600, got 0"),
        ({"limit": float("nan")}, "expected --limit above 0 and up to 86400, got nan"),
        (
            {"limit": 1.5},
            "expected --limit above --seconds, as it counts the warm-up too, got --limit 1.5 and --seconds 2",
        ),
        (
            {"seconds": 60.0},
            "expected --limit above --seconds, as it counts the warm-up too, got --limit 60 and --seconds 60",
        ),
        (
            {"dropped": ("none", "")},
            "expected a modality after --drop, or several with / between them, got ''; type for example "
            "--drop audio/text, or --drop none",
        ),
        (
            {"dropped": ("audio/ ",)},
            "expected a modality after --drop, or several with / between them, got 'audio/ '; type for example "
            "--drop audio/text, or --drop none",
        ),
        (
            {"budget_percent": 90.0},
            "--budget-percentile says which percentile is held against --budget-ms; type that too",
        ),
        ({"budget_percent": 100.0}, "expected --budget-percentile from 1 to 99.999, got 100.0"),
        ({"budget_percent": 5e-324}, "expected --budget-percentile from 1 to 99.999, got 5e-324"),
        ({"budget_percent": 99.9999999}, "expected --budget-percentile from 1 to 99.999, got 99.9999999"),
        ({"budget_percent": float("nan")}, "expected --budget-percentile from 1 to 99.999, got nan"),
        (
            {"scenarios": ("stream",), "contexts": (8,)},
            "--context says how the scenario single or batch is asked, got --scenario stream; leave --context out, or "
            "add --scenario single",
        ),
        (
            {"scenarios": ("single", "stream"), "batches": (16,)},
            "--batch says how the scenario batch is asked, got --scenario single --scenario stream; leave --batch out, "
            "or add --scenario batch",
        ),
        (
            {"budget": 50.0, "iterations": 58},
            "expected --iterations 59 or more for a verdict on p95, got 58",
        ),
        (
            {"budget": 50.0, "budget_percent": 99.9},
            "expected --iterations 2995 or more for a verdict on p99.9, got 300",
        ),
    ],
)
def test_a_wrong_value_is_one_line(values: dict[str, object], message: str) -> None:
    with pytest.raises(SpecError) as caught:
        Asking(**values)  # type: ignore[arg-type]  # what is wrong here is the point
    assert str(caught.value) == message


@pytest.mark.parametrize("percent", [1.0, 99.999])
def test_every_percentile_that_can_be_judged_can_be_bounded(percent: float) -> None:
    needed = iterations_needed(percent)
    assert Asking(budget=50.0, budget_percent=percent, iterations=max(5, needed)).percents
    assert name_of(percent) == f"p{percent}".removesuffix(".0")


def test_cells_are_all_combinations_and_a_stream_has_no_sizes() -> None:
    wanted = Asking(batches=(2, 4), contexts=(0, 3), dropped=("none", "video/audio"), device="cpu")
    cells = wanted.cells(["prior"], ["simulated"])
    assert [(one.scenario, one.batch, one.context, one.dropped) for one in cells] == [
        (scenario, batch, context, dropped)
        for dropped in ("", "audio/video")
        for scenario, batch, context in (
            ("single", 1, 0),
            ("single", 1, 3),
            ("stream", 1, ANY_CONTEXT),
            ("batch", 2, 0),
            ("batch", 2, 3),
            ("batch", 4, 0),
            ("batch", 4, 3),
        )
    ]


def test_what_is_asked_for_twice_is_measured_once() -> None:
    assert len(Asking(scenarios=("single", "single"), device="cpu", threads=(1, 1)).cells(["prior"], ["a", "a"])) == 1


def test_compiling_and_graphs_are_modes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "resolve_device", lambda asked: "cuda" if asked != "cpu" else "cpu")
    assert Asking(compiled=True).cells(["prior"], ["a"])[0].compiled == "default"
    graphs = Asking(cuda_graphs=True, untrained=True).cells(["prior"], ["a"])[0]
    assert (graphs.compiled, graphs.device, graphs.weights) == ("reduce-overhead", "cuda", "first")
    with pytest.raises(SpecError, match="expected a CUDA device for --cuda-graphs, got cpu; type --compile instead"):
        Asking(cuda_graphs=True, device="cpu").cells(["prior"], ["a"])


def test_a_device_that_is_not_there_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(NotApplicable, match="expected a CUDA device for --device cuda, got none; type --device cpu"):
        Asking(device="cuda").cells(["prior"], ["a"])


def test_the_percentile_of_the_budget_is_reported_too() -> None:
    assert Asking(budget=50.0, budget_percent=80.0).percents == (50.0, 80.0, 90.0, 95.0, 99.0)
    assert Asking().percents == (50.0, 90.0, 95.0, 99.0)


def test_the_command_says_what_is_not_as_usual() -> None:
    assert Asking().command(["prior"], ["mosi"]) == "emobench latency --model prior --data mosi"
    wanted = Asking(scenarios=("single",), threads=(1, 2), budget=50.0, compiled=True, dropped=("audio",))
    assert wanted.command(["a", "b"], []) == (
        "emobench latency --model a --model b --scenario single --threads 1 --threads 2 --drop audio --budget-ms 50 "
        "--compile"
    )


def test_the_command_can_be_copied_into_a_shell() -> None:
    wanted = Asking(iterations=1_000_000, batches=(250_000,), seconds=0.0625, limit=1234567.0 / 100)
    assert shlex.split(wanted.command(["a:path=my model"], ["d"], out=Path("my runs/one"))) == [
        "emobench", "latency", "--model", "a:path=my model", "--data", "d", "--batch", "250000",
        "--iterations", "1000000", "--seconds", "0.0625", "--limit", "12345.67", "--out", "my runs/one",
    ]  # fmt: skip
