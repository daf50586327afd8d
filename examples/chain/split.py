#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Cuts ../mlp/mlp.onnx in two and writes every file of this folder: a chain of two models.

features.onnx  flower [N, 4] -> features [N, 16], up to the Tanh
head.onnx      features [N, 16] -> logits [N, 3]
head_calibration.json  what features.onnx gives for ../mlp/calibration.json

Needs Debian's python3-onnx, python3-numpy. Same output on every run of one machine.
"""
import json
import os

import numpy as np
import onnx
from onnx.reference import ReferenceEvaluator

HERE = os.path.dirname(os.path.abspath(__file__))
MLP = os.path.join(HERE, "..", "mlp")
CUT = "/layers/layers.3/Tanh_output_0"


def part(model, inputs, outputs, renamed):
    extracted = onnx.utils.Extractor(model).extract_model(inputs, outputs)
    for node in extracted.graph.node:
        for names in (node.input, node.output):
            for i, name in enumerate(names):
                names[i] = renamed.get(name, name)
    for value in list(extracted.graph.input) + list(extracted.graph.output):
        value.name = renamed.get(value.name, value.name)
    onnx.checker.check_model(extracted)
    return extracted


def main():
    model = onnx.shape_inference.infer_shapes(onnx.load(os.path.join(MLP, "mlp.onnx")))
    features = part(model, ["flower"], [CUT], {CUT: "features"})
    features.graph.name = "iris-features"
    features.doc_string = "the first two layers of the iris perceptron"
    head = part(model, [CUT], ["logits"], {CUT: "features"})
    head.graph.name = "iris-head"
    head.doc_string = "the last layer of the iris perceptron"
    onnx.save(features, os.path.join(HERE, "features.onnx"))
    onnx.save(head, os.path.join(HERE, "head.onnx"))
    with open(os.path.join(MLP, "calibration.json"), encoding="ascii") as f:
        flowers = np.array(json.load(f)["input_data"][0], np.float32).reshape(-1, 4)
    evaluator = ReferenceEvaluator(features)
    values = np.concatenate([evaluator.run(None, {"flower": flower[None]})[0] for flower in flowers])
    with open(os.path.join(HERE, "head_calibration.json"), "w", encoding="ascii") as f:
        json.dump({"input_data": [[round(float(v), 6) for v in values.reshape(-1)]]}, f)
        f.write("\n")


if __name__ == "__main__":
    main()
