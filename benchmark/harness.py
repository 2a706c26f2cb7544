"""Carry out a plan: train or load, stress, predict; write into the run folder, leaving out what it already holds."""

import time

from ..baselines.base import FittedModel
from .condition_predictions import ConditionPredictions
from .conditions import Condition
from .errors import EmobenchError
from .fitting import fitted_model, predict_validation, validation_is_done
from .hidden import hidden_is_done, keep_hidden
from .plan import Plan
from .prediction_store import PredictionStore, whole_conditions
from .progress import Progress, silent
from .run_folder import RunFolder
from .run_record import RunRecord
from .run_state import Combination, RunState
from .utterance_file import read_utterances, write_utterances

SECONDS_BETWEEN_FLUSHES = 10.0
"""What a crash can cost at most, beside the condition in hand, where bringing the files up to date takes little."""
FLUSHES_COST = 20.0
"""It takes at most one part in so many of the time: files that hold many conditions are written less often."""


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
    draws = {condition.text: state.plan.draws_of(condition) for condition in _able(state, combination)}
    return (
        state.fit_is_done(combination)
        and validation_is_done(state, combination)
        and hidden_is_done(state, combination)
        and len(_recorded(state, combination)) == len(draws)
        and len(whole_conditions(state.folder.predictions_path(*combination), draws)) == len(draws)
    )


def _able(state: RunState, combination: Combination) -> list[Condition]:
    """Return the conditions but those under which this very model said that it is not defined."""
    conditions = state.plan.conditions[combination.data]
    return [condition for condition in conditions if not state.cell_has_declined(combination, condition)]


def _draws(state: RunState, combination: Combination) -> dict[str, int]:
    """Return how often each condition is drawn, in the order of the plan."""
    return {condition.text: state.plan.draws_of(condition) for condition in state.plan.conditions[combination.data]}


def _recorded(state: RunState, combination: Combination) -> list[str]:
    """Return the conditions that are recorded as predicted by the same code from the same content."""
    conditions = state.plan.conditions[combination.data]
    return [condition.text for condition in conditions if state.cell_is_done(combination, condition)]


def _do(state: RunState, combination: Combination, progress: Progress) -> None:
    fitted = fitted_model(state, combination, progress)
    if fitted is None:
        return
    predict_validation(state, combination, fitted)
    keep_hidden(state, combination, fitted)
    path, draws = state.folder.predictions_path(*combination), _draws(state, combination)
    with PredictionStore(path, draws, kept=_recorded(state, combination)) as store:
        try:
            _predict_all(state, combination, fitted, store, progress)
        finally:
            store.flush()
            state.write()


def _predict_all(
    state: RunState, combination: Combination, fitted: FittedModel, store: PredictionStore, progress: Progress
) -> None:
    conditions = _able(state, combination)
    missing = [condition for condition in conditions if condition.text not in store]
    what, kept = f"{combination}: predicting", len(conditions) - len(missing)
    flushed, took = time.monotonic(), 0.0
    with ConditionPredictions(state, combination, fitted, store, missing) as predictions:
        for done, condition in enumerate(missing, kept):
            progress(what, done, len(conditions))
            predictions.predict(condition)
            started = time.monotonic()
            if started - flushed > SECONDS_BETWEEN_FLUSHES + FLUSHES_COST * took:
                store.flush()
                state.write()
                flushed = time.monotonic()
                took = flushed - started
    progress(what, len(conditions), len(conditions))
