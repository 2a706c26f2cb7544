"""Dialogues turn by turn, read back from the page by a second reader."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from fake_outputs import TURNS, add_outputs, words
from page_reader import parsed
from page_reader import words as plain
from strip_reader import Line, tables_of

from emobench.benchmark.prediction_files import read_predictions
from emobench.benchmark.run_folder import RunFolder
from emobench.reports import dialogues
from emobench.reports.dialogue_cells import colour_class, short_names, tokens
from emobench.reports.dialogues import Limits, dialogues_of
from emobench.reports.formats.html import HtmlPage
from emobench.reports.gathering import read
from emobench.reports.numbers import percent, whole_percent

Maker = Callable[..., RunFolder]
CLASSES = ("neutral", "sadness", "surprise")
SHORT = ["N", "Sa", "Su"]
DROPS = ("clean", "modality_drop:drop=audio", "modality_drop:drop=text", "modality_drop:rate=0.3")
HOSTILE = "<script>window.hacked=1</script> & </td> 😀 مرحبا"
MODELS = ("rage_fusion", "late_fusion", "bayes_optimal")


def made(make_run: Maker, path: Path, /, *, outputs: dict[str, object] | None = None, **options: object) -> RunFolder:
    settings: dict[str, object] = {"models": MODELS, "classes": CLASSES, "only": DROPS, "dialogues": 5, "seeds": (0, 1)}
    # Few figures, so that pages are drawn fast.
    settings["metrics"] = ("flip_rate", "gold_flip_rate")
    return add_outputs(make_run(path, **settings | options), **(outputs or {}))


def written(folder: RunFolder, **limits: int) -> str:
    HtmlPage(**limits).write(folder)
    return plain("".join(parsed(folder).text))


@pytest.fixture(scope="module")
def folder(make_run: Maker, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    run = made(
        make_run, tmp_path_factory.mktemp("run") / "run", stresses=True,
        failed=(("late_fusion", "modality_drop:drop=text", "out of <memory>"),), outputs={"unlabelled": [0, 9]},
    )  # fmt: skip
    written(run)
    return run


def probabilities(folder: RunFolder, model: str, condition: str) -> np.ndarray:
    return read_predictions(folder.predictions_path(model, "simulated", 0), condition).probabilities


def dialogue_of(table: list[Line]) -> np.ndarray:
    """Return the rows of a table's dialogue, known by its number of turns, all of which differ."""
    place = TURNS.index(len(table[0].cells) - 1)
    return np.arange(sum(TURNS))[np.repeat(np.arange(len(TURNS)), TURNS) == place]


def heads(table: list[Line]) -> list[str]:
    return [line.cells[0][1] for line in table]


def test_every_strip_shows_the_predicted_classes_of_its_model_and_condition(folder: RunFolder) -> None:
    tables = tables_of(folder, "strips")
    assert len(tables) == len(TURNS)
    label = dialogues_of(folder, read(folder), Limits())["simulated"]
    gold = {one.whole: one.label for one in label.dialogues}
    for table in tables:
        rows, model = dialogue_of(table), ""
        clean = np.empty(0)
        for line in table[2:]:
            if "group" in line.attributes.get("class", ""):
                model = line.cells[0][1].split()[0]
                continue
            condition, cells = line.cells[0][1], line.cells[1:]
            if (model, condition) == ("late_fusion", "modality_drop:drop=text"):
                assert cells == [("none text", "failed: out of <memory>")]
                continue
            p = probabilities(folder, model, condition)[rows]
            now = p.argmax(axis=1)
            clean = now if condition == "clean" else clean
            assert [text for _, text in cells] == [SHORT[k] for k in now]
            marks = [classes.split() for classes, _ in cells]
            assert [f"k{k}" for k in now] == [one[0] for one in marks]
            assert ["x" in one for one in marks] == (now != clean).tolist()
            wrong = (now != gold[len(rows)]) & (gold[len(rows)] >= 0)
            assert ["w" in one for one in marks] == wrong.tolist()
            tenths = [int(one[1].removeprefix("q")) for one in marks]
            assert all(tenth - 1 < share * 10 <= tenth for tenth, share in zip(tenths, p.max(axis=1), strict=True))
            shown = [turn.split() for turn in line.attributes["data-p"].split("|")]
            back = {"-": "<1", "+": ">99"}
            expected = [[whole_percent(share) for share in turn] for turn in p]
            assert [[back.get(token, token) for token in turn] for turn in shown] == expected


