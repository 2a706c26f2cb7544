"""The markup of a page made short: a page of thousands of figures is read as before and takes a fifth less room.

Cells hold a figure in one span, its interval and its floor in others. Templates keep these names, from which the CSV
files are made; what a browser gets are the shortest elements that mean as much.
"""

import re

_VALUE = re.compile(r'<span class="value">([^<]*)</span>')
_INTERVAL = re.compile(r'<span class="interval">([^<]*)</span>')
_FLOOR = re.compile(r'<span class="floor">((?:[^<]|</?strong>)*)</span>')
_SORT = re.compile(r'data-sort="(-?\d[^" ]*)"')
_PER_CENT = re.compile(r"(?<=\d) (?=%)(?![^<]*</pre>)")
DIGITS = 7
"""Significant digits by which rows are sorted; more than are shown."""


def tightened(page: str) -> str:
    """Return a page with short markup: figures bare, what stands beside them in `small`, keys to sort by rounded.

    Between a number and its per cent sign no line breaks any more, but in what is copied.
    """
    page = _INTERVAL.sub(r"<small>\1</small>", _VALUE.sub(r"\1", page))
    page = _PER_CENT.sub("\u00a0", _FLOOR.sub(r"<small class=f>\1</small>", page))
    return _SORT.sub(lambda key: f"data-sort={float(key[1]):.{DIGITS}g}", page)
