import re
from collections.abc import Callable
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emobench.reports.fragments import fragment
from emobench.reports.tex import PAGE_WIDTH, Table, Tex, breakable, code, escape, prose, table


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a_b & 50% #1 $x$ {y}", r"a\_b \& 50\% \#1 \$x\$ \{y\}"),
        ("~^\\", r"\textasciitilde{}\textasciicircum{}\textbackslash{}"),
        ("<b>|\"`", r"\textless{}b\textgreater{}\textbar{}\textquotedbl{}\textasciigrave{}"),
        ("é ü ç Å ñ ß ø ł", r"\'{e} \"{u} \c{c} \r{A} \~{n} \ss{} \o{} \l{}"),
        ("α Ω λ", r"$\alpha$ $\Omega$ $\lambda$"),
        ("0.3 − 0.1 ≤ ∞ → 1", r"0.3 $-$ 0.1 $\leq$ $\infty$ $\rightarrow$ 1"),
        ("中😀", "[U+4E2D][U+1F600]"),
        ("ο Α ς", "[U+03BF] [U+0391] [U+03C2]"),
        ("--seeds ,, ''", "-{}-seeds ,{}, '{}'"),
        ("two\nlines\tand\x00", "two lines and[U+0000]"),
        (Tex(r"\textbf{x}"), r"\textbf{x}"),
        (3, "3"),
    ],
)  # fmt: skip
def test_text_is_shown_as_it_is(text: object, expected: str) -> None:
    assert escape(text) == expected


@given(st.text())
def test_what_is_escaped_is_plain_ascii_without_open_groups(text: str) -> None:
    escaped = escape(text)
    assert escaped.isascii()
    bare = re.sub(r"\\[\\{}&%$#_]", "", escaped)
    assert bare.count("{") == bare.count("}")
    assert bare.count("$") % 2 == 0
    assert not re.search(r"(?<!\\)[&%#_]", escaped)


def test_lines_may_break_after_signs_and_inside_long_words() -> None:
    assert breakable("a_b") == r"a\_\allowbreak{}b"
    assert breakable("x" * 25).count(r"\allowbreak{}") == 2
    assert breakable("m:epochs=8,lr=0.01").split(r"\allowbreak{}") == ["m:", "epochs=8,", "lr=0.01"]
    assert breakable("preset=paper_meld").split(r"\allowbreak{}") == ["preset=", r"paper\_", "meld"]
    assert code("--a") == r"\texttt{-\allowbreak{}-\allowbreak{}a}"


def test_prose_breaks_only_where_no_line_could_hold_a_word() -> None:
    assert prose("Miscalibrated: 50 % of it") == r"Miscalibrated: 50~\% of it"
    assert prose(f"so {'y' * 40} long").count(r"\allowbreak{}") == 3


def test_a_table_has_rules_a_caption_and_headings_over_rows() -> None:
    rows = [Tex("Group"), [Tex("a"), Tex("1")], [Tex("b"), Tex("2")]]
    made = table(Tex("What it is."), "tab:x", [Tex("Name"), Tex("Value")], rows, [3.0, 2.0])
    for piece in (
        r"\caption{What it is.}\label{tab:x}",
        r"\toprule \bfseries Name & \bfseries Value \\ \midrule",
        r"\multicolumn{2}{@{}l@{}}{\itshape Group} \\*",
        "a & 1 \\\\\nb & 2 \\\\",
        r">{\flushleftcell}p{3.00cm}>{\flushrightcell}p{2.00cm}",
    ):
        assert piece in made


def test_a_table_may_hold_headings_only() -> None:
    made = table(Tex("What it is."), "tab:x", [Tex("Name"), Tex("Value")], [Tex("Group")], [3.0, 2.0])
    assert made.rows == (Tex("Group"),)


@pytest.mark.parametrize("name", ["[1]", "*"])
def test_a_name_in_brackets_is_no_argument_of_the_row_before(name: str) -> None:
    made = table(Tex("What it is."), "tab:x", [Tex("Name"), Tex("Value")], [[Tex(name), Tex("1")]], [3.0, 2.0])
    assert f"\n{{}}{name} & 1 \\\\\n" in made


def wide(columns: int) -> Table:
    """Return a table with heads of one long word each, and a heading between its two rows."""
    heads = [Tex(f"Characteristics{place:02d}") for place in range(columns)]
    rows: list[list[Tex] | Tex] = [
        [Tex("one"), *(Tex(f"0.{place:02d}") for place in range(columns))],
        Tex("heading"),
        [Tex("two"), *(Tex(f"1.{place:02d}") for place in range(columns))],
    ]
    return table(Tex("What it shows."), "tab:wide", [Tex("Model"), *heads], rows, [3.0, *[1.0] * columns])


def test_no_column_is_narrower_than_its_words() -> None:
    made = wide(4)
    (columns,) = re.findall(r"\\begin\{longtable\}(.*)", made)
    first, *others = (float(width) for width in re.findall(r"p\{([\d.]+)cm\}", columns))
    assert min(others) > 17 * 0.172
    assert first < 3.0
    assert first + sum(others) + 4 * 6 / 28.45 <= PAGE_WIDTH


@pytest.mark.parametrize("of", [lambda made: made, fragment])
def test_columns_that_do_not_fit_stand_in_further_tables(of: Callable[[Table], Tex]) -> None:
    made = wide(11)
    text = of(made)
    parts = re.findall(
        r"\\caption\{(.*?)\}\\label\{(.*?)\}.*?\\toprule (.*?) \\\\ .*?(one & .*?)\\end", text, re.DOTALL
    )
    assert len(parts) > 1
    labels = ["tab:wide", *(f"tab:wide-columns-{number}" for number in range(2, len(parts) + 1))]
    assert [label for _, label, *_ in parts] == labels
    captions = ["What it shows.", *[r"Further columns of Table~\ref{tab:wide}."] * (len(parts) - 1)]
    assert [caption for caption, *_ in parts] == captions
    heads = [re.findall(r"Characteristics(\d\d)", head) for *_, head, _ in parts]
    assert [*chain(*heads)] == [f"{place:02d}" for place in range(11)]
    for (*_, body), own in zip(parts, heads, strict=True):
        assert re.findall(r"0\.(\d\d)", body) == re.findall(r"1\.(\d\d)", body) == own
        assert "heading" in body
    assert (made.label, len(made.head), len(made.rows)) == ("tab:wide", 12, 3)
