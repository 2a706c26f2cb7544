"""The table of published figures: that it is sound in itself, and that what is asked of it is found."""

import math
from collections import Counter, defaultdict
from dataclasses import replace
from pathlib import Path

import pytest

from emobench.benchmark.errors import DataError, SpecError, UnknownName
from emobench.benchmark.published import (
    CORPORA,
    ELSEWHERE,
    OWN_METRICS,
    TABLE,
    TEST_UTTERANCES,
    Published,
    comparable,
    corpus_of,
    find,
    merged,
    published,
    read_published,
)
from emobench.benchmark.registry import CALIBRATORS, METRICS, MODELS, PROTOCOLS, canonical_text, names
from emobench.benchmark.specs import join, parse

SUPPORTS = {
    "iemocap": {"happy": 144, "sad": 245, "neutral": 384, "angry": 170, "excited": 299, "frustrated": 381},
    "meld": {"neutral": 1256, "surprise": 281, "fear": 50, "sadness": 208, "joy": 402, "disgust": 68, "anger": 345},
}
"""Test utterances of each class."""
TO_COME = {"sure", "multi_emo", "cmerc", "crl", "fmfp", "cml", "ensemble"}
"""Parts of the field that the table may name before the suite has them."""
HEAD = ",".join(Published.__dataclass_fields__)
LINE = "m3net,,meld,clean,weighted_f1,,65.37,,%,CMERC,Table 5,test,5,"
CEL = "cel:form=sum,mode=graph,operator=mean,space=log"


def value(model: str, data: str, metric: str, place: str, part: str = "") -> float:
    (one,) = [
        figure
        for figure in published()
        if (figure.system, figure.data, figure.metric, figure.place, figure.part) == (model, data, metric, place, part)
        and figure.condition == "clean"
    ]
    return one.value


def test_names_are_those_of_the_suite_or_declared() -> None:
    known = {*names(MODELS), *names(CALIBRATORS), *TO_COME, *ELSEWHERE}
    used = {call.name for one in published() for call in one.calls}
    assert used <= known
    assert not ELSEWHERE - used, "nothing is declared that is not there"
    assert not ELSEWHERE & {*names(MODELS), *names(CALIBRATORS)}
    assert {one.metric for one in published() if one.metric in OWN_METRICS} == {*OWN_METRICS}
    for metric in {one.metric for one in published()} - {*OWN_METRICS}:
        assert canonical_text(METRICS, metric) == metric
    for condition in {one.condition for one in published()} - {"clean"}:
        assert canonical_text(PROTOCOLS, condition) == condition
    for system in {one.system for one in published()}:
        assert join(parse(system)) == system


def test_every_figure_has_a_place_and_a_rule_and_stands_once() -> None:
    assert len(published()) == 520
    assert all(one.paper and one.place for one in published())
    assert Counter(one.selection for one in published()).keys() == {"test", "validation", "unknown"}
    places = Counter(
        (one.system, one.features, one.data, one.condition, one.metric, one.part, one.source) for one in published()
    )
    assert max(places.values()) == 1
    assert all(0 <= one.share <= 1 for one in published() if one.unit == "%")
    assert all(one.metric == CEL for one in published() if not one.unit)
    for one in published():
        assert one.metric != "f1" or one.part in CORPORA[one.data]
    assert {data: sum(counts.values()) for data, counts in SUPPORTS.items()} == TEST_UTTERANCES


def test_f1_of_the_classes_weighted_by_support_is_the_weighted_f1_that_stands_beside_it() -> None:
    groups: dict[tuple[str, str, str], dict[str, float]] = defaultdict(dict)
    for one in published():
        if one.metric == "f1" and one.paper == "CMERC":
            groups[one.system, one.data, one.place][one.part] = one.value
    assert len(groups) == 26
    for (system, data, place), by_class in groups.items():
        counts = SUPPORTS[data]
        mean = sum(count * by_class[name] for name, count in counts.items()) / sum(counts.values())
        assert mean == pytest.approx(value(system, data, "weighted_f1", place), abs=0.015)


