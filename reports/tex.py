"""Text to LaTeX that compiles whatever the text holds, and booktabs tables of it."""

import re
import unicodedata
from collections.abc import Iterable, Sequence

from .tex_columns import aligned, column_groups, needed_widths, with_whole_words
from .tex_widths import fitted

_SIGNS = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", '"': r"\textquotedbl{}", "`": r"\textasciigrave{}", "'": "'", "\u2212": "$-$", "–": "--",
    "—": "---", "≤": r"$\leq$", "≥": r"$\geq$", "→": r"$\rightarrow$", "×": r"$\times$", "±": r"$\pm$",
    "↑": r"$\uparrow$", "↓": r"$\downarrow$",
    "∞": r"$\infty$", "…": r"\ldots{}", "“": "``", "”": "''", "‘": "`", "’": "'", "\u00a0": "~", "·": r"$\cdot$",
    "†": r"\dag{}", "‡": r"\ddag{}",
    "°": r"\textdegree{}", "ß": r"\ss{}", "ø": r"\o{}", "Ø": r"\O{}", "æ": r"\ae{}", "Æ": r"\AE{}",
    "œ": r"\oe{}", "Œ": r"\OE{}", "ł": r"\l{}", "Ł": r"\L{}", "đ": r"\dj{}", "Đ": r"\DJ{}", "ð": r"\dh{}",
    "þ": r"\th{}", "ı": r"\i{}",
    "\n": " ", "\t": " ", "\r": " ",
}  # fmt: skip
_ACCENTS = {
    "\u0300": "`", "\u0301": "'", "\u0302": "^", "\u0303": "~", "\u0304": "=", "\u0306": "u", "\u0307": ".",
    "\u0308": '"', "\u030a": "r", "\u030b": "H", "\u030c": "v", "\u0327": "c", "\u0328": "k",
}  # fmt: skip
# Pairs that fonts would join into another sign.
_LIGATURES = re.compile(r"-(?=-)|,(?=,)|'(?=')|[?!](?=`)")
_PER_CENT = re.compile(r"(?<=\d) %")
"""Between a number and its sign no line may break."""
PAGE_WIDTH = 16.6
"""Centimetres of a line."""
_ROOM = PAGE_WIDTH - 0.1
"""Of them those for a table whose widths are rounded."""
_SHORT, _FIRST_ROWS = 12, 4
"""Rows of a table that is kept whole; of a longer one those that stand below its head at least."""
_LINE, _CAPTION = 11, 110
"""Points of a line of a table, letters of a line of a caption."""
SMALL = 0.172
"""Centimetres of a digit in the size of the tables."""
_BETWEEN = 6 / 28.45
"""Centimetres between two columns."""
_PIECES = re.compile(r"[A-Za-z0-9]{1,10}(?:=-?[A-Za-z0-9.]{1,4}(?![A-Za-z0-9.]))?[^A-Za-z0-9]?|[^A-Za-z0-9]")
"""What stays on one line of a name."""
_LONG_WORD = 24


class Tex(str):
    """LaTeX as it is to stand in the file: it is not escaped again."""

    __slots__ = ()


def escape(text: object) -> Tex:
    r"""Return LaTeX that shows `text`; what no font of the file has is shown by its number, such as `[U+4E2D]`.

    Examples
    --------
    >>> print(escape("50 % of a_b"), escape("é → 中"), escape("--seeds"))
    50~\% of a\_b \'{e} $\rightarrow$ [U+4E2D] -{}-seeds
    """
    if isinstance(text, Tex):
        return text
    plain = _LIGATURES.sub(lambda found: f"{found.group()}\ufeff", _PER_CENT.sub("\u00a0%", str(text)))
    return Tex("".join(map(_sign, plain)))


def breakable(text: object) -> Tex:
    """Return LaTeX as `escape` does, in which a line may break after signs and inside long words.

    A short value stays with its name: `epochs=8`.
    """
    return Tex(r"\allowbreak{}".join(map(escape, _PIECES.findall(str(text)))))


