"""The sections of a report, by which a part of it can be asked for."""

SECTIONS = {
    "overview": "which model to trust when: a sentence and a row per model",
    "data": "what the data are",
    "stress": "curves, heat maps and conditions by protocol",
    "conditions": "all conditions of each model as a table",
    "calibration": "whether confidence can be believed, and what calibration does under stress",
    "acting": "acting on confidence, and decisions by cost",
    "sets": "prediction sets",
    "classes": "classes found and mixed up",
    "reliance": "what models lean on",
    "removals": "confidence under removal (CEL)",
    "stability": "flips and dialogues",
    "published": "beside published figures",
    "training": "training, selection",
    "latency": "how long models take, and whether a budget holds",
    "others": "figures that no other section has",
    "comparisons": "what `emobench compare` found",
}
"""What each is, in the order of the page."""

_OF_FIGURES = {
    "curves": "stress", "conditions": "stress", "heat": "stress", "reliability": "calibration",
    "risk_coverage": "calibration", "entropy": "calibration", "acting": "acting", "conformal": "sets",
    "classes": "classes", "confusion": "classes", "hidden": "classes", "weights": "reliance", "shares": "reliance",
    "context_shares": "reliance", "weight_curves": "reliance", "weight_shares": "reliance", "swarm": "reliance",
    "cel": "removals", "gains": "removals", "uncertain_entropy": "removals", "training": "training",
    "ranks": "comparisons", "transfer": "calibration", "latency_distribution": "latency", "latency_turns": "latency",
    "latency_batch": "latency", "latency_quality": "latency",
}  # fmt: skip
_OF_LABELS = {
    "main": "overview", "cel": "removals", "graph": "removals", "kinds": "removals", "shapley": "reliance",
    "realised": "stress", "training": "training", "transfer": "calibration", "acting": "acting", "cost": "acting",
    "conformal": "sets", "published": "published", "other": "others", "parts": "others", "comparison": "comparisons",
}  # fmt: skip


def section_of_figure(group: str) -> str:
    """Return the section that a group of figures belongs to; one of no section is among the others."""
    return _OF_FIGURES.get(group, group if group in SECTIONS else "others")


def section_of_label(label: str, data: str) -> str:
    """Return the section of a LaTeX table by its label; one that names a metric is of conditions.

    Examples
    --------
    >>> section_of_label("tab:mosi-realised-noise", "mosi"), section_of_label("tab:mosi-weighted_f1", "mosi")
    ('stress', 'conditions')
    """
    kind = label.removeprefix("tab:").removeprefix(f"{data}-").partition("-")[0]
    return _OF_LABELS.get(kind, kind if kind in SECTIONS else "conditions")
