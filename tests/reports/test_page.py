"""The page, read back by a second reader."""

import base64
import hashlib
import re
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from number_reader import wrong
from page_reader import Reader, parsed, words

from emobench.benchmark.run_folder import RunFolder
from emobench.reports.figures import figures
from emobench.reports.formats.html import HtmlPage
from emobench.reports.formats.latex import LatexDocument
from emobench.reports.gathering import read
from emobench.reports.page import headline
from emobench.reports.sentences import plain as text_of
from emobench.reports.sentences import summary

Maker = Callable[..., RunFolder]


@pytest.fixture(scope="module")
def page(plain: RunFolder) -> Reader:
    return parsed(plain)


@pytest.fixture(scope="module")
def hostile_page(hostile: RunFolder) -> Reader:
    return parsed(hostile)


@pytest.mark.parametrize("model", ["rage_fusion", "bayes_optimal"])
def test_the_table_of_conditions_holds_the_results(plain: RunFolder, page: Reader, model: str) -> None:
    frame = pd.read_parquet(plain.results_path)
    frame = frame[(frame.seed == -1) & (frame.model == model) & (frame.part == "")].set_index(["condition", "metric"])
    (table,) = [one for one in page.tables if one.caption.startswith(f"{model} on simulated (simulated data), test")]
    metrics = [
        "weighted_f1",
        "macro_f1",
        "ece",
        "nll",
        "brier",
        "churn",
        *(["regret"] if model == "rage_fusion" else []),
    ]
    assert len(table.rows) == 14
    assert all(len(row) == 1 + len(metrics) for row in table.rows)
    for condition, *cells in table.rows[1:]:
        for metric, cell in zip(metrics, cells, strict=True):
            assert not wrong(cell, frame.loc[(condition, metric)], floor=metric == "ece")


def test_summaries_are_those_of_the_sentences(plain: RunFolder, page: Reader) -> None:
    text = words("".join(page.text))
    data = read(plain).data[0]
    for model in data.models:
        assert words(text_of(summary(model, data))) in text


def test_every_figure_has_a_name_a_description_and_its_numbers(plain: RunFolder, page: Reader) -> None:
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    labelled = [attributes for tag, attributes in page.tags if tag == "svg" and attributes.get("role") == "img"]
    views = figures(read(plain))
    assert len(labelled) == len(views) >= 12
    for attributes, view in zip(labelled, views, strict=True):
        assert attributes["aria-labelledby"] == f"{view.slug}-title {view.slug}-description"
        assert {f"{view.slug}-title", f"{view.slug}-description", view.slug} <= set(ids)
        assert [[words(cell) for cell in row] for row in [view.table.head, *view.table.rows]] in [
            [[words(cell) for cell in row] for row in table.rows] for table in page.tables
        ]
    hidden = [attributes for tag, attributes in page.tags if tag == "svg" and attributes.get("role") != "img"]
    assert all(attributes["aria-hidden"] == "true" for attributes in hidden)


def test_internal_references_lead_somewhere(page: Reader) -> None:
    ids = {attributes["id"] for _, attributes in page.tags if "id" in attributes}
    for _, attributes in page.tags:
        for name in ("href", "xlink:href"):
            if attributes.get(name, "").startswith("#"):
                assert attributes[name][1:] in ids
        for value in attributes.values():
            assert set(re.findall(r"url\(#([^)]*)\)", value)) <= ids
        assert set(attributes.get("aria-labelledby", "").split()) <= ids


@pytest.mark.parametrize("which", ["plain", "hostile"])
def test_nothing_refers_to_the_network(which: str, request: pytest.FixtureRequest) -> None:
    folder: RunFolder = request.getfixturevalue(which)
    reader = parsed(folder)
    loading = {"src", "href", "xlink:href", "srcset", "data", "action", "poster", "formaction"}
    for _, attributes in reader.tags:
        for name in loading & attributes.keys():
            assert attributes[name].startswith("#") or attributes[name] == "data:,"
    text = (folder.path / "report.html").read_text(encoding="utf-8")
    assert not re.search(r"https?://|//[a-z]+\.|@import|@font-face", text)


