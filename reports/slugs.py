"""Addresses of tables and figures: ids on the page, and names of the files that hold their numbers."""

import re
from collections import Counter

LONGEST = 80
"""Characters of an address, apart from the number that tells equal ones apart."""


def slug_of(*names: str) -> str:
    """Return an address made of small letters, digits and hyphens; empty where the names hold none of them.

    Examples
    --------
    >>> slug_of("table", "conditions", "simulated:seed=3", "m3net+cmerc")
    'table-conditions-simulated-seed-3-m3net-cmerc'
    """
    return re.sub(r"[^a-z0-9]+", "-", "-".join(names).lower()).strip("-")[:LONGEST].strip("-")


class Slugs:
    """Gives out addresses, each once; what is asked for in the same order is called the same."""

    def __init__(self) -> None:
        self._given: Counter[str] = Counter()

    def __call__(self, *names: str) -> str:
        """Return `slug_of` the names, with a number behind it from the second of its kind on."""
        slug = slug_of(*names)
        self._given[slug] += 1
        return slug if self._given[slug] == 1 else f"{slug}--{self._given[slug]}"
