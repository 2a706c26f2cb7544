"""Damage to trees of values, as JSON, TOML and pickles hold them."""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from fuzz_draws import Draw

Value = Any
"""Whatever a file may hold."""
Path = tuple[Any, ...]
"""Keys and places that lead to a value."""
TEXTS = (
    "", " ", "clean", "test", "validation", "..", ".", "/", "../../x", "a/b", "a\\b", "C:\\x", "CON", "nul.txt", "\0",
    "a\0b",
    "\n", "a\nb", "\r", "\u2028", "\x1b[2J\x1b[31m", "\x07", "\u202eabc", "\ud800", "\ufeff", "é", "e\u0301", "日本",
    "\U0001f600", "=1+1", "+cmd|' /C calc'!A0", "-2", "@x", "'", '"', "`", "$(touch fuzzcanary)", "; touch fuzzcanary",
    "{{7*7}}", "{% raw %}", "{0.__class__}", "%s", "\\input{/etc/passwd}", "<script>alert(1)</script>", "</script>",
    "&", "#", "~",
    "nan", "inf", "1e999", "0", "-1", "9" * 5000, "x" * 300, "x" * 70_000, "modality_drop:rate=2", "m3net+temperature",
    "*", "[", "a:b=c",
)  # fmt: skip
NUMBERS = (
    0, 1, -1, 2, 3, 7, 255, 1000, 2**31, 2**31 - 1, -(2**31), 2**32, 2**53, 2**63 - 1, 2**63, -(2**63), 2**64, 10**30,
    0.0, -0.0, 0.5, 1.0, 1.5, -1.5, 1e-320, 1e300, -1e300, math.nan, math.inf, -math.inf, True, False,
)  # fmt: skip
OTHERS: tuple[Value, ...] = (None, [], {}, [[]], [None], {"": None}, {"text": []}, [1, 2], ["a", "a"], {"a": {"a": {}}})
_MOST_NODES = 5000


def paths_of(value: Value) -> list[Path]:
    """Return where the values of a tree are, itself included; of large ones the first."""
    found: list[Path] = []
    for path in _walk(value, ()):
        found.append(path)
        if len(found) >= _MOST_NODES:
            break
    return found


def wrong_value(draw: Draw, texts: Sequence[str] = TEXTS) -> Value:
    """Return a value that is seldom expected."""
    return draw.choice(draw.choice((texts, texts, NUMBERS, NUMBERS, OTHERS)))


def distorted(draw: Draw, value: Value, *, wrong: Callable[[Draw], Value] = wrong_value, deepest: int = 3000) -> Value:
    """Return a tree with one or more values removed, doubled, renamed, nested or put in the place of others."""
    for _ in range(draw.few()):
        value = _once(draw, value, wrong, deepest)
    return value


def _once(draw: Draw, value: Value, wrong: Callable[[Draw], Value], deepest: int) -> Value:
    paths = paths_of(value)
    path = draw.choice(paths)
    way = draw.random()
    if way < 0.45:
        return changed(value, path, lambda _: wrong(draw))
    if way < 0.55:
        other = at(value, draw.choice(paths))
        return changed(value, path, lambda _: other)
    if way < 0.6:
        depth = draw.choice((1, 2, min(50, deepest), deepest))
        return changed(value, path, lambda inner: _nested(inner, depth, in_list=draw.chance(0.5)))
    return changed(value, path[:-1], lambda parent: _reshaped(draw, parent, wrong))


def at(value: Value, path: Path) -> Value:
    """Return what stands at a place."""
    for key in path:
        value = value[key]
    return value


def changed(value: Value, path: Path, change: Callable[[Value], Value]) -> Value:
    """Return a tree with another value at a place; what is not on the way there is shared."""
    if not path:
        return change(value)
    if isinstance(value, dict):
        return {key: changed(inner, path[1:], change) if key == path[0] else inner for key, inner in value.items()}
    return type(value)(changed(inner, path[1:], change) if n == path[0] else inner for n, inner in enumerate(value))


def _reshaped(draw: Draw, parent: Value, wrong: Callable[[Draw], Value]) -> Value:
    """Return a container with an entry more, less, renamed or elsewhere."""
    way = draw.randrange(5)
    if isinstance(parent, dict) and parent:
        items = list(parent.items())
        place = draw.randrange(len(items))
        if way == 0:
            del items[place]
        elif way == 1:
            items[place] = (draw.choice(TEXTS), items[place][1])
        elif way == 2:
            items.append((draw.choice((*TEXTS, items[place][0])), wrong(draw)))
        elif way == 3:
            draw.shuffle(items)
        else:
            items[place] = (items[place][0], items[draw.randrange(len(items))][1])
        return dict(items)
    if isinstance(parent, (list, tuple)) and parent:
        entries = list(parent)
        place = draw.randrange(len(entries))
        if way == 0:
            del entries[place]
        elif way == 1:
            entries.insert(place, wrong(draw))
        elif way == 2:
            entries += [entries[place]] * draw.choice((1, 2, 100))
        elif way == 3:
            draw.shuffle(entries)
        else:
            entries[place] = entries[draw.randrange(len(entries))]
        return type(parent)(entries)
    return wrong(draw)


def _nested(value: Value, depth: int, *, in_list: bool) -> Value:
    for _ in range(depth):
        value = [value] if in_list else {"a": value}
    return value


def _walk(value: Value, path: Path) -> Iterator[Path]:
    yield path
    if len(path) > 20:
        return
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _walk(inner, (*path, key))
    elif type(value) in (list, tuple):
        for place, inner in enumerate(value):
            yield from _walk(inner, (*path, place))
