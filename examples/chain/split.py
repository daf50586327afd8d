#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Cuts ../mlp/mlp.onnx in two and writes every file of this folder, or of another one: a chain of two models.

features.onnx  flower [N, 4] -> features [N, 16], up to the Tanh
head.onnx      features [N, 16] -> logits [N, 3]
head_calibration.json  what features.onnx gives for ../mlp/calibration.json

Needs Debian's python3-onnx, python3-numpy. Same output on every run of one machine.

Usage: split.py [FOLDER]
"""
import json
import os
import sys

import numpy as np
import onnx
import onnx.utils
from onnx import numpy_helper

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


def run(model, x):
    """What the operators of the perceptron compute, in float32: Debian's onnx has no evaluator."""
    values = {model.graph.input[0].name: x}
    values.update((tensor.name, numpy_helper.to_array(tensor)) for tensor in model.graph.initializer)
    for node in model.graph.node:
        given = [values[name] for name in node.input]
        attributes = {attribute.name: onnx.helper.get_attribute_value(attribute) for attribute in node.attribute}
        if node.op_type == "Gemm" and attributes in ({"alpha": 1.0, "beta": 1.0, "transB": 1}, {"transB": 1}):
            made = given[0] @ given[1].T + given[2]
        elif node.op_type == "Sub":
            made = given[0] - given[1]
        elif node.op_type == "Div":
            made = given[0] / given[1]
        elif node.op_type == "Relu":
            made = np.maximum(given[0], 0)
        elif node.op_type == "Tanh":
            made = np.tanh(given[0])
        else:
            raise SystemExit(f"split.py: {node.op_type} {attributes}; only what ../mlp/mlp.onnx has is computed here")
        values[node.output[0]] = made
    return values[model.graph.output[0].name]


def main(folder=HERE):
    model = onnx.shape_inference.infer_shapes(onnx.load(os.path.join(MLP, "mlp.onnx")))
    features = part(model, ["flower"], [CUT], {CUT: "features"})
    features.graph.name = "iris-features"
    features.doc_string = "the first two layers of the iris perceptron"
    head = part(model, [CUT], ["logits"], {CUT: "features"})
    head.graph.name = "iris-head"
    head.doc_string = "the last layer of the iris perceptron"
    onnx.save(features, os.path.join(folder, "features.onnx"))
    onnx.save(head, os.path.join(folder, "head.onnx"))
    with open(os.path.join(MLP, "calibration.json"), encoding="ascii") as f:
        flowers = np.array(json.load(f)["input_data"][0], np.float32).reshape(-1, 4)
    values = np.concatenate([run(features, flower[None]) for flower in flowers])
    with open(os.path.join(folder, "head_calibration.json"), "w", encoding="ascii") as f:
        json.dump({"input_data": [[round(float(v), 6) for v in values.reshape(-1)]]}, f)
        f.write("\n")


if __name__ == "__main__":
    main(*sys.argv[1:2])
