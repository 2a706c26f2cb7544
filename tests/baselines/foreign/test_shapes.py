"""What a model is called with and what it gives, by hand."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from emobench.baselines.foreign_models.child.shapes import (
    Mismatch,
    Turns,
    arguments_of,
    as_logits,
    check_values,
    values_of,
)

# Two dialogues, of 3 turns and of 1; text is 2 wide and audio 1.
VALID = torch.tensor([[True, True, True], [True, False, False]])
TURNS = Turns(
    features={
        "text": torch.arange(12.0).view(2, 3, 2) * VALID.unsqueeze(-1),
        "audio": -torch.arange(6.0).view(2, 3, 1) * VALID.unsqueeze(-1),
    },
    observed={"text": VALID, "audio": VALID & torch.tensor([True, False, True])},
    valid=VALID,
    speaker=torch.tensor([[0, 1, 0], [1, 0, 0]]),
)
PLAIN = {
    "modalities": ["text", "audio"], "inputs": ["features"], "layout": "batch_first", "mask": "valid",
    "mask_layout": "same", "mask_type": "float", "speakers": "index", "output": "logits", "output_layout": "same",
    "item": "",
}  # fmt: skip


def given(*inputs: str, **changes: Any) -> list[Any]:
    return arguments_of({**PLAIN, "inputs": inputs, **changes}, TURNS, 2)


def values(said: Any, **changes: Any) -> Tensor:
    return values_of({**PLAIN, **changes}, said, TURNS, 2)


def test_features_joined_and_by_modality() -> None:
    joined, text, audio, both = given("features", "text", "audio", "modalities")
    assert joined[0].tolist() == [[0, 1, 0], [2, 3, -1], [4, 5, -2]]
    assert joined[1].tolist() == [[6, 7, -3], [0, 0, 0], [0, 0, 0]]
    assert text.shape == (2, 3, 2)
    assert audio.shape == (2, 3, 1)
    assert torch.equal(both["text"], text)
    assert list(both) == ["text", "audio"]
    (other,) = given("features", modalities=["audio", "text"])
    assert other[0].tolist() == [[0, 0, 1], [-1, 2, 3], [-2, 4, 5]]


def test_turns_first() -> None:
    text, speakers, mask = given("text", "speakers", "mask", layout="sequence_first")
    assert text.shape == (3, 2, 2)
    assert text[:, 0].tolist() == [[0, 1], [2, 3], [4, 5]]
    assert speakers.tolist() == [[0, 1], [1, 0], [0, 0]]
    assert mask.tolist() == [[1, 1], [1, 0], [1, 0]]
    assert all(array.is_contiguous() for array in (text, speakers, mask))


def test_masks_and_lengths() -> None:
    (mask,) = given("mask", layout="sequence_first", mask_layout="batch_first", mask_type="bool", mask="padding")
    assert mask.tolist() == [[False, False, False], [False, True, True]]
    mask, lengths, observed = given("mask", "lengths", "observed", mask_type="int")
    assert mask.dtype == torch.int64
    assert lengths.tolist() == [3, 1]
    assert observed[0].tolist() == [[1, 1], [1, 0], [1, 1]]
    assert observed[1].tolist() == [[1, 1], [0, 0], [0, 0]]


def test_speakers_as_one_hot_are_zeros_at_padding() -> None:
    (speakers,) = given("speakers", speakers="one_hot")
    assert speakers.tolist() == [[[1, 0], [0, 1], [1, 0]], [[0, 1], [0, 0], [0, 0]]]


def test_every_layout_of_the_output_comes_to_the_same() -> None:
    rows = torch.arange(8.0).view(4, 2)
    padded = torch.full((2, 3, 2), 9.0)
    padded[VALID] = rows
    for said, layout in ((padded, "batch_first"), (padded.transpose(0, 1), "sequence_first"), (rows, "flattened")):
        assert torch.equal(values(said, output_layout=layout)[VALID], rows)
    assert torch.equal(values(padded.transpose(0, 1), layout="sequence_first"), padded)


def test_gradients_flow_through_flattened_rows() -> None:
    rows = torch.ones(4, 2, requires_grad=True)
    values(rows, output_layout="flattened").sum().backward()  # type: ignore[no-untyped-call]  # torch gives it no types
    assert rows.grad is not None
    assert rows.grad.tolist() == [[1, 1]] * 4


def test_items_of_tuples_and_dicts() -> None:
    wanted, other = torch.ones(2, 3, 2), torch.zeros(1)
    for said, item in (((other, wanted), "1"), ([wanted, other], "0"), ({"y": wanted, 3: other}, "y")):
        assert values(said, item=item) is wanted


@pytest.mark.parametrize(
    ("said", "item", "message"),
    [
        ((1, 2), "", "expected a tensor from the model, got tuple of 2; declare which by item"),
        ({"y": 1}, "", "expected a tensor from the model, got dict; declare which by item"),
        (None, "", "expected a tensor from the model, got NoneType"),
        ((1, 2), "2", "expected the model to return an item '2', got 0, 1"),
        ({"y": 1}, "x", "expected the model to return an item 'x', got y"),
        (torch.ones(2), "0", "expected the model to return an item '0', got Tensor"),
        ((1, 2), "1", "expected a tensor from the model, got int"),
    ],
)
def test_something_else_than_a_tensor(said: Any, item: str, message: str) -> None:
    with pytest.raises(Mismatch) as caught:
        values(said, item=item)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("shape", "layout", "message"),
    [
        ((2, 3, 3), "same", "expected logits as 2 × 3 × 2 (dialogues × turns × classes), got 2 × 3 × 3"),
        ((2, 3, 2), "sequence_first", "expected logits as 3 × 2 × 2 (turns × dialogues × classes), got 2 × 3 × 2"),
        ((6, 2), "flattened", "expected logits as 4 × 2 (turns of all dialogues × classes), got 6 × 2"),
        ((), "flattened", "expected logits as 4 × 2 (turns of all dialogues × classes), got a number"),
    ],
)
def test_other_shapes(shape: tuple[int, ...], layout: str, message: str) -> None:
    with pytest.raises(Mismatch) as caught:
        values(torch.zeros(shape), output_layout=layout)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("row", "output", "message"),
    [
        ([0.5, float("nan")], "logits", "expected finite logits, got [0.5, nan] (1 of 4 rows are bad)"),
        ([0.5, float("-inf")], "logits", "expected finite logits, got [0.5, -inf]"),
        ([float("nan"), 0.0], "log_probabilities", "expected finite log_probabilities, got [nan, 0]"),
        ([0.5, -3.0], "log_probabilities", "expected log_probabilities of at most 0, got [0.5, -3]"),
        ([-1.0, -3.0], "log_probabilities", "expected logarithms of probabilities that sum to one, got [-1, -3]"),
        ([0.4, 0.5], "probabilities", "expected probabilities that sum to one, got [0.4, 0.5]"),
        ([-0.5, 1.5], "probabilities", "expected probabilities of at least 0, got [-0.5, 1.5]"),
    ],
)
def test_other_values(row: list[float], output: str, message: str) -> None:
    right = {"logits": [3.0, -3.0], "probabilities": [0.25, 0.75], "log_probabilities": [0.0, float("-inf")]}[output]
    said = torch.tensor([right] * 6).view(2, 3, 2)
    check_values({**PLAIN, "output": output}, said, VALID)
    said[1, 1] = torch.tensor([float("nan")] * 2)  # padding: anything
    check_values({**PLAIN, "output": output}, said, VALID)
    said[0, 2] = torch.tensor(row)
    with pytest.raises(Mismatch) as caught:
        check_values({**PLAIN, "output": output}, said, VALID)
    assert str(caught.value).startswith(message)


def test_complex_numbers_are_refused() -> None:
    with pytest.raises(Mismatch, match=r"^expected real logits, got torch\.complex64$"):
        check_values(PLAIN, torch.zeros(2, 3, 2, dtype=torch.complex64), VALID)


def test_the_softmax_of_what_is_kept_is_what_the_model_said() -> None:
    p = torch.tensor([[0.25, 0.75], [0.0, 1.0]])
    for said, output in ((p, "probabilities"), (p.log(), "log_probabilities"), (p.log() + 7, "logits")):
        kept = as_logits({"output": output}, said)
        assert np.allclose(kept.softmax(dim=1), p, atol=1e-7)
