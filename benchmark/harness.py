"""Carry out a plan: train or load, stress, predict; write into the run folder, leaving out what it already holds."""

import contextlib
import time
from pathlib import Path

from ..baselines.base import Asked, FittedModel, PredictsConditions
from .conditions import Condition
from .conversations import Conversations
from .errors import EmobenchError
from .fitting import Ending, ending, fitted_model, predict_validation, validation_is_done
from .hidden import hidden_is_done, keep_hidden
from .plan import Plan
from .prediction_files import PredictionFile, write_predictions
from .predictions import Predictions
from .progress import Progress, silent
from .realised import means_of, realised_under
from .run_folder import RunFolder
from .run_record import CellRecord, RunRecord
from .run_state import Combination, RunState
from .stressed import predict_condition, predict_under
from .utterance_file import read_utterances, write_utterances

SECONDS_BETWEEN_FLUSHES = 10.0
"""What a crash can cost at most, beside the condition in hand."""


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
    if todo or not (_has_utterances(folder) and _has_utterances(folder.validation)):
        write_utterances(folder, {name: splits.test for name, splits in plan.data.items()})
        write_utterances(folder.validation, {name: splits.validation for name, splits in plan.data.items()})
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
    able = [condition for condition in conditions if not state.cell_has_declined(combination, condition)]
    return (
        state.fit_is_done(combination)
        and validation_is_done(state, combination)
        and hidden_is_done(state, combination)
        and len(_kept(state, combination)) == len(able)
    )


def _kept(state: RunState, combination: Combination) -> dict[str, tuple[Predictions, ...]]:
    """Return the predictions that are there, by condition and draw, made by the same code from the same content."""
    done = [c for c in state.plan.conditions[combination.data] if state.cell_is_done(combination, c)]
    file = _opened(state.folder.predictions_path(*combination)) if done else None
    if file is None:
        return {}
    kept = {}
    with file:
        for condition in done:
            # What is missing or damaged is predicted anew.
            with contextlib.suppress(EmobenchError):
                draws = range(state.plan.draws_of(condition))
                kept[condition.text] = tuple(file.read(condition.text, draw) for draw in draws)
    return kept


def _opened(path: Path) -> PredictionFile | None:
    try:
        return PredictionFile(path)
    except EmobenchError:
        return None


def _do(state: RunState, combination: Combination, progress: Progress) -> None:
    fitted = fitted_model(state, combination, progress)
    if fitted is None:
        return
    predict_validation(state, combination, fitted)
    keep_hidden(state, combination, fitted)
    predictions = _kept(state, combination)
    seen: dict[str, Predictions] = {}
    conditions = state.plan.conditions[combination.data]
    flushed = time.monotonic()
    try:
        for done, condition in enumerate(conditions):
            progress(f"{combination}: predicting", done, len(conditions))
            if condition.text not in predictions and not state.cell_has_declined(combination, condition):
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
    ended = Ending("done", "")
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
        ended = ending(error)
    state.cells[*combination, condition.text] = CellRecord(
        **combination._asdict(),
        condition=condition.text,
        state=ended.state,
        why=ended.why,
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
