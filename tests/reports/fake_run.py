"""A made-up run folder whose record and figures fit together: predictions are drawn, figures computed from them."""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from emobench.benchmark.files import write_table
from emobench.benchmark.run_folder import RunFolder
from emobench.benchmark.run_record import (
    ALL_SEEDS,
    RESULT_COLUMNS,
    CellRecord,
    ConditionRecord,
    DataRecord,
    EpochRecord,
    FitRecord,
    ModelRecord,
    RunRecord,
)

CLASSES = ("neutral", "surprise", "fear", "sadness", "joy", "disgust", "anger")
SHARES = np.array([0.48, 0.12, 0.03, 0.07, 0.16, 0.03, 0.11])
MODELS = ("rage_fusion", "late_fusion", "prior", "bayes_optimal")
WEIGHT = {"text": 1.5, "audio": 0.8, "video": 0.55}
_FAMILY = "modality_drop:rate=*"
Row = tuple[object, ...]


def conditions() -> tuple[ConditionRecord, ...]:
    """The standard ladder of modality_drop."""
    removals = {
        "audio": "audio",
        "text": "text",
        "video": "video",
        "audio/text": "",
        "audio/video": "",
        "text/video": "",
    }
    return (
        ConditionRecord(text="clean"),
        *(
            ConditionRecord(text=f"modality_drop:drop={drop}", protocol="modality_drop", removal=removal)
            for drop, removal in removals.items()
        ),
        *(
            ConditionRecord(text=f"modality_drop:rate={rate}", protocol="modality_drop", family=_FAMILY, severity=rate)
            for rate in (0.1, 0.2, 0.3, 0.4, 0.5, 0.7)
        ),
    )


