"""Keep the hidden vectors of trained models, where a run was asked to."""

import numpy as np

from ..baselines.base import FittedModel, HasHidden
from .errors import RunFolderError
from .hidden_vectors import key_of_hidden, write_hidden
from .run_state import HIDDEN, Combination, RunState

NO_HIDDEN = "no hidden vectors"
"""Name of the note of a fit that says why there are none."""


def keep_hidden(state: RunState, combination: Combination, fitted: FittedModel) -> None:
    """Write the hidden vectors of clean test input, of width 0 where the model has none.

    Why a model that says it has vectors could not give any stands among the notes of its fit, and the next run asks
    again.
    """
    if (combination, HIDDEN) in state.left_out or hidden_is_done(state, combination):
        return
    state.begins(combination, HIDDEN)
    test = state.plan.data[combination.data].test
    try:
        vectors = fitted.hidden_vectors(test) if isinstance(fitted, HasHidden) else None
    except Exception as error:  # pictures must not cost predictions
        record = state.fits[combination]
        notes = {**record.notes, NO_HIDDEN: f"{type(error).__name__}: {error}"}
        state.fits[combination] = record.model_copy(update={"notes": notes})
        return
    if vectors is None:
        vectors = np.empty((len(test), 0), np.float32)
    write_hidden(state.folder.hidden_path(*combination), vectors.astype(np.float32), state.fit_key(combination))


def hidden_is_done(state: RunState, combination: Combination) -> bool:
    """Return whether nobody asked, or the folder holds the vectors of this very fit."""
    if not state.plan.options.hidden:
        return True
    try:
        return key_of_hidden(state.folder.hidden_path(*combination)) == state.fit_key(combination)
    except RunFolderError:  # what is missing or damaged is computed anew
        return False
