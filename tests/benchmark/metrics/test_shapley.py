"""Shapley values of modalities and contexts: by hand, by their axioms, and against the library shap."""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emobench.benchmark.metrics.base import Metric, Scored
from emobench.benchmark.metrics.coalitions import Sharing, coalition_names, shapley_values
from emobench.benchmark.metrics.shapley import Shapley
from emobench.benchmark.metrics.shapley_share import ShapleyShare
from emobench.benchmark.metrics.weight_agreement import WeightAgreement

PLAYERS = ("text", "audio", "video")
Values = dict[frozenset[str], np.ndarray]


def figures(metric: Metric, scored: Scored) -> dict[str, float]:
    values = metric.value(metric.statistic(scored).sum(axis=0))
    return dict(zip(metric.parts(scored), values.tolist(), strict=True))


def binary(first: Sequence[float]) -> list[list[float]]:
    return [[p, 1 - p] for p in first]


MakeScored = Callable[..., Scored]


def by_hand(make_scored: MakeScored, **changes: object) -> Scored:
    """Return two utterances, both predicted as the first class; the second gains by the removal of audio."""
    removed = {"text": (0.5, 0.4), "audio": (0.8, 0.9), "audio/text": (0.3, 0.4)}
    coalitions = {name: binary(first) for name, first in removed.items()}
    removals = {name: coalitions[name] for name in ("text", "audio")}
    return make_scored(binary((0.9, 0.8)), (0, 0), removals=removals, coalitions=coalitions, **changes)


def test_by_hand(make_scored: MakeScored) -> None:
    # val: nothing .3/.4, text alone .8/.9, audio alone .5/.4, both .9/.8.
    found = figures(Shapley(), by_hand(make_scored))
    text, audio = (0.5 * (0.5 + 0.4), 0.5 * (0.5 + 0.4)), (0.5 * (0.2 + 0.1), 0.5 * (0.0 - 0.1))
    assert found == pytest.approx(
        {
            "text": np.mean(text), "audio": np.mean(audio), "modalities": 0.5,
            "uncertain: text": text[1], "uncertain: audio": audio[1], "uncertain: modalities": 0.4,
            "other: text": text[0], "other: audio": audio[0], "other: modalities": 0.6,
        }
    )  # fmt: skip
    shares = figures(ShapleyShare(), by_hand(make_scored))
    assert shares["text"] == pytest.approx((0.45 / 0.6 + 0.45 / 0.5) / 2)
    assert shares["uncertain: audio"] == pytest.approx(0.05 / 0.5)


def test_the_target_is_the_class_predicted_or_the_gold_class(make_scored: MakeScored) -> None:
    scored = replace(by_hand(make_scored), label=np.array([0, 1]))
    own, gold = figures(Shapley(), scored), figures(Shapley(of="gold"), scored)
    # Of two classes the one gains what the other loses.
    assert own["modalities"] == pytest.approx((0.6 + 0.4) / 2)
    assert gold["modalities"] == pytest.approx((0.6 - 0.4) / 2)


def test_weights_and_values_in_the_same_order_or_not(make_scored: MakeScored) -> None:
    same = by_hand(make_scored, weights={"text": (0.7, 0.7), "audio": (0.3, 0.3)})
    assert figures(WeightAgreement(), same) == {"": 1.0, "first": 1.0}
    opposite = by_hand(make_scored, weights={"text": (0.3, 0.7), "audio": (0.7, 0.3)})
    assert figures(WeightAgreement(), opposite) == {"": 0.0, "first": 0.5}
    tied = figures(WeightAgreement(), by_hand(make_scored, weights={"text": (0.5, 0.7), "audio": (0.5, 0.3)}))
    assert tied == {"": 0.5, "first": 1.0}
    assert np.isnan(
        figures(WeightAgreement(), by_hand(make_scored, weights={"text": (0.5, 0.5), "audio": (0.5, 0.5)}))["first"]
    )


@pytest.mark.parametrize("weights", [{"text": (1.0, 1.0)}, None])
def test_without_weights_of_all_players_nothing_is_compared(
    weights: dict[str, tuple[float, float]] | None, make_scored: MakeScored
) -> None:
    assert figures(WeightAgreement(), by_hand(make_scored, weights=weights)) == {}
    contexts = {"intra": binary((0.5, 0.5))}
    alone = make_scored(binary((0.9, 0.8)), (0, 0), removals=contexts, coalitions=contexts, weights=weights)
    assert figures(WeightAgreement(), alone) == {}


def test_a_model_that_depends_on_nothing_has_no_shares(make_scored: MakeScored) -> None:
    rows, nearly = binary((0.7, 0.6)), binary((0.7 + 1e-8, 0.6 - 1e-8))
    removed = {"text": nearly, "audio": rows, "audio/text": nearly}
    scored = make_scored(
        rows, (0, 1), removals={"text": rows}, coalitions=removed, weights={"text": (1, 1), "audio": (0, 0)}
    )
    assert all(np.isnan(value) for value in figures(ShapleyShare(), scored).values())
    assert figures(Shapley(), scored)["text"] == pytest.approx(0, abs=1e-7)
    assert all(np.isnan(value) for value in figures(WeightAgreement(), scored).values())


