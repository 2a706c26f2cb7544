"""From suites to what a run is asked for: which of their data sets are there, and what else was typed.

What is typed beside `--suite` adds to it or takes the place of what it says:

--model, --protocol, --metric       add to the suite's
--data                              takes the place of the data sets that the suite wants
--preset, --seeds, --stress-draws, --selection and all other options
                                    take the place of what the suite says

Several suites are one run: the models, protocols, metrics and data sets of all, the largest number of seeds and draws.
A suite whose file has blocks is several runs, one for each.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from .arguments import describe
from .errors import DataError, SpecError, suggestion
from .models import canonical_model
from .registry import MODELS, plugin_class
from .run_record import SuiteRecord
from .specs import join, parse
from .suite_data import look_for
from .suite_files import divided
from .suites import load_suite, load_suites

PRESETS = ("suite", "paper", "paper_meld")


class Resolved(NamedTuple):
    """What to run."""

    models: tuple[str, ...]
    protocols: tuple[str, ...]
    data: tuple[str, ...]
    # `Any` here and below: values come from a command line or a caller; `api.options` gives them a type.
    options: dict[str, Any]
    """Options by name, for `api.options`."""
    suites: tuple[SuiteRecord, ...]
    missing: Mapping[str, str]
    """Data sets wanted that are not there, with the line that says so."""


@dataclass(frozen=True)
class Typed:
    """What was typed beside suites, or without any."""

    models: Sequence[str] = ()
    protocols: Sequence[str] = ()
    data: Sequence[str] = ()
    metrics: Sequence[str] = ()
    preset: str = ""
    """Preset of the suites' models whose text names none; empty: as the suite says."""
    # As above.
    options: Mapping[str, Any] = field(default_factory=dict)
    """Other options, by name; those left out are as the suites say."""


class Part(NamedTuple):
    """A run of several."""

    name: str
    """Of the block of the suite, and of the folder below `--out`; empty: it is the only run, and goes there itself."""
    asked: Resolved


class Parts(NamedTuple):
    """What suites, and what was typed beside them, come to: one run, or one for each block of a suite."""

    runs: tuple[Part, ...]
    missing: Mapping[str, str]
    """Data sets wanted that are not there, with the line that says so. A block of which none is there is left out."""


def resolve(texts: Sequence[str], typed: Typed) -> Resolved:
    """Return what suites and what was typed beside them come to.

    Parameters
    ----------
    texts
        Names of suites, or paths of their files; none: only what was typed, on `simulated` where no data were.

    Raises
    ------
    EmobenchError
        One line: a suite that is unknown or wrong, suites that contradict each other, or no data set at all.
    """
    if not texts:
        _check_preset(typed.preset)
        if typed.preset:
            raise SpecError(f"--preset goes with --suite; for a single model type --model m3net:preset={typed.preset}")
        options = dict(typed.options) | {"metrics": tuple(typed.metrics)}
        data = tuple(typed.data) or ("simulated",)
        return Resolved(tuple(typed.models), tuple(typed.protocols), data, options, (), {})
    suites = [load_suite(text) for text in dict.fromkeys(texts)]
    asked = _joined(suites, typed)
    if not asked.data:
        raise DataError(_nothing_there(asked.missing))
    return asked


def resolve_all(texts: Sequence[str], typed: Typed) -> Parts:
    """Return the runs that suites, and what was typed beside them, come to; `texts` as of `resolve`.

    What was typed is said to every block.

    Raises
    ------
    EmobenchError
        As `resolve`; also when a suite with blocks stands beside others, or no block has any of its data.
    """
    alone = len(set(texts)) == 1 and not divided(texts[0])[1]
    blocks = [suite for suite in load_suites(texts[0]) if suite.block] if alone else []
    if not blocks:
        asked = resolve(texts, typed)
        return Parts((Part("", asked),), asked.missing)
    parts = [Part(suite.block, _joined([suite], typed)) for suite in blocks]
    missing = {name: why for part in parts for name, why in part.asked.missing.items()}
    if not any(part.asked.data for part in parts):
        raise DataError(_nothing_there(missing))
    return Parts(tuple(part for part in parts if part.asked.data), missing)


