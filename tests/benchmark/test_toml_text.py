"""Texts of TOML that mean harm."""

import pytest

from emobench.benchmark.toml_text import DEEPEST, parsed


def test_a_text_is_read() -> None:
    assert parsed("a = [1, {b = 2}]\n[c.d]\ne = 1979-05-27") == {
        "a": [1, {"b": 2}],
        "c": {"d": {"e": __import__("datetime").date(1979, 5, 27)}},
    }


def test_nesting_has_an_end() -> None:
    inside = DEEPEST - 1
    assert parsed(f"a = {'[' * inside}{']' * inside}")
    with pytest.raises(ValueError, match="tables in tables, too many"):
        parsed(f"a = {'[' * DEEPEST}{']' * DEEPEST}")
    with pytest.raises(ValueError, match="tables in tables, too many"):
        parsed(f"a{'.a' * 5000} = 1")
    with pytest.raises(ValueError, match="arrays in arrays, too many"):
        parsed(f"a = {'[' * 20_000}")


def test_what_is_none_is_a_value_error() -> None:
    for text, said in {"a = ": "Invalid value", f"a = {'9' * 5000}": "Exceeds the limit"}.items():
        with pytest.raises(ValueError, match=said):
            parsed(text)
