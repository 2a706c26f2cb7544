"""Whom a run cites: entries of references.toml, as BibTeX and as a bibliography."""

import re
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from .contents import RunView
from .tex import Tex, escape

_PATH = Path(__file__).with_name("references.toml")
ALWAYS = ("emobench",)
"""Cited by every run."""
SCORED = ("efron1987",)
"""Cited where there are figures: of their intervals."""
COMPARED = ("benjamini1995",)
"""Cited where there are comparisons."""


@dataclass(frozen=True)
class Reference:
    """One publication, as far as it is known: what is not known is left out."""

    key: str
    cites: tuple[str, ...]
    """Names of the models, methods, calibrators, data sets, metrics and protocols that it is the source of."""
    fields: dict[str, str]
    """As in BibTeX; authors by family name, parted by ` and `."""

    @property
    def kind(self) -> str:
        """The entry's type in BibTeX."""
        if "journal" in self.fields:
            return "article"
        return "inproceedings" if "booktitle" in self.fields else "misc"

    @property
    def bibtex(self) -> str:
        """The entry; titles keep their capitals."""
        # Styles sort by author, or by a key where nobody is known.
        sorted_by = {} if "author" in self.fields else {"key": self.fields["title"]}
        lines = [f"  {name} = {{{_field(name, value)}}}," for name, value in (self.fields | sorted_by).items()]
        return "\n".join([f"@{self.kind}{{{self.key},", *lines, "}"])

    @property
    def item(self) -> Tex:
        """The entry as in a list of references in LaTeX."""
        people = self.fields.get("author", "").split(" and ")
        names = [{"others": "et al."}.get(one, one.strip("{}")) for one in people if one]
        joined = " ".join(names) if names[1:] == ["et al."] else _listed(names)
        where = [self.fields.get(one, "") for one in ("booktitle", "journal", "volume", "howpublished", "note")]
        year = self.fields.get("year", "")
        pieces = [joined, self.fields["title"], ", ".join(filter(None, [*where, year]))]
        text = " ".join(f"{escape(piece.removesuffix('.'))}." for piece in pieces if piece)
        return Tex(rf"\bibitem{{{self.key}}} {text}")


@cache
def all_references() -> tuple[Reference, ...]:
    """Return all entries, in the order of the file."""
    content = tomllib.loads(_PATH.read_text(encoding="utf-8"))
    return tuple(
        Reference(key, tuple(of["cites"]), {name: str(value) for name, value in of.items() if name != "cites"})
        for key, of in content.items()
    )


def cited(run: RunView, *, compared: bool) -> tuple[Reference, ...]:
    """Return what a run cites, in the order of the file."""
    names = used_names(run)
    keys = {*ALWAYS, *(SCORED if run.scored else ()), *(COMPARED if compared else ())}
    return tuple(one for one in all_references() if one.key in keys or names & set(one.cites))


def used_names(run: RunView) -> frozenset[str]:
    """Return the names of all that was used: models with what is chained to them, data, conditions and metrics."""
    texts = [
        *(model.name for data in run.data for model in data.models),
        # Of a model that was only timed nothing else is in the run.
        *(run.latency.models if run.latency and run.shows("latency") else ()),
        *(data.name for data in run.data),
        *(condition.text for data in run.data for condition in data.conditions),
        *(metric for data in run.data for metric in data.metrics),
        *(metric for metric in run.record.metrics),
        *(suite.paper.lower() for suite in run.record.suites),
    ]
    return frozenset(call.partition(":")[0] for text in texts for call in text.split("+"))


def keys_of(names: Iterable[str], among: Sequence[Reference]) -> tuple[str, ...]:
    """Return the keys of the sources of what is named, each once."""
    wanted = [call.partition(":")[0] for name in names for call in name.split("+")]
    return tuple(dict.fromkeys(one.key for name in wanted for one in among if name in one.cites))


def bibtex(references: Sequence[Reference]) -> str:
    """Return a BibTeX file."""
    return "\n\n".join(one.bibtex for one in references) + "\n"


def _listed(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}" if names[1:] else "".join(names)


def _field(name: str, value: str) -> str:
    if name == "title":
        # BibTeX styles write titles small; names of systems keep their capitals in braces.
        return re.sub(r"\S*[a-z]?[A-Z]\S*[A-Z]\S*", lambda found: f"{{{found.group()}}}", escape(value))
    return value if name == "author" else escape(value)
