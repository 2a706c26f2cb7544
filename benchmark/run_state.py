"""What a run has done so far, in memory and in run.json, and the keys that tell whether it still holds."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple

import numpy as np

from ..protocols.base import FeatureStatistics
from .conditions import Condition
from .conversations import UNKNOWN, DataSplits
from .device import resolve_device
from .errors import RunFolderError
from .models import model_sources, model_summary
from .plan import Plan
from .provenance import code_key, git_revision, hardware, key, versions
from .run_folder import RunFolder
from .run_record import CellRecord, CellState, ConditionRecord, DataRecord, ModelRecord, RunRecord


class Combination(NamedTuple):
    """One trained model: model × data × seed."""

    model: str
    data: str
    seed: int

    def __str__(self) -> str:
        """Name it in progress lines."""
        return f"{self.model} on {self.data}, seed {self.seed}"


class RunState:
    """The fits and cells of a run by their place in the plan; `write` makes run.json say the same."""

    def __init__(self, plan: Plan, folder: RunFolder, device: str, earlier: RunRecord | None) -> None:
        """Take over what an earlier run into the same folder recorded."""
        self.plan = plan
        self.folder = folder
        self.device = device
        self.fits = {Combination(f.model, f.data, f.seed): f for f in (earlier.fits if earlier else ())}
        self.cells = {(c.model, c.data, c.seed, c.condition): c for c in (earlier.cells if earlier else ())}
        self._created = earlier.created if earlier else datetime.now(UTC).isoformat(timespec="seconds")
        self._statistics: dict[str, Mapping[str, FeatureStatistics]] = {}
        self._realised = {record.name: dict(record.realised) for record in (earlier.data if earlier else ())}
        self._written = earlier

    @classmethod
    def begin(cls, plan: Plan, folder: RunFolder) -> "RunState":
        """Read what the folder holds and check that it can be written to.

        Raises
        ------
        RunFolderError
            When the folder holds something else, cannot be written to, or was made with other options.
        """
        state = cls(plan, folder, resolve_device(plan.options.device), _earlier(folder))
        state.write()
        return state

    def statistics(self, data: str) -> Mapping[str, FeatureStatistics]:
        """Return the training statistics of a data set, computed once."""
        if data not in self._statistics:
            self._statistics[data] = FeatureStatistics.of(self.plan.data[data].train)
        return self._statistics[data]

    def note_realised(self, data: str, condition: str, rates: dict[str, float]) -> None:
        """Keep the realised rates of a condition."""
        self._realised.setdefault(data, {})[condition] = rates

    def fit_key(self, combination: Combination) -> str:
        """Return the content key of a trained model."""
        model, data, seed = combination
        fingerprint = self.plan.data[data].fingerprint
        sources = model_sources(model)
        return key(code_key(), sources, model, fingerprint, seed, self.plan.options.selection, self.device)

    def cell_key(self, combination: Combination, condition: Condition) -> str:
        """Return the content key of the predictions under one condition."""
        return key(self.fit_key(combination), condition.sources, condition.text, self.plan.options.stress_seed)

    def fit_is_done(self, combination: Combination) -> bool:
        """Return whether the folder records this very model as trained."""
        fit = self.fits.get(combination)
        return fit is not None and fit.state == "done" and fit.key == self.fit_key(combination)

    def cell_is_done(self, combination: Combination, condition: Condition) -> bool:
        """Return whether the folder records these very predictions as made."""
        cell = self.cells.get((*combination, condition.text))
        return cell is not None and cell.state == "done" and cell.key == self.cell_key(combination, condition)

    def mark_all(self, combination: Combination, *, state: CellState, why: str) -> None:
        """Record that no condition of a combination could be predicted."""
        for condition in self.plan.conditions[combination.data]:
            cell = CellRecord(**combination._asdict(), condition=condition.text, state=state, why=why)
            self.cells[(*combination, condition.text)] = cell

    def write(self) -> RunRecord:
        """Bring run.json up to date and return its content; an unchanged one is not written again."""
        record = self._record()
        if record != self._written:
            self.folder.write_record(record)
            self._written = record
        return record

    def _record(self) -> RunRecord:
        plan, options = self.plan, self.plan.options
        cells = {
            (model, data, seed, condition.text)
            for data in plan.data
            for model in plan.models_of(data)
            for seed in plan.seeds_of(model)
            for condition in plan.conditions[data]
        }
        return RunRecord(
            command=plan.command,
            created=self._created,
            versions=versions(),
            git_revision=git_revision(),
            hardware=hardware(self.device),
            seeds=tuple(range(options.seeds)),
            stress_seed=options.stress_seed,
            selection=options.selection,
            draws=options.draws,
            protocols=plan.protocols,
            metrics=options.metrics,
            data=tuple(self._data_record(name, splits) for name, splits in plan.data.items()),
            models=_model_records(plan),
            conditions=_condition_records(plan),
            meanings=_meanings(plan),
            fits=tuple(fit for place, fit in self.fits.items() if any(place == cell[:3] for cell in cells)),
            cells=tuple(cell for place, cell in self.cells.items() if place in cells),
        )

    def _data_record(self, name: str, splits: DataSplits) -> DataRecord:
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
            posterior=splits.posterior,
            realised=self._realised.get(name, {}),
        )


def _earlier(folder: RunFolder) -> RunRecord | None:
    if folder.path.exists() and not folder.path.is_dir():
        raise RunFolderError(f"expected a folder for the run, got the file {folder.path}; choose another with --out")
    if not folder.record_path.exists():
        if folder.path.is_dir() and any(folder.path.iterdir()):
            raise RunFolderError(f"{folder.path} holds other files and no run.json; choose an empty folder with --out")
        return None
    return folder.read_record()


def _model_records(plan: Plan) -> tuple[ModelRecord, ...]:
    everywhere = dict.fromkeys(model for data in plan.data for model in plan.models_of(data))
    return tuple(
        ModelRecord(name=model, summary=model_summary(model), reference=model not in plan.models)
        for model in sorted(everywhere, key=lambda model: model not in plan.models)
    )


def _condition_records(plan: Plan) -> tuple[ConditionRecord, ...]:
    records: dict[str, ConditionRecord] = {}
    for conditions in plan.conditions.values():
        for condition in conditions:
            records.setdefault(condition.text, condition.record())
    return tuple(records.values())


def _meanings(plan: Plan) -> dict[str, str]:
    stresses = (stress for those in plan.conditions.values() for condition in those for stress in condition.stresses)
    return {name: protocol.meaning for name, protocol in stresses}
