"""The functions of the process that a model runs in, here."""

import ast
import json
import os
import queue
import re
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from emobench.baselines.foreign_models import child
from emobench.baselines.foreign_models.child.loading import as_a_script, build, load_weights
from emobench.baselines.foreign_models.child.redirect import OnCpu, without_cuda
from emobench.baselines.foreign_models.child.serving import main, reason, serve
from emobench.baselines.foreign_models.child.shapes import Mismatch
from emobench.baselines.foreign_models.contract import read_contract
from emobench.baselines.foreign_models.network import _own_modules
from tests.baselines.foreign.somebodys import as_child, write_code

SIZES = {"widths": {"text": 4, "audio": 5}, "width": 9, "classes": 3, "speakers": 2}


def contract(code: Path, factory: str = "linear", **changes: Any) -> dict[str, Any]:
    return as_child(read_contract(str(code), {"factory": factory, "output": "logits"}), **changes)


def built(code: Path, factory: str = "linear", **changes: Any) -> nn.Module:
    read = read_contract(str(code), {"factory": factory, "output": "logits"})
    given = as_child(read, **changes)
    with _own_modules(read), as_a_script(given):
        return build(given, SIZES)


def test_the_factory_gets_the_sizes_it_has_names_for_and_the_arguments_of_the_contract(code: Path) -> None:
    once, twice = built(code), built(code, arguments={"scale": 2.0})
    assert isinstance(once.layer, nn.Linear)
    assert isinstance(twice.layer, nn.Linear)
    assert (once.layer.in_features, once.layer.out_features) == (9, 3)
    assert torch.equal(twice.layer.weight, 2 * once.layer.weight)
    other = built(code, arguments={"width": 2}).layer
    assert isinstance(other, nn.Linear)
    assert other.in_features == 2


@pytest.mark.parametrize(
    ("factory", "message"),
    [
        ("liner", "there is no factory 'liner'; did you mean 'linear'?"),
        ("xyz", "there is no factory 'xyz'; there are Linear, Given, linear, "),
        ("nothing", "expected nothing to return a torch module, got NoneType"),
        ("exits", "expected the code to go on, and it called sys.exit('usage: model.py')"),
    ],
)
def test_a_factory_that_is_none(code: Path, factory: str, message: str) -> None:
    with pytest.raises(Mismatch) as caught:
        built(code, factory)
    assert str(caught.value).startswith(message)


def test_the_name_of_a_module_of_python_itself(tmp_path: Path) -> None:
    code = write_code(tmp_path, "json.py")
    with pytest.raises(Mismatch, match=r"expected to import .*json\.py, got .*__init__\.py: give the file another"):
        built(code)


def test_code_in_a_package_of_its_own(code: Path) -> None:
    package = code.parent / "pack"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "parts.py").write_text("from model import linear as made\n", encoding="utf-8")
    (package / "net.py").write_text("from .parts import made\n", encoding="utf-8")
    read = read_contract(str(package / "net.py"), {"factory": "made", "output": "logits", "root": str(code.parent)})
    with _own_modules(read), as_a_script(as_child(read)):
        assert isinstance(build(as_child(read), SIZES), nn.Module)
    assert not {"pack", "pack.net", "model"} & {*sys.modules}


def test_code_finds_itself_as_a_script_and_leaves_no_trace(code: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = sys.argv, Path.cwd(), list(sys.path)
    for moves in (True, False):
        with as_a_script(contract(code, argv=["--hidden", "3"]), moves=moves):
            assert sys.argv == [str(code), "--hidden", "3"]
            assert (Path.cwd() == code.parent) == moves
            assert sys.path[0] == str(code.parent)
            sys.stdout.write("hello\n")
            os.chdir("/")
        assert (sys.argv, Path.cwd(), sys.path) == before
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "hello\nhello\n")


def test_weights_by_key_prefix_and_format(code: Path) -> None:
    model = built(code)
    weights = {name: torch.full_like(value, 2.0) for name, value in model.state_dict().items()}
    prefixed = {f"module.{name}": value for name, value in weights.items()}
    folder = code.parent
    torch.save({"epoch": 3, "model": prefixed}, folder / "a.pt")
    save_file(weights, folder / "a.safetensors")
    for file, key, prefix in (("a.pt", "model", "module."), ("a.safetensors", "", "")):
        model = built(code)
        path = str(folder / file)
        load_weights(contract(code, checkpoint=path, checkpoint_key=key, checkpoint_prefix=prefix), model)
        assert all((value == 2).all() for value in model.state_dict().values())
    load_weights(contract(code, checkpoint=""), model)


