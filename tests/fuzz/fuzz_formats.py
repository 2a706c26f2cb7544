"""Damaged files of one format each: CSV, Parquet, TOML, JSON."""

import csv
import io
import json
import math
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from fuzz_bytes import damaged
from fuzz_draws import Draw
from fuzz_values import TEXTS, distorted

Cells = Sequence[Sequence[str]]
Value = Any
"""Whatever a file may hold."""
ENCODINGS = ("utf-8",) * 6 + ("utf-8-sig", "utf-16", "utf-16-le", "utf-32", "latin-1", "cp1252")


def hostile_csv(draw: Draw, cells: Cells) -> bytes:
    """Return a damaged table."""
    rows = [list(row) for row in cells]
    for _ in range(draw.few(4) if draw.chance(0.7) else 0):
        _distort(draw, rows)
    stream = io.StringIO()
    terminator, delimiter = draw.choice(("\n",) * 5 + ("\r\n", "\r", "\n\n")), draw.choice((",",) * 8 + (";", "\t"))
    quoting = draw.choice((csv.QUOTE_MINIMAL,) * 4 + (csv.QUOTE_ALL,))
    csv.writer(stream, lineterminator=terminator, delimiter=delimiter, quoting=quoting).writerows(rows)
    content = stream.getvalue().encode(draw.choice(ENCODINGS), "replace")
    return damaged(draw, content) if draw.chance(0.3) else content


def _distort(draw: Draw, rows: list[list[str]]) -> None:
    if not rows:
        return
    row = draw.choice(rows)
    place = draw.randrange(len(row)) if row else 0
    way = draw.randrange(8)
    if way <= 2 and row:
        row[place] = draw.choice(TEXTS)
    elif way == 3 and row:
        del row[place]
    elif way == 4:
        row.insert(place, draw.choice(TEXTS))
    elif way == 5:
        rows.remove(row)
    elif way == 6:
        rows.append(list(row))
    else:
        draw.shuffle(draw.choice((rows, row)))


def hostile_parquet(draw: Draw, table: pa.Table) -> bytes:
    """Return a damaged Parquet file."""
    for _ in range(draw.few(4) if draw.chance(0.7) else 0):
        table = _reshaped(draw, table)
    content = parquet_of(
        table, groups=draw.choice((10, 30, 1 << 20)), version=draw.choice(("1.0", "2.6")), plain=draw.chance(0.5)
    )
    return damaged(draw, content) if draw.chance(0.45) else content


def parquet_of(table: pa.Table, *, groups: int = 1 << 20, version: str = "2.6", plain: bool = False) -> bytes:
    """Return a table as a file."""
    stream = io.BytesIO()
    codec = "none" if plain else "zstd"
    pq.write_table(table, stream, row_group_size=groups, version=version, compression=codec, use_dictionary=not plain)
    return stream.getvalue()


def _reshaped(draw: Draw, table: pa.Table) -> pa.Table:
    way = draw.randrange(8)
    if not table.num_columns or way == 0:
        return table.append_column(
            draw.choice(TEXTS[:40]).encode("utf-8", "replace").decode(), odd_column(draw, len(table))
        )
    place = draw.randrange(table.num_columns)
    name = table.schema.names[place]
    if way == 1:
        return table.remove_column(place)
    if way == 2:
        return table.append_column(name, table.column(place))
    if way == 3:
        names = list(table.schema.names)
        names[place] = draw.choice(TEXTS[:40]).encode("utf-8", "replace").decode()
        return table.rename_columns(names)
    if way == 4:
        return table.slice(draw.randrange(len(table) + 1), draw.choice((0, 1, 2, 10**6)))
    if way == 5:
        return pa.concat_tables([table, table.slice(draw.randrange(len(table) + 1))])
    if way == 6:
        values = table.column(place).to_pylist()
        if values:
            values[draw.randrange(len(values))] = draw.choice((None, *values[:5]))
        return table.set_column(place, name, pa.array(values, table.column(place).type))
    return table.set_column(place, name, odd_column(draw, len(table)))


