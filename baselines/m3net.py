"""M3Net: a hypergraph and a graph that passes high and low frequencies, side by side over all turns and modalities.

Every modality of every turn is a node. Hyperedges join the nodes of a modality and the modalities of a turn, many at
once; beside them a graph of pairs decides edge by edge whether a neighbour makes a node more alike or more different.

(1) Text, normalised, goes through a Linear and a two-layer bidirectional GRU, audio and video through a Linear each; a
speaker's vector is added to text; x⁰ = Linear, the same for all nodes. (2) Hypergraph, L layers: x ← LeakyReLU(mean
over the turns of the modality + mean over the modalities of the turn, over the weights w of the two edges, + b): there
is no weight matrix. (3) Multi-frequency graph, K layers, from x⁰ too: x_i ← x_i + Σ_j tanh(uᵀ[x_i ; x_j] + c) x_j /
√(deg_i deg_j) over the other turns in the modality and the other modalities of the turn. (4) The six vectors of a turn
side by side (the hidden vector), Dropout, ReLU, Linear.

Inputs: one to three modalities of any widths, speakers where there are any. On data without text the first modality
goes through the GRU. A modality that is not observed has a node that only listens: the GRU passes it over, it sends
nothing and counts in no degree, and so a turn of which nothing is observed is answered from its context. Where nothing
reaches a turn the class shares of training are predicted. Both graphs honour pairwise masks: the edge of a modality is
made for each turn of those it may draw on, and degrees count what a node may draw on (at least 1). The text GRU still
carries context. Turn by turn it recomputes, for the GRU and both graphs tell the turns so far of each new one.

Presets: suite, the default, has clean edge weights, a GRU that leaves out padding, standardised features in place of
batch normalisation (text_norm=none), cross-entropy, widths for a CPU, and one thing that is not M3Net's:
encoders=nonlinear puts GELU, LayerNorm and Dropout behind each modality's Linear. paper has the released sizes and
training for IEMOCAP, paper_meld those for MELD.

Quirks, each in both paper presets: edge_weights=positional: w and the node weights ω are parameters indexed by the
running number of an edge or node in the batch, so a prediction depends on who else is in it; the released code breaks
beyond 1000 edges or 5200 nodes, here they weigh 1. (The paper multiplies weights into the product; in the code they
are in the degrees only.) packed=false, norm_over=padded: the GRU and the batch normalisation of the text read padding.
encoders=linear, speaker_on=text, as released. text_layers=4: text 4 × 1024 wide is four layers of RoBERTa, each
normalised, then averaged; other widths are one layer, and text_layers as typed splits any width. links_in=frequency:
pairwise masks reach the multi-frequency graph only, as CMERC removes context; the hypergraph goes on carrying it.
mask_aware=false: what is not observed is a node like any other, with zeros for features. In paper shuffle=false: the
order of the file in every epoch, as on IEMOCAP; in paper_meld loss=released_focal (see emobench.benchmark.losses),
under which the model is under-confident by design. Not imitated: the same dropout masks in every epoch.

Reproduction: the paper is quoted with a weighted F1 of about 72.5 (IEMOCAP) and 67.05 (MELD), chosen on test; the
authors of CMERC got 69.61 and 65.37; users report 66 to 70.7 and 65.5, and 60 on IEMOCAP without the frequency branch
(frequency_layers=0), where the paper says 69.

Source: M3Net: Multivariate, multi-frequency and multimodal: rethinking graph neural networks for emotion recognition in
conversation (Chen et al., CVPR 2023), and what its code does. Chosen by validation scores on simulated
data (two seeds): nonlinear encoders (weighted F1 .69, linear ones .65 at their best), dropout .5, learning rate .001.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, Literal

from annotated_types import Ge, Lt
from typing_extensions import Doc

from ..benchmark.errors import NotApplicable
from ..benchmark.training.presets import Presets, Value
from ..benchmark.training.recipe import Network
from ..benchmark.training.task import Task
from .network_baseline import PAPER, SUITE, NetworkBaseline
from .sizes import Size, on_iemocap, on_meld, on_simulated

ROBERTA = 1024
"""Width of one layer of the published text features."""
IEMOCAP: dict[str, Value] = {
    **PAPER,
    "width": 512,
    "encoder_width": 512,
    "layers": 3,
    "frequency_layers": 4,
    "dropout": 0.5,
    "text_layers": 4,
    "text_norm": "batch",
    "norm_over": "padded",
    "packed": False,
    "encoders": "linear",
    "speaker_on": "text",
    "edge_weights": "positional",
    "links_in": "frequency",
    "epochs": 80,
    "learning_rate": 1e-4,
    "weight_decay": 3e-5,
    "shuffle": False,
}


@dataclass(frozen=True)
class M3Net(NetworkBaseline):
    """The choices that the paper and the released code make, and those of the suite."""

    presets: ClassVar[Presets] = {
        "suite": {
            **SUITE,
            "width": 128,
            "encoder_width": 128,
            "layers": 3,
            "frequency_layers": 4,
            "dropout": 0.5,
            "learning_rate": 1e-3,
            "text_layers": 1,
            "text_norm": "none",
            "norm_over": "valid",
            "packed": True,
            "encoders": "nonlinear",
            "speaker_on": "text",
            "edge_weights": "clean",
            "links_in": "both",
        },
        "paper": IEMOCAP,
        "paper_meld": {
            **IEMOCAP,
            "encoder_width": 1024,
            "frequency_layers": 3,
            "dropout": 0.4,
            "loss": "released_focal",
            "gamma": 2.5,
            "epochs": 15,
            "shuffle": True,
        },
    }
    sizes: ClassVar[Mapping[str, Size]] = {
        "suite": on_simulated(190_479),
        "paper": on_iemocap(4_179_010, text=4096, audio=1582, video=342),
        "paper_meld": on_meld(10_684_482, text=4096, audio=300, video=342),
    }

    width: Annotated[int, Ge(1), Doc("width of the graphs' nodes")] | None = None
    encoder_width: Annotated[int, Ge(2), Doc("width of the encoded modalities; even, for two directions")] | None = None
    layers: Annotated[int, Ge(0), Doc("layers of the hypergraph; 0: its nodes as they come")] | None = None
    frequency_layers: (
        Annotated[int, Ge(0), Doc("layers of the multi-frequency graph; 0: its nodes as they come")] | None
    ) = None
    dropout: (
        Annotated[float, Ge(0), Lt(1), Doc("in nonlinear encoders, between layers of the GRU, before the head")] | None
    ) = None
    text_layers: (
        Annotated[int, Ge(1), Doc("layers of a text encoder that lie side by side in the text; they are averaged")]
        | None
    ) = None
    text_norm: Annotated[Literal["batch", "none"], Doc("batch normalisation of the text, or none")] | None = None
    norm_over: (
        Annotated[Literal["valid", "padded"], Doc("rows of the batch statistics: those that are there, or padding too")]
        | None
    ) = None
    packed: Annotated[bool, Doc("the GRU leaves padding out; false: it runs over padding, as released")] | None = None
    encoders: (
        Annotated[
            Literal["linear", "nonlinear"],
            Doc("of each modality: Linear, as released, or Linear, GELU, LayerNorm, Dropout; text's is before its GRU"),
        ]
        | None
    ) = None
    speaker_on: Annotated[Literal["text", "all"], Doc("modalities to which the speaker's vector is added")] | None = (
        None
    )
    edge_weights: (
        Annotated[
            Literal["clean", "positional"],
            Doc("one weight per modality and one for utterances; positional: by place in the batch, as released"),
        ]
        | None
    ) = None
    links_in: (
        Annotated[Literal["both", "frequency"], Doc("graphs that honour pairwise masks of the context")] | None
    ) = None

    def __post_init__(self) -> None:
        """Check that the two directions of the GRU can share its width."""
        self.require_multiple("encoder_width", self._preset_or_typed("encoder_width"), "directions", 2)

    def network(self, task: Task) -> Network:
        """Return the network with first weights.

        Raises
        ------
        NotApplicable
            When text features do not consist of as many layers as `text_layers`, as typed, says.
        """
        from .m3net_network import M3NetNetwork, Switches

        return M3NetNetwork(task, replace(self.settled(Switches), text_layers=self._text_layers(task)))

    def _text_layers(self, task: Task) -> int:
        """Return the layers in the text: as typed; those of the preset where the width is that of the publication."""
        width = task.widths.get("text", 0)
        if self.text_layers is None:
            published = self._preset_or_typed("text_layers")
            return published if width == published * ROBERTA else 1
        if not width or width % self.text_layers:
            raise NotApplicable(
                f"m3net: expected text of {self.text_layers} layers of one width (text_layers={self.text_layers}), got "
                f"{f'{width} text features' if width else 'no text'}; type text_layers=1"
            )
        return self.text_layers

    def _preset_or_typed(self, name: str) -> int:
        typed = getattr(self, name)
        return int(self.presets[self.preset][name] if typed is None else typed)


PLUGIN = M3Net