class Hostile:
    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, ("hostile",)


class Large:
    """A few bytes that would become as many zeros as they say."""

    def __reduce__(self) -> tuple[Any, ...]:
        return bytearray, (1 << 20,)


def test_weights_that_are_none(code: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(code.parent)
    model = built(code)
    torch.save({"epoch": 3, "state": model.state_dict()}, "a.pt")
    torch.save({"other.weight": torch.ones(3)}, "b.pt")
    torch.save(Hostile(), "c.pt")
    torch.save(torch.ones(2), "d.pt")
    torch.save({3: torch.ones(2)}, "e.pt")
    torch.save({"weight": torch.ones(2, 2).to_sparse(), "bias": torch.ones(2)}, "f.pt")
    torch.save(Large(), "g.pt")
    for file, key, message in (
        ("a.pt", "", "a.pt, got epoch, state; declare which by checkpoint_key"),
        ("a.pt", "stat", "a.pt has no key 'stat'; did you mean 'state'?"),
        ("a.pt", "epoch", "a.pt, got int; declare"),
        ("b.pt", "", "b.pt holds other weights: Error(s) in loading state_dict for Linear: Missing key(s)"),
        (
            "c.pt",
            "",
            "c.pt cannot be read as weights alone (it names posix.mkdir, which was not run); save model.state",
        ),
        ("d.pt", "", "d.pt, got Tensor; declare"),
        ("d.pt", "model", "d.pt has no key 'model': it holds no dictionary but Tensor"),
        ("e.pt", "", "e.pt, got 3; declare"),
        ("f.pt", "", "f.pt holds other weights: "),
        ("g.pt", "", "g.pt cannot be read as weights alone (it names bytearray, which was not run)"),
        ("none.pt", "", "none.pt cannot be read as weights alone ([Errno 2] No such file"),
        ("d.safetensors", "", "d.safetensors cannot be read as weights alone ("),
    ):
        with pytest.raises(Mismatch) as caught:
            load_weights(contract(code, checkpoint=str(code.parent / file), checkpoint_key=key), model)
        assert message in str(caught.value)
        assert "\n" not in str(caught.value)
    assert not (code.parent / "hostile").exists()
    # For whoever comes after, torch allows what it does.
    assert len(torch.load("g.pt", weights_only=True)) == 1 << 20


def test_what_asks_for_cuda_gets_the_cpu(own_torch: None, tmp_path: Path) -> None:
    without_cuda()
    mode = OnCpu()
    with mode:
        layer = nn.Linear(2, 2).cuda().to("cuda:0").to(device=torch.device("cuda"))
        rows = torch.zeros(1, 2, device="cuda") + torch.ones(1, 2).cuda(0).to(0).to("cuda", torch.float32)
        assert torch.ones(2).to(torch.float64).to("cpu").dtype == torch.float64
        assert torch.ones(2).to("cpu", torch.float64, True).device.type == "cpu"
        said = layer(rows)
    assert said.device.type == "cpu"
    # Weight and bias twice each, once for both by `device=`, zeros once, ones three times.
    assert mode.redirected == 2 * 2 + 1 + 1 + 3
    torch.cuda.set_device(1)
    torch.cuda.synchronize()
    assert torch.equal(torch.cuda.FloatTensor([1.0]), torch.ones(1))  # type: ignore[attr-defined]  # stands for the CPU's
    torch.save(torch.ones(1), tmp_path / "a.pt")
    assert torch.equal(torch.load(tmp_path / "a.pt", map_location="cuda"), torch.ones(1))


def order(code: Path, factory: str, **changes: Any) -> dict[str, Any]:
    given = contract(code, factory, modalities=["text"], **changes)
    return {"do": "build", "contract": given, "sizes": {**SIZES, "width": 4}, "seed": 1, "device": "cpu", "threads": 1}


def asked(*requests: dict[str, Any]) -> list[dict[str, Any]]:
    answers: list[dict[str, Any]] = []
    read = read_contract(requests[0]["contract"]["module"], {"factory": "linear", "output": "logits"})
    with _own_modules(read):
        serve([json.dumps(request) for request in requests], lambda text: answers.append(json.loads(text)))
    return answers


def arrays(folder: Path) -> dict[str, Any]:
    rows = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    valid = np.array([[True, True, True], [True, False, False]])
    np.savez(folder / "in.npz", **{"features/text": rows, "observed/text": valid, "valid": valid}, speaker=valid * 0)  # type: ignore[arg-type]  # the names are none of `savez`'s own
    return {"do": "predict", "input": str(folder / "in.npz"), "output": str(folder / "out.npz")}


def test_it_builds_and_predicts(code: Path, own_torch: None, tmp_path: Path) -> None:
    built, predicted = asked(order(code, "on_cuda"), arrays(tmp_path))
    assert built["parameters"] == 4 * 3 + 3
    assert built["torch"] == torch.__version__
    assert predicted["redirected"] > built["redirected"] > 0
    with np.load(tmp_path / "out.npz") as held:
        assert held["values"].shape == (2, 3, 3)
        assert held["values"].dtype == np.float64


def test_what_is_drawn_is_drawn_from_the_seed(code: Path, own_torch: None, tmp_path: Path) -> None:
    def drawn(seed: int) -> np.ndarray:
        asked({**order(code, "drawn"), "seed": seed}, arrays(tmp_path))
        with np.load(tmp_path / "out.npz") as held:
            values: np.ndarray = held["values"]
        return values

    assert np.array_equal(drawn(1), drawn(1))
    assert not np.array_equal(drawn(1), drawn(2))


def test_the_device_of_a_machine_that_has_another(code: Path, own_torch: None, tmp_path: Path) -> None:
    """`meta` stands for a device that is no CPU: nothing is redirected there."""
    built, predicted = asked({**order(code, "linear"), "device": "meta"}, arrays(tmp_path))
    assert built["redirected"] == 0
    assert "error" in predicted


@pytest.mark.parametrize(
    ("factory", "message"),
    [
        ("raises", r"ValueError: no such thing \(model.py:\d+\)"),
        ("exits", r"expected the code to go on, and it called sys.exit\('usage: model.py'\)"),
        ("missing", "there is no factory 'missing'; there are "),
    ],
)
def test_what_goes_wrong_is_answered(code: Path, own_torch: None, factory: str, message: str) -> None:
    (said,) = asked(order(code, factory))
    assert re.match(message, said["error"])


@pytest.mark.parametrize(
    ("factory", "message"),
    [
        ("raises_later", "RuntimeError: no more memory (model.py:"),
        ("exits_later", "expected the code to go on, and it called sys.exit(4)"),
        ("not_a_number", "expected finite logits, got [nan, nan, nan] (4 of 4 rows are bad)"),
    ],
)
def test_what_goes_wrong_later_is_answered_too(
    code: Path, own_torch: None, tmp_path: Path, factory: str, message: str
) -> None:
    _, said = asked(order(code, factory), arrays(tmp_path))
    assert said["error"].startswith(message)


def test_an_error_outside_the_code_has_no_place() -> None:
    assert reason(KeyError("x"), "/nowhere") == "KeyError: 'x'"
    assert reason(KeyError("x"), "") == "KeyError: 'x'"


def test_the_channels_of_the_process_are_kept_from_the_model(code: Path, own_torch: None) -> None:
    """What a model prints goes to stderr, what it reads is empty, and the end of stdin ends the process."""
    (inner, ask), (hear, said), (_, errors) = os.pipe(), os.pipe(), os.pipe()
    ended: queue.Queue[int] = queue.Queue()
    thread = threading.Thread(target=main, args=(inner, said, errors, ended.put), daemon=True)
    thread.start()
    with os.fdopen(ask, "w", encoding="utf-8") as requests, os.fdopen(hear, encoding="utf-8") as answers:
        requests.write(json.dumps({"do": "predict"}) + "\n")
        requests.flush()
        assert json.loads(answers.readline()) == {"error": "IndexError: list index out of range"}
        assert os.read(inner, 10) == b""
        assert os.fstat(said).st_ino == os.fstat(errors).st_ino
        requests.close()
        assert ended.get(timeout=10) == 0


def test_it_is_python_3_9_and_needs_nothing_of_emobench() -> None:
    files = sorted(Path(child.__file__).parent.glob("*.py"))
    assert len(files) == 5
    for file in files:
        tree = ast.parse(file.read_text(encoding="utf-8"), feature_version=(3, 9))
        outside = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.level > 1]
        named = {
            name.name.split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names
        }
        assert outside == []
        assert named - sys.stdlib_module_names <= {"torch", "numpy"}
