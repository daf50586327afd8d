#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Trains two small networks on handwritten digits and writes every file of this folder: what two hunters of a bounty bring, and the
provider's hidden data (docs/market.md).

Data: the 400 test pictures of examples/digits (grey levels 0..240). The first 272 are for training, 64 of the rest are the hidden split.
A network takes ROWS pictures at once and answers with ROWS classes: that is what contracts count hits of.
Needs Debian's python3-onnx, python3-numpy. Same output on every run of one machine.
"""
import os

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

ROWS = 32
TRAINING = 272
HIDDEN = 64
HERE = os.path.dirname(os.path.abspath(__file__))
DIGITS = os.path.join(HERE, "..", "digits")


def train(x, y, width, steps, seed):
    """Adam on cross entropy, of 64 - width - 10 with ReLU. Returns w1 [64, width], b1, w2 [width, 10], b2 for levels times 1/255, which is what
    `zkinfer` makes of files of bytes."""
    random = np.random.RandomState(seed)
    weights = [random.randn(64, width) * 0.15, np.zeros(width), random.randn(width, 10) * 0.3, np.zeros(10)]
    first, second = [np.zeros_like(w) for w in weights], [np.zeros_like(w) for w in weights]
    scaled = x / 240
    for step in range(1, steps + 1):
        w1, b1, w2, b2 = weights
        hidden = np.maximum(scaled @ w1 + b1, 0)
        scores = hidden @ w2 + b2
        error = np.exp(scores - scores.max(1, keepdims=True))
        error /= error.sum(1, keepdims=True)
        error[np.arange(len(y)), y] -= 1
        error /= len(y)
        back = (error @ w2.T) * (hidden > 0)
        for i, slope in enumerate((scaled.T @ back, back.sum(0), hidden.T @ error, error.sum(0))):
            slope = slope + 1e-4 * weights[i]
            first[i] = 0.9 * first[i] + 0.1 * slope
            second[i] = 0.999 * second[i] + 0.001 * slope**2
            weights[i] = weights[i] - 0.01 * (first[i] / (1 - 0.9**step)) / (np.sqrt(second[i] / (1 - 0.999**step)) + 1e-8)
    weights[0] = weights[0] * (255 / 240)
    return [w.astype(np.float32) for w in weights]


def save(weights, name):
    parameters = [numpy_helper.from_array(w, n) for w, n in zip(weights, ("w1", "b1", "w2", "b2"))]
    nodes = [helper.make_node("MatMul", ["pictures", "w1"], ["a"]), helper.make_node("Add", ["a", "b1"], ["b"]),
             helper.make_node("Relu", ["b"], ["c"]), helper.make_node("MatMul", ["c", "w2"], ["d"]),
             helper.make_node("Add", ["d", "b2"], ["e"]), helper.make_node("ArgMax", ["e"], ["classes"], axis=1, keepdims=0)]
    graph = helper.make_graph(nodes, name, [helper.make_tensor_value_info("pictures", TensorProto.FLOAT, [ROWS, 64])],
                              [helper.make_tensor_value_info("classes", TensorProto.INT64, [ROWS])], parameters)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8, producer_name="train.py"),
              os.path.join(HERE, name + ".onnx"))


def main():
    x = np.load(os.path.join(DIGITS, "test.npy")).reshape(-1, 64).astype(np.float64)
    y = np.load(os.path.join(DIGITS, "test_labels.npy")).astype(np.int64)
    hidden = slice(TRAINING, TRAINING + HIDDEN)
    for name, width, steps in (("wide", 32, 300), ("narrow", 8, 60)):
        weights = train(x[:TRAINING], y[:TRAINING], width, steps, 1)
        save(weights, name)
        w1, b1, w2, b2 = weights
        classes = (np.maximum((x[hidden] / 255).astype(np.float32) @ w1 + b1, 0) @ w2 + b2).argmax(1)
        print(f"{name}: {(classes == y[hidden]).sum()} of {HIDDEN} right")
    rows = TRAINING // ROWS * ROWS
    np.save(os.path.join(HERE, "calibration.npy"), x[:rows].reshape(-1, ROWS, 64).astype(np.uint8))
    np.save(os.path.join(HERE, "hidden.npy"), x[hidden].reshape(-1, ROWS, 64).astype(np.uint8))
    np.save(os.path.join(HERE, "hidden_labels.npy"), y[hidden].reshape(-1, ROWS).astype(np.uint8))


if __name__ == "__main__":
    main()
