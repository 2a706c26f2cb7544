"""From the text of a call to a plug-in with typed arguments, and back to the canonical text.

A plug-in is a frozen dataclass whose fields are its arguments. Field types say what is allowed
(`Annotated[float, Ge(0), Le(1), Doc("share of utterances"), Unit("dB")]`, `Literal[…]`, `frozenset[str]`); pydantic
reads the text. Only this module knows how.
"""

import dataclasses
import types
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from annotated_types import Ge, Gt, Le, Lt, Unit
from typing_extensions import Doc

from .errors import SpecError, suggestion
from .specs import Call

T = TypeVar("T")

Share = Annotated[float, Ge(0), Le(1)]
"""A share between 0 and 1, both included."""

_BOUNDS = {Ge: ("ge", "≥"), Gt: ("gt", ">"), Le: ("le", "≤"), Lt: ("lt", "<")}


@dataclass(frozen=True)
class Nested:
    """Marks an argument that is itself a spec text; where it is typed, its own arguments are joined by `/`."""

    what: str
    """What it describes, such as `a metric`."""

    def read(self, text: str) -> str:
        """Return the spec text that a value stands for.

        Examples
        --------
        >>> Nested("a metric").read("cel:form=sum/space=log")
        'cel:form=sum,space=log'
        """
        return text.replace("/", ",")

    def written(self, text: str) -> str:
        """Return a spec text as a value; the inverse of `read`."""
        return text.replace(",", "/")


@dataclass(frozen=True)
class Argument:
    """What a user may want to know about one argument of a plug-in."""

    name: str
    """As typed before the equals sign."""
    kind: str
    """Type and range in words, such as `number ≥ 0 ≤ 1` or `told | silent`."""
    default: str
    """Text of the default; empty: not set; `required`: none."""
    unit: str
    """Unit; empty: none."""
    about: str
    """One sentence."""


def describe(plugin: type) -> tuple[Argument, ...]:
    """Return the arguments of a plug-in, in the order of its fields."""
    return tuple(
        Argument(
            name=field.name,
            kind=_kind(hint),
            default=_default_text(field),
            unit=next((mark.unit for mark in _marks(hint) if isinstance(mark, Unit)), ""),
            about=next((mark.documentation for mark in _marks(hint) if isinstance(mark, Doc)), ""),
        )
        for field, hint in _hints(plugin)
    )


def build(plugin: type[T], call: Call) -> T:
    """Return the plug-in made with the arguments of `call`.

    Raises
    ------
    SpecError
        For an argument that is unknown, of the wrong type or out of range; one line that names the call.
    """
    hints = {field.name: hint for field, hint in _hints(plugin)}
    values = {}
    for name, text in call.arguments:
        if name not in hints:
            inside = next((other for other, hint in hints.items() if _nested(hint)), "")
            hint = f"; those inside {inside}=… are joined by /" if inside else ""
            raise SpecError(f"{call.name} has no argument {name!r}; {suggestion(name, hints)}{hint}")
        values[name] = _read(hints[name], text, call.name, name)
    missing = [f.name for f, _ in _hints(plugin) if _default(f) is dataclasses.MISSING and f.name not in values]
    if missing:
        choice = f" ({_kind(hints[missing[0]])})" if get_origin(_bare(hints[missing[0]])) is Literal else ""
        raise SpecError(f"{call.name} needs the argument {missing[0]!r}{choice}: type {call.name}:{missing[0]}=…")
    return plugin(**values)


def canonical(name: str, plugin: object) -> Call:
    """Return the call that makes `plugin`: arguments at their default are left out, numbers in their short form."""
    changed = (
        (field.name, hint, getattr(plugin, field.name))
        for field, hint in _hints(type(plugin))
        if getattr(plugin, field.name) != _default(field)
    )
    return Call(name, tuple(sorted((argument, _written(hint, value)) for argument, hint, value in changed)))


def text_of(value: object) -> str:
    """Return a value as typed in a spec text.

    Examples
    --------
    >>> text_of(10.0), text_of(True), text_of(frozenset({"video", "audio"})), text_of(0.25)
    ('10', 'true', 'audio/video', '0.25')
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, frozenset):
        return "/".join(sorted(map(text_of, value)))
    if isinstance(value, tuple):
        return "/".join(map(text_of, value))
    return str(value)


# `Any` in what follows: a type hint is an arbitrary object, and Python has no narrower name for it.
def _hints(plugin: type) -> list[tuple["dataclasses.Field[Any]", Any]]:
    hints = get_type_hints(plugin, include_extras=True)
    return [(field, hints[field.name]) for field in dataclasses.fields(plugin) if field.init]


def _default(field: "dataclasses.Field[Any]") -> Any:
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return field.default


def _default_text(field: "dataclasses.Field[Any]") -> str:
    default = _default(field)
    if default is dataclasses.MISSING:
        return "required"
    return "" if default is None else text_of(default)


def _read(hint: Any, text: str, call: str, name: str) -> object:
    # pydantic is imported when the first argument is read: `--help` does not need it.
    from pydantic import ConfigDict, TypeAdapter, ValidationError

    adapter: TypeAdapter[object] = TypeAdapter(hint, config=ConfigDict(allow_inf_nan=False))
    nested = _nested(hint)
    value: object = text.split("/") if _is_list(hint) else nested.read(text) if nested else text
    try:
        return adapter.validate_python(value)
    except ValidationError:
        raise SpecError(f"{call}: expected {name} to be {_kind(hint)}, got {text!r}") from None


def _written(hint: Any, value: object) -> str:
    nested = _nested(hint)
    return nested.written(text_of(value)) if nested else text_of(value)


def _nested(hint: Any) -> Nested | None:
    return next((mark for mark in _marks(hint) if isinstance(mark, Nested)), None)


def _marks(hint: Any) -> tuple[object, ...]:
    """Return all annotations of a hint, those inside unions included."""
    if get_origin(hint) is Annotated:
        inner, *marks = get_args(hint)
        return (*marks, *_marks(inner))
    if get_origin(hint) in (Union, types.UnionType):
        return tuple(mark for part in get_args(hint) for mark in _marks(part))
    return ()


def _bare(hint: Any) -> Any:
    """Return the hint without annotations and without `None`."""
    if get_origin(hint) is Annotated:
        return _bare(get_args(hint)[0])
    if get_origin(hint) in (Union, types.UnionType):
        parts = [part for part in get_args(hint) if part is not types.NoneType]
        return _bare(parts[0]) if len(parts) == 1 else Union[tuple(map(_bare, parts))]  # noqa: UP007 (computed)
    return hint


def _is_list(hint: Any) -> bool:
    return get_origin(_bare(hint)) in (frozenset, tuple)


def _kind(hint: Any) -> str:
    bare = _bare(hint)
    bounds = [
        f"{sign} {text_of(float(getattr(mark, attribute)))}"
        for mark in _marks(hint)
        for attribute, sign in [_BOUNDS.get(type(mark), ("", ""))]
        if attribute
    ]
    nested = _nested(hint)
    words = f"{nested.what}, its own arguments joined by /" if nested else _words(bare)
    return " ".join([words, " and ".join(bounds)]).strip()


def _words(bare: Any) -> str:
    if get_origin(bare) is Literal:
        return " | ".join(map(text_of, get_args(bare)))
    if get_origin(bare) in (frozenset, tuple):
        return f"a list of {_words(_bare(get_args(bare)[0]))} joined by /"
    if get_origin(bare) is Union:
        return " or ".join(_words(part) for part in get_args(bare))
    return {bool: "true | false", int: "a whole number", float: "a number", str: "a word"}.get(bare, str(bare))
