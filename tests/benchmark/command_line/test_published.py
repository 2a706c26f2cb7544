"""What `emobench published` lists, and what a model's card says of size, presets and published figures."""

import pytest

from emobench.benchmark.command_line import exit_code
from emobench.benchmark.published import merged, published


@pytest.fixture(autouse=True)
def _eighty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


def lines(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    assert exit_code([*arguments]) == 0
    shown = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert max(map(len, shown)) <= 80
    return shown


def test_a_card_holds_size_presets_and_the_main_published_figures(capsys: pytest.CaptureFixture[str]) -> None:
    shown = lines(capsys, "show", "m3net")
    words = [line.split() for line in shown]
    assert "paper_meld  10,684,482  MELD (text 4096, audio 300, video 342)" in shown
    assert ["learning_rate", "0.001", "0.0001", "0.0001"] in words
    assert ["loss", "cross_entropy", "cross_entropy", "released_focal"] in words
    start = shown.index("Published figures")
    assert [line.split()[:2] for line in shown[start + 2 : start + 8]] == [
        ["iemocap", "weighted"], ["iemocap", "ECE"], ["iemocap", "CEL"],
        ["meld", "weighted"], ["meld", "ECE"], ["meld", "CEL"],
    ]  # fmt: skip
    assert "meld     weighted F1     65.37 %  test       CMERC, Tables 3, 5, 6" in shown
    assert "Features: RoBERTa (4 layers), openSMILE, DenseNet." in shown
    of_model = merged(one for one in published() if one.calls[0].name == "m3net")
    assert f"Notes and {len(of_model) - 6} more: emobench published m3net" in shown
    assert any(line.split()[:2] == ["width", "preset"] for line in shown), "defaults come from the preset"


def test_a_card_tells_features_where_they_differ(capsys: pytest.CaptureFixture[str]) -> None:
    text = " ".join(" ".join(lines(capsys, "show", "mister_e")).split())
    assert "meld weighted F1 66.4 % test MiSTER-E, Table 3 (RoBERTa, openSMILE)" in text
    assert "mosi weighted F1 87.9 % test MiSTER-E, Table 2 (LLaMA-3.1-8B," in text
    assert "Features:" not in text


def test_features_that_are_not_stated_are_not_named(capsys: pytest.CaptureFixture[str]) -> None:
    shown = lines(capsys, "show", "dialogue_gcn")
    assert "meld     ECE             11.88 %  unknown    CMERC, Table 6" in shown
    assert not any(line.startswith("Features:") for line in shown)


def test_a_card_without_further_figures_points_to_the_notes(capsys: pytest.CaptureFixture[str]) -> None:
    shown = lines(capsys, "show", "rage_fusion")
    assert "Notes: emobench published rage_fusion" in shown
    assert ["dropout", "0.5", "0.2"] in [line.split() for line in shown]


def test_a_model_that_no_paper_has_has_no_figures(capsys: pytest.CaptureFixture[str]) -> None:
    shown = lines(capsys, "show", "prior")
    assert not {"Published figures", "preset"} & {*shown}


def test_a_model_with_figures_in_chains_only_points_to_them(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    chained = tuple(one for one in published() if one.system == "mmgcn+cmerc")
    monkeypatch.setattr("emobench.benchmark.command_line.card.published", lambda: chained)
    shown = lines(capsys, "show", "mmgcn")
    place = shown.index("Published figures")
    assert shown[place + 1] == f"All {len(chained)}: emobench published mmgcn"


FIELD = ("m3net", "mmgcn", "mm_dfn", "dialogue_rnn", "dialogue_gcn", "mister_e", "sdt", "rage_fusion")


@pytest.mark.parametrize("name", FIELD)
def test_a_card_says_what_is_known_about_inputs_presets_reproduction_and_source(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "\n".join(lines(capsys, "show", name))
    for said in ("Inputs: ", "Reproduction: ", "Source: ", "\npreset", "\nset by preset"):
        assert said in text


def test_all_figures_of_a_model_are_listed_with_notes(capsys: pytest.CaptureFixture[str]) -> None:
    shown = lines(capsys, "published", "rage_fusion")
    assert shown[0] == "rage_fusion on meld"
    assert [line.split()[:7] for line in shown if line.startswith("weighted_f1")] == [
        ["weighted_f1", "71.85", "%", "validation", "–", "RAGE-Fusion,", "Table"],
        ["weighted_f1", "79.4", "%", "validation", "–", "RAGE-Fusion,", "Table"],
    ]
    assert " 1  features: RoBERTa, log-mel CNN, ViT" in shown
    assert any("imply 76.4 or more" in line for line in shown)


def test_long_names_are_broken_at_their_signs(capsys: pytest.CaptureFixture[str]) -> None:
    shown = lines(capsys, "published", "m3net+cmerc", "--data", "meld", "--metric", "cel")
    place = next(number for number, line in enumerate(shown) if line.startswith("cel:"))
    assert [line.split()[0] for line in shown[place : place + 4]] == [
        "cel:form=sum,", "mode=graph,", "operator=mean,", "space=log",
    ]  # fmt: skip
    assert shown[place].split()[1:] == ["605.05", "test", "5", "CMERC,", "Tables", "5,", "6", "1,", "2"]
    stressed = lines(capsys, "published", "m3net", "--data", "iemocap", "--metric", "weighted_f1")
    place = stressed.index(next(line for line in stressed if "65.79 %" in line))
    assert [line.split()[0] for line in stressed[place : place + 3]] == ["weighted_f1", "modality_drop:", "rate=0.1"]


def test_nothing_of_all_that_together_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert lines(capsys, "published", "joyful", "--metric", "f1") == [
        "No paper of the table has figures of all of that together."
    ]


def test_a_slip_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(["published", "m3nte"]) == 2
    assert "unknown published model 'm3nte'; did you mean 'm3net'" in capsys.readouterr().err
