"""DialogueRNN as a layer: global, party and emotion states of a dialogue, carried by GRU cells; and turn by turn.

Numbers of steps are those that `dialogue_rnn` gives. Both directions are computed side by side, as one batch of two,
and so are all dialogues of a batch: what is left to a loop are the turns. Products with the input vectors do not wait
for any state, and are taken for all turns before the loop; the emotion states feed nothing back, and come after it.
Where turns come one at a time there is nothing to take beforehand: `Past` does the steps of one turn as they stand. No
plug-in itself.
"""

import math
from collections.abc import Sequence

import torch
from jaxtyping import Bool, Float, Int64, Shaped
from torch import Tensor, nn

from ..benchmark.training.streams import Kept


class Cells(nn.Module):
    """GRU cells of equal sizes, one for each direction, side by side.

    With i = W x + b and s = V h + d, each in three parts: r = σ(i₁ + s₁), z = σ(i₂ + s₂), n = tanh(i₃ + r·s₃), and the
    new state is z·h + (1 − z)·n: the cell of `torch.nn.GRUCell`, and its first weights.
    """

    def __init__(self, directions: int, width: int, hidden: int) -> None:
        """Make the weights, transposed for products from the right."""
        super().__init__()
        self.input_weight = nn.Parameter(torch.empty(directions, width, 3 * hidden))
        self.input_bias = nn.Parameter(torch.empty(directions, 1, 3 * hidden))
        self.state_weight = nn.Parameter(torch.empty(directions, hidden, 3 * hidden))
        self.state_bias = nn.Parameter(torch.empty(directions, 1, 3 * hidden))
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -1 / math.sqrt(hidden), 1 / math.sqrt(hidden))

    def forward(
        self, product: Float[Tensor, "directions rows gates"], state: Float[Tensor, "directions rows hidden"]
    ) -> Float[Tensor, "directions rows hidden"]:
        """Return the new states from i, W x + b."""
        hidden = state.shape[-1]
        own = torch.baddbmm(self.state_bias, state, self.state_weight)
        gates, new = torch.split(product, [2 * hidden, hidden], dim=-1)
        own_gates, own_new = torch.split(own, [2 * hidden, hidden], dim=-1)
        reset, keep = torch.sigmoid(gates + own_gates).chunk(2, dim=-1)
        return torch.lerp(torch.tanh(torch.addcmul(new, reset, own_new)), state, keep)

    def after(
        self, inputs: Float[Tensor, "directions rows width"], state: Float[Tensor, "directions rows hidden"]
    ) -> Float[Tensor, "directions rows hidden"]:
        """Return the new states from x."""
        new: Tensor = self(torch.baddbmm(self.input_bias, inputs, self.input_weight), state)
        return new

    def known_inputs(
        self, rows: Float[Tensor, "directions dialogues turns known"]
    ) -> tuple[tuple[Tensor, ...], Float[Tensor, "directions other gates"]]:
        """Return W x + b of that part of x that is known beforehand, turn by turn, and W for the part that is not."""
        known = rows.shape[-1]
        weight, rest = torch.split(self.input_weight, [known, self.input_weight.shape[1] - known], dim=1)
        products = torch.baddbmm(self.input_bias, rows.flatten(1, 2), weight)
        return products.view(*rows.shape[:3], -1).unbind(2), rest


