"""Contracts: what is read, what is typed on top, and what is refused."""

from dataclasses import fields
from pathlib import Path

import pytest

from emobench.baselines.foreign import Foreign
from emobench.baselines.foreign_models.contract import Contract, ContractArguments, read_contract
from emobench.baselines.foreign_network import ForeignNetwork
from emobench.benchmark.errors import SpecError
from emobench.benchmark.models import canonical_model, make_model

SMALLEST = 'module = "model.py"\nfactory = "linear"\noutput = "logits"\n'


def written(code: Path, text: str = SMALLEST) -> Path:
    file = code.with_name("model.toml")
    file.write_text(text, encoding="utf-8")
    return file


def refusal(path: object, **typed: object) -> str:
    with pytest.raises(SpecError) as caught:
        read_contract(str(path), typed)
    return str(caught.value)


def test_the_smallest_contract(code: Path) -> None:
    contract = read_contract(str(written(code)), {})
    assert (contract.factory, contract.output, contract.inputs) == ("linear", "logits", ("features",))
    assert (contract.module, contract.root) == (str(code), str(code.parent))
    assert (contract.name, contract.dotted) == ("model.py", "model")


def test_what_is_typed_comes_on_top(code: Path) -> None:
    contract = read_contract(str(written(code)), {"output": "probabilities", "batch": 2, "factory": None})
    assert (contract.output, contract.batch, contract.factory) == ("probabilities", 2, "linear")


def test_a_module_needs_no_file(code: Path) -> None:
    model = make_model(f"foreign:path={code},factory=linear,output=logits,inputs=text/speakers/mask,argv=--hidden/32")
    assert isinstance(model, Foreign)
    contract = model.contract()
    assert (contract.inputs, contract.argv) == (("text", "speakers", "mask"), ("--hidden", "32"))


def test_paths_start_at_the_file_or_where_they_are_typed(code: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = SMALLEST + 'checkpoint = "weights/a.pt"\npython = "env/bin/python"\nfiles = ["words.json"]\nroot = ".."\n'
    file = written(code, text)
    monkeypatch.chdir(code.parent.parent)
    contract = read_contract(str(file), {})
    folder = code.parent
    assert contract.checkpoint == str(folder / "weights" / "a.pt")
    assert contract.python == str(folder / "env" / "bin" / "python")
    assert contract.files == (str(folder / "words.json"),)
    assert (contract.root, contract.dotted) == (str(folder.parent), "code.model")
    typed = read_contract("code/model.toml", {"checkpoint": "my%20weights.pt", "python": "python3"})
    assert (typed.checkpoint, typed.python) == (str(folder.parent / "my weights.pt"), "python3")


def test_the_text_needs_no_quotes_and_is_canonical(code: Path) -> None:
    text = f"foreign:path={code},output=logits,factory=linear,batch=4"
    assert canonical_model(text) == f"foreign:batch=4,factory=linear,output=logits,path={code}"


def test_an_item_may_be_a_number_or_a_name(code: Path) -> None:
    assert read_contract(str(written(code, SMALLEST + "item = 1\n")), {}).item == "1"
    assert read_contract(str(written(code, SMALLEST + 'item = "logits"\n')), {}).item == "logits"
    assert "item: input should be a valid string, got True" in refusal(written(code, SMALLEST + "item = true\n"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (SMALLEST + 'laiout = "x"\n', "unknown key 'laiout'; did you mean 'layout'?"),
        ('module = "model.py"\noutput = "logits"\n', "expected 'factory', which is not declared"),
        (
            'module = "model.py"\nfactory = "linear"\n',
            "expected 'output' (logits, probabilities or log_probabilities), which is not declared; write it in the "
            "contract or type output=…",
        ),
        ('factory = "linear"\noutput = "logits"\n', "expected 'module', which is not declared"),
        (SMALLEST + 'layout = "time_first"\n', "layout: input should be 'batch_first' or 'sequence_first', got 'time"),
        (SMALLEST + "module = 3\n", "is no TOML: "),
        (SMALLEST + "batch = 0\n", "batch: input should be greater than or equal to 1, got 0"),
        ('module = 3\nfactory = "linear"\noutput = "logits"\n', "module: input should be a valid string, got 3"),
        ('module = "none.py"\nfactory = "linear"\noutput = "logits"\n', "none.py is none"),
        (SMALLEST + 'root = "sub"\n', "expected the module below root, got "),
        (SMALLEST + "files = 3\n", 'files: expected an array, such as ["…"], got 3'),
        ("a = " + "[" * 9_999, "is no TOML that can be read: arrays in arrays, too many; see docs/foreign_models.md"),
        ("a = " + "9" * 9_999, "is no TOML that can be read: Exceeds the limit"),
    ],
)
def test_a_mistake_in_the_file_is_one_line(code: Path, text: str, message: str) -> None:
    said = refusal(written(code, text))
    assert message in said
    assert "\n" not in said
    assert "model.toml" in said


def test_a_file_that_cannot_be_read(code: Path, tmp_path: Path) -> None:
    assert "cannot read the contract" in refusal(tmp_path / "none.toml")
    assert "No such file" in refusal(tmp_path / "none.toml")
    (tmp_path / "bytes.toml").write_bytes(b"\xff")
    assert "it is no UTF-8 text" in refusal(tmp_path / "bytes.toml")
    assert "expected path to be a contract (.toml) or a module (.py), got 'x.yaml'" in refusal("x.yaml")


def test_a_mistake_is_said_when_the_model_is_named(code: Path) -> None:
    with pytest.raises(SpecError, match="expected 'output'"):
        make_model(f"foreign:path={code},factory=linear")
    with pytest.raises(SpecError, match="expected 'factory'"):
        make_model(f"foreign_network:path={code},output=logits")


def test_every_key_is_an_argument_but_those_that_only_a_file_can_hold() -> None:
    typed = {field.name for field in fields(Foreign)} - {"path"}
    assert {*Contract.model_fields} - typed == {"module", "arguments", "files"}
    assert typed <= {*Contract.model_fields}
    shared = {field.name for field in fields(ContractArguments)}
    assert shared <= {field.name for field in fields(ForeignNetwork)}
