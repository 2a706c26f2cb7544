"""A data set on one screen."""

import numpy as np

from emobench.benchmark.conversations import DataSplits
from emobench.benchmark.data_summary import summary


def line(text: str, heading: str) -> list[str]:
    [found] = [row for row in text.splitlines() if row.startswith(heading)]
    return found.removeprefix(heading).split()


def test_counts_and_shares_are_those_of_the_splits(small_splits: DataSplits) -> None:
    text = summary(small_splits)
    assert line(text, "dialogues") == ["8", "8", "8"]
    assert line(text, "utterances") == ["34", "34", "34"]
    assert line(text, "turns per dialogue") == ["1–7", "1–7", "1–7"]
    expected = [f"{100 * (split.label == 1).mean():.1f}" for _, split in small_splits.items()]
    assert line(text, "label joy")[::2] == expected
    assert line(text, "features") == ["text", "4,", "audio", "5,", "video", "6"]
    assert line(text, "fingerprint") == [small_splits.fingerprint]
    assert "label unknown" not in text
    assert "licence" not in text
    assert "known leak" not in text


def test_a_share_is_0_or_100_only_where_it_is_exactly_so(small_splits: DataSplits) -> None:
    def relabel(labels: list[int]) -> DataSplits:
        rows = np.repeat(labels, [1, 3999])
        long = small_splits.train.take_dialogues([6] * 4000)
        train = long.change(label=rows, utterance_ids=tuple(map(str, range(4000))))
        return DataSplits(train, small_splits.validation, small_splits.test)

    text = summary(relabel([-1, 2]))
    assert line(text, "label neutral")[0] == "0.0"
    assert line(text, "label anger")[0] == "99.9"
    assert line(text, "label unknown") == ["0.1", "%"]
    assert line(text, "turns per dialogue")[0] == "1"
    assert line(summary(relabel([2, 2])), "label anger")[0] == "100.0"


def test_long_text_is_wrapped_and_paths_stay_whole(small_splits: DataSplits) -> None:
    splits = DataSplits(
        small_splits.train, small_splits.validation, small_splits.test, licence="word " * 40, leaks=("leak " * 40,) * 2
    )
    path = "/a" * 60
    text = summary(splits, notes={"text encoder": path, "absent": ""})
    assert [row for row in text.splitlines() if len(row) > 80] == [f"text encoder {path}"]
    assert text.count("known leak") == 2
    assert text.split().count("leak") == 82
    assert "absent" not in text
