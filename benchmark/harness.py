"""Carry out a plan: train or load, stress, predict; write into the run folder, leaving out what it already holds."""

from .computing import compute, is_done
from .errors import EmobenchError
from .executors.choice import make_executor
from .executors.driver import Driver
from .executors.execution import Execution
from .lock import only_driver
from .lost_stresses import record_lost_again
from .plan import Plan
from .progress import Progress, silent
from .run_folder import RunFolder
from .run_record import RunRecord
from .run_state import RunState
from .threads import threads_held
from .utterance_file import read_utterances, write_utterances

HERE = Execution()
"""In this process, one cell after the other."""


def execute(plan: Plan, folder: RunFolder, *, execution: Execution = HERE, progress: Progress = silent) -> RunRecord:
    """Compute what the folder does not hold yet and return the record as written.

    A fit or cell that raises is recorded as failed with its reason, and the others go on; so is one that takes its
    worker along, or takes too long, where workers compute. `KeyboardInterrupt` and a folder that cannot be written to
    end the run; what was done until then is kept.

    Parameters
    ----------
    execution
        Who computes; it changes no byte of what is predicted.

    Raises
    ------
    RunFolderError
        When the folder holds something else, cannot be written to, or another process computes into it.
    TooManyFailures
        When more cells have failed than `execution` lets pass.
    """
    folder.require_no_file()
    with only_driver(folder), threads_held(plan.options.threads):
        state = RunState.begin(plan, folder, device=execution.device(plan.options.device))
        folder.remove_leftovers()
        state.most_failures = execution.max_failures
        todo = [combination for combination in state.combinations if not is_done(state, combination)]
        if todo or not (_has_utterances(folder) and _has_utterances(folder.validation)):
            write_utterances(folder, {name: splits.test for name, splits in plan.data.items()})
            write_utterances(folder.validation, {name: splits.validation for name, splits in plan.data.items()})
        try:
            if execution.in_process:
                for combination in todo:
                    compute(state, combination, progress)
            elif todo:
                Driver(state, todo, make_executor(execution, plan, folder), execution, progress).drive()
            record_lost_again(state)
        finally:
            record = state.write()
            folder.remove_leftovers()
    return record


def _has_utterances(folder: RunFolder) -> bool:
    try:
        read_utterances(folder)
    except EmobenchError:
        return False
    return True
