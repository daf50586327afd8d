#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes LeNet-5 for 28x28 grey pictures (61 706 parameters): trained on MNIST where its files are at hand, else random.

Layers as usual today (Y. LeCun et al., "Gradient-Based Learning Applied to Document Recognition", 1998, with ReLU and max
pooling): conv 6@5x5 pad 2, pool, conv 16@5x5, pool, 400-120-84-10.
--mnist FOLDER: a folder with one images and one labels file in IDX format (plain or .gz), of which 80 % train, 100 pictures
calibrate and the rest test. Without it the weights are random (Kaiming) and the file says so; pictures are noise then.
Usage: make_lenet5.py OUTPUT_FOLDER [--mnist FOLDER] [--seed N]
Needs Debian's python3-torch, python3-onnx, python3-numpy.
"""
import argparse
import glob
import gzip
import os

import numpy as np
import onnx
import torch
from torch import nn


class LeNet5(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
                                      nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2))
        self.classifier = nn.Sequential(nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(),
                                        nn.Linear(84, 10))

    def forward(self, x):
        return self.classifier(self.features(x))


def read_idx(path):
    with (gzip.open if path.endswith(".gz") else open)(path, "rb") as f:
        data = f.read()
    rank = data[3]
    shape = [int.from_bytes(data[4 + 4 * i:8 + 4 * i], "big") for i in range(rank)]
    return np.frombuffer(data, np.uint8, offset=4 + 4 * rank).reshape(shape)


def load_mnist(folder):
    """The images file and the labels file with as many entries."""
    images = read_idx(sorted(glob.glob(os.path.join(folder, "*images*")))[0])
    for path in sorted(glob.glob(os.path.join(folder, "*labels*"))):
        labels = read_idx(path)
        if len(labels) == len(images):
            return images, labels
    raise SystemExit(f"{folder}: no labels file with {len(images)} entries")


def train(model, images, labels):
    x = torch.from_numpy(images.astype(np.float32) / np.float32(255)).unsqueeze(1)
    y = torch.from_numpy(labels.astype(np.int64))
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3, weight_decay=1e-4)
    for _ in range(12):
        for index in torch.randperm(len(x)).split(64):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(x[index]), y[index]).backward()
            optimizer.step()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("output_folder")
    parser.add_argument("--mnist")
    parser.add_argument("--seed", type=int, default=5)
    arguments = parser.parse_args()
    os.makedirs(arguments.output_folder, exist_ok=True)
    torch.manual_seed(arguments.seed)
    model = LeNet5()
    if arguments.mnist:
        images, labels = load_mnist(arguments.mnist)
        cut = len(images) * 8 // 10
        train(model, images[:cut], labels[:cut])
        calibration, test, test_labels = images[cut:cut + 100], images[cut + 100:], labels[cut + 100:]
        with torch.no_grad():
            scores = model.eval()(torch.from_numpy(test.astype(np.float32) / np.float32(255)).unsqueeze(1))
        accuracy = float((scores.arg_max(1).numpy() == test_labels).mean())
        note = f"trained on {cut} MNIST pictures; accuracy {100 * accuracy:.2f} % on {len(test)} others"
        name = "lenet5-mnist"
    else:
        for module in model.modules():
            if isinstance(module, (nn.Conv2d, nn.Linear)):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
                nn.init.zeros_(module.bias)
        noise = np.random.RandomState(arguments.seed).randint(0, 256, (200, 28, 28), dtype=np.uint8)
        calibration, test = noise[:100], noise[100:]
        note, name = "RANDOM Kaiming weights, not trained: for benchmarks only", "lenet5-random-weights"
    path = os.path.join(arguments.output_folder, "lenet5.onnx")
    torch.onnx.export(model.eval(), torch.zeros(1, 1, 28, 28), path, opset_version=13, input_names=["image"], output_names=["logits"])
    exported = onnx.load(path)
    exported.graph.name, exported.doc_string = name, note
    onnx.save(exported, path)
    np.save(os.path.join(arguments.output_folder, "calibration.npy"), calibration)
    np.save(os.path.join(arguments.output_folder, "test.npy"), test)
    np.save(os.path.join(arguments.output_folder, "input.npy"), test[:1])
    print(f"{path}: {sum(p.numel() for p in model.parameters())} parameters; {note}")


if __name__ == "__main__":
    main()