def test_figures_that_stand_in_several_tables_agree_and_errors_are_in_order() -> None:
    for system in ("m3net", "m3net+cmerc"):
        for data in TEST_UTTERANCES:
            for metric, part in (("weighted_f1", ""), (CEL, "all")):
                assert value(system, data, metric, "Table 5", part) == value(system, data, metric, "Table 6", part)
    errors: dict[tuple[str, str], dict[str, float]] = defaultdict(dict)
    for one in published():
        if one.place == "Table 5":
            errors[one.system, one.data][one.metric] = one.value
    assert len(errors) == 14
    assert all(found["ece"] <= found["rmsce"] <= found["mce"] for found in errors.values())


def test_shares_of_unions_lie_between_their_largest_part_and_their_sum() -> None:
    shares: dict[str, dict[str, float]] = defaultdict(dict)
    for one in published():
        if one.place == "Table 2" and one.paper == "CMERC":
            shares[one.system][one.part] = one.value
    assert len(shares) == 5
    for found in shares.values():
        for union, parts in {
            "modalities": ("text", "audio", "video"),
            "contexts": ("intra", "inter"),
            "all": ("modalities", "contexts"),
        }.items():
            own = [found[part] for part in parts]
            assert max(own) <= found[union] <= sum(own)


def test_figures_of_papers_are_found_as_they_are_printed() -> None:
    (one,) = find("m3net+cmerc", "meld", "ece")
    assert (one.value, one.share, one.printed, one.source) == (22.13, 0.2213, "22.13 %", "CMERC, Table 5")
    assert (one.selection, one.runs, one.features) == ("test", 5, "RoBERTa (4 layers), openSMILE, DenseNet")
    assert [figure.value for figure in find("rage_fusion", metric="weighted_f1")] == [71.85, 79.4]
    mister = {(figure.features, figure.data): figure for figure in find("mister_e", metric="weighted_f1")}
    llm = "LLaMA-3.1-8B, SALMONN-7B (tuned)"
    assert mister[llm, "iemocap"].printed == "70.9 ± 0.2 %"
    assert mister[llm, "iemocap"].share_spread == 0.002
    assert mister["RoBERTa, openSMILE", "meld"].value == 66.4
    (cel,) = find("dialogue_rnn+cmerc", metric="cel")
    assert (cel.value, cel.share, cel.printed, math.isnan(cel.share_spread)) == (352.1, 352.1, "352.1", True)
    assert value("sure", "iemocap", "accuracy", "Table 2") == 75.31
    assert value("sdt", "meld", "weighted_f1", "Table 2") == 66.6
    assert value("mmgcn", "meld", "ece", "Table 6") == 21.4


def test_a_name_finds_the_model_with_all_that_is_chained_to_it_a_text_that_very_system() -> None:
    assert {one.system for one in find("mmgcn")} == {"mmgcn", "mmgcn+cmerc"}
    assert {one.system for one in find("mmgcn+cmerc")} == {"mmgcn+cmerc"}
    assert {one.metric for one in find(metric="cel")} == {CEL}
    turned = "cel:space=log,operator=mean,mode=graph,form=sum"
    assert find(metric=turned) == find(metric=CEL)
    assert len(find()) == 520
    assert {one.data for one in find(data="mosi")} == {"mosi"}
    assert find("joyful", metric="f1") == ()
    assert find("joyful", among=find("joyful")) == find("joyful")


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"model": "joyfull"}, "unknown published model 'joyfull'; did you mean 'joyful'?"),
        ({"model": "mmgcn+crl"}, "unknown published model 'mmgcn+crl'"),
        ({"data": "emorynlp"}, "unknown published data set 'emorynlp'; known: iemocap, meld, mosi"),
        ({"metric": "nll"}, "unknown published metric 'nll'"),
    ],
)
def test_what_no_paper_has_is_told(asked: dict[str, str], message: str) -> None:
    with pytest.raises(UnknownName, match=message.replace("+", r"\+").replace("?", r"\?")):
        find(**asked)


