#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the files of this folder: pictures that look a little like scans, of which half show a bright spot with a soft edge, and a small
CNN that finds it. The pictures are drawn, not taken from anybody. Needs Debian's python3-torch and python3-onnx; the same output on every run of one machine.
"""
import pathlib

import numpy as np
import torch
from torch import nn

HERE = pathlib.Path(__file__).resolve().parent
SIZE = 24


def draw(count, seed):
    """Grey levels 0..255 [count, 1, SIZE, SIZE] uint8, and whether each has a spot."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:SIZE, 0:SIZE]
    pictures, labels = np.zeros((count, 1, SIZE, SIZE), np.uint8), random.integers(0, 2, count)
    for picture, label in zip(pictures, labels):
        centre = SIZE / 2 + random.normal(size=2)
        tissue = 110 * np.exp(-(((x - centre[0]) / 10) ** 4 + ((y - centre[1]) / 9) ** 4)) + 12 * random.normal(size=(SIZE, SIZE))
        for _ in range(4):  # vessels: thin, and brighter than the spot
            angle, offset = random.uniform(0, np.pi), random.uniform(-6, 6)
            distance = np.abs((x - centre[0]) * np.sin(angle) - (y - centre[1]) * np.cos(angle) - offset)
            tissue += 45 * np.exp(-((distance / 0.7) ** 2))
        if label:
            spot = centre + random.uniform(-5, 5, 2)
            tissue += random.uniform(45, 80) * np.exp(-((x - spot[0]) ** 2 + (y - spot[1]) ** 2) / random.uniform(5, 12))
        picture[0] = np.clip(tissue, 0, 255).round()
    return pictures, labels


class Scans(nn.Module):
    """Takes grey levels as they are: what scales them is proven too."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1, 8, 5, stride=2, padding=2, bias=False), nn.BatchNorm2d(8), nn.ReLU(),
            nn.Conv2d(8, 12, 3, padding=1, bias=False), nn.BatchNorm2d(12), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(12, 16, 3, bias=False), nn.BatchNorm2d(16), nn.ReLU(), nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(16, 1), nn.Sigmoid(),
        )  # fmt: skip

    def forward(self, levels):
        return self.layers(levels / 255)


def main():
    torch.manual_seed(1)
    pictures, labels = draw(1600, seed=1)
    test, expected = draw(400, seed=2)
    net, inputs, targets = Scans(), torch.tensor(pictures).float(), torch.tensor(labels).float()[:, None]
    optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
    for _ in range(12):
        for part in torch.randperm(len(inputs)).split(64):
            optimizer.zero_grad()
            nn.functional.binary_cross_entropy(net(inputs[part]), targets[part]).backward()
            optimizer.step()
    net.eval()
    with torch.no_grad():
        right = ((net(torch.tensor(test).float())[:, 0] > 0.5).numpy() == expected).mean()
    print(f"right on {100 * right:.1f} % of {len(test)} pictures")
    torch.onnx.export(net, inputs[:1], HERE / "scans.onnx", input_names=["scan"], output_names=["finding"], opset_version=13)
    np.save(HERE / "typical.npy", pictures[:60])
    np.save(HERE / "patients.npy", test[:8])
    np.save(HERE / "patients_truth.npy", expected[:8])


if __name__ == "__main__":
    main()
