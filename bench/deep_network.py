# SPDX-License-Identifier: Apache-2.0
# Writes a network of many convolutions with a residual path, and calibration inputs for it: deep_network.py LAYERS FOLDER [CHANNELS SIZE].
# For what segments cost (docs/benchmarks.md): every layer is the same work, so time must be linear in layers.
import os
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

layers, folder = int(sys.argv[1]), sys.argv[2]
channels, size = (int(x) for x in sys.argv[3:5]) if len(sys.argv) > 3 else (8, 16)
random = np.random.default_rng(1)
shape = [1, channels, size, size]
nodes, weights, x = [], [], "x"
for i in range(layers):
    w = random.normal(0, 0.5 / np.sqrt(9 * channels), (channels, channels, 3, 3)).astype(np.float32)
    weights.append(numpy_helper.from_array(w, f"w{i}"))
    nodes.append(helper.make_node("Conv", [x, f"w{i}"], [f"c{i}"], kernel_shape=[3, 3], pads=[1, 1, 1, 1], name=f"conv{i}"))
    nodes.append(helper.make_node("Relu", [f"c{i}"], [f"r{i}"], name=f"relu{i}"))
    x = f"r{i}"
    # Every eighth layer goes on from the sum, so that the numbers stay where they are.
    if i % 8 == 7:
        y = "x" if i == 7 else f"s{i - 8}"
        nodes.append(helper.make_node("Add", [x, y], [f"s{i}"], name=f"sum{i}"))
        x = f"s{i}"
nodes.append(helper.make_node("GlobalAveragePool", [x], ["y"], name="pool"))
graph = helper.make_graph(nodes, f"deep{layers}", [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
                          [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, channels, 1, 1])], weights)
os.makedirs(folder, exist_ok=True)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
onnx.save(model, os.path.join(folder, f"deep{layers}.onnx"))
np.save(os.path.join(folder, "calibration.npy"), random.normal(0, 1, [16] + shape[1:]).astype(np.float32))
