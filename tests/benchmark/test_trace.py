"""What stresses did is kept, and goes along with the rows."""

import numpy as np

from emobench.benchmark.trace import AddedNoise, Trace

HIDDEN = np.array([[True, False], [False, False], [False, True]])


def noise(*hit: bool, variance: float = 1.0) -> AddedNoise:
    return AddedNoise(np.full(2, variance), np.array(hit))


def test_noise_is_kept_layer_by_layer() -> None:
    first, second = noise(True, False, True), noise(True, True, False, variance=4.0)
    trace = Trace().with_noise("audio", first).with_noise("text", second).with_noise("audio", second)
    assert trace.noise["audio"] == (first, second)
    assert trace.noise["text"] == (second,)


def test_what_is_hidden_stays_hidden() -> None:
    trace = Trace().with_hidden("audio", HIDDEN).with_hidden("audio", HIDDEN[::-1])
    assert trace.hidden["audio"].tolist() == [[True, True], [False, False], [True, True]]
    assert HIDDEN[0].tolist() == [True, False], "the first mask is untouched"


def test_a_move_takes_along_what_was_done_to_that_modality_only() -> None:
    trace = Trace().with_noise("audio", noise(True, False, False)).with_noise("text", noise(True, False, False))
    trace = trace.with_hidden("audio", HIDDEN).with_hidden("text", HIDDEN)
    moved = trace.moved("audio", np.array([0, 0, 1]), np.arange(3))
    assert moved.source["audio"].tolist() == [0, 0, 1]
    assert moved.noise["audio"][0].hit.tolist() == [True, True, False]
    assert moved.noise["text"][0].hit.tolist() == [True, False, False]
    assert moved.hidden["audio"].tolist() == HIDDEN[[0, 0, 1]].tolist()
    assert moved.hidden["text"] is HIDDEN
    assert "text" not in moved.source


def test_moves_follow_each_other_in_turns_as_recorded() -> None:
    turn = np.array([0, 2, 5])
    once = Trace().moved("audio", np.array([0, 0, 1]), turn)
    assert once.source["audio"].tolist() == [0, 0, 2]
    assert once.moved("audio", np.array([0, 0, 1]), turn).source["audio"].tolist() == [0, 0, 0]


def test_rows_are_taken_with_all_that_is_known_of_them() -> None:
    trace = Trace(turn=np.arange(3), speakers=(np.zeros(3, np.int64),), unknown="it is so")
    trace = trace.with_noise("audio", noise(True, False, True, variance=9.0)).with_hidden("text", HIDDEN)
    taken = trace.moved("audio", np.array([2, 1, 0]), np.arange(3)).take(np.array([2, 2, 0, 1]))
    assert taken.noise["audio"][0].hit.tolist() == [True, True, True, False]
    assert taken.noise["audio"][0].variance.tolist() == [9.0, 9.0]
    assert taken.hidden["text"].tolist() == HIDDEN[[2, 2, 0, 1]].tolist()
    assert taken.source["audio"].tolist() == [0, 0, 2, 1]
    assert (taken.turn, taken.speakers, taken.unknown) == (None, None, "it is so")