def test_one_player_has_a_value_and_no_share(make_scored: MakeScored) -> None:
    removed = {"intra": binary((0.5, 0.4))}
    scored = make_scored(binary((0.9, 0.8)), (0, 0), removals=removed, coalitions=removed)
    assert figures(Shapley(), scored)["intra"] == pytest.approx(0.4)
    assert figures(ShapleyShare(), scored) == {}


def test_another_operator_or_mode_has_its_own_game_only(draw_scored: MakeScored) -> None:
    scored = draw_scored()
    assert set(figures(Shapley(operator="mean"), scored)) == {
        f"{which}{name}" for which in ("", "uncertain: ", "other: ") for name in ("text", "audio", "modalities")
    }
    assert [name for name in figures(Shapley(mode="graph"), scored) if ":" not in name] == [
        "intra",
        "inter",
        "contexts",
    ]
    both = figures(ShapleyShare(operator="mean", mode="graph"), scored)
    assert [name for name in both if ":" not in name] == ["text", "audio", "intra", "inter"]
    assert both["intra"] == pytest.approx(figures(ShapleyShare(mode="graph"), scored)["intra"])
    plain = replace(scored, coalitions={name: scored.coalitions[name] for name in coalition_names(PLAYERS[:2], "")})
    assert figures(Shapley(operator="mean"), plain) == figures(ShapleyShare(mode="graph"), plain) == {}


def test_shares_of_a_game_add_up_to_one(draw_scored: MakeScored) -> None:
    found = figures(ShapleyShare(), draw_scored())
    for which in ("", "uncertain: ", "other: "):
        assert found[f"{which}text"] + found[f"{which}audio"] == pytest.approx(1)
        assert found[f"{which}intra"] + found[f"{which}inter"] == pytest.approx(1)


def test_slices_are_those_of_the_uncertain_share(draw_scored: MakeScored) -> None:
    whole, uncertain, other = Sharing("predicted", "zero", "strict").slices(draw_scored())
    assert whole.all()
    assert (uncertain ^ other).all()


def coalitions(players: Sequence[str], values: Sequence[float]) -> Values:
    subsets = [frozenset(s) for size in range(len(players) + 1) for s in combinations(players, size)]
    return {subset: np.array([value]) for subset, value in zip(subsets, values, strict=True)}


games = st.integers(1, 4).flatmap(
    lambda count: st.tuples(
        st.just(("text", "audio", "video", "gaze")[:count]),
        st.lists(st.floats(0, 1), min_size=2**count, max_size=2**count),
    )
)


@settings(max_examples=30, deadline=None)
@given(games)
def test_values_add_up_to_all_less_none(game: tuple[tuple[str, ...], list[float]]) -> None:
    players, values = game
    of = coalitions(players, values)
    assert shapley_values(players, of).sum() == pytest.approx(
        float((of[frozenset(players)] - of[frozenset()])[0]), abs=1e-12
    )


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=8, max_size=8))
def test_players_that_add_the_same_to_every_coalition_have_the_same_value(values: list[float]) -> None:
    of = coalitions(PLAYERS, values)
    for others in (frozenset(), frozenset({"video"})):
        of[others | {"audio"}] = of[others | {"text"}]
    text, audio, _ = shapley_values(PLAYERS, of)
    assert float(text[0]) == pytest.approx(float(audio[0]), abs=1e-12)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=4, max_size=4), st.floats(-0.2, 0.2))
def test_a_player_that_always_adds_the_same_has_just_that(values: list[float], added: float) -> None:
    of = coalitions(PLAYERS[:2], values)
    of |= {left | {"video"}: value + added for left, value in of.items()}
    two, three = shapley_values(PLAYERS[:2], of), shapley_values(PLAYERS, of)
    assert float(three[2, 0]) == pytest.approx(added, abs=1e-12)
    np.testing.assert_allclose(three[:2], two, atol=1e-12)


def test_values_do_not_depend_on_the_order_of_players() -> None:
    of = coalitions(PLAYERS, np.random.default_rng(0).random(8).tolist())
    np.testing.assert_allclose(shapley_values(PLAYERS[::-1], of)[::-1], shapley_values(PLAYERS, of), atol=1e-15)


@pytest.mark.parametrize("players", [PLAYERS, (*PLAYERS, "gaze")])
def test_against_shap(players: tuple[str, ...]) -> None:
    with warnings.catch_warnings():
        # Its colours are made in a way that matplotlib means to give up.
        warnings.simplefilter("ignore")
        import shap
    utterances = 5
    table = np.random.default_rng(len(players)).random((2 ** len(players), utterances))
    of = {
        frozenset(name for place, name in enumerate(players) if code >> place & 1): table[code]
        for code in range(2 ** len(players))
    }

    def model(masked: np.ndarray) -> np.ndarray:
        # The first column says which utterance it is, the others who is there.
        codes = (masked[:, 1:] * 2 ** np.arange(len(players))).sum(axis=1).astype(int)
        return np.asarray(table[codes, masked[:, 0].astype(int)])

    def masker(mask: np.ndarray, row: np.ndarray) -> np.ndarray:
        return np.concatenate([row[:1], np.where(mask[1:], row[1:], 0)])[None]

    rows = np.concatenate([np.arange(utterances)[:, None], np.ones((utterances, len(players)))], axis=1)
    explained = shap.explainers.Exact(model, masker)(rows)
    np.testing.assert_allclose(explained.values[:, 1:].T, shapley_values(players, of), atol=1e-12)
    np.testing.assert_allclose(explained.values[:, 0], 0, atol=1e-12)
