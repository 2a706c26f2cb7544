"""A second reader of the page, that knows nothing of the templates."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

from emobench.benchmark.run_folder import RunFolder

VOID = {"meta", "link", "br", "wbr", "img", "input"}


@dataclass
class Table:
    caption: str = ""
    rows: list[list[str]] = field(default_factory=list)


@dataclass
class Reader(HTMLParser):
    """What a reader that knows nothing of the templates finds on a page."""

    tags: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    scripts: list[str] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    open_tags: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag == "table":
            self.tables.append(Table())
        elif tag == "tr":
            self.tables[-1].rows.append([])
        elif tag in ("td", "th"):
            self.tables[-1].rows[-1].append("")
        if tag not in VOID:
            self.open_tags.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open_tags.pop() == tag

    def handle_data(self, data: str) -> None:
        if "script" in self.open_tags:
            self.scripts.append(data)
        elif "style" not in self.open_tags:
            self.text.append(data)
            if "caption" in self.open_tags:
                self.tables[-1].caption += data
            elif {"td", "th"} & set(self.open_tags):
                self.tables[-1].rows[-1][-1] += data


def parsed(folder: RunFolder) -> Reader:
    reader = Reader()
    reader.feed((folder.path / "report.html").read_text(encoding="utf-8"))
    assert reader.open_tags == []
    return reader


def words(text: str) -> str:
    return " ".join(text.split())