def test_gold_stands_first_and_unknown_labels_are_no_class(folder: RunFolder) -> None:
    table = next(table for table in tables_of(folder, "strips") if len(table[0].cells) == 7)
    assert heads(table)[:3] == ["Turn speaker", "gold", "rage_fusion seed 0"]
    assert heads(table)[3:8] == [*DROPS, "late_fusion seed 0"]
    assert "bayes_optimal (ceiling) seed 0" in heads(table)
    assert table[1].cells[1] == ("none", "–")
    assert table[1].attributes["data-gold"].split()[0] == "-1"
    assert [text for _, text in table[0].cells[1:3]] == ["1A", "2B"]


def test_transcripts_are_there_without_a_script(folder: RunFolder) -> None:
    tables = tables_of(folder, "said")
    said = {len(table) - 1: [line.cells[2][1] for line in table[1:]] for table in tables}
    assert said[TURNS[0]] == [words(0, turn) for turn in range(TURNS[0])]
    assert said[TURNS[2]] == ["–"] * TURNS[2]
    first = next(table for table in tables if len(table) == TURNS[0] + 1)
    p = probabilities(folder, "rage_fusion", "clean")
    changed = sum(probabilities(folder, "rage_fusion", one)[1].argmax() != p[1].argmax() for one in DROPS[1:])
    cell = first[2].cells[4][1]
    expected = rf"{CLASSES[p[1].argmax()]} {whole_percent(p[1].max())}\u00a0%( wrong)? other under {changed} of 3"
    assert re.fullmatch(expected, cell)
    assert first[1].cells[3][1] == "–"


def test_it_is_said_what_is_shown_and_by_which_rule(folder: RunFolder) -> None:
    text = plain("".join(parsed(folder).text))
    assert "6 dialogues, all of the test split; those that change most come first." in text
    assert "of a stress that was drawn several times they are the first draw" in text
    assert "html:dialogues" not in text
    some = written(folder, dialogues=2, conditions=1, turns=4)
    assert (
        "Shown are 2 of 6 dialogues of the test split, chosen alternately by the share of predictions under stress "
        "that differ from those on clean input (dialogues of 5 turns or more first) and by the turn at which a wrong "
        "class has the highest probability on clean input, over all models but the ceiling."
    ) in some
    assert "emobench report RUN --format html:dialogues=6" in some
    assert "1 of 3 conditions, under which most of its predictions change" in some
    assert "all of them: --format html:conditions=3" in some
    assert re.search(r"Turns \d+ to \d+ of (\d+), where most predictions change; all .*html:turns=\1\.", some)
    assert len(tables_of(folder, "strips")) == 2
    assert "Turn by turn" in written(folder, dialogues=0)
    assert tables_of(folder, "strips") == []
    written(folder)


def test_the_summary_of_a_dialogue_counts(make_run: Maker, tmp_path: Path) -> None:
    run = made(make_run, tmp_path / "run", models=("rage_fusion",), outputs={"turns": (1,)})
    clean, *stressed = (probabilities(run, "rage_fusion", one)[0] for one in DROPS)
    changed = sum(one.argmax() != clean.argmax() for one in stressed)
    text = written(run)
    assert "dia_0 1 turn, 1 speaker · " in text
    assert f"{percent(changed / 3)} of 3 predictions under stress differ from clean input" in text
    assert "1 dialogue, all of the test split" in text


