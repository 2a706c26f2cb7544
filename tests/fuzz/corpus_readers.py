"""Who reads the findings of the corpus: a content, in a folder that is empty."""

from collections.abc import Callable
from pathlib import Path

# Here, as what a library does when it is loaded would be heard while an input is read.
import torch

from emobench.baselines.foreign_models.child import loading, shapes
from emobench.baselines.foreign_models.contract import read_contract
from emobench.benchmark.checkpoints import load_checkpoint
from emobench.benchmark.cost_files import read_costs
from emobench.benchmark.datasets.own_features import read_features
from emobench.benchmark.datasets.own_tables import read_table as read_own
from emobench.benchmark.datasets.utterances import Utterance
from emobench.benchmark.errors import DataError
from emobench.benchmark.files import read_table
from emobench.benchmark.gate.accepted import read_accepted
from emobench.benchmark.gate.rules import read_rules
from emobench.benchmark.hidden_vectors import read_hidden
from emobench.benchmark.prediction_files import conditions_in, read_predictions
from emobench.benchmark.run_folder import RunFolder
from emobench.benchmark.saved_predictions import SavedPredictions
from emobench.benchmark.stress_records import merge_stresses
from emobench.benchmark.suites import load_suites
from emobench.reports.comparisons import view_of
from emobench.reports.leftovers import LIST, keep_only

Read = Callable[[Path], object]


def _beside(name: str, content: bytes, read: Read) -> Callable[[Path], object]:
    def do(folder: Path) -> object:
        (folder / name).write_bytes(content)
        return read(folder / name)

    return do


def reading(reader: str, content: bytes) -> Callable[[Path], object]:
    """Return what reads a content in a folder."""
    name, read = READ[reader]
    return _beside(name, content, read)


def _utterances() -> list[Utterance]:
    return [Utterance("here", f"u{turn}", "d", (0, turn), "A", 0, "") for turn in range(2)]


def _checkpoint(path: Path) -> None:
    path.with_suffix(".safetensors").write_bytes(b"")
    assert load_checkpoint(path.with_suffix(""), "key") is None


def _weights(path: Path) -> None:
    contract = {"checkpoint": str(path), "checkpoint_key": "", "checkpoint_prefix": ""}
    try:
        loading.load_weights(contract, torch.nn.Linear(1, 1))
    except shapes.Mismatch as error:
        # What the process answers is what the message of the error says.
        raise DataError(str(error)) from None


def _predictions(path: Path) -> None:
    conditions_in(path)
    read_predictions(path, "clean")


def _saved(path: Path) -> None:
    SavedPredictions.read(path, values="probabilities", data="here", classes=("a", "b"))


READ: dict[str, tuple[str, Read]] = {
    "rules": ("rules.toml", read_rules),
    "contract": ("contract.toml", lambda path: read_contract(str(path), {})),
    "baseline": ("baseline.toml", read_accepted),
    "suite": ("suite.toml", lambda path: load_suites(str(path))),
    "costs": ("costs.csv", read_costs),
    "table": ("table.csv", lambda path: read_own(path).require(("dialogue",))),
    "npy": ("audio.npy", lambda path: read_features(path, _utterances())),
    "npz": ("hidden.npz", read_hidden),
    "weights": ("weights.pt", _weights),
    "predictions": ("predictions.parquet", _predictions),
    "saved": ("saved.csv", _saved),
    "stresses": ("stresses.parquet", lambda path: merge_stresses([path], path.with_name("into.parquet"), ["clean"])),
    "parquet": ("results.parquet", lambda path: read_table(path, repeated=("model",))),
    "comparisons": ("comparisons.parquet", view_of),
    "record": ("run.json", lambda path: RunFolder(path.parent).read_older()),
    "report_list": (LIST, lambda path: keep_only(path.parent, [])),
    "checkpoint": ("stem.json", _checkpoint),
}
"""By name what the file is called, and what reads it."""