def test_only_the_script_of_the_page_may_run(hostile_page: Reader) -> None:
    (script,) = hostile_page.scripts
    policy = next(a["content"] for tag, a in hostile_page.tags if a.get("http-equiv") == "Content-Security-Policy")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    assert [tag for tag, _ in hostile_page.tags if tag == "script"] == ["script"]
    assert not [name for _, attributes in hostile_page.tags for name in attributes if name.startswith("on")]
    assert "img" not in {tag for tag, _ in hostile_page.tags}


def test_hostile_names_are_shown_as_text(hostile_page: Reader) -> None:
    text = words("".join(hostile_page.text))
    for name in ('<script>alert("1")</script>&_%', "_{under}$x$", "$x_1$ & 50%", "é→中", "~^\\#{}", "a<b>"):
        assert name in text
    assert '--model "<img src=x onerror=alert(1)>&_%$#"' in text
    assert "</table><script>boom()</script> & 100 % of _it_" in text


def test_the_exact_posterior_is_explained_where_there_is_one(page: Reader, tmp_path: Path, make_run: Maker) -> None:
    told = "is the ceiling of quality and the floor of NLL"
    folder = make_run(tmp_path / "run", models=("prior",), data=("meld",), dialogues=20, seeds=(0,))
    HtmlPage().write(folder)
    assert told not in "".join(parsed(folder).text)
    assert told in "".join(page.text)


def test_long_names_break_at_signs_in_every_table(tmp_path: Path, make_run: Maker) -> None:
    name = "rage_fusion:epochs=6+temperature"
    folder = make_run(tmp_path / "run", models=(name, "prior"), dialogues=20, seeds=(0,))
    HtmlPage().write(folder)
    text = folder.path.joinpath("report.html").read_text(encoding="utf-8")
    assert f'<th scope="row">{name}' not in text.partition("<details><summary>Numbers")[0]
    assert text.count('<th scope="row">rage_fusion:<wbr>epochs=6+<wbr>temperature') >= 3


def test_no_name_takes_the_place_of_a_figure(tmp_path: Path, make_run: Maker) -> None:
    name = '<svg data-place="0"/>'
    folder = make_run(tmp_path / "run", models=(name, "prior"), classes=(name, "b"), dialogues=20, seeds=(0,))
    HtmlPage().write(folder)
    text = folder.path.joinpath("report.html").read_text(encoding="utf-8")
    assert name not in text
    assert "data-place" in words("".join(parsed(folder).text))
    assert text.count("<desc id=") == text.count("<figure") == len(figures(read(folder)))


def test_what_failed_is_shown_with_its_reason_and_without_figures(hostile: RunFolder, hostile_page: Reader) -> None:
    tables = [t for t in hostile_page.tables if t.caption.startswith("rage_fusion on simulated (simulated data), test")]
    (row,) = [row for row in tables[0].rows if row[0] == "modality_drop:drop=text"]
    assert {words(cell) for cell in row[1:]} == {"–"}
    assert "What was not computed" in words("".join(hostile_page.text))


def test_simulated_data_are_called_so_wherever_they_are_shown(page: Reader) -> None:
    captions = [table.caption for table in page.tables if " on simulated" in table.caption]
    assert len(captions) >= 4
    assert all("simulated data" in caption for caption in captions if "Trainings" not in caption)
    titles = words("".join(page.text)).count("on simulated (simulated data)")
    assert titles >= 12


def test_rough_intervals_leaks_and_selection_on_test_are_told(tmp_path: Path, make_run: Maker) -> None:
    folder = make_run(
        tmp_path, data=("mosi",), selection="test", only=("clean",), dialogues=31, models=("rage_fusion",)
    )
    HtmlPage().write(folder)
    text = words("".join(parsed(folder).text))
    assert "Intervals are rough. The test split has 31 dialogues" in text
    assert "selected on test" in text
    assert "To keep in mind about these data: text features were fitted on the training labels." in text
    assert "simulated" not in text.replace("known on simulated data only", "")
    assert "Under stress" not in text


