"""What a result depends on: the content of the files."""

from pathlib import Path

import pytest

from emobench.baselines.foreign_models import sources
from emobench.baselines.foreign_models.contract import read_contract
from emobench.baselines.foreign_models.sources import checkpoint_of, checkpoints
from emobench.benchmark.errors import DataError
from emobench.benchmark.models import model_sources

CONTRACT = 'module = "model.py"\nfactory = "linear"\noutput = "logits"\ncheckpoint = "a.pt"\nfiles = ["words.json"]\n'


@pytest.fixture
def text(code: Path) -> str:
    folder = code.parent
    (folder / "model.toml").write_text(CONTRACT, encoding="utf-8")
    (folder / "a.pt").write_bytes(b"weights")
    (folder / "words.json").write_text("{}", encoding="utf-8")
    return f"foreign:path={folder / 'model.toml'}"


@pytest.mark.parametrize("name", ["model.py", "model.toml", "a.pt", "words.json", "layers/new.py"])
def test_the_key_changes_with_every_file(text: str, code: Path, name: str) -> None:
    before = model_sources(text)
    file = code.parent / name
    file.parent.mkdir(exist_ok=True)
    old = file.read_bytes() if file.exists() else b""
    file.write_bytes(old + b"\n# changed\n")
    assert model_sources(text) != before
    file.write_bytes(old)
    if old:
        assert model_sources(text) == before


def test_hidden_folders_and_installed_packages_are_left_out(text: str, code: Path) -> None:
    before = model_sources(text)
    for folder in (".venv", "site-packages"):
        (code.parent / folder).mkdir()
        (code.parent / folder / "x.py").write_text("x = 1\n", encoding="utf-8")
    assert model_sources(text) == before


def test_a_network_that_is_trained_here_has_no_checkpoint(text: str, code: Path) -> None:
    (code.parent / "a.pt").unlink()
    assert len(model_sources(text.replace("foreign:", "foreign_network:"))) == 2
    with pytest.raises(DataError, match=r"cannot read .*a\.pt: No such file"):
        model_sources(text)


def test_a_file_that_may_not_be_read(text: str, code: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(self: Path, *args: object) -> object:
        raise PermissionError(13, "Permission denied")

    file = code.parent / "a.pt"
    file.write_bytes(b"other weights")
    monkeypatch.setattr(Path, "open", refused)
    with pytest.raises(DataError, match=r"cannot read .*: Permission denied"):
        sources._digest(file)


def test_a_root_with_too_much_is_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "MOST_FILES", 0)
    with pytest.raises(DataError, match=r"with more than 0 Python files; type root=…"):
        model_sources(text)


def test_a_checkpoint_for_each_seed(code: Path) -> None:
    for seed in (0, 1):
        code.with_name(f"run_{seed}.pt").write_bytes(b"x")
    typed = {"factory": "linear", "output": "logits", "checkpoint": f"{code.parent}/run_%7Bseed%7D.pt"}
    contract = read_contract(str(code), typed)
    assert [path.name for path in checkpoints(contract)] == ["run_0.pt", "run_1.pt"]
    assert Path(checkpoint_of(contract, 1)).name == "run_1.pt"
    with pytest.raises(
        DataError, match=r"^model\.py: expected a checkpoint for seed 2, and there is no file .*run_2\.pt$"
    ):
        checkpoint_of(contract, 2)
    other = contract.model_copy(update={"checkpoint": f"{code.parent}/x_{{seed}}.pt"})
    with pytest.raises(DataError, match=r"expected checkpoints .*, found none"):
        checkpoints(other)
    assert checkpoints(contract.model_copy(update={"checkpoint": ""})) == ()
