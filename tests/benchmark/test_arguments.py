"""Arguments of plug-ins: read from text, and written back in one spelling."""

from dataclasses import dataclass, field
from typing import Annotated, Literal

import pytest
from annotated_types import Ge, Gt, Unit
from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import Doc

from emobench.benchmark.arguments import Argument, Share, build, canonical, describe, text_of
from emobench.benchmark.errors import SpecError
from emobench.benchmark.specs import Call, parse


@dataclass(frozen=True)
class Example:
    snr: Annotated[float, Gt(-50), Doc("signal to noise"), Unit("dB")] = 10.0
    rate: Annotated[Share | None, Doc("how often")] = None
    kind: Literal["gaussian", "babble"] = "gaussian"
    modality: frozenset[str] = frozenset()
    window: Annotated[int, Ge(1)] = 3
    on: bool = False
    sizes: tuple[int, ...] = (64, 32)


@dataclass(frozen=True)
class Odd:
    size: int | str = "any"
    layers: tuple[int, ...] = field(default_factory=lambda: (8, 4))


@dataclass(frozen=True)
class Needy:
    path: str


def read(text: str) -> Example:
    return build(Example, parse(text)[0])


def test_values_get_the_type_of_their_field() -> None:
    made = read("example:snr=-5,rate=0.50,kind=babble,modality=video/audio,window=7,on=true,sizes=8/4")
    assert made == Example(-5.0, 0.5, "babble", frozenset({"audio", "video"}), 7, True, (8, 4))


def test_defaults_and_spellings_of_numbers_leave_no_trace_in_the_canonical_text() -> None:
    assert str(canonical("example", read("example:snr=10.0,kind=gaussian,window=3"))) == "example"
    assert str(canonical("example", read("example:rate=0.50,modality=video/audio"))) == (
        "example:modality=audio/video,rate=0.5"
    )


@given(
    st.builds(
        Example,
        snr=st.floats(-49, 1e6),
        rate=st.none() | st.floats(0, 1),
        kind=st.sampled_from(["gaussian", "babble"]),
        modality=st.frozensets(st.sampled_from(["text", "audio", "video"]), min_size=1),
        window=st.integers(1, 99),
        on=st.booleans(),
        sizes=st.lists(st.integers(0, 99), min_size=1, max_size=3).map(tuple),
    )
)
def test_canonical_text_reads_back_as_the_same_plug_in(made: Example) -> None:
    call = canonical("example", made)
    assert build(Example, parse(str(call))[0]) == made
    assert canonical("example", build(Example, call)) == call


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("example:snr=loud", "example: expected snr to be a number > -50, got 'loud'"),
        ("example:snr=nan", "example: expected snr to be a number > -50, got 'nan'"),
        ("example:rate=1.5", "example: expected rate to be a number ≥ 0 and ≤ 1, got '1.5'"),
        ("example:kind=bable", "example: expected kind to be gaussian | babble, got 'bable'"),
        ("example:window=0", "example: expected window to be a whole number ≥ 1, got '0'"),
        ("example:on=maybe", "example: expected on to be true | false, got 'maybe'"),
        ("example:sizes=8/x", "example: expected sizes to be a list of a whole number joined by /, got '8/x'"),
        ("example:windows=2", "example has no argument 'windows'; did you mean 'window'?"),
    ],
)
def test_a_wrong_argument_is_one_line(text: str, message: str) -> None:
    with pytest.raises(SpecError) as caught:
        read(text)
    assert str(caught.value) == message


def test_a_missing_argument_says_what_to_type() -> None:
    with pytest.raises(SpecError, match=r"needy needs the argument 'path': type needy:path=…"):
        build(Needy, Call("needy"))


def test_a_missing_choice_says_what_there_is() -> None:
    @dataclass(frozen=True)
    class Choosy:
        kind: Annotated[Literal["one", "two"], Doc("which")]

    with pytest.raises(SpecError, match=r"choosy needs the argument 'kind' \(one \| two\): type choosy:kind=…"):
        build(Choosy, Call("choosy"))


def test_arguments_are_described_with_default_unit_and_range() -> None:
    assert describe(Example)[:3] == (
        Argument("snr", "a number > -50", "10", "dB", "signal to noise"),
        Argument("rate", "a number ≥ 0 and ≤ 1", "", "", "how often"),
        Argument("kind", "gaussian | babble", "gaussian", "", ""),
    )


def test_a_required_argument_is_described_as_such() -> None:
    assert describe(Needy) == (Argument("path", "a word", "required", "", ""),)


def test_a_value_may_be_of_one_kind_or_another_and_a_default_made_when_needed() -> None:
    assert [argument.kind for argument in describe(Odd)] == [
        "a whole number or a word",
        "a list of a whole number joined by /",
    ]
    assert str(canonical("odd", build(Odd, parse("odd:size=3,layers=8/4")[0]))) == "odd:size=3"


def test_text_of_floats_is_short_and_exact() -> None:
    assert [text_of(value) for value in (10.0, 0.1, 1e-9, -0.5)] == ["10", "0.1", "1e-09", "-0.5"]