def make_run(
    path: Path,
    *,
    models: Sequence[str] = ("rage_fusion", "bayes_optimal"),
    data: Sequence[str] = ("simulated",),
    classes: tuple[str, ...] = CLASSES,
    seeds: tuple[int, ...] = (0, 1),
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
    only
        Texts of the conditions to keep; empty: all.
    metrics
        Names of the metrics to keep; empty: all.
    failed
        Model, condition (empty: the training) and reason of what is recorded as failed, on all data and seeds.
    """
    kept = tuple(c for c in conditions() if not only or c.text in only)
    broken = {(model, condition): why for model, condition, why in failed}
    rows: list[Row] = []
    for name in data:
        for model in models:
            if (model, "") in broken:
                continue
            there = [c for c in kept if (model, c.text) not in broken]
            rows += _model_rows(model, name, there, classes, seeds, dialogues)
    frame = pd.DataFrame(rows, columns=list(RESULT_COLUMNS))
    if metrics:
        frame = frame[frame["metric"].isin(metrics)]
    folder = RunFolder(path)
    write_table(folder.results_path, pa.Table.from_pandas(frame, preserve_index=False))
    folder.write_record(
        RunRecord(
            command=command,
            created="2030-01-02T03:04:05+00:00",
            versions={"emobench": "0.1.0", "Python": "3.11.7", "numpy": "2.4.6"},
            git_revision="0123456789ab",
            hardware={"processor": "Made-up CPU <8> & more", "cores": "2", "memory": "16 GiB", "device": "cpu"},
            seeds=seeds,
            stress_seed=0,
            selection="test" if selection == "test" else "validation",
            protocols=("modality_drop",),
            meanings={"modality_drop": "with drop, modalities are <missing>; with rate, at random."},
            data=tuple(_data_record(name, classes, dialogues) for name in data),
            models=tuple(
                ModelRecord(name=m, summary=f"What {m} is.", reference=m == "bayes_optimal") for m in models
            ),
            conditions=kept,
            fits=tuple(
                _fit(m, d, s, selection, broken.get((m, "")))
                for d in data for m in models for s in _seeds(m, seeds)
            ),
            cells=tuple(
                CellRecord(
                    model=m, data=d, seed=s, condition=c.text, why=broken.get((m, c.text), ""),
                    state="failed" if (m, c.text) in broken else "done",
                )
                for d in data for m in models if (m, "") not in broken for s in _seeds(m, seeds) for c in kept
            ),
        )
    )  # fmt: skip
    return folder


def _seeds(model: str, seeds: tuple[int, ...]) -> tuple[int, ...]:
    return seeds[:1] if model in ("prior", "bayes_optimal") else seeds


def _data_record(name: str, classes: tuple[str, ...], dialogues: int) -> DataRecord:
    counts = tuple(int(100 * share) + 1 for share in _shares(classes))
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
        realised={"modality_drop:rate=0.1": {"text": 0.097, "audio": 0.104, "video": 0.1}},
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


def _shares(classes: tuple[str, ...]) -> np.ndarray:
    shares = np.resize(SHARES, len(classes))
    return shares / shares.sum()


def _signal(condition: ConditionRecord) -> float:
    if condition.severity is not None:
        return 1.6 * (1 - condition.severity) + 0.2
    dropped = condition.text.rpartition("drop=")[2].split("/")
    return 0.2 + sum(weight for modality, weight in WEIGHT.items() if modality not in dropped) * 0.55


def _probabilities(
    model: str, condition: ConditionRecord, label: np.ndarray, classes: tuple[str, ...], seed: int
) -> np.ndarray:
    rng = np.random.default_rng(7 + seed * (model == "rage_fusion"))
    prior = np.log(_shares(classes))
    if model == "prior":
        return np.tile(_shares(classes), (len(label), 1))
    signal = _signal(condition)
    evidence = signal * (signal * np.eye(len(classes))[label] + rng.standard_normal((len(label), len(classes))))
    strength = {"rage_fusion": 1.5, "late_fusion": 0.55}.get(model, 1.0)
    logits = (
        prior
        + strength * evidence
        + {"rage_fusion": 0.3}.get(model, 0.0) * rng.standard_normal((len(label), len(classes)))
    )
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)


def _model_rows(
    model: str,
    data: str,
    there: Sequence[ConditionRecord],
    classes: tuple[str, ...],
    seeds: tuple[int, ...],
    dialogues: int,
) -> Iterator[Row]:
    label = np.random.default_rng(len(data)).choice(len(classes), dialogues * 10, p=_shares(classes))
    for seed in (ALL_SEEDS, *_seeds(model, seeds)):
        shown = max(seed, 0)
        clean = _probabilities(model, conditions()[0], label, classes, shown)
        for condition in there:
            p = _probabilities(model, condition, label, classes, shown)
            best = _probabilities("bayes_optimal", condition, label, classes, 0)
            for metric, part, value, low, high, floor, floor_high in _figures(
                p, clean, best, label, classes, condition, model
            ):
                sd = 0.012 if seed == ALL_SEEDS and len(_seeds(model, seeds)) > 1 else math.nan
                yield (
                    model,
                    data,
                    seed,
                    condition.text,
                    metric,
                    part,
                    value,
                    low,
                    high,
                    floor,
                    floor_high,
                    sd,
                    len(label),
                    dialogues,
                )
        if any(c.family for c in there):
            for metric, value in (("degradation_area", 0.83), ("worst_rung", 0.52)):
                yield (
                    model,
                    data,
                    seed,
                    _FAMILY,
                    metric,
                    "",
                    value,
                    value - 0.03,
                    value + 0.03,
                    math.nan,
                    math.nan,
                    math.nan,
                    len(label),
                    dialogues,
                )


Figure = tuple[str, str, float, float, float, float, float]


def _figures(
    p: np.ndarray,
    clean: np.ndarray,
    best: np.ndarray,
    label: np.ndarray,
    classes: tuple[str, ...],
    condition: ConditionRecord,
    model: str,
) -> Iterator[Figure]:
    predicted, confidence, n = p.argmax(1), p.max(1), len(label)
    right = predicted == label
    gold = p[np.arange(n), label]

    def figure(
        metric: str, value: float, part: str = "", floor: float = math.nan, floor_high: float = math.nan
    ) -> Figure:
        wide = 1.96 * math.sqrt(max(abs(value) * max(1 - abs(value), 0.1), 1e-6) / n) * 1.4
        return (metric, part, value, value - wide, value + wide, floor, floor_high)

    confusion = np.zeros((len(classes), len(classes)))
    np.add.at(confusion, (label, predicted), 1)
    with np.errstate(invalid="ignore"):
        f1 = np.nan_to_num(2 * confusion.diagonal() / (confusion.sum(0) + confusion.sum(1)))
    bins = np.clip(np.ceil(confidence * 15).astype(int) - 1, 0, 14)
    yield figure("accuracy", right.mean())
    yield figure("weighted_f1", (f1 * confusion.sum(1)).sum() / n)
    yield figure("macro_f1", f1.mean())
    ece = 0.0
    for b in range(15):
        inside = bins == b
        conf, acc = (confidence[inside].mean(), right[inside].mean()) if inside.any() else (math.nan, math.nan)
        ece += 0.0 if not inside.any() else inside.mean() * abs(conf - acc)
        if condition.text == "clean":
            yield ("reliability", f"count {b + 1:02d}", float(inside.sum()), *[math.nan] * 4)
            yield ("reliability", f"confidence {b + 1:02d}", conf, *[math.nan] * 4)
            yield (
                "reliability",
                f"accuracy {b + 1:02d}",
                acc,
                max(acc - 0.06, 0),
                min(acc + 0.06, 1),
                math.nan,
                math.nan,
            )
    yield figure("ece", ece, floor=0.023, floor_high=0.034)
    yield figure("signed_gap", confidence.mean() - right.mean())
    yield figure("brier", ((p - np.eye(len(classes))[label]) ** 2).sum(1).mean())
    yield figure("nll", -np.log(gold.clip(1e-12)).mean())
    yield figure("flip_rate", (predicted[1:] != predicted[:-1]).mean())
    yield figure("gold_flip_rate", (label[1:] != label[:-1]).mean())
    yield figure("churn", (predicted != clean.argmax(1)).mean())
    yield figure("regret", (np.log(best[np.arange(n), label]) - np.log(gold)).mean())
    if model == "rage_fusion":
        for place, modality in enumerate(WEIGHT):
            yield figure("modality_weight", (0.5, 0.3, 0.2)[place], modality)
    if condition.text != "clean":
        return
    yield from (figure("f1", value, name) for name, value in zip(classes, f1, strict=True))
    yield from (
        ("confusion", f"{g}→{h}", confusion[i, j], *[math.nan] * 4)
        for i, g in enumerate(classes)
        for j, h in enumerate(classes)
    )
    for part, value in (("text", 0.061), ("audio", 0.034), ("video", 0.021), ("modalities", 0.039)):
        yield figure("cel", value, part, floor=value * 0.8)
        yield figure("cel:space=log", value * 4, part, floor=value * 3)
        yield figure("uncertain_share", value * 6, part, floor=value * 5)
