"""Calibration errors with other bins, the parts of Brier, flips of one speaker, excess CEL, slices: by hand."""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pytest

from emobench.benchmark.errors import SpecError, UnknownName
from emobench.benchmark.metrics.base import ConditionMetric, Scored
from emobench.benchmark.registry import METRICS, canonical_text, make
from emobench.benchmark.scoring_figures import figures_of
from emobench.benchmark.scoring_samples import sampled

MakeScored = Callable[..., Scored]


def figures(text: str, scored: Scored) -> Mapping[str, float]:
    metric = make(METRICS, text)
    assert isinstance(metric, ConditionMetric)
    values = sampled(scored, {"": metric}, np.ones((1, len(np.unique(scored.dialogue)))))[""].whole[0]
    return dict(zip(metric.parts(scored), values.tolist(), strict=True))


def test_precision_and_recall_and_their_gaps(make_scored: MakeScored) -> None:
    scored = make_scored([[0.8, 0.1, 0.1], [0.2, 0.7, 0.1], [0.1, 0.8, 0.1], [0.6, 0.3, 0.1]], [0, 1, 1, 1])
    precision, recall = figures("precision", scored), figures("recall", scored)
    assert (precision["neutral"], precision["joy"]) == (0.5, 1)
    assert (recall["neutral"], recall["joy"]) == (1, pytest.approx(2 / 3))
    assert math.isnan(precision["anger"])
    assert math.isnan(recall["anger"])
    assert figures("unweighted_average_recall", scored)[""] == pytest.approx((1 + 2 / 3) / 2)
    assert figures("support", scored) == {"": 4, "neutral": 1, "joy": 3, "anger": 0}


def test_bins_of_equal_mass(make_scored: MakeScored) -> None:
    confidence, gold = [0.95, 0.6, 0.7, 0.8], [0, 1, 0, 1]
    scored = make_scored([[c, 1 - c] for c in confidence], gold)
    # Two bins: .6 .7 with one of two right, .8 .95 with one of two right.
    expected = (abs(1 - 1.3) + abs(1 - 1.75)) / 4
    assert figures("adaptive_ece:bins=2", scored)[""] == pytest.approx(expected)
    # More bins than utterances: each is alone.
    alone = np.mean([0.05, 0.6, 0.3, 0.8])
    assert figures("adaptive_ece", scored)[""] == pytest.approx(alone)


def test_equal_confidences_share_a_bin(make_scored: MakeScored) -> None:
    scored = make_scored([[0.6, 0.4]] * 3 + [[0.9, 0.1]], [0, 1, 1, 0])
    bin_of = make(METRICS, "adaptive_ece:bins=4").statistic.bin_of
    assert bin_of(scored.confidence).tolist() == [0, 0, 0, 3]
    assert figures("adaptive_ece:bins=4", scored)[""] == pytest.approx((abs(1 - 1.8) + 0.1) / 4)


def test_debiased_error_by_hand(make_scored: MakeScored) -> None:
    # One bin: confidences .9 ×4, three right: gap .15, variance .75·.25/3.
    scored = make_scored([[0.9, 0.1]] * 4, [0, 0, 0, 1])
    assert figures("debiased_ece", scored)[""] == 0
    assert 0.15**2 < 0.75 * 0.25 / 3
    worse = make_scored([[0.9, 0.1]] * 4, [0, 1, 1, 1])
    assert figures("debiased_ece", worse)[""] == pytest.approx(math.sqrt(0.65**2 - 0.25 * 0.75 / 3))
    assert figures("debiased_ece", worse)[""] < figures("rmsce", worse)[""] == pytest.approx(0.65)
    # A bin of a single utterance adds nothing, but counts.
    with_one = make_scored([[0.9, 0.1]] * 4 + [[0.6, 0.4]], [0, 1, 1, 1, 1])
    assert figures("debiased_ece", with_one)[""] == pytest.approx(math.sqrt((0.65**2 - 0.0625) * 4 / 5))


def test_classwise_error_by_hand(make_scored: MakeScored) -> None:
    scored = make_scored([[0.8, 0.2, 0.0], [0.7, 0.2, 0.1]], [0, 1])
    # Two bins per class. Neutral: .8 + .7 against 1; joy: .2 + .2 against 1; anger: .1 against 0.
    shown = figures("classwise_ece:bins=2", scored)
    assert shown == pytest.approx({"": (0.25 + 0.3 + 0.05) / 3, "neutral": 0.25, "joy": 0.3, "anger": 0.05})


def test_parts_of_brier_by_hand(make_scored: MakeScored) -> None:
    # One bin holds all probabilities of a class: mean .7, frequency ½.
    scored = make_scored([[0.6, 0.4], [0.8, 0.2]], [0, 1])
    shown = figures("brier_parts:bins=1", scored)
    assert shown["reliability"] == pytest.approx(2 * 0.2**2)
    assert shown["resolution"] == pytest.approx(0)
    assert shown["uncertainty"] == pytest.approx(2 * 0.25)
    # Variance .01, covariance with the outcome −.05, of each of two classes.
    assert shown["within"] == pytest.approx(2 * (0.01 + 2 * 0.05))
    assert figures("brier", scored)[""] == pytest.approx(0.08 - 0 + 0.5 + 0.22)


