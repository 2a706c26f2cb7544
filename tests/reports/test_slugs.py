"""Addresses of tables and figures."""

from emobench.reports.slugs import LONGEST, Slugs, slug_of


def test_addresses_are_safe_and_short() -> None:
    assert slug_of("Table", "a<b> & ../c", "_x_") == "table-a-b-c-x"
    assert slug_of("é", "中") == ""
    assert len(slug_of("x" * 200)) == LONGEST
    assert not slug_of("x" * (LONGEST - 1), "y").endswith("-")


def test_what_becomes_equal_is_told_apart() -> None:
    slugs = Slugs()
    assert [slugs("a", "b"), slugs("a:b"), slugs("a+b"), slugs("c")] == ["a-b", "a-b--2", "a-b--3", "c"]
