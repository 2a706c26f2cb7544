"""Batches of many inputs that share arrays: the same as on their own, and shared tensors stay as they are."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from emobench.benchmark.conversations import Conversations
from emobench.benchmark.training.batch_pieces import BatchPiece, SharedBatches, only_batches, pieces_of
from emobench.benchmark.training.batches import Batch

Make = Callable[..., Conversations]


def tensors(batch: Batch) -> dict[str, torch.Tensor]:
    named = {"valid": batch.valid, "speaker": batch.speaker, "label": batch.label}
    for group, those in (("features", batch.features), ("observed", batch.observed), ("concealed", batch.concealed)):
        named |= {f"{group} {modality}": tensor for modality, tensor in those.items()}
    return named


def muted(clean: Conversations) -> Conversations:
    nothing = np.zeros_like(clean.observed["audio"])
    silence = {"audio": np.zeros_like(clean.features["audio"])}
    return clean.with_modalities(features=silence, observed={"audio": nothing}, present={"audio": nothing})


def test_shared_batches_are_those_of_the_input_alone(small: Make) -> None:
    clean = small(lengths=(300, 300, 2, 5))
    concealed = {"video": np.ones(clean.features["video"].shape, bool)}
    twice = clean.take_dialogues([3, 3])
    shared = SharedBatches(clean, device="cpu")
    for conversations in (clean, muted(clean), clean.change(concealed=concealed), twice, clean):
        ours, alone = list(shared.pieces_of(conversations)), list(pieces_of(conversations, device="cpu"))
        assert len(ours) == len(alone)
        for one, other in zip(ours, alone, strict=True):
            assert np.array_equal(one.row, other.row)
            assert np.array_equal(one.valid, other.valid)
            assert tensors(one.batch).keys() == tensors(other.batch).keys()
            for name, tensor in tensors(one.batch).items():
                assert torch.equal(tensor, tensors(other.batch)[name]), name


def test_what_two_inputs_share_is_padded_once(small: Make) -> None:
    clean = small(lengths=(4, 2))
    shared = SharedBatches(clean, device="cpu")
    (one,), (other,) = (list(shared.pieces_of(conversations)) for conversations in (clean, muted(clean)))
    assert one.batch.features["text"] is other.batch.features["text"]
    assert one.batch.features["audio"] is not other.batch.features["audio"]


def test_what_a_network_writes_into_its_batch_hits_nobody_else(small: Make) -> None:
    clean = small(lengths=(4, 2))
    shared = SharedBatches(clean, device="cpu")
    # An attack makes its batches while the network predicts.
    with torch.inference_mode():
        (piece,) = shared.pieces_of(clean)
    expected = {name: tensor.clone() for name, tensor in tensors(piece.batch).items()}
    with torch.inference_mode():
        piece.batch.features["text"].zero_()
        piece.batch.valid.fill_(False)
        piece.mend()
    (next_one,) = shared.pieces_of(clean)
    assert next_one.batch.features["text"] is piece.batch.features["text"]
    for name, tensor in tensors(next_one.batch).items():
        assert torch.equal(tensor, expected[name]), name
    assert next_one.valid.sum() == len(clean)


def test_pieces_of_a_network_are_batches(small: Make) -> None:
    pieces = list(pieces_of(small(), device="cpu"))
    pieces[0].mend()
    assert all(isinstance(piece, BatchPiece) for piece in only_batches(pieces))
    with pytest.raises(AssertionError):
        list(only_batches(["something else"]))
