"""MiSTER-E: a text expert, an audio expert and one that joins both, each with context, and a gate that mixes them.

The experts for text and audio each read a dialogue by convolutions and a BiGRU; the third lets the two modalities ask
each other over the whole dialogue, and then themselves. A gate sees the logits of all three and says how much each
counts, turn by turn; all three are trained to be right on their own and to agree.

With x the features of a modality: (1) c = Σ over k = 1, 3, 5 of ReLU(conv_k x). (2) h = BiGRU(c) + W x + b, the logits
of its expert are linear in h. (3) y = W x + b; in each block both modalities at once LN(y + dropout(U A(y, y'))), A the
attention of y on the other's y', and then the same with A(y, y); queries, keys and values are narrowed first. (4) The
modality's vector is M = y + W' x + b'; the logits of the third expert are Linear, ReLU, Linear, LN of the M side by
side. (5) g = softmax(gate([logits of the three]) / temperature). (6) The logits are Σ g_e (logits of expert e).

The loss is that of the prediction, and of each expert, plus `contrastive` times the supervised contrastive loss of all
M of the batch (those of both modalities are positives of each other where the class is the same), plus `kl_weight`
times a KL divergence between what the experts say.

Inputs: text, without which it declines the data, and audio, of any widths; video is not used. Without audio in the data
there is the text expert alone: no fusion, no gate, and only the loss of its prediction. Speakers are not used.

A modality that is not observed: with mask_aware=true its vector adds nothing to convolutions and residual paths, and
none asks it; its turn stays a step of the BiGRU, which reads there what the convolutions see around it. Where a
modality is observed nowhere in a dialogue, its expert and the third have no weight in the gate, and no loss. Where
neither is, the class shares of training are predicted. With mask_aware=false a vector of zeros is input like any other.

Presets: suite is smaller and mask-aware; cross-entropy, padding takes part in nothing, KL as printed, dropout applied;
the learning rate was chosen by validation score on simulated data, where other weights of the losses (0 to .5) or a
second block change weighted F1 by less than .01 (.654 to .662, one seed). paper is the released code on IEMOCAP: width
1024, three layers of BiGRU, four blocks, focal loss with γ = 3 and no class weights, Adam at 1e-5, 8 dialogues a batch,
100 epochs. paper_meld: two layers, 32 dialogues a batch, other weights of the losses. The full published system reads
2048-wide vectors of a tuned LLaMA-3.1-8B and SALMONN-7B; on the suite's features this is the paper's variant without
language models.

Quirks: heads=3: the released code; the paper says 4. gate=mlp,gate_temperature=2: the released gate is Linear to 10,
ReLU, Linear, over a temperature; the paper has one layer (gate=linear) and none (gate_temperature=1). kl=symmetric: the
released code takes both directions of all three pairs of experts, here as their sum and averaged over pairs; directed:
the paper's KL(third ‖ text) + KL(third ‖ audio). kl_over=dialogues: the released code divides by the number of
dialogues only, so that long ones count more; turns: by the turns. padded_losses=true: in the released code padding
counts in the denominator of the focal loss, takes part in the contrastive loss as a class of its own, and in the KL.
packed=false, masked=false: in training the released BiGRU runs over padding and the attention asks it; it evaluates one
dialogue at a time, where there is none, and so predictions here never depend on the company. dropout: the released code
passes .2 to the experts and applies none: 0 in paper. The paper prints sums for the losses and a contrastive loss
within a dialogue; here, as in the code, they are means, over the batch. The released epoch is chosen on the test split,
under the name of validation.

Reproduction: reported weighted F1 70.9 ± .2 on IEMOCAP and 69.5 ± .3 on MELD with language models; with RoBERTa and
openSMILE 69.5 and 66.4, with RoBERTa and wav2vec 71.1 and 68.4. The F1 of each class that it prints (Figure 7b) gives
72.9 and 69.8 when weighted by class, so that of IEMOCAP is of another run. On its validation splits it reports 63.6 and
65.6.

Gate: its weights are of experts, not of modalities, and are no modality weights.

Pairwise masks: convolutions and attention honour them; through the BiGRUs context still flows.

Turn by turn: recomputed, for BiGRUs, convolutions and blocks of attention tell the turns so far of each new one.

Source: MiSTER-E, mixture of speech-text experts for emotion recognition in conversation; sizes and switches as in the
code of its authors where it and the paper differ.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from annotated_types import Ge, Gt, Lt
from typing_extensions import Doc

from ..benchmark.training.presets import Presets
from ..benchmark.training.recipe import Loss, Network
from ..benchmark.training.task import Task
from .network_baseline import PAPER, SUITE, LossSwitches, NetworkBaseline
from .sizes import Size, on_iemocap, on_meld, on_simulated

Rate = Annotated[float, Ge(0), Lt(1)]
_PAPER = PAPER | {
    "loss": "focal",
    "gamma": 3.0,
    "class_power": 0.0,
    "width": 1024,
    "layers": 3,
    "blocks": 4,
    "attention_width": 120,
    "heads": 3,
    "dropout": 0.0,
    "attention_dropout": 0.1,
    "fusion_dropout": 0.5,
    "gate": "mlp",
    "gate_temperature": 2.0,
    "contrastive": 2.0,
    "contrastive_temperature": 1.0,
    "kl": "symmetric",
    "kl_weight": 0.1,
    "kl_over": "dialogues",
    "packed": False,
    "masked": False,
    "padded_losses": True,
    "learning_rate": 1e-5,
    "batch_dialogues": 8,
    "epochs": 100,
    "clip": 1.0,
}


@dataclass(frozen=True)
class MisterE(NetworkBaseline):
    """Sizes and switches; None: what the preset says."""

    presets: ClassVar[Presets] = {
        "suite": SUITE
        | {
            "width": 128,
            "layers": 1,
            "blocks": 1,
            "attention_width": 64,
            "heads": 4,
            "dropout": 0.5,
            "attention_dropout": 0.1,
            "fusion_dropout": 0.5,
            "gate": "mlp",
            "gate_temperature": 1.0,
            "contrastive": 0.1,
            "contrastive_temperature": 1.0,
            "kl": "directed",
            "kl_weight": 0.1,
            "kl_over": "turns",
            "packed": True,
            "masked": True,
            "padded_losses": False,
            "modality_dropout": 0.2,
            "learning_rate": 5e-4,
        },
        "paper": _PAPER,
        "paper_meld": _PAPER
        | {
            "layers": 2,
            "contrastive": 1.0,
            "contrastive_temperature": 0.05,
            "kl_weight": 1e-3,
            "batch_dialogues": 32,
        },
    }
    sizes: ClassVar[Mapping[str, Size]] = {
        "suite": on_simulated(534_290),
        "paper": on_iemocap(89_661_809, text=2048, audio=2048),
        "paper_meld": on_meld(80_215_442, text=2048, audio=2048),
    }

    width: Annotated[int, Ge(2), Doc("width of the vectors of all experts; even")] | None = None
    layers: Annotated[int, Ge(1), Doc("layers of the BiGRUs")] | None = None
    blocks: Annotated[int, Ge(1), Doc("blocks of cross-attention and self-attention")] | None = None
    attention_width: (
        Annotated[int, Ge(1), Doc("width of queries, keys and values, all heads; a multiple of heads")] | None
    ) = None
    heads: Annotated[int, Ge(1), Doc("attention heads: 3 in the released code, 4 in the paper")] | None = None
    dropout: (
        Annotated[Rate, Doc("on what the text and audio experts' BiGRU reads and their last layer reads")] | None
    ) = None
    attention_dropout: Annotated[Rate, Doc("on the weights of the attention")] | None = None
    fusion_dropout: Annotated[Rate, Doc("on what each attention adds")] | None = None
    gate: Annotated[Literal["mlp", "linear"], Doc("mlp: as released; linear: one layer, as printed")] | None = None
    gate_temperature: Annotated[float, Gt(0), Doc("the scores of the gate are divided by it")] | None = None
    contrastive: Annotated[float, Ge(0), Doc("weight λ of the supervised contrastive loss; 0: without it")] | None = (
        None
    )
    contrastive_temperature: Annotated[float, Gt(0), Doc("temperature τ of the contrastive loss")] | None = None
    kl: (
        Annotated[
            Literal["directed", "symmetric"],
            Doc("directed: from the third expert to the others, as printed; symmetric: all pairs, as released"),
        ]
        | None
    ) = None
    kl_weight: Annotated[float, Ge(0), Doc("weight α of the KL divergence between experts; 0: without it")] | None = (
        None
    )
    kl_over: (
        Annotated[
            Literal["turns", "dialogues"],
            Doc("mean over turns, or sum over turns and mean over dialogues, as released"),
        ]
        | None
    ) = None
    packed: Annotated[bool, Doc("the BiGRUs leave padding out; false: in training they run over it")] | None = None
    masked: Annotated[bool, Doc("the attention leaves padding out; false: in training it asks it")] | None = None
    padded_losses: Annotated[bool, Doc("padding takes part in the losses, as released")] | None = None

    def __post_init__(self) -> None:
        """Check what one argument asks of another."""
        preset = self.presets[self.preset]
        width, attention, heads = (
            int(preset[name] if value is None else value)
            for name, value in (
                ("width", self.width),
                ("attention_width", self.attention_width),
                ("heads", self.heads),
            )
        )
        self.require_multiple("attention_width", attention, "heads", heads)
        self.require_multiple("width", width, "directions", 2)

    def network(self, task: Task) -> Network:
        """Return the network with first weights.

        Raises
        ------
        NotApplicable
            When the data have no text.
        """
        from .mister_e_network import MisterENetwork, Switches

        return MisterENetwork(task, self.settled(Switches))

    def objective(self, task: Task) -> Loss:
        """Return the loss of the prediction and the experts, plus contrastive loss and KL divergence."""
        from .mister_e_losses import LossWeights, expert_losses

        return expert_losses(task, self.settled(LossSwitches), self.settled(LossWeights))


PLUGIN = MisterE
