"""Columns of LaTeX tables: intervals stay on the line of their figure where the page has the room."""

import pytest

from emobench.reports.paper_tables import figure_cell
from emobench.reports.results import Result
from emobench.reports.tex import PAGE_WIDTH, Tex, table
from emobench.reports.tex_widths import fitted

SHORT = figure_cell(Result(0.5, 0.4, 0.6))
LONG = figure_cell(Result(0.0472, 0.0001, 0.0733, floor_high=0.05, draw_sd=0.0191))


def test_a_column_gets_what_its_intervals_need_and_the_others_stay_as_they_are() -> None:
    first, second, third = fitted([["clean", SHORT, LONG], ["noise", SHORT, LONG]], [4.6, 3.6, 3.6], PAGE_WIDTH)
    assert (first, second) == (4.6, 3.6)
    # Figure, raised n, spread over draws and interval as TeX sets them: 3.72 cm.
    assert 3.72 <= third < 4.2


def test_the_first_column_gives_what_it_does_not_need() -> None:
    given = fitted([["clean", LONG, LONG, LONG]], [5.6, 3.2, 3.2, 3.2], 16.0)
    assert given[0] < 5.6
    assert sum(given) + 3 * 0.22 == pytest.approx(16.0)
    assert given[1] == given[2] == given[3] > 3.2


def test_where_there_is_no_room_for_all_of_them_nothing_changes() -> None:
    widths = [4.6, *[2.75] * 4]
    assert fitted([["modality_drop:rate=0.1", *[LONG] * 4]], widths, PAGE_WIDTH) == tuple(widths)


def test_words_and_tables_without_rows_change_nothing() -> None:
    assert fitted([], [4.0, 2.0], PAGE_WIDTH) == (4.0, 2.0)
    assert fitted([["a", "a rather long remark that takes several lines"]], [4.0, 2.0], PAGE_WIDTH) == (4.0, 2.0)


def test_tables_are_as_wide_as_that() -> None:
    made = table(Tex("A."), "tab:a", [Tex("a"), Tex("b")], [Tex("heading"), [Tex("clean"), Tex(LONG)]], [4.6, 2.0])
    assert made.widths[0] == 4.6
    assert made.widths[1] > 3.7
    assert f"p{{{made.widths[1]:.2f}cm}}" in made
