"""MultiEMO: a DialogueRNN for each modality; then each modality asks the others, layer upon layer.

What a turn says in each modality is put into its dialogue by recurrent cells. Each modality then asks every other one
over the turns of the dialogue, in several layers; all are joined and classified. Besides the classes, training pulls
turns of a class together, rare classes first, and makes the modalities agree.

(1) x_m = W_m u_m + b_m. (2) c_m: the emotion states of a DialogueRNN over the x_m, (1) to (4) of `dialogue_rnn`, both
directions side by side. (3) f_m = c_m at first. A layer does for each other modality n in turn: f_m = LN(f_m +
attention), queries of f_m, keys and values of c_n, several heads; then f_m = LN(f_m + FF(f_m)), FF with a hidden layer
and ReLU. What is asked stays c_n in all layers. (4) z: a linear layer on all f_m side by side. (5) Linear, ReLU,
Linear. (6) Loss: `classification` · cross-entropy + `contrastive` · SWFC of the z + `correlation` · Soft-HGR of the
f_m. SWFC is a supervised contrastive loss with a focal factor (1 − P)^focus for each positive and (1/share)^
sample_weight for each anchor; Soft-HGR is ½ tr(cov f · cov g) less the mean product of f and g, for each pair.

Inputs: any modalities of any widths; speakers by their index in the dialogue, as many as there are. With two
modalities a layer has one attention; a single one asks itself, and has no Soft-HGR.

A modality that is not observed: with mask_aware=true it leaves the states of its DialogueRNN as they are, none asks it
and Soft-HGR leaves it out; at its own turn it asks with the emotion read from its speaker's state (text_context=false:
with zeros). Where nothing reaches a turn the class shares of training are predicted. With mask_aware=false a vector of
zeros is input like any other.

Presets: suite is mask-aware and narrow; cross-entropy has the weight 1, and the other terms are small beside it. A
layer norm after (1), the size of the batch and the learning rate were chosen by validation score on simulated data.
paper is the released run on IEMOCAP: width 256, 6 layers of 4 heads, hidden layers of 1024, no dropout, weights .2, .4,
.4 of cross-entropy, SWFC and Soft-HGR, Adam at 1e-4 with an L2 penalty of 1e-5, 64 dialogues a batch, 100 epochs.
paper_meld: 2 layers, text without a DialogueRNN, weights .4, .3, .3, 100 dialogues, 15 epochs.

What comes from where: sizes, order of the steps, weights of the losses, optimiser and the lack of masks of paper and
paper_meld are specified from the released code. That (3) asks c_n in all layers, ReLU, the form of SWFC and its τ = .8,
focus 2 and sample_weight .8 follow the paper as the literature knows it, and were not compared with its print; the form
of Soft-HGR is that of Wang et al. Assumed, for want of a source: the widths of the states (256, emotion 128 in a
direction), the hidden layer of (5) (256), and no class weights in cross-entropy.

Quirks: masked=false: as released, padding is asked too, so that answers depend on the company in the batch, also in
prediction (with mask_aware=true padding is never asked). text_context=false: text as (1) gives it, as released for
MELD, whose text features come from an encoder that reads the dialogue. dropout=0. normed=false: no norm after (1). SWFC
is a mean over utterances here, as all losses, and a sum in the paper. Soft-HGR is −½ width or more for each pair, −384
in all with the published width, and a weight of .3 or .4 makes it most of the loss. The released code lowers the
learning rate where a validation loss stops falling; that is not imitated, the rate stays. It draws 5 % of training for
that loss only, and reports the epoch that is best on test. paper and paper_meld take few and small steps: paper_meld's
15 epochs are 60 steps on the simulated data, and get no further than the commonest class.

Reproduction: published 72.84 weighted F1 on IEMOCAP and 66.74 on MELD; with a validation split of their own, on speech
and text, MiSTER-E's authors measured 66.9 ± 2.0 and 65.3 ± .5. The published MELD text features may have seen the test
split.

Pairwise masks: the attention honours them, and what is asked has asked nobody itself; through the DialogueRNNs context
still flows.

Turn by turn: recomputed, for the DialogueRNNs read the turns so far from each new one back.

Source: Shi & Huang (2023), MultiEMO: an attention-based correlation-aware multimodal fusion framework for emotion
recognition in conversations; Soft-HGR: Wang et al. (2019), An efficient approach to informative feature extraction from
multimodal data.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar

from annotated_types import Ge, Gt, Lt
from typing_extensions import Doc

from ..benchmark.training.presets import Presets
from ..benchmark.training.recipe import Loss, Network
from ..benchmark.training.task import Task
from .network_baseline import PAPER, SUITE, NetworkBaseline
from .sizes import Size, on_iemocap, on_meld, on_simulated

Rate = Annotated[float, Ge(0), Lt(1)]
_PAPER = PAPER | {
    "class_power": 0.0,
    "width": 256,
    "state_width": 256,
    "layers": 6,
    "heads": 4,
    "feed_forward": 1024,
    "text_context": True,
    "normed": False,
    "masked": False,
    "recurrent_dropout": 0.0,
    "dropout": 0.0,
    "classification": 0.2,
    "contrastive": 0.4,
    "contrastive_temperature": 0.8,
    "focus": 2.0,
    "sample_weight": 0.8,
    "correlation": 0.4,
    "learning_rate": 1e-4,
    "weight_decay": 1e-5,
    "batch_dialogues": 64,
    "epochs": 100,
}


@dataclass(frozen=True)
class _Sizes:
    """What one argument asks of another."""

    width: int
    heads: int


@dataclass(frozen=True)
class MultiEmo(NetworkBaseline):
    """Sizes and switches; None: what the preset says."""

    presets: ClassVar[Presets] = {
        "suite": SUITE
        | {
            "width": 96,
            "state_width": 64,
            "layers": 1,
            "heads": 4,
            "feed_forward": 192,
            "text_context": True,
            "normed": True,
            "masked": True,
            "recurrent_dropout": 0.1,
            "dropout": 0.3,
            "classification": 1.0,
            "contrastive": 0.1,
            "contrastive_temperature": 0.8,
            "focus": 2.0,
            "sample_weight": 0.5,
            "correlation": 1e-3,
            "modality_dropout": 0.2,
            "learning_rate": 2e-3,
            "batch_dialogues": 32,
            "epochs": 15,
        },
        "paper": _PAPER,
        "paper_meld": _PAPER
        | {
            "layers": 2,
            "text_context": False,
            "classification": 0.4,
            "contrastive": 0.3,
            "correlation": 0.3,
            "batch_dialogues": 100,
            "epochs": 15,
        },
    }
    sizes: ClassVar[Mapping[str, Size]] = {
        "suite": on_simulated(1_043_623),
        "paper": on_iemocap(28_189_446, text=768, audio=512, video=1000),
        "paper_meld": on_meld(12_755_463, text=768, audio=512, video=1000),
    }

    width: Annotated[int, Ge(2), Doc("width of all vectors; even, and a multiple of heads")] | None = None
    state_width: Annotated[int, Ge(1), Doc("width of the global and the party states of the DialogueRNNs")] | None = (
        None
    )
    layers: Annotated[int, Ge(1), Doc("layers of cross-attention")] | None = None
    heads: Annotated[int, Ge(1), Doc("attention heads")] | None = None
    feed_forward: Annotated[int, Ge(1), Doc("width of the hidden layer that ends each layer")] | None = None
    text_context: Annotated[bool, Doc("text goes through a DialogueRNN, too")] | None = None
    normed: Annotated[bool, Doc("a layer norm follows every projection")] | None = None
    masked: Annotated[bool, Doc("no turn asks padding; false: as released, answers depend on the company")] | None = (
        None
    )
    recurrent_dropout: Annotated[Rate, Doc("dropout on every new state of the DialogueRNNs")] | None = None
    dropout: Annotated[Rate, Doc("dropout of contexts, attention, feed-forward layers and the last layer")] | None = (
        None
    )
    classification: Annotated[float, Ge(0), Doc("weight of the loss of the predictions")] | None = None
    contrastive: (
        Annotated[float, Ge(0), Doc("weight of the sample-weighted focal contrastive loss; 0: without it")] | None
    ) = None
    contrastive_temperature: Annotated[float, Gt(0), Doc("temperature τ of the contrastive loss")] | None = None
    focus: Annotated[float, Ge(0), Doc("exponent γ of the contrastive loss; 0: not focal")] | None = None
    sample_weight: (
        Annotated[float, Ge(0), Doc("anchors of the contrastive loss have weight (1/share)^this; 0: all 1")] | None
    ) = None
    correlation: Annotated[float, Ge(0), Doc("weight of the soft correlation of modalities; 0: without it")] | None = (
        None
    )

    def __post_init__(self) -> None:
        """Check what one argument asks of another."""
        sizes = self.settled(_Sizes)
        # Each direction of a DialogueRNN makes one half of the width.
        of, divisor = ("2·heads", 2 * sizes.heads) if sizes.heads % 2 else ("heads", sizes.heads)
        self.require_multiple("width", sizes.width, of, divisor)

    def network(self, task: Task) -> Network:
        """Return the network with first weights."""
        from .multi_emo_network import MultiEMONetwork, Switches

        return MultiEMONetwork(task, self.settled(Switches))

    def objective(self, task: Task) -> Loss:
        """Return the weighted sum of the losses of predictions, contrasts and correlations."""
        from .multi_emo_losses import LossTerms, joint_loss

        return joint_loss(super().objective(task), task.class_counts, self.settled(LossTerms))


PLUGIN = MultiEmo
