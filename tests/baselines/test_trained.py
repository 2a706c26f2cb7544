"""A model with what goes along with its training."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

from emobench.baselines.base import FitContext, NetworkMethod, TrainingMethod
from emobench.baselines.methods.cml import Cml
from emobench.baselines.methods.crl import Crl
from emobench.baselines.methods.ensemble import EnsembleOf
from emobench.baselines.prior import Prior
from emobench.baselines.trained import AlongTraining, Trained
from emobench.benchmark.conversations import Conversations, DataSplits
from emobench.benchmark.errors import SpecError
from emobench.benchmark.registry import METHODS, names, plugin_class
from emobench.benchmark.training.companions import Companion, Course
from tests.baselines.methods.toy import Toy, fit, weights

Make = Callable[..., Conversations]


@dataclass(frozen=True)
class Watching(AlongTraining):
    """A method that keeps what it is given."""

    given: list[Course]

    def companion(self, course: Course) -> Companion:
        self.given.append(course)
        return Companion()


def test_methods_gather_in_the_order_written() -> None:
    once = Crl().applied_to(Toy(), text="toy+crl")
    assert once == Trained(Toy(), (Crl(),))
    assert Cml().applied_to(once, text="toy+crl+cml") == Trained(Toy(), (Crl(), Cml()))
    assert not Trained(Toy(), (Crl(),)).deterministic


def test_a_method_is_given_the_run_before_its_first_step(small_splits: DataSplits) -> None:
    given: list[Course] = []
    model, context = Trained(Toy(), (Watching(given),)), FitContext(seed=3, monitor=small_splits.test)
    fitted = model.fit(small_splits.train, small_splits.validation, context=context)
    (course,) = given
    assert course.recipe == Toy()
    assert course.train is small_splits.train
    assert course.validation is small_splits.validation
    assert course.options == Toy().options()
    assert (course.context.seed, course.context.monitor) == (3, small_splits.test)
    # One that changes nothing leaves the training as it was.
    plain = fit(Toy(), small_splits, seed=3)
    assert weights(fitted) == weights(plain)  # type: ignore[arg-type]  # a NetworkModel
    assert fitted.record.epochs == plain.record.epochs


def test_it_comes_back_as_the_model(small_splits: DataSplits) -> None:
    model = Trained(Toy(), (Crl(),))
    fitted = model.fit(small_splits.train, small_splits.validation, context=FitContext(seed=0))
    p = fitted.predict(small_splits.test).probabilities
    assert np.array_equal(model.restore(fitted.state()).predict(small_splits.test).probabilities, p)


def test_a_model_without_a_network_is_refused() -> None:
    with pytest.raises(SpecError) as caught:
        Crl().applied_to(Prior(), text="prior+crl:weight=2")
    assert str(caught.value) == (
        "crl: expected a model with a network that is trained, got prior; type for example rage_fusion+crl:weight=2"
    )


def test_several_networks_are_refused_and_the_right_order_is_said() -> None:
    with pytest.raises(SpecError) as caught:
        Crl().applied_to(EnsembleOf(Toy(), 2), text="toy:x=1+cml+ensemble:members=2+crl:weight=2")
    assert str(caught.value) == (
        "crl goes along with the training of one network, and +ensemble makes several; "
        "type toy:x=1+cml+crl:weight=2+ensemble:members=2"
    )


def test_every_method_has_the_interface() -> None:
    for name in names(METHODS):
        method = plugin_class(METHODS, name)()
        assert isinstance(method, TrainingMethod)
        assert isinstance(method, NetworkMethod) == isinstance(method, AlongTraining)