def prose(text: object) -> Tex:
    """Return LaTeX as `escape` does, in which a line may break inside what no line could hold."""
    words = re.split(r"(?<= )", _PER_CENT.sub("\u00a0%", str(text)))
    return Tex("".join(escape(word) if len(word) <= _LONG_WORD else breakable(word) for word in words))


def code(text: object) -> Tex:
    """Return a text as it is typed, in typewriter, breakable."""
    # Signs that would join are apart already: between them a line may break.
    return Tex(rf"\texttt{{{breakable(text)}}}")


def as_tex(sentence: Iterable[tuple[str, bool]]) -> Tex:
    """Return phrases, each with whether it is a condition, which is set as it is typed."""
    return Tex("".join(code(text) if spec else prose(text) for text, spec in sentence))


class Remark(Tex):
    """Words between tables."""

    __slots__ = ("section",)

    section: str
    """Of the report, that it belongs to."""


def remark(section: str, text: str) -> Remark:
    """Return LaTeX that belongs to a section."""
    made = Remark(text)
    made.section = section
    return made


def told_of_each(section: str, title: str, told: Iterable[tuple[str, str]]) -> Remark:
    """Return a list with a heading: what is said, as LaTeX, of each of some names."""
    items = "\n".join(rf"\item \textbf{{{breakable(name)}}}. {said}" for name, said in told)
    return remark(
        section, f"\\subsection*{{{escape(title)}}}\n\\begin{{itemize}}\\raggedright\n{items}\n\\end{{itemize}}"
    )


class Table(Tex):
    """A longtable, with what it is made of, so that it can be set otherwise too."""

    __slots__ = ("caption", "definitions", "head", "label", "rows", "widths")

    caption: Tex
    definitions: Tex
    """What its conditions mean: told elsewhere in the whole file, but needed where the table stands alone."""
    label: str
    head: tuple[Tex, ...]
    rows: tuple[tuple[Tex, ...] | Tex, ...]
    """Cells, numbers aligned; a row that is one `Tex` is a heading over the rows after it."""
    widths: tuple[float, ...]

    def of_columns(self, places: Sequence[int]) -> "Table":
        """Return some of its columns, all of its rows."""
        rows = [row if isinstance(row, Tex) else tuple(row[place] for place in places) for row in self.rows]
        head, widths = [self.head[place] for place in places], [self.widths[place] for place in places]
        return _made("", self.caption, self.label, head, rows, widths)


def table(
    caption: Tex, label: str, head: Sequence[Tex], rows: Sequence[Sequence[Tex] | Tex], widths: Sequence[float]
) -> Table:
    """Return a longtable with booktabs rules, numbers with their points one under the other.

    Of a table that no line could hold without breaking words, columns stand in further ones, beside the first column.

    Parameters
    ----------
    caption, label
        What it shows; what a paper refers to it by.
    head, rows
        Cells; a row that is one `Tex` is a heading over the rows after it.
    widths
        Of the columns in centimetres; the first is set flush left, the others flush right, wider where their intervals
        would else go to a second line.
    """
    own = _aligned_rows(rows)
    widths = fitted([row for row in own if not isinstance(row, Tex)], widths, PAGE_WIDTH)
    needed = needed_widths(head, [row for row in own if not isinstance(row, Tex)], SMALL)
    groups = column_groups(needed, _BETWEEN, _ROOM)
    whole = _made("", caption, label, head, own, widths)
    parts = []
    for number, places in enumerate(groups, 1):
        part = whole.of_columns(places)
        if number > 1:
            part.caption, part.label = Tex(rf"Further columns of Table~\ref{{{label}}}."), f"{label}-columns-{number}"
        room = _ROOM - _BETWEEN * (len(places) - 1)
        least = [needed[of] for of in places]
        if any(width < own for width, own in zip(part.widths, least, strict=True)):
            part.widths = tuple(with_whole_words(part.widths, least, room))
        parts.append(_longtable(part))
    return _made("\n\n".join(parts), caption, label, head, own, widths)


def _made(
    text: str,
    caption: Tex,
    label: str,
    head: Sequence[Tex],
    rows: Sequence[tuple[Tex, ...] | Tex],
    widths: Sequence[float],
) -> Table:
    made = Table(text)
    made.caption, made.label, made.head, made.rows, made.widths = (
        caption,
        label,
        tuple(head),
        tuple(rows),
        tuple(widths),
    )
    made.definitions = Tex()
    return made


