"""Lines of what a TOML file holds: against files whose writer notes them, and against what tomllib finds in them."""

import tomllib
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emobench.benchmark.suite_files import FOLDER, suite_names
from emobench.benchmark.suite_lines import Place, line_of, lines_of

FILE = """\
# title = "not this one"

title = "a # no comment ]"   # "no text
[a . "b.c"]  # a table
x.y = [  # ] of an array
    1, [2, "]"],
    { k = "v", m.'n' = [3,
    4] },

]
s = \"\"\"
x.y = 5 "" \\\" \"\"\"\"\"
date = 1979-05-27 07:32:00  # with a space
[[ block ]]
z = '''
[[block]]''\'\'\'
after = 0.5
[[block]]
[block.inner]
[[block.many]]
k = true
"""
LINES: dict[Place, int] = {
    ("title",): 3,
    ("a",): 4,
    ("a", "b.c"): 4,
    ("a", "b.c", "x"): 5,
    ("a", "b.c", "x", "y"): 5,
    ("a", "b.c", "x", "y", 0): 6,
    ("a", "b.c", "x", "y", 1): 6,
    ("a", "b.c", "x", "y", 1, 0): 6,
    ("a", "b.c", "x", "y", 1, 1): 6,
    ("a", "b.c", "x", "y", 2): 7,
    ("a", "b.c", "x", "y", 2, "k"): 7,
    ("a", "b.c", "x", "y", 2, "m"): 7,
    ("a", "b.c", "x", "y", 2, "m", "n"): 7,
    ("a", "b.c", "x", "y", 2, "m", "n", 0): 7,
    ("a", "b.c", "x", "y", 2, "m", "n", 1): 8,
    ("a", "b.c", "s"): 11,
    ("a", "b.c", "date"): 13,
    ("block",): 14,
    ("block", 0): 14,
    ("block", 0, "z"): 15,
    ("block", 0, "after"): 17,
    ("block", 1): 18,
    ("block", 1, "inner"): 19,
    ("block", 1, "many"): 20,
    ("block", 1, "many", 0): 20,
    ("block", 1, "many", 0, "k"): 21,
}