def talk(make_scored: MakeScored, *, turn: list[int] | None = None) -> Scored:
    """Two speakers taking turns, then the first again, and a dialogue of one turn."""
    a, b = [0.9, 0.1], [0.1, 0.9]
    scored = make_scored(
        [a, b, b, b, b, a], [0, 0, 0, 1, 0, 1], dialogue=[0, 0, 0, 0, 0, 1], turn=turn or [0, 1, 2, 3, 4, 0]
    )
    return replace(scored, speaker=np.array([0, 1, 0, 1, 0, 0]))


def test_flips_of_one_speaker(make_scored: MakeScored) -> None:
    # Pairs: 0→2 flips, gold stays; 1→3 stays, gold flips; 2→4 stays.
    expected = {"": 1 / 3, "missed": 1 / 3, "spurious": 1 / 3, "gold": 1 / 3}
    assert figures("speaker_flip_rate", talk(make_scored)) == pytest.approx(expected)
    # An utterance without label was left out after turn 2: it may have been the second speaker's, or the first's.
    gapped = figures("speaker_flip_rate", talk(make_scored, turn=[0, 1, 2, 4, 5, 0]))
    assert gapped == pytest.approx({"": 1, "missed": 0, "spurious": 1, "gold": 0})
    assert math.isnan(figures("speaker_flip_rate", make_scored([[0.9, 0.1]], [0]))[""])


def test_slices_hold_the_rows_they_say(make_scored: MakeScored) -> None:
    scored = talk(make_scored)
    support = {
        by: {name: n for name, n in figures(f"sliced:by={by},metric=support", scored).items() if ":" not in name}
        for by in ("class", "speaker", "turn", "length", "shift")
    }
    assert support == {
        "class": {"neutral": 4, "joy": 2},
        "speaker": {"first": 4, "second": 2, "third": 0, "others": 0},
        "turn": {"0": 2, "1–2": 2, "3–5": 2, "6–10": 0, "11+": 0},
        "length": {"1–2": 1, "3–5": 5, "6–10": 0, "11–20": 0, "21+": 0},
        "shift": {"shift": 1, "no shift": 2, "no earlier turn": 3},
    }
    gapped = figures("sliced:by=shift,metric=support", talk(make_scored, turn=[0, 1, 2, 4, 5, 0]))
    assert [gapped[name] for name in ("shift", "no shift", "no earlier turn")] == [0, 1, 5]


@pytest.mark.parametrize(
    ("by", "place", "name"),
    [("turn", 0, "0"), ("turn", 1, "1–2"), ("turn", 3, "3–5"), ("turn", 10, "6–10"), ("turn", 11, "11+"),
     ("length", 1, "1–2"), ("length", 2, "3–5"), ("length", 9, "6–10"), ("length", 19, "11–20"), ("length", 20, "21+")],
)  # fmt: skip
def test_ends_of_bands(make_scored: MakeScored, by: str, place: int, name: str) -> None:
    shown = figures(f"sliced:by={by},metric=support", make_scored([[0.9, 0.1]], [0], turn=[place]))
    assert [part for part, count in shown.items() if count and ":" not in part] == [name]


def test_a_slice_is_measured_as_if_it_were_all(make_scored: MakeScored) -> None:
    scored = talk(make_scored)
    assert figures("sliced:by=class,metric=accuracy", scored) == {"neutral": 0.25, "joy": 0.5}
    # Of the joyful turns, 3 and the lone one: the surest are equally sure, one right, one wrong.
    assert figures("sliced:by=class,metric=misclassification_auroc", scored)["joy"] == 0.5
    # Neighbours that are both in the slice: none among turns 0, and 1→2 which stays.
    flips = figures("sliced:by=turn,metric=flip_rate", scored)
    assert flips["1–2"] == 0
    assert math.isnan(flips["0"])
    assert list(flips)[:3] == ["0", "0: missed", "0: spurious"]


def test_an_empty_slice_has_no_figure(make_scored: MakeScored) -> None:
    scored = talk(make_scored)
    for metric in ("weighted_f1", "auroc", "ece", "adaptive_ece"):
        assert math.isnan(figures(f"sliced:by=turn,metric={metric}", scored)["11+"])


def test_a_slice_has_what_the_metric_has(make_scored: MakeScored) -> None:
    sliced = make(METRICS, "sliced:by=shift,metric=nll")
    plain = make(METRICS, "nll")
    assert sliced.title == "NLL by shift"
    for name in ("unit", "range", "direction", "needs", "floor"):
        assert getattr(sliced, name) == getattr(plain, name)
    assert canonical_text(METRICS, "sliced:metric=weighted_f1,by=shift") == "sliced:by=shift"
    nested = "sliced:by=shift,metric=cel:form=sum/space=log"
    assert canonical_text(METRICS, "sliced:metric=cel:space=log/mode=strict/form=sum,by=shift") == nested
    assert make(METRICS, nested).of == make(METRICS, "cel:form=sum,space=log")
    for curve in ("change", "relative_change", "degradation_area", "worst_rung"):
        assert canonical_text(METRICS, f"{curve}:metric=ece:bins=15") == f"{curve}:metric=ece"
        assert make(METRICS, f"{curve}:metric=ece:bins=10").metric == "ece:bins=10"
    with pytest.raises(SpecError, match=r"sliced has no argument 'form'; .*; those inside metric=… are joined by /$"):
        make(METRICS, "sliced:metric=cel:space=log,form=sum,by=shift")


