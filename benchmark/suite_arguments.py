"""Arguments of models as axes of a suite: each value of each is a model of its own.

```toml
[arguments]
epochs = 30                  # of every model that has the argument
[arguments.m3net]
dropout = [0.3, 0.5]         # of m3net: two models in the place of one
```

A model whose text names an argument keeps it, as with presets. A table takes the name of a model, or of a training
method or calibrator that stands behind one.
"""

import math
from collections.abc import Mapping, Sequence, Set
from itertools import product
from typing import NamedTuple

from .arguments import describe, text_of
from .errors import EmobenchError, SpecError, suggestion
from .models import SUFFIXES, canonical_model
from .registry import MODELS, kind_of, plugin_class
from .specs import Call, join, parse
from .suite_file import SuiteFile, shown
from .suite_lines import Place

MOST_MODELS = 1_000
"""More come of a slip, not of a plan."""


class Axis(NamedTuple):
    """An argument and the values that it is to have."""

    place: Place
    """In the file."""
    owner: str
    """Name of the model, method or calibrator whose argument it is; empty: of every model that has it."""
    name: str
    values: tuple[str, ...]
    """As typed in a spec text."""


class _Arguments(NamedTuple):
    """Which arguments there are, by name of the model, method or calibrator."""

    names: Mapping[str, Set[str]]

    def set_in(self, model: tuple[Call, ...], axis: Axis, value: str) -> tuple[Call, ...]:
        """Return a model with an argument at a value where it has it and leaves it open."""
        return tuple(
            Call(call.name, tuple(sorted((*call.arguments, (axis.name, value)))))
            if (call.name == axis.owner if axis.owner else place == 0)
            and axis.name in self.names[call.name]
            and axis.name not in dict(call.arguments)
            else call
            for place, call in enumerate(model)
        )


def with_arguments(models: Sequence[str], axes: Sequence[Axis], file: SuiteFile) -> tuple[str, ...]:
    """Return the models, canonical, each at every combination of the values of those arguments that it leaves open.

    Raises
    ------
    SpecError
        When no model has an argument, or a value is not allowed, or they are more than `MOST_MODELS`.
    """
    calls = [parse(model) for model in models]
    arguments = _Arguments({call.name: _names_of(call) for model in calls for call in model})
    open_axes = [[axis for axis in axes if arguments.set_in(model, axis, "…") != model] for model in calls]
    for axis in axes:
        _require_owner(axis, calls, arguments, file)
    if sum(math.prod(len(axis.values) for axis in those) for those in open_axes) > MOST_MODELS:
        raise file.mistake(axes[0].place[:-1], f"expected no more than {MOST_MODELS:,} models, got more")
    for model, those in zip(calls, open_axes, strict=True):
        for axis in those:
            for number, value in enumerate(axis.values):
                _require_value(arguments.set_in(model, axis, value), value, (*axis.place, number), file)
    found: dict[str, None] = {}
    for model, those in zip(calls, open_axes, strict=True):
        for values in product(*(axis.values for axis in those)):
            changed = model
            for axis, value in zip(those, values, strict=True):
                changed = arguments.set_in(changed, axis, value)
            found[_canonical(join(changed), axes[0].place[:-1], file)] = None
    return tuple(found)


def axes_of(arguments: Mapping[str, object], place: Place, file: SuiteFile) -> list[Axis]:
    """Return the axes that a table of arguments stands for; `place`: of the table.

    Raises
    ------
    SpecError
        When something in it is neither a value, an array of values nor a table of such.
    """
    axes: list[Axis] = []
    for name, value in arguments.items():
        if isinstance(value, dict):
            axes += [_axis((*place, name, inner), name, inner, its, file) for inner, its in value.items()]
        else:
            axes.append(_axis((*place, name), "", name, value, file))
    return axes


def _axis(place: Place, owner: str, name: str, value: object, file: SuiteFile) -> Axis:
    many = isinstance(value, list)
    values = value if isinstance(value, list) else [value]
    if not values:
        raise file.mistake(place, "expected a value or more, got []")
    for number, one in enumerate(values):
        if not isinstance(one, bool | int | float | str):
            what = (*place, number) if many else place
            raise file.mistake(what, f"expected a number, a text, true or false, or an array of them, got {shown(one)}")
    return Axis(place, owner, name, tuple(dict.fromkeys(map(_text, values))))


def _text(value: bool | float | str) -> str:
    return value if isinstance(value, str) else text_of(value)


def _require_owner(axis: Axis, models: Sequence[tuple[Call, ...]], arguments: _Arguments, file: SuiteFile) -> None:
    """Raise unless there is somebody whose argument it is."""
    named = {call.name for model in models for call in model}
    if axis.owner and axis.owner not in named:
        near = suggestion(axis.owner, named)
        raise file.mistake(axis.place[:-1], f"expected the name of a model that is asked for; {near}")
    owners = {axis.owner} if axis.owner else {model[0].name for model in models}
    known = {name for owner in owners for name in arguments.names[owner]}
    if axis.name not in known:
        whose = f"{axis.owner} has no such argument" if axis.owner else "no model here has such an argument"
        raise file.mistake(axis.place, f"{whose}; {suggestion(axis.name, known)}")


def _require_value(model: tuple[Call, ...], value: str, place: Place, file: SuiteFile) -> None:
    """Raise unless a model is right at a value of one argument; `place`: of the value."""
    try:
        if parse(join(model)) != model:
            raise SpecError(f"expected a value that can be typed, got {value!r}")
    except EmobenchError as error:
        raise file.mistake(place, str(error)) from None
    _canonical(join(model), place, file)


def _canonical(model: str, place: Place, file: SuiteFile) -> str:
    try:
        return canonical_model(model)
    except EmobenchError as error:
        raise file.mistake(place, str(error)) from None


def _names_of(call: Call) -> frozenset[str]:
    kind = kind_of(call, (MODELS, *SUFFIXES))
    return frozenset(argument.name for argument in describe(plugin_class(kind, call.name)))
