"""Every metric can be named and explained."""

import pytest

from emobench.benchmark.arguments import describe
from emobench.benchmark.registry import METRICS, make, names, plugin_class
from emobench.reports.vocabulary import METRICS as TEXTS
from emobench.reports.vocabulary import MetricText, text_of

BARE = [
    name
    for name in names(METRICS)
    if plugin_class(METRICS, name).__module__.startswith("emobench.")
    and all(argument.default != "required" for argument in describe(plugin_class(METRICS, name)))
]


@pytest.mark.parametrize("name", BARE)
def test_every_metric_that_is_built_in_is_explained_as_it_says_itself(name: str) -> None:
    metric, text = make(METRICS, name), TEXTS[name]
    assert (text.title, text.better) == (metric.title, metric.direction)
    assert text.about.endswith(".")


def test_nothing_is_explained_that_is_no_metric() -> None:
    assert all(make(METRICS, text) for text in TEXTS)
    assert "sliced" not in BARE
    assert len(BARE) > 40


def test_what_is_not_known_is_named_by_its_text() -> None:
    assert text_of("somebody:else=1") == MetricText("somebody:else=1", "none")
