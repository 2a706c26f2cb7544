"""What splits share is found; what only looks like it is not."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from emobench.benchmark.conversations import Conversations, DataSplits
from emobench.benchmark.data_summary import summary
from emobench.benchmark.overlaps import overlaps

Make = Callable[..., Conversations]
LENGTHS = (3, 5, 2, 4)


def splits(small: Make, modalities: tuple[str, ...] = ("text", "audio", "video")) -> DataSplits:
    names = ("train", "validation", "test")
    return DataSplits(*(small(lengths=LENGTHS, split=name, modalities=modalities) for name in names))


def copied(of: Conversations, into: Conversations, rows: dict[int, int], scale: float = 1) -> Conversations:
    """Put rows of one split (values) in place of rows of another (keys)."""
    features = {}
    for modality, values in into.features.items():
        changed = values.copy()
        changed[list(rows)] = of.features[modality][list(rows.values())] * np.float32(scale)
        features[modality] = changed
    return into.with_modalities(features=features)


def test_splits_that_are_apart_give_no_warning(small: Make) -> None:
    assert overlaps(splits(small)) == ()


def test_a_name_in_two_splits_is_told_with_the_splits(small: Make) -> None:
    data = splits(small)
    names = (data.validation.utterance_ids[4], *data.test.utterance_ids[1:])
    assert overlaps(replace(data, test=data.test.change(utterance_ids=names))) == (
        "1 of 14 utterances of test bear a name that validation has too (the first: validation_4)",
    )


def test_a_dialogue_in_two_splits_is_told(small: Make) -> None:
    data = splits(small)
    names = (*data.test.dialogue_ids[:2], *data.train.dialogue_ids[2:])
    assert overlaps(replace(data, test=data.test.change(dialogue_ids=names))) == (
        "2 of 4 dialogues of test bear a name that train has too (the first: train_dialogue_2)",
    )


def test_numbers_that_begin_again_in_each_split_are_no_names(small: Make) -> None:
    numbered = [
        split.change(
            utterance_ids=tuple(f"{dialogue}_{row}" for row, dialogue in enumerate(split.dialogue)),
            dialogue_ids=tuple(map(str, range(split.dialogues))),
        )
        for _, split in splits(small).items()
    ]
    assert overlaps(DataSplits(*numbered)) == ()


def test_three_repeated_rows_are_told_wherever_they_stand(small: Make) -> None:
    data = splits(small)
    test = copied(data.train, data.test, {0: 9, 6: 1, 12: 4})
    assert overlaps(replace(data, test=test)) == (
        "3 of 14 utterances of test have exactly the features of one of train (the first: test_0, as train_9)",
    )


def test_rows_that_differ_in_one_modality_are_not_repeated(small: Make) -> None:
    data = splits(small)
    test = copied(data.train, data.test, {0: 9})
    changed = test.features["video"].copy()
    changed[0, -1] += 1
    assert overlaps(replace(data, test=test.with_modalities(features={"video": changed}))) == ()


def test_rows_of_zeros_are_no_repetition(small: Make) -> None:
    data = splits(small)
    empty = dict.fromkeys(range(4), 0)
    train, test = (copied(split, split, empty, scale=0) for split in (data.train, data.test))
    negative = test.with_modalities(features={name: -rows for name, rows in test.features.items()})
    assert overlaps(replace(data, train=train, test=test)) == ()
    assert overlaps(replace(data, train=train, test=negative)) == ()


def test_zero_and_minus_zero_are_the_same(small: Make) -> None:
    data = splits(small)
    train, test = data.train, copied(data.train, data.test, {2: 3})
    zeros = [split.features["video"].copy() for split in (train, test)]
    zeros[0][3, 0], zeros[1][2, 0] = 0.0, -0.0
    train, test = (
        split.with_modalities(features={"video": rows}) for split, rows in zip((train, test), zeros, strict=True)
    )
    assert len(overlaps(replace(data, train=train, test=test))) == 1


def test_with_one_modality_a_row_said_again_counts_only_as_part_of_a_passage(small: Make) -> None:
    data = splits(small, ("text",))
    two = copied(data.train, data.test, {3: 3, 4: 4, 9: 9})
    three = copied(data.train, data.test, {3: 3, 4: 4, 5: 5, 9: 9})
    alike = copied(data.train, data.test, {3: 3, 4: 3, 5: 3})
    assert overlaps(replace(data, test=two)) == ()
    assert overlaps(replace(data, test=three)) == (
        "3 of 14 utterances of test have exactly the features of one of train (the first: test_3, as train_3)",
    )
    assert overlaps(replace(data, train=copied(alike, data.train, {3: 3, 4: 4, 5: 5}), test=alike)) == ()


def test_a_passage_does_not_reach_over_the_end_of_a_dialogue(small: Make) -> None:
    data = splits(small, ("text",))
    assert overlaps(replace(data, test=copied(data.train, data.test, {1: 1, 2: 2, 3: 3}))) == ()


def test_the_summary_of_a_data_set_tells_it(small: Make) -> None:
    data = splits(small)
    shown = summary(replace(data, test=copied(data.train, data.test, {0: 9})))
    assert "overlap      1 of 14 utterances of test have exactly the features of one of" in shown
    assert "overlap" not in summary(data)
