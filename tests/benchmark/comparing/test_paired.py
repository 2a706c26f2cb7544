"""Differences of figures on the same draws."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import t as student
from scipy.stats import ttest_1samp

from emobench.benchmark.bootstrap import intervals, left_out, per_dialogue, resampled, significance, weights
from emobench.benchmark.errors import RunFolderError, SpecError, UnknownName
from emobench.benchmark.multiplicity import Split
from emobench.benchmark.paired import Difference, Of, compare_cells, difference, differences
from emobench.benchmark.paired_intervals import kinked, variance_of
from emobench.benchmark.paired_sources import Place, Source, kinked_metrics
from emobench.benchmark.prediction_files import read_predictions
from emobench.benchmark.randomness import Randomness
from emobench.benchmark.run_folder import RunFolder
from emobench.benchmark.scoring import score
from emobench.benchmark.scoring_metrics import asked_for
from emobench.benchmark.utterance_file import read_utterances

MakeUp = Callable[..., RunFolder]
FAMILY = "modality_drop:rate=*"


def both(source: Source, condition: str = "clean") -> tuple[Of, Of]:
    return Of(source, Place("strong", "small", condition)), Of(source, Place("weak", "small", condition))


def test_an_additive_metric_agrees_with_the_difference_of_losses_per_dialogue(make_up: MakeUp) -> None:
    folder = make_up(seeds=(0,), dialogues=60, draws=2_000)
    utterances = read_utterances(folder)["small"]
    rows = np.arange(len(utterances))
    losses = {
        model: -np.log(read_predictions(folder.predictions_path(model, "small", 0), "clean").probabilities)[
            rows, utterances.label
        ]
        for model in ("strong", "weak")
    }
    apart = (losses["strong"] - losses["weak"])[:, None]
    with Source(folder) as source:
        found = difference(*both(source), "nll")
    assert found.difference == pytest.approx(apart.mean(), abs=1e-12)
    assert found.value == pytest.approx(losses["strong"].mean(), abs=1e-12)
    assert found.reference_value == pytest.approx(losses["weak"].mean(), abs=1e-12)
    # The same draws as those of results.parquet, the ratio of sums over utterances.
    sums = per_dialogue(np.hstack([apart, np.ones_like(apart)]), utterances.dialogue)
    drawn = resampled(weights(60, 2_000, Randomness(0, ("bootstrap", "f" * 64))), sums)
    out = left_out(sums)
    expected = intervals(
        np.array([apart.mean()]), drawn[:, :1] / drawn[:, 1:], out[:, :1] / out[:, 1:], level=found.level
    )
    assert (found.low, found.high) == pytest.approx((expected.low[0], expected.high[0]), abs=1e-9)
    assert found.standard_error == pytest.approx((drawn[:, 0] / drawn[:, 1]).std(ddof=1), abs=1e-9)
    # A ratio's error by its influence on each dialogue.
    influence = sums[:, 0] - found.difference * sums[:, 1]
    assert found.standard_error == pytest.approx(np.sqrt((influence**2).sum()) / len(rows), rel=0.05)


def test_values_are_those_of_the_results_table(make_up: MakeUp) -> None:
    folder = make_up()
    rows = {
        (row["model"], row["condition"], row["metric"]): row["value"]
        for row in score(folder).to_pylist()
        if row["seed"] == -1 and not row["part"]
    }
    metrics = ["weighted_f1", "ece", "churn", "degradation_area"]
    with Source(folder) as source:
        pairs = [both(source, text) for text in ("clean", "noise:snr_db=10", FAMILY)]
        found = [one for one in differences(pairs, metrics) if not one.part]
    assert [(one.place.condition, one.metric) for one in found] == [
        *(("clean", metric) for metric in metrics[:3]),
        *(("noise:snr_db=10", metric) for metric in metrics[:3]),
        (FAMILY, "degradation_area"),
    ]
    for one in found:
        assert one.value == pytest.approx(rows["strong", one.place.condition, one.metric], abs=1e-12)
        assert one.reference_value == pytest.approx(rows["weak", one.place.condition, one.metric], abs=1e-12)
        assert one.difference == pytest.approx(one.value - one.reference_value, abs=1e-12)
        assert one.low <= one.lower_bound <= one.difference <= one.upper_bound <= one.high


@pytest.mark.parametrize("training", [False, True])
def test_a_model_does_not_differ_from_itself(make_up: MakeUp, *, training: bool) -> None:
    with Source(make_up()) as source, Source(make_up("again")) as other:
        for reference in (source, other):
            place = Place("strong", "small", "noise:snr_db=10")
            one = difference(Of(source, place), Of(reference, place), "ece", training=training)
            assert (one.difference, one.low, one.high, one.p) == (0.0, 0.0, 0.0, 1.0)
            assert (one.standard_error, one.seed_error, one.note) == (0.0, 0.0, "")


@pytest.mark.parametrize("metric", ["weighted_f1", "ece", "signed_gap"])
def test_swapping_the_sides_swaps_the_signs(make_up: MakeUp, metric: str) -> None:
    with Source(make_up()) as source:
        one, other = (difference(*sides, metric) for sides in (both(source), both(source)[::-1]))
    assert other.difference == -one.difference
    assert (other.low, other.high) == pytest.approx((-one.high, -one.low), abs=1e-12)
    assert (other.lower_bound, other.upper_bound) == pytest.approx((-one.upper_bound, -one.lower_bound), abs=1e-12)
    assert other.p == pytest.approx(one.p, rel=1e-9)
    assert other.loss == -one.loss


def example(**changes: object) -> Difference:
    of = Place("a", "small")
    one = Difference(
        run="", place=of, reference_run="", reference=of, metric="ece", part="", direction="lower", value=0.3,
        reference_value=0.1, difference=0.2, low=0.1, high=0.4, level=0.95, lower_bound=0.12, upper_bound=0.38,
        p=0.01, standard_error=0.1, seed_error=0.1, draws=300, utterances=9, dialogues=9,
        split=Split(0.1, 0.2),
    )  # fmt: skip
    return replace(one, **changes)  # type: ignore[arg-type]  # as above: only what the test looks at matters


def test_a_loss_is_in_the_direction_of_the_metric() -> None:
    assert [example().loss, example().loss_low, example().loss_high] == [0.2, 0.1, 0.4]
    higher = example(direction="higher")
    assert [higher.loss, higher.loss_low, higher.loss_high] == [-0.2, -0.4, -0.1]
    assert np.isnan(example(direction="none").loss)
    assert np.isnan(example(direction="none").loss_high)


def test_what_is_best_at_zero_is_compared_by_its_distance_from_zero(make_up: MakeUp) -> None:
    with Source(make_up()) as source:
        one = difference(*both(source), "signed_gap")
    assert one.value < 0 < one.reference_value, "the example must have a gap on either side"
    assert one.difference == pytest.approx(abs(one.value) - abs(one.reference_value), abs=1e-12)
    assert one.loss == one.difference


def test_curves_of_metrics_that_should_be_low_are_better_when_low(make_up: MakeUp) -> None:
    metrics = ["degradation_area", "degradation_area:metric=nll"]
    with Source(make_up()) as source:
        found = list(differences([both(source, FAMILY)], metrics))
    assert [one.direction for one in found] == ["higher", "lower"]


def test_the_p_value_is_the_level_whose_interval_ends_at_zero() -> None:
    rng = Randomness(0, ("inverting",)).generator()
    sums = rng.exponential(size=(50, 3)) - [0.7, 0.85, 1.2]
    drawn = resampled(weights(50, 20_000, Randomness(0, ("draws",))), sums) / 50
    value, jackknife = sums.mean(axis=0), left_out(sums) / 49
    p = significance(value, drawn, jackknife)
    assert (p > 2e-4).all(), "the example must not lie where the draws end"
    for figure, level in enumerate(1 - p):
        ends = intervals(value, drawn, jackknife, level=float(level))
        nearest = ends.low[figure] if value[figure] > 0 else ends.high[figure]
        assert abs(nearest) < 0.02 * drawn[:, figure].std()


def test_the_p_value_of_a_mean_is_near_that_of_a_t_test() -> None:
    rng = Randomness(0, ("t-test",)).generator()
    for shift in (0.0, 0.1, 0.2, 0.3):
        sums = rng.normal(size=(200, 1)) + shift
        drawn = resampled(weights(200, 10_000, Randomness(0, ("draws",))), sums) / 200
        p = significance(sums.mean(axis=0), drawn, left_out(sums) / 199)[0]
        assert p == pytest.approx(ttest_1samp(sums[:, 0], 0).pvalue, rel=0.25, abs=2e-3)


def test_the_p_value_is_never_below_what_the_draws_can_tell() -> None:
    value, jackknife = np.array([1.0, 0.0, np.nan, 1.0]), np.ones((9, 4))
    draws = np.tile(np.linspace(0.5, 1.5, 99)[:, None], (1, 4))
    draws[:50, 3] = np.nan
    p = significance(value, draws, jackknife)
    assert p[0] == pytest.approx(2 / 100)
    assert p[1] == 1
    assert np.isnan(p[2:]).all()
    assert np.isnan(significance(value[:1], draws[:, :1], jackknife[:1, :1])).all()
    # All draws on the other side of zero: the figure says nothing.
    assert significance(value[:1], -draws[:, :1], jackknife[:, :1]) == 1


def cells(make_up: MakeUp, **changes: object) -> tuple[Source, list]:  # type: ignore[type-arg]
    source = Source(make_up(**changes))
    asked = asked_for(["nll"])
    return source, [source.cell(Place(model, "small"), asked, 300) for model in ("strong", "weak")]


def test_the_chance_of_training_is_taken_seed_by_seed(make_up: MakeUp) -> None:
    _, (strong, weak) = cells(make_up, seeds=(0, 1, 2))
    apart = [strong.of_seeds[seed][0] - weak.of_seeds[seed][0] for seed in (0, 1, 2)]
    (one,) = compare_cells(strong, weak)
    assert one.seed_error == pytest.approx(np.std(apart, ddof=1) / np.sqrt(3), rel=1e-12)
    (wider,) = compare_cells(strong, weak, training=True)
    assert (wider.difference, wider.seed_error) == (one.difference, one.seed_error)
    # t with 2 degrees of freedom has long tails.
    assert wider.high - wider.low > max(one.high - one.low, 1.5 * student.ppf(0.975, 2) * one.seed_error)
    assert wider.p >= one.p


def test_other_seeds_add_their_variances(make_up: MakeUp) -> None:
    _, (strong, _) = cells(make_up, seeds=(0, 1, 2))
    other = replace(strong, of_seeds={9: np.array([1.0]), 10: np.array([1.5])})
    (one,) = compare_cells(strong, other, training=True)
    variances = (np.var([*strong.of_seeds.values()], ddof=1) / 3, np.var([1.0, 1.5], ddof=1) / 2)
    assert one.seed_error == pytest.approx(np.sqrt(sum(variances)), rel=1e-12)


def test_a_model_without_chance_adds_none_and_one_seed_of_another_tells_nothing(make_up: MakeUp) -> None:
    _, (strong, weak) = cells(make_up, deterministic=("weak",))
    assert weak.deterministic
    assert not strong.deterministic
    (one,) = compare_cells(strong, weak)
    assert one.seed_error == pytest.approx(np.std([*strong.of_seeds.values()], ddof=1) / np.sqrt(2), rel=1e-12)
    (unknown,) = compare_cells(strong, replace(weak, deterministic=False), training=True)
    assert np.isnan(unknown.seed_error)
    assert (unknown.low, unknown.high) == (one.low, one.high)
    (still,) = compare_cells(weak, weak, training=True)
    assert (still.seed_error, still.p) == (0.0, 1.0)


def test_the_variance_of_a_figure_is_split(make_up: MakeUp) -> None:
    source, (strong, weak) = cells(make_up)
    (one,) = compare_cells(strong, weak)
    assert one.split.seed == pytest.approx(np.var([*strong.of_seeds.values()], ddof=1), rel=1e-12)
    # Over seeds the mean figure varies less over samples than each of them.
    of_mean = source.cell(Place("strong", "small"), asked_for(["nll"]), 300).figures.padded_draws.var(ddof=1)
    assert one.split.sample > of_mean > 0.3 * one.split.sample
    assert 0 < one.split.seed_share < 1


def test_variances_leave_out_draws_in_which_a_figure_is_not_defined() -> None:
    draws = np.array([[1.0, np.nan, np.nan], [2.0, 3.0, np.nan], [6.0, 5.0, 1.0]])
    assert variance_of(draws)[:2] == pytest.approx([7.0, 2.0])
    assert np.isnan(variance_of(draws)[2])


def test_runs_with_different_numbers_of_draws_share_the_larger(make_up: MakeUp) -> None:
    few, many = make_up("few", draws=50), make_up("many", draws=400)
    with Source(few) as one, Source(many) as other:
        place = Place("strong", "small"), Place("weak", "small")
        across = difference(Of(one, place[0]), Of(other, place[1]), "nll")
        within = difference(Of(other, place[0]), Of(other, place[1]), "nll")
    assert (across.low, across.high, across.p) == (within.low, within.high, within.p)


def test_other_inputs_are_said(make_up: MakeUp) -> None:
    with Source(make_up()) as source, Source(make_up("other", stress_seed=5, stress_draws=3)) as other:
        place = Place("strong", "small", "noise:snr_db=10")
        note = difference(Of(source, place), Of(other, place), "nll").note
        assert note == "stress seed 0, 2 draws against seed 5, 3 draws"
        clean = Place("strong", "small")
        assert difference(Of(source, place), Of(other, clean), "nll").note == ""
        assert difference(Of(source, clean), Of(other, clean), "nll").note == ""


def test_cells_are_computed_once_and_let_go(make_up: MakeUp, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Place] = []
    compute = Source.cell

    def counted(self: Source, place: Place, *rest: object) -> object:
        asked.append(place)
        return compute(self, place, *rest)  # type: ignore[arg-type]  # passed on as given

    monkeypatch.setattr(Source, "cell", counted)
    with Source(make_up(skills={"strong": 2.0, "weak": 0.5, "third": 1.0})) as source:
        reference = Of(source, Place("strong", "small"))
        pairs = [(Of(source, Place(model, "small")), reference) for model in ("weak", "third", "strong")]
        assert len(list(differences(pairs, ["nll"]))) == 3
    assert sorted(place.model for place in asked) == ["strong", "third", "weak"]


def test_places_are_what_is_done(make_up: MakeUp) -> None:
    with Source(make_up(failed=[("weak", "modality_drop:rate=0.5")])) as source:
        conditions = [place.condition for place in source.places if place.model == "weak"]
        assert conditions == ["clean", "noise:snr_db=10", "modality_drop:rate=0.2"]
        assert Place("strong", "small", FAMILY) in source.places
    with Source(make_up("unlabelled", labelled=False)) as source:
        assert source.places == ()


@pytest.mark.parametrize(
    ("place", "error", "message"),
    [
        (Place("strog", "small"), UnknownName, "did you mean 'strong'?"),
        (Place("strong", "big"), UnknownName, "unknown data set of"),
        (Place("strong", "small", "noise:snr_db=11"), UnknownName, "did you mean 'noise:snr_db=10'?"),
        (Place("weak", "small", "modality_drop:rate=0.5"), RunFolderError, "(it was too hot)"),
    ],
)
def test_cells_that_are_not_there_are_named(
    make_up: MakeUp, place: Place, error: type[Exception], message: str
) -> None:
    with Source(make_up(failed=[("weak", "modality_drop:rate=0.5")])) as source:
        with pytest.raises(error) as raised:
            difference(Of(source, place), Of(source, Place("strong", "small")), "nll")
        assert message in str(raised.value)
        assert "\n" not in str(raised.value)


@pytest.mark.parametrize("metric", ["auroc", "sliced:by=class,metric=aurc", "degradation_area:metric=auroc"])
def test_rank_metrics_are_compared_on_the_draws_they_have(make_up: MakeUp, metric: str) -> None:
    condition = FAMILY if metric.startswith("degradation") else "clean"
    with Source(make_up(draws=1_200, seeds=(0,))) as source:
        sides = both(source, condition)
        found = list(differences([sides], [metric]))
        figures = [of.source.cell(of.place, asked_for([metric]), 1_200).figures for of in sides]
    assert found
    apart = figures[0].value - figures[1].value
    draws = figures[0].padded_draws - figures[1].padded_draws
    jackknife = figures[0].jackknife - figures[1].jackknife
    assert np.isnan(draws[500:]).all(), "the example must have fewer draws than there are"
    low, high = intervals(apart, draws[:500], jackknife)
    for place, one in enumerate(found):
        assert one.draws == 500
        assert one.difference == pytest.approx(apart[place], abs=1e-12)
        assert (one.low, one.high) == pytest.approx((low[place], high[place]), abs=1e-12)
        assert one.standard_error == pytest.approx(draws[:500, place].std(ddof=1), rel=1e-9)
        assert one.p >= 2 / 501
    if metric == "auroc":
        assert found[0].p == pytest.approx(2 / 501, rel=1e-9), "the two models are far apart"


def test_other_metrics_keep_all_their_draws_beside_rank_metrics(make_up: MakeUp) -> None:
    with Source(make_up(draws=1_200, seeds=(0, 1, 2))) as source:
        sides = both(source)
        alone = difference(*sides, "nll")
        beside = {one.metric: one for one in differences([sides], ["aurc", "nll", "ece"], training=False)}
        trained = {one.metric: one for one in differences([sides], ["aurc", "nll", "ece"], training=True)}
    assert beside["nll"] == alone
    assert {metric: one.draws for metric, one in beside.items()} == {"aurc": 500, "nll": 1_200, "ece": 1_200}
    for metric, one in trained.items():
        assert one.low < beside[metric].low
        assert one.high > beside[metric].high


def test_fewer_draws_than_rankings_would_have_are_all_there_are(make_up: MakeUp) -> None:
    with Source(make_up(draws=300)) as source:
        assert difference(*both(source), "auroc").draws == 300


def test_a_data_set_without_labels_has_no_figures(make_up: MakeUp) -> None:
    with (
        Source(make_up(labelled=False)) as source,
        pytest.raises(RunFolderError, match=r"on small under clean \(no test utterance has a label\)$"),
    ):
        difference(*both(source), "nll")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"fingerprint": "e" * 64}, "with fingerprints ffffffffffffffff… and eeeeeeeeeeeeeeee…"),
        ({"relabelled": True}, "expected the same test utterances, got others in small"),
        ({"data": ("large",)}, "did you mean"),
    ],
)
def test_runs_on_other_data_are_not_compared(make_up: MakeUp, changes: dict[str, object], message: str) -> None:
    with Source(make_up()) as source, Source(make_up("other", **changes)) as other:
        place = Place("strong", "small")
        with pytest.raises((RunFolderError, UnknownName)) as raised:
            difference(Of(source, place), Of(other, place), "nll")
        assert message in str(raised.value) or "known: large" in str(raised.value)


def test_parts_and_needs_that_are_not_there_are_named(make_up: MakeUp) -> None:
    with Source(make_up()) as source:
        assert difference(*both(source), "f1", "joy").part == "joy"
        with pytest.raises(SpecError, match=r"f1 of bliss is not known .*: 'neutral', 'joy', 'anger'$"):
            difference(*both(source), "f1", "bliss")
        with pytest.raises(SpecError, match=r"regret is not known of strong under clean .*: none$"):
            difference(*both(source), "regret")


def test_no_pairs_no_differences() -> None:
    assert list(differences([], ["nll"])) == []


def test_calibration_errors_get_intervals_of_their_standard_error(make_up: MakeUp) -> None:
    with Source(make_up(seeds=(0,))) as source:
        sides = both(source)
        one = difference(*sides, "ece")
        figures = [of.source.cell(of.place, asked_for(["ece"]), 300).figures for of in sides]
    draws = figures[0].padded_draws - figures[1].padded_draws
    jackknife = (figures[0].jackknife - figures[1].jackknife)[:, 0]
    of_jackknife = np.sqrt(29 / 30 * ((jackknife - jackknife.mean()) ** 2).sum())
    assert one.standard_error == pytest.approx(max(draws.std(ddof=1), of_jackknife), rel=1e-9)
    away = student.ppf(0.975, 29) * one.standard_error
    assert (one.low, one.high) == pytest.approx((one.difference - away, one.difference + away), rel=1e-9)
    assert one.upper_bound == pytest.approx(one.difference + student.ppf(0.95, 29) * one.standard_error, rel=1e-9)
    assert one.p == pytest.approx(max(2 * student.sf(abs(one.difference) / one.standard_error, 29), 2 / 301), rel=1e-9)


def test_which_metrics_are_sums_of_absolute_values() -> None:
    plain = ["nll", "degradation_area", "auroc", "change", "sliced:by=class,metric=auroc"]
    kinked_ones = ["ece", "signed_gap", "mce", "degradation_area:metric=ece", "change:metric=ece"]
    assert kinked_metrics(asked_for([*plain, *kinked_ones])) == set(kinked_ones)


def test_standard_errors_of_sample_and_seeds_are_put_together() -> None:
    value, draws = np.array([1.0]), np.array([[0.0], [2.0], [1.0]])
    jackknife = np.full((10, 1), 1.0)
    told = kinked(value, draws, jackknife, level=0.95, error=np.array([2.0]), freedom=np.array([2.0]))
    assert told.standard_error == pytest.approx(np.sqrt(1 + 4))
    # Welch and Satterthwaite: (1 + 4)² / (1²/9 + 4²/2).
    degrees = 25 / (1 / 9 + 8)
    assert told.high - value == pytest.approx(student.ppf(0.975, degrees) * np.sqrt(5), rel=1e-9)
    assert told.p == pytest.approx(2 * student.sf(1 / np.sqrt(5), degrees), rel=1e-9)


def test_where_little_is_defined_little_is_said() -> None:
    value, jackknife = np.array([1.0, 0.0, 1.0]), np.ones((10, 3))
    draws = np.tile(np.array([1.0, 0.0, 1.0]), (10, 1))
    draws[:5, 2] = np.nan
    nothing = np.zeros(3)
    told = kinked(value, draws, jackknife, level=0.95, error=nothing, freedom=nothing + 1)
    assert told.p[:2] == pytest.approx([2 / 11, 1.0])
    assert (told.low[0], told.high[0]) == (1.0, 1.0)
    assert np.isnan([column[2] for column in told]).all()
    alone = kinked(value, draws, jackknife[:1], level=0.95, error=nothing, freedom=nothing + 1)
    assert np.isnan(alone.p).all()


def test_the_chance_of_training_widens_calibration_errors_too(make_up: MakeUp) -> None:
    with Source(make_up(seeds=(0, 1, 2))) as source:
        one, wider = (difference(*both(source), "ece", training=training) for training in (False, True))
    assert wider.standard_error == pytest.approx(np.hypot(one.standard_error, one.seed_error), rel=1e-9)
    assert wider.low < one.low <= one.high < wider.high
