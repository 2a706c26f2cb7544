import json
import statistics
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from latency_cells import cell
from worker_orders import DATA, RAGE, order

from emobench.baselines.base import FitContext
from emobench.benchmark.latency import worker
from emobench.benchmark.latency.orders import Answer
from emobench.benchmark.latency.timing import Timed
from emobench.benchmark.latency.worker import is_out_of_memory, largest_that_fits, main, measured
from emobench.benchmark.models import make_model
from emobench.benchmark.registry import DATASETS, make
from emobench.benchmark.threads import held_threads
from emobench.benchmark.training.network_model import NetworkModel


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


def test_the_number_of_threads_is_held_while_it_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    before, seen = torch.get_num_threads(), list[tuple[int | None, int]]()

    def see(*_: object) -> worker.Measured:
        seen.append((held_threads(), torch.get_num_threads()))
        return worker.Measured(Answer(state="done"), ())

    monkeypatch.setattr(worker, "_measured", see)
    measured(order("", threads=2))
    assert seen == [(2, 2)]
    assert (held_threads(), torch.get_num_threads()) == (None, before)


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


def test_interference_is_that_of_both_parts(stem: Callable[[str], str], monkeypatch: pytest.MonkeyPatch) -> None:
    timed: list[Timed] = []
    measure = worker.measure

    def kept(*arguments: object, **options: object) -> Timed:
        timed.append(measure(*arguments, **options))  # type: ignore[arg-type]  # as they came
        return timed[-1]

    monkeypatch.setattr(worker, "measure", kept)
    answer, _ = measured(order(stem(RAGE), model=RAGE))
    whole, forward = timed
    assert answer.reference is not None
    assert answer.reference.milliseconds == (*whole.reference, *forward.reference)
    assert answer.interference is not None
    wanted = worker.during(
        [whole.span, forward.span],
        reference=answer.reference.milliseconds,
        host=np.array(whole.samples.host),
        turn=np.array(whole.samples.turn),
    )
    assert answer.interference == wanted
    assert forward.span.before.seconds >= whole.span.after.seconds


def test_the_network_alone_keeps_no_gradients(stem: Callable[[str], str]) -> None:
    data = make(DATASETS, DATA).load()
    subject = order(stem(RAGE), model=RAGE)
    fitted = worker.fitted_subject(subject, data, device="cpu")
    assert isinstance(fitted, NetworkModel)
    seen: list[bool] = []
    fitted.network.register_forward_hook(lambda *_: seen.append(torch.is_inference_mode_enabled()))
    units = worker.forward_units(fitted, worker.workload(fitted, data.test, subject.cell), subject.cell)
    units[0][0].call()
    assert seen == [True]


def test_operations_are_those_of_the_input_of_median_length(
    stem: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lengths: list[int] = []
    ours = worker.workload

    def watched(*arguments: object) -> worker.Workload:
        work = ours(*arguments)  # type: ignore[arg-type]  # as they came
        lengths.extend(map(len, work.inputs))
        return work

    monkeypatch.setattr(worker, "workload", watched)
    answer, _ = measured(order(stem(RAGE), model=RAGE))
    assert answer.cost is not None
    assert len(set(lengths)) > 1
    assert answer.cost.operations_turns == statistics.median_low(lengths)


def test_the_network_alone_is_given_the_batches_of_the_whole() -> None:
    data = "simulated:test=120,train=8,validation=4"
    splits = make(DATASETS, data).load()
    fitted = make_model(RAGE).fit(splits.train, splits.validation, context=FitContext(seed=0))
    assert isinstance(fitted, NetworkModel)
    asked = cell(data=data, model=RAGE, scenario="batch", batch=120)
    work = worker.workload(fitted, splits.test, asked)
    sizes: list[tuple[int, ...]] = []
    fitted.network.register_forward_hook(lambda _, given, __: sizes.append(tuple(given[0].valid.shape)))
    work.units[0][0].call()
    whole = sizes.copy()
    sizes.clear()
    worker.forward_units(fitted, work, asked)[0][0].call()
    assert sizes == whole
    assert len(sizes) > 1


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

    trained = stem(RAGE)  # its training predicts too
    monkeypatch.setattr(NetworkModel, "predict", fails)
    answer, _ = measured(order(trained, model=RAGE, dtype="float16"))
    assert answer.state == "failed"
    assert answer.why.startswith("RuntimeError: \"cdist\" not implemented for 'Half' (test_worker.py:")


class TestOutOfMemory:
    @pytest.fixture
    def small_memory(self, stem: Callable[[str], str], monkeypatch: pytest.MonkeyPatch) -> list[int]:
        """Let more than five dialogues at once not fit; return how many were tried."""
        stem(RAGE)  # its training predicts too
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

        trained = stem(RAGE)  # its training predicts too
        monkeypatch.setattr(NetworkModel, "predict", never)
        monkeypatch.setattr(NetworkModel, "session", lambda self: None)
        answer, _ = measured(order(trained, model=RAGE, scenario=scenario, batch=batch))
        assert answer.why == f"out of memory: {why}"

    def test_another_fault_meanwhile_is_the_reason(
        self, stem: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fails(self: NetworkModel, conversations: "worker.Conversations") -> None:
            raise MemoryError if conversations.dialogues == 8 else ValueError("odd")

        trained = stem(RAGE)  # its training predicts too
        monkeypatch.setattr(NetworkModel, "predict", fails)
        answer, _ = measured(order(trained, model=RAGE, scenario="batch", batch=8))
        assert answer.state == "failed"
        assert answer.why.startswith("out of memory; and then, looking for a batch that fits, ValueError: odd (")

    @pytest.mark.parametrize(
        "error",
        [
            MemoryError(),
            torch.OutOfMemoryError(),
            RuntimeError("CUDA error: out of memory"),
            RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
            RuntimeError("[enforce fail] . DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes."),
        ],
    )
    def test_errors_of_memory_are_told_from_others(self, error: Exception) -> None:
        assert is_out_of_memory(error)
        assert not is_out_of_memory(RuntimeError("shapes"))

    @pytest.mark.parametrize(("limit", "below"), [(0, 64), (1, 64), (63, 64), (37, 100), (1, 2), (0, 1)])
    def test_halving_finds_the_largest(self, limit: int, below: int) -> None:
        assert largest_that_fits(lambda size: size <= limit, below) == limit


def test_answer_and_samples_are_files(stem: Callable[[str], str], tmp_path: Path) -> None:
    main([str(tmp_path / "a.json"), str(tmp_path / "s.npz")], order(stem("prior")).model_dump_json())
    assert Answer.model_validate(json.loads((tmp_path / "a.json").read_text())).state == "done"
    with np.load(tmp_path / "s.npz") as arrays:
        assert sorted(arrays) == ["whole block", "whole device", "whole host", "whole turn"]
