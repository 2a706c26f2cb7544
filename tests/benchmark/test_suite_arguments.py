"""Arguments of models as axes of a suite."""

from itertools import product
from pathlib import Path

import pytest

from emobench.benchmark.errors import EmobenchError
from emobench.benchmark.suites import load_suite

HEAD = 'title = "Mine"\ndata = ["simulated"]\nmodels = ["rage_fusion:epochs=7", "m3net+cmerc+temperature", "prior"]\n'


def models(path: Path, arguments: str) -> tuple[str, ...]:
    path.write_text(HEAD + arguments, encoding="utf-8")
    return load_suite(str(path)).models


def test_a_value_is_set_where_it_is_left_open(tmp_path: Path) -> None:
    assert models(tmp_path / "a.toml", "arguments = { epochs = 3 }") == (
        "rage_fusion:epochs=7",
        "m3net:epochs=3+cmerc+temperature",
        "prior",
    )


def test_arrays_are_axes_and_a_model_is_there_at_each_combination(tmp_path: Path) -> None:
    made = models(tmp_path / "a.toml", "[arguments]\nepochs = [3, 4]\ndropout = [0.25, 0.3]\n")
    assert made == (
        *(f"rage_fusion:dropout={dropout},epochs=7" for dropout in (0.25, 0.3)),
        *(f"m3net:dropout={d},epochs={e}+cmerc+temperature" for e, d in product((3, 4), (0.25, 0.3))),
        "prior",
    )


def test_a_table_is_about_a_model_or_a_method_of_that_name(tmp_path: Path) -> None:
    text = "[arguments]\nm3net.epochs = 3\ncmerc = { rate = [0.5, 0.5], curriculum = false }\n"
    assert models(tmp_path / "a.toml", text) == (
        "rage_fusion:epochs=7",
        "m3net:epochs=3+cmerc:curriculum=false,rate=0.5+temperature",
        "prior",
    )


def test_what_comes_to_the_same_is_there_once(tmp_path: Path) -> None:
    made = models(tmp_path / "a.toml", 'arguments.rage_fusion.preset = ["suite", "paper"]')
    assert made[:2] == ("rage_fusion:epochs=7", "rage_fusion:epochs=7,preset=paper")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            "arguments = { epohs = 3 }",
            "line 4: arguments.epohs: no model here has such an argument; did you mean 'epochs'",
        ),
        (
            "arguments.m3nt.epochs = 3",
            "line 4: arguments.m3nt: expected the name of a model that is asked for; did you",
        ),
        (
            "arguments.m3net.epohs = 3",
            "line 4: arguments.m3net.epohs: m3net has no such argument; did you mean 'epochs'",
        ),
        ("arguments.cmerc.epochs = 3", "line 4: arguments.cmerc.epochs: cmerc has no such argument; known: "),
        (
            "[arguments]\ndropout = [\n0.1,\n1.5]",
            "line 7: arguments.dropout: rage_fusion: expected dropout to be a number",
        ),
        ("arguments.epochs = []", "line 4: arguments.epochs: expected a value or more, got []"),
        ("arguments.epochs = [[3]]", "line 4: arguments.epochs: expected a number, a text, true or false, or an array"),
        ("arguments.epochs = 2020-01-01", 'expected a number, a text, true or false, or an array of them, got "2020'),
        ("arguments.m3net.epochs = { a = 1 }", "line 4: arguments.m3net.epochs: expected a number, a text"),
        (
            'arguments.dropout = "0.1,gamma=3"',
            "line 4: arguments.dropout: expected a value that can be typed, got '0.1,",
        ),
        ('arguments.dropout = "0.1 2"', "line 4: arguments.dropout: expected `argument=value` in"),
        (
            f"arguments.learning_rate = [{','.join(f'{n}e-6' for n in range(1, 1200))}]",
            "line 4: arguments: expected no more than 1,000 models, got more",
        ),
    ],
)
def test_a_mistake_names_its_line(arguments: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(EmobenchError) as caught:
        models(tmp_path / "mine.toml", arguments)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_values_that_do_not_go_together_are_a_mistake_of_the_table(tmp_path: Path) -> None:
    text = 'title = "x"\ndata = ["simulated"]\nmodels = ["sdt"]\n[arguments.sdt]\nwidth = [64, 96]\nheads = [4, 64]\n'
    (tmp_path / "mine.toml").write_text(text, encoding="utf-8")
    with pytest.raises(
        EmobenchError, match=r"mine\.toml, line 4: arguments\.sdt: sdt: expected width to be a multiple"
    ):
        load_suite(str(tmp_path / "mine.toml"))
