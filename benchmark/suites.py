"""Suites: what a table of a paper, or all of a paper, takes to be computed, as a file of TOML.

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
arguments = { epochs = 30 }                # of models, see `suite_arguments`

[[block]]                                  # a run of its own; what it does not say is as above
name = "sizes"
models = ["m3net"]
arguments = { width = [128, 256] }
```

`title`, `data` and `models` have to be there, above or in every block. Suites are data, no plug-ins: those that come
with emobench are the files `suites/*.toml`, and a path to a file of one's own stands wherever a name can. `FILE#NAME`
is one block.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal, NamedTuple

from annotated_types import Ge, Le, MinLen
from pydantic import BaseModel, ConfigDict, Strict, ValidationError

from ..protocols.base import DataFacts
from .conditions import expand
from .errors import EmobenchError, SpecError, UnknownName, suggestion
from .models import canonical_model
from .reading import with_home
from .registry import METRICS, canonical_text
from .run_record import SuiteRecord
from .suite_arguments import axes_of, with_arguments
from .suite_data import check_data
from .suite_file import SuiteFile, read_suite_file, said_of, shown
from .suite_files import FOLDER, divided, suite_names
from .suite_lines import Place

Preset = Literal["suite", "paper", "paper_meld"]
"""What the sizes and switches of models are when their text does not say."""
Line = Annotated[str, MinLen(1)]

_BLOCK = "block"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,59}\Z")


class Suite(BaseModel):
    """The content of a file, or of a block and what it takes from above."""

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
    seeds: Annotated[int, Strict(), Ge(1), Le(1000)] = 1
    """Number of training seeds."""
    first_seed: Annotated[int, Strict(), Ge(0), Le(2**31)] = 0
    """The first of them; the others follow it one by one."""
    stress_seed: Annotated[int, Strict(), Ge(0), Le(2**63)] = 0
    """Seed of the stresses."""
    stress_draws: Annotated[int, Strict(), Ge(1), Le(1000)] = 3
    """How often each random condition is drawn."""
    selection: Literal["validation", "test"] = "validation"
    """Split that chooses the epoch."""
    draws: Annotated[int, Strict(), Ge(100), Le(1_000_000)] = 10_000
    """Bootstrap draws."""
    hidden: Annotated[bool, Strict()] = False
    """Whether hidden vectors are kept."""
    published_only: tuple[Line, ...] = ()
    """Systems of the table that cannot be computed here."""
    differs: tuple[Line, ...] = ()
    """What differs from the paper, a sentence each."""
    arguments: dict[str, object] = {}
    """Arguments of the models: see `suite_arguments`."""


class Block(NamedTuple):
    """A part of a file that is a run of its own; a file without blocks is one."""

    name: str
    """Empty: the file has no blocks."""
    number: int
    # `Any`: what a file holds; `_validated` gives it a type.
    own: Mapping[str, Any]
    """What it says itself."""
    common: Mapping[str, Any]
    """What stands above the blocks."""

    def place(self, key: str) -> Place:
        """Return where in the file a key stands that it has or takes from above; one that is missing: the block."""
        if not self.name or (key not in self.own and key in self.common):
            return (key,)
        return (_BLOCK, self.number, key)


def load_suite(text: str) -> SuiteRecord:
    """Return a suite that is one run, by its name or by the path of its file, its models written canonically.

    Raises
    ------
    EmobenchError
        One line that names the file, the line and the key: what was expected, what was got, what to type.
    """
    suites = load_suites(text)
    if len(suites) > 1:
        known = ", ".join(suite.text for suite in suites)
        raise SpecError(f"{text} is {len(suites)} runs: each block is a run of its own; name one of them: {known}")
    return suites[0]


def load_suites(text: str) -> tuple[SuiteRecord, ...]:
    """Return the suites that a file stands for: one for each of its blocks, or the one that `FILE#NAME` names.

    A file without blocks is one suite. Raises as `load_suite`.
    """
    name, wanted = divided(text)
    if name not in suite_names() and not name.endswith(".toml"):
        raise UnknownName("suite", name, suite_names())
    own = name.endswith(".toml")
    path = with_home(name) if own else FOLDER / f"{name}.toml"
    file = read_suite_file(path, str(path) if own else f"the suite {name}")
    blocks = _blocks(file)
    known = [block.name for block in blocks if block.name]
    if "#" in text and wanted not in known:
        raise SpecError(f"{file.where} has no block {wanted!r}; {suggestion(wanted, known)}")
    # All are read, so that a mistake is found before hours of work on another block.
    suites = [_suite(block, file, path.stem, name if own else "") for block in blocks]
    return tuple(suite for suite in suites if suite.block == wanted or not wanted)


def _blocks(file: SuiteFile) -> list[Block]:
    """Return the blocks of a file, or the whole as the only one."""
    common = {key: value for key, value in file.content.items() if key != _BLOCK}
    if _BLOCK not in file.content:
        return [Block("", 0, common, {})]
    blocks = file.content[_BLOCK]
    if not isinstance(blocks, list) or not blocks or not all(isinstance(block, dict) for block in blocks):
        raise file.mistake((_BLOCK,), "expected tables, each under a line [[block]]")
    found: dict[str, Block] = {}
    for number, block in enumerate(blocks):
        name, place = block.get("name"), (_BLOCK, number, "name")
        if name is None:
            raise file.mistake(
                place[:-1], "expected the key 'name', which is not there; it names the folder of the run"
            )
        if not isinstance(name, str) or not _NAME.match(name):
            expected = "expected up to 60 letters of A–Z and a–z, digits, - and _"
            raise file.mistake(place, f"{expected}, for it names a folder; got {shown(name)}")
        if name.casefold() in found:  # there are disks to which they are the same
            raise file.mistake(place, f"expected another name for each block, got {name!r} again")
        own = {key: value for key, value in block.items() if key != "name"}
        found[name.casefold()] = Block(name, number, own, common)
    return list(found.values())


def _suite(block: Block, file: SuiteFile, name: str, path: str) -> SuiteRecord:
    suite = _validated(block, file)
    place = block.place("arguments")
    axes = axes_of(suite.arguments, place, file)
    models = _each(block, file, "models", suite.models, canonical_model)
    check_data(suite.data, block.place("data"), file)
    values = suite.model_dump(exclude={"arguments"}) | {
        "models": with_arguments(models, axes, file) if axes else tuple(dict.fromkeys(models)),
        "protocols": _each(block, file, "protocols", suite.protocols, _known_protocol),
        "metrics": _each(block, file, "metrics", suite.metrics, lambda metric: canonical_text(METRICS, metric)),
    }
    return SuiteRecord(name=name, path=path, block=block.name, **values)


def _validated(block: Block, file: SuiteFile) -> Suite:
    try:
        return Suite.model_validate({**block.common, **block.own})
    except ValidationError as error:
        # A key that is unknown is likely to be the one that is missing.
        order = ("extra_forbidden", "missing")
        first = min(
            error.errors(), key=lambda mistake: order.index(mistake["type"]) if mistake["type"] in order else -1
        )
        name, place = str(first["loc"][0]), (*block.place(str(first["loc"][0])), *first["loc"][1:])
        if first["type"] == "extra_forbidden":
            known = [*Suite.model_fields, "name" if block.name else _BLOCK]
            raise file.mistake(place, f"unknown key {name!r}; {suggestion(name, known)}", named=True) from None
        if first["type"] == "missing":
            said = f"expected the key {name!r}, which is not there; see docs/suites.md"
            raise file.mistake(place[:-1], said, named=True) from None
        raise file.mistake(place, said_of(first)) from None


def _each(
    block: Block, file: SuiteFile, key: str, texts: Sequence[str], canonical: Callable[[str], str]
) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_canonical_texts(block, file, key, texts, canonical)))


def _canonical_texts(
    block: Block, file: SuiteFile, key: str, texts: Sequence[str], canonical: Callable[[str], str]
) -> Iterator[str]:
    for number, text in enumerate(texts):
        try:
            yield canonical(text)
        except EmobenchError as error:
            raise file.mistake((*block.place(key), number), str(error)) from None


def _known_protocol(text: str) -> str:
    """Return a protocol's text as it is, known to be defined for data with everything that data can have."""
    expand(text, DataFacts(("text", "audio", "video"), speakers=3, turns=20))
    return text
