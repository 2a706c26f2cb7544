"""Whether another process would compute what this one would: the same code, libraries and plug-ins."""

import importlib.metadata
import platform
from pathlib import Path
from typing import NamedTuple

from ...baselines.base import ReadsFiles
from .. import registry
from ..errors import EmobenchError
from ..models import SUFFIXES
from ..plan import Plan
from ..provenance import code_key, key, versions
from ..specs import parse

_WRITING = ("pyarrow", "safetensors")
"""Their versions decide the bytes of files, as those of `versions` decide what is in them."""


class Build(NamedTuple):
    """What decides the bytes that a process computes."""

    versions: dict[str, str]
    """By name; `emobench` is one of them."""
    code: str
    """Key of the code, of what talks between processes too."""
    plugins: tuple[tuple[str, str, str], ...]
    """Entry-point group, name and `source_key` of the plug-ins of a plan that are not part of this package."""


def build_of(plan: Plan) -> Build:
    """Return what is installed here, as far as a plan needs it."""
    named = {(kind.group, name) for text in _models(plan) for kind, name in _parts(text)}
    conditions = (condition for those in plan.conditions.values() for condition in those)
    named |= {(registry.PROTOCOLS.group, name) for condition in conditions for name, _ in condition.stresses}
    sources = ((group, name, registry.source_key(_KINDS[group], name)) for group, name in sorted(named))
    return Build(_versions(), _code(), tuple(plugin for plugin in sources if plugin[2]))


def difference(wanted: Build) -> str:
    """Return in words what is not the same here as where `wanted` was made, naming both; empty: all is the same."""
    here = _versions()
    for name, version in wanted.versions.items():
        if here[name] != version:
            return f"has {name} {here[name]}, not {version} as here"
    code = _code()
    if code != wanted.code:
        return f"has emobench {here['emobench']} with other code (key {code[:12]}) than here ({wanted.code[:12]})"
    for group, name, source in wanted.plugins:
        found = _source(group, name)
        if found != source:
            return f"has {found or 'nothing'} for the {_KINDS[group].singular} {name!r}, not {source} as here"
    return ""


def look(wanted: Build) -> str:
    """Return in words why this process cannot compute for another one; empty: it can."""
    other = difference(wanted)
    return f"{platform.node()} {other}; install the same emobench and libraries there" if other else ""


def reads_files(model: str) -> bool:
    """Return whether a model reads files, which other machines may not have."""
    return isinstance(registry.make_call(registry.MODELS, parse(model)[0]), ReadsFiles)


_KINDS = {kind.group: kind for kind in (registry.MODELS, *SUFFIXES, registry.PROTOCOLS)}


def _models(plan: Plan) -> set[str]:
    return {model for data in plan.data for model in plan.models_of(data)}


def _parts(text: str) -> list[tuple[registry.Kind, str]]:
    first, *rest = parse(text)
    return [(registry.MODELS, first.name), *((registry.kind_of(call, SUFFIXES), call.name) for call in rest)]


def _versions() -> dict[str, str]:
    return {**versions(), **{name: importlib.metadata.version(name) for name in _WRITING}}


def _code() -> str:
    files = sorted(Path(__file__).parent.glob("*.py"))
    return key(code_key(), [(path.name, path.read_bytes()) for path in files])


def _source(group: str, name: str) -> str:
    try:
        return registry.source_key(_KINDS[group], name)
    except (KeyError, EmobenchError, ImportError):  # it is not installed, or only half
        return ""
