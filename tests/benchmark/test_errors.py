"""What is said of a mistake is one line, whatever a file has put into it."""

import pytest

from emobench.benchmark import errors
from emobench.benchmark.errors import LONGEST, DataError, EmobenchError, one_line


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("expected 1, got '日本 é'", "expected 1, got '日本 é'"),
        ("first\n  second\r\nthird", "first second third"),
        ("a\x1b[2J\x07b\tc", "a\\x1b[2J\\x07b\\tc"),
        ("a\u202eb\u200bc\ufeff", "a\\u202eb\\u200bc\\ufeff"),
        ("\ud800", "\\ud800"),
        ("a\u2028b", "a b"),
    ],
)
def test_no_letter_moves_the_cursor_or_begins_a_line(text: str, said: str) -> None:
    assert one_line(text) == said
    assert str(DataError(text)) == said


def test_of_a_long_message_begin_and_end_are_said() -> None:
    said = str(DataError(f"begin {'x' * 100_000} end"))
    assert said.startswith("begin xxx")
    assert said.endswith("xxx end")
    assert len(said) == LONGEST + 3


def test_every_kind_says_it_alike() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, EmobenchError)]
    assert len(kinds) > 8
    for kind in kinds:
        text = kind("thing", "a\nb", ["c"]) if kind is errors.UnknownName else kind("a\nb")
        assert "\n" not in str(text)
