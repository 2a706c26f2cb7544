"""Made-up figures: predictions are drawn, figures computed from them."""

import math
from collections.abc import Iterator, Sequence

import numpy as np
from fake_distributions import of_predictions, of_removals

from emobench.benchmark.run_record import ALL_SEEDS, ConditionRecord

CLASSES = ("neutral", "surprise", "fear", "sadness", "joy", "disgust", "anger")
SHARES = np.array([0.48, 0.12, 0.03, 0.07, 0.16, 0.03, 0.11])
WEIGHT = {"text": 1.5, "audio": 0.8, "video": 0.55}
CONTEXTUAL = ("m3net", "bayes_optimal")
"""Models that draw on context."""
Row = tuple[object, ...]
Figure = tuple[str, str, float, float, float, float, float]
_NONE = (math.nan,) * 4


def seeds_of(model: str, seeds: tuple[int, ...]) -> tuple[int, ...]:
    """Return the seeds of a model: one where nothing is random."""
    return seeds[:1] if model in ("prior", "bayes_optimal") else seeds


def shares_of(classes: tuple[str, ...]) -> np.ndarray:
    """Return how often each class occurs."""
    shares = np.resize(SHARES, len(classes))
    return np.asarray(shares / shares.sum())


def model_rows(
    model: str,
    data: str,
    there: Sequence[ConditionRecord],
    classes: tuple[str, ...],
    seeds: tuple[int, ...],
    dialogues: int,
    *,
    drawn: bool,
    sets: bool,
) -> Iterator[Row]:
    """Yield the rows of results.parquet of one model.

    `drawn`: random conditions were drawn several times; `sets`: there are figures of prediction sets.
    """
    label = np.random.default_rng(len(data)).choice(len(classes), dialogues * 10, p=shares_of(classes))
    for seed in (ALL_SEEDS, *seeds_of(model, seeds)):
        several = seed == ALL_SEEDS and len(seeds_of(model, seeds)) > 1
        for condition in there:
            place = (model, data, seed, condition.text)
            sds = (0.012 if several else math.nan, 0.004 if condition.random and drawn else math.nan)
            made = _Predicted(model, condition, label, classes, max(seed, 0))
            for figure in (
                *made.figures(),
                *(made.sets() if sets else ()),
                *(_removals(there, model, made.p, label) if condition.text == "clean" else ()),
            ):
                yield (*place, *figure, *sds, len(label), dialogues, 10_000)
        for family in dict.fromkeys(condition.family for condition in there if condition.family):
            for metric, value in (("degradation_area", 0.83), ("worst_rung", 0.52)):
                figure = (metric, "", value, value - 0.03, value + 0.03, math.nan, math.nan)
                yield (model, data, seed, family, *figure, math.nan, math.nan, len(label), dialogues, 10_000)


def _signal(model: str, condition: ConditionRecord) -> float:
    """Return how much a model learns from an utterance."""
    last = condition.text.rpartition("+")[2]
    arguments = dict(pair.partition("=")[::2] for pair in last.partition(":")[2].split(","))
    if condition.severity is None and "rate" not in arguments:
        dropped = arguments.get("drop", "").split("/")
        context = 0.25 * (condition.protocol == "context_removal" and model in CONTEXTUAL)
        return 0.2 - context + sum(weight for modality, weight in WEIGHT.items() if modality not in dropped) * 0.55
    severity = condition.severity or 0.5
    if condition.protocol == "context_removal":
        return 0.2 + sum(WEIGHT.values()) * 0.55 - 0.3 * severity * (model in CONTEXTUAL)
    if condition.protocol in ("noise", "occlusion"):
        hit = arguments.get("modality", "")
        left = {name: weight / (1 + severity**2 * (hit in ("", name))) for name, weight in WEIGHT.items()}
        return 0.2 + sum(left.values()) * 0.55
    return 1.6 * (1 - severity) + 0.2


