"""Compute one combination of a run: train or load its model, stress, predict; what the folder holds is left out."""

import time

from ..baselines.base import FittedModel
from .background import meanwhile
from .condition_predictions import ConditionPredictions
from .conditions import Condition
from .fitting import fitted_model, predict_validation, validation_is_done
from .hidden import hidden_is_done, keep_hidden
from .prediction_store import PredictionStore, whole_conditions
from .progress import Progress
from .run_state import Combination, RunState

SECONDS_BETWEEN_FLUSHES = 10.0
"""What a crash can cost at most, beside the condition in hand, where bringing the files up to date takes little."""
FLUSHES_COST = 20.0
"""It takes at most one part in so many of the time: files that hold many conditions are written less often."""


def is_done(state: RunState, combination: Combination) -> bool:
    """Return whether the folder holds all that can be computed of a combination, undamaged."""
    draws = {condition.text: state.plan.draws_of(condition) for condition in _able(state, combination)}
    return (
        state.fit_is_done(combination)
        and validation_is_done(state, combination)
        and hidden_is_done(state, combination)
        and len(_recorded(state, combination)) == len(draws)
        and len(whole_conditions(state.folder.predictions_path(*combination), draws)) == len(draws)
    )


def compute(state: RunState, combination: Combination, progress: Progress) -> None:
    """Train or load a model and predict what the folder does not hold yet.

    A fit or cell that raises is recorded as failed with its reason.

    Raises
    ------
    RunFolderError
        When the folder cannot be written to.
    TooManyFailures
        When more cells have failed than the run lets pass.
    """
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
            _keep(state, store)


def _keep(state: RunState, store: PredictionStore) -> None:
    """Bring the files up to date: run.json last, which tells what the others hold."""
    with meanwhile(state.write_stresses):
        store.flush()
    state.keep()


def _able(state: RunState, combination: Combination) -> list[Condition]:
    """Return the conditions but those under which this very model said that it is not defined, and those left out."""
    return [
        condition
        for condition in state.plan.conditions[combination.data]
        if not state.cell_has_declined(combination, condition) and (combination, condition.text) not in state.left_out
    ]


def _draws(state: RunState, combination: Combination) -> dict[str, int]:
    """Return how often each condition is drawn, in the order of the plan."""
    return {condition.text: state.plan.draws_of(condition) for condition in state.plan.conditions[combination.data]}


def _recorded(state: RunState, combination: Combination) -> list[str]:
    """Return the conditions that are recorded as predicted by the same code from the same content."""
    conditions = state.plan.conditions[combination.data]
    return [condition.text for condition in conditions if state.cell_is_done(combination, condition)]


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
            state.begins(combination, condition.text)
            predictions.predict(condition)
            started = time.monotonic()
            if started - flushed > SECONDS_BETWEEN_FLUSHES + FLUSHES_COST * took:
                _keep(state, store)
                flushed = time.monotonic()
                took = flushed - started
    progress(what, len(conditions), len(conditions))
