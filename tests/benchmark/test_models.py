"""Texts of models: what may follow a model, in which order, and what is said of a text that makes no sense."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from emobench.baselines.base import Model
from emobench.baselines.calibrated import Calibrated
from emobench.baselines.methods.cmerc import Cmerc
from emobench.baselines.methods.crl import Crl
from emobench.baselines.methods.ensemble import EnsembleOf
from emobench.baselines.rage_fusion import RageFusion
from emobench.baselines.trained import Trained
from emobench.benchmark.errors import EmobenchError, SpecError, UnknownName
from emobench.benchmark.models import (
    before_calibration,
    canonical_model,
    make_model,
    model_sources,
    model_summary,
)
from emobench.benchmark.registry import CALIBRATORS, METHODS, MODELS, Kind, summary

Register = Callable[[Kind, str, object], None]


@dataclass(frozen=True)
class Twice:
    """A training method of another package."""

    times: int = 2

    def applied_to(self, model: Model, *, text: str) -> Model:
        assert text in {"rage_fusion+crl+twice", "rage_fusion+crl+twice:times=3"}
        return EnsembleOf(model, self.times)


@dataclass(frozen=True)
class Reading:
    """A model that reads a file."""

    def content_key(self) -> str:
        return "what is in the file"


class TestMakeModel:
    def test_a_model_alone_is_itself(self) -> None:
        assert make_model("rage_fusion:width=64") == RageFusion(width=64)

    def test_methods_are_applied_from_left_to_right_and_calibrators_last(self) -> None:
        model = make_model("rage_fusion+cmerc:rate=0.4+crl+ensemble:members=3+temperature+vector")
        assert isinstance(model, Calibrated)
        assert len(model.calibrators) == 2
        assert model.model == EnsembleOf(Trained(RageFusion(), (Cmerc(rate=0.4), Crl())), 3)

    def test_a_method_is_told_the_text_up_to_itself(self, register: Register) -> None:
        register(METHODS, "twice", Twice)
        assert make_model("rage_fusion+crl+twice+temperature").model == EnsembleOf(  # type: ignore[attr-defined]  # Calibrated
            Trained(RageFusion(), (Crl(),)), 2
        )
        assert make_model("rage_fusion+crl+twice:times=3") == EnsembleOf(Trained(RageFusion(), (Crl(),)), 3)


ORDER = "expected training methods before calibrators in "
WRONG: Mapping[str, tuple[type[EmobenchError], str]] = {
    "m3net+temperature+cmerc": (SpecError, f"{ORDER}'m3net+temperature+cmerc'; type m3net+cmerc+temperature"),
    "m3net+vector+crl:weight=2+temperature+fmfp": (
        SpecError,
        f"{ORDER}'m3net+vector+crl:weight=2+temperature+fmfp'; type m3net+crl:weight=2+fmfp+vector+temperature",
    ),
    "m3net+crl+cmerc+crl:weight=2": (
        SpecError,
        "expected each training method once in 'm3net+crl+cmerc+crl:weight=2', got crl twice; type +crl once",
    ),
    "m3net+ensemble+ensemble": (
        SpecError,
        "expected each training method once in 'm3net+ensemble+ensemble', got ensemble twice; type +ensemble once",
    ),
    "m3net+cmrec": (UnknownName, "unknown training method or calibrator 'cmrec'; did you mean 'cmerc'?"),
    "m3net+crl+temprature": (
        UnknownName,
        "unknown training method or calibrator 'temprature'; did you mean 'temperature'?",
    ),
    "m3net+cmerc:speed=3": (SpecError, "cmerc has no argument 'speed'; did you mean 'space'?"),
}
"""Texts that are wrong whatever the model, with what is said of them."""
WRONG_FOR_THE_MODEL = {
    "prior+cmerc:rate=0.4": (
        "cmerc: expected a model with a network that is trained, got prior; type for example rage_fusion+cmerc:rate=0.4"
    ),
    "late_fusion+fmfp+temperature": (
        "fmfp: expected a model with a network that is trained, got late_fusion; type for example rage_fusion+fmfp"
    ),
    "rage_fusion+ensemble+crl": (
        "crl goes along with the training of one network, and +ensemble makes several; type rage_fusion+crl+ensemble"
    ),
    "m3net:width=8+crl+ensemble:members=3+cml:weight=2+temperature": (
        "cml goes along with the training of one network, and +ensemble makes several; "
        "type m3net:width=8+crl+cml:weight=2+ensemble:members=3"
    ),
    "prior+ensemble": (
        "ensemble: expected a model that differs from seed to seed, got prior, which is always the same; "
        "leave out +ensemble"
    ),
    "late_fusion+ensemble+temperature": (
        "ensemble: expected a model that differs from seed to seed, got late_fusion, which is always the same; "
        "leave out +ensemble"
    ),
}
"""Texts whose method makes no sense for the model."""


class TestErrors:
    @pytest.mark.parametrize("text", WRONG)
    def test_of_the_text(self, text: str) -> None:
        kind, message = WRONG[text]
        for function in (make_model, canonical_model):
            with pytest.raises(kind) as caught:
                function(text)
            assert str(caught.value).startswith(message)
            assert "\n" not in str(caught.value)

    @pytest.mark.parametrize("text", WRONG_FOR_THE_MODEL)
    def test_of_a_method_for_the_model(self, text: str) -> None:
        with pytest.raises(SpecError) as caught:
            make_model(text)
        assert str(caught.value) == WRONG_FOR_THE_MODEL[text]

    def test_what_is_said_to_type_can_be_made(self) -> None:
        for wrong in (*(message for _, message in WRONG.values()), *WRONG_FOR_THE_MODEL.values()):
            _, typed, text = wrong.replace("type for example", "type").rpartition("; type ")
            if typed and not text.startswith("+"):
                make_model(text)

    def test_a_method_alone_is_no_model(self) -> None:
        with pytest.raises(UnknownName, match=r"^unknown model 'cmerc'; "):
            make_model("cmerc")


class TestTexts:
    def test_one_spelling(self) -> None:
        text = "rage_fusion:width=64+cmerc:rate=0.15,labels=code+ensemble:members=5+temperature"
        assert canonical_model(text) == "rage_fusion:width=64+cmerc:labels=code+ensemble+temperature"

    def test_before_calibration(self) -> None:
        assert before_calibration("m3net:width=8+cmerc+ensemble+vector+temperature") == "m3net:width=8+cmerc+ensemble"
        assert before_calibration("m3net+crl") == "m3net+crl"
        assert before_calibration("prior+temperature") == "prior"

    def test_the_summary_has_a_sentence_for_each_part(self) -> None:
        parts = [summary(MODELS, "m3net"), summary(METHODS, "crl"), summary(METHODS, "ensemble")]
        last = summary(CALIBRATORS, "temperature")
        assert model_summary("m3net+crl+ensemble+temperature") == (
            f"{parts[0]} Trained with: {parts[1]} Trained with: {parts[2]} Then: {last}"
        )
        assert model_summary("prior") == summary(MODELS, "prior")

    def test_every_method_has_a_summary(self) -> None:
        for name in ("cmerc", "cml", "crl", "ensemble", "fmfp"):
            assert summary(METHODS, name).endswith(".")


class TestSources:
    def test_what_is_built_in_has_none(self) -> None:
        assert model_sources("m3net+crl+temperature") == ("", "", "")

    def test_methods_of_other_packages_have_theirs_in_their_place(self, register: Register) -> None:
        register(METHODS, "twice", Twice)
        model, crl, twice, temperature = model_sources("rage_fusion+crl+twice+temperature")
        assert (model, crl, temperature) == ("", "", "")
        assert twice.startswith("elsewhere:twice ")

    def test_files_that_a_model_reads_come_last(self, register: Register) -> None:
        register(MODELS, "reading", Reading)
        own, calibrator, file = model_sources("reading+temperature")
        assert own.startswith("elsewhere:reading ")
        assert (calibrator, file) == ("", "what is in the file")

    def test_saved_predictions_are_read(self, tmp_path: Path) -> None:
        with pytest.raises(EmobenchError):
            model_sources(f"predictions:path={tmp_path}/none.csv,values=probabilities")
