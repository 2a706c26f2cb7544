"""How strips of turns are written on the page: short names of classes, cells, probabilities in few signs."""

from collections.abc import Iterable, Sequence

import numpy as np
from jaxtyping import Float, Int64
from markupsafe import Markup, escape

from ..benchmark.conversations import UNKNOWN
from .dialogues import Dialogue, ModelStrips, Strip
from .numbers import MISSING, whole_percent

COLOURS = 9
"""Colours of cells; further classes have them again, hatched in one way and then another."""
_LONGEST = 3
_SIGNS = {"<1": "-", ">99": "+"}
"""What the page's script turns back: these are most of all probabilities."""


def short_names(classes: Sequence[str]) -> tuple[str, ...]:
    """Return what stands for each class in a cell: its first letters, as many as tell it from all others.

    Up to three; a class that this does not tell apart, or without letters, is known by its number from 1.

    Examples
    --------
    >>> short_names(["neutral", "surprise", "sadness", "<b>joy</b>", "!?"])
    ('N', 'Su', 'Sa', 'B', '5')
    """
    plain = ["".join(sign for sign in name if sign.isalnum()).casefold() for name in classes]
    return tuple(_short(plain, place) or str(place + 1) for place in range(len(plain)))


def _short(plain: Sequence[str], place: int) -> str:
    for length in range(1, _LONGEST + 1):
        start = plain[place][:length]
        if start and not start.isdigit() and sum(name[:length] == start for name in plain) == 1:
            return start.capitalize()
    return ""


def colour_class(label: int) -> str:
    """Return the CSS classes that colour a class."""
    hatched = label // COLOURS % 3
    return f"k{label % COLOURS}" + f" h{hatched}" * bool(hatched)


def speaker(index: int) -> str:
    """Return how a speaker is called: by a letter, from the 27th on by number.

    Examples
    --------
    >>> speaker(0), speaker(25), speaker(26)
    ('A', 'Z', '27')
    """
    return chr(ord("A") + index) if index < 26 else str(index + 1)


def gold_cells(dialogue: Dialogue, short: Sequence[str]) -> Markup:
    """Return the cells of the gold classes."""
    return _joined(
        f'<td class="none">{MISSING}</td>'
        if label == UNKNOWN
        else f'<td class="{colour_class(label)}">{escape(short[label])}</td>'
        for label in dialogue.label.tolist()
    )


def strip_cells(dialogue: Dialogue, model: ModelStrips, strip: Strip, short: Sequence[str]) -> Markup:
    """Return the cells of one strip: coloured by predicted class, marked where wrong and where other than on clean."""
    p = strip.probabilities
    if p is None:
        return Markup('<td class="none text" colspan="%d">%s</td>') % (len(dialogue.label), strip.missing)
    clean = model.clean.probabilities
    predicted = p.argmax(axis=1)
    before = predicted if clean is None else clean.argmax(axis=1)
    tenths = np.ceil(p.max(axis=1) * 10 - 1e-9).astype(int)
    marks = zip(predicted.tolist(), before.tolist(), tenths.tolist(), dialogue.label.tolist(), strict=True)
    return _joined(
        f'<td class="{colour_class(now)} q{tenth}{" x" * (now != then)}{" w" * (gold not in (now, UNKNOWN))}">'
        f"{escape(short[now])}</td>"
        for now, then, tenth, gold in marks
    )


def tokens(p: Float[np.ndarray, "turns classes"]) -> str:
    """Return probabilities in per cent as the page's script reads them: turns separated by |, classes by a space.

    `-` stands for less than 1 that is not 0, `+` for more than 99 that is not 100.

    Examples
    --------
    >>> tokens(np.array([[0.846, 0.15, 0.004], [1.0, 0.0, 0.0]]))
    '85 15 -|100 0 0'
    """
    return "|".join(" ".join(map(_token, turn)) for turn in p.tolist())


def _token(share: float) -> str:
    text = whole_percent(share)
    return _SIGNS.get(text, text)


def gold_tokens(label: Int64[np.ndarray, " turns"]) -> str:
    """Return the indices of the gold classes as the page's script reads them; -1 is unknown."""
    return " ".join(map(str, label.tolist()))


def _joined(cells: Iterable[str]) -> Markup:
    # Made of this module's own text and escaped names.
    return Markup("".join(cells))  # noqa: S704
