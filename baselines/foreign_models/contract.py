"""The contract of a foreign model: what it is called with and what it gives, never guessed.

It stands in a TOML file beside the code, in arguments of the spec text, or in both; what is typed comes on top. Paths
in the file start at the file, typed ones where the command is typed.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import unquote

from annotated_types import Ge, Gt, MinLen
from pydantic import BaseModel, BeforeValidator, ConfigDict, JsonValue, ValidationError
from typing_extensions import Doc

from ...benchmark.errors import SpecError, suggestion
from ...benchmark.reading import regular, with_home
from ...benchmark.toml_text import parsed

SEED = "{seed}"
"""Stands in the path of a checkpoint for the training seed of the run."""
INPUTS = ("features", "modalities", "speakers", "mask", "lengths", "observed")
"""What a model can be called with, beside the name of any modality."""

# One type per key, so that the file and the arguments of both models offer the same.
Factory = Annotated[str, MinLen(1), Doc("function or class of the module that returns the torch module")]
Root = Annotated[str, Doc("folder the code starts in and imports from; open: that of the module")]
Argv = Annotated[tuple[str, ...], Doc("what the code finds on its command line")]
Modalities = Annotated[tuple[str, ...], Doc("those the model reads, in its order; open: all, in that of the data")]
Inputs = Annotated[
    tuple[str, ...],
    MinLen(1),
    Doc("positional arguments in order: features (joined), modalities (a dict), a modality, " + ", ".join(INPUTS[2:])),
]
Order = Annotated[Literal["batch_first", "sequence_first"], Doc("dialogues × turns × width, or turns × dialogues × …")]
Mask = Annotated[Literal["valid", "padding"], Doc("where the mask is 1: at turns, or at padding")]
MaskOrder = Annotated[Literal["same", "batch_first", "sequence_first"], Doc("axes of the mask; same: as layout")]
MaskType = Annotated[Literal["float", "bool", "int"], Doc("type of the mask")]
Speakers = Annotated[Literal["index", "one_hot"], Doc("0, 1, … per turn, or a row of zeros with a one")]
SpeakerCount = Annotated[int, Ge(0), Doc("width of one_hot; 0: the most in a training dialogue")]
Gives = Annotated[Literal["logits", "probabilities", "log_probabilities"], Doc("what the output holds; never guessed")]
GivesOrder = Annotated[
    Literal["same", "batch_first", "sequence_first", "flattened"],
    Doc("axes of the output; same: as layout; flattened: turns of all dialogues one after the other, no padding"),
]
Item = Annotated[str, Doc("which of a tuple or list (from 0) or dict the model returns; open: it is a tensor")]
Files = Annotated[tuple[str, ...], Doc("further files that decide predictions, beside the *.py below root")]
Checkpoint = Annotated[
    str, Doc(f"weights (.safetensors, or what torch.load reads with weights_only=True); {SEED}: the seed")
]
CheckpointKey = Annotated[str, Doc("key of the weights in the checkpoint; open: it holds nothing else")]
CheckpointPrefix = Annotated[str, Doc("what all names in the checkpoint begin with too much, such as module.")]
Python = Annotated[str, Doc("interpreter that has what the code needs, with numpy and torch ≥ 2; open: this one")]
TimeLimit = Annotated[float, Gt(0), Doc("seconds for the model to be made, and for each batch")]
BatchSize = Annotated[int, Ge(1), Doc("dialogues the model is given at once; 1: no padding, no company")]


def _text_of_item(item: object) -> object:
    return str(item) if isinstance(item, int) and not isinstance(item, bool) else item


class Contract(BaseModel):
    """All that is declared; paths are absolute."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    module: Annotated[str, MinLen(1), Doc("the file with the factory")]
    factory: Factory
    output: Gives
    root: Root = ""
    arguments: Annotated[dict[str, JsonValue], Doc("what the factory is called with, by name")] = {}
    argv: Argv = ()
    modalities: Modalities = ()
    inputs: Inputs = ("features",)
    layout: Order = "batch_first"
    mask: Mask = "valid"
    mask_layout: MaskOrder = "same"
    mask_type: MaskType = "float"
    speakers: Speakers = "index"
    speaker_count: SpeakerCount = 0
    output_layout: GivesOrder = "same"
    item: Annotated[Item, BeforeValidator(_text_of_item)] = ""
    files: Files = ()
    checkpoint: Checkpoint = ""
    checkpoint_key: CheckpointKey = ""
    checkpoint_prefix: CheckpointPrefix = ""
    python: Python = ""
    time_limit: TimeLimit = 300.0
    batch: BatchSize = 16

    @property
    def name(self) -> str:
        """Name of the module's file, for messages."""
        return Path(self.module).name

    @property
    def dotted(self) -> str:
        """The module as it is imported from `root`."""
        return ".".join(Path(self.module).relative_to(self.root).with_suffix("").parts)


