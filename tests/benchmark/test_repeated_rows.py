"""Rows that are there many times stand for a copy of them, and are copied for those only who ask for all."""

import pickle
import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest

from emobench.benchmark.conversations import Conversations
from emobench.benchmark.errors import DataError
from emobench.benchmark.repeated_rows import RepeatedRows
from emobench.benchmark.stressed import Digests
from emobench.benchmark.training.batches import make_batch, prediction_batches

Make = Callable[..., Conversations]

ROWS = np.array([0, 1, 2, 0, 1, 3, 4, 4])


def repeated(clean: Conversations) -> Conversations:
    dialogue = np.array([0, 0, 0, 1, 1, 2, 2, 3])
    origin, target = np.array([0, 0, 1, 1]), np.array([0, 1, 2, -1, -1, 3, 4, -1])
    return clean.take_rows(ROWS, dialogue=dialogue, origin=origin, target=target)


def test_they_are_what_a_copy_would_be(small: Make) -> None:
    clean = small(lengths=(3, 2))
    features = repeated(clean).features
    assert isinstance(features, RepeatedRows)
    assert len(features) == 3
    assert [*features] == [*clean.features]
    assert repeated(clean).widths == clean.widths
    for modality, rows in clean.features.items():
        assert np.array_equal(features[modality], rows[ROWS])
        assert features[modality] is features[modality]
        assert not features[modality].flags.writeable
        places = np.array([[7, 0], [3, 3]])
        assert np.array_equal(features.take(modality, places), rows[ROWS[places]])
    again = RepeatedRows(features, np.array([7, 7, 5]))
    assert again.origins is clean.features
    assert np.array_equal(again["text"], clean.features["text"][[4, 4, 3]])
    with pytest.raises(KeyError):
        features["smell"]


def test_batches_are_those_of_a_copy(small: Make) -> None:
    here = repeated(small(lengths=(3, 2)))
    copied = here.change(features=dict(here.features))
    for dialogues in prediction_batches(here):
        batch, expected = (make_batch(one, dialogues, device="cpu") for one in (here, copied))
        for modality, rows in expected.features.items():
            assert np.array_equal(batch.features[modality].numpy(), rows.numpy())


NO_COPY = """
import numpy as np
from emobench.benchmark.conditions import expand
from emobench.benchmark.registry import DATASETS, make
from emobench.benchmark.repeated_rows import RepeatedRows
from emobench.benchmark.stressed import Digests, Reading
from emobench.benchmark.stress_records import stress_table
from emobench.benchmark.realised import realised_under
from emobench.benchmark.training.batches import make_batch, prediction_batches
from emobench.protocols.base import DataFacts

clean = make(DATASETS, "simulated:train=2,validation=2,test=4").load().test
(condition,) = expand("context_removal:context=intra", DataFacts.of(clean)).conditions
stressed = condition.apply(clean, seed=0, training={})
assert isinstance(stressed.features, RepeatedRows) and len(stressed) > len(clean)
Digests(clean).of(stressed), Reading.of(clean, stressed)
stress_table(condition.text, 0, clean, stressed), realised_under(clean, stressed)
[make_batch(stressed, dialogues, device="cpu") for dialogues in prediction_batches(stressed)]
hidden = {name: np.zeros((len(stressed), width), bool) for name, width in stressed.widths.items()}
stressed.change(speaker=stressed.speaker.copy(), concealed=hidden)
print(len(stressed.features._copies))
"""


def test_no_copy_is_made_from_the_stress_to_the_batches() -> None:
    # In a process of its own: here all types are checked, and that takes the copy.
    done = subprocess.run([sys.executable, "-c", NO_COPY], check=True, capture_output=True, text=True)
    assert done.stdout == "0\n"


def test_other_rows_or_other_features_have_another_digest(small: Make) -> None:
    clean = small(lengths=(3, 2)).change(speaker=np.zeros(5, np.int64))
    other = clean.with_modalities(features={"text": clean.features["text"] + 1})

    def digest(of: Conversations, rows: list[int]) -> str:
        dialogue, target = np.array([0, 0, 0, 1, 1, 1]), np.full(6, -1)
        return Digests(clean).of(
            of.take_rows(np.array(rows), dialogue=dialogue, origin=np.array([0, 1]), target=target)
        )

    rows = [0, 1, 2, 3, 4, 4]
    assert digest(clean, rows) == digest(clean, rows)
    assert len({digest(clean, rows), digest(clean, [0, 1, 2, 3, 3, 4]), digest(other, rows)}) == 3


def test_fewer_rows_than_there_were_are_copied(small: Make) -> None:
    clean = small(lengths=(3, 2))
    assert isinstance(clean.take_dialogues([1]).features, dict), "or what is left of a split would keep all of it"


def test_another_process_gets_the_copy(small: Make) -> None:
    clean = small(lengths=(3, 2))
    there = pickle.loads(pickle.dumps(repeated(clean)))
    assert type(there.features) is dict
    assert all(np.array_equal(there.features[m], rows[ROWS]) for m, rows in clean.features.items())
    assert not there.features["text"].flags.writeable


def test_what_is_put_in_the_place_of_one_modality_is_checked(small: Make) -> None:
    here = repeated(small(lengths=(3, 2)))
    with pytest.raises(DataError, match=r"expected concealed text as \(8, 4\), got \(8, 5\)"):
        here.change(concealed={"text": np.zeros((8, 5), bool)})
    with pytest.raises(DataError, match="text holds a value that is not finite"):
        here.with_modalities(features={"text": np.full((8, 4), np.nan, np.float32)})