def test_a_text_that_is_none_is_told() -> None:
    with pytest.raises(SpecError, match="expected arguments after the colon"):
        find("m3net:")


@pytest.mark.parametrize(
    ("model", "systems"),
    [
        ("m3net", {"m3net"}),
        ("m3net:epochs=5,preset=paper", {"m3net"}),
        ("m3net+cmerc", {"m3net+cmerc"}),
        ("m3net+cmerc:constraint=false,labels=code", {"m3net+cmerc:constraint=false"}),
        ("m3net:epochs=5+temperature", {"m3net+temperature"}),
        ("m3net+isotonic", set()),
        ("late_fusion", set()),
        ("no spec text", set()),
    ],
)
def test_a_model_of_a_run_is_held_against_the_system_that_says_most_of_what_it_says(
    model: str, systems: set[str]
) -> None:
    assert {one.system for one in comparable(model, published())} == systems


def test_what_a_paper_prints_in_several_places_is_told_once() -> None:
    found = merged(find("m3net", "meld", "weighted_f1"))
    clean = [one for one in found if one.system == "m3net" and one.condition == "clean"]
    assert [(one.value, one.source, one.runs) for one in clean] == [(65.37, "CMERC, Tables 3, 5, 6", 5)]
    one = clean[0]
    noted = (replace(one, place="Table 1", note="a; b", runs=0), replace(one, place="README", note="b; c"))
    assert [(both.place, both.note, both.runs) for both in merged(noted)] == [("Table 1, README", "a; b; c", 5)]
    assert merged((replace(one, place="Figure 2"),))[0].place == "Figure 2"


@pytest.mark.parametrize(
    ("data", "classes", "corpus"),
    [
        ("meld", CORPORA["meld"], "meld"),
        ("cosmic:corpus=iemocap,path=a.pkl", CORPORA["iemocap"], "iemocap"),
        ("mosi", ("negative", "positive"), "mosi"),
        ("mosi", ("-3", "3"), ""),
        ("utterances:path=meld.parquet", CORPORA["meld"], ""),
        ("meld:like=iemocap", CORPORA["meld"], ""),
        ("simulated", CORPORA["meld"], ""),
        ("<no text>", CORPORA["meld"], ""),
    ],
)
def test_the_data_set_of_a_run_is_told_by_name_and_classes(data: str, classes: tuple[str, ...], corpus: str) -> None:
    assert corpus_of(data, classes) == corpus


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["model,value", "m3net,1"], "expected the columns system, features"),
        ([HEAD, "m3net,meld"], "line 2: expected 14 fields"),
        ([HEAD, LINE, f"{LINE},more"], "line 3: expected 14 fields"),
        ([HEAD, LINE.replace("CMERC", "")], "line 2: expected a paper, got none"),
        ([HEAD, LINE.replace("meld", "mled")], "line 2: expected data to be iemocap | meld | mosi, got 'mled'"),
        ([HEAD, LINE.replace("test", "dev")], "expected selection to be test | validation | unknown, got 'dev'"),
        ([HEAD, LINE.replace("%", "dB")], "expected unit to be %, got 'dB'"),
        ([HEAD, LINE.replace("65.37", "much")], "line 2: could not convert string to float: 'much'"),
        ([HEAD, LINE.replace("m3net", "m3net:")], "line 2: expected arguments after the colon"),
    ],
)
def test_a_damaged_table_is_told_by_line(lines: list[str], message: str, tmp_path: Path) -> None:
    path = tmp_path / "figures.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(DataError) as caught:
        read_published(path)
    assert message in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_table_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"cannot read .*nowhere\.csv.*install emobench again"):
        read_published(tmp_path / "nowhere.csv")
    assert list(map(repr, read_published(TABLE))) == list(map(repr, published()))
