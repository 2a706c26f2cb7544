"""What a run has done so far, in memory and in run.json, and the keys that tell whether it still holds."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from ..protocols.base import Attacked, FeatureStatistics
from .conditions import Condition
from .conversations import UNKNOWN, Conversations, DataSplits
from .device import resolve_device
from .errors import RunFolderError
from .models import before_calibration, model_sources, model_summary
from .plan import Plan
from .provenance import code_key, git_revision, hardware, key, versions
from .realised import means_of, realised_under
from .run_folder import RunFolder
from .run_record import CellRecord, CellState, ConditionRecord, DataRecord, ModelRecord, RunRecord, SkippedRecord
from .stress_records import StressRecords, stress_table
from .stressed import Digests


class Combination(NamedTuple):
    """One trained model: model × data × seed."""

    model: str
    data: str
    seed: int

    def __str__(self) -> str:
        """Name it in progress lines."""
        return f"{self.model} on {self.data}, seed {self.seed}"


class StressNote(NamedTuple):
    """What a draw of a condition did."""

    table: pa.Table
    """To every utterance: see `stress_records`."""
    realised: dict[str, float]
    """How severe it was: see `realised_under`."""


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
        self._digests: dict[str, Digests] = {}
        self._stresses: dict[tuple[str, ...], StressRecords] = {}
        self._severities: dict[tuple[str, str], dict[int, dict[str, float]]] = {}
        self._fit_keys: dict[Combination, str] = {}
        self._noted: set[tuple[str, ...]] = set()
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

    def digests(self, combination: Combination) -> Digests | None:
        """Return the digests of a data set's test split under stress, which tell where two inputs are the same.

        None for the exact posterior: it reads the trace as well.
        """
        data = combination.data
        if combination.model.partition("+")[0].partition(":")[0] == self.plan.data[data].posterior:
            return None
        if data not in self._digests:
            self._digests[data] = Digests(self.plan.data[data].test)
        return self._digests[data]

    def stressed(
        self, combination: Combination, condition: Condition, draw: int, *, model: Attacked | None = None
    ) -> Conversations:
        """Return the test split under one draw of a condition; `model`: what attacks are aimed at."""
        return condition.apply(
            self.plan.data[combination.data].test,
            seed=self.plan.options.stress_seed,
            training=self.statistics(combination.data),
            draw=draw,
            model=model,
        )

    def stress_note(
        self, combination: Combination, condition: Condition, draw: int, stressed: Conversations
    ) -> StressNote | None:
        """Return what a draw of a condition did, to be kept by `note_stress`; None where that is known already."""
        if self.stress_is_noted(combination, condition, draw):
            return None
        clean = self.plan.data[combination.data].test
        return StressNote(stress_table(condition.text, draw, clean, stressed), realised_under(clean, stressed))

    def note_stress(self, combination: Combination, condition: Condition, draw: int, note: StressNote) -> None:
        """Keep how severe a draw of a condition was, and what it did to which row; once for all models.

        An attack differs from model to model: it has a record for each, and no common severity.
        """
        place = _place(combination, condition)
        self._noted.add((*place, condition.text, str(draw)))
        if place not in self._stresses:
            self._stresses[place] = StressRecords(self.folder.stresses_path(*place))
        self._stresses[place].note(condition, draw, note.table, seed=self.plan.options.stress_seed)
        if not condition.attacks:
            of_draws = self._severities.setdefault((combination.data, condition.text), {})
            of_draws[draw] = note.realised
            self._realised.setdefault(combination.data, {})[condition.text] = means_of(list(of_draws.values()))

    def stress_is_noted(self, combination: Combination, condition: Condition, draw: int) -> bool:
        """Return whether it is kept already what a draw of a condition did."""
        return (*_place(combination, condition), condition.text, str(draw)) in self._noted

    def fit_key(self, combination: Combination) -> str:
        """Return the content key of a trained model."""
        if combination not in self._fit_keys:
            model, data, seed = combination
            parts = (model_sources(model), model, self.plan.data[data].fingerprint, seed, self.plan.options.selection)
            self._fit_keys[combination] = key(code_key(), *parts, self.device)
        return self._fit_keys[combination]

    def cell_key(self, combination: Combination, condition: Condition) -> str:
        """Return the content key of the predictions under one condition."""
        options = self.plan.options
        draws = self.plan.draws_of(condition)
        return key(self.fit_key(combination), condition.sources, condition.text, options.stress_seed, draws)

    def fit_is_done(self, combination: Combination) -> bool:
        """Return whether the folder records this very model as trained."""
        fit = self.fits.get(combination)
        return fit is not None and fit.state == "done" and fit.key == self.fit_key(combination)

    def cell_is_done(self, combination: Combination, condition: Condition) -> bool:
        """Return whether the folder records these very predictions as made."""
        cell = self.cells.get((*combination, condition.text))
        return cell is not None and cell.state == "done" and cell.key == self.cell_key(combination, condition)

    def cell_has_declined(self, combination: Combination, condition: Condition) -> bool:
        """Return whether this very model said that it is not defined under a condition: it would say so again."""
        cell = self.cells.get((*combination, condition.text))
        return cell is not None and cell.state == "not applicable" and cell.key == self.cell_key(combination, condition)

    def mark_all(self, combination: Combination, *, state: CellState, why: str) -> None:
        """Record that no condition of a combination could be predicted."""
        for condition in self.plan.conditions[combination.data]:
            cell = CellRecord(**combination._asdict(), condition=condition.text, state=state, why=why)
            self.cells[(*combination, condition.text)] = cell

    def write(self) -> RunRecord:
        """Bring run.json and the record of the stresses up to date; what is unchanged is not written again."""
        wanted = [condition.text for conditions in self.plan.conditions.values() for condition in conditions]
        for stresses in self._stresses.values():
            stresses.write(wanted)
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
            seeds=options.all_seeds,
            stress_seed=options.stress_seed,
            stress_draws=options.stress_draws,
            selection=options.selection,
            draws=options.draws,
            hidden=options.hidden,
            protocols=plan.protocols,
            metrics=options.metrics,
            suites=plan.suites,
            data=tuple(self._data_record(name, splits) for name, splits in plan.data.items()),
            models=_model_records(plan),
            conditions=_condition_records(plan),
            skipped=_skipped_records(plan),
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
            overlaps=self.plan.overlaps.get(name, ()),
            posterior=splits.posterior,
            realised=self._realised.get(name, {}),
        )


def _place(combination: Combination, condition: Condition) -> tuple[str, ...]:
    """Return where it is kept what a condition did: for attacks by model, data set and seed."""
    return ("attack", *map(str, combination)) if condition.attacks else (combination.data,)


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
