"""Noise has the strength, the shape and the places that its condition says."""

from collections.abc import Callable

import numpy as np
import pytest

from emobench.benchmark.conditions import Condition, expand
from emobench.benchmark.conversations import Conversations
from emobench.benchmark.errors import NotApplicable, SpecError
from emobench.benchmark.realised import realised_under
from emobench.protocols import noise
from emobench.protocols.base import DataFacts, FeatureStatistics
from emobench.protocols.noise import Noise

Make = Callable[..., Conversations]
FACTS = DataFacts(modalities=("text", "audio", "video"), speakers=2, turns=9)


def condition(text: str) -> Condition:
    (made,) = expand(text, FACTS).conditions
    return made


def stress(text: str, clean: Conversations, draw: int = 0) -> Conversations:
    return condition(text).apply(clean, seed=0, training=FeatureStatistics.of(clean), draw=draw)


def added(text: str, clean: Conversations, modality: str = "audio") -> np.ndarray:
    """Return what was added, as a share of the standard deviation of each feature."""
    hit = stress(text, clean)
    noise = hit.features[modality].astype(float) - clean.features[modality]
    return np.asarray(noise / clean.features[modality].std(axis=0, dtype=float))


@pytest.fixture
def many(small: Make) -> Conversations:
    """Return conversations whose features have quite different scales."""
    made = small(lengths=(20,) * 300)
    audio = (made.features["audio"] * np.array([0.01, 1, 3, 100, 7]) + 5).astype(np.float32)
    return made.with_modalities(features={"audio": audio})


def test_the_ladder_is_each_modality_then_all() -> None:
    texts = [rung.text for rung in expand("noise", FACTS).conditions]
    assert texts == [
        *(f"noise:modality={m},snr_db={snr}" for m in FACTS.modalities for snr in (20, 10, 5, 0, -5)),
        *(f"noise:snr_db={snr}" for snr in (20, 10, 5, 0, -5)),
    ]


