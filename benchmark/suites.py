"""Suites: what a table of a paper takes to be computed, as a file of TOML.

```toml
title = "CMERC's confidence error of five models"   # one line
shows = "What the published table shows."
paper = "CMERC"                            # whose table
place = "Table 2"                          # empty for a suite of your own
data = ["iemocap", "meld"]                 # wanted; those that are there are used
models = ["m3net", "mmgcn"]                # spec texts, as after --model
protocols = ["removals:operator=mean"]     # as after --protocol
metrics = ["weighted_f1", "cel"]           # as after --metric; none: all
preset = "suite"                           # of models whose text names none
seeds = 5
stress_draws = 3
selection = "validation"
published_only = ["joyful"]                # rows of the table that cannot be computed here
differs = ["One sentence per difference from the paper."]
```

`title`, `data` and `models` have to be there. Suites are data, no plug-ins: those that come with emobench are the files
`suites/*.toml`, and a path to a file of one's own stands wherever a name can.
"""

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal

from annotated_types import Ge, Le, MinLen
from pydantic import BaseModel, ConfigDict, ValidationError

from ..protocols.base import DataFacts
from .conditions import expand
from .errors import EmobenchError, SpecError, UnknownName, suggestion
from .models import canonical_model
from .registry import METRICS, canonical_text
from .run_record import SuiteRecord
from .suite_files import FOLDER, suite_names

Preset = Literal["suite", "paper", "paper_meld"]
"""What the sizes and switches of models are when their text does not say."""
Line = Annotated[str, MinLen(1)]


class Suite(BaseModel):
    """The content of a file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: Line
    """One line, shown by `emobench list suites`."""
    shows: str = ""
    """What the published table shows."""
    paper: str = ""
    """Whose table it is; empty: nobody's."""
    place: str = ""
    """Where in the paper."""
    data: Annotated[tuple[Line, ...], MinLen(1)]
    """Data sets wanted, by name."""
    models: Annotated[tuple[Line, ...], MinLen(1)]
    """Spec texts of models."""
    protocols: tuple[Line, ...] = ()
    """Spec texts of protocols and conditions; what is not defined for any of the data is left out."""
    metrics: tuple[Line, ...] = ()
    """Spec texts of metrics; empty: all."""
    preset: Preset = "suite"
    """Preset of the models whose text names none."""
    seeds: Annotated[int, Ge(1), Le(1000)] = 1
    """Number of training seeds."""
    stress_draws: Annotated[int, Ge(1), Le(1000)] = 3
    """How often each random condition is drawn."""
    selection: Literal["validation", "test"] = "validation"
    """Split that chooses the epoch."""
    published_only: tuple[Line, ...] = ()
    """Systems of the table that cannot be computed here."""
    differs: tuple[Line, ...] = ()
    """What differs from the paper, a sentence each."""


def load_suite(text: str) -> SuiteRecord:
    """Return a suite by its name or by the path of its file, its models written canonically.

    Raises
    ------
    EmobenchError
        One line that names the file and the key: what was expected, what was got, what to type.
    """
    if text not in suite_names() and not text.endswith(".toml"):
        raise UnknownName("suite", text, suite_names())
    own = text.endswith(".toml")
    path = Path(text).expanduser() if own else FOLDER / f"{text}.toml"
    where = str(path) if own else f"the suite {text}"
    suite = _validated(_content(path), where)
    values = suite.model_dump() | {
        "models": _each(suite.models, where, "models", canonical_model),
        "protocols": _each(suite.protocols, where, "protocols", _known_protocol),
        "metrics": _each(suite.metrics, where, "metrics", lambda metric: canonical_text(METRICS, metric)),
    }
    return SuiteRecord(name=path.stem, path=text if own else "", **values)


# `Any`: what a file holds; `_validated` gives it a type.
def _content(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
        raise SpecError(f"cannot read the suite {path}: {reason}; type: emobench list suites") from None
    except tomllib.TOMLDecodeError as error:
        raise SpecError(f"{path} is no TOML: {error}; see docs/suites.md") from None


def _validated(content: dict[str, Any], where: str) -> Suite:
    try:
        return Suite.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0])
        if first["type"] == "extra_forbidden":
            raise SpecError(f"{where}: unknown key {name!r}; {suggestion(name, Suite.model_fields)}") from None
        if first["type"] == "missing":
            raise SpecError(f"{where}: expected the key {name!r}, which is not there; see docs/suites.md") from None
        said = first["msg"][:1].lower() + first["msg"][1:]
        raise SpecError(f"{where}: {name}: {said}, got {first['input']!r}") from None


def _each(texts: tuple[str, ...], where: str, key: str, canonical: Callable[[str], str]) -> tuple[str, ...]:
    try:
        return tuple(dict.fromkeys(map(canonical, texts)))
    except EmobenchError as error:
        raise SpecError(f"{where}: {key}: {error}") from None


def _known_protocol(text: str) -> str:
    """Return a protocol's text as it is, known to be defined for data with everything that data can have."""
    expand(text, DataFacts(("text", "audio", "video"), speakers=3, turns=20))
    return text
