import json
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from fake_clocks import FakeClock, FakeDevice
from latency_cells import cell

from emobench.baselines.base import FitContext
from emobench.benchmark.checkpoints import save_checkpoint
from emobench.benchmark.latency import worker
from emobench.benchmark.latency.devices import DeviceStopwatch
from emobench.benchmark.latency.orders import Answer, Order
from emobench.benchmark.latency.timing import Rules
from emobench.benchmark.latency.worker import is_out_of_memory, largest_that_fits, main, measured
from emobench.benchmark.models import make_model
from emobench.benchmark.registry import DATASETS, make
from emobench.benchmark.training import threads
from emobench.benchmark.training.network_model import NetworkModel

DATA = "simulated:test=4,train=8,validation=4,turns=2/4"
RAGE = "rage_fusion:epochs=1,width=8"
TINY = Rules(iterations=6, seconds=0.001, limit=20)


@pytest.fixture(autouse=True)
def threads_as_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(threads, "_fixed", False)
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def stem(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """Return where the checkpoint of a model lies, made when asked for."""
    folder = tmp_path_factory.mktemp("checkpoints")
    splits = make(DATASETS, DATA).load()

    def made(model: str) -> str:
        path = folder / model.replace(":", "-").replace("/", "-")
        if not path.with_name(path.name + ".json").exists():
            fitted = make_model(model).fit(splits.train, splits.validation, context=FitContext(seed=0))
            save_checkpoint(path, fitted.state(), "key")
        return str(path)

    return made


def order(stem: str, **changes: object) -> Order:
    return Order(cell=cell(data=DATA, **changes), stem=stem, key="key", seed=0, parameters=7, rules=TINY)


def test_a_model_without_a_network_is_timed_as_a_whole(stem: Callable[[str], str]) -> None:
    answer, samples = measured(order(stem("prior")))
    assert (answer.state, answer.why) == ("done", "")
    assert [one.part for one in samples] == ["whole"]
    assert len(samples[0].host) >= 6
    assert (samples[0].host > 0).all()
    assert np.isnan(samples[0].device).all()
    assert answer.cost is not None
    assert (answer.cost.parameters, answer.cost.operations, answer.cost.device_peak) == (7, None, None)
    assert answer.reference is not None
    assert len(answer.reference.milliseconds) >= 2
    assert answer.machine is not None
    assert torch.get_num_threads() == 1


def test_a_session_under_compile_is_said_not_to_be_compiled(
    stem: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.nn.Module, "compile", lambda self, *, mode: None)
    answer, _ = measured(order(stem(RAGE), model=RAGE, scenario="stream", compiled="default"))
    assert (answer.state, answer.stateful) == ("done", True)
    assert worker.STEPS_ARE_NOT_COMPILED in answer.notes
    as_ever, _ = measured(order(stem(RAGE), model=RAGE, scenario="stream"))
    assert worker.STEPS_ARE_NOT_COMPILED not in as_ever.notes
    single, _ = measured(order(stem(RAGE), model=RAGE, compiled="default"))
    assert worker.STEPS_ARE_NOT_COMPILED not in single.notes


def test_a_network_is_also_timed_alone(stem: Callable[[str], str]) -> None:
    answer, samples = measured(order(stem(RAGE), model=RAGE, dropped="audio", context=1))
    assert answer.why == ""
    assert [one.part for one in samples] == ["whole", "forward"]
    assert {*samples[0].turn, *samples[1].turn} == {1}
    assert answer.cost is not None
    assert answer.cost.operations_turns == 2
    assert (answer.cost.operations or 0) > 0
    assert answer.cost.parameters > 1000


@pytest.mark.parametrize(("model", "stateful"), [(RAGE, True), ("m3net:width=8,encoder_width=8,epochs=1", False)])
def test_streams_keep_state_where_the_model_can(stem: Callable[[str], str], model: str, stateful: bool) -> None:
    answer, samples = measured(order(stem(model), model=model, scenario="stream"))
    assert answer.why == ""
    assert answer.stateful is stateful
    assert [one.part for one in samples] == ["whole"]
    assert samples[0].turn.min() == 0


def test_first_weights_need_no_checkpoint() -> None:
    text = f"{RAGE}+fmfp"
    answer, samples = measured(order("", model=text, weights="first", scenario="batch", batch=3, dtype="bfloat16"))
    assert answer.why == ""
    assert set(samples[0].turn) == {-1}
    assert answer.cost is not None
    assert answer.cost.operations_turns <= 4


@pytest.mark.parametrize(
    ("changes", "state", "why"),
    [
        ({"weights": "first"}, "not applicable", "this model is no single network, so it has no first weights"),
        ({"dtype": "float16"}, "not applicable", "this model has no network"),
        ({"context": 99}, "not applicable", "expected a test dialogue with 99 turns before another, got at most 3"),
        ({"dropped": "smell"}, "not applicable", "smell"),
        ({"model": "late_fusion"}, "failed", "is missing or damaged"),
    ],
)
def test_what_declines_or_fails_says_why(
    stem: Callable[[str], str], changes: dict[str, object], state: str, why: str
) -> None:
    path = "/nowhere/at-all" if changes.get("model") else stem("prior")
    answer, samples = measured(order(path, **changes))
    assert answer.state == state
    assert why in answer.why
    assert samples == ()


def test_saved_predictions_have_no_latency(stem: Callable[[str], str], monkeypatch: pytest.MonkeyPatch) -> None:
    class Known:
        def restore(self, state: object, *, device: str) -> "Known":
            return self

        def predict_condition(self, asked: object, clean: object) -> None: ...

    monkeypatch.setattr("emobench.benchmark.latency.subject.make_model", lambda text: Known())
    answer, _ = measured(order(stem("prior")))
    assert (answer.state, answer.why) == (
        "not applicable",
        "predictions that are read from a file take no time to be made",
    )


def test_a_model_that_fails_in_half_precision_is_one_line(
    stem: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(self: NetworkModel, conversations: object) -> None:
        raise RuntimeError("\"cdist\" not implemented for\n'Half'")

    monkeypatch.setattr(NetworkModel, "predict", fails)
    answer, _ = measured(order(stem(RAGE), model=RAGE, dtype="float16"))
    assert answer.state == "failed"
    assert answer.why.startswith("RuntimeError: \"cdist\" not implemented for 'Half' (test_worker.py:")


class TestOutOfMemory:
    @pytest.fixture
    def small_memory(self, monkeypatch: pytest.MonkeyPatch) -> list[int]:
        """Let more than five dialogues at once not fit; return how many were tried."""
        tried: list[int] = []
        predict = NetworkModel.predict

        def limited(self: NetworkModel, conversations: "worker.Conversations") -> object:
            tried.append(conversations.dialogues)
            if conversations.dialogues > 5:
                raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate a lot")
            return predict(self, conversations)

        monkeypatch.setattr(NetworkModel, "predict", limited)
        return tried

    def test_the_largest_batch_that_fits_is_named(self, stem: Callable[[str], str], small_memory: list[int]) -> None:
        answer, _ = measured(order(stem(RAGE), model=RAGE, scenario="batch", batch=64))
        assert answer.state == "failed"
        assert answer.why == "out of memory: the largest batch that fits is 5; type --batch 5"
        assert small_memory == [64, 32, 16, 8, 4, 6, 5]

    @pytest.mark.parametrize(
        ("scenario", "batch", "why"),
        [
            ("batch", 8, "no batch fits"),
            ("batch", 1, "not even one dialogue fits"),
            ("single", 1, "not even one dialogue fits"),
            ("stream", 1, "a dialogue does not fit"),
        ],
    )
    def test_where_nothing_fits_it_says_so(
        self, stem: Callable[[str], str], monkeypatch: pytest.MonkeyPatch, scenario: str, batch: int, why: str
    ) -> None:
        def never(self: NetworkModel, conversations: object) -> None:
            raise RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate")

        monkeypatch.setattr(NetworkModel, "predict", never)
        monkeypatch.setattr(NetworkModel, "session", lambda self: None)
        answer, _ = measured(order(stem(RAGE), model=RAGE, scenario=scenario, batch=batch))
        assert answer.why == f"out of memory: {why}"

    def test_another_fault_meanwhile_is_the_reason(
        self, stem: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fails(self: NetworkModel, conversations: "worker.Conversations") -> None:
            raise MemoryError if conversations.dialogues == 8 else ValueError("odd")

        monkeypatch.setattr(NetworkModel, "predict", fails)
        answer, _ = measured(order(stem(RAGE), model=RAGE, scenario="batch", batch=8))
        assert answer.state == "failed"
        assert answer.why.startswith("out of memory; and then, looking for a batch that fits, ValueError: odd (")

    def test_errors_of_memory_are_told_from_others(self) -> None:
        assert is_out_of_memory(MemoryError())
        assert not is_out_of_memory(RuntimeError("shapes"))

    @pytest.mark.parametrize(("limit", "below"), [(0, 64), (1, 64), (63, 64), (37, 100), (1, 2), (0, 1)])
    def test_halving_finds_the_largest(self, limit: int, below: int) -> None:
        assert largest_that_fits(lambda size: size <= limit, below) == limit


def test_a_device_is_timed_by_both_clocks(stem: Callable[[str], str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The path of CUDA with a made-up device: what is measured, what is asked of it, what is kept."""
    clock = FakeClock()
    device = FakeDevice(clock)
    stopwatch = DeviceStopwatch(device, clock)
    emptied: list[bool] = []
    fake = SimpleNamespace(
        reset_peak_memory_stats=lambda: None,
        memory_allocated=lambda: 1000,
        max_memory_allocated=lambda: 5000,
        empty_cache=lambda: emptied.append(True),
    )
    monkeypatch.setattr(torch, "cuda", fake)
    monkeypatch.setattr(worker, "stopwatch_for", lambda name: stopwatch)
    monkeypatch.setattr(worker, "machine_record", lambda name: None)
    monkeypatch.setattr(worker, "processes_on_device", lambda name: ("somebody",))
    monkeypatch.setattr(worker, "reference_for", lambda name, watch: lambda: 2.0)
    calls = device.kernel(3.0)
    monkeypatch.setattr("emobench.baselines.prior.FittedPrior.predict", lambda self, conversations: calls())
    answer, (whole,) = measured(order(stem("prior"), device="cuda"))
    assert answer.why == ""
    np.testing.assert_allclose(whole.host, 3.01)
    np.testing.assert_allclose(whole.device, 3.01)
    assert answer.cost is not None
    assert answer.cost.device_peak == 4000
    assert answer.interference is not None
    assert answer.interference.processes[-1] == "somebody"

    def full(self: object, conversations: "worker.Conversations") -> None:
        if conversations.dialogues > 2:
            raise torch.OutOfMemoryError

    monkeypatch.setattr(torch, "OutOfMemoryError", MemoryError)
    monkeypatch.setattr("emobench.baselines.prior.FittedPrior.predict", full)
    answer, _ = measured(order(stem("prior"), device="cuda", scenario="batch", batch=4))
    assert answer.why == "out of memory: the largest batch that fits is 2; type --batch 2"
    assert emptied


def test_answer_and_samples_are_files(stem: Callable[[str], str], tmp_path: Path) -> None:
    main([str(tmp_path / "a.json"), str(tmp_path / "s.npz")], order(stem("prior")).model_dump_json())
    assert Answer.model_validate(json.loads((tmp_path / "a.json").read_text())).state == "done"
    with np.load(tmp_path / "s.npz") as arrays:
        assert sorted(arrays) == ["whole block", "whole device", "whole host", "whole turn"]
