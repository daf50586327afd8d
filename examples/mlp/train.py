#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Trains a multilayer perceptron 4-16-16-3 on Fisher's iris data and writes every file of this folder.

Data: sklearn.datasets.load_iris, 150 flowers, 4 lengths in centimetres. The model normalizes inside the graph, so its input
is what a ruler says. Split (seeded shuffle): 90 training, 20 calibration, 40 test.
Needs Debian's python3-torch, python3-sklearn, python3-onnx, python3-numpy. Same output on every run of one machine.
"""
import json
import os

import numpy as np
import onnx
import torch
from sklearn.datasets import load_iris
from torch import nn

SEED = 4
HERE = os.path.dirname(os.path.abspath(__file__))


class Mlp(nn.Module):
    def __init__(self, mean, deviation):
        super().__init__()
        self.mean, self.deviation = nn.Parameter(mean, False), nn.Parameter(deviation, False)
        self.layers = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 16), nn.Tanh(), nn.Linear(16, 3))

    def forward(self, x):
        return self.layers((x - self.mean) / self.deviation)


def main():
    torch.manual_seed(SEED)
    torch.use_deterministic_algorithms(True)
    torch.set_num_threads(1)
    iris = load_iris()
    order = np.random.RandomState(SEED).permutation(len(iris.data))
    train, calibration, test = order[:90], order[90:110], order[110:]
    x, y = torch.from_numpy(iris.data.astype(np.float32)), torch.from_numpy(iris.target)
    model = Mlp(x[train].mean(0), x[train].std(0))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02, weight_decay=1e-3)
    for _ in range(200):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x[train]), y[train]).backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        accuracy = (model(x[test]).arg_max(1) == y[test]).float().mean().item()
    print(f"parameters {sum(p.numel() for p in model.parameters())}, test accuracy {100 * accuracy:.1f} % of {len(test)}")
    assert accuracy >= 0.95

    path = os.path.join(HERE, "mlp.onnx")
    torch.onnx.export(model, x[:1], path, opset_version=13, input_names=["flower"], output_names=["logits"])
    exported = onnx.load(path)
    exported.graph.name = "iris-mlp"
    exported.doc_string = f"iris flowers, trained; test accuracy {100 * accuracy:.1f} % ({len(test)} flowers)"
    onnx.save(exported, path)
    with open(os.path.join(HERE, "calibration.json"), "w", encoding="ascii") as f:
        json.dump({"input_data": [[round(float(v), 3) for v in iris.data[calibration].reshape(-1)]]}, f)
        f.write("\n")
    with open(os.path.join(HERE, "input.json"), "w", encoding="ascii") as f:
        json.dump({"input_data": [[float(v) for v in iris.data[test[0]]]],
                   "output_data": [[float(v) for v in model(x[test[:1]]).detach().reshape(-1)]]}, f)
        f.write("\n")


if __name__ == "__main__":
    main()
