"""The plan: checked before anything is computed."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar

import pytest

from emobench.baselines.base import FitContext, FittedModel, State
from emobench.benchmark.conversations import Conversations, DataSplits
from emobench.benchmark.errors import EmobenchError, RunFolderError, SpecError, UnknownName
from emobench.benchmark.plan import Options, Request, make_plan
from emobench.benchmark.registry import DATASETS, MODELS
from emobench.benchmark.run_record import DataRecord, ModelRecord, RunRecord, SuiteRecord

Register = Callable[..., None]


@dataclass(frozen=True)
class Named:
    size: int = 3
    deterministic: ClassVar[bool] = False

    def fit(self, train: Conversations, validation: Conversations, *, context: FitContext) -> FittedModel:
        raise AssertionError("a plan computes nothing")

    def restore(self, state: State, *, device: str = "cpu") -> FittedModel:
        raise AssertionError("a plan computes nothing")


@dataclass(frozen=True)
class Exact(Named):
    deterministic: ClassVar[bool] = True


@pytest.fixture
def splits(small_splits: DataSplits, register: Register) -> DataSplits:
    """Register the data sets `plain` and `known` and two models."""

    @dataclass(frozen=True)
    class Plain:
        def load(self) -> DataSplits:
            return small_splits

    @dataclass(frozen=True)
    class Known:
        def load(self) -> DataSplits:
            return replace(small_splits, posterior="exact")

    register(DATASETS, "plain", Plain)
    register(DATASETS, "known", Known)
    register(MODELS, "named", Named)
    register(MODELS, "exact", Exact)
    return small_splits


def plan_of(*models: str, protocols: tuple[str, ...] = (), data: tuple[str, ...] = ("plain",), **options: object):
    return make_plan(Request(models, protocols, data, Options(**options)))


@pytest.mark.usefixtures("splits")
class TestPlan:
    def test_models_are_canonical_and_listed_once(self) -> None:
        assert plan_of("named:size=3", "named", "named:size=4").models == ("named", "named:size=4")

    def test_the_exact_posterior_joins_where_it_is_known(self) -> None:
        plan = plan_of("named", data=("plain", "known"))
        assert plan.models_of("plain") == ("named",)
        assert plan.models_of("known") == ("named", "exact")
        assert plan_of("exact", data=("known",)).models_of("known") == ("exact",)

    def test_a_deterministic_model_has_one_seed(self) -> None:
        plan = plan_of("named", data=("known",), seeds=5)
        assert list(plan.seeds_of("named")) == [0, 1, 2, 3, 4]
        assert list(plan.seeds_of("exact")) == [0]
        later = plan_of("named", data=("known",), seeds=2, first_seed=7)
        assert (later.seeds_of("named"), later.seeds_of("exact")) == ((7, 8), (7,))

    def test_the_command_makes_the_same_plan(self) -> None:
        plan = plan_of(
            "named", protocols=("modality_drop",), seeds=2, first_seed=4, stress_seed=3, stress_draws=5,
            selection="test", draws=500,
        )  # fmt: skip
        assert plan.command == (
            "emobench run --model named --protocol modality_drop --data plain --seeds 2 --first-seed 4 --stress-seed 3"
            " --stress-draws 5 --selection test --draws 500"
        )
        assert plan_of("named").command == "emobench run --model named --data plain"

    def test_each_plan_has_its_own_readable_folder(self) -> None:
        one, two = (
            plan_of("named", protocols=("modality_drop",)),
            plan_of("named", protocols=("modality_drop",), seeds=2),
        )
        assert one.default_folder != two.default_folder
        assert one.default_folder.as_posix().startswith("runs/named.modality_drop.plain.")
        assert one.default_folder == plan_of("named:size=3", protocols=("modality_drop",)).default_folder
        assert plan_of("named").default_folder.as_posix().startswith("runs/named.plain.")

    @pytest.mark.parametrize(
        ("make", "error", "message"),
        [
            (lambda: plan_of(), SpecError, "expected at least one model; type --model rage_fusion"),
            (lambda: plan_of("named", data=()), SpecError, "expected at least one data set; type --data simulated"),
            (lambda: Options(draws=10**9), SpecError, "expected --draws from 100 to 1000000, got 1000000000"),
            (lambda: plan_of("nmaed"), UnknownName, "unknown model 'nmaed'; did you mean 'named'?"),
            (lambda: plan_of("named", data=("plian",)), UnknownName, "unknown data set 'plian'; did you mean 'plain'?"),
            (lambda: plan_of("named", metrics=("eec",)), UnknownName, "unknown metric 'eec'"),
            (
                lambda: plan_of("named+tempreature"),
                UnknownName,
                "unknown training method or calibrator 'tempreature'; did you mean",
            ),
            (lambda: plan_of("named", protocols=("nope",)), UnknownName, "unknown protocol 'nope'"),
            (lambda: Options(first_seed=-1), SpecError, "expected --first-seed from 0 to 2147483648, got -1"),
            (lambda: Options(seeds=0), SpecError, "expected --seeds from 1 to 1000, got 0"),
            (
                lambda: Options(stress_seed=-1),
                SpecError,
                "expected --stress-seed from 0 to 9223372036854775808, got -1",
            ),
            (lambda: Options(stress_draws=0), SpecError, "expected --stress-draws from 1 to 1000, got 0"),
            (lambda: Options(draws=9), SpecError, "expected --draws from 100 to 1000000, got 9"),
        ],
    )
    def test_mistakes_are_one_line(self, make: Callable[[], object], error: type[EmobenchError], message: str) -> None:
        with pytest.raises(error) as caught:
            make()
        assert message in str(caught.value)


def record(**fields: object) -> RunRecord:
    return RunRecord(
        command="",
        created="",
        versions={},
        hardware={},
        seeds=(0, 1, 2),
        stress_seed=0,
        stress_draws=3,
        selection="validation",
        protocols=("clean",),
        data=(DataRecord(name="known", fingerprint="", classes=(), widths={}, sizes={}, label_counts={}),),
        models=(ModelRecord(name="a"), ModelRecord(name="exact", reference=True)),
        conditions=(),
    ).model_copy(update=fields)


def test_a_run_into_the_same_folder_adds_to_it() -> None:
    joined = Request(("b",), ("modality_drop",), ("plain",), Options(seeds=2)).joined_to(record())
    assert joined.models == ("a", "b"), "the exact posterior was not asked for"
    assert (joined.protocols, joined.data, joined.options.seeds) == (("clean", "modality_drop"), ("known", "plain"), 3)


def test_metrics_are_joined_unless_one_run_has_them_all() -> None:
    ours = Request(("b",), (), ("plain",), Options(metrics=("ece",)))
    assert ours.joined_to(record(metrics=("nll",))).options.metrics == ("nll", "ece")
    assert ours.joined_to(record(metrics=())).options.metrics == ()


@pytest.mark.parametrize(
    ("options", "name", "there"),
    [
        (Options(stress_seed=1), "--stress-seed", "0"),
        (Options(first_seed=1), "--first-seed", "0"),
        (Options(stress_draws=1), "--stress-draws", "3"),
    ],
)
def test_folders_hold_one_way_to_stress_and_one_selection(options: Options, name: str, there: str) -> None:
    request = Request(("b",), (), ("plain",), options)
    with pytest.raises(RunFolderError, match=f"the folder holds a run made with {name} {there}, got {name} 1"):
        request.joined_to(record())


def test_what_splits_share_is_found_with_the_plan(small_splits: DataSplits, register: Callable[..., None]) -> None:
    names = (small_splits.train.utterance_ids[0], *small_splits.test.utterance_ids[1:])

    @dataclass(frozen=True)
    class Shared:
        def load(self) -> DataSplits:
            return replace(small_splits, test=small_splits.test.change(utterance_ids=names))

    register(DATASETS, "shared", Shared)
    found = ("1 of 34 utterances of test bear a name that train has too (the first: train_0)",)
    assert make_plan(Request(("prior",), (), ("shared",))).overlaps == {"shared": found}


def suite(name: str = "table", **fields: object) -> SuiteRecord:
    return SuiteRecord(name=name, title="Title", data=("plain",), models=("named",)).model_copy(update=fields)


@pytest.mark.usefixtures("splits")
class TestSuites:
    def request(self, *suites: SuiteRecord, **options: object) -> Request:
        return Request(("named", "named:size=4"), ("modality_drop", "order"), ("plain",), Options(**options), suites)

    def test_the_command_names_suites_and_what_was_typed_beside_them(self) -> None:
        plan = make_plan(self.request(suite(protocols=("order",), metrics=("ece",)), metrics=("ece", "nll"), seeds=2))
        assert plan.command == (
            "emobench run --suite table --preset suite --model named:size=4 --protocol modality_drop --data plain"
            " --metric nll --seeds 2 --stress-draws 3 --selection validation"
        )

    def test_a_suite_at_another_preset_is_written_out(self) -> None:
        plan = make_plan(
            self.request(suite(path="mine/table.toml"), suite("two", models=("named:size=4",), preset="paper"))
        )
        assert plan.command.startswith("emobench run --suite mine/table.toml --preset suite --model named:size=4 ")

    def test_the_folder_is_named_after_suites(self) -> None:
        plan = make_plan(self.request(suite(), suite("two")))
        assert plan.default_folder.as_posix().startswith("runs/table-two.plain.")

    def test_a_condition_of_a_suite_that_is_defined_nowhere_is_left_out(self) -> None:
        nowhere = "modality_drop:drop=smell"
        plan = make_plan(Request(("named",), (nowhere,), ("plain",), suites=(suite(protocols=(nowhere,)),)))
        assert [condition.text for condition in plan.conditions["plain"]] == ["clean"]
        assert list(plan.skipped["plain"]) == [nowhere]
        with pytest.raises(EmobenchError, match="smell"):
            make_plan(Request(("named",), (nowhere,), ("plain",), suites=(suite(),)))

    def test_a_folder_keeps_the_suites_of_earlier_runs(self) -> None:
        request = self.request(suite(title="new"), suite("two"))
        joined = request.joined_to(record(suites=(suite(title="old"), suite("zero"))))
        assert [(one.name, one.title) for one in joined.suites] == [
            ("table", "new"),
            ("zero", "Title"),
            ("two", "Title"),
        ]
        assert make_plan(request).suites == request.suites
