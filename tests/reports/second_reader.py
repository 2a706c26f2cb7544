"""A second reader of whole reports: every table of a page, of its CSV files, of the LaTeX and of the Markdown.

It knows how tables are written and nothing of how they were made. What their numbers stand for is in `expectations`.
"""

import csv
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from pathlib import Path

from markdown_reader import read_markdown
from page_reader import VOID, words
from tex_reader import shown

from emobench.benchmark.run_folder import RunFolder

NAMES = ("low", "high", "floor", "floor_high", "draw_sd")
_NUMBER = r"[<>]?[+−]?\d[\d,]*(?:\.\d+)?(?: %)?|−?∞"
_CELL = re.compile(
    rf"(?P<value>{_NUMBER}|–)?(?: ?± ?(?P<draw_sd>{_NUMBER}))?(?: ?\[(?P<low>{_NUMBER}), (?P<high>{_NUMBER})\])?"
)
_FLOOR = re.compile(rf"(?P<within>\bin )?floor (?P<floor>{_NUMBER})|\(≤ (?P<floor_high>{_NUMBER})\)")
_DIRECTION = re.compile(r" ?(?:higher is better|lower is better|0 is best|[↑↓]|→ 0)")


@dataclass(frozen=True)
class Cell:
    """What a reader sees of a cell."""

    text: str
    """All of it."""
    value: str = ""
    low: str = ""
    high: str = ""
    floor: str = ""
    floor_high: str = ""
    draw_sd: str = ""
    within: bool | None = None
    """Whether it says that the figure is within its noise floor; None: it could not."""
    words: str = ""
    """What is no number."""
    full: bool = False
    """Whether numbers are written in full."""


@dataclass
class Table:
    """A table with what stands around it."""

    address: str
    """The id, the label, or where there is neither what stands over it."""
    data: str
    """Empty: of no data set alone."""
    title: str
    head: list[str] = field(default_factory=list)
    rows: list[list[Cell]] = field(default_factory=list)
    headings: list[str] = field(default_factory=list)
    """Of each row what heads it; empty: nothing."""

    def cells(self) -> Iterator[tuple[str, dict[str, Cell]]]:
        """Yield the heading and the cells by head, a head that comes again with its number."""
        seen: dict[str, int] = {}
        names = []
        for name in self.head:
            seen[name] = seen.get(name, 0) + 1
            names.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
        for heading, row in zip(self.headings, self.rows, strict=True):
            yield heading, dict(zip(names, row, strict=True))


def cell_of(text: str) -> Cell:
    """Take apart what is shown."""
    text = words(text.replace("\u00a0", " "))
    found = _CELL.match(text)
    assert found is not None
    # What only starts with a number is a word: a range, a percentage in brackets.
    whole = found.end() == len(text) or text[found.end()] in " °▾"
    parts = {name: part for name, part in found.groupdict().items() if part} if whole else {}
    rest = text[found.end() :] if parts else text
    floors = list(_FLOOR.finditer(rest))
    parts |= {name: one[name] for one in floors for name in ("floor", "floor_high") if one[name]}
    within = any(one["within"] for one in floors) if any(one["floor"] for one in floors) else None
    return Cell(text, **parts, within=within, words=words(_FLOOR.sub("", rest)))


def html_tables(folder: RunFolder) -> list[Table]:
    """Return the tables of the page that have an address."""
    reader = _Page()
    reader.feed((folder.path / "report.html").read_text(encoding="utf-8").replace("\u00a0%", " %"))
    return [one for one in reader.tables if one.address]


def csv_files(folder: RunFolder, page: list[Table]) -> list[Table]:
    """Return the files beside the page, each with the title of the table that it belongs to."""
    found = []
    for one in page:
        path = folder.path / "tables" / f"{one.address.removesuffix('-numbers')}.csv"
        if path.exists():
            head, *rows = _rows_of(path)
            found.append(_csv_table(one, head, rows, one.head))
    return found


def layout_files(folder: RunFolder) -> list[Table]:
    """Return the files of tables as papers lay them out, which the page does not have."""
    found = []
    for path in sorted((folder.path / "tables").glob("layout-*.csv")):
        head, *rows = _rows_of(path)
        found.append(_csv_table(Table(path.stem, "", ""), head, rows, []))
    return found


