"""CMU-MOSI from files in the published layout."""

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from emobench.benchmark.conversations import DataSplits
from emobench.benchmark.datasets import mosi
from emobench.benchmark.datasets.mosi import Mosi, validation_videos
from emobench.benchmark.datasets.utterances import Count
from emobench.benchmark.errors import DataError
from emobench.benchmark.progress import silent

Edit = Callable[[Path, int, Callable[[str], str]], None]


def convert(folder: Path, *, partial: bool = True, text_encoder: str = "") -> DataSplits:
    return Mosi().convert(folder, partial=partial, text_encoder=text_encoder, progress=silent)


def message(folder: Path, *, partial: bool = True) -> str:
    with pytest.raises(DataError) as caught:
        convert(folder, partial=partial)
    assert "\n" not in str(caught.value)
    return str(caught.value).removeprefix(f"{folder}/")


def test_utterances_come_in_the_order_of_their_number(mosi_folder: Path) -> None:
    splits = convert(mosi_folder)
    for split in (splits.train, splits.validation, splits.test):
        numbers = np.array([int(name.rpartition("_")[2]) for name in split.utterance_ids])
        np.testing.assert_array_equal(numbers, split.turn + 1)
        np.testing.assert_array_equal(split.label, numbers % 2)
        for modality in ("text", "audio", "video"):
            # The builder writes the number of the utterance into the first feature.
            np.testing.assert_array_equal(split.features[modality][:, 0], numbers)
        assert split.transcripts is not None
        assert all(
            text == f"{name.rpartition('_')[0]} SAYS {name.rpartition('_')[2]}"
            for text, name in zip(split.transcripts, split.utterance_ids, strict=True)
        )
        assert not split.speaker.any()


def test_videos_go_to_their_splits(mosi_folder: Path) -> None:
    splits = convert(mosi_folder)
    assert splits.test.dialogue_ids == ("dd", "ee")
    # Three videos: a share of 13 in 62 rounds to one, the one whose SHA-256 sorts first.
    first = min(("aa_1", "bb", "c-c"), key=lambda video: hashlib.sha256(video.encode()).hexdigest())
    assert splits.validation.dialogue_ids == (first,)
    assert set(splits.train.dialogue_ids) == {"aa_1", "bb", "c-c"} - {first}
    assert splits.train.widths == {"text": 100, "audio": 73, "video": 100}
    assert list(splits.train.widths) == ["text", "audio", "video"]
    assert [split.split for _, split in splits.items()] == ["train", "validation", "test"]
    assert splits.data == "mosi"
    assert splits.train.classes == ("negative", "positive")
    assert len(splits.leaks) == 2
    assert "research" in splits.licence


def test_validation_does_not_depend_on_the_order_and_takes_13_of_62() -> None:
    videos = [f"video {number}" for number in range(62)]
    chosen = validation_videos(videos)
    assert len(chosen) == 13
    assert chosen == validation_videos(videos[::-1])
    hashes = {video: hashlib.sha256(video.encode()).hexdigest() for video in videos}
    assert max(hashes[video] for video in chosen) < min(hashes[video] for video in set(videos) - chosen)
    assert len(validation_videos(["a", "b"])) == 1


def test_one_training_video_is_too_few() -> None:
    with pytest.raises(DataError, match="expected two or more videos, one of them for validation, got 1"):
        validation_videos(["a"])


def content_of(splits: DataSplits) -> dict[str, str]:
    return {
        modality: hashlib.sha256(
            b"".join(split.features[modality].tobytes() for _, split in splits.items())
        ).hexdigest()
        for modality in ("text", "audio", "video")
    }


