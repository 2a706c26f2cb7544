"""What CMERC does along a training; equations and switches are in `cmerc`."""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor, nn

from ...benchmark.conversations import Conversations
from ...benchmark.errors import NotApplicable
from ...benchmark.losses import supervised_contrastive
from ...benchmark.training.batches import Batch, Output, make_batch, prediction_batches
from ...benchmark.training.companions import Companion, Course, Step
from ...benchmark.training.network_model import fit_network
from ...benchmark.training.removed import Operator, kept_pairs, read_remainders, remainders, without_modality

CONTEXTS: tuple[Literal["intra", "inter"], ...] = ("intra", "inter")


class Removed(NamedTuple):
    """What the network says of a batch with one thing removed."""

    what: str
    """A modality, `intra` or `inter`."""
    log_p: Float[Tensor, "dialogues turns classes"]
    """Anything where it was not asked."""
    asked: Bool[Tensor, "dialogues turns"]
    """Of which turns it was asked, all of them with a label."""


@dataclass(frozen=True)
class Switches:
    """The arguments of `cmerc`, which say more about each."""

    curriculum: bool
    """Whether easy dialogues come first."""
    contrastive: bool
    """Whether the contrastive loss is taken."""
    constraint: bool
    """Whether the confidence constraint is."""
    space: Literal["log", "probability"]
    """What gains are differences of."""
    labels: Literal["paper", "code"]
    """The rule of `contrast_labels`."""
    stale_copy: bool
    """Whether removals are predicted by the weights of the beginning of the epoch."""
    modality_weight: float
    """γ_m."""
    context_weight: float
    """γ_c."""
    constraint_weight: float
    """γ_s."""
    temperature: float
    """τ."""
    rate: float
    """By which the share of the dialogues grows."""
    every: int
    """After so many epochs."""
    operator: Operator
    """What stands in for a modality."""
    context: Literal["auto", "graph", "strict"]
    """How context is removed."""
    targets: int
    """Turns of a dialogue, at most, of which strict intra is asked in a step."""


