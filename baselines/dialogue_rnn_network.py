"""The network of DialogueRNN: input, the recurrent layer, attention over the dialogue, classifier.

Numbers of steps are those that `dialogue_rnn` gives.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from ..benchmark.training.batches import Batch, Output
from ..benchmark.training.conversation_layers import ClassShares
from ..benchmark.training.streams import Kept, Step
from ..benchmark.training.task import Task
from .dialogue_layers import GeneralAttention, Inputs, JoinedInput
from .dialogue_rnn_layer import DialogueRNN, Past

Directions = Literal["both", "forward"]
"""The ways in which the turns are read."""


@dataclass(frozen=True)
class Switches:
    """The choices of `dialogue_rnn` as far as they concern the network."""

    directions: Directions
    """Forwards and backwards, or forwards only."""
    inputs: Inputs
    """The modalities that are read."""
    projection: int
    """Width of each modality after its linear layer; 0: features as they are."""
    width: int
    """Width of the global and the party states."""
    emotion_width: int
    """Width of the emotion states, and of the hidden layer."""
    recurrent_dropout: float
    """On the states, at every step."""
    emotion_dropout: float
    """On the emotion states of a direction."""
    dropout: float
    """Before the last layer."""
    listener: bool
    """Parties that do not speak are updated too."""
    attention: bool
    """Step 5."""
    mask_aware: bool
    """A turn of which nothing is observed leaves all states as they are."""
    standardise: bool
    """Features are standardised first."""
    modality_dropout: float
    """In training."""


class DialogueRNNNetwork(nn.Module):
    """Input, DialogueRNN, attention over the dialogue, classifier (steps 5 and 6)."""

    def __init__(self, task: Task, switches: Switches) -> None:
        """Make the layers."""
        super().__init__()
        self.switches = switches
        self.input = JoinedInput(
            task,
            inputs=switches.inputs,
            projection=switches.projection,
            mask_aware=switches.mask_aware,
            standardise=switches.standardise,
            modality_dropout=switches.modality_dropout,
        )
        self.context = DialogueRNN(
            self.input.width,
            switches.width,
            switches.emotion_width,
            dropout=switches.recurrent_dropout,
            listener=switches.listener,
            directions=2 if switches.directions == "both" else 1,
        )
        width = self.context.directions * switches.emotion_width
        self.emotion_dropout = nn.Dropout(switches.emotion_dropout)
        self.attention = GeneralAttention(width, squashed=False) if switches.attention else None
        self.hidden = nn.Linear(width, width)
        self.dropout = nn.Dropout(switches.dropout)
        self.output = nn.Linear(width, task.classes)
        self.shares = ClassShares(task) if switches.mask_aware else None

    def stream(self) -> Step | None:
        """Return what answers turn by turn: it keeps the states of the layer, and the emotion states to be asked.

        None where turns are read backwards too: each then changes what was said of all before it.
        """
        if self.switches.directions == "both":
            return None
        past, emotions, known_so_far = Past(self.context), Kept(), False

        def step(batch: Batch) -> Output:
            nonlocal known_so_far
            rows, known = self.input(batch)
            skipped = self.shares is not None and not bool(known)
            emotion = past.next(rows, int(batch.speaker), skipped=skipped)
            if self.attention is not None:
                # A turn that is skipped has nothing for later ones, and its own state for itself.
                asked = emotions.with_newest(emotion) if skipped else emotions.added(emotion)
                emotion = self.attention.told(emotion, asked, torch.ones_like(asked[..., 0], dtype=torch.bool)[None])
            known_so_far |= bool(known)
            return self.classified(emotion, torch.full_like(known, known_so_far))

        return step

    def forward(self, batch: Batch) -> Output:
        """Return logits and hidden vectors."""
        rows, known = self.input(batch)
        aware = self.shares is not None
        skipped = batch.valid & ~known
        emotions = self.context(rows, batch.speaker, batch.valid, skipped if aware and skipped.any() else None)
        emotions = self.emotion_dropout(emotions)
        if self.attention is not None:
            # A turn that is skipped has nothing for the others, and its own state for itself.
            itself = torch.eye(known.shape[1], dtype=torch.bool, device=known.device)
            keys = known if aware else batch.valid
            emotions = self.attention(emotions, keys.unsqueeze(1) | itself)
        return self.classified(emotions, known.any(dim=1, keepdim=True).expand_as(known))

    def classified(
        self, emotions: Float[Tensor, "dialogues turns emotions"], known: Bool[Tensor, "dialogues turns"]
    ) -> Output:
        """Return logits and hidden vectors (step 6); `known`: whether anything of the dialogue is."""
        hidden = torch.relu(self.hidden(emotions))
        logits = self.output(self.dropout(hidden))
        if self.shares is not None:
            logits = self.shares(logits, known)
        return Output(logits, hidden=hidden)
