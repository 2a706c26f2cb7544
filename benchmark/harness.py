"""Carry out a plan: train or load, stress, predict; write into the run folder, leaving out what it already holds."""

import contextlib
import time
from dataclasses import asdict
from typing import NamedTuple

from ..baselines.base import Asked, FitContext, FittedModel, PredictsConditions, TrainingRecord
from .checkpoints import load_checkpoint, save_checkpoint
from .conditions import Condition
from .conversations import Conversations
from .errors import DataError, EmobenchError, NotApplicable, RunFolderError
from .models import make_model
from .plan import Plan
from .prediction_files import read_predictions, write_predictions
from .predictions import Predictions
from .progress import Progress, silent
from .realised import means_of, realised_under
from .run_folder import RunFolder
from .run_record import CellRecord, CellState, EpochRecord, FitRecord, RunRecord
from .run_state import Combination, RunState
from .stressed import predict_condition, predict_under
from .utterance_file import read_utterances, write_utterances

SECONDS_BETWEEN_FLUSHES = 10.0
"""What a crash can cost at most, beside the condition in hand."""


class _Ending(NamedTuple):
    """How a fit or a cell ended."""

    state: CellState
    why: str


def execute(plan: Plan, folder: RunFolder, *, progress: Progress = silent) -> RunRecord:
    """Compute what the folder does not hold yet and return the record as written.

    A fit or cell that raises is recorded as failed with its reason, and the others go on. `KeyboardInterrupt` and a
    folder that cannot be written to end the run; what was done until then is kept.
    """
    state = RunState.begin(plan, folder)
    combinations = [
        Combination(model, data, seed)
        for data in plan.data
        for model in plan.models_of(data)
        for seed in plan.seeds_of(model)
    ]
    todo = [combination for combination in combinations if not _is_done(state, combination)]
    if todo or not _has_utterances(folder):
        write_utterances(folder, {name: splits.test for name, splits in plan.data.items()})
    try:
        for combination in todo:
            _do(state, combination, progress)
    finally:
        record = state.write()
    return record


def _has_utterances(folder: RunFolder) -> bool:
    try:
        read_utterances(folder)
    except EmobenchError:
        return False
    return True


def _is_done(state: RunState, combination: Combination) -> bool:
    conditions = state.plan.conditions[combination.data]
    return state.fit_is_done(combination) and len(_kept(state, combination)) == len(conditions)


def _kept(state: RunState, combination: Combination) -> dict[str, tuple[Predictions, ...]]:
    """Return the predictions that are there, by condition and draw, made by the same code from the same content."""
    path = state.folder.predictions_path(*combination)
    kept = {}
    for condition in state.plan.conditions[combination.data]:
        if state.cell_is_done(combination, condition):
            # What is missing or damaged is predicted anew.
            with contextlib.suppress(EmobenchError):
                draws = range(state.plan.draws_of(condition))
                kept[condition.text] = tuple(read_predictions(path, condition.text, draw) for draw in draws)
    return kept


def _do(state: RunState, combination: Combination, progress: Progress) -> None:
    fitted = _fitted(state, combination, progress)
    if fitted is None:
        return
    predictions = _kept(state, combination)
    seen: dict[str, Predictions] = {}
    conditions = state.plan.conditions[combination.data]
    flushed = time.monotonic()
    try:
        for done, condition in enumerate(conditions):
            progress(f"{combination}: predicting", done, len(conditions))
            if condition.text not in predictions:
                _predict(state, combination, fitted, condition, predictions, seen)
            if time.monotonic() - flushed > SECONDS_BETWEEN_FLUSHES:
                _flush(state, combination, predictions)
                flushed = time.monotonic()
        progress(f"{combination}: predicting", len(conditions), len(conditions))
    finally:
        _flush(state, combination, predictions)


def _flush(state: RunState, combination: Combination, predictions: dict[str, tuple[Predictions, ...]]) -> None:
    if predictions:
        order = [condition.text for condition in state.plan.conditions[combination.data]]
        ordered = {text: predictions[text] for text in order if text in predictions}
        write_predictions(state.folder.predictions_path(*combination), ordered)
    state.write()


