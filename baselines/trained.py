"""A torch model whose training other methods go along with: what `model+cmerc` means."""

from dataclasses import dataclass, replace
from typing import ClassVar, cast

from ..benchmark.conversations import Conversations
from ..benchmark.errors import SpecError
from ..benchmark.specs import join, parse
from ..benchmark.training.recipe import Recipe
from .base import FitContext, FittedModel, Model, NetworkMethod, State


@dataclass(frozen=True)
class Trained:
    """A torch model and what goes along with its training."""

    deterministic: ClassVar[bool] = False

    model: Model
    """One with a network: a `Recipe`."""
    methods: tuple[NetworkMethod, ...]
    """In the order written."""

    def fit(self, train: Conversations, validation: Conversations, *, context: FitContext) -> FittedModel:
        """Train the model with its methods; errors as the model's, and `NotApplicable` of a method."""
        return self.model.fit(train, validation, context=replace(context, methods=self.methods))

    def restore(self, state: State, *, device: str = "cpu") -> FittedModel:
        """Return the fitted model that gave `state`: methods leave nothing behind but the weights."""
        return self.model.restore(state, device=device)


class AlongTraining:
    """What methods have in common that go along with the training of one network."""

    def applied_to(self, model: Model, *, text: str) -> Model:
        """Return the model trained with this method too.

        Raises
        ------
        SpecError
            When the model is not one network that is trained.
        """
        method = cast("NetworkMethod", self)
        if isinstance(model, Trained):
            return Trained(model.model, (*model.methods, method))
        if isinstance(model, Recipe):
            return Trained(model, (method,))
        *before, last = parse(text)
        if len(before) == 1:
            raise SpecError(
                f"{last.name}: expected a model with a network that is trained, got {before[0]}; "
                f"type for example rage_fusion+{last}"
            )
        raise SpecError(
            f"{last.name} goes along with the training of one network, and +{before[-1].name} makes several; "
            f"type {join((*before[:-1], last, before[-1]))}"
        )
