"""Networks of somebody else's code, trained by emobench's loop."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from emobench.baselines.base import FitContext, FittedModel
from emobench.baselines.foreign_network import ForeignNetwork
from emobench.benchmark.conversations import DataSplits
from emobench.benchmark.errors import DataError, NotApplicable
from emobench.benchmark.models import make_model
from emobench.benchmark.training.recipe import Recipe


def text_of(code: Path, factory: str = "drawn", output: str = "logits", more: str = "") -> str:
    return f"foreign_network:path={code},factory={factory},output={output},epochs=3,learning_rate=0.05{more}"


def fit(text: str, splits: DataSplits) -> FittedModel:
    return make_model(text).fit(splits.train, splits.validation, context=FitContext(seed=0, monitor=splits.test))


def test_it_is_trained_restored_and_leaves_nothing_behind(code: Path, small_splits: DataSplits) -> None:
    path, folder, modules = list(sys.path), Path.cwd(), {*sys.modules}
    text = text_of(code)
    model = fit(text, small_splits)
    assert len(model.record.epochs) == 3
    assert model.record.parameters == 48
    assert model.record.epochs[-1].train_loss < model.record.epochs[0].train_loss
    said = model.predict(small_splits.test).probabilities
    again = make_model(text).restore(model.state())
    assert np.array_equal(again.predict(small_splits.test).probabilities, said)
    assert np.array_equal(fit(text, small_splits).predict(small_splits.test).probabilities, said)
    assert (sys.path, Path.cwd()) == (path, folder)
    assert "model" not in {*sys.modules} - modules


def test_two_models_with_files_of_the_same_name(code: Path, small_splits: DataSplits, tmp_path: Path) -> None:
    other = tmp_path / "model.py"
    other.write_text(code.read_text(encoding="utf-8").replace("drawn", "other"), encoding="utf-8")
    for file, factory in ((code, "drawn"), (other, "other"), (code, "drawn")):
        assert fit(text_of(file, factory), small_splits).record.parameters == 48


def test_training_methods_can_follow(code: Path, small_splits: DataSplits) -> None:
    assert isinstance(make_model(text_of(code)), Recipe)
    model = fit(text_of(code) + "+fmfp", small_splits)
    assert len(model.record.epochs) == 3


@pytest.mark.parametrize(
    ("factory", "output", "message"),
    [
        ("raises", "logits", r"model\.py: ValueError: no such thing \(model\.py:\d+\)"),
        ("exits", "logits", r"model\.py: expected the code to go on, and it called sys\.exit\('usage: model\.py'\)"),
        ("exits_later", "logits", r"model\.py: expected the code to go on, and it called sys\.exit\(4\)"),
        ("drawn", "log_probabilities", r"model\.py: expected log"),
        ("raises_later", "logits", r"model\.py: RuntimeError: no more memory \(model\.py:\d+\)"),
        ("missing", "logits", r"model\.py: there is no factory 'missing'"),
    ],
)
def test_what_breaks_the_contract_is_one_line(
    code: Path, small_splits: DataSplits, factory: str, output: str, message: str
) -> None:
    with pytest.raises(DataError, match=message) as caught:
        fit(text_of(code, factory, output), small_splits)
    assert "\n" not in str(caught.value)


def test_nobody_is_redirected_here(code: Path, small_splits: DataSplits, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    code.write_text(
        code.read_text(encoding="utf-8").replace("def on_cuda", "def gone")
        + "def on_cuda(width, classes):\n    raise AssertionError('Torch not compiled with CUDA enabled')\n",
        encoding="utf-8",
    )
    with pytest.raises(DataError, match="only `foreign`, in a process of its own, gets the CPU where it asks for CUDA"):
        fit(text_of(code, "on_cuda"), small_splits)


def test_a_full_memory_keeps_its_kind(code: Path, small_splits: DataSplits) -> None:
    code.write_text("import torch\n\n\ndef full(width):\n    raise torch.OutOfMemoryError('full')\n", encoding="utf-8")
    with pytest.raises(torch.OutOfMemoryError):
        fit(text_of(code, "full"), small_splits)


def test_data_it_is_not_made_for(code: Path, small_splits: DataSplits) -> None:
    with pytest.raises(NotApplicable, match="called with 'smell'"):
        fit(text_of(code, more=",inputs=smell"), small_splits)


def test_what_belongs_to_a_process_or_to_weights_is_left_alone(code: Path) -> None:
    file = code.with_name("model.toml")
    file.write_text(
        'module = "model.py"\nfactory = "drawn"\noutput = "logits"\ncheckpoint = "none.pt"\npython = "/none"\n',
        encoding="utf-8",
    )
    model = make_model(f"foreign_network:path={file}")
    assert isinstance(model, ForeignNetwork)
    assert len(model.content_key()) == 64
    assert model.contract().checkpoint.endswith("none.pt")
    assert model.options().epochs == 50