def test_published_counts_and_content_are_demanded(mosi_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert message(mosi_folder, partial=False).startswith("mosi, train: expected 62 dialogues and 1447 utterances")
    monkeypatch.setattr(mosi, "PUBLISHED", {"train": Count(3, 17), "test": Count(2, 5)})
    assert message(mosi_folder, partial=False) == (
        "mosi: text/text_train0.csv and text/text_test0.csv do not hold the published features in the published "
        "order; if you mean to use others, --partial accepts them"
    )
    splits = convert(mosi_folder)
    monkeypatch.setattr(mosi, "PUBLISHED_CONTENT", content_of(splits))
    assert convert(mosi_folder, partial=False).fingerprint == splits.fingerprint


def test_rows_swapped_within_a_class_are_found_by_content(mosi_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mosi, "PUBLISHED", {"train": Count(3, 17), "test": Count(2, 5)})
    monkeypatch.setattr(mosi, "PUBLISHED_CONTENT", content_of(convert(mosi_folder)))
    audio = mosi_folder / "audio" / "audio_train0.csv"
    lines = audio.read_text(encoding="utf-8").splitlines(keepends=True)
    audio.write_text("".join([lines[1], lines[0], *lines[2:]]), encoding="utf-8")
    assert message(mosi_folder, partial=False).startswith("mosi: audio/audio_train0.csv and audio/audio_test0.csv do")


def test_a_text_encoder_is_not_for_mosi(mosi_folder: Path) -> None:
    with pytest.raises(DataError, match=r"^mosi comes with its own text features; leave --text-encoder out$"):
        convert(mosi_folder, text_encoder="x")


def reverse(path: Path) -> None:
    path.write_text("".join(path.read_text(encoding="utf-8").splitlines(keepends=True)[::-1]), encoding="utf-8")


def test_reordered_files_are_found(mosi_folder: Path, tmp_path: Path) -> None:
    for file in ("audio/audio_train0.csv", "video/video_test0.csv", "text/text_train0.csv", "text_train.csv"):
        copy = tmp_path / "copy"
        shutil.copytree(mosi_folder, copy)
        reverse(copy / file)
        found = message(copy)
        assert "; the file is re-ordered or mislabelled" in found
        # text_train.csv is the index itself: the first file that does not follow it is named.
        assert found.startswith(f"{file if '/' in file else 'text/text_train0.csv'}, line 1: expected the label")
        shutil.rmtree(copy)


def test_text_rows_swapped_within_a_class_are_found(mosi_folder: Path) -> None:
    text = mosi_folder / "text" / "text_train0.csv"
    lines = text.read_text(encoding="utf-8").splitlines(keepends=True)
    text.write_text("".join([lines[0], lines[2], lines[1], *lines[3:]]), encoding="utf-8")
    assert message(mosi_folder) == (
        f"text/text_train0.csv, line 2: expected the text features of {mosi_folder}/text_train.csv, line 2, "
        "got others; one of the two files is re-ordered"
    )


NO_NAME = "expected a name of the form VIDEO_NUMBER, got 'aa'"
NO_NUMBER = "expected a whole number in the number of the utterance, got 'b'"
NO_ROW = "expected a row of transcripts.csv from 0 to 21 in column 1, got"
MISLABELLED = "expected the label 1 that transcripts.csv has for bb_1, got 0; the file is re-ordered or mislabelled"


@pytest.mark.parametrize(
    ("file", "line", "old", "new", "expected"),
    [
        ("transcripts.csv", 2, ',"0"', ',"2"', "expected the label 0 or 1, got '2'"),
        ("transcripts.csv", 2, ',"0"', "", "expected 4 columns (name, text, number, label), got 3"),
        ("transcripts.csv", 2, "aa_1_2", "aa", NO_NAME),
        ("transcripts.csv", 2, "aa_1_2", "aa_b", NO_NUMBER),
        ("transcripts.csv", 2, "aa_1 SAYS 2", " ", "expected what was said in aa_1_2, got an empty cell"),
        ("audio/audio_train0.csv", 3, ',"1.0"', ',"0.0"', MISLABELLED),
        ("video/video_test0.csv", 1, ',"1.0"', ',"nan"', "expected a finite number in column 101, got 'nan'"),
        ("video/video_test0.csv", 1, ',"1.0"', "", "expected 101 columns (100 features, label), got 100"),
        ("text_test.csv", 1, '"17",', '"22",', f"{NO_ROW} 22"),
        ("text_test.csv", 1, '"17",', '"17.5",', f"{NO_ROW} 17.5"),
    ],
)
def test_wrong_cells_are_named_by_file_and_line(
    mosi_folder: Path, edit: Edit, file: str, line: int, old: str, new: str, expected: str
) -> None:
    def rewrite(text: str) -> str:
        assert old in text
        # From the right, because the label stands last.
        return new.join(text.rsplit(old, 1))

    edit(mosi_folder / file, line, rewrite)
    assert message(mosi_folder).startswith(f"{file}, line {line}: {expected}")


def test_a_label_that_only_the_transcripts_have_is_named(mosi_folder: Path, edit: Edit) -> None:
    edit(mosi_folder / "transcripts.csv", 2, lambda line: line.replace(',"0"', ',"1"'))
    # The first file that is compared with the transcripts; aa_1_2 stands behind the positive utterances there.
    assert message(mosi_folder).startswith(
        "text/text_train0.csv, line 10: expected the label 1 that transcripts.csv has for aa_1_2, got 0"
    )


def test_a_file_with_a_line_less_is_named(mosi_folder: Path, edit: Edit) -> None:
    edit(mosi_folder / "audio" / "audio_test0.csv", 5, lambda _: "")
    assert message(mosi_folder) == (
        f"audio/audio_test0.csv: expected 5 lines as in {mosi_folder}/text_test.csv, got 4; is the file complete?"
    )


def test_an_utterance_in_both_parts_is_named(mosi_folder: Path) -> None:
    for file in ("text_{}.csv", "text/text_{}0.csv", "audio/audio_{}0.csv", "video/video_{}0.csv"):
        first = (mosi_folder / file.format("train")).read_text(encoding="utf-8").splitlines(keepends=True)[0]
        with (mosi_folder / file.format("test")).open("a", encoding="utf-8", newline="") as test:
            test.write(first)
    assert message(mosi_folder) == (
        f"text_test.csv, line 6: utterance aa_1_1 is already at {mosi_folder}/text_train.csv, line 1"
    )
