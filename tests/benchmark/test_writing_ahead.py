"""Files that are written while their last tables are made: whole and as wanted, or not there."""

import gc
import threading
from collections.abc import Iterable
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from emobench.benchmark.errors import RunFolderError
from emobench.benchmark.files import write_whole
from emobench.benchmark.spool import pack
from emobench.benchmark.writing_ahead import WAITING, WritingAhead

PLACES = [("clean", 0), ("noise", 0), ("noise", 1)]


def table(number: int) -> pa.Table:
    return pa.table({"number": [number, number]})


def write(path: Path, tables: Iterable[pa.Table]) -> None:
    with write_whole(path) as temporary, pq.ParquetWriter(temporary, table(0).schema) as writer:
        for each in tables:
            writer.write_table(each)


def ahead(path: Path, places: list[tuple[str, int]]) -> WritingAhead:
    writing = WritingAhead(partial(write, path))
    for number, place in enumerate(places):
        writing.add(place, pack(table(number)))
    return writing


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "emobench writing"]


def test_what_was_added_as_wanted_is_there_when_it_is_finished(tmp_path: Path) -> None:
    path = tmp_path / "p.parquet"
    writing = ahead(path, PLACES)
    assert not path.exists()
    assert writing.finish(PLACES)
    assert pq.read_table(path)["number"].to_pylist() == [0, 0, 1, 1, 2, 2]
    assert [file.name for file in tmp_path.iterdir()] == ["p.parquet"]
    writing.drop()
    assert path.exists()
    assert not threads()


@pytest.mark.parametrize("added", [PLACES[:2], [*PLACES, ("order", 0)], PLACES[::-1], [PLACES[0], *PLACES]], ids=str)
def test_what_is_not_as_wanted_changes_nothing(tmp_path: Path, added: list[tuple[str, int]]) -> None:
    path = tmp_path / "p.parquet"
    path.write_bytes(b"what was there")
    assert not ahead(path, added).finish(PLACES)
    assert path.read_bytes() == b"what was there"
    assert [file.name for file in tmp_path.iterdir()] == ["p.parquet"]
    assert not threads()


def test_a_writer_that_is_dropped_or_forgotten_leaves_nothing(tmp_path: Path) -> None:
    writing = ahead(tmp_path / "p.parquet", PLACES)
    writing.drop()
    forgotten = ahead(tmp_path / "q.parquet", PLACES)
    assert threads()
    del forgotten
    gc.collect()
    assert not threads()
    assert not list(tmp_path.iterdir())


def test_a_writer_that_its_own_thread_forgets_does_not_wait_for_itself(tmp_path: Path) -> None:
    kept: list[WritingAhead] = []

    def forgetful(tables: Iterable[pa.Table]) -> None:
        next(iter(tables))
        kept.clear()
        write(tmp_path / "p.parquet", tables)

    kept.append(WritingAhead(forgetful))
    (thread,) = (thread for thread in threading.enumerate() if thread.name == "emobench writing")
    kept[0].add(PLACES[0], pack(table(0)))
    thread.join(60)
    assert not thread.is_alive()
    assert not list(tmp_path.iterdir())


def test_an_error_is_left_to_who_writes_the_file_anew(tmp_path: Path) -> None:
    def fails(tables: Iterable[pa.Table]) -> None:
        next(iter(tables))
        raise RunFolderError("the disk is full")

    writing = WritingAhead(fails)
    # More than may wait: nobody who adds tables is held up by a writer that has given up.
    places = [("clean", number) for number in range(3 * WAITING)]
    for place in places:
        writing.add(place, pack(table(0)))
    assert not writing.finish(places)
    assert not threads()


def test_no_more_than_a_few_tables_wait(tmp_path: Path) -> None:
    go, added = threading.Event(), []

    def slow(tables: Iterable[pa.Table]) -> None:
        go.wait()
        for _ in tables:
            pass

    writing = WritingAhead(slow)

    def add() -> None:
        for number in range(2 * WAITING):
            writing.add(("clean", number), pack(table(0)))
            added.append(number)

    adding = threading.Thread(target=add)
    adding.start()
    while len(added) < WAITING:
        pass
    adding.join(0.1)
    assert len(added) == WAITING
    go.set()
    adding.join()
    assert writing.finish([("clean", number) for number in range(2 * WAITING)])