def _probabilities(
    model: str, condition: ConditionRecord, label: np.ndarray, classes: tuple[str, ...], seed: int
) -> np.ndarray:
    rng = np.random.default_rng(7 + seed * (model == "rage_fusion"))
    if model == "prior":
        return np.tile(shares_of(classes), (len(label), 1))
    signal = _signal(model, condition)
    evidence = signal * (signal * np.eye(len(classes))[label] + rng.standard_normal((len(label), len(classes))))
    strength = {"rage_fusion": 1.5, "late_fusion": 0.55}.get(model, 1.0)
    own = {"rage_fusion": 0.3, "m3net": 0.2}.get(model, 0.0) * rng.standard_normal((len(label), len(classes)))
    logits = np.log(shares_of(classes)) + strength * evidence + own
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(exponentials / exponentials.sum(axis=1, keepdims=True))


class _Predicted:
    """The predictions of one cell."""

    def __init__(
        self, model: str, condition: ConditionRecord, label: np.ndarray, classes: tuple[str, ...], seed: int
    ) -> None:
        self.model, self.condition, self.label, self.classes = model, condition, label, classes
        self.p = _probabilities(model, condition, label, classes, seed)
        self.clean = _probabilities(model, ConditionRecord(text="clean"), label, classes, seed)
        self.best = _probabilities("bayes_optimal", condition, label, classes, 0)

    def figure(self, metric: str, value: float, part: str = "", floor: tuple[float, float] = _NONE[:2]) -> Figure:
        """Return a figure with an interval of about the right width."""
        wide = 1.96 * math.sqrt(max(abs(value) * max(1 - abs(value), 0.1), 1e-6) / len(self.label)) * 1.4
        return (metric, part, value, value - wide, value + wide, *floor)

    def sets(self) -> Iterator[Figure]:
        """Yield figures of prediction sets whose thresholds are right for clean input."""
        rows = np.arange(len(self.label))
        for arguments, level in (("", 0.9), (":method=aps", 0.92)):
            held = self.p >= np.quantile(self.clean[rows, self.label], 1 - level)
            of_gold, size = held[rows, self.label], held.sum(axis=1)
            yield self.figure(f"conformal_empty{arguments}", (size == 0).mean())
            yield self.figure(f"conformal_gap{arguments}", of_gold.mean() - 0.9)
            for part, those in (("", rows >= 0), *((c, self.label == n) for n, c in enumerate(self.classes))):
                covered, mean = (of_gold[those].mean(), size[those].mean()) if those.any() else (math.nan, math.nan)
                yield self.figure(f"conformal_coverage{arguments}", covered, part)
                yield self.figure(f"conformal_set_size{arguments}", mean, part)

    def figures(self) -> Iterator[Figure]:
        """Yield all figures but those of removals."""
        figure, label, p = self.figure, self.label, self.p
        predicted, gold = p.argmax(1), p[np.arange(len(label)), label]
        best = self.best[np.arange(len(label)), label]
        yield from self._confidence()
        yield figure("signed_gap", p.max(1).mean() - (predicted == label).mean())
        yield figure("brier", ((p - np.eye(len(self.classes))[label]) ** 2).sum(1).mean())
        yield figure("nll", -np.log(gold.clip(1e-12)).mean())
        yield figure("flip_rate", (predicted[1:] != predicted[:-1]).mean())
        yield figure("gold_flip_rate", (label[1:] != label[:-1]).mean())
        yield figure("churn", (predicted != self.clean.argmax(1)).mean())
        if not self.condition.unknown:
            yield figure("regret", (np.log(best) - np.log(gold)).mean())
        if self.model == "rage_fusion":
            for place, modality in enumerate(WEIGHT):
                yield figure("modality_weight", (0.5, 0.3, 0.2)[place], modality)
        yield from self._classes(predicted)

    def _classes(self, predicted: np.ndarray) -> Iterator[Figure]:
        confusion = np.zeros((len(self.classes), len(self.classes)))
        np.add.at(confusion, (self.label, predicted), 1)
        with np.errstate(invalid="ignore"):
            f1 = np.nan_to_num(2 * confusion.diagonal() / (confusion.sum(0) + confusion.sum(1)))
        yield self.figure("weighted_f1", (f1 * confusion.sum(1)).sum() / len(self.label))
        yield self.figure("macro_f1", f1.mean())
        if self.condition.text != "clean":
            return
        yield from of_predictions(self.p, self.label)
        yield from (self.figure("f1", value, name) for name, value in zip(self.classes, f1, strict=True))
        for i, gold in enumerate(self.classes):
            for j, name in enumerate(self.classes):
                yield ("confusion", f"{gold}→{name}", confusion[i, j], *_NONE)

    def _confidence(self) -> Iterator[Figure]:
        confidence, right = self.p.max(1), self.p.argmax(1) == self.label
        bins, ece = np.clip(np.ceil(confidence * 15).astype(int) - 1, 0, 14), 0.0
        yield self.figure("accuracy", right.mean())
        for b in range(15):
            inside = bins == b
            conf, acc = (confidence[inside].mean(), right[inside].mean()) if inside.any() else (math.nan, math.nan)
            ece += 0.0 if not inside.any() else inside.mean() * abs(conf - acc)
            if self.condition.text == "clean":
                ends = (max(acc - 0.06, 0), min(acc + 0.06, 1), math.nan, math.nan)
                yield ("reliability", f"count {b + 1:02d}", float(inside.sum()), *_NONE)
                yield ("reliability", f"confidence {b + 1:02d}", conf, *_NONE)
                yield ("reliability", f"accuracy {b + 1:02d}", acc, *ends)
        yield self.figure("ece", ece, floor=(0.023, 0.034))


