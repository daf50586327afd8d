#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Trains the small CNN of the demo on scikit-learn's handwritten digits and writes every file of this folder.

Data: sklearn.datasets.load_digits, 1797 pictures of 8x8 pixels with values 0..16 (the test set of "Optical Recognition of
Handwritten Digits", E. Alpaydin and C. Kaynak, UCI repository). Value v becomes the PNG grey level 15*v, and the model's
input is grey level / 255 = v / 17, which is what `zkinfer` does with pictures by default: nothing is rounded on the way.

Split (seeded shuffle): 1297 training, 100 calibration, 400 test pictures. The committed pictures are test pictures.
Needs Debian's python3-torch, python3-sklearn, python3-onnx, python3-numpy. Same output on every run of one machine.
"""
import json
import os
import random
import struct
import zlib

import numpy as np
import onnx
import torch
from sklearn.datasets import load_digits
from torch import nn

SEED = 20
HERE = os.path.dirname(os.path.abspath(__file__))


class Digits(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU(),
            nn.Conv2d(16, 24, 3, padding=1, bias=False), nn.BatchNorm2d(24), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(24, 32, 3, padding=1, bias=False), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2))
        self.classifier = nn.Sequential(nn.Flatten(), nn.Linear(32 * 2 * 2, 48), nn.ReLU(), nn.Linear(48, 10))

    def forward(self, x):
        return self.classifier(self.features(x))


def write_png(path, levels):
    """Writes an 8-bit grey PNG; written by hand so that no picture library can rescale or reorder anything."""
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    height, width = levels.shape
    rows = b"".join(b"\0" + levels[y].astype(np.uint8).tobytes() for y in range(height))
    with open(path, "wb") as f:
        f.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)) +
                chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b""))


def split():
    digits = load_digits()
    levels = (digits.images * 15).astype(np.uint8)
    order = np.random.RandomState(SEED).permutation(len(levels))
    train, calibration, test = order[:1297], order[1297:1397], order[1397:]
    return levels, digits.target, train, calibration, test


def as_input(levels):
    return torch.from_numpy(levels.astype(np.float32) / np.float32(255)).unsqueeze(1)


def shifted(batch):
    """Moves each picture by up to one pixel."""
    padded = nn.functional.pad(batch, (1, 1, 1, 1))
    rows, columns = torch.randint(0, 3, (len(batch),)), torch.randint(0, 3, (len(batch),))
    return torch.stack([padded[i, :, r:r + 8, c:c + 8] for i, (r, c) in enumerate(zip(rows, columns))])


def train_model(x, y):
    model = Digits()
    num_epochs, batch_size = 60, 64
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=2e-2)
    steps = num_epochs * ((len(x) + batch_size - 1) // batch_size)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 6e-3, total_steps=steps)
    for _ in range(num_epochs):
        for index in torch.randperm(len(x)).split(batch_size):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(shifted(x[index])), y[index], label_smoothing=0.05)
            loss.backward()
            optimizer.step()
            schedule.step()
    return model.eval()


def main():
    random.seed(SEED)
    np.random.seed(SEED)
    torch.manual_seed(SEED)
    torch.use_deterministic_algorithms(True)
    torch.set_num_threads(1)
    levels, labels, train, calibration, test = split()
    x, y = as_input(levels), torch.from_numpy(labels)
    model = train_model(x[train], y[train])
    with torch.no_grad():
        hits = model(x[test]).arg_max(1) == y[test]
    accuracy = hits.float().mean().item()
    print(f"parameters {sum(p.numel() for p in model.parameters())}, test accuracy {100 * accuracy:.2f} % of {len(test)}")
    assert accuracy >= 0.97

    path = os.path.join(HERE, "digits.onnx")
    # Training mode "preserve" keeps the batch normalizations in the file: folding them is the compiler's work.
    torch.onnx.export(model, x[:1], path, opset_version=13, input_names=["image"], output_names=["logits"],
                      dynamic_axes={"image": {0: "batch"}, "logits": {0: "batch"}},
                      training=torch.onnx.TrainingMode.PRESERVE, do_constant_folding=False)
    exported = onnx.load(path)
    exported.graph.name = "digits"
    exported.doc_string = f"8x8 handwritten digits, trained; test accuracy {100 * accuracy:.2f} % ({len(test)} pictures)"
    onnx.save(exported, path)

    np.save(os.path.join(HERE, "calibration.npy"), levels[calibration][:, None])
    np.save(os.path.join(HERE, "test.npy"), levels[test][:, None])
    np.save(os.path.join(HERE, "test_labels.npy"), labels[test].astype(np.uint8))
    for digit in range(10):
        first = next(i for i in test if labels[i] == digit)
        write_png(os.path.join(HERE, f"digit_{digit}.png"), levels[first])
    first = next(i for i in test if labels[i] == 7)
    with open(os.path.join(HERE, "input.json"), "w", encoding="ascii") as f:
        json.dump({"input_data": [[round(float(v) / 255, 9) for v in levels[first].reshape(-1)]]}, f)
        f.write("\n")


if __name__ == "__main__":
    main()
