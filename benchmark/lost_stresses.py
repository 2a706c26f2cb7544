"""Record again what stresses did where the record was lost or cut off: a condition always does the same."""

from .run_state import Combination, RunState
from .stress_records import recorded


def record_lost_again(state: RunState) -> None:
    """Note what conditions did that run.json knows of and the folder has no record of; `state.write` writes it.

    What an attack did is left alone: it takes the model.

    Raises
    ------
    RunFolderError
        When the folder cannot be written to.
    """
    for data, conditions in state.plan.conditions.items():
        nobody = Combination("", data, 0)
        there = recorded(state.folder.stresses_path(data))
        for condition in conditions:
            if condition.attacks or not state.is_realised(data, condition):
                continue
            for draw in range(state.plan.draws_of(condition)):
                if (condition.text, draw) in there or state.stress_is_noted(nobody, condition, draw):
                    continue
                note = state.stress_note(nobody, condition, draw, state.stressed(nobody, condition, draw))
                assert note is not None, "it is not noted yet"
                state.note_stress(nobody, condition, draw, note)