class CmercCompanion(Companion):
    """Curriculum, contrastive loss and constraint."""

    def __init__(self, course: Course, method: Switches) -> None:
        """Train the plain model where the curriculum needs it, and order the dialogues."""
        self.course, self.method = course, method
        self.network = course.network
        self.modalities = tuple(course.task.widths) if len(course.task.widths) > 1 else ()
        starts = course.train.starts
        turns = int(np.diff(starts).max())
        self.contexts = CONTEXTS[: 0 if turns == 1 else 1 if course.task.speakers == 1 else 2]
        if not (self.modalities or self.contexts):
            raise NotApplicable("cmerc: expected several modalities or turns, to take one away; leave out +cmerc")
        self.graph = self._graph()
        # Of its own, so that the draws of the network, such as dropout, are those of plain training.
        self.generator = torch.Generator()
        self.generator.manual_seed(course.context.randomness.for_("cmerc").torch_seed())
        self.stale: nn.Module | None = None
        self.said: tuple[Removed, ...] = ()
        if method.contrastive:
            self._require_hidden()
        self.difficulty = self._difficulty() if method.curriculum else np.zeros(course.train.dialogues)
        self.easiest_first = np.argsort(self.difficulty, kind="stable")

    def dialogues(self, epoch: int) -> Int64[np.ndarray, " chosen"] | None:
        """Return the easiest of the epoch, in the order of the split."""
        share = self.share(epoch)
        if share == 1:
            return None
        return np.sort(self.easiest_first[: max(1, round(share * len(self.easiest_first)))])

    def share(self, epoch: int) -> float:
        """Return the share of the dialogues that take part in an epoch, from 1."""
        steps = (epoch - 1) // self.method.every + 1
        return min(1.0, round(self.method.rate * steps, 2)) if self.method.curriculum else 1.0

    def before_epoch(self, epoch: int) -> None:
        """Keep a copy of the weights where removals are to be predicted by it."""
        if self.method.stale_copy:
            self.stale = deepcopy(self.network).eval()

    def loss(self, step: Step) -> Tensor | None:
        """Return γ_m L_m + γ_c L_c + γ_s L_s, the parts that are switched on."""
        method = self.method
        if not (method.constraint or method.contrastive):
            return None
        if not step.again:
            self.said = tuple(self._removed(self.stale or self.network, step.batch, sampled=True))
            self.network.train()
        log_p = torch.log_softmax(step.output.logits, dim=-1)
        total = log_p.sum() * 0
        for said in self.said:
            if method.constraint:
                total = total + method.constraint_weight * self._constraint(log_p, said, step.batch)
            if method.contrastive:
                weight = method.modality_weight if said.what in self.modalities else method.context_weight
                total = total + weight * self._contrast(step.output, log_p, said, step.batch)
        return total

    def notes(self) -> Mapping[str, float | str]:
        """Return what was removed and how difficult the dialogues are."""
        how = "pairwise mask" if self.graph else "strict"
        notes: dict[str, float | str] = {"cmerc removes": ", ".join([*self.modalities, *self.contexts])}
        if self.contexts:
            notes["cmerc removes context by"] = how
        if self.method.curriculum:
            for name, value in zip(("least", "median", "most"), np.quantile(self.difficulty, (0, 0.5, 1)), strict=True):
                notes[f"cmerc difficulty, {name}"] = float(value)
        return notes

    def _constraint(self, log_p: Tensor, said: Removed, batch: Batch) -> Float[Tensor, ""]:
        gains = gains_of(log_p, said, batch, space=self.method.space)
        # Turns of which a removal was not asked count as those of the same dialogue of which it was, on average.
        weight = (batch.label >= 0).sum(dim=1) / said.asked.sum(dim=1).clamp(min=1)
        return (gains.sum(dim=1) * weight).sum()

    def _contrast(self, output: Output, log_p: Tensor, said: Removed, batch: Batch) -> Float[Tensor, ""]:
        assert output.hidden is not None
        label = contrast_labels(log_p.detach(), said, batch, rule=self.method.labels)
        share = torch.bincount(label, minlength=2) / len(label)
        return supervised_contrastive(
            output.hidden[said.asked],
            label,
            temperature=self.method.temperature,
            weights=1 / share.clamp(min=1e-12)[label],
            positives="inside",
        )

    def _removed(self, network: nn.Module, batch: Batch, *, sampled: bool) -> Iterator[Removed]:
        """Yield what the network, which is put in evaluation mode, says with each thing removed."""
        known = batch.label >= 0
        if not known.any():
            return
        with torch.no_grad():
            network.eval()
            for modality in self.modalities:
                without = without_modality(batch, modality, operator=self.method.operator)
                yield Removed(modality, torch.log_softmax(network(without).logits, dim=-1), known)
            for context in self.contexts:
                kept = kept_pairs(batch, context)
                if self.graph:
                    logits, asked = network(replace(batch, links=kept)).logits, known
                else:
                    asked = self._sample(known) if sampled and context == "intra" else known
                    remaining = read_remainders(network, remainders(batch, kept, asked))
                    logits = remaining.new_zeros(*known.shape, remaining.shape[-1])
                    logits[asked] = remaining
                yield Removed(context, torch.log_softmax(logits, dim=-1), asked)

    def _sample(self, known: Bool[Tensor, "dialogues turns"]) -> Bool[Tensor, "dialogues turns"]:
        """Return at most `targets` of the labelled turns of each dialogue, drawn at random."""
        draw = torch.rand(known.shape, generator=self.generator).to(known.device).masked_fill(~known, -1)
        rank = draw.argsort(dim=1, descending=True).argsort(dim=1)
        return known & (rank < self.method.targets)

    def _difficulty(self) -> Float[np.ndarray, " dialogues"]:
        """Return (Σ gains + speakers) / (speakers + utterances) of each training dialogue, by the plain model."""
        context, train = self.course.context, self.course.train
        plain = replace(
            context,
            methods=(),
            monitor=context.monitor if context.selection == "test" else None,
            progress=lambda what, done, total: context.progress(f"{what} of the plain model", done, total),
        )
        network = fit_network(self.course.recipe, train, self.course.validation, context=plain).network.eval()
        gains = np.zeros(train.dialogues)
        with torch.no_grad():
            for dialogues in prediction_batches(train):
                batch = make_batch(train, dialogues, device=context.device)
                log_p = torch.log_softmax(network(batch).logits, dim=-1)
                for said in self._removed(network, batch, sampled=False):
                    gains[dialogues] += gains_of(log_p, said, batch, space=self.method.space).sum(dim=1).cpu().numpy()
        return difficulty(train, gains)

    def _graph(self) -> bool:
        honours = bool(getattr(self.network, "honours_links", False))
        if self.method.context == "graph" and not honours:
            raise NotApplicable("cmerc: this model takes no pairwise mask of the context; type context=strict")
        return honours and self.method.context != "strict"

    def _require_hidden(self) -> None:
        self.network.eval()
        with torch.no_grad():
            output: Output = self.network(
                make_batch(self.course.train, np.arange(1), device=self.course.context.device)
            )
        if output.hidden is None:
            raise NotApplicable("cmerc: this model gives no hidden vectors to contrast; type cmerc:contrastive=false")


def gains_of(
    log_p: Float[Tensor, "dialogues turns classes"],
    said: Removed,
    batch: Batch,
    *,
    space: Literal["log", "probability"],
) -> Float[Tensor, "dialogues turns"]:
    """Return max(0, o^ξ[y] − o[y]) of each turn that was asked, of probabilities or their logarithms; else 0."""
    gold = batch.label.clamp(min=0).unsqueeze(-1)
    whole, without = (values.gather(-1, gold).squeeze(-1) for values in (log_p, said.log_p))
    if space == "probability":
        whole, without = whole.exp(), without.exp()
    # Where a removal changes nothing both are equal: relu has no gradient there, a clamp would pull towards the gold.
    return torch.relu(without - whole) * said.asked


def contrast_labels(
    log_p: Float[Tensor, "dialogues turns classes"], said: Removed, batch: Batch, *, rule: Literal["paper", "code"]
) -> Int64[Tensor, " asked"]:
    """Return z of each turn that was asked.

    `paper`: 1 where the gold class gains by the removal. `code`: 1 where the removal costs the right class, or leaves
    it right and less probable.
    """
    at = said.asked
    label, whole, without = batch.label[at], log_p[at], said.log_p[at]
    gold = label.unsqueeze(-1)
    before, after = whole.gather(-1, gold).squeeze(-1), without.gather(-1, gold).squeeze(-1)
    if rule == "paper":
        return (after > before).long()
    right, still = whole.argmax(dim=-1) == label, without.argmax(dim=-1) == label
    return (right & (~still | (before > after))).long()


def difficulty(train: Conversations, gains: Float[np.ndarray, " dialogues"]) -> Float[np.ndarray, " dialogues"]:
    """Return (gains + speakers) / (speakers + utterances) of each dialogue; speakers: the highest index plus one."""
    starts = train.starts
    speakers = np.maximum.reduceat(train.speaker, starts[:-1]) + 1
    return np.asarray((gains + speakers) / (speakers + np.diff(starts)))
