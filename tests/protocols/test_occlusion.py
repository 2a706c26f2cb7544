"""Features are hidden as the condition says."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest

from emobench.benchmark.conditions import Condition, expand
from emobench.benchmark.conversations import Conversations
from emobench.benchmark.errors import NotApplicable, SpecError
from emobench.benchmark.realised import realised_under
from emobench.protocols.base import DataFacts, FeatureStatistics
from emobench.protocols.occlusion import Occlusion

Make = Callable[..., Conversations]
FACTS = DataFacts(modalities=("text", "audio", "video"), speakers=2, turns=9)
WIDTH = 20


def condition(text: str) -> Condition:
    (made,) = expand(text, FACTS).conditions
    return made


def stress(text: str, clean: Conversations, draw: int = 0) -> Conversations:
    return condition(text).apply(clean, seed=0, training=FeatureStatistics.of(clean), draw=draw)


@pytest.fixture
def wide(small: Make) -> Conversations:
    """Return conversations with text of 20 features, none of them 0."""
    made = small(lengths=(9, 1, 5, 30))
    rng = np.random.default_rng(1)
    return made.with_modalities(features={"text": rng.uniform(1, 2, (len(made), WIDTH)).astype(np.float32)})


def hidden(text: str, clean: Conversations) -> np.ndarray:
    mask: np.ndarray = stress(text, clean).features["text"] == 0
    return mask


def starts_of_runs(mask: np.ndarray) -> np.ndarray:
    """Return where the one run of each row starts, after a check that it is one."""
    edges = np.diff(mask.astype(int), axis=1, prepend=0, append=0)
    assert ((edges == 1).sum(axis=1) == 1).all()
    return np.asarray(np.argmax(mask, axis=1))


def test_the_ladder_is_each_modality_then_all() -> None:
    texts = [rung.text for rung in expand("occlusion", FACTS).conditions]
    assert texts == [
        *(f"occlusion:fraction={f},modality={m}" for m in FACTS.modalities for f in (0.1, 0.25, 0.5, 0.75)),
        *(f"occlusion:fraction={f}" for f in (0.1, 0.25, 0.5, 0.75)),
    ]
    assert len(expand("occlusion:kind=band,modality=text", FACTS).conditions) == 4
    assert len(expand("occlusion", DataFacts(("text",), 2, 9)).conditions) == 4


@pytest.mark.parametrize("kind", ["block", "scattered", "band"])
@pytest.mark.parametrize(("fraction", "count"), [(0.1, 2), (0.12, 2), (0.125, 3), (0.5, 10), (1, 20), (0, 0)])
def test_so_many_features_are_hidden_in_every_row(wide: Conversations, kind: str, fraction: float, count: int) -> None:
    mask = hidden(f"occlusion:fraction={fraction},kind={kind}", wide)
    assert (mask.sum(axis=1) == count).all()


@pytest.mark.parametrize(("kind", "span"), [("block", 3), ("block", 1), ("block", 7), ("scattered", 2)])
def test_the_hidden_features_stay_for_a_span(wide: Conversations, kind: str, span: int) -> None:
    mask = hidden(f"occlusion:fraction=0.3,kind={kind},span={span}", wide)
    changes = np.flatnonzero((mask[1:] != mask[:-1]).any(axis=1)) + 1
    # Turns at which a span or a dialogue begins.
    allowed = set(np.flatnonzero(wide.turn % span == 0).tolist())
    assert set(changes.tolist()) <= allowed
    assert len(changes) > 0.6 * (len(allowed) - 1)


def test_a_band_stays_for_the_dialogue(wide: Conversations) -> None:
    mask = hidden("occlusion:fraction=0.25,kind=band", wide)
    places = starts_of_runs(mask)
    for first, end in pairwise(wide.starts.tolist()):
        assert len(set(places[first:end])) == 1
    assert len(set(places)) > 1


def test_every_place_of_a_block_is_as_likely(small: Make) -> None:
    made = small(lengths=(4000,), modalities=("text",))
    clean = made.with_modalities(features={"text": np.ones((4000, 6), np.float32)})
    counts = np.bincount(starts_of_runs(hidden("occlusion:fraction=0.5,span=1", clean)), minlength=6)
    assert counts[4:].tolist() == [0, 0]
    assert counts[:4].tolist() == pytest.approx([1000] * 4, abs=4 * np.sqrt(4000 * 0.25 * 0.75))


def test_scattered_features_are_drawn_one_by_one(small: Make) -> None:
    made = small(lengths=(4000,), modalities=("text",))
    clean = made.with_modalities(features={"text": np.ones((4000, 6), np.float32)})
    mask = hidden("occlusion:fraction=0.5,kind=scattered,span=1", clean)
    assert mask.mean(axis=0) == pytest.approx([0.5] * 6, abs=0.03)
    # 3 of 6 without replacement: two given features are both hidden with chance 1/2 · 2/5, wherever they lie.
    assert (mask[:, 0] & mask[:, 1]).mean() == pytest.approx(0.2, abs=0.03)
    assert (mask[:, 0] & mask[:, 4]).mean() == pytest.approx(0.2, abs=0.03)


@pytest.mark.parametrize("kind", ["block", "scattered", "band"])
def test_a_higher_fraction_hides_a_superset(wide: Conversations, kind: str) -> None:
    masks = [hidden(f"occlusion:fraction={count / WIDTH},kind={kind}", wide) for count in range(WIDTH + 1)]
    for count, (milder, harder) in enumerate(pairwise(masks)):
        assert (harder | ~milder).all()
        assert (milder.sum(axis=1) == count).all()


def test_nothing_hidden_in_one_modality_leaves_the_next_where_it_was(small: Make) -> None:
    # Of text, 4 wide, a tenth is nothing and an eighth is one feature; of video, 6 wide, both are one.
    clean = small(lengths=(30,), modalities=("text", "video"))
    for kind in ("block", "scattered"):
        mild, hard = (stress(f"occlusion:fraction={f},kind={kind}", clean).trace.hidden for f in (0.1, 0.13))
        assert (mild["text"].sum(), hard["text"].sum()) == (0, 30)
        assert np.array_equal(mild["video"], hard["video"])


def test_modalities_and_draws_are_independent(wide: Conversations) -> None:
    twice = wide.with_modalities(features={"audio": wide.features["text"], "text": wide.features["text"]})
    first, second = (stress("occlusion:fraction=0.3", twice, draw=draw).trace.hidden for draw in (0, 1))
    assert not np.array_equal(first["text"], first["audio"])
    assert not np.array_equal(first["text"], second["text"])


def test_the_mean_of_training_can_stand_in(small: Make) -> None:
    clean, train = small(), small(lengths=(20,), split="train")
    told = condition("occlusion:fill=mean,fraction=0.5,modality=video").apply(
        clean, seed=0, training=FeatureStatistics.of(train)
    )
    mask = told.trace.hidden["video"]
    mean = train.features["video"].mean(axis=0)
    assert np.allclose(told.features["video"], np.where(mask, mean, clean.features["video"]), atol=1e-6)
    assert (mask.sum(axis=1) == 3).all()
    assert told.features["text"] is clean.features["text"]
    assert Occlusion(fill="mean", fraction=0.5).unknown == "", "a constant says nothing"


@pytest.mark.parametrize(("signal", "told"), [("told", True), ("silent", False)])
def test_only_a_told_model_knows(wide: Conversations, signal: str, told: bool) -> None:
    hit = stress(f"occlusion:fraction=0.5,modality=text,signal={signal}", wide)
    assert ("text" in hit.concealed) == told
    if told:
        assert np.array_equal(hit.concealed["text"], hit.features["text"] == 0)
    assert np.array_equal(hit.trace.hidden["text"], hit.features["text"] == 0)
    assert hit.observed["text"].all()
    assert hit.present["text"].all()


@pytest.mark.parametrize(("signal", "told"), [("told", True), ("silent", False)])
def test_a_row_of_which_nothing_is_left_is_missing(wide: Conversations, signal: str, told: bool) -> None:
    hit = stress(f"occlusion:fraction=1,modality=text,signal={signal}", wide)
    assert not hit.present["text"].any()
    assert hit.observed["text"].any() != told
    assert hit.present["audio"].all()
    assert realised_under(wide, hit)["missing text"] == 1


def test_what_was_hidden_before_stays_hidden(wide: Conversations) -> None:
    text = "occlusion:fraction=0.5,kind=scattered,modality=text,span=1"
    first, both = stress(text, wide), stress(f"{text}+{text}", wide)
    mask = both.trace.hidden["text"]
    assert (mask | ~first.trace.hidden["text"]).all()
    assert np.array_equal(both.concealed["text"], mask)
    assert np.array_equal(both.features["text"] == 0, mask)
    # Two independent halves leave a quarter.
    assert mask.mean() == pytest.approx(0.75, abs=0.03)


def test_two_halves_can_leave_nothing(small: Make) -> None:
    clean = small(lengths=(40,), modalities=("text",))
    text = "occlusion:fraction=0.5,span=1"
    hit = stress(f"{text}+{text}", clean)
    gone = hit.trace.hidden["text"].all(axis=1)
    assert 0 < gone.sum() < 40
    assert np.array_equal(hit.present["text"], ~gone)
    assert np.array_equal(hit.observed["text"], ~gone)
    silent = stress(f"{text},signal=silent+{text}", clean)
    assert (~silent.present["text"]).any()
    assert silent.observed["text"].all(), "the model was told of the second half only"


def test_what_is_not_there_is_left_alone(small: Make) -> None:
    clean = small(lengths=(40,))
    gone = condition("modality_drop:drop=text,fill=mean,rate=0.5").apply(clean, seed=0, training={})
    hit = condition("occlusion:fraction=0.5,modality=text").apply(gone, seed=0, training={})
    missing = ~gone.present["text"]
    assert np.array_equal(hit.features["text"][missing], gone.features["text"][missing])
    assert not hit.trace.hidden["text"][missing].any()
    assert hit.trace.hidden["text"][~missing].any(axis=1).all()
    assert realised_under(clean, hit)["hidden text"] == 0.5


def test_the_numbers_can_be_drawn_again(wide: Conversations) -> None:
    text = "occlusion:fraction=0.3,modality=text,span=2"
    hit = condition(text).apply(wide, seed=3, training={}, draw=1)
    source = condition(text).randomness(0, seed=3, draw=1)
    assert source.purpose == ("stress", "0", "occlusion:modality=text,span=2", "draw", "1")
    drawn = source.for_("test_dialogue_2").generator().random(3)
    first = int(wide.starts[2])
    expected = np.floor(drawn * 15).astype(int)[[0, 0, 1, 1, 2]]
    assert starts_of_runs(hit.trace.hidden["text"][first : first + 5]).tolist() == expected.tolist()


def test_its_record_and_its_bounds() -> None:
    record = condition("occlusion:fraction=0.25,modality=audio").record()
    assert (record.family, record.severity) == ("occlusion:fraction=*,modality=audio", 0.25)
    assert [Occlusion(fraction=f).random for f in (None, 0.0, 0.5, 1.0)] == [True, False, True, False]
    assert Occlusion(fraction=0.9).leaves_nothing_of(FACTS.modalities) == frozenset()
    assert Occlusion(fraction=1.0).leaves_nothing_of(FACTS.modalities) == {"text", "audio", "video"}
    assert Occlusion(modality=frozenset({"video"})).changes(FACTS.modalities) == {"video"}


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("occlusion:modality=depth", NotApplicable, "occlusion: no modality 'depth'; known: audio, text, video"),
        ("occlusion:fraction=1.5", SpecError, "occlusion: expected fraction to be a number ≥ 0 and ≤ 1, got '1.5'"),
        ("occlusion:span=0", SpecError, "occlusion: expected span to be a whole number ≥ 1 and ≤ 10000, got '0'"),
        (
            "occlusion:kind=band,span=5",
            SpecError,
            "occlusion: kind=band stays for the whole dialogue, got span=5; leave span out, or type kind=block",
        ),
        (
            "occlusion:fraction=1,modality=text+noise:modality=text,snr_db=5",
            SpecError,
            "noise changes text only, of which the stresses before it leave nothing; leave one of them out",
        ),
    ],
)
def test_a_mistake_is_one_line(text: str, error: type[Exception], message: str) -> None:
    with pytest.raises(error) as caught:
        expand(text, FACTS)
    assert str(caught.value) == message
