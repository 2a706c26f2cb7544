"""From run record and results to the views of `contents`: pure look-ups, no figure is computed here."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import groupby, product
from math import nan

from ..benchmark.errors import RunFolderError
from ..benchmark.latency.files import has_latencies, read_latencies
from ..benchmark.run_folder import RunFolder
from ..benchmark.run_record import CellRecord, ConditionRecord, DataRecord, FitRecord, ModelRecord, RunRecord
from .contents import Bin, DataView, ModelView, Removal, Row, RunView
from .distributions import distributions_of
from .hidden_views import hidden_of
from .problems import Problem
from .results import Result, Results
from .stress_contents import CLEAN
from .stresses import stresses
from .vocabulary import CONFORMAL, MODES, OPERATORS, RELIANCE

_OF_CONTEXT = ("intra", "inter", "contexts")


def read(folder: RunFolder) -> RunView:
    """Return what there is to say about a run.

    Raises
    ------
    RunFolderError
        When run.json or results.parquet is missing or damaged; where there are latencies, results need not be there,
        but where they were only begun, that is said.
    """
    # A relative path may end in dots; what is wanted is the folder's name.
    record, missing = folder.read_older()
    timed_only = not folder.results_path.exists() and _are_timed(folder, record)
    results = Results({}) if timed_only else Results.read(folder)
    said = [missing] if missing else []
    if timed_only and record.cells:
        said.append("The run was not scored, so latencies alone are shown; type `emobench score` for this folder")
    if results.lacking:
        # Scored anew it has them, but where the record is too old for that.
        remedy = "" if missing else "; type `emobench score` for this folder to write it anew"
        said.append(f"results.parquet lacks {', '.join(results.lacking)}{remedy}")
    run = gather(folder.path.resolve().name, record, results)
    hidden, wrong = hidden_of(folder, record, results)
    data = tuple(replace(one, hidden=hidden.get(one.name, ())) for one in run.data)
    return replace(run, data=data, missing=(*said, *wrong))


def gather(name: str, record: RunRecord, results: Results) -> RunView:
    """Return the view of a run; `name` is that of its folder."""
    problems = _problems(record)
    return RunView(
        name=name,
        record=record,
        data=tuple(_data(record, data, results, problems) for data in record.data),
        problems=problems,
    )


def _are_timed(folder: RunFolder, record: RunRecord) -> bool:
    """Return whether there are latencies; raise RunFolderError where they were begun and nothing else is there."""
    if not has_latencies(folder):
        return False
    latencies = read_latencies(folder)
    if not latencies.cells and not record.cells:
        raise RunFolderError(
            f"{folder.path} holds no latencies: measuring ended before the first was there; type: "
            f"{latencies.commands[-1]}"
        )
    return bool(latencies.cells)


def _problems(record: RunRecord) -> tuple[Problem, ...]:
    """Collect what is not done; the seeds that share a reason are told together.

    That the exact posterior is not known under some conditions is said where they are shown.
    """

    def place(entry: FitRecord | CellRecord) -> tuple[str, str, str, str, str]:
        condition = entry.condition if isinstance(entry, CellRecord) else ""
        return (entry.model, entry.data, condition, entry.state, entry.why)

    entries: tuple[FitRecord | CellRecord, ...] = (*record.fits, *record.cells)
    expected = {
        (data.posterior, data.name, condition.text)
        for data in record.data
        for condition in record.conditions
        if condition.unknown
    }
    failed = [
        entry
        for entry in entries
        if entry.state != "done" and not (entry.state == "not applicable" and place(entry)[:3] in expected)
    ]
    return tuple(
        Problem(model, data, condition, tuple(sorted(entry.seed for entry in group)), state, why)
        for (model, data, condition, state, why), group in groupby(sorted(failed, key=place), key=place)
    )


def _data(record: RunRecord, data: DataRecord, results: Results, problems: tuple[Problem, ...]) -> DataView:
    # The exact posterior is the ceiling whether it was asked for or came along.
    compared = [model.name for model in record.models if model.name != data.posterior]
    ordered = sorted(record.models, key=lambda model: model.name == data.posterior)
    views = (
        _model(record, data, model, compared.index(model.name) if model.name in compared else -1, results, problems)
        for model in ordered
    )
    models = tuple(view for view in views if view.rows or view.fits)
    there = {row.condition.text for model in models for row in model.rows}
    conditions = [condition for condition in record.conditions if condition.text in there]
    found = [result for model in models for row in model.rows for result in row.results.values()]
    sizes = data.sizes.get("test", {})
    return DataView(
        record=data,
        simulated=data.name.partition(":")[0] == "simulated",
        utterances=max((result.utterances for result in found), default=sizes.get("utterances", 0)),
        dialogues=max((result.dialogues for result in found), default=sizes.get("dialogues", 0)),
        models=models,
        conditions=tuple(conditions),
        stresses=stresses(record, data, conditions),
        summaries=_summaries(data.name, conditions, models, results),
    )


def _summaries(
    data: str, conditions: list[ConditionRecord], models: tuple[ModelView, ...], results: Results
) -> dict[tuple[str, str, str], Result]:
    families = dict.fromkeys(condition.family for condition in conditions if condition.family)
    return {
        (model.name, family, metric): result
        for model in models
        for family in families
        for metric, result in results.plain(model.name, data, family).items()
    }


def _model(
    record: RunRecord,
    data: DataRecord,
    model: ModelRecord,
    place: int,
    results: Results,
    problems: tuple[Problem, ...],
) -> ModelView:
    fits = tuple(fit for fit in record.fits if (fit.model, fit.data) == (model.name, data.name))
    rows = tuple(_rows(record, data, model, results, problems))
    class_f1 = results.parts(model.name, data.name, CLEAN, "f1")
    return ModelView(
        name=model.name,
        summary=model.summary,
        uncalibrated=model.uncalibrated or model.name,
        reference=model.name == data.posterior,
        place=place,
        rows=rows,
        fits=fits,
        per_seed={fit.seed: clean for fit in fits if (clean := results.plain(model.name, data.name, CLEAN, fit.seed))},
        bins=_bins(results, model.name, data.name),
        confusion=_confusion(results, model.name, data),
        class_f1={name: class_f1[name] for name in data.classes if name in class_f1},
        weights={
            row.condition.text: weights
            for row in rows
            if (weights := results.parts(model.name, data.name, row.condition.text, "modality_weight"))
        },
        removals=tuple(_removals(results, model.name, data)),
        class_coverage=_class_coverage(results, model.name, data.name, rows),
        reliance={
            metric: parts for metric in RELIANCE if (parts := results.parts(model.name, data.name, CLEAN, metric))
        },
        graph_gaps=results.parts(model.name, data.name, CLEAN, "graph_gap"),
        removal_gap=results.get(model.name, data.name, CLEAN, "removal_gap", "modalities"),
        distributions=distributions_of(results, model.name, data.name),
        parts={
            (metric, row.condition.text): parts
            for metric, row in product(record.metrics, rows)
            if (parts := _without_whole(results.parts(model.name, data.name, row.condition.text, metric)))
        },
    )


def _class_coverage(
    results: Results, model: str, data: str, rows: Iterable[Row]
) -> dict[tuple[str, str], dict[str, Result]]:
    return {
        (metric, row.condition.text): _without_whole(parts)
        for row in rows
        for metric in row.results
        if metric.startswith(f"{CONFORMAL}coverage")
        and (parts := results.parts(model, data, row.condition.text, metric))
    }


def _without_whole(parts: Mapping[str, Result]) -> dict[str, Result]:
    return {name: figure for name, figure in parts.items() if name}


def _rows(
    record: RunRecord, data: DataRecord, model: ModelRecord, results: Results, problems: tuple[Problem, ...]
) -> Iterable[Row]:
    """Yield the conditions that this model has figures for or was meant to have."""
    cells = {cell.condition for cell in record.cells if (cell.model, cell.data) == (model.name, data.name)}
    for condition in record.conditions:
        figures = results.plain(model.name, data.name, condition.text)
        if model.name == data.posterior:
            # Against itself: 0 by definition, and no finding.
            figures = {metric: figure for metric, figure in figures.items() if metric != "regret"}
        if figures or condition.text in cells:
            mine = tuple(
                problem
                for problem in problems
                if (problem.model, problem.data, problem.condition) == (model.name, data.name, condition.text)
            )
            # `audio/text:mean` says with what they were replaced.
            removed = condition.removal.partition(":")[0].split("/")
            yield Row(condition, figures, mine, nothing_left=bool(data.widths) and set(data.widths) <= set(removed))


def _bins(results: Results, model: str, data: str) -> tuple[Bin, ...]:
    parts = results.parts(model, data, CLEAN, "reliability")
    bars = results.parts(model, data, CLEAN, "consistency_bars")
    numbers = sorted((part.removeprefix("count ") for part in parts if part.startswith("count ")), key=int)
    return tuple(
        Bin(
            low=place / len(numbers),
            high=(place + 1) / len(numbers),
            count=parts[f"count {number}"],
            confidence=parts[f"confidence {number}"],
            accuracy=parts[f"accuracy {number}"],
            calibrated_low=bars[f"low {number}"].value if f"low {number}" in bars else nan,
            calibrated_high=bars[f"high {number}"].value if f"high {number}" in bars else nan,
        )
        for place, number in enumerate(numbers)
        if f"confidence {number}" in parts and f"accuracy {number}" in parts
    )


def _confusion(results: Results, model: str, data: DataRecord) -> tuple[tuple[float, ...], ...]:
    parts = results.parts(model, data.name, CLEAN, "confusion")
    if not parts:
        return ()
    return tuple(
        tuple(parts[cell].value if (cell := f"{gold}→{predicted}") in parts else 0.0 for predicted in data.classes)
        for gold in data.classes
    )


def _removals(results: Results, model: str, data: DataRecord) -> Iterable[Removal]:
    """Yield the figures of each removal, standard operator and mode first."""

    def parts(metric: str, *arguments: str) -> Mapping[str, Result]:
        text = ",".join(sorted(filter(None, arguments)))
        found = results.parts(model, data.name, CLEAN, f"{metric}:{text}" if text else metric)
        # The exact posterior is the floor, and no finding against itself.
        return {part: replace(one, floor=nan) for part, one in found.items()} if model == data.posterior else found

    for (operator, filled), (mode, removed) in product(OPERATORS.items(), MODES.items()):
        own = (operator, mode)
        mean, log, log_sum = (parts("cel", *own, *form) for form in ((), ("space=log",), ("form=sum", "space=log")))
        uncertain = parts("uncertain_share", *own)
        for part in dict.fromkeys((*mean, *log, *uncertain)):
            # Under another operator contexts are what they were, and in another mode modalities.
            if part in _OF_CONTEXT and not operator:
                how = removed
            elif part not in (*_OF_CONTEXT, "all") and not mode:
                how = filled
            elif part == "all":
                how = f"{filled}, {removed}"
            else:
                continue
            yield Removal(part, how, mean.get(part), log.get(part), log_sum.get(part), uncertain.get(part))
