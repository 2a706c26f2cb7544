"""M3Net as a plug-in: presets, published sizes, switches, bad input."""

import pytest

from emobench.baselines.base import FitContext
from emobench.baselines.m3net import M3Net
from emobench.benchmark.conversations import DataSplits
from emobench.benchmark.errors import NotApplicable, SpecError
from emobench.benchmark.models import make_model
from emobench.benchmark.training.task import Task

PUBLISHED = {
    "paper": (Task({"text": 4096, "audio": 1582, "video": 342}, (1,) * 6, 2), 512, 4_172_298),
    "paper_meld": (Task({"text": 4096, "audio": 300, "video": 342}, (1,) * 7, 9), 1024, 10_677_258),
}
"""By preset the published data, D_g and parameters."""


def made(text: str) -> M3Net:
    model = make_model(text)
    assert isinstance(model, M3Net)
    return model


@pytest.mark.parametrize("preset", PUBLISHED)
def test_the_published_sizes_have_the_published_number_of_parameters(preset: str) -> None:
    task, encoded, published = PUBLISHED[preset]
    network = made(f"m3net:preset={preset}").network(task)
    count = sum(
        parameter.numel() for name, parameter in network.named_parameters() if not name.startswith("edge_weights")
    )
    assert count - encoded == published, "a vector for speakers that training did not have is emobench's"
    assert sum(parameter.numel() for parameter in network.edge_weights.parameters()) == 1000 + 5200


def test_clean_weights_are_four_numbers() -> None:
    task, _, _ = PUBLISHED["paper"]
    network = made("m3net:preset=paper,edge_weights=clean").network(task)
    assert sum(parameter.numel() for parameter in network.edge_weights.parameters()) == 4


@pytest.mark.parametrize(
    ("text", "width", "layers"),
    [
        ("m3net", 4096, 1),
        ("m3net:preset=paper", 4096, 4),
        ("m3net:preset=paper", 768, 1),
        ("m3net:preset=paper,text_layers=1", 4096, 1),
        ("m3net:text_layers=4", 48, 4),
    ],
)
def test_layers_of_the_text_are_those_of_the_publication_or_as_typed(text: str, width: int, layers: int) -> None:
    sized = f"{text}{',' if ':' in text else ':'}width=4,encoder_width=4"
    network = made(sized).network(Task({"text": width}, (1, 1), 1))
    assert network.leading.text_layers == layers


@pytest.mark.parametrize(("widths", "got"), [({"text": 50}, "50 text features"), ({"audio": 48}, "no text")])
def test_text_that_does_not_divide(widths: dict[str, int], got: str) -> None:
    with pytest.raises(
        NotApplicable,
        match=rf"m3net: expected text of 4 layers of one width \(text_layers=4\), got {got}; type text_layers=1",
    ):
        made("m3net:text_layers=4").network(Task(widths, (1, 1), 1))


def test_two_directions_share_the_width() -> None:
    with pytest.raises(
        SpecError, match="m3net: expected encoder_width to be a multiple of directions=2, got 7; type encoder_width=8"
    ):
        made("m3net:encoder_width=7")


def test_a_switch_that_does_not_exist() -> None:
    with pytest.raises(SpecError, match="m3net"):
        made("m3net:edge_weights=by_colour")


def test_the_presets_are_the_published_training() -> None:
    iemocap, meld = made("m3net:preset=paper").options(), made("m3net:preset=paper_meld").options()
    assert (iemocap.epochs, iemocap.learning_rate, iemocap.weight_decay, iemocap.shuffle) == (80, 1e-4, 3e-5, False)
    assert (meld.epochs, meld.batch_dialogues, meld.optimiser, meld.shuffle) == (15, 16, "adam", True)
    assert len({frozenset(preset) for preset in M3Net.presets.values()}) == 1


@pytest.mark.parametrize(
    "text",
    [
        "m3net:width=8,encoder_width=8,epochs=1",
        "m3net:preset=paper,width=8,encoder_width=8,epochs=2",
        "m3net:preset=paper_meld,width=8,encoder_width=8,epochs=2",
    ],
)
def test_it_trains_in_every_preset_and_says_its_hidden_vectors(small_splits: DataSplits, text: str) -> None:
    fitted = made(text).fit(small_splits.train, small_splits.validation, context=FitContext(seed=0))
    predictions = fitted.predict(small_splits.test, hidden=True)
    assert predictions.hidden is not None
    assert predictions.hidden.shape == (len(small_splits.test), 6 * 8)
    assert not predictions.modality_weights
