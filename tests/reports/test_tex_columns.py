"""Numbers of a column, one under the other."""

import re

import pytest
from tex_reader import shown

from emobench.reports.paper_tables import figure_cell
from emobench.reports.results import Result
from emobench.reports.tex_columns import (
    aligned,
    cell_width,
    column_groups,
    longest_box,
    needed_widths,
    shown_width,
    with_whole_words,
)

FIGURES = (
    Result(0.7125, 0.68, 0.741),
    Result(-0.5, -0.6, 0.0002, floor_high=0.1),
    Result(123.456, 100.5, 140.25, draw_sd=0.5),
    Result(1.0),
)


def after_point(cell: str) -> float:
    """Width of what is right of the decimal point; of what has none, of what stands for it."""
    plain = re.sub(r"\\rlap\{(?:[^{}]|\{[^{}]*\})*\}", "", cell)
    found = re.search(r"\.", plain)
    return shown_width(plain[found.start() :] if found else plain)


def test_all_cells_are_as_wide_to_the_right_of_the_point() -> None:
    cells = aligned([figure_cell(figure, mark=r"\dag " * place) for place, figure in enumerate(FIGURES[:3])])
    assert len({round(after_point(cell), 6) for cell in cells}) == 1


def test_alignment_changes_nothing_that_is_seen() -> None:
    before = [figure_cell(figure, bold=place == 0, second=place == 1) for place, figure in enumerate(FIGURES)]
    assert [shown(cell) for cell in aligned(before)] == [shown(cell) for cell in before]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["0.5", "0.25"], [r"0.5\hphantom{0}", "0.25"]),
        (["7", "0.25"], [r"7\hphantom{.00}", "0.25"]),
        (["--", "0.25"], [r"--\hphantom{.00}", "0.25"]),
        ([r"\textbf{0.5}", "0.2"], [r"\textbf{0}\rlap{\textbf{.5}}\hphantom{.5}", "0.2"]),
        ([r"\textbf{5}", "7"], [r"\textbf{5}", "7"]),
        ([r"\underline{0.5}", "0.2"], [r"\underline{0.5}", "0.2"]),
        (
            [r"0.5\textsuperscript{n}", "0.2"],
            [r"0.5\textsuperscript{n}", r"0.2\hphantom{\textsuperscript{n}}"],
        ),
        (
            [r"0.5\textsuperscript{\dag n}", r"0.2\textsuperscript{n}"],
            [r"0.5\textsuperscript{\dag n}", r"0.2\rlap{\textsuperscript{n}}\hphantom{\textsuperscript{\dag n}}"],
        ),
        (
            [r"0.5 {\scriptsize\mbox{[0.1, 0.9]}}", "0.2"],
            [
                r"0.5\hspace{.15em} {\scriptsize\mbox{[0.1, 0.9]}}",
                r"0.2\hspace{.15em} {\scriptsize\mbox{\hphantom{[0.1, 0.9]}}}",
            ],
        ),
        (["9 of 17", "a 0.5", r"12.5 \%"], ["9 of 17", "a 0.5", r"12.5 \%"]),
        ([], []),
    ],
)
def test_cells_are_filled_up(cells: list[str], expected: list[str]) -> None:
    assert aligned(cells) == expected


def test_widths_are_counted_in_digits() -> None:
    assert shown_width(r"\textbf{0}\rlap{\textbf{.713}}\hphantom{.713}") == shown_width("0.713") == 4.55
    assert shown_width(r"$-$0\textsuperscript{\dag}") == 3
    assert cell_width(r"0.5 {\scriptsize\mbox{00}}") == pytest.approx(2.55 + 0.55 + 0.82 * 2)
    assert longest_box([r"ab cde\allowbreak{}fg", "x"]) == 3
    assert longest_box([r"0 {\scriptsize\mbox{0000000000}}"]) == 9
    assert longest_box([]) == 0


def test_a_column_needs_its_longest_word() -> None:
    assert needed_widths(["abc", "ab cdefg"], [("abcdef", "1"), ("a", "0.25")], 2.0) == pytest.approx([12, 12.2])
    assert needed_widths(["abc"], [], 1.0) == pytest.approx([3.66])


def test_columns_are_as_wide_as_wished_but_for_what_others_need() -> None:
    assert with_whole_words([4, 2, 2], [1, 1, 1], 10) == [4, 2, 2]
    assert with_whole_words([4, 2, 2], [1, 1, 1], 4) == [2, 1, 1]
    found = with_whole_words([4, 2, 2], [1, 3, 1], 8)
    assert sum(found) == pytest.approx(8)
    assert found[1] == pytest.approx(3)
    assert found[0] > found[2] > 1
    assert with_whole_words([4, 2], [3, 3], 5) == [3, 3], "where nothing will do, words stay whole"


@pytest.mark.parametrize(
    ("needed", "room", "expected"),
    [
        ([3, 1, 1, 1], 6.75, [[0, 1, 2, 3]]),
        ([3, 1, 1, 1], 6.5, [[0, 1, 2], [0, 3]]),
        ([3, 1, 1, 1, 1, 1, 1], 8.0, [[0, 1, 2, 3], [0, 4, 5, 6]]),
        ([3, 9, 1, 9], 5.0, [[0, 1], [0, 2], [0, 3]]),
        ([3], 1.0, [[0]]),
    ],
)
def test_columns_that_do_not_fit_go_apart(needed: list[float], room: float, expected: list[list[int]]) -> None:
    assert column_groups(needed, 0.25, room) == expected