@dataclass(frozen=True)
class ContractArguments:
    """The keys of a contract that can be typed; None: what the file says."""

    path: Annotated[str, Doc("the contract (.toml), or the module itself (.py)")]
    factory: Factory | None = None
    output: Gives | None = None
    root: Root | None = None
    argv: Argv | None = None
    modalities: Modalities | None = None
    inputs: Inputs | None = None
    layout: Order | None = None
    mask: Mask | None = None
    mask_layout: MaskOrder | None = None
    mask_type: MaskType | None = None
    speakers: Speakers | None = None
    speaker_count: SpeakerCount | None = None
    output_layout: GivesOrder | None = None
    item: Item | None = None

    def contract(self) -> Contract:
        """Return the contract of the file with what is typed on top; errors as `read_contract`."""
        typed = {name: getattr(self, name, None) for name in Contract.model_fields}
        return read_contract(self.path, typed)


_PATHS = ("module", "root", "checkpoint")


def read_contract(path: str, typed: Mapping[str, object]) -> Contract:
    """Return the contract of a TOML file or of the module itself (.py), with what is typed on top.

    Parameters
    ----------
    path
        As typed: `%20` stands for a space and so on.
    typed
        Arguments by name; None: open.

    Raises
    ------
    SpecError
        One line that names the file and the key: what was expected, what was got, what to type.
    """
    file = typed_file(path)
    if file.suffix not in (".toml", ".py"):
        raise SpecError(
            f"expected path to be a contract (.toml) or a module (.py), got {path!r}; see docs/foreign_models.md"
        )
    content = _content(file) if file.suffix == ".toml" else {"module": str(file)}
    asked = {name: _unquoted(name, value) for name, value in typed.items() if value is not None}
    merged = _absolute(content, file.parent) | _absolute(asked, Path.cwd())
    merged["root"] = merged.get("root") or str(Path(str(merged.get("module", file))).parent)
    contract = _validated(merged, path)
    _check(contract, path)
    return contract


def typed_file(path: str) -> Path:
    """Return the file that is typed: `%20` stands for a space and so on, `~` for the home folder."""
    return with_home(unquote(path)).absolute()


# `Any`: what a file holds; `_validated` gives it a type.
def _content(file: Path) -> dict[str, Any]:
    try:
        return parsed(regular(file).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
        raise SpecError(f"cannot read the contract {file}: {reason}; see docs/foreign_models.md") from None
    except tomllib.TOMLDecodeError as error:
        raise SpecError(f"{file} is no TOML: {error}; see docs/foreign_models.md") from None
    except ValueError as error:  # a number of thousands of digits; arrays in arrays in arrays …
        reason = str(error).partition(":")[0]
        raise SpecError(f"{file} is no TOML that can be read: {reason}; see docs/foreign_models.md") from None


def _unquoted(name: str, value: object) -> object:
    if name in (*_PATHS, "python") and isinstance(value, str):
        return unquote(value)
    return tuple(map(unquote, value)) if name == "argv" and isinstance(value, tuple) else value


def _absolute(values: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Return the values with paths that start at `folder`; what is no path is left to be refused."""

    def path_of(text: object) -> object:
        # No system has a zero byte in a path: such a text stays as it is, and no file will be there.
        if isinstance(text, str) and text and "\0" not in text:
            return str((folder / with_home(text)).resolve())
        return text

    found = {name: path_of(value) if name in _PATHS else value for name, value in values.items()}
    if isinstance(files := values.get("files"), list | tuple):
        found["files"] = tuple(map(path_of, files))
    python = values.get("python")
    if isinstance(python, str) and ("/" in python or "\\" in python):
        # Not resolved: the interpreter of an environment is a link, and knows its packages by where the link is.
        found["python"] = str(folder / with_home(python))
    return found


def _validated(values: Mapping[str, object], where: str) -> Contract:
    try:
        return Contract.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        if first["type"] == "extra_forbidden":
            raise SpecError(f"{where}: unknown key {key!r}; {suggestion(key, Contract.model_fields)}") from None
        if first["type"] == "missing":
            choice = " (logits, probabilities or log_probabilities)" if key == "output" else ""
            raise SpecError(
                f"{where}: expected {key!r}{choice}, which is not declared; write it in the contract or type {key}=…"
            ) from None
        said = first["msg"][:1].lower() + first["msg"][1:]
        if first["type"] == "tuple_type":
            said = 'expected an array, such as ["…"]'
        raise SpecError(f"{where}: {key}: {said}, got {first['input']!r}") from None


def _check(contract: Contract, where: str) -> None:
    """Raise SpecError for a module that is not there or not below the root."""
    module = Path(contract.module)
    if module.suffix != ".py" or not module.is_file():
        raise SpecError(f"{where}: expected module to be a Python file, and {module} is none")
    if not module.is_relative_to(contract.root):
        raise SpecError(f"{where}: expected the module below root, got {module} and {contract.root}")
