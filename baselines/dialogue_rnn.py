"""DialogueRNN: GRU cells carry a state of the dialogue, one of each speaker, and one of the emotion from turn to turn.

A turn changes the global state and its speaker's state, which also looks back on all past global states; the emotion
state follows the speaker who has the turn. This is done from both ends unless directions=forward, each turn then asks
all turns of its dialogue, and a layer classifies.

With u_t the input and s the speaker of turn t, all states zero at first: (1) g_t = GRU([u_t ; q_s], g_{t−1}). (2) c_t =
Σ_{i<t} α_i g_i, α the softmax of g_iᵀ W u_t; c_1 = 0. (3) q_s = GRU([u_t ; c_t], q_s), the other parties keep their
states. (4) e_t = GRU(q_s, e_{t−1}). Each new state goes through dropout. The same, with other weights, backwards over
the turns (not over the padding); the two e_t side by side go through dropout. (5) Σ_j softmax_j((W e_t + b)ᵀ e_j) e_j.
(6) Linear, ReLU, dropout, Linear.

Inputs: any modalities of any widths, side by side; speakers by their index in the dialogue, as many as there are: no
weight belongs to a speaker. inputs=text and inputs=text_audio read these only, and decline data that have none.

A modality that is not observed: with mask_aware=true its part of u_t is zero, a turn of which nothing is observed
leaves all states as they are and is asked by no other turn (the dialogue of the others is as if it were not there),
and its own emotion is read from its speaker's state; where nothing of a dialogue is observed the class shares of
training are predicted. With mask_aware=false a vector of zeros is input like any other.

Presets: suite projects each modality to the same width first (a linear layer and a layer norm), so that a wide one does
not outweigh the others, and is mask-aware; the width of the states, the rates of dropout and the learning rate were
chosen by validation score on simulated data. paper is the released code on IEMOCAP: text only, states of 500 and 300,
inverse class shares as weights of the loss, Adam at 1e-4 with an L2 penalty of 1e-5, 30 dialogues a batch, 60 epochs.
paper_meld: text and audio as they are, states of 150 and 100, no class weights, 5e-4, 100 epochs.

Quirks: inputs=text: the released IEMOCAP run reads text only (the line that joins three modalities is commented out),
its MELD run text and audio; comparisons (CMERC) list the model with all three, sizes not stated: preset=paper,
inputs=all,projection=100 is that. projection=0: features side by side as they are. listener=true: parties that do not
speak are updated too, by a cell of their own on [u_t ; q_s]; published as a variant, off in the released runs.
attention=false: without (5). directions=forward: published, as "DialogueRNN" and, with (5), "DialogueRNN+Att", beside
"BiDialogueRNN"; the released runs on IEMOCAP and MELD read both ways. emotion_dropout: the released code adds .15 to
the rate of the other layers. The released runs choose the epoch on the test split (lowest loss on IEMOCAP, highest F1
on MELD) and have no validation split.

Reproduction: the original is quoted with 62.75 weighted F1 on IEMOCAP; CMERC quotes 59.75 (MELD 57.11) and measured
60.44 (57.30). With features of a fine-tuned RoBERTa, chosen on validation, COSMIC's authors measured 64.76 (63.61).

Turn by turn: directions=both keeps nothing, for each turn changes what was said of all before it. directions=forward is
the paper's DialogueRNN without the backward pass, its layers after the emotion states half as wide (suite 178,439
parameters on the simulated data, paper 4,260,206 on IEMOCAP): it keeps the states of steps 1 to 4 and the e_t that
later turns ask, so that the newest turn is answered as in the dialogue so far. Read as a whole, a dialogue lets its
turns ask later ones too (5); with attention=false nothing of a turn hangs on what follows.

Pairwise masks: not honoured. All context is carried by the states, so context is removed strictly, by taking turns out.

Source: Majumder et al. (2019), DialogueRNN: an attentive RNN for emotion detection in conversations; sizes and switches
as in the code of its authors (conv-emotion).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from annotated_types import Ge, Lt
from typing_extensions import Doc

from ..benchmark.training.presets import Presets
from ..benchmark.training.recipe import Network
from ..benchmark.training.task import Task
from .network_baseline import PAPER, SUITE, NetworkBaseline
from .sizes import Size, on_iemocap, on_meld, on_simulated

Rate = Annotated[float, Ge(0), Lt(1)]
_PAPER = PAPER | {
    "directions": "both",
    "inputs": "text",
    "projection": 0,
    "width": 500,
    "emotion_width": 300,
    "recurrent_dropout": 0.1,
    "emotion_dropout": 0.25,
    "dropout": 0.1,
    "listener": False,
    "attention": True,
    "learning_rate": 1e-4,
    "weight_decay": 1e-5,
    "batch_dialogues": 30,
    "epochs": 60,
}


@dataclass(frozen=True)
class DialogueRnn(NetworkBaseline):
    """Sizes and switches; None: what the preset says."""

    presets: ClassVar[Presets] = {
        "suite": SUITE
        | {
            "directions": "both",
            "inputs": "all",
            "projection": 64,
            "width": 64,
            "emotion_width": 64,
            "recurrent_dropout": 0.1,
            "emotion_dropout": 0.5,
            "dropout": 0.5,
            "listener": False,
            "attention": True,
            "modality_dropout": 0.2,
            "learning_rate": 1e-3,
        },
        "paper": _PAPER,
        "paper_meld": _PAPER
        | {
            "inputs": "text_audio",
            "width": 150,
            "emotion_width": 100,
            "class_power": 0.0,
            "learning_rate": 5e-4,
            "epochs": 100,
        },
    }
    sizes: ClassVar[Mapping[str, Size]] = {
        "suite": on_simulated(364_487),
        "paper": on_iemocap(8_880_406, text=100),
        "paper_meld": on_meld(2_666_607, text=600, audio=300),
    }

    directions: (
        Annotated[
            Literal["both", "forward"],
            Doc("both: turns are read from both ends; forward: from the first on, which can be done as they come"),
        ]
        | None
    ) = None
    inputs: Annotated[Literal["all", "text", "text_audio"], Doc("the modalities that are read")] | None = None
    projection: (
        Annotated[
            int, Ge(0), Doc("width of each modality after a linear layer and a layer norm; 0: features as they are")
        ]
        | None
    ) = None
    width: Annotated[int, Ge(1), Doc("width of the global and the party states")] | None = None
    emotion_width: (
        Annotated[
            int, Ge(1), Doc("width of the emotion states of a direction; the hidden layer is as wide as all of them")
        ]
        | None
    ) = None
    recurrent_dropout: Annotated[Rate, Doc("dropout on every new state")] | None = None
    emotion_dropout: Annotated[Rate, Doc("dropout on the emotion states before attention")] | None = None
    dropout: Annotated[Rate, Doc("dropout before the last layer")] | None = None
    listener: Annotated[bool, Doc("parties that do not speak are updated too")] | None = None
    attention: Annotated[bool, Doc("each turn asks all turns of its dialogue before it is classified")] | None = None

    def network(self, task: Task) -> Network:
        """Return the network with first weights.

        Raises
        ------
        NotApplicable
            When the data have none of the modalities that `inputs` names.
        """
        from .dialogue_rnn_network import DialogueRNNNetwork, Switches

        return DialogueRNNNetwork(task, self.settled(Switches))


PLUGIN = DialogueRnn
