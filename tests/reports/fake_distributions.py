"""Made-up risk over coverage, consistency bars, entropies and gains by removal, from drawn predictions."""

import math
from collections.abc import Iterator

import numpy as np

Figure = tuple[str, str, float, float, float, float, float]
GAINS = (0.0, 0.01, 0.05, 0.1, 0.2, 0.4, 0.9)
BINS = 15


def figure(metric: str, part: str, value: float, wide: float = 0.02) -> Figure:
    return (metric, part, value, max(value - wide, 0.0), min(value + wide, 1.0), math.nan, math.nan)


def of_predictions(p: np.ndarray, label: np.ndarray) -> Iterator[Figure]:
    """Yield what is known of predictions on clean input."""
    confidence, wrong = p.max(1), p.argmax(1) != label
    order = np.argsort(-confidence, kind="stable")
    for step in range(1, 21):
        kept = order[: math.ceil(step / 20 * len(label))]
        yield figure("risk_coverage", f"{step / 20:.3g}", float(wrong[kept].mean()))
    place = np.clip(np.ceil(confidence * BINS).astype(int) - 1, 0, BINS - 1)
    for one in range(BINS):
        inside = confidence[place == one]
        middle = inside.mean() if len(inside) else math.nan
        half = 1.96 * math.sqrt(middle * (1 - middle) / len(inside)) if len(inside) else math.nan
        for end, value in (("low", max(middle - half, 0.0)), ("high", min(middle + half, 1.0))):
            yield ("consistency_bars", f"{end} {one + 1:02d}", value, *(math.nan,) * 4)
    yield from _entropies("entropy", p, {"right": ~wrong, "wrong": wrong})


def of_removals(p: np.ndarray, label: np.ndarray, *, contexts: float | None) -> Iterator[Figure]:
    """Yield gains by removal and entropies of who gains; `contexts`: how much context matters, None: not removed."""
    gold = p[np.arange(len(label)), label]
    yield from _entropies("uncertain_entropy", p, {"uncertain": gold < 0.5, "other": gold >= 0.5})
    for kind, strength in (("modalities", 1.0), ("contexts", contexts)):
        for gain in GAINS if strength is not None else ():
            yield figure("cf_distribution", f"{kind} > {gain:g}", 0.4 * (strength or 0.0) * math.exp(-8 * gain))


def _entropies(metric: str, p: np.ndarray, groups: dict[str, np.ndarray]) -> Iterator[Figure]:
    entropy = -(p * np.log(p.clip(1e-12))).sum(1) / math.log(p.shape[1])
    for name, those in groups.items():
        found = entropy[those].clip(0, 1)
        shares = np.histogram(found, BINS, (0, 1))[0] / len(found) if len(found) else np.full(BINS, math.nan)
        yield figure(metric, name, float(found.mean()) if len(found) else math.nan)
        for one, share in enumerate(shares):
            yield figure(metric, f"{name} {one + 1:02d}", float(share))
