"""Trains the GRU on simulated conversations, with a loop of its own: `python train.py --hidden 32 --epochs 2`."""

import numpy as np
import torch
from gru import EmotionGRU, args
from torch.nn import functional

from emobench.benchmark.registry import DATASETS, make

torch.manual_seed(0)
train = make(DATASETS, "simulated:train=60,validation=20,test=20").load().train
features = torch.tensor(np.concatenate([train.features[m] for m in ("text", "audio", "video")], axis=1))
n_speakers = int(train.speaker.max()) + 1
speakers = functional.one_hot(torch.tensor(train.speaker), n_speakers).float()
labels = torch.tensor(train.label)

model = EmotionGRU(features.shape[1], n_speakers, len(train.classes))
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
for epoch in range(args.epochs):
    total = 0.0
    for start, end in zip(train.starts[:-1], train.starts[1:]):
        turns = slice(start, end)
        length = torch.tensor([end - start])
        log_prob, _ = model(features[turns, None], speakers[turns, None], torch.ones(1, end - start), length)
        loss = functional.nll_loss(log_prob, labels[turns])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item()
    print(f"epoch {epoch + 1}: loss {total / train.dialogues:.3f}")
torch.save({"epoch": args.epochs, "state_dict": model.state_dict()}, "gru.pt")