class DialogueRNN(nn.Module):
    """The emotion states of each turn, from its past and, in two directions, from its future (steps 1 to 4).

    The states of a party are found by the speaker's index, so there may be any number of speakers. Padding comes after
    the turns in both directions (what is turned round is the valid part), and so reaches no turn.
    """

    def __init__(
        self, width: int, hidden: int, emotion: int, *, dropout: float, listener: bool = False, directions: int = 2
    ) -> None:
        """Make the cells.

        Parameters
        ----------
        width
            Of the input vectors.
        hidden
            Width of the global and the party states.
        emotion
            Width of the emotion states of a direction.
        dropout
            On every new state, in training.
        listener
            Whether a turn updates the parties that do not speak.
        directions
            2: forwards and backwards; 1: forwards; 2k: so many sequences of vectors in the place of one, in both.
        """
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.directions = directions
        self.global_cell = Cells(directions, width + hidden, hidden)
        self.party_cell = Cells(directions, width + hidden, hidden)
        self.listener_cell = Cells(directions, width + hidden, hidden) if listener else None
        self.emotion_cell = Cells(directions, hidden, emotion)
        self.query = nn.Parameter(torch.empty(directions, width, hidden))
        nn.init.uniform_(self.query, -1 / math.sqrt(width), 1 / math.sqrt(width))

    def forward(
        self,
        rows: Float[Tensor, "... dialogues turns width"],
        speaker: Int64[Tensor, "dialogues turns"],
        valid: Bool[Tensor, "dialogues turns"],
        skipped: Bool[Tensor, "... dialogues turns"] | None = None,
    ) -> Float[Tensor, "dialogues turns emotions"]:
        """Return the emotion states, those of the directions side by side; anything at padding.

        `rows`, `skipped`: the same for all directions, or each its own; even places of that axis go forwards, odd ones
        backwards. `skipped`: turns that leave all states as they were, and whose own emotion state is read from their
        speaker's party state as it is; None: there are none.
        """
        order = self._orders(valid)
        skips = None if skipped is None else _ordered(skipped.unsqueeze(-1), order)
        spoken = self._party_states(_ordered(rows, order), _ordered(speaker.unsqueeze(-1), order), skips)
        emotions = self._emotion_states(spoken, skips)
        # Turning round twice gives the first order again.
        in_place = emotions.gather(2, order.unsqueeze(-1).expand(-1, -1, -1, emotions.shape[-1]))
        return in_place.permute(1, 2, 0, 3).flatten(2)

    def _orders(self, valid: Bool[Tensor, "dialogues turns"]) -> Int64[Tensor, "directions dialogues turns"]:
        """Return the turn that each direction sees at each step."""
        turn = torch.arange(valid.shape[1], device=valid.device).expand_as(valid)
        backwards = torch.where(valid, valid.sum(dim=1, keepdim=True) - 1 - turn, turn)
        return torch.stack(([turn, backwards] * self.directions)[: self.directions])

    def _party_states(
        self,
        rows: Float[Tensor, "directions dialogues turns width"],
        speaker: Int64[Tensor, "directions dialogues turns 1"],
        skips: Bool[Tensor, "directions dialogues turns 1"] | None,
    ) -> Float[Tensor, "directions dialogues turns hidden"]:
        """Return the state of the party that speaks, after each turn (steps 1 to 3)."""
        of_global, from_party = self.global_cell.known_inputs(rows)
        of_party, from_context = self.party_cell.known_inputs(rows)
        overheard = None if self.listener_cell is None else self.listener_cell.known_inputs(rows)
        queries = torch.bmm(rows.flatten(1, 2), self.query).view(*rows.shape[:3], -1).unbind(2)
        skip = _by_turn(skips, turns=rows.shape[2])
        global_state = context = torch.zeros_like(queries[0])
        parties = global_state.unsqueeze(2).expand(-1, -1, int(speaker.max()) + 1, -1)
        indices = speaker.unsqueeze(-1).expand(-1, -1, -1, -1, global_state.shape[-1]).unbind(2)
        history = global_state.unsqueeze(2)[:, :, :0]
        spoken = []
        for turn, index in enumerate(indices):
            before = parties.gather(2, index).squeeze(2)
            if turn:
                context = attended(queries[turn], history, skips)
            product = torch.baddbmm(of_global[turn], before, from_party)
            global_state = self._new(self.global_cell, product, global_state, skip[turn])
            history = torch.cat([history, global_state.unsqueeze(2)], dim=2)
            product = torch.baddbmm(of_party[turn], context, from_context)
            now = self._new(self.party_cell, product, before, skip[turn])
            if overheard is not None:
                product = torch.baddbmm(overheard[0][turn], now, overheard[1])
                parties = self._listening(product, parties, skip[turn])
            parties = parties.scatter(2, index, now.unsqueeze(2))
            spoken.append(now)
        return torch.stack(spoken, dim=2)

    def _emotion_states(
        self,
        spoken: Float[Tensor, "directions dialogues turns hidden"],
        skips: Bool[Tensor, "directions dialogues turns 1"] | None,
    ) -> Float[Tensor, "directions dialogues turns emotion"]:
        """Return the emotion state of each turn (step 4); what is read at a turn that is skipped is not carried on."""
        products, _ = self.emotion_cell.known_inputs(spoken)
        state = spoken.new_zeros(*spoken.shape[:2], self.emotion_cell.state_weight.shape[1])
        states = []
        for product, skip in zip(products, _by_turn(skips, turns=spoken.shape[2]), strict=True):
            states.append(self._new(self.emotion_cell, product, state, None))
            state = states[-1] if skip is None else torch.where(skip, state, states[-1])
        return torch.stack(states, dim=2)

    def _new(self, cell: Cells, product: Tensor, state: Tensor, skip: Tensor | None) -> Tensor:
        """Return the new states after dropout; where a turn is skipped, the state as it was."""
        new: Tensor = self.dropout(cell(product, state))
        return new if skip is None else torch.where(skip, state, new)

    def _listening(
        self,
        product: Float[Tensor, "directions dialogues gates"],
        parties: Float[Tensor, "directions dialogues parties hidden"],
        skip: Bool[Tensor, "directions dialogues 1"] | None,
    ) -> Float[Tensor, "directions dialogues parties hidden"]:
        """Return the states of all parties as listeners; that of the speaker is put in its place afterwards."""
        assert self.listener_cell is not None
        for_each = product.unsqueeze(2).expand(-1, -1, parties.shape[2], -1).flatten(1, 2)
        skip_each = None if skip is None else skip.unsqueeze(2).expand(-1, -1, parties.shape[2], -1).flatten(1, 2)
        return self._new(self.listener_cell, for_each, parties.flatten(1, 2), skip_each).view_as(parties)


