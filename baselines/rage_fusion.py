"""RAGE-Fusion: cross-attention from text to audio and video, and a gate that weighs modalities by reliability.

Each utterance is read on its own; dialogues matter only for the stability term of the loss. Features of each modality
are projected (Linear, GELU, LayerNorm, Dropout) to v_t, v_a, v_v; v̂_t = LN(v_t + a), where a is attention of text on
audio and video; g = softmax(W_g[v̂_t ; v_a ; v_v] + b_g); the classifier sees g_t v̂_t + g_a v_a + g_v v_v. The loss
is focal, weighted by (1/share)^½, plus μ times the mean KL divergence of the predictions of neighbouring turns. In
training each modality of an utterance is dropped at random. A temperature is fitted on validation at the end. On data
without text the first modality asks in its place; with one modality there is no attention.

preset=suite, the default, sets mask_aware=true, standardise=true and dropout=0.5: a modality that is not observed has
no gate weight, no attention and no influence; where nothing is observed the class shares of training are predicted.

preset=paper sets mask_aware=false, standardise=false and dropout=0.2: to the letter, ṽ_k = m_k v_k, so a modality that
is not observed still takes its share of the gate, and the fused vector shrinks. Features come as they are.

What a preset sets can be set on top of it: rage_fusion:preset=paper,mask_aware=true.

Inputs: one to three modalities of any widths; neither speakers nor other turns, so there is no context to remove, and
turn by turn nothing to keep.

The paper's objective also has λ·max(0, T − B), T the time of an inference. T is measured, it is no function of the
parameters: its gradient is zero. It is reported (milliseconds per utterance), not optimised.

Reproduction: the paper prints 79.40 weighted F1 on IEMOCAP and 71.85 on MELD, without seeds or spread, and does not
state which split and classes of IEMOCAP. The recalls it quotes for its own confusion matrix on MELD allow no weighted
F1 below 76.4. A fine-tuned RoBERTa that reads one turn at a time has 54.55 and 62.02 (COSMIC's authors, chosen on
validation).

Source: RAGE-Fusion (jcbi.org, article 1271), Eq. 4–11 for the fusion; no code was released. What it leaves open is
chosen as conventional and is an argument here. Two choices of the suite were made by validation scores on simulated
data and MELD (sentence embeddings): dropout .5 rather than .2, and standardised features.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import numpy as np
from annotated_types import Ge, Gt, Le, Lt, Unit
from typing_extensions import Doc

from ..benchmark.arguments import Share
from ..benchmark.conversations import Conversations
from ..benchmark.training import options as o
from ..benchmark.training.presets import Presets
from ..benchmark.training.recipe import Loss, Network
from ..benchmark.training.task import Task
from .base import FitContext, FittedModel
from .calibrators.temperature import fit_temperature
from .network_baseline import TrainsNetwork
from .sizes import Size, on_iemocap, on_simulated

PRESETS: dict[str, dict[str, bool | float]] = {
    "suite": {"mask_aware": True, "standardise": True, "dropout": 0.5},
    "paper": {"mask_aware": False, "standardise": False, "dropout": 0.2},
}
"""What each preset sets, by argument."""

Switch = bool | None
StabilityOver = Literal["mean", "sum"]
StabilityDirection = Literal["forward", "backward"]


@dataclass(frozen=True)
class RageFusion(TrainsNetwork):
    """The choices that the paper leaves open, and the training."""

    presets: ClassVar[Presets] = PRESETS
    sizes: ClassVar[Mapping[str, Size]] = {
        "suite": on_simulated(236_298),
        "paper": on_iemocap(530_953, text=768, audio=256, video=256),
    }

    preset: Annotated[Literal["suite", "paper"], Doc("suite: aware of what is missing; paper: to the letter")] = "suite"
    mask_aware: Annotated[Switch, Doc("a modality that is not observed gets no gate weight and no attention")] = None
    standardise: Annotated[Switch, Doc("scale features by the training split's mean and deviation first")] = None
    width: Annotated[int, Ge(1), Doc("width of the projections")] = 256
    heads: Annotated[int, Ge(1), Doc("attention heads; width must be a multiple")] = 4
    activation: Annotated[Literal["gelu", "relu"], Doc("after the projection's linear layer")] = "gelu"
    dropout: Annotated[
        Annotated[float, Ge(0), Lt(1)] | None, Doc("share of projected features dropped in training")
    ] = None
    modality_dropout: Annotated[
        Share, Doc("rate at which training drops each modality of an utterance; one is always kept")
    ] = 0.2
    gate: Annotated[
        Literal["last", "first"], Doc("last: on what attention gives, as in the equations; first: as in Fig. 2's text")
    ] = "last"
    quality: Annotated[bool, Doc("the gate also sees how strong each modality's features are (log RMS)")] = False
    gamma: Annotated[float, Ge(0), Le(10), Doc("exponent of the focal loss; 0: cross-entropy")] = 2.0
    class_power: Annotated[float, Ge(0), Le(1), Doc("class weights are (1/share)^this, scaled to mean 1")] = 0.5
    stability: Annotated[float, Ge(0), Doc("weight μ of the mean KL divergence between neighbouring turns")] = 0.1
    stability_over: Annotated[
        StabilityOver, Doc("mean over all neighbours, or their sum per dialogue, which grows with its length")
    ] = "mean"
    stability_direction: Annotated[
        StabilityDirection, Doc("forward: KL(this turn ‖ the next), as printed; backward: KL(the next ‖ this turn)")
    ] = "forward"
    temperature: Annotated[bool, Doc("divide logits by a temperature fitted on validation")] = True
    latency_budget: Annotated[
        float, Gt(0), Unit("ms per utterance"), Doc("B of max(0, T − B), which is reported and has no gradient")
    ] = 100.0
    epochs: o.Epochs = 50
    batch_dialogues: o.BatchDialogues = 16
    learning_rate: o.LearningRate = 5e-4
    weight_decay: o.WeightDecay = 0.01
    warm_up: o.WarmUp = 0.1
    patience: o.Patience = 8
    clip: o.Clip = 1.0
    select_by: o.SelectByArgument = "macro_f1"

    def __post_init__(self) -> None:
        """Check what one argument asks of another."""
        self.require_multiple("width", self.width, "heads", self.heads)

    def fit(self, train: Conversations, validation: Conversations, *, context: FitContext) -> FittedModel:
        """Train; then fit the temperature on validation.

        Raises
        ------
        DataError
            When training or validation has no labels.
        EmobenchError
            When training diverges.
        """
        from ..benchmark.losses import latency_hinge
        from ..benchmark.training.network_model import fit_network
        from .rage_network import set_temperature

        fitted = fit_network(self, train, validation, context=context)
        milliseconds = float(fitted.record.notes["milliseconds per utterance"])
        temperature = self._best_temperature(fitted, validation)
        set_temperature(fitted.network, temperature)
        return fitted.noting(
            {"temperature": temperature, "milliseconds over budget": latency_hinge(milliseconds, self.latency_budget)}
        )

    def network(self, task: Task) -> Network:
        """Return the network with first weights."""
        from .rage_network import RageNetwork, Switches

        return RageNetwork(
            task,
            Switches(
                width=self.width,
                heads=self.heads,
                dropout=self.preset_value("dropout"),
                modality_dropout=self.modality_dropout,
                activation=self.activation,
                gate=self.gate,
                quality=self.quality,
                mask_aware=bool(self.preset_value("mask_aware")),
                standardise=bool(self.preset_value("standardise")),
            ),
        )

    def preset_value(self, name: str) -> bool | float:
        """Return the value of an argument that presets know: as set, else as the preset says."""
        value: bool | float | None = getattr(self, name)
        return PRESETS[self.preset][name] if value is None else value

    def objective(self, task: Task) -> Loss:
        """Return weighted focal loss plus μ times the stability loss."""
        from ..benchmark.losses import class_weights, stability, weighted_focal

        weights = class_weights(task.class_counts, power=self.class_power)
        return lambda output, batch: (
            weighted_focal(output.logits, batch.label, weights=weights, gamma=self.gamma)
            + self.stability
            * stability(output.logits, batch.valid, over=self.stability_over, direction=self.stability_direction)
        )

    def options(self) -> o.TrainingOptions:
        """Return how to train."""
        return o.TrainingOptions.of(self)

    def _best_temperature(self, fitted: FittedModel, validation: Conversations) -> float:
        if not self.temperature:
            return 1.0
        # Where nothing is observed the answer does not depend on the temperature.
        seen = np.any(list(validation.observed.values()), axis=0)
        known = (validation.label >= 0) & seen
        return fit_temperature(fitted.predict(validation).probabilities[known], validation.label[known])


PLUGIN = RageFusion
