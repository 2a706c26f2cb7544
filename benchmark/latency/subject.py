"""The fitted model that a process measures: from its checkpoint, or with first weights."""

from pathlib import Path

from ...baselines.base import FitContext, FittedModel, PredictsConditions
from ...baselines.trained import Trained
from ..checkpoints import load_checkpoint
from ..conversations import DataSplits
from ..errors import NotApplicable, RunFolderError
from ..models import make_model
from ..training.network_model import untrained_network
from ..training.recipe import Recipe
from .orders import Order


def fitted_subject(order: Order, splits: DataSplits, *, device: str) -> FittedModel:
    """Return the model on a device, in 32-bit floats.

    Raises
    ------
    NotApplicable
        When the model has no latency, or no first weights.
    RunFolderError
        When its checkpoint is not there.
    """
    model = make_model(order.cell.model)
    if order.cell.weights == "first":
        recipe = model.model if isinstance(model, Trained) else model
        if not isinstance(recipe, Recipe):
            raise NotApplicable("this model is no single network, so it has no first weights; leave --untrained out")
        return untrained_network(recipe, splits.train, context=FitContext(seed=order.seed, device=device))
    state = load_checkpoint(Path(order.stem), order.key)
    if state is None:
        raise RunFolderError(f"{order.stem}.* is missing or damaged; delete it and type the command again")
    fitted = model.restore(state, device=device)
    if isinstance(fitted, PredictsConditions):
        raise NotApplicable("predictions that are read from a file take no time to be made")
    return fitted
