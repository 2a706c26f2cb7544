"""Predict a trained model's conditions, one after the other, while the inputs of the next are made.

A thread of its own applies stresses, takes digests, writes down what was done and makes batches; the network runs on
the calling thread. A batch holds dialogues of one draw of one condition only: with whom a dialogue shares a batch, and
the padding that follows from it, can change the last bits of its prediction, and those must not depend on which other
conditions were asked for. Attacks need the model, and are made on the calling thread when their turn comes.
"""

import sys
import time
from collections.abc import Iterator, Sequence
from functools import partial

from ..baselines.base import Asked, FittedModel, PredictsConditions
from .background import Background
from .conditions import Condition
from .errors import RunFolderError
from .fitting import Ending, ending
from .pieces import predict_pieces
from .prediction_store import PredictionStore
from .predictions import Predictions
from .realised import means_of
from .run_record import CellRecord
from .run_state import Combination, RunState
from .spool import Place
from .stressed import predict_condition
from .stressed_inputs import Made, StressedInputs

AHEAD = 24
"""Batches that may wait for the network: four splits of MELD's size, so that a slow stress holds nobody up."""
TURN = 0.001
"""Seconds after which the thread that makes inputs lets the network's go on, where both need the interpreter. Python's
own 0.005 are as long as whole layers: the network, which asks after every operation, would mostly wait."""


class ConditionPredictions:
    """The predictions of some conditions, to be asked for in the order named."""

    def __init__(
        self,
        state: RunState,
        combination: Combination,
        fitted: FittedModel,
        store: PredictionStore,
        conditions: Sequence[Condition],
    ) -> None:
        """Make nothing yet; `conditions`: all that will be asked for."""
        self._state = state
        self._combination = combination
        self._fitted = fitted
        self._store = store
        self._seen: dict[str | None, Place] = {}
        ahead = [
            (condition, draw)
            for condition in conditions
            if state.works_ahead and not condition.attacks
            for draw in range(state.plan.draws_of(condition))
        ]
        self._job = {(condition.text, draw): job for job, (condition, draw) in enumerate(ahead)}
        inputs = StressedInputs(state, combination, fitted, repeats=False)
        self._background = Background((partial(inputs.make, *place) for place in ahead), most=AHEAD)
        self._here = StressedInputs(state, combination, fitted, repeats=True)
        self._turn = sys.getswitchinterval()

    def __enter__(self) -> "ConditionPredictions":
        """Start to make inputs."""
        sys.setswitchinterval(min(TURN, self._turn))
        self._background.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        """Make no more."""
        self._background.__exit__(*error)
        sys.setswitchinterval(self._turn)

    def predict(self, condition: Condition) -> None:
        """Predict every draw of a condition and keep that, or why it could not be predicted.

        Raises
        ------
        RunFolderError
            When the folder cannot be written to.
        """
        started = time.perf_counter()
        ended = Ending("done", "")
        attacked: list[dict[str, float]] = []
        try:
            self._store.put(condition.text, self._drawn(condition, attacked))
        except RunFolderError:
            raise
        except Exception as error:  # a fault under one condition must not cost the others their results
            ended = ending(error)
        self._state.add_cell(
            CellRecord(
                **self._combination._asdict(),
                condition=condition.text,
                state=ended.state,
                why=ended.why,
                key=self._state.cell_key(self._combination, condition),
                seconds=time.perf_counter() - started,
                realised=means_of(attacked),
            )
        )

    def _drawn(self, condition: Condition, attacked: list[dict[str, float]]) -> list[Predictions]:
        """Return the predictions of every draw, and note what each did; `attacked` gets how severe an attack was."""
        drawn: dict[Place, Predictions] = {}
        digests: dict[str | None, Place] = {}
        for draw in range(self._state.plan.draws_of(condition)):
            items = self._items(condition, draw)
            if isinstance(self._fitted, PredictsConditions):
                predictions = self._by_name(self._fitted, condition, draw)
                made = _made(items)
            else:
                made = _made(items)
                earlier = self._seen.get(made.digest) or digests.get(made.digest)
                if earlier is None:
                    predictions = self._predicted(condition, draw, made, items)
                else:
                    predictions = drawn[earlier] if earlier in drawn else self._store.read(*earlier)
            if made.note is not None:
                self._state.note_stress(self._combination, condition, draw, made.note)
                attacked += [made.note.realised] * condition.attacks
            drawn[condition.text, draw] = predictions
            if made.digest is not None:
                digests.setdefault(made.digest, (condition.text, draw))
        self._seen = {**digests, **self._seen}
        return list(drawn.values())

    def _items(self, condition: Condition, draw: int) -> Iterator[object]:
        job = self._job.get((condition.text, draw))
        if job is not None:
            return self._background.job(job)
        # What an attack of a model that is asked by name did, nobody here knows.
        if condition.attacks and isinstance(self._fitted, PredictsConditions):
            return iter([Made(None, None, None)])
        return self._here.make(condition, draw)

    def _by_name(self, fitted: PredictsConditions, condition: Condition, draw: int) -> Predictions:
        """Ask a model that is never given the stressed input, which is made for the record only."""
        asked = Asked(condition.text, draw, random=condition.random, stress_seed=self._state.plan.options.stress_seed)
        return predict_condition(fitted, self._state.plan.data[self._combination.data].test, asked)

    def _predicted(self, condition: Condition, draw: int, made: Made, pieces: Iterator[object]) -> Predictions:
        if made.reading is None:
            # An equal input was made before, and its prediction failed: so will this one, or not.
            pieces = self._here.make(condition, draw)
            made = _made(pieces)
        assert made.reading is not None
        return made.reading.read(predict_pieces(self._fitted, pieces, made.reading.given))


def _made(items: Iterator[object]) -> Made:
    made = next(items)
    assert isinstance(made, Made)
    return made