def _longtable(one: Table) -> str:
    columns, titles, lines = table_parts(one.head, one.rows, [f"{width:.2f}cm" for width in one.widths])
    return "\n".join(
        [
            _room(one.caption, one.rows),
            r"\begingroup\small\setlength{\tabcolsep}{3pt}",
            rf"\begin{{longtable}}{{{columns}}}",
            rf"\caption{{{one.caption}}}\label{{{one.label}}} \\",
            rf"{titles} \endfirsthead",
            rf"{titles} \endhead",
            r"\bottomrule \endlastfoot",
            *lines,
            r"\end{longtable}\endgroup",
        ]
    )


def table_parts(
    head: Sequence[Tex], rows: Sequence[Sequence[Tex] | Tex], widths: Sequence[str]
) -> tuple[str, str, list[str]]:
    """Return the columns, the head with its rules, and the lines of a table; widths as LaTeX writes lengths."""
    sides = ("left", *["right"] * (len(widths) - 1))
    columns = "".join(rf">{{\flush{side}cell}}p{{{width}}}" for side, width in zip(sides, widths, strict=True))
    titles = " & ".join(rf"\bfseries {cell}" for cell in head)
    over = rf"\multicolumn{{{len(head)}}}{{@{{}}l@{{}}}}"
    lines = [
        # What follows the end of a row in brackets, or as a star, would be taken for its argument.
        rf"{over}{{\itshape {row}}} \\*"
        if isinstance(row, Tex)
        else f"{'{}' if row[0][:1] in tuple('[*') else ''}{' & '.join(row)} \\\\"
        for row in rows
    ]
    return f"@{{}}{columns}@{{}}", rf"\toprule {titles} \\ \midrule", lines


def _room(caption: Tex, rows: Sequence[tuple[Tex, ...] | Tex]) -> str:
    """Return what begins a new page where a short table would not be whole, or a long one would have few rows."""
    lines = [1 if isinstance(row, Tex) else 2 for row in rows]
    first = lines if len(lines) <= _SHORT else lines[:_FIRST_ROWS]
    points = _LINE * (len(caption) // _CAPTION + 4 + sum(first))
    return rf"\par\ifdim\dimexpr\pagegoal-\pagetotal\relax<{points}pt\relax\newpage\fi"


def _aligned_rows(rows: Sequence[Sequence[Tex] | Tex]) -> tuple[tuple[Tex, ...] | Tex, ...]:
    cells = [row for row in rows if not isinstance(row, Tex)]
    if not cells:
        return tuple(row for row in rows if isinstance(row, Tex))
    first, *others = zip(*cells, strict=True)
    found = zip(first, *([Tex(text) for text in aligned(column)] for column in others), strict=True)
    return tuple(row if isinstance(row, Tex) else next(found) for row in rows)


def _sign(character: str) -> str:
    if character == "\ufeff":
        return "{}"
    if character in _SIGNS:
        return _SIGNS[character]
    if " " <= character <= "~":
        return character
    return _accented(character) or _greek(character) or f"[U+{ord(character):04X}]"


def _accented(character: str) -> str:
    parts = unicodedata.normalize("NFD", character)
    if len(parts) == 2 and parts[0].isascii() and parts[1] in _ACCENTS:
        return rf"\{_ACCENTS[parts[1]]}{{{parts[0]}}}"
    return ""


def _greek(character: str) -> str:
    found = re.fullmatch(r"GREEK (SMALL|CAPITAL) LETTER ([A-Z]+)", unicodedata.name(character, ""))
    if not found:
        return ""
    name = found[2].lower().replace("lamda", "lambda")
    if found[1] == "SMALL":
        return "" if name in ("omicron", "final") else rf"$\{name}$"
    known = ("gamma", "delta", "theta", "lambda", "xi", "pi", "sigma", "upsilon", "phi", "psi", "omega")
    return rf"$\{name.capitalize()}$" if name in known else ""
