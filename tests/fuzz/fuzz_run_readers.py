"""Readers of run folders, file by file and as a whole."""

import io
import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow.parquet as pq
from fuzz_bytes import damaged
from fuzz_draws import Draw
from fuzz_formats import hostile_json, hostile_parquet
from fuzz_inputs import STARTED, Input, Make, Reader
from fuzz_places import put_in_place
from scoring_runs import Run

from emobench.benchmark.prediction_files import PredictionFile, conditions_in
from emobench.benchmark.run_folder import RunFolder
from emobench.benchmark.stress_records import merge_stresses
from emobench.benchmark.utterance_file import read_utterances

Read = Callable[[RunFolder, Path], object]
"""Reads a run folder; the path is one to write into."""


def _record(kept: Path) -> Make:
    from fake_run import make_run

    value = json.loads(make_run(kept / "run").record_path.read_text(encoding="utf-8"))
    older = {**value, "schema_version": 1}
    older = {name: inner for name, inner in older.items() if name not in ("hidden", "suites", "stress_draws")}

    def input_of(draw: Draw, folder: Path) -> Input:
        run = RunFolder(folder)
        run.record_path.write_bytes(hostile_json(draw, older if draw.chance(0.25) else value))
        if draw.chance(0.02):
            put_in_place(draw, run.record_path)
        return Input(run.read_record if draw.chance(0.5) else run.read_older)

    return input_of


def _parquet(
    path_in: Callable[[RunFolder], Path], write: Callable[[Path], RunFolder], read: Read
) -> Callable[[Path], Make]:
    """Return what makes run folders one Parquet file of which is damaged."""

    def prepare(kept: Path) -> Make:
        whole = write(kept / "run")
        path = path_in(whole)
        name, content = path.relative_to(whole.path), path.read_bytes()
        table = pq.read_table(io.BytesIO(content)).slice(0, 90)
        record = whole.record_path.read_bytes()

        def input_of(draw: Draw, folder: Path) -> Input:
            run = RunFolder(folder / "run")
            target = run.path / name
            target.parent.mkdir(parents=True)
            run.record_path.write_bytes(record)
            target.write_bytes(damaged(draw, content) if draw.chance(0.3) else hostile_parquet(draw, table))
            if draw.chance(0.03):
                put_in_place(draw, target)
            return Input(lambda: read(run, target))

        return input_of

    return prepare


def _small(path: Path) -> RunFolder:
    return Run(models=("gated",), seeds=(0,), validation=True).write(path)


def _shown(path: Path) -> RunFolder:
    from fake_latency import with_latencies
    from fake_outputs import add_outputs
    from fake_run import make_run

    return with_latencies(add_outputs(make_run(path, models=("rage_fusion", "late_fusion"), dialogues=6)))


def _read_predictions(run: RunFolder, path: Path) -> object:
    found = conditions_in(path)
    with PredictionFile(path) as file:
        return [file.read(text) for text in (*found[:3], "clean")]


def _read_said(run: RunFolder, path: Path) -> object:
    from emobench.reports.outputs import read_said

    return read_utterances(run), read_said(run)


def _read_columns(run: RunFolder, path: Path) -> object:
    from emobench.benchmark.scoring import _stored_key
    from emobench.reports.result_columns import read_columns

    return _stored_key(run), read_columns(run)


def _read_compared(run: RunFolder, path: Path) -> object:
    from emobench.reports.comparisons import comparisons_of

    return comparisons_of(run)


def _compared(path: Path) -> RunFolder:
    from emobench.benchmark.comparisons import Asking, compare

    run = Run(models=("gated", "late"), seeds=(0,)).write(path)
    compare([run.path], Asking(metrics=("ece", "nll")))
    return run


def _stresses(kept: Path) -> Make:
    from scoring_runs import conversations

    from emobench.benchmark.conditions import expand
    from emobench.benchmark.spool import pack
    from emobench.benchmark.stress_records import StressRecords, stress_table
    from emobench.protocols.base import DataFacts

    clean, texts = conversations(), ("modality_drop:drop=audio", "modality_drop:rate=0.2")
    path = kept / "stresses.parquet"
    records = StressRecords(path, seed=0)
    for text in texts:
        (condition,) = expand(text, DataFacts.of(clean)).conditions
        records.note(condition, 0, pack(stress_table(text, 0, clean, condition.apply(clean, seed=0, training={}))))
    records.write(texts)
    content = path.read_bytes()
    table = pq.read_table(io.BytesIO(content))

    def input_of(draw: Draw, folder: Path) -> Input:
        one, other = folder / "one.parquet", folder / "other.parquet"
        one.write_bytes(damaged(draw, content) if draw.chance(0.4) else hostile_parquet(draw, table))
        other.write_bytes(content)
        if draw.chance(0.03):
            put_in_place(draw, one)
        paths = draw.choice(((one, other), (other, one), (one,)))
        return Input(lambda: (merge_stresses(paths, folder / "into.parquet", texts), StressRecords(one, seed=0)))

    return input_of