def _removals(there: Sequence[ConditionRecord], model: str, p: np.ndarray, label: np.ndarray) -> Iterator[Figure]:
    """Yield confidence under the removals that a model was given."""
    removed = {condition.removal for condition in there}
    modalities = {"text": 0.061, "audio": 0.034, "video": 0.021, "modalities": 0.039}
    context = 1.0 if model in CONTEXTUAL else 0.0
    contexts = {"intra": 0.02 * context, "inter": 0.01 * context, "contexts": 0.015 * context}
    whole = {**modalities, **(contexts | {"all": 0.03} if "inter" in removed else {})}
    yield from of_removals(p, label, contexts=context if "inter" in removed else None)
    if "all" in whole:
        gap = whole["modalities"] - whole["contexts"]
        yield ("removal_gap", "modalities", gap, gap - 0.011, gap + 0.012, math.nan, math.nan)
    sets = {"": (whole, 1.0, 0.8)}
    if "text:mean" in removed:
        sets["operator=mean"] = (whole, 0.9, math.nan)
    if "intra:graph" in removed:
        sets["mode=graph"] = (whole, 0.7, math.nan)
        for part, value in contexts.items():
            low, high = (-0.3 * value - 0.004 * context, -0.3 * value + 0.004 * context)
            yield ("graph_gap", part, -0.3 * value, low, high, math.nan, math.nan)
    for arguments, (values, factor, floor) in sets.items():
        for part, value in values.items():
            yield from _of_removal(part, value * factor, floor, arguments)


def _of_removal(part: str, value: float, floor: float, arguments: str) -> Iterator[Figure]:
    def named(metric: str, *more: str) -> str:
        text = ",".join(sorted(filter(None, (*arguments.split(","), *more))))
        return f"{metric}:{text}" if text else metric

    def figure(metric: str, value: float) -> Figure:
        return (metric, part, value, 0.9 * value, 1.1 * value, value * floor, math.nan)

    yield figure(named("cel"), value)
    yield figure(named("cel", "space=log"), value * 4)
    yield figure(named("cel", "form=sum", "space=log"), value * 4800)
    yield figure(named("uncertain_share"), value * 6)
