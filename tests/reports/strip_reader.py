"""A second reader of strips of turns, that knows nothing of the templates."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

from emobench.benchmark.run_folder import RunFolder


@dataclass
class Line:
    """One row of a table."""

    attributes: dict[str, str]
    cells: list[tuple[str, str]] = field(default_factory=list)
    """Class attribute and text."""


@dataclass
class Strips(HTMLParser):
    """The tables of a page whose class names the word wanted, row by row."""

    wanted: str
    tables: list[list[Line]] = field(default_factory=list)
    inside: bool = False

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if tag == "table":
            self.inside = self.wanted in attributes.get("class", "").split()
            if self.inside:
                self.tables.append([])
        elif self.inside and tag == "tr":
            self.tables[-1].append(Line(attributes))
        elif self.inside and tag in ("td", "th"):
            self.tables[-1][-1].cells.append((attributes.get("class", ""), ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "table":
            self.inside = False

    def handle_data(self, data: str) -> None:
        if self.inside and self.tables[-1] and self.tables[-1][-1].cells:
            classes, text = self.tables[-1][-1].cells[-1]
            self.tables[-1][-1].cells[-1] = (classes, text + data.strip("\n"))


def tables_of(folder: RunFolder, wanted: str) -> list[list[Line]]:
    """Return the tables of a run's page whose class names the word wanted."""
    reader = Strips(wanted)
    reader.feed((folder.path / "report.html").read_text(encoding="utf-8"))
    return reader.tables
