"""CMERC's parts against what their definition says, turn by turn, with removals as a run of the suite makes them."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from typing import Literal

import numpy as np
import pytest
import torch
from torch import Tensor

from emobench.baselines.methods import cmerc_companion
from emobench.baselines.methods.cmerc import Cmerc
from emobench.baselines.methods.cmerc_companion import Removed, contrast_labels, gains_of
from emobench.benchmark.conversations import Conversations, DataSplits
from emobench.benchmark.errors import NotApplicable
from emobench.benchmark.training.batches import Batch, Output, make_batch
from emobench.benchmark.training.companions import Course, Step
from emobench.benchmark.training.network_model import fit_network
from emobench.benchmark.training.removed import Remainders, read_remainders
from tests.baselines.methods.toy import Toy, course_of, fit, log_p_under, padded, removals, step_of, weights

Make = Callable[..., Conversations]
PLAIN = Cmerc(curriculum=False)
ONLY_CONSTRAINT = replace(PLAIN, contrastive=False, constraint_weight=1.0)
MODALITIES = ("text", "audio", "video")


def literal_gains(course: Course, *, mode: str, space: str = "log") -> dict[str, np.ndarray]:
    """Return per removal max(0, o^ξ[y] − o[y]) of every utterance, 0 without a label."""
    train, whole = course.train, log_p_under(course.network, course.train, "")
    found = {}
    for what, stress in removals(mode).items():
        without, gains = log_p_under(course.network, train, stress), np.zeros(len(train))
        for row, label in enumerate(train.label):
            if label >= 0:
                before, after = whole[row, label], without[row, label]
                gains[row] = max(0, after - before if space == "log" else np.exp(after) - np.exp(before))
        found[what] = gains
    return found


def literal_contrast(vectors: np.ndarray, z: list[int], temperature: float) -> float:
    """Return the mean over anchors of −n/n_z · log(Σ of their kind / Σ of all others)."""
    unit = [vector / np.linalg.norm(vector) for vector in vectors]
    losses = []
    for i, own in enumerate(z):
        others = [j for j in range(len(z)) if j != i]
        e = {j: np.exp(unit[i] @ unit[j] / temperature) for j in others}
        kin = sum(e[j] for j in others if z[j] == own)
        losses.append(-len(z) / z.count(own) * np.log(kin / sum(e.values())))
    return float(np.mean(losses))


@pytest.fixture
def splits(small_splits: DataSplits) -> DataSplits:
    """Small data, some training utterances without a label."""
    train = small_splits.train
    label = np.where(np.arange(len(train)) % 7 == 3, -1, train.label)
    return DataSplits(train.change(label=label), small_splits.validation, small_splits.test)


class TestConstraint:
    @pytest.mark.parametrize(("context", "mode"), [("graph", "graph"), ("auto", "graph"), ("strict", "strict")])
    @pytest.mark.parametrize("space", ["log", "probability"])
    def test_is_the_sum_of_all_gains(
        self,
        context: Literal["auto", "graph", "strict"],
        mode: str,
        space: Literal["log", "probability"],
        splits: DataSplits,
    ) -> None:
        course = course_of(Toy(), splits)
        method = replace(ONLY_CONSTRAINT, context=context, space=space, targets=99)
        found = method.companion(course).loss(step_of(course))
        assert found is not None
        expected = sum(gains.sum() for gains in literal_gains(course, mode=mode, space=space).values())
        assert found.item() == pytest.approx(expected, rel=1e-4)
        assert expected > 1

    def test_goes_with_the_size_of_the_batch(self, splits: DataSplits) -> None:
        course = course_of(Toy(), splits)
        one, both = ONLY_CONSTRAINT.companion(course), [step_of(course, [1]), step_of(course, [1, 1])]
        once, twice = (one.loss(step) for step in both)
        assert once is not None
        assert twice is not None
        assert twice.item() == pytest.approx(2 * once.item(), rel=1e-4)
        assert once.item() > 0

    def test_its_gradient_flows_through_the_whole_input_only(self, splits: DataSplits) -> None:
        course = course_of(Toy(), splits)
        companion, step = replace(ONLY_CONSTRAINT, constraint_weight=0.3).companion(course), step_of(course)
        logits = step.output.logits.detach().requires_grad_()
        loss = companion.loss(replace(step, output=Output(logits)))
        assert loss is not None
        loss.backward()
        assert all(parameter.grad is None for parameter in course.network.parameters())
        # d(−log p_y)/d logits is p − e_y, once for every removal by which the turn gains.
        train = course.train
        often = sum((gains > 0).astype(float) for gains in literal_gains(course, mode="graph").values())
        p = np.exp(log_p_under(course.network, train, ""))
        expected = 0.3 * np.asarray(often)[:, None] * (p - np.eye(3)[np.maximum(train.label, 0)])
        assert logits.grad is not None
        assert logits.grad.double().numpy() == pytest.approx(padded(expected, train).numpy(), abs=1e-5)

    @pytest.mark.parametrize("context", ["graph", "strict"])
    def test_a_removal_of_nothing_has_no_gradient(
        self, context: Literal["graph", "strict"], small: Make, small_splits: DataSplits
    ) -> None:
        # Others never speak: without them everything is as it was, gain 0, and nothing is to be learned from that.
        train = small(lengths=(3, 2), modalities=("text",)).change(speaker=np.array([0, 0, 0, 1, 1]))
        course = course_of(Toy(), DataSplits(train, train, train))
        companion, step = replace(ONLY_CONSTRAINT, context=context).companion(course), step_of(course)
        assert companion.contexts == ("intra", "inter")
        companion.loss(step)
        companion.said = tuple(said for said in companion.said if said.what == "inter")
        loss = companion.loss(replace(step, again=True))
        assert loss is not None
        assert loss.item() == pytest.approx(0, abs=1e-6)
        loss.backward()
        if context == "graph":
            assert all(not p.grad.any() for p in course.network.parameters() if p.grad is not None)

    def test_the_same_confidence_has_no_slope(self) -> None:
        logits = torch.zeros(1, 1, 2, requires_grad=True)
        said = Removed("text", torch.log_softmax(torch.zeros(1, 1, 2), dim=-1), torch.ones(1, 1, dtype=torch.bool))
        batch = Batch({}, {}, said.asked, torch.zeros(1, 1, dtype=torch.int64), torch.zeros(1, 1, dtype=torch.int64))
        gains_of(torch.log_softmax(logits, dim=-1), said, batch, space="log").sum().backward()
        assert logits.grad is not None
        assert not logits.grad.any()


class TestStrict:
    def test_in_a_step_few_turns_are_asked_and_few_sub_dialogues_made(
        self, splits: DataSplits, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made: list[int] = []

        def counted(network: torch.nn.Module, remains: Remainders) -> Tensor:
            made.append(len(remains.batch.valid))
            return read_remainders(network, remains)

        monkeypatch.setattr(cmerc_companion, "read_remainders", counted)
        course = course_of(Toy(links=False), splits)
        companion = replace(ONLY_CONSTRAINT, targets=2).companion(course)
        step = step_of(course)
        asked = []
        for _ in range(2):
            companion.loss(step)
            asked.append({said.what: said.asked for said in companion.said})
        known = step.batch.label >= 0
        assert list(asked[0]) == [*MODALITIES, "intra", "inter"]
        assert torch.equal(asked[0]["intra"].sum(dim=1), known.sum(dim=1).clamp(max=2))
        assert not (asked[0]["intra"] & ~known).any()
        assert not torch.equal(asked[0]["intra"], asked[1]["intra"]), "drawn anew in every step"
        assert all(torch.equal(asked[0][what], known) for what in (*MODALITIES, "inter"))
        speakers = sum(
            len(set(course.train.speaker[a:b]))
            for a, b in zip(course.train.starts, course.train.starts[1:], strict=False)
        )
        assert made[0] <= 2 * len(known)
        assert made[1] <= speakers
        assert len(made) == 4

    def test_every_turn_is_drawn_as_often(self, splits: DataSplits) -> None:
        course = course_of(Toy(links=False), splits)
        companion = replace(ONLY_CONSTRAINT, targets=1).companion(course)
        known = torch.tensor([[True, True, False, True], [False, True, False, False]])
        drawn = sum(companion._sample(known).double() for _ in range(900)) / 900
        assert isinstance(drawn, Tensor)
        assert drawn[0, [0, 1, 3]] == pytest.approx(torch.full((3,), 1 / 3).numpy(), abs=0.06)
        assert drawn[1].tolist() == [0, 1, 0, 0]
        assert drawn[0, 2] == 0

    def test_the_sum_is_scaled_up_dialogue_by_dialogue(self, splits: DataSplits) -> None:
        # All turns of a dialogue gain alike, so whichever are drawn the estimate is exact; lengths and gains differ.
        course = course_of(Toy(links=False), splits)
        companion, step = replace(ONLY_CONSTRAINT, targets=2).companion(course), step_of(course)
        known = step.batch.label >= 0
        gain = torch.arange(1, len(known) + 1, dtype=torch.float32) / 8
        gold = torch.nn.functional.one_hot(step.batch.label.clamp(min=0), 3)
        said = Removed("intra", -3 + gain[:, None, None] * gold, companion._sample(known))
        whole = torch.full_like(step.output.logits, -3)
        estimate = companion._constraint(whole, said, step.batch)
        assert estimate.item() == pytest.approx((gain * known.sum(dim=1)).sum().item(), rel=1e-5)

    def test_sampling_leaves_the_draws_of_the_network_alone(self, splits: DataSplits) -> None:
        course = course_of(Toy(links=False), splits)
        companion, step = ONLY_CONSTRAINT.companion(course), step_of(course)
        before = torch.get_rng_state()
        companion.loss(step)
        assert torch.equal(torch.get_rng_state(), before)


class TestContrast:
    @pytest.mark.parametrize("labels", ["paper", "code"])
    @pytest.mark.parametrize("kind", ["modality", "context"])
    def test_against_loops(
        self, labels: Literal["paper", "code"], kind: Literal["modality", "context"], splits: DataSplits
    ) -> None:
        course = course_of(Toy(), splits)
        method = replace(
            PLAIN, constraint=False, labels=labels, temperature=0.4, modality_weight=0.0, context_weight=0.0
        )
        companion, step = replace(method, **{f"{kind}_weight": 2.0}).companion(course), step_of(course)
        found = companion.loss(step)
        train, whole = course.train, log_p_under(course.network, course.train, "")
        rows = np.flatnonzero(train.label >= 0)
        assert step.output.hidden is not None
        hidden = step.output.hidden.detach()[step.batch.valid].double().numpy()[rows]
        expected = 0.0
        for what, stress in removals("graph").items():
            if (what in MODALITIES) != (kind == "modality"):
                continue
            without, z = log_p_under(course.network, train, stress), []
            for row in rows:
                y, o, left = train.label[row], whole[row], without[row]
                if labels == "paper":
                    z.append(int(left[y] > o[y]))
                else:
                    right, still = o.argmax() == y, left.argmax() == y
                    z.append(int((right and not still) or (right and still and o[y] > left[y])))
            assert 2 <= sum(z) <= len(z) - 2, "both kinds, none alone in its"
            expected += 2 * literal_contrast(hidden, z, 0.4)
        assert found is not None
        assert found.item() == pytest.approx(expected, rel=1e-4)

    def test_labels_by_hand(self) -> None:
        def logs(*rows: list[float]) -> Tensor:
            return torch.tensor([rows]).log()

        # Gold is class 0. Right and surer; right and less sure; lost; found; both wrong, gains; both wrong, loses.
        whole = logs([0.6, 0.4], [0.8, 0.2], [0.6, 0.4], [0.4, 0.6], [0.2, 0.8], [0.4, 0.6])
        after = logs([0.7, 0.3], [0.7, 0.3], [0.4, 0.6], [0.6, 0.4], [0.3, 0.7], [0.1, 0.9])
        asked = torch.ones(1, 6, dtype=torch.bool)
        zeros = torch.zeros(1, 6, dtype=torch.int64)
        said, batch = Removed("text", after, asked), Batch({}, {}, asked, zeros, zeros)
        assert contrast_labels(whole, said, batch, rule="paper").tolist() == [1, 0, 0, 1, 1, 0]
        assert contrast_labels(whole, said, batch, rule="code").tolist() == [0, 1, 1, 0, 0, 0]
        some = Removed("text", after, torch.tensor([[False, True, False, True, False, False]]))
        assert contrast_labels(whole, some, batch, rule="paper").tolist() == [0, 1]

    def test_it_needs_hidden_vectors(self, splits: DataSplits) -> None:
        course = course_of(Toy(hidden=False), splits)
        with pytest.raises(NotApplicable) as caught:
            PLAIN.companion(course)
        assert str(caught.value) == (
            "cmerc: this model gives no hidden vectors to contrast; type cmerc:contrastive=false"
        )
        assert ONLY_CONSTRAINT.companion(course).loss(step_of(course)) is not None


class TestDifficulty:
    @pytest.mark.parametrize(("links", "mode"), [(True, "graph"), (False, "strict")])
    def test_is_that_of_the_plain_model(self, links: bool, mode: str, splits: DataSplits) -> None:
        recipe = Toy(links=links, dropout=0.2)
        course = course_of(recipe, splits)
        companion = replace(PLAIN, curriculum=True, targets=1).companion(course)
        network = fit_network(recipe, splits.train, splits.validation, context=course.context).network
        gains = sum(literal_gains(replace(course, network=network), mode=mode).values())
        train, expected = splits.train, []
        for dialogue in range(train.dialogues):
            rows = slice(*train.starts[dialogue : dialogue + 2])
            speakers, turns = train.speaker[rows].max() + 1, rows.stop - rows.start
            expected.append((np.asarray(gains)[rows].sum() + speakers) / (speakers + turns))
            assert companion.difficulty[dialogue] >= speakers / (speakers + turns) - 1e-9
        assert companion.difficulty == pytest.approx(np.array(expected), rel=1e-4)
        assert companion.notes()["cmerc difficulty, most"] == pytest.approx(max(expected), rel=1e-4)
        assert companion.notes()["cmerc difficulty, median"] == pytest.approx(np.median(expected), rel=1e-4)
        assert companion.notes()["cmerc removes context by"] == {"graph": "pairwise mask", "strict": "strict"}[mode]

    def test_utterances_without_labels_gain_nothing(self, small: Make, splits: DataSplits) -> None:
        train = small(lengths=(2, 3)).change(label=np.array([-1, -1, 0, 1, 2]), speaker=np.array([0, 2, 0, 0, 1]))
        course = course_of(Toy(), DataSplits(train, splits.validation, splits.test))
        companion = replace(PLAIN, curriculum=True).companion(course)
        assert companion.difficulty[0] == pytest.approx(3 / 5)
        alone = companion.loss(step_of(course, [0]))
        assert alone is not None
        assert alone.item() == 0

    def test_the_plain_model_is_told_apart_in_the_progress_and_not_scored_on_test(self, splits: DataSplits) -> None:
        told: list[str] = []
        seen: list[Conversations | None] = []
        course = course_of(Toy(), splits)
        for selection in ("validation", "test"):
            context = replace(
                course.context,
                monitor=splits.test,
                selection=selection,  # type: ignore[arg-type]  # one of the two
                methods=(PLAIN,),
                progress=lambda what, done, total: told.append(what),
            )

            def spied(*arguments: object, context: object) -> object:
                seen.append(context.monitor)  # type: ignore[attr-defined]  # a FitContext
                assert context.methods == ()  # type: ignore[attr-defined]
                return fit_network(*arguments, context=context)  # type: ignore[arg-type]

            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(cmerc_companion, "fit_network", spied)
                replace(PLAIN, curriculum=True).companion(replace(course, context=context))
        assert set(told) == {"training, epoch of the plain model"}
        assert seen == [None, splits.test]


class TestCurriculum:
    @pytest.mark.parametrize(
        ("method", "shares"),
        [
            (Cmerc(), [0.15, 0.30, 0.45, 0.60, 0.75, 0.90, 1, 1]),
            (Cmerc(rate=0.4), [0.4, 0.8, 1, 1]),
            (Cmerc(rate=0.4, every=2), [0.4, 0.4, 0.8, 0.8, 1, 1]),
            (Cmerc(curriculum=False), [1, 1]),
        ],
    )
    def test_shares(self, method: Cmerc, shares: list[float], splits: DataSplits) -> None:
        companion = replace(PLAIN).companion(course_of(Toy(), splits))
        companion.method = method
        assert [companion.share(epoch) for epoch in range(1, len(shares) + 1)] == shares

    def test_the_easiest_take_part_in_the_order_of_the_split(self, splits: DataSplits) -> None:
        companion = replace(PLAIN, curriculum=True, rate=0.4).companion(course_of(Toy(), splits))
        companion.difficulty = np.array([0.5, 0.1, 0.9, 0.2, 0.3, 0.8, 0.2, 0.7])
        companion.easiest_first = np.argsort(companion.difficulty, kind="stable")
        first, second = companion.dialogues(1), companion.dialogues(2)
        assert first is not None
        assert second is not None
        # round(.4 · 8) = 3 and round(.8 · 8) = 6 of eight.
        assert first.tolist() == [1, 3, 6]
        assert second.tolist() == [0, 1, 3, 4, 6, 7]
        assert companion.dialogues(3) is None

    def test_one_dialogue_is_the_least(self, splits: DataSplits) -> None:
        companion = replace(PLAIN, curriculum=True, rate=0.01).companion(course_of(Toy(), splits))
        chosen = companion.dialogues(1)
        assert chosen is not None
        assert chosen.tolist() == [companion.difficulty.argmin()]

    def test_difficulty_is_found_once(self, splits: DataSplits, monkeypatch: pytest.MonkeyPatch) -> None:
        found: list[object] = []
        monkeypatch.setattr(cmerc_companion, "fit_network", lambda *a, **k: found.append(1) or fit_network(*a, **k))
        course = course_of(Toy(), splits)
        companion = Cmerc().companion(course)
        before = companion.difficulty.copy()
        for epoch in (1, 2):
            companion.before_epoch(epoch)
            companion.loss(step_of(course))
            companion.after_epoch(epoch)
        assert np.array_equal(companion.difficulty, before)
        assert len(found) == 1


class TestCopy:
    @pytest.mark.parametrize("stale", [True, False])
    def test_removals_are_predicted_by_the_weights_of_the_beginning_of_the_epoch_or_of_now(
        self, stale: bool, splits: DataSplits
    ) -> None:
        course = course_of(Toy(dropout=0.5), splits)
        companion = replace(ONLY_CONSTRAINT, stale_copy=stale).companion(course)
        companion.before_epoch(1)
        early = deepcopy(course.network)
        with torch.no_grad():
            for parameter in course.network.parameters():
                parameter.mul_(1.5)
        step = step_of(course)
        companion.loss(step)
        assert course.network.training, "the step goes on in training mode"
        by = early if stale else course.network
        # In evaluation mode: no dropout.
        for said, stress in zip(companion.said, removals("graph").values(), strict=True):
            expected = log_p_under(by, course.train, stress)
            assert said.log_p[step.batch.valid].numpy() == pytest.approx(expected, abs=1e-5)
            assert not said.log_p.requires_grad

    def test_a_second_pass_of_a_step_takes_what_the_first_was_told(self, splits: DataSplits) -> None:
        course = course_of(Toy(), splits)
        companion = PLAIN.companion(course)
        companion.loss(step_of(course))
        said = companion.said
        companion.loss(step_of(course, again=True))
        assert companion.said is said
        companion.loss(step_of(course))
        assert companion.said is not said


class TestWhatIsRemoved:
    @pytest.mark.parametrize(
        ("lengths", "speaker", "modalities", "removed"),
        [
            ((2, 3), [0, 1, 0, 1, 1], ("text", "audio"), "text, audio, intra, inter"),
            ((2, 3), [0] * 5, ("text", "audio"), "text, audio, intra"),
            ((1, 1), [0, 1], ("text", "audio"), "text, audio"),
            ((2, 3), [0, 1, 0, 1, 1], ("text",), "intra, inter"),
        ],
    )
    def test_by_the_data(
        self, lengths: tuple[int, ...], speaker: list[int], modalities: tuple[str, ...], removed: str, small: Make
    ) -> None:
        train = small(lengths=lengths, modalities=modalities).change(speaker=np.array(speaker))
        course = course_of(Toy(), DataSplits(train, train, train))
        companion = PLAIN.companion(course)
        notes = companion.notes()
        assert notes["cmerc removes"] == removed
        assert ("cmerc removes context by" in notes) == ("intra" in removed)
        assert "cmerc difficulty, most" not in notes
        companion.loss(step_of(course))
        assert ", ".join(said.what for said in companion.said) == removed

    def test_nothing_is_not_enough(self, small: Make) -> None:
        train = small(lengths=(1, 1), modalities=("text",))
        with pytest.raises(NotApplicable) as caught:
            PLAIN.companion(course_of(Toy(), DataSplits(train, train, train)))
        assert str(caught.value) == ("cmerc: expected several modalities or turns, to take one away; leave out +cmerc")

    def test_a_pairwise_mask_needs_a_model_that_takes_one(self, splits: DataSplits) -> None:
        with pytest.raises(NotApplicable) as caught:
            replace(PLAIN, context="graph").companion(course_of(Toy(links=False), splits))
        assert str(caught.value) == "cmerc: this model takes no pairwise mask of the context; type context=strict"

    def test_the_operator_is_the_one_asked_for(self, splits: DataSplits) -> None:
        course = course_of(Toy(), splits)
        companion = replace(ONLY_CONSTRAINT, operator="mean").companion(course)
        companion.loss(step_of(course))
        expected = log_p_under(course.network, course.train, "modality_drop:drop=text,fill=mean,signal=silent")
        valid = make_batch(course.train, np.arange(course.train.dialogues), device="cpu").valid
        assert companion.said[0].log_p[valid].numpy() == pytest.approx(expected, abs=1e-5)


class TestPlainTraining:
    """What is switched off leaves training as it was, to the last bit."""

    @pytest.mark.parametrize("links", [True, False])
    @pytest.mark.parametrize(
        "method",
        [
            Cmerc(curriculum=False, modality_weight=0, context_weight=0, constraint_weight=0, targets=1),
            Cmerc(curriculum=False, contrastive=False, constraint=False),
            Cmerc(rate=1, contrastive=False, constraint=False),
        ],
    )
    def test_it_is(self, links: bool, method: Cmerc, splits: DataSplits) -> None:
        recipe = Toy(dropout=0.3, links=links)
        assert weights(fit(recipe, splits, method)) == weights(fit(recipe, splits))

    def test_a_curriculum_alone_changes_it(self, splits: DataSplits) -> None:
        alone = Cmerc(rate=0.4, contrastive=False, constraint=False)
        assert weights(fit(Toy(), splits, alone)) != weights(fit(Toy(), splits))

    def test_nothing_is_predicted_for_nothing(self, splits: DataSplits) -> None:
        course = course_of(Toy(), splits)
        companion = replace(PLAIN, contrastive=False, constraint=False).companion(course)
        assert companion.loss(step_of(course)) is None
        assert companion.said == ()

    def test_each_part_changes_it(self, splits: DataSplits) -> None:
        plain, parts = weights(fit(Toy(), splits)), set()
        for method in (
            replace(PLAIN, contrastive=False),
            replace(PLAIN, constraint=False, context_weight=0),
            replace(PLAIN, constraint=False, modality_weight=0),
            PLAIN,
        ):
            learned = weights(fit(Toy(), splits, method))
            assert learned != plain
            parts.add(learned["last.weight"])
        assert len(parts) == 4


def test_a_step_without_labels_adds_nothing(splits: DataSplits) -> None:
    course = course_of(Toy(), splits)
    companion, step = PLAIN.companion(course), step_of(course)
    unknown = replace(step.batch, label=torch.full_like(step.batch.label, -1))
    loss = companion.loss(Step(unknown, step.output, step.dialogues, step.train, again=False))
    assert loss is not None
    assert loss.item() == 0
    loss.backward()