def at_preset(model: str, preset: str) -> str:
    """Return the text of a model at a preset, canonical; one that names a preset, or has none, stays as it is.

    A model without a preset of its own for MELD takes `paper` for `paper_meld`.

    Examples
    --------
    >>> [at_preset(model, "paper_meld") for model in ("m3net+temperature", "rage_fusion", "prior")]
    ['m3net:preset=paper_meld+temperature', 'rage_fusion:preset=paper', 'prior']
    """
    first, *rest = parse(model)
    if "preset" in dict(first.arguments):
        return canonical_model(model)
    allowed = {
        choice
        for argument in describe(plugin_class(MODELS, first.name))
        for choice in argument.kind.split(" | ")
        if argument.name == "preset"
    }
    choice = next((choice for choice in (preset, preset.partition("_")[0]) if choice in allowed), "")
    arguments = (*first.arguments, ("preset", choice)) if choice else first.arguments
    return canonical_model(join((type(first)(first.name, tuple(sorted(arguments))), *rest)))


def _check_preset(preset: str) -> None:
    if preset and preset not in PRESETS:
        raise SpecError(f"expected --preset {' or '.join(PRESETS)}, got {preset!r}; {suggestion(preset, PRESETS)}")


def _joined(suites: Sequence[SuiteRecord], typed: Typed) -> Resolved:
    """Return what suites, and what was typed beside them, come to as one run; no data: none that they want is there."""
    _check_preset(typed.preset)
    suites = [_with_preset(suite, typed.preset) for suite in suites]
    wanted = {} if typed.data else {name: look_for(name) for suite in suites for name in suite.data}
    missing = {name: those.why for name, those in wanted.items() if those.why}
    metrics = {"metrics": _metrics(suites, typed.metrics)}
    return Resolved(
        models=(*(model for suite in suites for model in suite.models), *typed.models),
        protocols=(*(protocol for suite in suites for protocol in suite.protocols), *typed.protocols),
        data=tuple(typed.data) or tuple(text for those in wanted.values() for text in those.found),
        options=_said(suites, typed.options) | metrics | dict(typed.options),
        suites=tuple(
            suite.model_copy(update={"missing": tuple(name for name in suite.data if name in missing)})
            for suite in suites
        ),
        missing=missing,
    )


def _with_preset(suite: SuiteRecord, preset: str) -> SuiteRecord:
    chosen = preset or suite.preset
    models = tuple(dict.fromkeys(at_preset(model, chosen) for model in suite.models))
    # Not by `model_copy`, which does not check what it is given.
    return SuiteRecord.model_validate(suite.model_dump() | {"models": models, "preset": chosen})


_ALIKE = {
    "selection": "that choose epochs alike",
    "first_seed": "with the same first seed",
    "stress_seed": "with the same stress seed",
}
"""What suites of one run have to agree on, and how that is said."""


def _said(suites: Sequence[SuiteRecord], typed: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that suites say something about."""
    for name, alike in _ALIKE.items():
        if len({getattr(suite, name) for suite in suites}) > 1 and name not in typed:
            said = ", ".join(f"{getattr(suite, name)} in {suite.text}" for suite in suites)
            typing = f"--{name.replace('_', '-')} {getattr(suites[0], name)}"
            raise SpecError(f"expected suites {alike}, got {said}; type {typing}")
    most = {name: max(getattr(suite, name) for suite in suites) for name in ("seeds", "stress_draws")}
    # What is as usual is left unsaid, as where nothing is typed.
    usual = {"first_seed": 0, "stress_seed": 0, "draws": 10_000, "hidden": False}
    unusual = {name: max(getattr(suite, name) for suite in suites) for name in usual}
    changed = {name: value for name, value in unusual.items() if value != usual[name]}
    return most | {"selection": suites[0].selection} | changed


def _metrics(suites: Sequence[SuiteRecord], typed: Sequence[str]) -> tuple[str, ...]:
    """Return the metrics of all suites and those typed; none, which is all, where one suite asks for all."""
    if any(not suite.metrics for suite in suites):
        return ()
    return (*(metric for suite in suites for metric in suite.metrics), *typed)


def _nothing_there(missing: Mapping[str, str]) -> str:
    lines = ", ".join(f"{name} ({why})" for name, why in missing.items())
    return f"none of the data sets is there: {lines}; to try it without any, type --data simulated"
