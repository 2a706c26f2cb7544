"""Text to GitHub-flavoured Markdown that shows it whatever it holds, and tables of it."""

import re
import unicodedata
from collections.abc import Iterable, Sequence

_INTERVAL = r"\[[<>]?−?[\d.,]+, [<>]?−?[\d.,]+\](?![(\[:])"
"""Brackets that are no link."""
_SIGNS = re.compile(rf"(?P<kept>{_INTERVAL})|[\\`*_~$|\[\]]|<(?=[A-Za-z/!?])|&(?=[#A-Za-z])")
_DIRECTIONS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Invisible signs that turn the direction of the text after them."""
_MENTION = "@<!-- -->"
"""Shown as an at sign; nobody is notified."""


class Markdown(str):
    """Markdown as it is to stand in the file: it is not escaped again."""

    __slots__ = ()


def text(words: object) -> Markdown:
    r"""Return Markdown that shows a text on one line: no markup, no mention, no formula.

    Examples
    --------
    >>> print(text("50 % of *a_b* <b> | @you [<0.001, 0.020] [0.1, 0.2](x)"))
    50 % of \*a\_b\* \<b> \| @<!-- -->you [<0.001, 0.020] \[0.1, 0.2\](x)
    """
    if isinstance(words, Markdown):
        return words
    escaped = _SIGNS.sub(lambda found: found["kept"] or f"\\{found.group()}", _one_line(str(words)))
    return Markdown(escaped.replace("@", _MENTION))


def code(words: str, *, in_table: bool = False) -> Markdown:
    r"""Return a text as it is typed, whatever backticks are in it.

    Examples
    --------
    >>> print(code("noise:snr_db=5"), code("a`b"), code("a|b", in_table=True))
    `noise:snr_db=5` ``a`b`` `a\|b`
    """
    plain = _one_line(words) or " "
    fence = "`" * (max((len(run) for run in re.findall("`+", plain)), default=0) + 1)
    # A space beside a backtick is taken off again.
    pad = " " if plain[0] == "`" or plain[-1] == "`" else ""
    return Markdown(f"{fence}{pad}{plain.replace('|', chr(92) + '|') if in_table else plain}{pad}{fence}")


def table(head: Sequence[object], rows: Iterable[Sequence[object]], *, left: int = 1) -> list[str]:
    """Return the lines of a table; the first `left` columns are set flush left, the others flush right."""
    sides = [":--" if place < left else "--:" for place in range(len(head))]
    return [_row(map(text, head)), _row(sides), *(_row(map(text, row)) for row in rows)]


def fold(summary: str, lines: Iterable[str]) -> list[str]:
    """Return lines that are shown when their summary is clicked."""
    shown = _one_line(summary).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return ["<details>", f"<summary>{shown}</summary>", "", *lines, "", "</details>"]


def block(command: str) -> list[str]:
    """Return a command as a block that can be copied whole."""
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", command)), default=0))
    return [f"{fence}sh", *command.splitlines(), fence]


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _one_line(words: str) -> str:
    visible = _DIRECTIONS.sub(lambda found: f"[U+{ord(found.group()):04X}]", words)
    spaced = "".join(" " if unicodedata.category(one) in ("Cc", "Zl", "Zp") else one for one in visible)
    return " ".join(spaced.split())
