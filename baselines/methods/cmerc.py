"""CMERC: easy dialogues first, and a penalty where taking something away makes the model surer of the truth.

A model that is more confident of the gold class without a modality, or without part of the context, than with all of
it is not to be trusted: more evidence should not make it doubt what is true. Three parts work against that, each with a
switch. Write o for the probabilities, o^ξ for those with ξ removed: each modality (on data with several), what the same
speaker says elsewhere (intra), what others say (inter; where several speak).

`curriculum`: the plain model is trained first, and tells how difficult each dialogue is: (Σ max(0, log o^ξ[y] − log
o[y]) + speakers) / (speakers + utterances). Then training starts again from the same first weights, in epoch e (from 1)
on the easiest share min(1, rate · (⌊(e − 1) / every⌋ + 1)) of the dialogues; the epochs before all take part do not
count as waiting for a better one (`patience`). `contrastive`: for each ξ the hidden vectors of utterances are drawn
together that gain alike or lose alike (labels=paper: z = 1 where o^ξ[y] > o[y]; labels=code, as released: z = 1 where ξ
costs the right class, or both are right and less sure; everything else, both-wrong utterances included, is 0), with
weights n / n_z that the paper does not mention. `constraint`: Σ max(0, log o^ξ[y] − log o[y]) over utterances and ξ, a
sum over the batch, so its weight goes with the size of the batch; the gradient flows through o only. The paper's
equations have probabilities, the released code log-probabilities (space).

o^ξ is the same network in evaluation mode, without gradients; with stale_copy=true, as released, with the weights of
the beginning of the epoch. Modalities: operator=missing, the default, is what `modality_drop` does; mean puts the mean
of the dialogue there without telling the model, padded_mean divides by the padded length, as released. Context:
context=graph is a pairwise mask, as released, for models that accept one; strict predicts from what remains, for any
model; auto takes graph where it can. In strict mode inter costs one pass per speaker, intra one per turn: in a step it
is taken from at most `targets` turns of a dialogue, drawn anew, and the sum is scaled up to all of them. The difficulty
is exact. With a pairwise mask a step costs five more passes without gradients, about twice to three times a plain step.

Published with rate=.15, constraint_weight=.005, modality_weight=.05, context_weight=.05 (IEMOCAP, the defaults) and
.4, .002, .15, .15 (MELD). The released code is for M3Net only, and removes context in one of its three paths only
(m3net's links_in=frequency). Its difficulty is of all training dialogues; here validation is never among them.

Source: CMERC (Tu et al., ACM MM 2024), Eq. 1 to 10 and Algorithm 1, and what its code does.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from annotated_types import Ge, Gt, Le, Unit
from typing_extensions import Doc

from ...benchmark.training.presets import settled
from ..trained import AlongTraining

if TYPE_CHECKING:
    from ...benchmark.training.companions import Companion, Course


@dataclass(frozen=True)
class Cmerc(AlongTraining):
    """Which of the three parts, and how."""

    curriculum: Annotated[bool, Doc("easy dialogues first; the plain model is trained before, to tell which")] = True
    contrastive: Annotated[bool, Doc("the hybrid supervised contrastive loss")] = True
    constraint: Annotated[bool, Doc("the confidence constraint")] = True
    space: Annotated[
        Literal["log", "probability"], Doc("differences of log-probabilities, as released, or of probabilities")
    ] = "log"
    labels: Annotated[Literal["paper", "code"], Doc("rule of the contrastive labels")] = "paper"
    stale_copy: Annotated[bool, Doc("removals are predicted by the weights of the beginning of the epoch")] = False
    modality_weight: Annotated[float, Ge(0), Doc("γ_m, of the contrastive loss of modalities")] = 0.05
    context_weight: Annotated[float, Ge(0), Doc("γ_c, of the contrastive loss of contexts")] = 0.05
    constraint_weight: Annotated[float, Ge(0), Doc("γ_s, of the constraint, which is a sum over the batch")] = 0.005
    temperature: Annotated[float, Gt(0), Doc("of the contrastive loss")] = 0.07
    rate: Annotated[float, Gt(0), Le(1), Doc("share of the dialogues by which the curriculum grows")] = 0.15
    every: Annotated[int, Ge(1), Unit("epochs"), Doc("after so many the curriculum grows")] = 1
    operator: Annotated[
        Literal["missing", "mean", "padded_mean"], Doc("what stands in for a modality that is removed")
    ] = "missing"
    context: Annotated[Literal["auto", "graph", "strict"], Doc("how context is removed")] = "auto"
    targets: Annotated[
        int, Ge(1), Unit("turns"), Doc("of a dialogue, from which strict intra is taken in a step; drawn anew")
    ] = 4

    def companion(self, course: "Course") -> "Companion":
        """Return what goes along; with the curriculum the plain model is trained first.

        Raises
        ------
        NotApplicable
            When the contrastive loss is wanted of a network without hidden vectors, or a pairwise mask of one that
            takes none.
        """
        from .cmerc_companion import CmercCompanion, Switches

        return CmercCompanion(course, settled(self, {}, Switches))


PLUGIN = Cmerc
