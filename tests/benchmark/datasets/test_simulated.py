"""The data set `simulated`: what depends on which argument, and what is refused."""

import subprocess
import sys

import numpy as np
import pytest

from emobench.benchmark.conversations import Conversations
from emobench.benchmark.datasets.simulated import Simulated
from emobench.benchmark.errors import SpecError
from emobench.benchmark.registry import DATASETS, make, summary


def assert_same(first: Conversations, second: Conversations, rows: int) -> None:
    """Fail unless the first `rows` rows agree to the bit."""
    for modality in first.modalities:
        assert first.features[modality][:rows].tobytes() == second.features[modality][:rows].tobytes()
    for name in ("label", "speaker", "dialogue"):
        assert np.array_equal(getattr(first, name)[:rows], getattr(second, name)[:rows])
    assert first.utterance_ids[:rows] == second.utterance_ids[:rows]


def test_the_default_is_as_stated() -> None:
    splits = Simulated().load()
    assert [split.dialogues for _, split in splits.items()] == [400, 80, 200]
    assert splits.test.widths == {"text": 64, "audio": 32, "video": 32}
    assert splits.test.classes == ("neutral", "surprise", "fear", "sadness", "joy", "disgust", "anger")
    assert splits.data == "simulated"
    assert splits.test.transcripts is None
    assert "MIT" in splits.licence
    assert splits.leaks[0].startswith("simulated")
    assert all(split.present[m].all() and split.observed[m].all() for _, split in splits.items() for m in split.widths)


def test_names_can_be_read() -> None:
    test = Simulated(train=1, validation=1, test=9).load().test
    assert test.dialogue_ids[7] == "test_0007"
    assert test.utterance_ids[test.starts[7] + 2] == "test_0007_02"


def test_same_seed_same_bits_and_another_seed_others() -> None:
    first, second = Simulated(train=20).load(), Simulated(train=20).load()
    assert first.fingerprint == second.fingerprint
    other = Simulated(train=20, seed=1).load()
    assert not np.array_equal(first.train.label[:50], other.train.label[:50])


def test_splits_share_no_dialogue() -> None:
    splits = Simulated(train=5, validation=5, test=5).load()
    rows = [split.features["text"][0].tobytes() for _, split in splits.items()]
    assert len(set(rows)) == 3


def test_a_dialogue_does_not_depend_on_the_size_of_any_split() -> None:
    small, large = Simulated(train=3, validation=4, test=5).load(), Simulated(train=30, validation=1, test=9).load()
    assert_same(small.test, large.test, len(small.test))
    assert_same(small.train, large.train, len(small.train))
    assert large.test.data == "simulated:test=9,train=30,validation=1"


def test_labels_do_not_depend_on_widths_or_separations() -> None:
    plain = Simulated(train=1, validation=1, test=20).load().test
    other = Simulated(train=1, validation=1, test=20, audio_width=3, text_separation=0.5).load().test
    assert np.array_equal(plain.label, other.label)
    assert np.array_equal(plain.speaker, other.speaker)


def test_the_name_of_the_data_makes_them_again() -> None:
    text = "simulated:audio_separation=0.5,seed=3,speakers=1/2,test=4,train=2,turns=2/6,validation=2,video_width=5"
    splits = make(DATASETS, text).load()
    assert splits.data == text
    assert make(DATASETS, splits.data).load().fingerprint == splits.fingerprint
    assert splits.test.widths["video"] == 5
    assert splits.test.speaker.max() <= 1
    assert 2 <= np.diff(splits.test.starts).min() <= np.diff(splits.test.starts).max() <= 6


def test_separation_zero_leaves_noise_only() -> None:
    assert not Simulated(video_separation=0.0).world().means["video"].any()


def test_one_speaker_alone_keeps_talking() -> None:
    test = Simulated(train=1, validation=1, test=5, speakers=(1, 1)).load().test
    assert not test.speaker.any()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("simulated:test=0", "simulated: expected test to be a whole number ≥ 1 and ≤ 100000, got '0'"),
        ("simulated:text_separation=-1", "simulated: expected text_separation to be a number ≥ 0 and ≤ 100, got '-1'"),
        ("simulated:sed=1", "simulated has no argument 'sed'; did you mean 'seed'?"),
        (
            "simulated:speakers=2/5",
            "simulated: expected speakers as fewest/most with 1 ≤ fewest ≤ most ≤ 4, got '2/5'; "
            "type for instance speakers=2/4",
        ),
        (
            "simulated:turns=8",
            "simulated: expected turns as fewest/most with 1 ≤ fewest ≤ most ≤ 1000, got '8'; "
            "type for instance turns=3/20",
        ),
        (
            "simulated:turns=9/8",
            "simulated: expected turns as fewest/most with 1 ≤ fewest ≤ most ≤ 1000, got '9/8'; "
            "type for instance turns=3/20",
        ),
    ],
)
def test_arguments_that_cannot_be_are_refused_in_one_line(text: str, message: str) -> None:
    with pytest.raises(SpecError) as caught:
        make(DATASETS, text)
    assert str(caught.value) == message


def test_it_is_called_simulated_in_the_list() -> None:
    assert summary(DATASETS, "simulated").startswith("Simulated conversations")


def test_it_is_made_without_heavy_packages() -> None:
    code = (
        "import sys; from emobench.benchmark.datasets.simulated import Simulated; Simulated(train=2).load(); "
        "sys.exit(','.join({'torch', 'scipy', 'pandas', 'sklearn'} & set(sys.modules)) or 0)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