def test_the_noise_floor_of_a_slice_is_that_of_its_size(draw_scored: MakeScored) -> None:
    scored = draw_scored((40, 40, 3))
    metrics = {"sliced": make(METRICS, "sliced:by=length,metric=ece"), "whole": make(METRICS, "ece")}
    shown = figures_of(scored, metrics, np.ones((4, 3)), generator=np.random.default_rng(0))
    floor = dict(zip([name.part or name.metric for name in shown.names], shown.floor, strict=True))
    assert floor["3–5"] > floor["21+"] > 0.9 * floor["whole"]
    assert math.isnan(floor["1–2"])


def test_relative_and_absolute_change(make_scored: MakeScored) -> None:
    a, b = [0.8, 0.1, 0.1], [0.1, 0.8, 0.1]
    scored = make_scored([b, b, a, b], [0, 0, 0, 0], clean=[a, a, a, b])
    assert figures("relative_change:metric=accuracy", scored) == pytest.approx({"": (0.25 - 0.75) / 0.75})
    assert figures("relative_change:metric=signed_gap", scored)[""] == pytest.approx((0.55 - 0.05) / 0.05)
    # Confidence gap below 0 on clean input: what rises still counts as a rise.
    under = make_scored([[0.9, 0.1]], [1], clean=[[0.9, 0.1]])
    assert figures("relative_change:metric=signed_gap", under)[""] == 0
    nothing = make_scored([a], [0], clean=[b])
    assert math.isnan(figures("relative_change:metric=accuracy", nothing)[""])
    assert figures("change:metric=aurc", nothing) == {"": -1}


@pytest.mark.parametrize("composed", ["change:metric={}", "relative_change:metric={}", "sliced:by=turn,metric={}"])
def test_what_a_composed_metric_cannot_be_made_of(composed: str) -> None:
    name = composed.partition(":")[0]
    for inner in ("change", "worst_rung"):
        with pytest.raises(SpecError) as caught:
            make(METRICS, composed.format(inner))
        assert str(caught.value) == (
            f"{name}: expected a metric of one sample, such as metric=weighted_f1, got metric={inner}"
        )
    with pytest.raises(UnknownName, match="unknown metric 'ecce'; did you mean 'ece'"):
        make(METRICS, composed.format("ecce"))


def test_a_composed_metric_needs_what_its_metric_needs(make_scored: MakeScored) -> None:
    scored = make_scored([[0.9, 0.1]], [0], clean=[[0.9, 0.1]])
    wanted = {text: make(METRICS, text) for text in ("change:metric=regret", "sliced:by=turn,metric=cel", "change")}
    shown = figures_of(scored, wanted, np.ones((4, 1)), generator=None)
    assert [name.metric for name in shown.names] == ["change"]
    assert np.isnan(shown.floor).all()


REMOVED = {"text": [[0.6, 0.4], [0.3, 0.7]], "audio": [[0.4, 0.6], [0.8, 0.2]]}
FULL = ([[0.5, 0.5], [0.4, 0.6]], [0, 0])


def test_cel_above_the_posterior(make_scored: MakeScored) -> None:
    # The posterior: text gives nothing and .1, audio .2 and nothing.
    best = make_scored(
        [[0.7, 0.3], [0.6, 0.4]], [0, 0],
        removals={"text": [[0.7, 0.3], [0.7, 0.3]], "audio": [[0.9, 0.1], [0.6, 0.4]]},
    )  # fmt: skip
    scored = make_scored(*FULL, removals=REMOVED, posterior=best)
    # The model: text .1 and nothing, audio nothing and .4.
    assert figures("cel_excess", scored) == pytest.approx({"text": 0, "audio": 0.1, "modalities": 0.05})
    gap = {part: figures("cel", scored)[part] - figures("cel", best)[part] for part in ("text", "audio", "modalities")}
    assert figures("cel_excess", scored) == pytest.approx(gap)
    in_logs = figures("cel_excess:space=log", scored)["audio"]
    assert in_logs == pytest.approx((math.log(0.8 / 0.4) - math.log(0.9 / 0.7)) / 2)
    assert figures("cel_excess", replace(scored, posterior=scored)) == {"text": 0, "audio": 0, "modalities": 0}


def test_a_posterior_under_other_removals_is_no_comparison(make_scored: MakeScored) -> None:
    best = make_scored(*FULL, removals={"text": REMOVED["text"]})
    assert figures("cel_excess", make_scored(*FULL, removals=REMOVED, posterior=best)) == {}
    assert figures("cel_excess", make_scored(*FULL, removals=REMOVED)) == {}
    assert figures("cel_excess:operator=mean", make_scored(*FULL, removals=REMOVED, posterior=best)) == {}