def tex_tables(folder: RunFolder, *, fragments: bool) -> list[Table]:
    """Return the tables of the whole document, or those of the fragments, which may go on in a further float."""
    paths = sorted((folder.path / "tex").glob("*.tex")) if fragments else [folder.path / "report.tex"]
    names = {_plain(name): name for name in data_names(folder)}
    found = []
    for path in paths:
        text = path.read_text(encoding="utf-8")
        for body in re.findall(r"\\begin\{(?:longtable|table\*?)\}(.*?)\\end\{(?:longtable|table\*?)\}", text, re.S):
            label = re.search(r"\\label\{tab:([^}]*)\}", body)
            caption = re.search(r"\\caption\{(.*?)\}\\label", body, re.S)
            assert label is not None
            assert caption is not None
            whole = re.sub(r"(?:-columns-\d+)?(?:-part-\d+)?$", "", label[1])
            data = max((name for name in names if whole.startswith(f"{name}-")), key=len, default="")
            # Further floats of a table say of which only.
            title = _seen(caption[1]) if whole == label[1] else found[-1].title
            found.append(_tex_table(body, Table(whole.removeprefix(f"{data}-"), names.get(data, ""), title)))
    return found


def together(parts: list[Table]) -> list[Table]:
    """Return tables that were continued in further floats as one again."""
    found: list[Table] = []
    for one in parts:
        if found and (one.data, one.address, one.head) == (found[-1].data, found[-1].address, found[-1].head):
            found[-1].rows += one.rows
            found[-1].headings += one.headings
        else:
            found.append(one)
    return found


def markdown_tables(folder: RunFolder) -> list[Table]:
    """Return the tables of the summary."""
    document = read_markdown((folder.path / "report.md").read_text(encoding="utf-8"))
    names = data_names(folder)
    found = []
    for title, (head, *rows) in zip(document.titles, document.tables, strict=True):
        data = next(
            name for name in names if re.search(rf"(?:^| on ){re.escape(name)}(?: \(simulated data\))?$", title)
        )
        kind = "all conditions" if title.startswith("All conditions") else "clean"
        made = Table(kind, data, title, [_head(cell) for cell in head], headings=[""] * len(rows))
        made.rows = [[cell_of(cell) for cell in row] for row in rows]
        found.append(made)
    return found


def data_names(folder: RunFolder) -> list[str]:
    """Return the data sets of the run."""
    return [one["name"] for one in json.loads(folder.record_path.read_text(encoding="utf-8"))["data"]]


def _head(text: str) -> str:
    plain = _DIRECTION.sub("", words(text.replace(",", " "))).removesuffix(" ceiling").removesuffix(" (ceiling)")
    return words(plain)


@dataclass
class _Page(HTMLParser):
    tables: list[Table] = field(default_factory=list)
    open_tags: list[tuple[str, str]] = field(default_factory=list)
    data: str = ""
    label: str = ""
    row: list[tuple[bool, list[str]]] = field(default_factory=list)
    heading: str = ""

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = {name: value or "" for name, value in attrs}
        if tag == "h2":
            self.data = ""
        elif tag == "div" and known.get("role") == "region":
            self.label = known["aria-label"]
        elif tag == "table":
            self.tables.append(Table(known.get("id", ""), self.data, self.label.removesuffix(": numbers")))
        elif tag == "tr":
            self.row = []
        elif tag in ("td", "th"):
            self.row.append((known.get("scope") == "col", [known.get("scope", "")]))
        if tag not in VOID:
            self.open_tags.append((tag, known.get("id", "") or known.get("class", "")))

    def handle_endtag(self, tag: str) -> None:
        self.open_tags.pop()
        if tag != "tr":
            return
        table = self.tables[-1]
        texts = ["".join(pieces[1:]) for _, pieces in self.row]
        if all(is_head for is_head, _ in self.row):
            table.head = [_head(text) for text in texts]
        elif self.row[0][1][0] != "rowgroup":
            table.rows.append([cell_of(text) for text in texts])
            table.headings.append("")

    def handle_data(self, data: str) -> None:
        inside = [tag for tag, _ in self.open_tags]
        if self.open_tags and self.open_tags[-1][0] == "h2" and re.fullmatch(r"data-\d+", self.open_tags[-1][1]):
            self.data += words(data)
        elif "caption" in inside:
            self.tables[-1].title += f" | {data}" if not self.tables[-1].title.count("|") else data
        elif {"td", "th"} & set(inside):
            self.row[-1][1].append(data)