def _predict(
    state: RunState,
    combination: Combination,
    fitted: FittedModel,
    condition: Condition,
    predictions: dict[str, tuple[Predictions, ...]],
    seen: dict[str, Predictions],
) -> None:
    """Predict every draw of a condition; an input that is in `seen` already (by its digest) is not predicted again."""
    started = time.perf_counter()
    ending = _Ending("done", "")
    drawn: list[Predictions] = []
    attacked: list[dict[str, float]] = []
    try:
        for draw in range(state.plan.draws_of(condition)):
            if isinstance(fitted, PredictsConditions):
                drawn.append(_predicted_by_name(state, combination, fitted, condition, draw))
                continue
            stressed = _stressed(state, combination, fitted, condition, draw)
            drawn.append(_predicted(state, combination, fitted, stressed, seen))
            state.note_stress(combination, condition, draw, stressed)
            if condition.attacks:
                attacked.append(realised_under(state.plan.data[combination.data].test, stressed))
        predictions[condition.text] = tuple(drawn)
    except Exception as error:  # a fault under one condition must not cost the others their results
        ending = _ending(error)
    state.cells[*combination, condition.text] = CellRecord(
        **combination._asdict(),
        condition=condition.text,
        state=ending.state,
        why=ending.why,
        key=state.cell_key(combination, condition),
        seconds=time.perf_counter() - started,
        realised=means_of(attacked),
    )


def _stressed(
    state: RunState, combination: Combination, fitted: FittedModel | None, condition: Condition, draw: int
) -> Conversations:
    return condition.apply(
        state.plan.data[combination.data].test,
        seed=state.plan.options.stress_seed,
        training=state.statistics(combination.data),
        draw=draw,
        model=fitted,
    )


def _predicted_by_name(
    state: RunState, combination: Combination, fitted: PredictsConditions, condition: Condition, draw: int
) -> Predictions:
    """Ask a model that is never given the stressed input, which is made for the record only."""
    asked = Asked(condition.text, draw, random=condition.random, stress_seed=state.plan.options.stress_seed)
    predictions = predict_condition(fitted, state.plan.data[combination.data].test, asked)
    # What an attack of this model did, nobody here knows.
    if not condition.attacks and not state.stress_is_noted(combination, condition, draw):
        state.note_stress(combination, condition, draw, _stressed(state, combination, None, condition, draw))
    return predictions


def _predicted(
    state: RunState,
    combination: Combination,
    fitted: FittedModel,
    stressed: Conversations,
    seen: dict[str, Predictions],
) -> Predictions:
    digest = state.digest(combination, stressed)
    if digest is not None and digest in seen:
        return seen[digest]
    predictions = predict_under(fitted, state.plan.data[combination.data].test, stressed)
    if digest is not None:
        seen[digest] = predictions
    return predictions


def _fitted(state: RunState, combination: Combination, progress: Progress) -> FittedModel | None:
    """Return the fitted model, from its checkpoint where there is one; None where it failed or declined."""
    model, fit_key = make_model(combination.model), state.fit_key(combination)
    stem = state.folder.checkpoint_stem(*combination)
    saved = load_checkpoint(stem, fit_key) if state.fit_is_done(combination) else None
    if saved is not None:
        return model.restore(saved, device=state.device)
    splits, options = state.plan.data[combination.data], state.plan.options
    context = FitContext(
        seed=combination.seed,
        device=state.device,
        selection=options.selection,
        monitor=splits.test,
        progress=lambda what, done, total: progress(f"{combination}: {what}", done, total),
    )
    started = time.perf_counter()
    fitted, ending = None, _Ending("done", "")
    try:
        fitted = model.fit(splits.train, splits.validation, context=context)
        save_checkpoint(stem, fitted.state(), fit_key)
    except RunFolderError:
        raise
    except Exception as error:  # a fault of one model must not cost the others their results
        fitted, ending = None, _ending(error)
    seconds = time.perf_counter() - started
    record = fitted.record if fitted is not None else TrainingRecord()
    state.fits[combination] = _fit_record(combination, record, ending, key=fit_key, seconds=seconds)
    if fitted is None:
        state.mark_all(combination, state=ending.state, why=ending.why)
    state.write()
    return fitted


def _fit_record(
    combination: Combination, record: TrainingRecord, ending: _Ending, *, key: str, seconds: float
) -> FitRecord:
    return FitRecord(
        **combination._asdict(),
        state=ending.state,
        why=ending.why,
        key=key,
        seconds=seconds,
        epochs=tuple(EpochRecord(**asdict(epoch)) for epoch in record.epochs),
        chosen_epoch=record.chosen_epoch,
        selection=record.selection,
        selection_optimism=record.selection_optimism,
        parameters=record.parameters,
        notes=record.notes,
    )


def _ending(error: Exception) -> _Ending:
    """Return why a part declined, or the last line of a traceback and where in the code it was raised."""
    if isinstance(error, NotApplicable):
        return _Ending("not applicable", str(error))
    if isinstance(error, DataError):  # the fault is in the data, not in code
        return _Ending("failed", str(error))
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    where = f" ({place.tb_frame.f_code.co_filename.rsplit('/', 1)[-1]}:{place.tb_lineno})" if place else ""
    return _Ending("failed", f"{type(error).__name__}: {' '.join(str(error).split())[:300]}{where}")
