"""What a model is: arguments in, `fit`, `predict`, and a state of arrays and numbers that can be stored safely."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, Float32
from typing_extensions import Doc

from ..benchmark.conversations import Conversations
from ..benchmark.predictions import Predictions
from ..benchmark.randomness import Randomness

# `Any` stands for Json itself: a type that names itself cannot be resolved where annotations are checked at run time.
Json = None | bool | int | float | str | list[Any] | dict[str, Any]
"""What a JSON file can hold."""

Selection = Literal["validation", "test"]
"""On which split the epoch is chosen. `test` is what most published code does; results are marked as such."""

PerMask = Annotated[
    bool,
    Doc(
        "fit one for each set of observed modalities; where nothing is observed, and for sets of which validation has "
        "too few labels, the one fitted on validation as it is"
    ),
]
"""The argument of calibrators that makes them `FitsPerMask`."""


@dataclass(frozen=True)
class FitContext:
    """What a fit may use beside its training and validation data."""

    seed: int
    """Seed of this training run; every random number of the fit comes from it."""
    device: str = "cpu"
    """`cpu` or `cuda`; `auto` has been resolved by then."""
    selection: Selection = "validation"
    """Which split chooses the epoch."""
    monitor: Conversations | None = None
    """The test split, scored after every epoch for the record (selection optimism) and, only with
    `selection="test"`, for the choice; None: not recorded."""
    progress: Callable[[str, int, int], None] = lambda what, done, total: None
    """Called after every epoch with what is done, how far, of how many."""
    methods: tuple["NetworkMethod", ...] = ()
    """What changes how the network of a torch model is trained; other models are never given any."""

    @property
    def randomness(self) -> Randomness:
        """The source of random numbers of this fit."""
        return Randomness(self.seed, ("fit",))


@dataclass(frozen=True)
class Epoch:
    """One line of the training record."""

    number: int
    """From 1."""
    train_loss: float
    """Mean training loss over the epoch."""
    validation: dict[str, float]
    """`accuracy`, `weighted_f1`, `macro_f1`, `nll` on validation."""
    test: dict[str, float]
    """The same on test; empty without a monitor. For the record: it decides nothing unless `selection="test"`."""


@dataclass(frozen=True)
class TrainingRecord:
    """How a model was fitted."""

    epochs: tuple[Epoch, ...] = ()
    """Empty for models without epochs."""
    chosen_epoch: int | None = None
    """Number of the epoch whose weights were kept; None without epochs."""
    selection: Selection = "validation"
    """Split that chose the epoch."""
    selection_optimism: float | None = None
    """Best test weighted F1 over epochs minus that of the validation-best epoch, ≥ 0; None: not recorded."""
    parameters: int = 0
    """Number of learned scalars."""
    notes: dict[str, float | str] = field(default_factory=dict)
    """Anything else worth keeping, such as `temperature` or `milliseconds per utterance`."""


@dataclass(frozen=True)
class State:
    """Everything a fitted model needs to predict again; stored as safetensors and JSON, never pickled."""

    arrays: Mapping[str, np.ndarray]
    """Learned arrays by name."""
    settings: Mapping[str, Json]
    """Everything else, small."""


@runtime_checkable
class FittedModel(Protocol):
    """A model that can predict."""

    @property
    def record(self) -> TrainingRecord:
        """How it was fitted."""
        ...

    def predict(self, conversations: Conversations) -> Predictions:
        """Return one row per row of `conversations` (rows that are context only included).

        The prediction of a dialogue depends on nothing but that dialogue: not on the others, nor on their order.
        """
        ...

    def state(self) -> State:
        """Return what `restore` needs to make this fitted model again."""
        ...


@runtime_checkable
class HonoursLinks(Protocol):
    """A fitted model that says whether it can be given `Conversations.links`."""

    @property
    def honours_links(self) -> bool:
        """True: a turn draws on nothing but the turns it is linked to (a model without context, on none)."""
        ...


@runtime_checkable
class HasHidden(Protocol):
    """A fitted model that computes a vector of each utterance before its last layer."""

    def hidden_vectors(self, conversations: Conversations) -> Float[np.ndarray, "utterances width"] | None:
        """Return the vectors of every row; None where the model turns out to have none."""
        ...


@runtime_checkable
class Session(Protocol):
    """One dialogue in progress, as an interface has it: what was said so far is kept, what comes is fed."""

    def feed(self, turn: Conversations) -> Predictions:
        """Return one row: what `predict` says of the last row of the dialogue so far, `turn` included.

        Parameters
        ----------
        turn
            The next utterance: one row, one dialogue.
        """
        ...


@runtime_checkable
class KeepsState(Protocol):
    """A fitted model that can go on from where it was, instead of reading the whole dialogue again at every turn."""

    def session(self) -> Session | None:
        """Return a session at the start of a dialogue; None where the model turns out to need the whole."""
        ...


@dataclass(frozen=True)
class Asked:
    """A condition of which predictions are asked for."""

    condition: str
    """Canonical text."""
    draw: int = 0
    """Number of the draw."""
    random: bool = False
    """Whether the condition depends on random numbers."""
    stress_seed: int = 0
    """Where its random numbers come from."""


@runtime_checkable
class PredictsConditions(Protocol):
    """A fitted model that knows a condition by its name, and is never given what the condition made of the input."""

    def predict_condition(self, asked: Asked, clean: Conversations) -> Predictions:
        """Return one row per row of `clean`, the split as recorded.

        Raises
        ------
        NotApplicable
            When nothing is known of the condition; the message says why.
        """
        ...


@runtime_checkable
class ReadsFiles(Protocol):
    """A model that reads files which its arguments name."""

    def content_key(self) -> str:
        """Return a text that changes when the content of the files does.

        Raises
        ------
        DataError
            When they cannot be read.
        """
        ...


@runtime_checkable
class HasGradients(Protocol):
    """A fitted model that knows how its log probabilities change with the features."""

    def feature_gradients(
        self, conversations: Conversations, slopes: Float[np.ndarray, "utterances classes"]
    ) -> Mapping[str, Float32[np.ndarray, "utterances width"]]:
        """Return per modality the gradient of Σ slopes · log p with respect to the features; the slopes are constants.

        The gradient of any loss, given its slopes with respect to the log probabilities of each row.
        """
        ...


@runtime_checkable
class Model(Protocol):
    """A plug-in: a frozen dataclass whose fields are the arguments; nothing learned is kept in it."""

    @property
    def deterministic(self) -> bool:
        """True: the seed changes nothing, so one fit stands for all seeds of a run."""
        ...

    def fit(self, train: Conversations, validation: Conversations, *, context: FitContext) -> FittedModel:
        """Learn from `train`; choose on `validation`.

        Raises
        ------
        NotApplicable
            When the model is not defined for these data; the message says why.
        """
        ...

    def restore(self, state: State, *, device: str = "cpu") -> FittedModel:
        """Return the fitted model that gave `state`."""
        ...


@runtime_checkable
class TrainingMethod(Protocol):
    """A plug-in that follows a model after `+` and changes how it is trained."""

    def applied_to(self, model: Model, *, text: str) -> Model:
        """Return the model that is trained this way.

        Parameters
        ----------
        text
            Of the model with this method, for messages.

        Raises
        ------
        SpecError
            When the method makes no sense for this model, with the reason.
        """
        ...


@runtime_checkable
class NetworkMethod(Protocol):
    """A training method that goes along with the training of one network."""

    # A companion has torch in its types, which is not imported where models are only named.
    def companion(self, course: Any) -> Any:
        """Return what goes along with a training run, a `Companion`, given its `Course`.

        Raises
        ------
        NotApplicable
            When the method is not defined for the network or the data.
        """
        ...


@runtime_checkable
class FittedCalibrator(Protocol):
    """A map from probabilities to probabilities."""

    def apply(self, probabilities: np.ndarray) -> np.ndarray:
        """Return calibrated probabilities, utterances × classes."""
        ...

    def state(self) -> State:
        """Return what `restore` needs."""
        ...


@runtime_checkable
class HasSlopes(Protocol):
    """A fitted calibrator that can be differentiated."""

    def slopes(
        self, probabilities: Float[np.ndarray, "utterances classes"], outer: Float[np.ndarray, "utterances classes"]
    ) -> Float[np.ndarray, "utterances classes"]:
        """Return a loss's slopes with respect to log p, given those (`outer`) with respect to log of `apply(p)`."""
        ...


@runtime_checkable
class Calibrator(Protocol):
    """A plug-in that follows a model after `+` and is fitted on its validation probabilities only."""

    def fit(self, probabilities: np.ndarray, labels: np.ndarray) -> FittedCalibrator:
        """Learn from probabilities (utterances × classes) and labels (all known) of the validation split."""
        ...

    def restore(self, state: State) -> FittedCalibrator:
        """Return the fitted calibrator that gave `state`."""
        ...


@runtime_checkable
class FitsPerMask(Protocol):
    """A calibrator that says whether one is wanted for each availability mask; without it, one serves all."""

    @property
    def per_mask(self) -> bool:
        """True: rows are told apart by the modalities that the model is told are observed; see `baselines.per_mask`."""
        ...