def odd_column(draw: Draw, rows: int) -> pa.Array:
    """Return a column of a type or with values that are seldom expected."""
    kinds: tuple[tuple[pa.DataType, Value], ...] = (
        (pa.int8(), -1), (pa.int64(), 2**63 - 1), (pa.int64(), -(2**63)), (pa.uint64(), 2**64 - 1), (pa.int32(), 0),
        (pa.uint8(), 255),
        (pa.float16(), np.float16(1)), (pa.float32(), math.nan), (pa.float64(), math.inf), (pa.float64(), 1e300),
        (pa.float64(), -0.5),
        (pa.bool_(), True), (pa.string(), draw.choice(TEXTS).encode("utf-8", "replace").decode()), (pa.large_string(),
        "a"),
        (pa.binary(), b"\xff"), (pa.binary(2), b"ab"), (pa.null(), None), (pa.date32(), 5), (pa.timestamp("ns"),
        2**62 // 1000 * 1000), (pa.time64("us"), 5),
        (pa.duration("s"), 5), (pa.decimal128(38, 2), Decimal("1.5")), (pa.list_(pa.int64()), [1, 2]),
        (pa.list_(pa.list_(pa.string())), [["a"]]),
        (pa.struct([("a", pa.int64())]), {"a": 1}), (pa.map_(pa.string(), pa.int64()), [("a", 1)]),
        (pa.list_(pa.float64(), 2), [0.5, 0.5]),
    )  # fmt: skip
    kind, value = draw.choice(kinds)
    share = draw.choice((1.0, 1.0, 0.5, 0.0))
    column = pa.array([value if draw.chance(share) else None for _ in range(rows)], kind)
    if pa.types.is_string(kind) and draw.chance(0.3):
        return column.dictionary_encode()
    return column


def toml_of(value: Value) -> str:
    """Return a tree as TOML; what TOML has no way to say is no TOML then."""
    if not isinstance(value, dict):
        return f"value = {_inline(value)}\n"
    lines, tables = [], []
    for key, inner in value.items():
        if isinstance(inner, dict):
            tables.append(f"[{json.dumps(str(key))}]\n{toml_of(inner) if not _holds_tables(inner) else _flat(inner)}")
        elif isinstance(inner, list) and inner and all(isinstance(one, dict) for one in inner):
            tables += [f"[[{json.dumps(str(key))}]]\n{_flat(one)}" for one in inner]
        else:
            lines.append(f"{json.dumps(str(key))} = {_inline(inner)}\n")
    return "".join([*lines, *tables])


def _holds_tables(value: dict[Value, Value]) -> bool:
    return any(isinstance(inner, dict) for inner in value.values())


def _flat(value: dict[Value, Value]) -> str:
    return "".join(f"{json.dumps(str(key))} = {_inline(inner)}\n" for key, inner in value.items())


def _inline(value: Value) -> str:
    depth = 0
    while isinstance(value, (list, tuple)) and len(value) == 1 and depth < 5000:
        value, depth = value[0], depth + 1
    while isinstance(value, dict) and [*value] == ["a"] and depth < 5000:
        value, depth = value["a"], depth + 1
    if isinstance(value, dict):
        inner = f"{{ {', '.join(f'{json.dumps(str(key))} = {_inline(one)}' for key, one in value.items())} }}"
    elif isinstance(value, (list, tuple)):
        inner = f"[{', '.join(map(_inline, value))}]"
    elif isinstance(value, float):
        inner = repr(value).replace("e+", "e")
    else:
        inner = json.dumps(value) if isinstance(value, (bool, int, str, type(None))) else str(value)
    return "[" * depth + inner + "]" * depth


def hostile_toml(draw: Draw, value: Value) -> bytes:
    """Return a damaged file of TOML."""
    if draw.chance(0.75):
        value = distorted(draw, value)
    content = toml_of(value).encode("utf-8", "replace")
    if draw.chance(0.1):
        content += draw.choice(
            (
                b"\na" + b".a" * 3000 + b" = 1\n",
                b"\nx = " + b"[" * 2000,
                b"\nn = " + b"9" * 5000,
                b"\n[" + b"a." * 2000 + b"a]\n",
            )
        )
    return damaged(draw, content) if draw.chance(0.35) else content


def json_of(value: Value) -> bytes:
    """Return a tree as JSON, also one that is too deep for Python's own writer."""
    try:
        return json.dumps(value, ensure_ascii=False, default=str).encode("utf-8", "surrogatepass")
    except RecursionError:
        return b"[" * 3000 + b"]" * 3000


def hostile_json(draw: Draw, value: Value) -> bytes:
    """Return a damaged file of JSON."""
    content = json_of(distorted(draw, value) if draw.chance(0.8) else value)
    if draw.chance(0.05):
        return draw.choice(
            (b"[" * 100_000, b'{"a":' * 20_000, b"", b"null", b"1", b'"a"', b"[]", b"{}", b"9" * 5000, b"NaN", b"\xff")
        )
    return damaged(draw, content) if draw.chance(0.3) else content
