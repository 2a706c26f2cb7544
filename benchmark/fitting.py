"""Train or load the models of a plan, and predict the validation split, on which thresholds are chosen."""

import time
from dataclasses import asdict
from typing import NamedTuple

from ..baselines.base import FitContext, FittedModel, Model, TrainingRecord
from ..baselines.calibrated import Calibrated
from .checkpoints import load_checkpoint, save_checkpoint
from .errors import DataError, EmobenchError, NotApplicable, RunFolderError, TooManyFailures
from .models import before_calibration, make_model
from .prediction_files import read_predictions, write_predictions
from .progress import Progress
from .run_record import CellState, EpochRecord, FitRecord
from .run_state import FIT, VALIDATION, Combination, RunState
from .scoring_inputs import CLEAN
from .stressed import predict_under


class Ending(NamedTuple):
    """How a fit or a cell ended."""

    state: CellState
    """Whether it is done."""
    why: str
    """Reason, where it is not."""


def fitted_model(state: RunState, combination: Combination, progress: Progress) -> FittedModel | None:
    """Return the fitted model, from its checkpoint where there is one; None where it failed or declined.

    A model with calibrators is made of the model without them, which is trained once for all that follow it.
    """
    state.begins(combination, FIT)
    model, fit_key = make_model(combination.model), state.fit_key(combination)
    stem = state.folder.checkpoint_stem(*combination)
    saved = load_checkpoint(stem, fit_key) if state.fit_is_done(combination) else None
    if saved is not None:
        try:
            return model.restore(saved, device=state.device)
        except DataError as error:  # the same key, and yet not what this version of the model makes
            raise RunFolderError(f"{stem}.*: {error}: delete these files and type the command again") from error
    started = time.perf_counter()
    fitted, record = None, FitRecord(**combination._asdict(), state="done", key=fit_key)
    try:
        if isinstance(model, Calibrated):
            fitted, record = _calibrated(state, combination, model, record, progress)
        else:
            fitted = _trained(state, combination, model, progress)
            record = _with(record, fitted.record)
        if fitted is not None:
            save_checkpoint(stem, fitted.state(), fit_key)
    except (RunFolderError, TooManyFailures):
        raise
    except Exception as error:  # a fault of one model must not cost the others their results
        fitted, ended = None, ending(error)
        record = record.model_copy(update={"state": ended.state, "why": ended.why})
    seconds = record.seconds + time.perf_counter() - started
    state.fits[combination] = record.model_copy(update={"seconds": seconds})
    if fitted is None:
        state.mark_all(combination, state=record.state, why=record.why)
    state.keep()
    return fitted


def predict_validation(state: RunState, combination: Combination, fitted: FittedModel) -> None:
    """Predict the validation split as recorded and keep it, or keep why it cannot be predicted."""
    if (combination, VALIDATION) in state.left_out or validation_is_done(state, combination):
        return
    state.begins(combination, VALIDATION)
    path = state.folder.validation.predictions_path(*combination)
    validation, ended = state.plan.data[combination.data].validation, Ending("done", "")
    try:
        write_predictions(path, {CLEAN: (predict_under(fitted, validation, validation),)})
    except RunFolderError:
        raise
    except Exception as error:  # what needs no validation must not be lost
        path.unlink(missing_ok=True)
        ended = ending(error)
    state.fits[combination] = state.fits[combination].model_copy(
        update={"validation_state": ended.state, "validation_why": ended.why}
    )


def validation_is_done(state: RunState, combination: Combination) -> bool:
    """Return whether the folder holds what a model says of validation, or that it declines to say anything."""
    record = state.fits[combination]
    if record.validation_state != "done":
        return record.validation_state == "not applicable"
    try:
        read_predictions(state.folder.validation.predictions_path(*combination), CLEAN)
    except EmobenchError:  # what is missing or damaged is predicted anew
        return False
    return True


def ending(error: Exception) -> Ending:
    """Return why a part declined, or the last line of a traceback and where in the code it was raised."""
    # Names of files may hold what cannot be written down as text.
    said = str(error).encode(errors="backslashreplace").decode()
    if isinstance(error, NotApplicable):
        return Ending("not applicable", said)
    if isinstance(error, DataError):  # the fault is in the data, not in code
        return Ending("failed", said)
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    where = f" ({place.tb_frame.f_code.co_filename.rsplit('/', 1)[-1]}:{place.tb_lineno})" if place else ""
    return Ending("failed", f"{type(error).__name__}: {' '.join(said.split())[:300]}{where}")


def _trained(state: RunState, combination: Combination, model: Model, progress: Progress) -> FittedModel:
    splits, options = state.plan.data[combination.data], state.plan.options
    context = FitContext(
        seed=combination.seed,
        device=state.device,
        selection=options.selection,
        monitor=splits.test,
        progress=lambda what, done, total: progress(f"{combination}: {what}", done, total),
    )
    return model.fit(splits.train, splits.validation, context=context)


def _calibrated(
    state: RunState, combination: Combination, model: Calibrated, record: FitRecord, progress: Progress
) -> tuple[FittedModel | None, FitRecord]:
    """Fit the calibrators of a model on what the model without them says, and return the record of both."""
    validation = state.plan.data[combination.data].validation
    model.require_labels(validation)
    base = combination._replace(model=before_calibration(combination.model))
    started = time.perf_counter()
    fitted = fitted_model(state, base, progress)
    # The model without calibrators counts once, as it is recorded, whether it was trained now or was there.
    seconds = state.fits[base].seconds - (time.perf_counter() - started)
    state.begins(combination, FIT)
    of_base = state.fits[base].model_copy(update={"model": record.model, "key": record.key, "seconds": seconds})
    if fitted is None:
        return None, of_base
    calibrated = model.calibrate(fitted, validation)
    # A model from its checkpoint has forgotten how it was trained; the record has not.
    notes = {**of_base.notes, **calibrated.record.notes}
    return calibrated, of_base.model_copy(update={"notes": notes, "validation_state": "", "validation_why": ""})


def _with(record: FitRecord, training: TrainingRecord) -> FitRecord:
    return record.model_copy(
        update={
            "epochs": tuple(EpochRecord(**asdict(epoch)) for epoch in training.epochs),
            "chosen_epoch": training.chosen_epoch,
            "selection": training.selection,
            "selection_optimism": training.selection_optimism,
            "parameters": training.parameters,
            "notes": training.notes,
        }
    )
