"""SDT: a Transformer for every pair of modalities, a gate that weighs the modalities, and heads taught by the whole.

Every modality asks itself and each other one over the turns of the dialogue; what it gets is gated and joined. A
softmax per dimension weighs the modalities, a layer classifies; in training each modality also classifies alone, and is
drawn towards what all say together.

(1) x_m = W_m u_m, without bias. (2) y_m = dropout(x_m + sinusoidal position + vector of the speaker). For every target
m and source n, n = m among them: h = y_m + dropout(attention), queries from y_m, keys and values from y_n; h +
FF(LN(h)), FF of one hidden layer with GELU. (3) h ⊙ σ(W h), with a W for each pair. (4) H_m: a linear layer on the h of
all sources side by side. (5) Weights w_m = softmax over m of W_g H_m, in each dimension by itself; f = Σ w_m ⊙ H_m;
Linear. (6) Heads: ReLU, dropout, Linear of H_m. (7) Loss: that of the whole, plus the sum of those of the heads, plus
the sum of KL(whole ‖ head), both at a temperature.

Inputs: any modalities of any widths; speakers by their index in the dialogue, as many vectors as training has speakers
in a dialogue; a speaker beyond has the vector zero. The weight of a modality that is reported is the mean of w_m over
the dimensions.

A modality that is not observed: with mask_aware=true no turn asks its x_m, it has no weight in (5) and its head is not
trained there; a turn of which nothing is observed asks by its position and speaker, and all H_m are weighed. Where
nothing reaches a turn the class shares of training are predicted. With mask_aware=false a vector of zeros is input like
any other.

Presets: suite is mask-aware, narrow, puts a layer norm after each projection (1), drops modalities in training and
keeps the divergences from training the whole; these and the learning rate were chosen by validation score on simulated
data. paper is the released code on IEMOCAP: width 1024, 8 heads, dropout .5, temperature 1, inverse class shares as
weights of the loss, Adam at 1e-4 with an L2 penalty of 1e-5, 16 dialogues a batch, 150 epochs. paper_meld:
gates=identity, temperature 8, no class weights, 5e-6, 8 dialogues a batch, 50 epochs.

Quirks: gates=identity: the released code fixes W of (3) to the identity on MELD, so that the gate is h · σ(h), and
trains it on IEMOCAP (learned). teacher=free: the gradient of the divergences flows into the whole too, as released;
fixed: it does not; the whole, which is the better answer, is then not drawn to the heads. normed=false: without a norm
after (1), as released, positions and speakers outweigh the features at first. On simulated data weighted F1 is .60 with
both as released and .68 with the suite's choice (validation, one seed). There is no norm before the attention, as
released. The divergences are means over turns, not multiplied by the square of the temperature; unimodal=0 and
distillation=0 leave these terms out. A bias in W_g would change nothing, and there is none. The released runs choose
the epoch on the test split (the authors confirm it), have no validation split, and report the mean of ten such runs;
every encoder there carries a norm that is never used, which makes 18,432 parameters that are not made here.

Reproduction: 74.08 weighted F1 on IEMOCAP and 66.60 on MELD are quoted for it, each the best on test, with text
features of a fine-tuned RoBERTa. Chosen on validation, 67 to 70.5 and 65 to 66 can be expected.

Pairwise masks: honoured wholly; one layer of attention is the only way from turn to turn.

Turn by turn: the keys and values of past turns are kept, which hang on these turns alone; the newest turn asks them and
its own, and is answered as in the dialogue so far.

Source: Ma et al. (2023), A Transformer-based model with self-distillation for multimodal emotion recognition in
conversations; sizes and switches as in the code of its authors (butterfliesss/SDT).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from annotated_types import Ge, Gt, Lt
from typing_extensions import Doc

from ..benchmark.training.presets import Presets
from ..benchmark.training.recipe import Loss, Network
from ..benchmark.training.task import Task
from .network_baseline import PAPER, SUITE, NetworkBaseline
from .sizes import Size, on_iemocap, on_meld, on_simulated

_PAPER = PAPER | {
    "width": 1024,
    "heads": 8,
    "dropout": 0.5,
    "normed": False,
    "gates": "learned",
    "unimodal": 1.0,
    "distillation": 1.0,
    "temperature": 1.0,
    "teacher": "free",
    "learning_rate": 1e-4,
    "weight_decay": 1e-5,
    "batch_dialogues": 16,
    "epochs": 150,
}


@dataclass(frozen=True)
class _Sizes:
    """What one argument asks of another."""

    width: int
    heads: int


@dataclass(frozen=True)
class Sdt(NetworkBaseline):
    """Sizes and switches; None: what the preset says."""

    presets: ClassVar[Presets] = {
        "suite": SUITE
        | {
            "width": 64,
            "heads": 4,
            "dropout": 0.2,
            "normed": True,
            "gates": "learned",
            "unimodal": 1.0,
            "distillation": 1.0,
            "temperature": 1.0,
            "teacher": "fixed",
            "modality_dropout": 0.2,
            "learning_rate": 1e-3,
            "epochs": 20,
        },
        "paper": _PAPER,
        "paper_meld": _PAPER
        | {
            "gates": "identity",
            "temperature": 8.0,
            "class_power": 0.0,
            "learning_rate": 5e-6,
            "batch_dialogues": 8,
            "epochs": 50,
        },
    }
    sizes: ClassVar[Mapping[str, Size]] = {
        "suite": on_simulated(314_524),
        "paper": on_iemocap(79_669_272, text=1024, audio=1582, video=342),
        "paper_meld": on_meld(68_930_588, text=1024, audio=300, video=342),
    }

    width: Annotated[int, Ge(2), Doc("width of all vectors; even, and a multiple of heads")] | None = None
    heads: Annotated[int, Ge(1), Doc("attention heads")] | None = None
    dropout: Annotated[float, Ge(0), Lt(1), Doc("of inputs, attention, feed-forward layers and heads")] | None = None
    normed: Annotated[bool, Doc("a layer norm follows every projection")] | None = None
    gates: (
        Annotated[Literal["learned", "identity"], Doc("matrix of the gates: trained, or fixed to the identity")] | None
    ) = None
    unimodal: Annotated[float, Ge(0), Doc("weight of the losses of the modalities' heads")] | None = None
    distillation: Annotated[float, Ge(0), Doc("weight of the divergences of the heads from the whole")] | None = None
    temperature: Annotated[float, Gt(0), Doc("divides the logits in the divergences")] | None = None
    teacher: (
        Annotated[Literal["free", "fixed"], Doc("free: the divergences train the whole too, as released; fixed: not")]
        | None
    ) = None

    def __post_init__(self) -> None:
        """Check what one argument asks of another."""
        sizes = self.settled(_Sizes)
        # Sines and cosines come in pairs.
        of, divisor = ("2·heads", 2 * sizes.heads) if sizes.heads % 2 else ("heads", sizes.heads)
        self.require_multiple("width", sizes.width, of, divisor)

    def network(self, task: Task) -> Network:
        """Return the network with first weights."""
        from .sdt_network import SDTNetwork, Switches

        return SDTNetwork(task, self.settled(Switches))

    def objective(self, task: Task) -> Loss:
        """Return the loss of the whole, of the heads, and of the divergences between them."""
        from .sdt_network import Distillation, distilling

        return distilling(super().objective(task), self.settled(Distillation))


PLUGIN = Sdt
