"""What the stressed inputs of a plan have in common, computed once for all models."""

from collections.abc import Mapping

from ..protocols.base import FeatureStatistics
from .plan import Plan
from .realised import Signal
from .stressed import Digests


class PlanInputs:
    """Statistics, digests and signals of the data sets of a plan, each computed when it is asked for first."""

    def __init__(self, plan: Plan) -> None:
        """Compute nothing yet."""
        self._plan = plan
        self._statistics: dict[str, Mapping[str, FeatureStatistics]] = {}
        self._digests: dict[str, Digests] = {}
        self._signals: dict[str, Signal] = {}

    def statistics(self, data: str) -> Mapping[str, FeatureStatistics]:
        """Return the training statistics of a data set."""
        if data not in self._statistics:
            self._statistics[data] = FeatureStatistics.of(self._plan.data[data].train)
        return self._statistics[data]

    def digests(self, data: str) -> Digests:
        """Return the digests of a data set's test split under stress, which tell where two inputs are the same."""
        if data not in self._digests:
            self._digests[data] = Digests(self._plan.data[data].test)
        return self._digests[data]

    def signal(self, data: str) -> Signal:
        """Return what the severity of stresses on a data set's test split is measured against."""
        if data not in self._signals:
            self._signals[data] = Signal(self._plan.data[data].test)
        return self._signals[data]
