"""A model beside itself with calibrators: side by side on page and paper, and one sentence each."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from page_reader import parsed, words
from tex_reader import tables

from emobench.benchmark.run_folder import RunFolder
from emobench.reports.contents import ModelView
from emobench.reports.formats.html import HtmlPage
from emobench.reports.formats.latex import LatexDocument
from emobench.reports.gathering import read
from emobench.reports.numbers import number
from emobench.reports.results import Result
from emobench.reports.sentences import plain
from emobench.reports.transfer import Transfer, told_of_transfer, transfers

Maker = Callable[..., RunFolder]
DROP = "modality_drop:drop=text"
MODELS = ("late_fusion", "late_fusion+temperature", "late_fusion+isotonic", "prior")


@pytest.fixture(scope="module")
def folder(make_run: Maker, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    made = make_run(tmp_path_factory.mktemp("transfer"), models=MODELS, only=("clean", DROP), dialogues=20, seeds=(0,))
    HtmlPage().write(made)
    LatexDocument().write(made)
    return made


def said(folder: RunFolder, raw: Mapping[str, float], after: Mapping[str, float], notes: Mapping[str, float]) -> str:
    """Return what is told of other calibration errors and settings."""
    one = transfers(read(folder).data[0])[0]

    def changed(model: ModelView, values: Mapping[str, float]) -> ModelView:
        rows = tuple(
            replace(row, results={"ece": Result(values[text])} if (text := row.condition.text) in values else {})
            for row in model.rows
        )
        return replace(model, rows=rows)

    fits = tuple(fit.model_copy(update={"notes": dict(notes)}) for fit in one.calibrated[0].fits)
    calibrated = replace(changed(one.calibrated[0], after), fits=fits)
    ((*phrases,),) = told_of_transfer(Transfer(changed(one.raw, raw), (calibrated,), ("ece",)))
    return plain(tuple(phrases))


def test_raw_and_calibrated_stand_side_by_side(folder: RunFolder) -> None:
    data = read(folder).data[0]
    (one,) = transfers(data)
    assert [name for _, name, _ in one.columns] == ["raw", "+temperature", "+isotonic"] * 3
    page = parsed(folder)
    (table,) = [found for found in page.tables if "raw and calibrated" in found.caption]
    expected = [number(data.models[place].results(DROP)["ece"].value) for place in range(3)]
    row = next(row for row in table.rows if row[0] == DROP)
    assert [cell.split()[0] for cell in row[1:4]] == expected
    assert "What calibration on clean validation does under stress" in words(" ".join(page.text))
    rows = {row[0]: row[1:] for row in tables(folder)["simulated-transfer-1-ece"]}
    assert [cell.split()[0] for cell in rows[DROP]] == expected


@pytest.mark.parametrize(
    ("raw", "after", "temperature", "expected"),
    [
        ((0.1, 0.2), (0.1, 0.2), 1.001, "+temperature (T = 1.001) changes nothing here."),
        (
            (0.1, 0.2), (0.05, 0.25), 1.3,
            "+temperature (T = 1.300): ECE falls from 0.100 to 0.050 on clean input, but it rises under 1 of 1 "
            f"conditions, most under {DROP} (from 0.200 to 0.250).",
        ),
        (
            (0.1, 0.2), (0.1, 0.15), 1.3,
            "+temperature (T = 1.300): ECE stays 0.100 on clean input; it rises under none of 1 conditions.",
        ),
        ((0.1,), (0.2,), 1.3, "+temperature (T = 1.300): ECE rises from 0.100 to 0.200 on clean input."),
        ((), (), 1.3, "+temperature (T = 1.300): no figures on clean input."),
    ],
)  # fmt: skip
def test_a_sentence_tells_what_it_does(
    folder: RunFolder, raw: tuple[float, ...], after: tuple[float, ...], temperature: float, expected: str
) -> None:
    notes = {"calibrator 1: temperature": temperature, "milliseconds": 3.0}
    texts = ("clean", DROP)
    assert said(folder, dict(zip(texts, raw, strict=False)), dict(zip(texts, after, strict=False)), notes) == expected


def test_a_model_with_a_temperature_of_its_own_is_named(make_run: Maker, tmp_path: Path) -> None:
    models = ("rage_fusion", "rage_fusion+temperature")
    folder = make_run(tmp_path, models=models, only=("clean",), dialogues=20, seeds=(0,))
    text = said(folder, {"clean": 0.1}, {"clean": 0.1}, {"calibrator 1: temperature": 1.0})
    assert text == "+temperature (T = 1.000) changes nothing here: rage_fusion already fits its own."


def test_without_calibrators_there_is_no_section(plain: RunFolder) -> None:
    assert transfers(read(plain).data[0]) == ()
    assert "What calibration on clean" not in " ".join(parsed(plain).text)
