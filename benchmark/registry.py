"""Plug-ins by name: one file each in its folder, or an entry point of somebody else's package.

A file is a plug-in when it says `PLUGIN = …` at its top level; its name is the plug-in's name and the first line of
its docstring says what it is. Names and summaries are read without importing anything, so listing is quick and a
plug-in that does not import breaks nobody but its user.
"""

import importlib
import importlib.util
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import MissingPackage, SpecError, UnknownName
from .installed import may_offer
from .specs import Call, join, parse

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

_ROOT = __name__.partition(".")[0]
_QUOTES = '"' * 3


@dataclass(frozen=True)
class Kind:
    """One sort of plug-in."""

    singular: str
    """What one of them is called in messages."""
    package: str
    """Where the built-in ones are, relative to the package."""
    group: str
    """Entry-point group for those of other packages."""


MODELS = Kind("model", "baselines", "emobench.models")
METHODS = Kind("training method", "baselines.methods", "emobench.methods")
CALIBRATORS = Kind("calibrator", "baselines.calibrators", "emobench.calibrators")
PROTOCOLS = Kind("protocol", "protocols", "emobench.protocols")
DATASETS = Kind("data set", "benchmark.datasets", "emobench.datasets")
METRICS = Kind("metric", "benchmark.metrics", "emobench.metrics")
FORMATS = Kind("report format", "reports.formats", "emobench.formats")

KINDS = {
    "models": MODELS,
    "methods": METHODS,
    "calibrators": CALIBRATORS,
    "protocols": PROTOCOLS,
    "data": DATASETS,
    "metrics": METRICS,
    "formats": FORMATS,
}
"""The kinds by the word typed after `emobench list`."""


def names(kind: Kind) -> tuple[str, ...]:
    """Return the names of all plug-ins of a kind, sorted."""
    return tuple(sorted({*_files(kind), *_entry_points(kind)}))


def built_in(kind: Kind) -> tuple[str, ...]:
    """Return the names of the plug-ins that come with emobench, sorted: what is taken where none is named.

    Code of other packages runs when it is named, and only then.
    """
    return tuple(_files(kind))


def summary(kind: Kind, name: str) -> str:
    """Return the first line of a plug-in's docstring, without importing it where it is built in."""
    path = _files(kind).get(name)
    return _first_line(path.read_text(encoding="utf-8")) if path else f"from {_entry_points(kind)[name].value}"


def _first_line(source: str) -> str:
    """Return the first line of the docstring of a module; empty: it has none."""
    first = source.partition("\n")[0].removeprefix(_QUOTES)
    # Nearly all begin like this; to parse whole files takes longer than all else that a list needs.
    if source.startswith(_QUOTES) and first.strip() and not {*first} & {"\\", '"'}:
        return first.strip()
    import ast

    return (ast.get_docstring(ast.parse(source)) or "").partition("\n")[0]


@cache
def source_key(kind: Kind, name: str) -> str:
    """Return a key of the code of a plug-in from another package; empty for a built-in one.

    The package's version and, where it can be read, the content of the plug-in's file.
    """
    if name in _files(kind):
        return ""
    import hashlib

    point = _entry_points(kind)[name]
    found = importlib.util.find_spec(point.module)
    content = Path(found.origin).read_bytes() if found and found.origin and Path(found.origin).is_file() else b""
    return f"{point.value} {point.dist.version if point.dist else ''} {hashlib.sha256(content).hexdigest()}"


# A registry holds classes of several interfaces; the functions that use a kind state the interface they expect.
def plugin_class(kind: Kind, name: str) -> Any:
    """Import and return the class of a plug-in.

    Raises
    ------
    UnknownName
        With the near names.
    MissingPackage
        When the plug-in itself needs a package that is not installed.
    """
    if name not in names(kind):
        raise UnknownName(kind.singular, name, names(kind))
    if name not in _files(kind):
        return _entry_points(kind)[name].load()
    try:
        return importlib.import_module(f"{_ROOT}.{kind.package}.{name}").PLUGIN
    except ModuleNotFoundError as error:
        if error.name and error.name.startswith(_ROOT):
            raise
        raise MissingPackage(
            f"{kind.singular} {name!r} needs the package {error.name!r}: pip install {error.name}"
        ) from error


def make(kind: Kind, text: str) -> Any:
    """Return the plug-in that a spec text without `+` describes.

    Raises
    ------
    SpecError, UnknownName
        One line: what was expected, what was got, what to type.
    """
    calls = parse(text)
    if len(calls) != 1:
        raise SpecError(f"expected one {kind.singular}, got the chain {text!r}")
    return make_call(kind, calls[0])


def make_call(kind: Kind, call: Call) -> Any:
    """Return the plug-in that a call describes; errors as in `make`."""
    from .arguments import build

    return build(plugin_class(kind, call.name), call)


def canonical_text(kind: Kind, text: str, suffixes: tuple[Kind, ...] = ()) -> str:
    """Return the one spelling of a spec text; calls after the first are of one of the `suffixes` (none: of `kind`).

    Examples
    --------
    >>> canonical_text(PROTOCOLS, "modality_drop:rate=0.50,signal=told")
    'modality_drop:rate=0.5'
    """
    from .arguments import canonical

    first, *rest = parse(text)
    kinds = [(kind, first), *((kind_of(call, suffixes or (kind,)), call) for call in rest)]
    return join(tuple(canonical(call.name, make_call(which, call)) for which, call in kinds))


def kind_of(call: Call, kinds: tuple[Kind, ...]) -> Kind:
    """Return that of the kinds which has a plug-in of the call's name.

    Raises
    ------
    UnknownName
        With the near names of all of them.
    """
    found = next((kind for kind in kinds if call.name in names(kind)), None)
    if found is None:
        known = [name for kind in kinds for name in names(kind)]
        raise UnknownName(" or ".join(kind.singular for kind in kinds), call.name, known)
    return found


@cache
def _files(kind: Kind) -> dict[str, Path]:
    folder = Path(__file__).parent.parent / kind.package.replace(".", "/")
    return {
        path.stem: path
        for path in sorted(folder.glob("*.py"))
        if any(line.startswith("PLUGIN") for line in path.read_text(encoding="utf-8").splitlines())
    }


@cache
def _entry_points(kind: Kind) -> dict[str, "EntryPoint"]:
    if not may_offer(kind.group):
        return {}
    import importlib.metadata

    return {point.name: point for point in importlib.metadata.entry_points(group=kind.group)}
