"""A made-up run that has every table of a report: what `fake_run` makes and figures of all other metrics beside it."""

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from fake_run import make_run
from test_comparisons import one, write

from emobench.benchmark.files import write_table
from emobench.benchmark.paired_sources import Place
from emobench.benchmark.run_folder import RunFolder
from emobench.benchmark.run_record import ALL_SEEDS

MODELS = ("m3net", "rage_fusion", "rage_fusion+temperature", "bayes_optimal")
KEPT = (
    *("clean", "modality_drop:drop=text", "modality_drop:drop=text,fill=mean", "order:rate=1.0"),
    *("modality_drop:rate=0.1", "modality_drop:rate=0.7", "noise:snr_db=5+modality_drop:rate=0.3"),
    *("noise:modality=text,snr_db=20", "noise:modality=text,snr_db=-5", "noise:snr_db=20", "noise:snr_db=-5"),
    *("context_removal:context=inter", "context_removal:context=inter,mode=graph"),
    *("context_removal:context=intra", "context_removal:context=intra,mode=graph", "context_removal:window=1"),
)
"""Conditions."""
DATA = ("simulated", "meld")
SEEDS = (0, 1)
EVERYWHERE = (
    *(f"{name}{risk}" for name in ("act_share", "act_risk", "unsafe_share") for risk in ("", ":risk=0.2")),
    *("decision_cost:costs=costs.csv", "abstain_share:costs=costs.csv", "auroc", "sliced:by=speaker"),
)
"""Metrics with a figure under every condition."""
_GAMES = {"shapley": ("text", "audio", "video", "modalities"), "shapley_share": ("text", "audio", "video")}
_CONTEXTS = {"shapley": ("intra", "inter", "contexts"), "shapley_share": ("intra", "inter")}
NOT_ASKED = ("conformal_set_size", "conformal_coverage:method=aps", "conformal_set_size:method=aps")
"""Metrics with parts of which a table by part more would say nothing new."""
PARTS = {
    **{
        metric: tuple(
            f"{which}{one}" for which in ("", "uncertain: ", "other: ") for one in (*names, *_CONTEXTS[metric])
        )
        for metric, names in _GAMES.items()
    },
    "weight_agreement": ("", "first"),
}
"""Parts of metrics with figures on clean input only."""


def make_everything(path: Path) -> RunFolder:
    """Write a run of two data sets with stresses, sets, removals, coalitions, costs, thresholds and comparisons."""
    folder = make_run(
        path, models=MODELS, data=DATA, stresses=True, sets=True, only=KEPT, seeds=SEEDS, dialogues=60,
        failed=(("rage_fusion", "modality_drop:drop=text", "out of memory"),),
    )  # fmt: skip
    frame = pd.read_parquet(folder.results_path)
    rows = [row for place, own in frame.groupby(["model", "data"]) for row in _further(own, *place)]
    # Weights that change with the stress, as those of a gate do.
    gated = frame.metric == "modality_weight"
    frame.loc[gated, ["value", "low", "high"]] *= 1 - 0.001 * frame.index[gated].to_numpy()[:, None] % 0.3
    whole = pd.concat([frame, pd.DataFrame(rows, columns=frame.columns)], ignore_index=True)
    write_table(folder.results_path, pa.Table.from_pandas(whole, preserve_index=False))
    record = folder.read_record()
    folder.write_record(
        record.model_copy(update={"metrics": tuple(one for one in whole.metric.unique() if one not in NOT_ASKED)})
    )
    _compare(folder)
    return folder


def _further(own: pd.DataFrame, model: str, data: str) -> Iterator[dict[str, object]]:
    rng = np.random.default_rng([len(model), len(data)])
    base = {name: own[name].iloc[0] for name in own.columns}
    base |= dict.fromkeys(("floor", "floor_high", "seed_sd", "draw_sd"), math.nan)
    drawn = set(own.condition[own.draw_sd.notna()])

    def figure(seed: int, condition: str, metric: str, part: str = "", low: float = 0.0) -> dict[str, object]:
        value, wide = rng.uniform(low, 1.0), rng.uniform(0.001, 0.05)
        place = {"seed": seed, "condition": condition, "metric": metric, "part": part}
        ends = {"low": value - wide, "high": value + 1.3 * wide}
        return {**base, **place, "value": value, **ends, "draw_sd": 0.0123 if condition in drawn else math.nan}

    conditions = [text for text in own.condition.unique() if not text.endswith("*")]
    for metric in EVERYWHERE:
        for condition in conditions:
            yield figure(ALL_SEEDS, condition, metric)
            for part in ("same", "other") if metric.startswith("sliced") else ():
                yield figure(ALL_SEEDS, condition, metric, part)
    for seed in own.seed.unique():
        if seed != ALL_SEEDS:
            yield from (figure(int(seed), "clean", f"act_threshold{risk}") for risk in ("", ":risk=0.2"))
    for metric, parts in PARTS.items():
        yield from (figure(ALL_SEEDS, "clean", metric, part, low=-0.4) for part in parts)


def _compare(folder: RunFolder) -> None:
    found = [
        one(model, condition, metric, value=0.4 + 0.03 * step, difference=0.3 - 0.011 * step, low=0.05, high=0.47)
        for metric in ("ece", "nll")
        for step, (model, condition) in enumerate((m, c) for m in MODELS[:2] for c in ("clean", "noise:snr_db=5"))
    ]
    meld = {"place": Place("m3net", "meld", "clean"), "reference": Place("rage_fusion", "meld", "clean")}
    write(folder, [*found, one(metric="weighted_f1", direction="higher", difference=-0.0123, **meld)])
