"""A made-up run that has the tables of papers: their suites, data sets and models, and ranks over five data sets."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from fake_conditions import MODALITIES
from fake_figures import CLASSES
from fake_hidden import add_hidden
from fake_run import make_run
from test_comparisons import one, write

from emobench.benchmark.files import write_table
from emobench.benchmark.paired_sources import Place
from emobench.benchmark.run_folder import RunFolder
from emobench.benchmark.run_record import ALL_SEEDS, RunRecord
from emobench.benchmark.suites import load_suite

MODELS = ("m3net", "m3net:preset=paper", "m3net+cmerc", "sure", "mister_e", "rage_fusion")
DATA = {
    ("happy", "sad", "neutral", "angry", "excited", "frustrated"): ("iemocap",),
    CLASSES: ("meld", "simulated", "simulated:seed=1"),
    ("negative", "positive"): ("mosi",),
}
"""Data sets by their classes."""
SUITES = (
    *(f"cmerc_table{number}" for number in (2, 4, 5, 6)),
    *("sure_table2", "sure_table3", "mister_e_table2", "rage_fusion_table3"),
)
SUM = "cel:form=sum,operator=mean,space=log"
RANKED = ("m3net", "sure", "mister_e", "rage_fusion")
_KEPT = {"audio/video": "text", "audio": "text/video"}
"""What is kept by what is dropped."""
_WHOLE = ("mce", "rmsce", "auroc", "average_precision")
_SHARES = ("uncertain_share:operator=mean", "uncertain_share:mode=graph,operator=mean")
_REMOVED = (*MODALITIES, "intra", "inter", "modalities", "contexts", "all")


def make_papers(path: Path) -> RunFolder:
    """Write a run of the suites of papers, clean input and modalities left alone, with ranks of four models."""
    parts = [
        make_run(
            path / "parts" / data[0], models=MODELS, data=data, classes=classes, seeds=(0,), dialogues=40,
            only=("clean", *(f"modality_drop:drop={dropped}" for dropped in _KEPT)),
            metrics=("weighted_f1", "accuracy", "ece", "signed_gap", "f1"),
        )
        for classes, data in DATA.items()
    ]  # fmt: skip
    frame = pd.concat([pd.read_parquet(part.results_path) for part in parts], ignore_index=True)
    more = [row for place, own in frame.groupby(["model", "data"]) for row in _further(own, *place)]
    frame = pd.concat([frame, pd.DataFrame(more, columns=frame.columns)], ignore_index=True)
    frame["condition"] = frame.condition.map(_kept)
    folder = RunFolder(path / "run")
    write_table(folder.results_path, pa.Table.from_pandas(frame, preserve_index=False))
    record = _together([part.read_record() for part in parts])
    folder.write_record(record.model_copy(update={"metrics": tuple(frame.metric.unique())}))
    _compare(folder, frame)
    return add_hidden(folder, {"m3net": 4})


def _kept(condition: str) -> str:
    name, _, dropped = condition.partition(":drop=")
    return f"{name}:keep={_KEPT[dropped]}" if dropped else condition


def _together(records: list[RunRecord]) -> RunRecord:
    first = records[0]
    conditions = tuple(one.model_copy(update={"text": _kept(one.text)}) for one in first.conditions)
    return first.model_copy(
        update={
            "conditions": conditions,
            "suites": tuple(load_suite(name) for name in SUITES),
            "data": tuple(data for record in records for data in record.data),
            "fits": tuple(fit for record in records for fit in record.fits),
            "cells": tuple(
                cell.model_copy(update={"condition": _kept(cell.condition)})
                for record in records
                for cell in record.cells
            ),
        }
    )


def _further(own: pd.DataFrame, model: str, data: str) -> Iterator[dict[str, object]]:
    rng = np.random.default_rng([len(model), len(data), MODELS.index(model)])
    base = {name: own[name].iloc[0] for name in own.columns} | {"condition": "clean", "seed": ALL_SEEDS}

    def figure(metric: str, part: str = "", times: float = 1.0) -> dict[str, object]:
        value, wide = times * rng.uniform(0.1, 0.9), times * rng.uniform(0.01, 0.05)
        return {**base, "metric": metric, "part": part, "value": value, "low": value - wide, "high": value + wide}

    yield from map(figure, _WHOLE)
    # Graphs have edges to lose, and other models have not.
    shares = _SHARES if model.startswith("m3net") else _SHARES[:1]
    yield from (figure(metric, part) for metric, part in product(shares, _REMOVED))
    yield figure(SUM, "all", 1000.0)


def _compare(folder: RunFolder, frame: pd.DataFrame) -> None:
    rows = frame[(frame.seed == ALL_SEEDS) & (frame.condition == "clean") & (frame.part == "")]
    value = {(row.model, row.data, row.metric): row.value for row in rows.itertuples()}
    first, *others = RANKED
    made = one()
    write(
        folder,
        [
            replace(
                made, place=Place(model, data, "clean"), reference=Place(first, data, "clean"), metric=metric,
                direction=direction, value=value[model, data, metric], reference_value=value[first, data, metric],
                difference=value[model, data, metric] - value[first, data, metric],
            )
            for metric, direction in (("ece", "lower"), ("weighted_f1", "higher"))
            for model, data in product(others, (name for names in DATA.values() for name in names))
        ],
    )  # fmt: skip
