r"""The folder tex/: a file per table and figure to `\input`, what they need, the methods and the references."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from .comparison_paper import comparison_tables
from .comparisons import ComparisonView
from .contents import RunView
from .figure_views import FigureView
from .figures import figures
from .fragments import fragment
from .latency_paper import latency_tables
from .layout_paper import layout_tables
from .methods import methods
from .page import TEMPLATES
from .paper import data_tables
from .paper_tables import problems_table
from .rank_figures import rank_figures
from .references import bibtex, cited
from .tex import Table, Tex, escape, prose

MARK = "% Written by emobench"
"""The first line of every file begins with it; files that do may be replaced and removed."""
_RESERVED = ("preamble", "methods", "sample")


class Piece(NamedTuple):
    r"""A file to `\input`."""

    name: str
    """Of the file, without its ending."""
    label: str
    """What `\\ref` takes."""
    title: str
    """First sentence of its caption, as LaTeX."""
    content: Tex


def files(run: RunView, comparisons: ComparisonView | None = None, layout: str = "") -> Mapping[str, str]:
    """Return the content of every file by its name.

    Parameters
    ----------
    layout
        Name of a suite whose table is laid out too, beside those of the suites that the run was asked for by.

    Raises
    ------
    UnknownName
        When there is no such layout.
    """
    pieces = tuple(_named(_pieces(run, comparisons, layout)))
    references = cited(run, compared=comparisons is not None)
    mark = f"{MARK} {run.record.versions.get('emobench', '')}".rstrip()
    text = {f"{piece.name}.tex": f"{mark}: \\input{{{piece.name}}}\n{piece.content}\n" for piece in pieces}
    return {
        "preamble.tex": f"{mark}\n{(TEMPLATES / 'preamble.tex').read_text(encoding='utf-8')}",
        "methods.tex": f"{mark}\n{methods(run, references, comparisons)}\n",
        "references.bib": f"{MARK[2:]}: what the run used, as far as it is known.\n\n{bibtex(references)}",
        **text,
        "sample.tex": f"{mark}\n{_sample([piece.name for piece in pieces])}",
        "index.txt": _index(pieces),
    }


def _pieces(run: RunView, comparisons: ComparisonView | None, layout: str) -> Iterator[Piece]:
    found: list[Tex] = [*layout_tables(run, layout)]
    found += [one for tables in data_tables(run, comparisons).values() for one in tables]
    found += latency_tables(run)
    found += comparison_tables(comparisons) if comparisons else ()
    problems = problems_table(run)
    found += [problems] if problems else []
    for one in found:
        if isinstance(one, Table):
            yield Piece(one.label.removeprefix("tab:"), one.label, _first_sentence(one.caption), fragment(one))
    for view in (*figures(run), *rank_figures(comparisons.ranks if comparisons else ())):
        yield Piece(f"figure-{view.slug}", f"fig:{view.slug}", prose(view.title), _figure(view))


def _named(pieces: Iterator[Piece]) -> Iterator[Piece]:
    """Make names that are safe and differ, in systems too that see no difference between capitals and small letters."""
    seen: dict[str, int] = dict.fromkeys(_RESERVED, 1)
    for piece in pieces:
        name = re.sub(r"[^a-z0-9_]+", "-", piece.name.lower()).strip("-")
        seen[name] = seen.get(name, 0) + 1
        yield (
            piece
            if name == piece.name and seen[name] == 1
            else piece._replace(name=name if seen[name] == 1 else f"{name}--{seen[name]}")
        )


def _figure(view: FigureView) -> Tex:
    note = f" {escape(view.note)}" if view.note else ""
    return Tex(rf"\emobenchfigure{{{view.slug}}}{{{prose(view.title)}.{note}}}")


def _first_sentence(caption: Tex) -> str:
    return re.split(r"(?<=[.:])\s", caption, maxsplit=1)[0].rstrip(".:")


def _sample(names: Sequence[str]) -> str:
    inputs = "\n".join(
        rf"\input{{{name}}}" + ("\n\\clearpage" if place % 6 == 0 else "") for place, name in enumerate(names, 1)
    )
    template = (TEMPLATES / "sample.tex").read_text(encoding="utf-8")
    return template.replace("% INPUTS %", inputs)


def _index(pieces: Sequence[Piece]) -> str:
    head = (
        "preamble.tex: \\input it before \\begin{document}; it names the packages that the files need.\n"
        "methods.tex: the protocol of the run. references.bib: what it cites.\n"
        "sample.tex: all of them in two columns; compiles by itself here, figures from ../figures.\n\n"
    )
    lines = [
        f"{piece.name}.tex  \\ref{{{piece.label}}}  {piece.title}".replace(r"\allowbreak{}", "") for piece in pieces
    ]
    return head + "\n".join(lines) + "\n"