def places_in(value: Any, place: Place = ()) -> set[Place]:
    """Return the places of all that a value holds, the value itself included."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return {place}.union(*(places_in(one, (*place, key)) for key, one in inner))


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_lines_of_a_file_with_all_that_misleads(newline: str) -> None:
    text = FILE.replace("\n", newline)
    assert lines_of(text) == LINES
    assert places_in(tomllib.loads(text)) - {()} == set(LINES)


@pytest.mark.parametrize("text", ["", "\n# nothing\n", "a = 1", "[a]", "a = []", "a = {}", "a=[[],{},]#"])
def test_small_files(text: str) -> None:
    assert places_in(tomllib.loads(text)) - {()} == set(lines_of(text))


@pytest.mark.parametrize("name", suite_names())
def test_suites_are_found_whole(name: str) -> None:
    text = (FOLDER / f"{name}.toml").read_text(encoding="utf-8")
    lines = lines_of(text)
    assert places_in(tomllib.loads(text)) - {()} == set(lines)
    for key in tomllib.loads(text):
        assert text.splitlines()[lines[key,] - 1].startswith(f"{key} = ")


def test_what_has_no_line_of_its_own_stands_where_what_is_around_it_does() -> None:
    lines = lines_of("a = 1\n[b]\nc = [\n2]\n")
    assert [line_of(lines, place) for place in [("b", "c", 0), ("b", "c", 9, "x"), ("b", "z"), ("z",), ()]] == [
        4, 3, 2, None, None,
    ]  # fmt: skip


@dataclass
class Writer:
    """Writes TOML as wildly as drawn, and notes on which line what begins."""

    draw: st.DrawFn
    text: str = ""
    lines: dict[Place, int] = field(default_factory=dict)
    keys: int = 0

    @property
    def line(self) -> int:
        return self.text.count("\n") + 1

    def blank(self, *, lines: bool) -> None:
        """Write spaces; `lines`: comments and new lines as well."""
        parts = st.sampled_from([" ", "\t", "\n", "# x = [1] \"'\n", "\r\n"] if lines else [" ", "\t"])
        self.text += "".join(self.draw(st.lists(parts, max_size=3)))

    def key(self) -> str:
        """Write a key that was not written before and return it as it is read."""
        self.keys += 1
        plain = f"{self.draw(st.sampled_from(['k', 'a-b', '7']))}_{self.keys}"
        odd = self.draw(st.sampled_from(["", " ", "#", "a.b", "]=", "ü", "[[x]]", "{,"]))
        written, read = self.draw(
            st.sampled_from(
                [
                    (plain, plain),
                    (f"'{odd}{plain}'", f"{odd}{plain}"),
                    (f'"{odd}{plain}\\"]\\u0041"', f'{odd}{plain}"]A'),
                ]
            )
        )
        self.text += written
        return read

    def pair(self, table: Place, depth: int) -> None:
        line, place = self.line, table
        for number in range(self.draw(st.integers(1, 3))):
            if number:
                self.blank(lines=False)
                self.text += "."
                self.blank(lines=False)
            place = (*place, self.key())
            self.lines[place] = line
        self.blank(lines=False)
        self.text += "="
        self.blank(lines=False)
        self.value(place, depth)

    def value(self, place: Place, depth: int) -> None:
        self.lines[place] = self.line
        kind = self.draw(st.sampled_from(["scalar", "scalar", "array", "table"] if depth else ["scalar"]))
        count = self.draw(st.integers(0, 3))
        if kind == "scalar":
            self.text += self.draw(st.sampled_from(SCALARS))
        elif kind == "array":
            self.text += "["
            for number in range(count):
                self.blank(lines=True)
                self.value((*place, number), depth - 1)
                self.blank(lines=True)
                self.text += "," if number < count - 1 or self.draw(st.booleans()) else ""
            self.blank(lines=True)
            self.text += "]"
        else:
            self.text += "{"
            for number in range(count):
                self.blank(lines=False)
                self.pair(place, depth - 1)
                self.blank(lines=False)
                self.text += "," * (number < count - 1)
            self.text += " }"

    def pairs(self, table: Place) -> None:
        for _ in range(self.draw(st.integers(0, 3))):
            self.blank(lines=True)
            self.pair(table, depth=3)
            self.text += self.draw(st.sampled_from(["\n", ' # ] = "\n', "\r\n"]))

    def header(self, before: tuple[str, ...], table: Place, *, many: bool) -> tuple[tuple[str, ...], Place]:
        """Write the header of a table below another one; return its keys as written, and its place."""
        self.blank(lines=True)
        start, line = len(self.text), self.line
        key = self.key()
        keys = (*before, self.text[start:])
        self.text = self.text[:start] + ("[[ " if many else "[") + " . ".join(keys) + (" ]]" if many else "]")
        self.text += self.draw(st.sampled_from(["\n", "# [x]\n"]))
        table = (*table, key)
        self.lines[table] = line
        if many:
            table = (*table, 0)
            self.lines[table] = line
        return keys, table

    def again(self, keys: tuple[str, ...], table: Place) -> Place:
        """Write the header of the next table of an array of tables."""
        number = table[-1]
        assert isinstance(number, int)
        table = (*table[:-1], number + 1)
        self.lines[table] = self.line
        self.text += f"[[{'.'.join(keys)}]]\n"
        return table


SCALARS = [
    "1", "-0.5e3", "true", "inf", "1979-05-27T07:32:00Z", "1979-05-27 07:32:00.5",
    "07:32:00", '"x"', '"# ] } = \\" \\\\"', "''",
    "'\\'", '""', '"""a\n[b] = "c" \\""""', '""""two""""', '"""\n"""', "'''\n'#''\n'''''", '"""\\\n   x"""',
]  # fmt: skip


@st.composite
def documents(draw: st.DrawFn) -> tuple[str, dict[Place, int]]:
    writer = Writer(draw)
    writer.pairs(())
    for _ in range(draw(st.integers(0, 3))):
        many = draw(st.booleans())
        keys, table = writer.header((), (), many=many)
        writer.pairs(table)
        if draw(st.booleans()):
            inner, place = writer.header(keys, table, many=draw(st.booleans()))
            writer.pairs(place)
            if isinstance(place[-1], int) and draw(st.booleans()):
                writer.pairs(writer.again(inner, place))
        if many and draw(st.booleans()):
            writer.pairs(writer.again(keys, table))
    return writer.text, writer.lines


@given(documents())
@settings(max_examples=40, deadline=None)
def test_every_place_is_found_on_the_line_where_it_was_written(document: tuple[str, dict[Place, int]]) -> None:
    text, written = document
    assert places_in(tomllib.loads(text)) - {()} == set(written), "the writer of the test writes TOML"
    assert lines_of(text) == written
