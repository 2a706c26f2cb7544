"""The grammar of spec texts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emobench.benchmark.errors import SpecError
from emobench.benchmark.specs import Call, join, parse

words = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)
values = st.from_regex(
    r"[A-Za-z0-9_./~@%\-]{1,8}|[a-z]{1,4}:[a-z]{1,4}=[0-9.]{1,4}(/[a-z]{1,4}=[0-9.]{1,4})?", fullmatch=True
)
calls = st.builds(
    lambda name, arguments: Call(name, tuple(sorted(arguments.items()))),
    words,
    st.dictionaries(words, values, max_size=3),
)


@given(st.lists(calls, min_size=1, max_size=3).map(tuple))
def test_text_and_calls_are_inverse(chain: tuple[Call, ...]) -> None:
    assert parse(join(chain)) == chain


def test_arguments_are_sorted() -> None:
    assert str(parse("noise:snr_db=10,modality=audio")[0]) == "noise:modality=audio,snr_db=10"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected `name:argument=value,…` in '', got ''"),
        ("a++b", "expected `name:argument=value,…` in 'a++b', got ''"),
        ("a:", "expected arguments after the colon in 'a:'; without arguments type 'a'"),
        ("a:b", "expected `argument=value` in 'a:b', got 'b'"),
        ("a:b=", "expected `argument=value` in 'a:b=', got 'b='"),
        ("a:b=1,b=2", "a: argument 'b' is given twice in 'a:b=1,b=2'"),
        ("a:b=c:d=e:f=g", "expected `argument=value` in 'a:b=c:d=e:f=g', got 'b=c:d=e:f=g'"),
        ("a:b=1:c=2", "expected `argument=value` in 'a:b=1:c=2', got 'b=1:c=2'"),
        ("a:b=$(rm)", "expected `argument=value` in 'a:b=$(rm)', got 'b=$(rm)'"),
        (
            "a:path=b c",
            "expected `argument=value` in 'a:path=b c', got 'path=b c'; "
            "in a path type %20 for a space, %2B for +, %2C for a comma, as in URLs",
        ),
        (
            "a:path=b+.c",
            "expected `name:argument=value,…` in 'a:path=b+.c', got '.c'; "
            "in a path type %20 for a space, %2B for +, %2C for a comma, as in URLs",
        ),
        ("__import__('os')", "expected `name:argument=value,…` in \"__import__('os')\", got \"__import__('os')\""),
    ],
)
def test_what_cannot_be_read_is_named(text: str, message: str) -> None:
    with pytest.raises(SpecError) as caught:
        parse(text)
    assert str(caught.value) == message