def test_a_class_without_test_utterances_is_named(tmp_path: Path, make_run: Maker) -> None:
    folder = make_run(tmp_path, only=("clean",), models=("rage_fusion",), dialogues=20)
    record = folder.read_record()
    data = record.data[0]
    counts = {**data.label_counts, "test": (0, *data.label_counts["test"][1:])}
    folder.write_record(record.model_copy(update={"data": (data.model_copy(update={"label_counts": counts}),)}))
    HtmlPage().write(folder)
    LatexDocument().write(folder)
    said = f"No test utterance is labelled {data.classes[0]}"
    assert f"{said}; in macro F1 it counts as 0." in words("".join(parsed(folder).text))
    assert f"{said}, which counts as 0 in macro F1." in (folder.path / "report.tex").read_text(encoding="utf-8")


def test_the_exact_posterior_is_the_ceiling_also_where_it_was_asked_for(tmp_path: Path, make_run: Maker) -> None:
    folder = make_run(tmp_path, models=("rage_fusion", "bayes_optimal"), dialogues=20)
    record = folder.read_record()
    asked = tuple(model.model_copy(update={"reference": False}) for model in record.models)
    folder.write_record(record.model_copy(update={"models": asked}))
    HtmlPage().write(folder)
    text = words("".join(parsed(folder).text))
    assert "The exact posterior, the ceiling: Weighted F1" in text
    assert "below the exact posterior" in text or "above the exact posterior" in text
    assert "how far above is not known" not in text


def test_a_metric_of_somebody_else_is_on_the_page(tmp_path: Path, make_run: Maker) -> None:
    folder = make_run(tmp_path, models=("prior",), only=("clean",), dialogues=20)
    frame = pd.read_parquet(folder.results_path)
    extra = frame[frame.metric == "accuracy"].assign(metric="kappa:weights=linear", value=0.4321)
    pd.concat([frame, extra]).to_parquet(folder.results_path)
    HtmlPage().write(folder)
    (table,) = [one for one in parsed(folder).tables if "no table above" in one.caption]
    column = [words(cell) for cell in table.rows[0]].index("kappa:weights=linear")
    assert words(table.rows[1][column]).startswith("0.432")


def test_a_poor_run_still_has_a_page(tmp_path: Path, make_run: Maker) -> None:
    folder = make_run(
        tmp_path, models=("late_fusion", "prior"), only=("clean",), metrics=("accuracy",), dialogues=20,
        failed=(("late_fusion", "", "singular matrix"), ("prior", "clean", "no luck")),
    )  # fmt: skip
    HtmlPage().write(folder)
    text = words("".join(parsed(folder).text))
    assert "No figures on clean input: singular matrix." in text
    assert "No figures on clean input: no luck." in text


def test_the_same_folder_gives_the_same_page(plain: RunFolder) -> None:
    first = (plain.path / "report.html").read_bytes()
    assert HtmlPage().write(plain).read_bytes() == first


def test_the_headline_counts_what_it_cannot_name(tmp_path: Path, make_run: Maker) -> None:
    few = read(make_run(tmp_path / "few", only=("clean",), dialogues=20))
    assert headline(few) == "rage_fusion on clean input"
    many = make_run(
        tmp_path / "many", models=("a", "b", "c", "d"), dialogues=20, only=("clean", "modality_drop:drop=text")
    )
    assert headline(read(many)) == "4 models under modality_drop"


def test_cel_is_defined_where_it_stands_and_in_the_paper(plain: RunFolder) -> None:
    text = words("".join(parsed(plain).text))
    definition = "max(0, gain), the gain being that of the gold class's probability when a modality"
    # Beside the table and among the metrics.
    assert text.count(definition) == 2
    assert "CEL, the measure of confidence under removal of CMERC (Tu et al., ACM MM 2024): mean over" in text
    assert text.count("A constant predictor has 0, so that a low figure alone is no merit.") == 2
    assert text.count("only the excess over it is the model's own, and less than it is no merit.") == 1
    tex = (plain.path / "report.tex").read_text(encoding="utf-8")
    assert "max(0, gain)" in tex
    assert "so that a low figure alone is no merit" in tex


def test_intervals_that_reach_down_to_zero_are_explained(plain: RunFolder) -> None:
    text = words("".join(parsed(plain).text))
    assert "reaches down to 0 where the figure is within its noise floor" in text