def _latencies(kept: Path) -> Make:
    import hashlib

    from emobench.benchmark.gate.timings import timings_of
    from emobench.benchmark.latency.files import json_path, read_samples, samples_path

    whole = _shown(kept / "run")
    value, content = json.loads(json_path(whole).read_text(encoding="utf-8")), samples_path(whole).read_bytes()
    table = pq.read_table(io.BytesIO(content)).slice(0, 200)

    def input_of(draw: Draw, folder: Path) -> Input:
        run, told, samples = RunFolder(folder), value, content
        if draw.chance(0.5):
            samples = hostile_parquet(draw, table)
            # A digest is no secret: whoever damages the one file can make the other fit.
            told = {**value, "samples": hashlib.sha256(samples).hexdigest()}
        samples_path(run).write_bytes(samples)
        json_path(run).write_bytes(json.dumps(told).encode() if told is not value else hostile_json(draw, value))
        if draw.chance(0.03):
            put_in_place(draw, draw.choice((samples_path(run), json_path(run))))
        return Input(lambda: (timings_of(run), read_samples(run)))

    return input_of


def _damage(draw: Draw, run: RunFolder) -> None:
    """Damage one or more files of a run folder."""
    files = [path for path in sorted(run.path.rglob("*")) if path.is_file()]
    main = [path for path in files if path.parent == run.path]
    for path in draw.sample(main if draw.chance(0.7) else files, draw.few(2)):
        content = path.read_bytes()
        way = draw.random()
        if way < 0.15:
            put_in_place(draw, path)
        elif path.suffix == ".json" and way < 0.9:
            path.write_bytes(hostile_json(draw, json.loads(content)))
        elif path.suffix == ".parquet" and way < 0.75:
            path.write_bytes(hostile_parquet(draw, pq.read_table(io.BytesIO(content))))
        else:
            path.write_bytes(damaged(draw, content))


def _whole(
    write: Callable[[Path], RunFolder], reads: Sequence[Read], *, allowed: tuple[str, ...] = ()
) -> Callable[[Path], Make]:
    """Return what makes run folders that are damaged anywhere."""

    def prepare(kept: Path) -> Make:
        whole = write(kept / "run")

        def input_of(draw: Draw, folder: Path) -> Input:
            run, out = RunFolder(folder / "run"), folder / "out"
            shutil.copytree(whole.path, run.path)
            _damage(draw, run)
            read = draw.choice(reads)
            return Input(lambda: read(run, out), allowed)

        return input_of

    return prepare


def _score(run: RunFolder, out: Path) -> object:
    from emobench.benchmark.scoring import score

    return score(run)


def _check(run: RunFolder, out: Path) -> object:
    from emobench.benchmark.gate.accepted import accept
    from emobench.benchmark.gate.check import check
    from emobench.benchmark.gate.rules import make_rule

    rule = make_rule({"metric": "ece", "limit": 0.5}, where="rule")
    return check(run.path, (rule,)), accept(run, out / "baseline.toml")


def _compare(run: RunFolder, out: Path) -> object:
    from emobench.benchmark.comparisons import Asking, compare

    return compare([run.path], Asking(metrics=("ece",)), out=out)


def _merge(run: RunFolder, out: Path) -> object:
    from emobench.benchmark.merging import merge

    other = _small(out.with_name("other"))
    return merge([run.path, other.path], out)


def _report(name: str) -> Read:
    def read(run: RunFolder, out: Path) -> object:
        from emobench.benchmark.registry import FORMATS, make

        return make(FORMATS, name).write(run)

    return read


def _summary(run: RunFolder, out: Path) -> object:
    from rich.console import Console

    from emobench.reports.terminal import summary

    with io.StringIO() as stream:
        Console(file=stream, width=80).print(summary(run))
        return stream.getvalue()


def _two(path: Path) -> RunFolder:
    return Run(models=("gated", "late"), seeds=(0, 1), validation=True, metrics=("ece", "accuracy", "f1")).write(path)


RUN_READERS = (
    Reader("run_record", 60, _record),
    Reader(
        "predictions", 40, _parquet(lambda run: run.predictions_path("gated", "small", 0), _small, _read_predictions)
    ),
    Reader("utterances", 25, _parquet(lambda run: run.utterances_path, _small, _read_said)),
    Reader("results", 25, _parquet(lambda run: run.results_path, _shown, _read_columns)),
    Reader("comparisons", 20, _parquet(lambda run: run.comparisons_path, _compared, _read_compared)),
    Reader("stresses", 20, _stresses),
    Reader("latencies", 20, _latencies),
    Reader("scored_run", 10, _whole(_two, (_score, _score, _check, _compare, _merge))),
    Reader("shown_run", 6, _whole(_shown, (_summary, _summary, _report("markdown")))),
    Reader("reported_run", 2, _whole(_shown, (_report("csv"), _report("html"), _report("latex")), allowed=STARTED)),
)
