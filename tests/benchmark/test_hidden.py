"""Hidden vectors are kept where a run is asked to, also of fits that are there already."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from jaxtyping import Float
from scoring_runs import conversations

from emobench.baselines.base import FitContext, State, TrainingRecord
from emobench.baselines.calibrated import FittedCalibrated
from emobench.benchmark.conversations import Conversations, DataSplits
from emobench.benchmark.errors import PredictionError, RunFolderError
from emobench.benchmark.harness import execute
from emobench.benchmark.hidden_vectors import key_of_hidden, read_hidden, write_hidden
from emobench.benchmark.metrics.views import taken
from emobench.benchmark.plan import Options, Plan, Request, make_plan
from emobench.benchmark.predictions import Predictions
from emobench.benchmark.registry import DATASETS, MODELS
from emobench.benchmark.run_folder import RunFolder
from emobench.benchmark.scoring_inputs import inputs_of
from emobench.benchmark.scoring_key import scoring_key

Register = Callable[..., None]


class Log:
    fits: ClassVar[int] = 0
    vectors: ClassVar[int] = 0


@dataclass(frozen=True)
class FittedPlain:
    record: TrainingRecord = field(default_factory=TrainingRecord)

    def predict(self, conversations: Conversations) -> Predictions:
        return Predictions(np.full((len(conversations), len(conversations.classes)), 1 / len(conversations.classes)))

    def state(self) -> State:
        return State({"none": np.zeros(1)}, {"deep": False, "fails": False})


@dataclass(frozen=True)
class FittedDeep(FittedPlain):
    fails: bool = False

    def hidden_vectors(self, conversations: Conversations) -> Float[np.ndarray, "utterances width"] | None:
        Log.vectors += 1
        if self.fails:
            raise ValueError("too deep")
        return np.stack([np.arange(len(conversations)), conversations.features["text"][:, 0]], axis=1)

    def state(self) -> State:
        return State({"none": np.zeros(1)}, {"deep": True, "fails": self.fails})


@dataclass(frozen=True)
class Fake:
    deep: bool = True
    fails: bool = False
    deterministic: ClassVar[bool] = False

    def fit(self, train: Conversations, validation: Conversations, *, context: FitContext) -> FittedPlain:
        Log.fits += 1
        return FittedDeep(fails=self.fails) if self.deep else FittedPlain()

    def restore(self, state: State, *, device: str = "cpu") -> FittedPlain:
        return FittedDeep(fails=bool(state.settings["fails"])) if state.settings["deep"] else FittedPlain()


@pytest.fixture(autouse=True)
def _fakes(small_splits: DataSplits, register: Register) -> None:
    Log.fits = Log.vectors = 0

    @dataclass(frozen=True)
    class Plain:
        def load(self) -> DataSplits:
            return small_splits

    register(DATASETS, "plain", Plain)
    register(MODELS, "fake", Fake)


def plan(*models: str, hidden: bool = True, folder: RunFolder | None = None) -> Plan:
    request = Request(models, (), ("plain",), Options(seeds=2, device="cpu", hidden=hidden))
    return make_plan(request.joined_to(folder.read_record()) if folder else request)


def test_every_seed_s_vectors_are_kept_in_the_order_of_the_utterances(tmp_path: Path, small_splits: DataSplits) -> None:
    folder = RunFolder(tmp_path / "run")
    record = execute(plan("fake", "fake:deep=false"), folder)
    assert record.hidden
    assert plan("fake").command.endswith("--seeds 2 --hidden")
    assert "--hidden" not in plan("fake", hidden=False).command
    for seed in (0, 1):
        vectors = read_hidden(folder.hidden_path("fake", "plain", seed))
        assert vectors.dtype == np.float32
        assert np.array_equal(vectors[:, 0], np.arange(len(small_splits.test)))
        assert np.array_equal(vectors[:, 1], small_splits.test.features["text"][:, 0])
        assert read_hidden(folder.hidden_path("fake:deep=false", "plain", seed)).shape == (len(small_splits.test), 0)
    first = folder.hidden_path("fake", "plain", 0).read_bytes()
    execute(plan("fake", "fake:deep=false"), folder)
    assert (Log.fits, Log.vectors) == (4, 2), "the second run has nothing to do"
    execute(plan("fake"), RunFolder(tmp_path / "other"))
    assert RunFolder(tmp_path / "other").hidden_path("fake", "plain", 0).read_bytes() == first


def test_they_are_added_later_without_training_and_stay_asked_for(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    assert not execute(plan("fake", hidden=False), folder).hidden
    assert not (tmp_path / "hidden").exists()
    execute(plan("fake"), folder)
    assert (Log.fits, Log.vectors) == (2, 2)
    path = folder.hidden_path("fake", "plain", 0)
    content = path.read_bytes()
    for damage in (b"", content[:50]):
        path.write_bytes(damage)
        assert execute(plan("fake", hidden=False, folder=folder), folder).hidden
        assert path.read_bytes() == content
    write_hidden(path, read_hidden(path), "the key of another fit")
    execute(plan("fake"), folder)
    assert path.read_bytes() == content
    assert Log.fits == 2
    assert len(key_of_hidden(path)) == 64


def test_a_model_that_fails_to_give_them_keeps_its_predictions(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    record = execute(plan("fake:fails=true"), folder)
    assert {cell.state for cell in record.cells} == {"done"}
    assert record.fits[0].notes["no hidden vectors"] == "ValueError: too deep"
    assert not folder.hidden_path("fake:fails=true", "plain", 0).exists()


def test_calibrators_leave_them_as_they_are() -> None:
    those = conversations()
    vectors = FittedCalibrated(FittedDeep(), ()).hidden_vectors(those)
    assert vectors is not None
    assert np.array_equal(vectors[:, 0], np.arange(len(those)))
    assert FittedCalibrated(FittedPlain(), ()).hidden_vectors(those) is None


def test_scoring_reads_those_of_labelled_utterances_on_clean_input(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    record = execute(plan("fake", "fake:deep=false"), folder)
    (inputs,) = inputs_of(folder, record)
    before = scoring_key(folder, record)
    scored = inputs.scored("fake", 0, "clean")
    assert scored.hidden is not None
    assert np.array_equal(scored.hidden[:, 0], inputs.labelled)
    some = np.arange(len(scored.label)) < 3
    assert np.array_equal(taken(scored, some).hidden, scored.hidden[:3])
    assert taken(replace(scored, hidden=None), some).hidden is None
    assert inputs.scored("fake:deep=false", 0, "clean").hidden is None
    path = folder.hidden_path("fake", "plain", 0)
    write_hidden(path, np.zeros((2, 3), np.float32), "key")
    with pytest.raises(PredictionError, match=r"npz: expected hidden vectors of 34 utterances of plain, got 2$"):
        inputs.scored("fake", 0, "clean")
    assert scoring_key(folder, record) != before
    path.unlink()
    assert inputs.scored("fake", 0, "clean").hidden is None
    inputs.close()


def test_a_file_that_is_missing_or_damaged_is_told(tmp_path: Path) -> None:
    path = tmp_path / "one.npz"
    with pytest.raises(RunFolderError, match=r"one\.npz is missing; run the same `emobench run` again"):
        read_hidden(path)
    np.savez(path, other=np.zeros(1))
    with pytest.raises(RunFolderError, match=r"one\.npz is damaged \(.*vectors.*\); delete it and run"):
        read_hidden(path)
