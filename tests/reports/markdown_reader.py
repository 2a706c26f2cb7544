"""A second reader of the Markdown: what a parser of CommonMark with tables makes of it."""

import re
from dataclasses import dataclass, field
from html import unescape

from markdown_it import MarkdownIt

from emobench.benchmark.run_folder import RunFolder


@dataclass
class Document:
    """Headings, list items and paragraphs as they are read; tables by what stands over them."""

    lines: list[str] = field(default_factory=list)
    tables: list[list[list[str]]] = field(default_factory=list)
    titles: list[str] = field(default_factory=list)
    """Of each table the heading or the summary above it."""
    links: list[str] = field(default_factory=list)
    html: list[str] = field(default_factory=list)
    blocks: list[str] = field(default_factory=list)


def read_markdown(source: str) -> Document:
    found = Document()
    in_cell, in_heading, title = False, False, ""
    for token in MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(source):
        if token.type == "table_open":
            found.tables.append([])
            found.titles.append(title)
        elif token.type == "tr_open":
            found.tables[-1].append([])
        elif token.type in ("th_open", "td_open", "th_close", "td_close"):
            in_cell = token.type.endswith("open")
        elif token.type in ("heading_open", "heading_close"):
            in_heading = token.type.endswith("open")
        elif token.type == "fence":
            found.blocks.append(token.content)
        elif token.type == "html_block":
            found.html.append(token.content.strip())
            summary = re.search(r"<summary>(.*?)</summary>", token.content)
            title = unescape(summary[1]) if summary else title
        elif token.type == "inline":
            children = token.children or []
            said = "".join(
                " " if one.type == "softbreak" else one.content
                for one in children
                if one.type in ("text", "code_inline", "softbreak", "text_special")
            )
            found.html += [one.content for one in children if one.type == "html_inline"]
            found.links += [str(one.attrs["href"]) for one in children if one.type == "link_open"]
            (found.tables[-1][-1] if in_cell else found.lines).append(said)
            title = said if in_heading else title
    return found


def parsed_markdown(folder: RunFolder) -> Document:
    return read_markdown((folder.path / "report.md").read_text(encoding="utf-8"))