def _rows_of(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file, strict=True))


def _csv_table(of: Table, head: list[str], rows: list[list[str]], known: list[str]) -> Table:
    made = replace(of, head=[], rows=[[] for _ in rows], headings=[""] * len(rows))
    for name, columns in _grouped(head, known).items():
        made.head.append(name[0])
        for row, cells in zip(rows, made.rows, strict=True):
            cells.append(_full({part: row[place] for part, place in columns.items()}))
    return made


def _grouped(head: list[str], known: list[str]) -> dict[tuple[str, str], dict[str, int]]:
    """Return of each column of the page the columns of the file, by what they hold; `known`: heads of the page."""
    found: dict[tuple[str, str], dict[str, int]] = {}
    for place, name in enumerate(head):
        plain, number = re.fullmatch(r"(.*?)((?: \(\d+\))?)", name).groups()  # type: ignore[union-attr]  # any text does
        base, part = plain, ""
        for one in (*NAMES, "note", "tag", "sign", "churn", "spread"):
            if plain.endswith(f" {one}") and _head(plain) not in known:
                base, part = plain.removesuffix(f" {one}"), one
                break
        found.setdefault((_head(base), number), {})[part] = place
    return found


def _full(parts: dict[str, str]) -> Cell:
    numbers = {name: parts.get(name, "") for name in NAMES}
    # On paper both stand after ±.
    numbers["draw_sd"] = numbers["draw_sd"] or parts.get("spread", "")
    value = parts.get("", "")
    is_number = re.fullmatch(r"-?(?:\d+(?:\.\d+)?(?:e-?\d+)?|inf)", value) is not None
    said = parts.get("note", "") or ("" if is_number else value)
    if parts.get("churn"):
        said = f"churn {parts['churn']}"
    return Cell(value or said, value if is_number else "", **numbers, words=said, full=True)


def _tex_table(body: str, made: Table) -> Table:
    head = re.search(r"\\toprule (.*?) \\\\ \\midrule", body)
    assert head is not None
    made.head = [_head(_seen(cell)) for cell in _split(head[1])]
    heading = ""
    for line in body.splitlines():
        over = re.match(r"(?:\{\})?\\multicolumn\{\d+\}\{@\{\}l@\{\}\}\{\\itshape (.*)\} \\\\\*$", line)
        if over:
            heading = _seen(over[1]).removesuffix(" (continued)")
        elif line.endswith(r" \\") and not line.startswith((r"\toprule", r"\caption")):
            cells = []
            for text in _split(line.removesuffix(r" \\")):
                marks = "".join(re.findall(r"\\textsuperscript\{([^{}]*)\}", re.sub(r"\\hphantom\{[^}]*\}", "", text)))
                cells.append(replace(cell_of(_seen(text)), within="n" in marks))
            made.rows.append(cells)
            made.headings.append(heading)
    return made


def _split(line: str) -> list[str]:
    return [cell.strip() for cell in re.split(r"(?<!\\)&", line)]


def _seen(text: str) -> str:
    """Return what a reader sees of LaTeX."""
    text = re.sub(r"\\hphantom\{(?:[^{}]|\{(?:[^{}]|\{\})*\})*\}", "", text.replace(r"\emph", ""))
    signs = {r"\%": "%", r"\&": "&", "~": " ", r"$\uparrow$": "↑", r"$\downarrow$": "↓", r"$\rightarrow$": "→",
             r"$\phi$": "φ", r"$\leq$": "≤", r"\itshape": "", r"\quad": "", r"\dag ": "", r"\ddag ": ""}  # fmt: skip
    text = shown(text)
    for sign, plain in signs.items():
        text = text.replace(sign, plain)
    return words(re.sub(r"(?<![\d-])--(?!-)", "–", text))


def _plain(name: str) -> str:
    return "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in name)
