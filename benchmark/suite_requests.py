"""From suites to what a run is asked for: which of their data sets are there, and what else was typed.

What is typed beside `--suite` adds to it or takes the place of what it says:

--model, --protocol, --metric       add to the suite's
--data                              takes the place of the data sets that the suite wants
--preset, --seeds, --stress-draws, --selection and all other options
                                    take the place of what the suite says

Several suites are one run: the models, protocols, metrics and data sets of all, the largest number of seeds and draws.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from .arguments import describe
from .datasets.base import ConvertibleDataSet
from .errors import DataError, EmobenchError, SpecError, suggestion
from .models import canonical_model
from .registry import DATASETS, MODELS, make, names, plugin_class
from .run_record import SuiteRecord
from .specs import join, parse
from .suites import load_suite

PRESETS = ("suite", "paper", "paper_meld")


class Wanted(NamedTuple):
    """What a suite's data set is on this machine."""

    found: tuple[str, ...]
    """Canonical texts of the data sets that are it; empty: none."""
    why: str
    """Where it is missing, in one line, and what to type; empty: it is there."""


class Resolved(NamedTuple):
    """What to run."""

    models: tuple[str, ...]
    protocols: tuple[str, ...]
    data: tuple[str, ...]
    options: dict[str, Any]
    """Options by name, for `api.options`."""
    suites: tuple[SuiteRecord, ...]
    missing: Mapping[str, str]
    """Data sets wanted that are not there, with the line that says so."""


# `Any`: values come from a command line or a caller; `api.options` gives them a type.
def resolve(
    texts: Sequence[str],
    *,
    models: Sequence[str] = (),
    protocols: Sequence[str] = (),
    data: Sequence[str] = (),
    metrics: Sequence[str] = (),
    preset: str = "",
    options: Mapping[str, Any],
) -> Resolved:
    """Return what suites and what was typed beside them come to.

    Parameters
    ----------
    texts
        Names of suites, or paths of their files; none: only what was typed, on `simulated` where no data were.
    models, protocols, data, metrics
        What was typed beside them.
    preset
        Preset of the suites' models whose text names none; empty: as the suite says.
    options
        Other options that were typed, by name; those left out are as the suites say.

    Raises
    ------
    EmobenchError
        One line: a suite that is unknown or wrong, suites that contradict each other, or no data set at all.
    """
    if preset and preset not in PRESETS:
        raise SpecError(f"expected --preset {' or '.join(PRESETS)}, got {preset!r}; {suggestion(preset, PRESETS)}")
    if not texts:
        if preset:
            raise SpecError(f"--preset goes with --suite; for a single model type --model m3net:preset={preset}")
        typed = dict(options) | {"metrics": tuple(metrics)}
        return Resolved(tuple(models), tuple(protocols), tuple(data) or ("simulated",), typed, (), {})
    suites = [_with_preset(load_suite(text), preset) for text in dict.fromkeys(texts)]
    wanted = {} if data else {name: look_for(name) for suite in suites for name in suite.data}
    missing = {name: those.why for name, those in wanted.items() if those.why}
    if wanted and len(missing) == len(wanted):
        raise DataError(_nothing_there(missing))
    return Resolved(
        models=(*(model for suite in suites for model in suite.models), *models),
        protocols=(*(protocol for suite in suites for protocol in suite.protocols), *protocols),
        data=tuple(data) or tuple(text for those in wanted.values() for text in those.found),
        options=_said(suites, options) | {"metrics": _metrics(suites, metrics)} | dict(options),
        suites=tuple(
            suite.model_copy(update={"missing": tuple(name for name in suite.data if name in missing)})
            for suite in suites
        ),
        missing=missing,
    )


def look_for(name: str) -> Wanted:
    """Return whether a data set that a suite wants is there.

    It is where the name is that of a data set that needs no files, or a data set was added whose name it is, or one of
    whose arguments has it as value, such as `features:corpus=iemocap`.
    """
    from .store import add_line, installed

    added = tuple(text for text in installed() if _is_about(text, name))
    if added:
        return Wanted(added, "")
    try:
        plugin = make(DATASETS, name)
    except EmobenchError:
        known = ", ".join(names(DATASETS))
        return Wanted((), f"no data set has that name; if you have it under another, type --data NAME (known: {known})")
    if isinstance(plugin, ConvertibleDataSet):
        return Wanted((), f"not there yet; type: {add_line(name)}")
    return Wanted((name,), "")


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


def _with_preset(suite: SuiteRecord, preset: str) -> SuiteRecord:
    chosen = preset or suite.preset
    models = tuple(dict.fromkeys(at_preset(model, chosen) for model in suite.models))
    # Not by `model_copy`, which does not check what it is given.
    return SuiteRecord.model_validate(suite.model_dump() | {"models": models, "preset": chosen})


def _said(suites: Sequence[SuiteRecord], typed: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that suites say something about."""
    if len({suite.selection for suite in suites}) > 1 and "selection" not in typed:
        rules = ", ".join(f"{suite.selection} in {suite.text}" for suite in suites)
        raise SpecError(f"expected suites that choose epochs alike, got {rules}; type --selection validation")
    return {
        "seeds": max(suite.seeds for suite in suites),
        "stress_draws": max(suite.stress_draws for suite in suites),
        "selection": suites[0].selection,
    }


def _metrics(suites: Sequence[SuiteRecord], typed: Sequence[str]) -> tuple[str, ...]:
    """Return the metrics of all suites and those typed; none, which is all, where one suite asks for all."""
    if any(not suite.metrics for suite in suites):
        return ()
    return (*(metric for suite in suites for metric in suite.metrics), *typed)


def _is_about(text: str, name: str) -> bool:
    call, *_ = parse(text)
    return name in (text, call.name, *(value for _, value in call.arguments))


def _nothing_there(missing: Mapping[str, str]) -> str:
    lines = ", ".join(f"{name} ({why})" for name, why in missing.items())
    return f"none of the data sets is there: {lines}; to try it without any, type --data simulated"