def test_clean_input_alone_is_chosen_by_errors_and_has_no_stress_to_speak_of(make_run: Maker, tmp_path: Path) -> None:
    text = written(made(make_run, tmp_path / "run", only=("clean",)), dialogues=1)
    assert "test split, chosen by the turn at which a wrong class has the highest probability on clean input" in text
    assert "differ from clean input" not in text
    assert "other under" not in text


def test_the_exact_posterior_alone_is_compared_with_itself(make_run: Maker, tmp_path: Path) -> None:
    text = written(made(make_run, tmp_path / "run", models=("bayes_optimal",)), dialogues=1)
    assert "highest probability on clean input, over all models." in text
    assert "of 3 predictions" not in text


def test_hostile_names_and_words_are_text(make_run: Maker, tmp_path: Path) -> None:
    run = made(
        make_run, tmp_path / "run", classes=("<b>x</b>", "a&b", "é→中"),
        models=("<script>alert(1)</script>", "late_fusion"),
        outputs={"said": lambda *_: HOSTILE, "name": '"><img src=x>{}'},
    )  # fmt: skip
    text = written(run)
    assert text.count(HOSTILE) == sum(TURNS)
    assert '"><img src=x>0' in text
    reader = parsed(run)
    assert [tag for tag, _ in reader.tags if tag in ("script", "img", "b")] == ["script"]
    said = [attributes for tag, attributes in reader.tags if tag == "td" and "said" in attributes.get("class", "")]
    assert {attributes["dir"] for attributes in said} == {"auto"}


def test_data_without_transcripts_say_so(make_run: Maker, tmp_path: Path) -> None:
    run = made(make_run, tmp_path / "run", outputs={"said": None})
    text = written(run)
    assert "These data have no transcripts." in text
    assert [cell for _, cell in tables_of(run, "said")[0][0].cells][:3] == ["Turn", "Speaker", "Gold"]


def test_what_cannot_be_read_is_said_and_the_rest_stands(make_run: Maker, tmp_path: Path) -> None:
    run = made(make_run, tmp_path / "run")
    run.predictions_path("late_fusion", "simulated", 0).unlink()
    broken = run.predictions_path("rage_fusion", "simulated", 0)
    broken.write_bytes(broken.read_bytes()[:-2000])
    text = written(run)
    assert "Not shown: predictions/late_fusion" in text
    assert "parquet is missing; run the same `emobench run` again to complete the folder." in text
    assert "is damaged" in text
    assert str(run.path) not in text
    assert {
        line.cells[0][1] for table in tables_of(run, "strips") for line in table if line.attributes.get("class")
    } == {"bayes_optimal (ceiling) seed 0"}
    run.utterances_path.unlink()
    text = written(run)
    assert "Not shown: utterances.parquet is missing" in text
    assert "Does it flicker" in text
    assert tables_of(run, "strips") == []


def test_predictions_that_fail_only_when_read_are_left_out(make_run: Maker, tmp_path: Path) -> None:
    run = made(make_run, tmp_path / "run")
    other = made(make_run, tmp_path / "other", outputs={"turns": (3, 3)})
    paths = [one.predictions_path("late_fusion", "simulated", 0) for one in (other, run)]
    paths[1].write_bytes(paths[0].read_bytes())
    text = written(run)
    assert f"expected {sum(TURNS)} utterances in order under 'clean', got 6 rows" in text
    assert len(tables_of(run, "strips")) == len(TURNS)


def test_a_folder_without_any_prediction_still_has_its_page(make_run: Maker, tmp_path: Path) -> None:
    run = made(make_run, tmp_path / "run")
    for path in (run.path / "predictions").iterdir():
        path.unlink()
    text = written(run)
    assert text.count("is missing; run the same `emobench run` again") == len(MODELS)
    assert tables_of(run, "strips") == []


