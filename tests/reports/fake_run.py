"""A made-up run folder whose record and figures fit together: predictions are drawn, figures computed from them."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
from fake_conditions import MEANINGS, ladder, many, realised, skipped
from fake_figures import CLASSES, Row, model_rows, seeds_of, shares_of

from emobench.benchmark.files import write_table
from emobench.benchmark.run_folder import RunFolder
from emobench.benchmark.run_record import (
    RESULT_COLUMNS,
    CellRecord,
    ConditionRecord,
    DataRecord,
    EpochRecord,
    FitRecord,
    ModelRecord,
    RunRecord,
)

MODELS = ("rage_fusion", "late_fusion", "prior", "bayes_optimal")


def make_run(
    path: Path,
    *,
    models: Sequence[str] = ("rage_fusion", "bayes_optimal"),
    data: Sequence[str] = ("simulated",),
    classes: tuple[str, ...] = CLASSES,
    seeds: tuple[int, ...] = (0, 1),
    stresses: bool = False,
    sets: bool = False,
    only: Sequence[str] = (),
    metrics: Sequence[str] = (),
    dialogues: int = 120,
    selection: str = "validation",
    failed: Sequence[tuple[str, str, str]] = (),
    command: str = "emobench run --model rage_fusion --protocol modality_drop",
) -> RunFolder:
    """Write run.json and results.parquet.

    Parameters
    ----------
    stresses
        Many protocols, drawn three times, instead of one drawn once.
    sets
        Whether there are figures of prediction sets.
    only
        Texts of the conditions to keep; empty: all.
    metrics
        Names of the metrics to keep; empty: all.
    failed
        Model, condition (empty: the training) and reason of what is recorded as failed, on all data and seeds.
    """
    kept = tuple(c for c in (many() if stresses else ladder()) if not only or c.text in only)
    broken = {(model, condition): why for model, condition, why in failed}
    rows: list[Row] = []
    for name in data:
        for model in models:
            if (model, "") in broken:
                continue
            there = [c for c in kept if (model, c.text) not in broken and not _not_known(model, c)]
            rows += model_rows(model, name, there, classes, seeds, dialogues, drawn=stresses, sets=sets)
    frame = pd.DataFrame(rows, columns=list(RESULT_COLUMNS))
    if metrics:
        frame = frame[frame["metric"].isin(metrics)]
    folder = RunFolder(path)
    write_table(folder.results_path, pa.Table.from_pandas(frame, preserve_index=False))
    record = _record(kept, models, data, classes, seeds, dialogues, selection, broken)
    folder.write_record(record.model_copy(update={"command": command, **(_drawn(data) if stresses else {})}))
    return folder


def _record(
    kept: tuple[ConditionRecord, ...],
    models: Sequence[str],
    data: Sequence[str],
    classes: tuple[str, ...],
    seeds: tuple[int, ...],
    dialogues: int,
    selection: str,
    broken: Mapping[tuple[str, str], str],
) -> RunRecord:
    return RunRecord(
        command="",
        created="2030-01-02T03:04:05+00:00",
        versions={"emobench": "0.1.0", "Python": "3.11.7", "numpy": "2.4.6"},
        git_revision="0123456789ab",
        hardware={"processor": "Made-up CPU <8> & more", "cores": "2", "memory": "16 GiB", "device": "cpu"},
        seeds=seeds,
        stress_seed=0,
        selection="test" if selection == "test" else "validation",
        protocols=("modality_drop",),
        meanings=MEANINGS,
        data=tuple(_data_record(name, classes, dialogues, kept) for name in data),
        models=tuple(
            ModelRecord(
                name=m,
                summary=f"What {m} is.",
                uncalibrated=m.partition("+")[0],
                reference=m == "bayes_optimal",
            )
            for m in models
        ),
        conditions=kept,
        fits=tuple(
            _fit(m, d, s, selection, broken.get((m, "")))
            for d in data for m in models for s in seeds_of(m, seeds)
        ),
        cells=tuple(
            _cell(m, d, s, c, broken)
            for d in data for m in models if (m, "") not in broken for s in seeds_of(m, seeds) for c in kept
        ),
    )  # fmt: skip


def _drawn(data: Sequence[str]) -> dict[str, object]:
    return {"stress_draws": 3, "skipped": tuple(one for name in data for one in skipped(name))}


def _not_known(model: str, condition: ConditionRecord) -> bool:
    return model == "bayes_optimal" and bool(condition.unknown)


def _cell(
    model: str, data: str, seed: int, condition: ConditionRecord, broken: Mapping[tuple[str, str], str]
) -> CellRecord:
    place = {"model": model, "data": data, "condition": condition.text}
    if (model, condition.text) in broken:
        return CellRecord(**place, seed=seed, state="failed", why=broken[model, condition.text])
    if _not_known(model, condition):
        return CellRecord(**place, seed=seed, state="not applicable", why=f"not known because {condition.unknown}")
    return CellRecord(**place, seed=seed, state="done")


def _data_record(name: str, classes: tuple[str, ...], dialogues: int, kept: Sequence[ConditionRecord]) -> DataRecord:
    counts = tuple(int(100 * share) + 1 for share in shares_of(classes))
    return DataRecord(
        name=name,
        fingerprint="ab12" * 16,
        classes=classes,
        widths={"text": 64, "audio": 32, "video": 32},
        sizes={s: {"dialogues": dialogues, "utterances": sum(counts)} for s in ("train", "validation", "test")},
        label_counts={"train": counts, "validation": counts, "test": counts},
        licence="for research & teaching only",
        leaks=("text features were fitted on the training labels",),
        posterior="bayes_optimal" if name.startswith("simulated") else "",
        realised={condition.text: realised(condition) for condition in kept},
    )


def _fit(model: str, data: str, seed: int, selection: str, why: str | None) -> FitRecord:
    if why is not None:
        return FitRecord(model=model, data=data, seed=seed, state="failed", why=why)
    if model != "rage_fusion":
        return FitRecord(model=model, data=data, seed=seed, state="done", seconds=0.4, parameters=448)
    epochs = []
    for number in range(1, 15):
        rise, over = 1 - math.exp(-number / 3), max(0, number - 8) * 0.03
        scores = {
            "accuracy": 0.45 + 0.28 * rise,
            "weighted_f1": 0.4 + 0.3 * rise - over / 5,
            "macro_f1": 0.3 + 0.2 * rise,
            "nll": 1.6 - 0.8 * rise + over,
        }
        test = {name: value - 0.01 * math.sin(number + seed) for name, value in scores.items()}
        epochs.append(EpochRecord(number=number, train_loss=1.5 - 1.1 * rise, validation=scores, test=test))
    return FitRecord(
        model=model, data=data, seed=seed, state="done", seconds=12.5, epochs=tuple(epochs), chosen_epoch=8,
        selection="test" if selection == "test" else "validation", selection_optimism=0.006, parameters=398_090,
        notes={"temperature": 1.23},
    )  # fmt: skip
