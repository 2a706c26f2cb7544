"""MMGCN: one graph per dialogue, a node for each modality of each turn, edges by angle, deep graph convolutions.

Turns of a dialogue inform each other within each modality, all with all, and the modalities of a turn inform each
other; how much, the angle between their vectors says. Convolutions that keep a share of their first input let the
graph be deep without all nodes becoming alike.

(1) Each modality is projected linearly; text then goes through a two-layer bidirectional LSTM. (2) A speaker's vector
is added to text. (3) A(u, v) = 1 − arccos(0.99999 cos(u, v))/π for all pairs of turns within a modality and for the
modalities of a turn, Â = D^−½ A D^−½. (4) L layers of GCNII. (5) Vectors before and after the graph, of all modalities
side by side, Dropout, ReLU, Linear.

Inputs: one to three modalities of any widths, speakers where there are any. On data without text the first modality
goes through the LSTM. A modality that is not observed has no node, the LSTM passes it over, and the classifier sees
zeros; a turn of which nothing is observed gets the class shares of training. Pairwise masks are honoured by the edges
within a modality; degrees are those of what a node may draw on. The text LSTM still carries context. Turn by turn it
recomputes, for LSTM and graph tell the turns so far of each new one.

Presets: suite, the default, has 4 layers, cross-entropy, an LSTM that leaves out padding, widths for a CPU, and one
thing that is not MMGCN's: encoders=nonlinear puts GELU, LayerNorm and Dropout behind each modality's Linear. paper has
the released sizes and training for IEMOCAP, paper_meld those for MELD with the released focal loss.

Quirks: layers=64 in both paper presets, written into the released code; the paper says 4. speaker_on=text as released;
the paper gives every modality a speaker: all. loss=released_focal on MELD, see emobench.benchmark.losses; under it the
model is under-confident by design. packed=false: as released the LSTM reads padding, so that a prediction depends on
the batch. mask_aware=false: what is not observed is a node like any other, with a vector of zeros for features.

Reproduction: the paper is quoted with a weighted F1 of 66.22 (IEMOCAP) and 58.65 (MELD), by SURE and CMERC with 66.26
and 58.31, chosen on test; the authors of CMERC got 65.62 and 57.52; a user got 57.60 on MELD with the published
command, no fear or disgust recognised.

Source: Hu et al., MMGCN: Multimodal fusion via deep graph convolution network for emotion recognition in conversation
(ACL 2021), and what its code does. Chosen by validation scores on simulated data (two seeds): the suite's learning
rate, .002 of .0005, .001, .002 and .004, and nonlinear encoders (three seeds: weighted F1 .69 and NLL 1.00, with linear
ones .66 and 1.18). With linear ones, other dropout, widths and numbers of layers made less difference than the seed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from annotated_types import Ge, Gt, Le, Lt
from typing_extensions import Doc

from ..benchmark.errors import SpecError
from ..benchmark.training.presets import Presets, Value
from ..benchmark.training.recipe import Network
from ..benchmark.training.task import Task
from .network_baseline import PAPER, SUITE, NetworkBaseline
from .sizes import Size, on_iemocap, on_meld, on_simulated

_RELEASED: dict[str, Value] = {
    **PAPER,
    "width": 200,
    "graph_width": 100,
    "layers": 64,
    "residual": 0.1,
    "mapping": 0.5,
    "dropout": 0.4,
    "speaker_on": "text",
    "encoders": "linear",
    "packed": False,
    "batch_dialogues": 16,
}


@dataclass(frozen=True)
class Mmgcn(NetworkBaseline):
    """Arguments; None: what the preset says."""

    presets: ClassVar[Presets] = {
        "suite": {
            **SUITE,
            "width": 128,
            "graph_width": 64,
            "layers": 4,
            "residual": 0.1,
            "mapping": 0.5,
            "dropout": 0.4,
            "speaker_on": "text",
            "encoders": "nonlinear",
            "packed": True,
            "learning_rate": 2e-3,
        },
        "paper": {**_RELEASED, "epochs": 20, "learning_rate": 3e-4, "weight_decay": 3e-5},
        "paper_meld": {
            **_RELEASED,
            "epochs": 60,
            "learning_rate": 1e-3,
            "loss": "released_focal",
            "gamma": 2.5,
        },
    }
    sizes: ClassVar[Mapping[str, Size]] = {
        "suite": on_simulated(261_895),
        "paper": on_iemocap(2_194_706, text=100, audio=1582, video=342),
        "paper_meld": on_meld(2_040_607, text=600, audio=300, video=342),
    }

    width: Annotated[int, Ge(2), Doc("width of the projections and of the LSTM's output; even")] | None = None
    graph_width: Annotated[int, Ge(1), Doc("width of the hidden vectors in the graph")] | None = None
    layers: Annotated[int, Ge(1), Le(256), Doc("graph convolutions; released 64, printed 4")] | None = None
    residual: Annotated[float, Ge(0), Le(1), Doc("α: share of the first hidden vectors in every layer")] | None = None
    mapping: Annotated[float, Gt(0), Le(1), Doc("λ of θ = ln(λ/l + 1), the weight of layer l's matrix")] | None = None
    dropout: (
        Annotated[float, Ge(0), Lt(1), Doc("share of what every layer sees that is dropped in training")] | None
    ) = None
    speaker_on: (
        Annotated[Literal["text", "all", "none"], Doc("nodes to which the speaker's vector is added; printed: all")]
        | None
    ) = None
    encoders: (
        Annotated[
            Literal["linear", "nonlinear"],
            Doc("of each modality: Linear, as released, or Linear, GELU, LayerNorm, Dropout; text's is before its RNN"),
        ]
        | None
    ) = None
    packed: Annotated[bool, Doc("the LSTM leaves out padding; false: it reads it, as released")] | None = None

    def __post_init__(self) -> None:
        """Check what one argument asks of another."""
        if (self.width or 0) % 2:
            raise SpecError(f"mmgcn: expected an even width, got {self.width}; type width={(self.width or 0) + 1}")

    def network(self, task: Task) -> Network:
        """Return the network with first weights."""
        from .mmgcn_network import MmgcnNetwork, Switches

        return MmgcnNetwork(task, self.settled(Switches))


PLUGIN = Mmgcn
