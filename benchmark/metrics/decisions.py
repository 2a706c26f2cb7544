"""What decisions cost: for each utterance the decision of least expected cost under the model's probabilities.

Elkan, The foundations of cost-sensitive learning, IJCAI 2001, Eq. 1; with abstaining as one more decision Chow, On
optimum recognition error and reject tradeoff, IEEE Transactions on Information Theory 1970.
"""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from jaxtyping import Float
from typing_extensions import Doc

from ..cost_files import Costs, read_costs
from ..saved_files import typed_path
from .base import Scored

CostsArgument = Annotated[
    str, Doc("CSV file: rows gold classes, columns decisions, that is classes and `abstain`; without: wrong 1, right 0")
]
"""The argument that metrics of decisions share."""


@dataclass(frozen=True)
class DecisionSums:
    """Cost of the decision for the gold class, whether it was to abstain, ones."""

    costs: str
    """Path as typed in a spec text; empty: a wrong class costs 1, a right one nothing."""

    def __call__(self, scored: Scored) -> Float[np.ndarray, "utterances sums"]:
        """Return the three columns.

        Raises
        ------
        DataError
            When the file cannot be read or is of other classes.
        """
        costs = costs_of(self.costs, scored.classes)
        decision = cheapest(scored.probabilities, costs)
        abstained = decision >= len(scored.classes)
        return np.column_stack([costs[scored.label, decision], abstained, np.ones(len(decision))])


def cheapest(
    probabilities: Float[np.ndarray, "utterances classes"], costs: Float[np.ndarray, "classes decisions"]
) -> np.ndarray:
    """Return the decision of least expected cost of each utterance; the first wins a tie."""
    # Against the dearest decision for a class: the same order, and without a file exactly that of the probabilities.
    return np.asarray((probabilities @ (costs - costs.max(axis=1, keepdims=True))).argmin(axis=1))


def costs_of(path: str, classes: tuple[str, ...]) -> Float[np.ndarray, "classes decisions"]:
    """Return the costs that a path as typed stands for; errors as in `DecisionSums`."""
    return read(path).of(classes) if path else 1 - np.eye(len(classes))


def read(path: str) -> Costs:
    """Return the content of a file that is named as in a spec text."""
    return read_costs(typed_path(path))
