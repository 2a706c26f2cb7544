"""Which dialogues are shown, in which order, and which part of them: by hand."""

import numpy as np
import pytest

from emobench.benchmark.utterance_file import Utterances
from emobench.reports.dialogue_choice import Tally, choose, most_changed, rows_of, sure_and_wrong, window

TURNS = (5, 2, 6, 5)


def utterances(turns: tuple[int, ...] = TURNS) -> Utterances:
    dialogue = np.repeat(np.arange(len(turns)), turns)
    turn = np.concatenate([np.arange(length) for length in turns])
    return Utterances(dialogue=dialogue, turn=turn, speaker=turn % 2, label=np.zeros(len(turn), np.int64))


def tally(changes: dict[int, int], wrong: dict[int, float], pairs: int = 2) -> Tally:
    """Return changes by row under one condition, and the surest errors by row."""
    rows = sum(TURNS)
    changed, sure = np.zeros(rows, np.int64), np.zeros(rows)
    changed[list(changes)] = list(changes.values())
    sure[list(wrong)] = list(wrong.values())
    return Tally({"a": changed, "b": np.zeros(rows, np.int64)}, pairs, sure)


def order(found: Tally) -> list[int]:
    return [int(one.rows[0]) for one in choose(utterances(), found)]


def test_most_changed_and_surely_wrong_dialogues_take_turns() -> None:
    # First rows: 0, 5, 7, 13. By change 13 (3 of 10) before 7 (3 of 12); by error 0 (0.9) before 7 (0.8).
    found = tally({13: 2, 14: 1, 7: 2, 8: 1}, {3: 0.9, 9: 0.8})
    assert order(found) == [13, 0, 7, 5]


def test_a_short_dialogue_comes_after_longer_ones_that_change_less() -> None:
    assert order(tally({5: 2, 6: 2, 0: 1}, {})) == [0, 5, 7, 13]
    assert order(tally({5: 2, 6: 2}, {})) == [5, 0, 7, 13]


def test_without_stress_and_errors_dialogues_stay_in_the_order_of_the_data() -> None:
    found = Tally({}, 0, np.zeros(sum(TURNS)))
    assert order(found) == [0, 5, 7, 13]
    first = next(choose(utterances(), found))
    assert (first.changed, first.compared, first.wrong_turn, first.wrong_by) == (0, 0, -1, 0.0)


def test_what_speaks_for_a_dialogue_is_counted() -> None:
    one = next(choose(utterances(), tally({13: 2, 14: 1}, {16: 0.7, 17: 0.7})))
    assert (one.changed, one.compared, one.wrong_turn, one.wrong_by) == (3, 10, 3, 0.7)


def test_rows_of_dialogues() -> None:
    assert [rows.tolist() for rows in rows_of(np.array([0, 0, 2, 3, 3]))] == [[0, 1], [2], [3, 4]]
    assert rows_of(np.empty(0, np.int64)) == []


def test_conditions_that_change_most_stay_in_the_order_of_the_run() -> None:
    changed = {"a": np.array([1, 0, 0]), "b": np.array([0, 0, 9]), "c": np.array([1, 1, 0]), "d": np.array([1, 0, 0])}
    found = Tally(changed, 4, np.zeros(3))
    assert most_changed(found, np.array([0, 1]), 2) == ("a", "c")
    assert most_changed(found, np.array([0, 1, 2]), 2) == ("b", "c")
    assert most_changed(found, np.array([0]), 9) == ("a", "b", "c", "d")


@pytest.mark.parametrize(
    ("changes", "wrong", "first"),
    [
        ({10: 1}, {}, 9),  # rows 9 and 10: the first window that holds the change
        ({10: 1, 11: 1}, {}, 10),
        ({11: 5}, {7: 0.9}, 7),  # the surest error is shown, however much changes elsewhere
        ({8: 5}, {9: 0.9}, 8),
        ({}, {12: 0.9}, 11),
        ({}, {}, 7),
    ],
)
def test_of_a_long_dialogue_the_part_with_most_changes_and_the_surest_error_is_shown(
    changes: dict[int, int], wrong: dict[int, float], first: int
) -> None:
    found = tally(changes, wrong)
    (chosen,) = [one for one in choose(utterances(), found) if one.rows[0] == 7]
    assert window(found, chosen, 2).tolist() == [first, first + 1]
    assert window(found, chosen, 6).tolist() == list(range(7, 13))


def test_the_surest_error_is_a_mean_over_models_of_labelled_turns() -> None:
    first = np.array([[0.9, 0.1], [0.2, 0.8], [0.9, 0.1]])
    second = np.array([[0.4, 0.6], [0.3, 0.7], [0.9, 0.1]])
    found = sure_and_wrong([first, second], np.array([1, 0, -1]))
    np.testing.assert_allclose(found, [0.45, 0.75, 0.0])
    assert sure_and_wrong([], np.array([1, 0])).tolist() == [0.0, 0.0]
