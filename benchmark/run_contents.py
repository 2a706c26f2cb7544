"""What run.json says of a plan, whatever has been computed of it."""

import numpy as np

from .conversations import UNKNOWN, DataSplits
from .models import before_calibration, model_summary
from .plan import Plan
from .provenance import git_revision, hardware, versions
from .run_record import ConditionRecord, DataRecord, ModelRecord, RunRecord, SkippedRecord


def planned_record(plan: Plan, device: str, created: str) -> RunRecord:
    """Return the record of a run of which nothing has been done.

    Parameters
    ----------
    device
        Where it is computed: `cpu` or `cuda`.
    created
        When the run began: ISO 8601, UTC.
    """
    options = plan.options
    return RunRecord(
        command=plan.command,
        created=created,
        versions=versions(),
        git_revision=git_revision(),
        hardware={**hardware(device), "threads": str(options.threads)},
        seeds=options.all_seeds,
        stress_seed=options.stress_seed,
        stress_draws=options.stress_draws,
        selection=options.selection,
        draws=options.draws,
        hidden=options.hidden,
        protocols=plan.protocols,
        metrics=options.metrics,
        suites=plan.suites,
        data=tuple(_data_record(plan, name, splits) for name, splits in plan.data.items()),
        models=_model_records(plan),
        conditions=_condition_records(plan),
        skipped=_skipped_records(plan),
        meanings=_meanings(plan),
    )


def _data_record(plan: Plan, name: str, splits: DataSplits) -> DataRecord:
    counts = {}
    for split, conversations in splits.items():
        known = conversations.label[conversations.label != UNKNOWN]
        counts[split] = tuple(np.bincount(known, minlength=len(conversations.classes)).tolist())
    return DataRecord(
        name=name,
        fingerprint=splits.fingerprint,
        classes=splits.test.classes,
        widths=splits.test.widths,
        sizes={split: {"dialogues": c.dialogues, "utterances": len(c)} for split, c in splits.items()},
        label_counts=counts,
        licence=splits.licence,
        leaks=splits.leaks,
        overlaps=plan.overlaps.get(name, ()),
        posterior=splits.posterior,
    )


def _model_records(plan: Plan) -> tuple[ModelRecord, ...]:
    everywhere = dict.fromkeys(model for data in plan.data for model in plan.models_of(data))
    return tuple(
        ModelRecord(
            name=model,
            summary=model_summary(model),
            uncalibrated=before_calibration(model),
            reference=model not in plan.models,
        )
        for model in sorted(everywhere, key=lambda model: model not in plan.models)
    )


def _condition_records(plan: Plan) -> tuple[ConditionRecord, ...]:
    records: dict[str, ConditionRecord] = {}
    for conditions in plan.conditions.values():
        for condition in conditions:
            records.setdefault(condition.text, condition.record())
    return tuple(records.values())


def _skipped_records(plan: Plan) -> tuple[SkippedRecord, ...]:
    return tuple(
        SkippedRecord(data=data, condition=text, why=why)
        for data, skipped in plan.skipped.items()
        for text, why in skipped.items()
    )


def _meanings(plan: Plan) -> dict[str, str]:
    stresses = (stress for those in plan.conditions.values() for condition in those for stress in condition.stresses)
    return {name: protocol.meaning for name, protocol in stresses}
