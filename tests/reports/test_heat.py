"""Heat maps: every number, its shade, and text that can be read on it."""

import re
from pathlib import Path

import pytest
from made_views import NAN, data, ece, model

import emobench.reports
from emobench.reports.contents import DataView
from emobench.reports.heat import HeatMap, heat_maps
from emobench.reports.results import Result

STYLE = (Path(emobench.reports.__file__).parent / "templates" / "overview.css").read_text(encoding="utf-8")


def shown(one: HeatMap) -> dict[str, list[tuple[str, str, str]]]:
    return {text: [(c.text, c.sign, c.shade) for c in cells] for _, rows in one.groups for text, cells in rows}


def f1(*values: float) -> DataView:
    texts = ("clean", *(f"x:rate=0.{place}" for place in range(1, len(values))))
    return data(model("m", {text: {"weighted_f1": value} for text, value in zip(texts, values, strict=True)}))


def test_shades_go_from_the_best_to_the_worst() -> None:
    (one,) = heat_maps(f1(0.9, 0.88, 0.7, 0.5))
    assert shown(one) == {
        "clean": [("0.900", "", "s0")],
        "x:rate=0.1": [("0.880", "", "s0")],
        "x:rate=0.2": [("0.700", "▾", "s4")],
        "x:rate=0.3": [("0.500", "▾", "s8")],
    }
    assert one.scale == (
        "No shade: 0.900, the best; the strongest: 0.500. "
        "▾: below the lower end of the model's interval on clean input."
    )
    assert one.signed


def test_one_figure_far_off_leaves_the_others_their_shades() -> None:
    values = [1.0 + place / 20 for place in range(20)]
    texts = ["clean", *(f"x:rate={place / 100}" for place in range(1, 20)), "x:rate=1"]
    figures = {text: {"nll": value} for text, value in zip(texts, [*values, 30.0], strict=True)}
    (one,) = heat_maps(data(model("m", figures)))
    assert shown(one)["x:rate=0.19"] == [("1.950", "", "s8")]
    assert shown(one)["x:rate=1"] == [("30.000", "", "s8")]
    assert one.scale == "No shade: 1.000, the best; the strongest: 1.950 or more."
    assert not one.signed


def test_over_and_under_confidence_have_hues_of_their_own() -> None:
    figures = {"clean": 0.0, "x:a=b": 0.4, "x:a=c": -0.2, "x:a=d": -0.01}
    (one,) = heat_maps(data(model("m", {text: {"signed_gap": value} for text, value in figures.items()})))
    assert [cells[0] for cells in shown(one).values()] == [
        ("0.000", "", "s0"), ("+0.400", "", "s8"), ("−0.200", "", "u4"), ("−0.010", "", "s0"),
    ]  # fmt: skip
    assert "above 0 in one colour" in one.scale


def test_an_ece_within_its_floor_has_a_sign() -> None:
    (one,) = heat_maps(data(model("m", {"clean": {"ece": ece(0.02)}, "x:a=b": {"ece": ece(0.2)}})))
    assert shown(one) == {"clean": [("0.020", "°", "s0")], "x:a=b": [("0.20", "", "s8")]}
    assert one.scale.endswith("°: within its noise floor.")


def test_what_is_not_there_is_a_dash_without_shade() -> None:
    full = model("full", {"clean": {"weighted_f1": 0.8}, "x:a=b": {"weighted_f1": 0.4}})
    ceiling = model("ceiling", {"clean": {"weighted_f1": 0.9}, "x:a=b": {"weighted_f1": NAN}}, reference=True)
    orphan = model("orphan", {"x:a=b": {"weighted_f1": 0.6}})
    (one,) = heat_maps(data(full, ceiling, orphan))
    assert shown(one)["clean"] == [("0.800", "", "s2"), ("0.900", "", "s0"), ("–", "", "s0")]
    assert shown(one)["x:a=b"] == [("0.400", "▾", "s8"), ("–", "", "s0"), ("0.600", "", "s5")]
    assert one.groups[0][0] == ""
    assert [name for name, _ in one.groups] == ["", "x"]
    assert one.groups[1][1][0][1][1].sort == ""


def test_figures_that_are_all_the_same_have_no_shade() -> None:
    (one,) = heat_maps(f1(0.5, 0.5))
    assert {cell[2] for cells in shown(one).values() for cell in cells} == {"s0"}
    churn = data(model("m", {"clean": {"churn": Result(0.0)}, "x:a=b": {"churn": Result(0.2)}}))
    assert heat_maps(churn)[0].scale == "No shade: 0.000, the lowest; the strongest: 0.200."


def test_without_stress_there_is_no_map() -> None:
    assert heat_maps(data(model("m", {"clean": {"weighted_f1": 0.8, "ece": ece(0.1)}}))) == ()


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("dark", [False, True])
def test_numbers_can_be_read_on_every_shade(dark: bool) -> None:
    light_part, _, dark_part = STYLE.partition("prefers-color-scheme: dark")
    variables = dict(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{6})", dark_part if dark else light_part))
    rules = re.findall(r"\.([su]\d) \{ background: var\(--(\w+)\); color: var\(--([\w-]+)\); \}", STYLE)
    assert len(rules) == 16
    for _, background, ink in rules:
        darker, lighter = sorted(luminance(variables[name]) for name in (background, ink))
        assert (lighter + 0.05) / (darker + 0.05) >= 4.5
    for hue in "su":
        steps = [luminance(variables[f"{hue}{step}"]) for step in range(1, 9)]
        assert steps == sorted(steps, reverse=not dark), "lightness alone tells the steps apart"
