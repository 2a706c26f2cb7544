"""What was really done to the input: columns, captions, rows of models."""

from collections.abc import Callable, Mapping

import pytest
from page_reader import Reader, parsed, words
from tex_reader import tables

from emobench.benchmark.run_folder import RunFolder
from emobench.benchmark.run_record import CellRecord, ConditionRecord, RunRecord
from emobench.reports.formats.html import HtmlPage
from emobench.reports.formats.latex import LatexDocument
from emobench.reports.realised import Realised, realised, realised_cell, realised_notes, realised_title

ATTACK = ConditionRecord(text="noise:snr_db=5", protocol="noise", random=False)


def of_cells(record: RunRecord, by_seed: Mapping[int, dict[str, float]]) -> RunRecord:
    """Return the record with what was done to the first model under the attack, and to nobody else."""
    name = record.models[0].name
    cells = tuple(
        CellRecord(model=name, data="simulated", seed=s, condition=ATTACK.text, state="done", realised=figures)
        for s, figures in by_seed.items()
    )
    data = record.data[0].model_copy(update={"realised": {}})
    return record.model_copy(update={"cells": cells, "data": (data,), "conditions": (ATTACK,)})


@pytest.fixture(scope="module")
def attacked(make_run: Callable[..., RunFolder], tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A run one of whose conditions was made for each model by itself."""
    texts = ("clean", ATTACK.text)
    path = tmp_path_factory.mktemp("attacked")
    folder = make_run(path, stresses=True, only=texts, dialogues=20, seeds=(0,), metrics=("weighted_f1",))
    record = folder.read_record()
    data = record.data[0].model_copy(update={"realised": {}})
    cells = tuple(
        cell.model_copy(update={"realised": {"missing text": 0.0, "snr_db text": 6.04}})
        if (cell.condition, cell.model) == (ATTACK.text, "rage_fusion")
        else cell
        for cell in record.cells
    )
    folder.write_record(record.model_copy(update={"cells": cells, "data": (data,)}))
    HtmlPage().write(folder)
    LatexDocument().write(folder)
    return folder


def test_what_was_really_done_is_in_a_table_per_protocol(stressed: RunFolder) -> None:
    page: Reader = parsed(stressed)
    found = {one.caption.split(" on ")[0]: one for one in page.tables if one.caption.startswith("Realised")}
    noise = found["Realised severity of noise"]
    assert noise.rows[0] == ["Condition", "text SNR", "audio SNR", "video SNR"]
    assert noise.rows[1] == ["noise:modality=text,snr_db=20", "20.0 dB", "–", "–"]
    assert ["noise:snr_db=-5", *["−5.0 dB"] * 3] in noise.rows
    drop = found["Realised severity of modality_drop"]
    assert ["modality_drop:drop=text", "0\u00a0%", "100\u00a0%", "0\u00a0%"] in drop.rows
    assert drop.rows[0][1:] == ["audio missing", "text missing", "video missing"]
    assert found["Realised severity of context_removal"].rows[0] == ["Condition", "context left"]
    assert "Realised severity of order" not in found, "nothing of it is measured"
    tex = tables(stressed)
    assert tex["simulated-realised-contextremoval"][0] == ["context=intra", r"25.0~\%"]


def test_a_caption_explains_the_columns_that_there_are_and_no_others(stressed: RunFolder) -> None:
    page = parsed(stressed)
    found = {one.caption.split(" on ")[0]: words(one.caption) for one in page.tables}
    noise, context = (found[f"Realised severity of {name}"] for name in ("noise", "context_removal"))
    assert noise.endswith(
        "SNR: signal-to-noise ratio of what was really added. Means over the draws where chance decides."
    )
    assert "Missing" not in noise
    assert context.endswith("Context left: mean share of the other turns of the dialogue that can still be drawn on.")


def test_what_an_attack_did_is_told_model_by_model(attacked: RunFolder) -> None:
    (table,) = [one for one in parsed(attacked).tables if one.caption.startswith("Realised")]
    assert table.rows == [["Condition", "Model", "text SNR"], ["noise:snr_db=5", "rage_fusion", "6.0 dB"]]
    assert tables(attacked)["simulated-realised-noise"] == [["snr_db=5", "rage_fusion", "6.0 dB"]]


def test_what_an_attack_did_is_the_mean_over_trainings(stressed: RunFolder) -> None:
    record = of_cells(stressed.read_record(), {0: {"snr_db text": 4.0}, 1: {"snr_db text": 6.0, "context": 0.5}})
    found = realised(record, record.data[0], [ATTACK])
    assert found.names == ("snr_db text", "context")
    assert found.rows == (("noise:snr_db=5", record.models[0].name, (5.0, 0.5)),)
    assert found.by_model
    assert not found.averaged


def test_what_is_missing_nowhere_has_no_column_but_all_context_gone_has(stressed: RunFolder) -> None:
    record = of_cells(stressed.read_record(), {})
    alone = {"missing text": 0.0, "context": 0.0}
    data = record.data[0].model_copy(update={"realised": {ATTACK.text: alone}})
    found = realised(record, data, [ATTACK])
    assert (found.names, found.rows) == (("context",), (("noise:snr_db=5", "", (0.0,)),))
    nothing = data.model_copy(update={"realised": {ATTACK.text: {"missing text": 0.0}}})
    assert realised(record, nothing, [ATTACK]) == Realised()


@pytest.mark.parametrize(
    ("name", "title", "note"),
    [
        ("missing text", "text missing", "share of recorded utterances whose row was taken away"),
        ("hidden audio", "audio hidden", "share of features, of rows that are there"),
        ("moved video", "video from another turn", "share of rows whose features belong to another turn"),
        ("snr_db text", "text SNR", "signal-to-noise ratio"),
        ("context", "context left", "mean share of the other turns"),
        ("displaced", "turns displaced", "share of turns that stand at another place"),
        ("speakers", "speakers confused", "share of pairs of turns of a dialogue of which"),
    ],
)
def test_every_column_has_a_title_and_is_explained(name: str, title: str, note: str) -> None:
    assert realised_title(name) == title
    assert note in realised_notes(Realised((name,)))


def test_a_column_of_somebody_else_keeps_its_name() -> None:
    assert realised_title("reversed") == "reversed"
    assert realised_notes(Realised(("reversed",))) == ""


def test_decibels_near_zero_are_zero() -> None:
    assert [realised_cell("snr_db text", value) for value in (0.04, -0.04, 0.06, -0.06, None)] == [
        "0.0 dB", "0.0 dB", "0.1 dB", "−0.1 dB", "–",
    ]  # fmt: skip
    assert realised_cell("moved text", 0.0004) == "<0.1 %"
