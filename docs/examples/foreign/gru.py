"""A recurrent model as research code has it: turns first, options read on import, and a GPU taken for granted."""

import argparse

import torch
from torch import nn
from torch.nn import functional

parser = argparse.ArgumentParser()
parser.add_argument("--hidden", type=int, default=32)
parser.add_argument("--epochs", type=int, default=2)
args = parser.parse_args()


class EmotionGRU(nn.Module):
    """One GRU over the turns of a dialogue, the speaker as a one-hot vector beside the features."""

    def __init__(self, width, speakers, classes):
        super().__init__()
        self.gru = nn.GRU(width + speakers, args.hidden, bidirectional=True)
        self.out = nn.Linear(2 * args.hidden, classes)

    def forward(self, x, qmask, umask, lengths):
        """x: turns × batch × width; qmask: turns × batch × speakers; umask: batch × turns; lengths: batch."""
        packed = nn.utils.rnn.pack_padded_sequence(torch.cat([x, qmask], dim=2), lengths, enforce_sorted=False)
        hidden, _ = nn.utils.rnn.pad_packed_sequence(self.gru(packed)[0])
        log_prob = functional.log_softmax(self.out(hidden), dim=2)
        # The turns of all dialogues one after the other, as the loss wants them.
        flat = torch.cat([log_prob[:n, i] for i, n in enumerate(umask.sum(1).long().tolist())])
        return flat, hidden


def get_model(width, speakers, classes):
    print("hidden units:", args.hidden)
    return EmotionGRU(width, speakers, classes).cuda()
