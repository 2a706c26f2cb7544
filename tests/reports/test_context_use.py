"""Models that use no context: how they are found, and what is said about them."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from page_reader import parsed, words

from emobench.benchmark.run_folder import RunFolder
from emobench.reports.contents import DataView
from emobench.reports.context_use import context_free, context_protocols
from emobench.reports.gathering import read
from emobench.reports.results import Result
from emobench.reports.sentences import joined, summary
from emobench.reports.sentences import plain as text_of
from emobench.reports.stress_sentences import context_free_cel, context_free_sentence

Maker = Callable[..., RunFolder]
CONTEXT = ("clean", "context_removal:context=all", "context_removal:window=3", "context_removal:window=1")


@pytest.fixture(scope="module")
def data(make_run: Maker, tmp_path_factory: pytest.TempPathFactory) -> DataView:
    """Two models, one of which uses context, under removals of context and modalities."""
    texts = (*CONTEXT, "modality_drop:drop=text")
    folder = make_run(
        tmp_path_factory.mktemp("context"), models=("m3net", "rage_fusion"), stresses=True, only=texts, dialogues=60,
        metrics=("weighted_f1", "nll", "brier", "churn"), seeds=(0,),
    )  # fmt: skip
    return read(folder).data[0]


def changed(data: DataView, condition: str, figures: dict[str, Result]) -> DataView:
    """Return the data with other figures of the second model under a condition."""
    first, second = data.models
    rows = tuple(
        replace(row, results={**row.results, **figures}) if row.condition.text == condition else row
        for row in second.rows
    )
    return replace(data, models=(first, replace(second, rows=rows)))


def test_a_model_without_context_is_found_by_its_figures(data: DataView) -> None:
    assert context_protocols(data) == ("context_removal",)
    assert context_free(data) == ("rage_fusion",)
    for figures in ({"nll": Result(0.5)}, {"brier": Result(0.1)}, {"churn": Result(0.001)}):
        assert context_free(changed(data, "context_removal:window=3", figures)) == ()


def test_other_stresses_do_not_count(data: DataView) -> None:
    assert context_free(changed(data, "modality_drop:drop=text", {"nll": Result(9.0)})) == ("rage_fusion",)


def test_every_stress_of_context_counts_but_one_that_removes_it_must_be_there(stressed: RunFolder) -> None:
    view = read(stressed).data[0]
    assert context_protocols(view) == ("context_removal", "order")
    assert context_free(view) == (), "the made-up figures change under order"
    order = replace(view, stresses=tuple(one for one in view.stresses if one.protocol == "order"))
    (stress,) = order.stresses
    same = replace(order, stresses=(replace(stress, conditions=(view.conditions[0],)),))
    assert context_free(same) == (), "what is deaf to order may use context"
    renamed = replace(same, stresses=(replace(same.stresses[0], protocol="turn_loss"),))
    assert context_free(renamed) == ("m3net", "rage_fusion", "bayes_optimal")


def test_without_a_proper_score_nobody_is_called_context_free(tmp_path: Path, make_run: Maker) -> None:
    folder = make_run(tmp_path, stresses=True, only=CONTEXT[:2], metrics=("accuracy", "churn"), dialogues=20)
    assert context_free(read(folder).data[0]) == ()


def test_it_is_said_under_the_protocol_and_what_follows_for_cel(data: DataView) -> None:
    expected = (
        "rage_fusion does not use context: its predictions are the same under every condition of context_removal "
        "(neither probabilities nor classes change)."
    )
    assert text_of(context_free_sentence(data)) == expected
    assert text_of(context_free_cel(data)) == f"{expected} Its CEL of context is 0 by construction."
    both = replace(data, models=(data.models[1], replace(data.models[1], name="late_fusion")))
    assert text_of(context_free_sentence(both)).startswith("rage_fusion and late_fusion do not use context: their")
    assert text_of(context_free_cel(both)).endswith(" Their CEL of context is 0 by construction.")
    nobody = replace(data, models=data.models[:1])
    assert context_free_sentence(nobody) == context_free_cel(nobody) == ()
    assert joined(("a", "b", "c")) == "a, b and c"


def test_the_summary_says_so_once_and_calls_nothing_of_it_held(data: DataView) -> None:
    uses, does_not = (text_of(summary(model, data)) for model in data.models)
    said = " Does not use context: its predictions are the same under context_removal. Hurt by modality_drop:drop=text"
    assert said in does_not
    assert does_not.count("context_removal") == 1
    assert "context_removal:window=*" in uses
    assert "Does not use context" not in uses


def test_the_page_says_so_under_each_protocol(tmp_path: Path, make_run: Maker) -> None:
    from emobench.reports.formats.html import HtmlPage

    folder = make_run(tmp_path, models=("rage_fusion",), stresses=True, only=CONTEXT, dialogues=20)
    HtmlPage().write(folder)
    text = words("".join(parsed(folder).text))
    # Under the protocol and beside CEL.
    assert text.count("rage_fusion does not use context: its predictions are the same") == 2