@pytest.mark.parametrize("kind", ["gaussian", "impulse", "babble"])
def test_draws_are_remembered_only_where_they_are_small(
    small: Make, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    clean = small(lengths=(4, 7, 2))
    training = FeatureStatistics.of(clean)
    kept = noise._remembered
    kept.cache_clear()

    def rungs() -> list[bytes]:
        conditions = [condition(f"noise:kind={kind},snr_db={ratio}") for ratio in (5, -5)]
        made = [each.apply(clean, seed=0, training=training, draw=1) for each in conditions]
        return [made[place].features[modality].tobytes() for place in (0, 1) for modality in clean.modalities]

    monkeypatch.setattr(noise, "MOST_KEPT", sum(clean.widths.values()) * len(clean) - 1)
    never = rungs()
    assert kept.cache_info().currsize == 0
    monkeypatch.setattr(noise, "MOST_KEPT", sum(clean.widths.values()) * len(clean))
    assert rungs() == never
    assert (kept.cache_info().misses, kept.cache_info().hits) == (1, 1)


def test_the_ladder_of_what_is_named() -> None:
    texts = [rung.text for rung in expand("noise:kind=impulse,modality=video/text,rate=0.3", FACTS).conditions]
    assert texts == [f"noise:kind=impulse,modality=text/video,rate=0.3,snr_db={snr}" for snr in (20, 10, 5, 0, -5)]


def test_with_one_modality_all_is_left_out() -> None:
    one = DataFacts(modalities=("text",), speakers=2, turns=9)
    texts = [rung.text for rung in expand("noise", one).conditions]
    assert texts == [f"noise:modality=text,snr_db={snr}" for snr in (20, 10, 5, 0, -5)]


@pytest.mark.parametrize("kind", ["gaussian", "impulse", "babble"])
@pytest.mark.parametrize("snr", [20, 0, -5])
def test_every_feature_has_the_same_ratio(many: Conversations, kind: str, snr: int) -> None:
    noise = added(f"noise:kind={kind},snr_db={snr}", many)
    power = 10 ** (-snr / 10)
    # 6,000 rows: the standard error of a variance is 2 % for normal numbers; impulses have a kurtosis of 30, so 7 %.
    assert np.allclose(np.square(noise).mean(axis=0), power, rtol=0.3 if kind == "impulse" else 0.09)
    assert np.allclose(noise.mean(axis=0), 0, atol=5 * np.sqrt(power / len(noise)))
    assert np.abs(np.corrcoef(noise[:, 1], noise[:, 2])[0, 1]) < 0.05 or kind == "babble"


@pytest.mark.parametrize("kind", ["gaussian", "impulse", "babble"])
def test_the_realised_ratio_is_the_one_asked_for(many: Conversations, kind: str) -> None:
    hit = stress(f"noise:kind={kind},modality=audio/text,snr_db=7", many)
    realised = realised_under(many, hit)
    if kind != "babble":
        assert realised["snr_db audio"] == pytest.approx(7, abs=0.3)
        assert realised["snr_db text"] == pytest.approx(7, abs=0.3)
    assert "snr_db video" not in realised
    assert np.array_equal(hit.features["video"], many.features["video"])


def test_gaussian_noise_is_gaussian_and_hits_every_feature(many: Conversations) -> None:
    noise = added("noise:snr_db=0", many)
    assert (noise != 0).mean() > 0.999
    assert np.mean(noise**4) / np.mean(noise**2) ** 2 == pytest.approx(3, abs=0.15)
    assert np.abs(np.corrcoef(noise[:-1, 1], noise[1:, 1])[0, 1]) < 0.05, "each turn has its own"


def test_an_impulse_hits_few_features_hard(many: Conversations) -> None:
    noise = added("noise:density=0.2,kind=impulse,snr_db=0", many)
    hit = np.abs(noise) > 1e-4
    assert hit.mean() == pytest.approx(0.2, abs=0.01)
    assert np.square(noise[hit]).mean() == pytest.approx(5, rel=0.05)
    # Each feature by itself: two of a row are hit together in 4 % of rows.
    assert (hit[:, 1] & hit[:, 2]).mean() == pytest.approx(0.04, abs=0.01)


def test_one_voice_is_a_training_utterance_about_the_mean(many: Conversations) -> None:
    noise = added("noise:kind=babble,snr_db=0,voices=1", many)
    rows = many.features["audio"].astype(float)
    voices = (rows - rows.mean(axis=0)) / rows.std(axis=0)
    for turn in (0, 3000, 5999):
        assert np.abs(voices - noise[turn]).max(axis=1).min() < 1e-3


def test_babble_is_drawn_from_training_and_not_from_what_is_tested(small: Make) -> None:
    clean, train = small(lengths=(30,)), small(lengths=(2,), split="train", modalities=("text",))
    hit = condition("noise:kind=babble,modality=text,snr_db=0,voices=1").apply(
        clean, seed=0, training=FeatureStatistics.of(train)
    )
    half = (train.features["text"][0] - train.features["text"][1]) / 2
    noise = hit.features["text"] - clean.features["text"]
    signs = np.sign(noise @ half)
    assert np.allclose(noise, signs[:, None] * half, atol=1e-5), "of two utterances, each is as far from their mean"
    assert set(signs) == {-1, 1}


def test_a_constant_feature_stays_as_it_is(small: Make) -> None:
    clean = small(lengths=(20,))
    features = clean.features["text"].copy()
    features[:, 1] = 2.5
    clean = clean.with_modalities(features={"text": features})
    for kind in ("gaussian", "impulse", "babble"):
        hit = stress(f"noise:kind={kind},modality=text,snr_db=-5", clean)
        assert np.array_equal(hit.features["text"][:, 1], features[:, 1])
        assert not np.array_equal(hit.features["text"][:, 0], features[:, 0])


@pytest.mark.parametrize("kind", ["gaussian", "impulse", "babble"])
def test_rungs_share_their_draws(many: Conversations, kind: str) -> None:
    quiet, loud = (added(f"noise:kind={kind},rate=0.5,snr_db={snr}", many) for snr in (20, 0))
    assert np.allclose(10 * quiet, loud, atol=0.01)


@pytest.mark.parametrize("pattern", ["independent", "burst", "dialogue"])
def test_only_some_utterances_are_hit(many: Conversations, pattern: str) -> None:
    hit = stress(f"noise:pattern={pattern},rate=0.3,snr_db=0", many)
    rows = (hit.features["audio"] != many.features["audio"]).any(axis=1)
    assert rows.mean() == pytest.approx(0.3, abs=0.1)
    (layer,) = hit.trace.noise["audio"]
    assert np.array_equal(layer.hit, rows)
    assert hit.features["audio"][~rows].tobytes() == many.features["audio"][~rows].tobytes()
    others = (hit.features["text"] != many.features["text"]).any(axis=1)
    assert not np.array_equal(rows, others), "each modality has its own"
    by_dialogue = rows.reshape(300, 20)
    assert (by_dialogue.all(axis=1) == by_dialogue.any(axis=1)).all() == (pattern == "dialogue")


def test_what_is_not_there_has_no_noise(small: Make) -> None:
    clean = small(lengths=(40,))
    gone = condition("modality_drop:drop=text,rate=0.5").apply(clean, seed=0, training={})
    hit = condition("noise:snr_db=0").apply(gone, seed=0, training=FeatureStatistics.of(clean))
    assert not hit.features["text"][~gone.present["text"]].any()
    assert np.array_equal(hit.trace.noise["text"][0].hit, gone.present["text"])
    assert (hit.features["text"] != gone.features["text"]).any(axis=1).sum() == gone.present["text"].sum()


def test_the_trace_says_what_was_added(many: Conversations) -> None:
    variance = FeatureStatistics.of(many)["audio"].variance.astype(float)
    (gaussian,) = stress("noise:modality=audio,snr_db=10", many).trace.noise["audio"]
    assert np.allclose(gaussian.variance, variance / 10)
    assert gaussian.probability == 1
    assert gaussian.hit.all()
    (impulse,) = stress("noise:density=0.25,kind=impulse,modality=audio,snr_db=10", many).trace.noise["audio"]
    assert np.allclose(impulse.variance, variance / 10 * 4)
    assert impulse.probability == 0.25
    babble = stress("noise:kind=babble,modality=audio,snr_db=10", many).trace
    assert np.allclose(babble.noise["audio"][0].variance, variance / 10)
    assert babble.unknown == "which training utterances the babble is made of is not known"


def test_noise_upon_noise_adds_up(many: Conversations) -> None:
    noise = added("noise:modality=audio,snr_db=0+noise:modality=audio,snr_db=0", many)
    # Were both parts to draw the same numbers, the power would be 4.
    assert np.square(noise).mean() == pytest.approx(2, rel=0.03)
    assert len(stress("noise:snr_db=0+noise:snr_db=0", many).trace.noise["audio"]) == 2


def test_another_draw_is_independent(many: Conversations) -> None:
    first, second = (stress("noise:snr_db=0", many, draw=draw).features["text"] for draw in (0, 1))
    clean = many.features["text"]
    assert np.abs(np.corrcoef((first - clean).ravel(), (second - clean).ravel())[0, 1]) < 0.03


def test_the_numbers_can_be_drawn_again(small: Make) -> None:
    clean = small(lengths=(2, 3), modalities=("text", "audio"))
    text, known = "noise:snr_db=5", FeatureStatistics.of(clean)
    hit = condition(text).apply(clean, seed=3, training=known, draw=2)
    source = condition(text).randomness(0, seed=3, draw=2)
    assert source.purpose == ("stress", "0", "noise", "draw", "2")
    generator = source.for_("test_dialogue_1").generator()
    for modality in clean.modalities:
        normals = generator.standard_normal((3, clean.widths[modality]), np.float32)
        expected = normals * clean.features[modality].std(axis=0) * 10 ** (-5 / 20)
        assert np.allclose(hit.features[modality][2:] - clean.features[modality][2:], expected, atol=1e-6)


def test_severity_is_the_deviation_of_the_noise() -> None:
    assert Noise(snr_db=20.0).severity_value == pytest.approx(0.1)
    assert Noise(snr_db=0.0).severity_value == 1
    assert Noise().severity_value is None
    record = condition("noise:modality=audio,snr_db=20").record()
    assert (record.family, record.rung) == ("noise:modality=audio,snr_db=*", "20")
    assert (record.random, record.unknown) == (True, "")


def test_it_changes_what_it_names() -> None:
    assert Noise(modality=frozenset({"audio", "text"})).changes(FACTS.modalities) == {"audio", "text"}
    assert Noise().changes(FACTS.modalities) == {"text", "audio", "video"}
    assert Noise().leaves_nothing_of(FACTS.modalities) == frozenset()


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("noise:modality=vidoe", NotApplicable, "noise: no modality 'vidoe'; did you mean 'video'?"),
        ("noise:modality=all/text", NotApplicable, "noise: no modality 'all'; known: audio, text, video"),
        ("noise:snr_db=121", SpecError, "noise: expected snr_db to be a number ≥ -60 and ≤ 120, got '121'"),
        ("noise:density=0.5,snr_db=5", SpecError, "noise: density=0.5 needs kind=impulse, got kind=gaussian"),
        ("noise:kind=impulse,voices=2", SpecError, "noise: voices=2 needs kind=babble, got kind=impulse"),
        ("noise:pattern=burst,snr_db=5", SpecError, "noise: pattern=burst needs a rate; add rate=0.3"),
        ("noise:burst=2,rate=0.3", SpecError, "noise: burst=2 needs pattern=burst"),
        (
            "modality_drop:drop=text+noise:modality=text,snr_db=5",
            SpecError,
            "noise changes text only, of which the stresses before it leave nothing; leave one of them out",
        ),
    ],
)
def test_a_mistake_is_one_line(text: str, error: type[Exception], message: str) -> None:
    with pytest.raises(error) as caught:
        expand(text, FACTS)
    assert str(caught.value) == message
