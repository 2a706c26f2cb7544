"""The record of what stresses did to each utterance."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from emobench.benchmark.conditions import Condition, expand
from emobench.benchmark.context import Context
from emobench.benchmark.conversations import Conversations
from emobench.benchmark.errors import RunFolderError
from emobench.benchmark.randomness import Randomness
from emobench.benchmark.spool import pack
from emobench.benchmark.stress_records import StressRecords, merge_stresses, stress_table
from emobench.benchmark.trace import AddedNoise, Trace
from emobench.protocols.base import DataFacts

Make = Callable[..., Conversations]
FACTS = DataFacts(("text", "audio", "video"), speakers=2, turns=9)


def condition(text: str) -> Condition:
    (made,) = expand(text, FACTS).conditions
    return made


def test_masks_are_those_of_the_stress(small: Make) -> None:
    clean = small(lengths=(4, 3))
    for signal, told in (("told", True), ("silent", False)):
        hit = condition(f"modality_drop:drop=audio,rate=0.5,signal={signal}").apply(clean, seed=0, training={})
        columns = stress_table("x", 2, clean, hit).to_pydict()
        missing = ~hit.present["audio"]
        assert 0 < missing.sum() < 7
        assert columns["missing_audio"] == missing.astype(int).tolist()
        assert columns["told_audio"] == (missing & told).astype(int).tolist()
        assert columns["missing_text"] == [0] * 7
        assert columns["context"] == [[0, 1, 2, 3]] * 4 + [[0, 1, 2]] * 3
        assert (columns["condition"], columns["draw"]) == (["x"] * 7, [2] * 7)
        assert columns["speaker"] == clean.speaker.tolist()


def test_rows_are_those_of_the_utterances_read_in_their_order(small: Make) -> None:
    clean = small(lengths=(2,))
    doubled = clean.take_rows(
        np.array([0, 1, 1]), dialogue=np.array([0, 0, 1]), origin=np.array([0, 0]), target=np.array([0, -1, 1])
    )
    columns = stress_table("x", 0, clean, doubled).to_pydict()
    assert columns["utterance"] == [0, 1]
    assert columns["context"] == [[0, 1], [1]]
    assert columns["position"] == [0, 0]
    linked = stress_table("x", 0, clean, clean.change(links=Context("future"))).to_pydict()
    assert linked["context"] == [[0], [0, 1]]


def test_the_context_of_each_row_is_of_its_own_dialogue(small: Make) -> None:
    clean = small(lengths=(2, 3, 1))
    columns = stress_table("x", 0, clean, clean).to_pydict()
    assert columns["context"] == [[0, 1]] * 2 + [[0, 1, 2]] * 3 + [[0]]
    linked = stress_table("x", 0, clean, clean.change(links=Context("future"))).to_pydict()
    assert linked["context"] == [[0], [0, 1], [0], [0, 1], [0, 1, 2], [0]]
    first_only = clean.change(target=np.array([-1, 0, 1, -1, 2, -1]), links=Context("future"))
    assert stress_table("x", 0, clean, first_only).to_pydict()["context"] == [[0, 1], [0], [0, 1, 2]]


def test_hidden_noisy_and_moved_features_are_told_apart(small: Make) -> None:
    clean = small(lengths=(2,))
    hidden = np.array([[True, False, False, True], [False, True, False, False]])
    trace = Trace(
        hidden={"text": hidden},
        noise={"audio": (AddedNoise(np.ones(5), np.array([True, False])),)},
        source={"video": np.array([0, 0])},
    )
    columns = stress_table("x", 0, clean, clean.change(trace=trace)).to_pydict()
    assert columns["hidden_text"] == [bytes([0b10010000]), bytes([0b01000000])]
    assert columns["hidden_audio"] == [b"", b""]
    assert (columns["noisy_audio"], columns["noisy_text"]) == ([1, 0], [0, 0])
    assert (columns["source_video"], columns["source_text"]) == ([0, 0], [0, 1])


def test_seeds_are_enough_to_draw_the_masks_again(small: Make, tmp_path: Path) -> None:
    clean, made = small(lengths=(4, 3)), condition("modality_drop:drop=audio,rate=0.5")
    records = StressRecords(tmp_path / "s.parquet", seed=3)
    for draw in range(2):
        hit = made.apply(clean, seed=3, training={}, draw=draw)
        records.note(made, draw, pack(stress_table(made.text, draw, clean, hit)))
    records.write({made.text})
    table = pq.read_table(tmp_path / "s.parquet")
    purposes = json.loads(table.schema.metadata[b"emobench.randomness"])
    for draw in range(2):
        ((seed, *words),) = purposes[f"{made.text} {draw}"]
        missing = [
            int(number < 0.5)
            for name, turns in zip(clean.dialogue_ids, (4, 3), strict=True)
            for number in Randomness(seed, (*words, "audio", name)).generator().random(turns)
        ]
        drawn = [row["missing_audio"] for row in table.to_pylist() if row["draw"] == draw]
        assert drawn == missing


def test_what_was_noted_before_is_kept_as_long_as_it_is_wanted(small: Make, tmp_path: Path) -> None:
    clean, path = small(), tmp_path / "stresses" / "s.parquet"
    first, second = condition("modality_drop:drop=audio"), condition("modality_drop:drop=text")
    records = StressRecords(path, seed=0)
    records.write({first.text})
    assert not path.exists(), "nothing to write"
    records.note(first, 0, pack(stress_table(first.text, 0, clean, first.apply(clean, seed=0, training={}))))
    records.write({first.text})
    stamp = path.stat().st_mtime_ns
    records.write({first.text})
    assert path.stat().st_mtime_ns == stamp, "nothing has changed"
    later = StressRecords(path, seed=0)
    later.note(second, 0, pack(stress_table(second.text, 0, clean, second.apply(clean, seed=0, training={}))))
    later.write([first.text, second.text])
    texts = [first.text] * len(clean) + [second.text] * len(clean)
    assert pq.read_table(path)["condition"].to_pylist() == texts
    last = StressRecords(path, seed=0)
    last.note(second, 0, pack(stress_table(second.text, 0, clean, second.apply(clean, seed=0, training={}))))
    last.write({second.text})
    assert pq.read_table(path)["condition"].to_pylist() == [second.text] * len(clean)


def test_a_draw_without_its_purposes_is_no_record(small: Make, tmp_path: Path) -> None:
    path, made = tmp_path / "s.parquet", condition("modality_drop:drop=audio")
    records = StressRecords(path, seed=0)
    records.note(made, 0, pack(stress_table(made.text, 0, small(), made.apply(small(), seed=0, training={}))))
    records.write({made.text})
    for said in (b"{}", b"[]", b"null"):
        pq.write_table(pq.read_table(path).replace_schema_metadata({b"emobench.randomness": said}), path)
        with pytest.raises(RunFolderError, match=r"s\.parquet is damaged; run the same `emobench run` again"):
            merge_stresses([path], tmp_path / "into.parquet", [made.text])


def test_a_damaged_record_is_written_anew(small: Make, tmp_path: Path) -> None:
    path, made = tmp_path / "s.parquet", condition("modality_drop:drop=audio")
    path.write_bytes(b"PAR1 no more")
    records = StressRecords(path, seed=0)
    records.note(made, 0, pack(stress_table(made.text, 0, small(), made.apply(small(), seed=0, training={}))))
    records.write({made.text})
    assert set(pq.read_table(path)["condition"].to_pylist()) == {made.text}


def test_an_interrupt_while_a_stress_is_noted_costs_that_stress_only(
    small: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clean, path = small(), tmp_path / "s.parquet"
    first, second = condition("modality_drop:drop=audio"), condition("modality_drop:drop=text")
    records = StressRecords(path, seed=0)
    records.note(first, 0, pack(stress_table(first.text, 0, clean, first.apply(clean, seed=0, training={}))))

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    for place in ("Spool.put", "Condition.randomness"):
        with monkeypatch.context() as patched:
            patched.setattr(f"emobench.benchmark.stress_records.{place}", interrupted)
            with pytest.raises(KeyboardInterrupt):
                records.note(second, 0, pack(stress_table(second.text, 0, clean, clean)))
    records.write([first.text, second.text])
    assert set(pq.read_table(path)["condition"].to_pylist()) == {first.text}


def test_the_file_is_the_same_in_whatever_order_stresses_were_noted(small: Make, tmp_path: Path) -> None:
    clean, rate = small(), condition("modality_drop:rate=0.5")
    order = [condition("modality_drop:drop=audio"), rate]
    drawn = [(order[0], 0), (rate, 0), (rate, 1)]

    def note(records: StressRecords, made: Condition, draw: int) -> None:
        stressed = made.apply(clean, seed=0, training={}, draw=draw)
        records.note(made, draw, pack(stress_table(made.text, draw, clean, stressed)))

    for name, noted in (("once.parquet", [drawn]), ("by_and_by.parquet", [drawn[2:], drawn[1:2], drawn[:1]])):
        for some in noted:
            records = StressRecords(tmp_path / name, seed=0)
            for made, draw in some:
                note(records, made, draw)
            records.write([made.text for made in order])
    assert (tmp_path / "once.parquet").read_bytes() == (tmp_path / "by_and_by.parquet").read_bytes()


def test_the_file_of_all_planned_draws_is_there_as_soon_as_the_last_is_noted(
    small: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clean, first, rate = small(), condition("modality_drop:drop=audio"), condition("modality_drop:rate=0.5")
    planned = [(first, 0), (rate, 0), (rate, 1)]
    texts = [first.text, rate.text]

    def record(name: str, noted: list[tuple[Condition, int]], planned: list[tuple[Condition, int]]) -> bytes:
        path = tmp_path / name
        records = StressRecords(path, seed=3, planned=planned)
        for made, draw in noted:
            stressed = made.apply(clean, seed=3, training={}, draw=draw)
            records.note(made, draw, pack(stress_table(made.text, draw, clean, stressed)))
        records.write(texts)
        return path.read_bytes()

    at_the_end = {len(noted): record(f"end of {len(noted)}", noted, []) for noted in (planned, planned[:2])}
    # A draw that never comes, or one that nobody planned: the file is written anew, with the purposes of what it holds.
    assert record("fewer", planned[:2], planned) == at_the_end[2]
    assert record("more", planned, planned[:2]) == at_the_end[3]
    assert record("other order", planned[::-1], planned) == at_the_end[3]
    monkeypatch.delattr(StressRecords, "_tables")
    assert record("ahead", planned, planned) == at_the_end[3]
    assert len(list(tmp_path.iterdir())) == 6, "nothing is left beside the files"