def test_data_that_the_utterances_lack_are_named(make_run: Maker, tmp_path: Path) -> None:
    run = made(make_run, tmp_path / "run")
    record = run.read_record()
    run.write_record(
        record.model_copy(update={"data": tuple(d.model_copy(update={"name": "meld"}) for d in record.data)})
    )
    assert dialogues_of(run, read(run), Limits())["meld"].missing == (
        "utterances.parquet holds no utterance of these data",
    )


def test_conditions_and_clean_input_that_were_not_computed_are_told(make_run: Maker, tmp_path: Path) -> None:
    run = made(
        make_run, tmp_path / "run", models=("rage_fusion", "late_fusion", "prior"), seeds=(0,),
        failed=(("late_fusion", "clean", "no luck"), ("prior", "", "no memory")),
    )  # fmt: skip
    record = run.read_record()
    kept = tuple(cell for cell in record.cells if (cell.model, cell.condition) != ("rage_fusion", DROPS[1]))
    run.write_record(record.model_copy(update={"cells": kept}))
    written(run)
    (table, *_) = tables_of(run, "strips")
    cells = {line.cells[0][1]: line.cells[1] for line in table[3:7]}
    assert cells["modality_drop:drop=audio"] == ("none text", "not asked for")
    assert table[8].cells[1] == ("none text", "failed: no luck")
    assert not any("prior" in line.cells[0][1] for line in table)
    # Without clean input nothing is called changed.
    assert not any("x" in classes.split() for line in table[9:] for classes, _ in line.cells)
    assert tables_of(run, "said")[0][1].cells[5] == ("text", "–")


def test_the_same_folder_gives_the_same_bytes(folder: RunFolder) -> None:
    page = folder.path / "report.html"
    before = page.read_bytes()
    page.unlink()
    written(folder)
    assert page.read_bytes() == before


def test_dialogues_take_no_more_than_their_room(
    make_run: Maker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = made(make_run, tmp_path / "run", outputs={"turns": (30,) * 9}, data=("simulated", "meld"))

    def shown(room: int, **limits: int) -> list[int]:
        monkeypatch.setattr(dialogues, "ROOM", room)
        return [len(view.dialogues) for view in dialogues_of(run, read(run), Limits(**limits)).values()]

    assert shown(1) == [1, 1]
    assert shown(1, dialogues=9) == [9, 9]
    assert shown(10_000_000) == [8, 8]
    some, room = shown(200_000), 200_000
    assert 1 < some[0] == some[1] < 8
    sizes = []
    for number in (0, some[0]):
        HtmlPage(dialogues=number).write(run)
        sizes.append((run.path / "report.html").stat().st_size)
    assert 0.6 * room < sizes[1] - sizes[0] < 1.1 * room


def test_short_names_tell_classes_apart() -> None:
    assert short_names(["anger", "angst", "angry", "x y", "7 up", ""]) == ("1", "2", "3", "X", "7u", "6")
    assert short_names(["joy", "Joy"]) == ("1", "2")
    many = short_names([f"emotion {k}" for k in range(30)])
    assert len(set(many)) == 30
    assert short_names(["negative", "positive"]) == ("N", "P")
    assert short_names(["anger", "annoyance", "amusement"]) == ("Ang", "Ann", "Am")


def test_colours_are_used_again_hatched() -> None:
    assert [colour_class(k) for k in (0, 8, 9, 17, 18, 26, 27)] == [
        "k0",
        "k8",
        "k0 h1",
        "k8 h1",
        "k0 h2",
        "k8 h2",
        "k0",
    ]
    assert len({colour_class(k) for k in range(27)}) == 27


def test_probabilities_in_few_signs_never_tell_of_none_or_all() -> None:
    shares = np.array([[0.0, 0.0001, 0.007, 0.0099, 0.012, 0.989, 0.9951, 1.0]])
    assert tokens(shares) == "0 - - - 1 99 + 100"
