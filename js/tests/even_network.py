# SPDX-License-Identifier: Apache-2.0
"""even.onnx, whose output has as many bytes as its input, and even.json, inputs of it."""
import json
import random

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper

random.seed(3)
weights = numpy.array([[random.uniform(-1, 1) for _ in range(4)] for _ in range(16)], dtype=numpy.float32)
graph = helper.make_graph(
    [helper.make_node("MatMul", ["x", "w"], ["y"])], "even", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 16])],
    [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 4])], [numpy_helper.from_array(weights, "w")],
)  # fmt: skip
onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), "even.onnx")
with open("even.json", "w") as file:
    json.dump({"input_data": [[random.uniform(-1, 1) for _ in range(256)]]}, file)