class Past:
    """What a layer that reads forwards keeps of one dialogue: all past global states, the last state of every party."""

    def __init__(self, layer: DialogueRNN) -> None:
        """Begin before the first turn, all states zero."""
        self.layer = layer
        hidden = layer.query.shape[-1]
        self._global = layer.query.new_zeros(1, 1, hidden)
        self._globals = self._global[:, :0]
        self._kept_globals = Kept()
        self._emotion = layer.query.new_zeros(1, 1, layer.emotion_cell.state_weight.shape[1])
        self._parties: dict[int, Tensor] = {}
        # That of anyone who has not spoken yet: zero, unless parties learn by listening.
        self._silent = self._global

    def next(
        self, row: Float[Tensor, "1 1 width"], speaker: int, *, skipped: bool = False
    ) -> Float[Tensor, "1 1 emotion"]:
        """Return the emotion state of the newest turn (steps 1 to 4) as the layer would in evaluation mode.

        `skipped`: it leaves all states as they were, and is read from its speaker's party state as it is.
        """
        before = self._parties.get(speaker, self._silent)
        if skipped:
            return self.layer.emotion_cell.after(before, self._emotion)
        context = attended((row @ self.layer.query).squeeze(2), self._globals.unsqueeze(1), None)
        self._global = self.layer.global_cell.after(torch.cat([row, before], dim=-1), self._global)
        self._globals = self._kept_globals.added(self._global)
        now = self.layer.party_cell.after(torch.cat([row, context], dim=-1), before)
        if self.layer.listener_cell is not None:
            self._listen(self.layer.listener_cell, torch.cat([row, now], dim=-1))
        self._parties[speaker] = now
        self._emotion = self.layer.emotion_cell.after(now, self._emotion)
        return self._emotion

    def _listen(self, cell: Cells, said: Float[Tensor, "1 1 width"]) -> None:
        """Change the states of all parties, those that have not spoken yet among them."""
        parties = torch.cat([*self._parties.values(), self._silent], dim=1)
        learned = cell.after(said.expand(-1, parties.shape[1], -1), parties)
        *heard, self._silent = torch.split(learned, 1, dim=1)
        self._parties = dict(zip(self._parties, heard, strict=True))


def _ordered(
    rows: Shaped[Tensor, "... dialogues turns width"], order: Int64[Tensor, "directions dialogues turns"]
) -> Shaped[Tensor, "directions dialogues turns width"]:
    """Return the turns as each direction sees them."""
    index = order.unsqueeze(-1).expand(-1, -1, -1, rows.shape[-1])
    return rows.expand(len(order), -1, -1, -1).gather(2, index)


def _by_turn(
    skips: Bool[Tensor, "directions dialogues turns 1"] | None, *, turns: int
) -> Sequence[Bool[Tensor, "directions dialogues 1"] | None]:
    return [None] * turns if skips is None else skips.unbind(2)


def attended(
    query: Float[Tensor, "directions dialogues hidden"],
    history: Float[Tensor, "directions dialogues past hidden"],
    skips: Bool[Tensor, "directions dialogues turns 1"] | None,
) -> Float[Tensor, "directions dialogues hidden"]:
    """Return Σ α_i g_i, α the softmax of the products of the past global states with the query (step 2)."""
    scores = query.unsqueeze(2) @ history.transpose(2, 3)
    if skips is not None:
        there = skips[:, :, : history.shape[2]].transpose(2, 3)
        # Where all of the past is skipped all states are zero still, and so is their mean.
        scores = scores.masked_fill(there, torch.finfo(scores.dtype).min)
    found: Tensor = torch.softmax(scores, dim=-1) @ history
    return found.squeeze(2)
