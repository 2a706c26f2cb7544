"""What a run will take, as a table of 80 columns and as JSON."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from .forecast import Cost, Forecast
from .span import Span

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

UNKNOWN = "unknown"


def as_json(forecasts: Sequence[Forecast], missing: Mapping[str, str]) -> dict[str, object]:
    """Return what is known of several runs as plain values; times in seconds, sizes in bytes."""
    return {"runs": [_plain(one) for one in forecasts], "missing_data": dict(missing)}


def table_of(one: Forecast) -> "RenderableType":
    """Return what to print with rich about one run; it fits 80 columns."""
    from rich.console import Group
    from rich.text import Text

    # A path that is cut can be neither clicked nor copied.
    heading = Text(f"{f'Block {one.name}: ' if one.name else ''}{one.folder}", "bold", no_wrap=True, overflow="ignore")
    return Group(heading, _table(one), *(Text(line) for line in _lines(one)))


def duration(seconds: float) -> str:
    """Return a time in two units at most.

    Examples
    --------
    >>> [duration(seconds) for seconds in (0.2, 59.6, 3599, 90_000)]
    ['< 1 s', '1 min', '1 h', '25 h']
    """
    if seconds < 1:
        return "< 1 s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min" if minutes % 60 and minutes < 600 else f"{round(minutes / 60)} h"


def span_text(span: Span) -> str:
    """Return a span of time; one value where both ends read the same."""
    low, high = duration(span.low), duration(span.high)
    return low if low == high else f"{low} – {high}"


def size_text(size: int) -> str:
    """Return a number of bytes in a unit of its size.

    Examples
    --------
    >>> size_text(900), size_text(5_300_000)
    ('0.9 kB', '5.3 MB')
    """
    unit, factor = next(((u, f) for u, f in (("GB", 1e9), ("MB", 1e6)) if size >= f), ("kB", 1e3))
    return f"{size / factor:,.0f} {unit}" if size / factor >= 10 else f"{size / factor:.1f} {unit}"


def _table(one: Forecast) -> "Table":
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0))
    several = len({row.data for row in one.rows}) > 1
    table.add_column("model", overflow="fold", ratio=3)
    for name in ("data",) if several else ():
        table.add_column(name, overflow="fold", ratio=2)
    failed = any(row.failed for row in one.rows)
    for name in ("seeds", "conditions", "draws", "done", *(("failed",) if failed else ()), "to do", "time"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in one.rows:
        counts = (row.seeds, row.conditions, row.draws, row.done, *((row.failed,) if failed else ()))
        todo = row.failed + row.missing
        where = (row.data,) if several else ()
        table.add_row(row.model, *where, *(f"{count:,}" for count in counts), f"{todo:,}", _time(row.cost))
    return table


def _time(cost: Cost) -> str:
    if not cost.cells:
        return "–"
    if cost.is_whole:
        return span_text(cost.span)
    return f"≥ {duration(cost.span.low)}" if cost.span.low >= 1 else UNKNOWN


def _lines(one: Forecast) -> Iterator[str]:
    datasets = ", ".join(dict.fromkeys(row.data for row in one.rows))
    states = [f"{one.cells('done'):,} done", f"{one.cells('missing'):,} missing"]
    states += [f"{one.cells('failed'):,} failed, tried again"] if one.cells("failed") else []
    states += [f"{one.cells('declined'):,} not applicable"] if one.cells("declined") else []
    yield f"Data   {datasets}"
    yield f"Cells  {one.cells():,}: {', '.join(states)}; {one.cost.fits:,} to train"
    if one.cost.cells:
        yield from _times(one)
        yield from _disk(one)
    for data, those in one.skipped.items():
        text, why = next(iter(those.items()))
        many = f"{len(those)} conditions, such as " if len(those) > 1 else ""
        yield f"Left out on {data}: {many}{text} ({why})"


def _times(one: Forecast) -> Iterator[str]:
    cost = one.cost
    if cost.is_whole or cost.span.low >= 1:
        parallel = f"; with {one.workers} workers {_whole(one.with_workers, cost)}" if one.workers > 1 else ""
        yield f"Time   {_whole(cost.span, cost)}{parallel}"
        yield "       Calibration, scoring and reports are not counted"
    else:
        yield f"Time   {UNKNOWN}"
    if not cost.is_whole:
        yield (
            f"       Nothing like it is recorded: {cost.unknown_fits:,} of {cost.fits:,} fits, "
            f"{cost.unknown_cells:,} of {cost.cells:,} cells"
        )
    if one.sources:
        more = f" and {len(one.sources) - 1} more" if one.sources[1:] else ""
        yield f"       By what is recorded in {one.sources[0]}{more}"
    if one.other_processors:
        yield f"       Some of it was measured elsewhere: {', '.join(one.other_processors)}"


def _whole(span: Span, cost: Cost) -> str:
    """Return a time, or the least that it is where some of it is not known."""
    return span_text(span) if cost.is_whole else f"at least {duration(span.low)}"


def _disk(one: Forecast) -> Iterator[str]:
    disk = one.disk
    lacks = disk.unknown_checkpoints
    unknown = f", without {lacks:,} checkpoint{'s' * (lacks > 1)}" if lacks else ""
    need = disk.predictions + disk.checkpoints
    yield f"Disk   at most {size_text(need)}{unknown} and reports; {size_text(disk.free)} are free"
    if need > disk.free:
        yield "       That may not be enough: free some space, or use another disk (--out)"


def _plain(one: Forecast) -> dict[str, object]:
    return {
        "block": one.name,
        "folder": one.folder,
        "cells": {state: one.cells(state) for state in ("cells", "done", "failed", "declined", "missing")},
        "time": _plain_cost(one.cost),
        "workers": {"workers": one.workers, **_seconds(one.with_workers)},
        "disk": one.disk._asdict(),
        "skipped": {data: dict(those) for data, those in one.skipped.items()},
        "sources": list(one.sources),
        "other_processors": list(one.other_processors),
        "rows": [row._asdict() | {"cells": row.cells, "cost": _plain_cost(row.cost)} for row in one.rows],
    }


def _plain_cost(cost: Cost) -> dict[str, object]:
    counts = {name: value for name, value in asdict(cost).items() if name != "known"}
    return {**_seconds(cost.span), **counts, "is_whole": cost.is_whole}


def _seconds(span: Span) -> dict[str, float]:
    return {"least_seconds": span.low, "most_seconds": span.high}
