"""How a network's log probabilities change with the features it is given."""

import numpy as np
import torch
from jaxtyping import Float, Float32
from torch import nn

from ..conversations import Conversations
from .batches import Batch, Output, make_batch, padded_rows, prediction_batches


def feature_gradients(
    network: nn.Module, conversations: Conversations, slopes: Float[np.ndarray, "utterances classes"], *, device: str
) -> dict[str, Float32[np.ndarray, "utterances width"]]:
    """Return per modality the gradient of Σ slopes · log p with respect to the features, in the order of the rows.

    The network is in evaluation mode; its parameters keep the `grad` they have. The softmax is taken in double
    precision. What the network does not look at has gradient 0.

    Parameters
    ----------
    slopes
        Constants: the derivative of some loss with respect to the log probabilities. Those of −log p[gold]: −1 at the
        gold class, else 0.
    """
    network.eval()
    found = {modality: np.zeros(rows.shape, np.float32) for modality, rows in conversations.features.items()}
    for dialogues in prediction_batches(conversations):
        row, valid = padded_rows(conversations, dialogues)
        padded = np.where(valid[..., None], slopes[row], 0.0)
        gradients = _of_batch(network, make_batch(conversations, dialogues, device=device), padded)
        for modality, gradient in zip(found, gradients, strict=True):
            found[modality][row[valid]] = gradient.cpu().numpy()[valid]
    return found


def _of_batch(
    network: nn.Module, batch: Batch, slopes: Float[np.ndarray, "dialogues turns classes"]
) -> tuple[torch.Tensor, ...]:
    features = tuple(batch.features.values())
    for rows in features:
        rows.requires_grad_()
    # cuDNN has no backward pass of a recurrent layer in evaluation mode; torch's own kernels have.
    with torch.enable_grad(), torch.backends.cudnn.flags(enabled=False):
        output: Output = network(batch)
        log_p = torch.log_softmax(output.logits.double(), dim=-1)
        # Only what leads to the features is computed, so the parameters get no gradient.
        return torch.autograd.grad(
            log_p, features, torch.from_numpy(slopes).to(log_p), allow_unused=True, materialize_grads=True
        )
