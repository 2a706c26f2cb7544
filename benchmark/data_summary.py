"""A data set on one screen, 80 columns wide."""

import textwrap
from collections.abc import Mapping

import numpy as np
from jaxtyping import Int64

from .conversations import UNKNOWN, Conversations, DataSplits
from .overlaps import overlaps

WIDTH = 80
_NAME = 24
_COLUMN = 14
_MARGIN = 13


def summary(splits: DataSplits, *, notes: Mapping[str, str] | None = None) -> str:
    """Return counts, label shares, widths, fingerprint, licence, leaks and overlaps as lines of at most 80 characters.

    Parameters
    ----------
    notes
        Further entries by their heading (up to 12 characters), such as `text encoder`; empty ones are left out.
    """
    columns = [_column(split) for _, split in splits.items()]
    names = list(columns[0])
    shown = [name for name in names if any(column[name] for column in columns)]
    widths = ", ".join(f"{modality} {width}" for modality, width in splits.train.widths.items())
    entries = {"features": widths, **(notes or {}), "fingerprint": splits.fingerprint, "licence": splits.licence}
    return "\n".join(
        [
            splits.data,
            "",
            _row("", [name for name, _ in splits.items()]),
            *(_row(name, [column[name] for column in columns]) for name in shown),
            "",
            *(_entry(heading, text) for heading, text in entries.items() if text),
            *(_entry("known leak", leak) for leak in splits.leaks),
            *(_entry("overlap", overlap) for overlap in overlaps(splits)),
        ]
    )


def _column(split: Conversations) -> dict[str, str]:
    turns = np.diff(split.starts)
    speakers = np.maximum.reduceat(split.speaker, split.starts[:-1]) + 1
    counts = {name: int((split.label == index).sum()) for index, name in enumerate(split.classes)}
    unknown = int((split.label == UNKNOWN).sum())
    return {
        "dialogues": f"{split.dialogues:,}",
        "utterances": f"{len(split):,}",
        "turns per dialogue": _range(turns),
        "speakers per dialogue": _range(speakers),
        **{f"label {name}": _share(count, len(split)) for name, count in counts.items()},
        "label unknown": _share(unknown, len(split)) if unknown else "",
    }


def _range(values: Int64[np.ndarray, " dialogues"]) -> str:
    low, high = values.min(), values.max()
    return str(low) if low == high else f"{low}–{high}"


def _share(count: int, total: int) -> str:
    """Share in percent, rounded, but 0 and 100 only where it is exactly so."""
    rounded = 100 * count / total
    if 0 < count < total:
        rounded = min(max(rounded, 0.1), 99.9)
    return f"{rounded:.1f} %"


def _row(name: str, cells: list[str]) -> str:
    return (
        textwrap.shorten(name, _NAME, placeholder="…").ljust(_NAME) + "".join(c.rjust(_COLUMN) for c in cells)
    ).rstrip()


def _entry(heading: str, text: str) -> str:
    return textwrap.fill(
        text,
        WIDTH,
        initial_indent=heading.ljust(_MARGIN),
        subsequent_indent=" " * _MARGIN,
        break_on_hyphens=False,
        # A path that is broken cannot be copied.
        break_long_words=False,
    )
