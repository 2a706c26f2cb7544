"""CSV files, read strictly."""

import codecs
from pathlib import Path

import numpy as np
import pytest

from emobench.benchmark.datasets.csv_files import read_lines, read_numbers, read_records, read_text, require_files
from emobench.benchmark.errors import DataError


def write(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "file.csv"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("It’s — “fine” é".encode(), "It’s — “fine” é"),
        (codecs.BOM_UTF8 + b"a", "a"),
        # The same characters as Windows-1252 bytes, alone and beside good UTF-8.
        (b"It\x92s \x97 \x93fine\x94 \xe9", "It’s — “fine” é"),
        (b"It\x92s " + "it’s".encode(), "It’s it’s"),
        # Windows-1252 taken for Latin-1 and then written as UTF-8.
        ("It\x92s\x85".encode(), "It’s…"),
        (b"a\r\nb\n", "a\r\nb\n"),
    ],
)
def test_text_is_utf8_and_stray_windows_1252_is_repaired(tmp_path: Path, content: bytes, text: str) -> None:
    assert read_text(write(tmp_path, content)) == text


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            "a\nb".encode("utf-16"),
            "{path}, line 1: expected UTF-8 text, got a zero byte; is it UTF-16? Save it as UTF-8",
        ),
        (
            b"a\nb\n\x81c\x92",
            "{path}, line 3: expected UTF-8 text, got the byte 0x81, which is no Windows-1252 either; save it as UTF-8",
        ),
        (
            "a\nb\x9d".encode(),
            "{path}, line 2: expected UTF-8 text, got the byte 0x9d, which is no Windows-1252 either; save it as UTF-8",
        ),
    ],
)
def test_other_encodings_are_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = write(tmp_path, content)
    with pytest.raises(DataError) as caught:
        read_text(path)
    assert str(caught.value) == message.format(path=path)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"^cannot read .*absent: No such file or directory$"):
        read_text(tmp_path / "absent")


def test_lines_are_counted_in_the_file_whatever_the_cells_hold(tmp_path: Path) -> None:
    lines = read_lines(write(tmp_path, b'a,"b\nb"\r\n\r\nc,"d ""e"""\n'))
    assert [(line.number, line.cells) for line in lines] == [(1, ("a", "b\nb")), (4, ("c", 'd "e"'))]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "{path}, line 1: the file is empty"),
        (b"\n\n", "{path}, line 1: the file is empty"),
        (b'a,b\nc,"d', "{path}, line 2: not readable as CSV (unexpected end of data); is the file complete?"),
        (b'a,b\n"c"d,e', "{path}, line 2: not readable as CSV (',' expected after '\"'); is the file complete?"),
    ],
)
def test_what_is_no_csv_is_named_by_line(tmp_path: Path, content: bytes, message: str) -> None:
    path = write(tmp_path, content)
    with pytest.raises(DataError) as caught:
        read_lines(path)
    assert str(caught.value) == message.format(path=path)


def test_records_go_by_the_name_of_the_column(tmp_path: Path) -> None:
    [record] = read_records(write(tmp_path, b"more,label, number \nx, joy ,7\n"), ("label", "number"))
    assert (record.text("label"), record.integer("number"), record.index("label", ("sad", "joy"))) == ("joy", 7, 1)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a,c\n1,2\n", "{path}, line 1: expected a column 'b', got a, c"),
        (b"a,b\n1\n", "{path}, line 2: expected 2 columns (as in line 1), got 1; is the file complete?"),
        (b"a,b\n1,2\n1,2,3\n", "{path}, line 3: expected 2 columns (as in line 1), got 3; is the file complete?"),
    ],
)
def test_wrong_columns_are_named(tmp_path: Path, content: bytes, message: str) -> None:
    path = write(tmp_path, content)
    with pytest.raises(DataError) as caught:
        read_records(path, ("a", "b"))
    assert str(caught.value) == message.format(path=path)


def test_cells_that_cannot_be_are_named(tmp_path: Path) -> None:
    path = write(tmp_path, "label,number\n ,-1\njoi,²\n".encode())
    empty, wrong = read_records(path, ("label",))
    for read, message in (
        (lambda: empty.text("label"), "line 2: expected something in label, got an empty cell"),
        (lambda: empty.integer("number"), "line 2: expected a whole number in number, got '-1'"),
        (lambda: wrong.integer("number"), "line 3: expected a whole number in number, got '²'"),
        (lambda: wrong.index("label", ("joy", "sad")), "line 3: unknown label 'joi'; did you mean 'joy'?"),
    ):
        with pytest.raises(DataError) as caught:
            read()
        assert str(caught.value) == f"{path}, {message}"


def test_numbers_keep_their_lines(tmp_path: Path) -> None:
    numbers = read_numbers(write(tmp_path, b'"1","2.5"\n\n-1e3,0\n'), 2, "two")
    np.testing.assert_array_equal(numbers.values, [[1, 2.5], [-1000, 0]])
    assert numbers.place(1).endswith("file.csv, line 3")


@pytest.mark.parametrize("cell", ["nan", "inf", "-Infinity", "1e39", "", "one"])
def test_a_number_that_is_none_is_named(tmp_path: Path, cell: str) -> None:
    path = write(tmp_path, f"1,2\n3,{cell}\n".encode())
    with pytest.raises(DataError) as caught:
        read_numbers(path, 2, "two")
    assert str(caught.value) == f"{path}, line 2: expected a finite number in column 2, got {cell!r}"


def test_a_wrong_width_says_what_the_columns_are(tmp_path: Path) -> None:
    path = write(tmp_path, b"1,2\n3\n")
    with pytest.raises(
        DataError, match=r"line 2: expected 2 columns \(1 feature, label\), got 1; is the file complete\?$"
    ):
        read_numbers(path, 2, "1 feature, label")


def test_the_folder_must_hold_the_files(tmp_path: Path) -> None:
    def message(source: Path) -> str:
        with pytest.raises(DataError) as caught:
            require_files(source, ("a.csv", "b/c.csv"), "corpus")
        start = f"expected the folder with the published files of corpus, but {source} "
        assert str(caught.value).startswith(start)
        return str(caught.value).removeprefix(start)

    folder = tmp_path / "folder"
    assert message(folder) == "does not exist"
    folder.mkdir()
    assert message(folder) == "is empty"
    (folder / "a.csv").write_text("")
    assert message(folder / "a.csv") == "is a file"
    assert message(folder) == "has no b/c.csv"
    (folder / "b" / "c.csv").mkdir(parents=True)
    assert message(folder) == "has no b/c.csv"
    (folder / "b" / "c.csv").rmdir()
    (folder / "b" / "c.csv").write_text("")
    require_files(folder, ("a.csv", "b/c.csv"), "corpus")
    with pytest.raises(DataError, match=r"has no 0, 1, 2 and 2 more$"):
        require_files(folder, tuple("01234"), "corpus")
