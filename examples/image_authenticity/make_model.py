#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes crop.onnx and scenes.npy of this folder: the editor's network, which cuts a box out of a picture and says which digit is in it, and pictures that a
camera could take.

The network is the one of examples/digits behind a Slice of rows 12 to 19 and columns 20 to 27 of 32 by 32; the box is a constant of the network, so a key is
one of one box. Needs Debian's python3-onnx, python3-numpy. Same output on every run.
"""
import pathlib

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

HERE = pathlib.Path(__file__).resolve().parent
DIGITS = HERE.parent / "digits"
TOP, LEFT, SIZE, SIDE = 12, 20, 8, 32


def main() -> None:
    digits = onnx.load(str(DIGITS / "digits.onnx"))
    of = {"starts": [TOP, LEFT], "ends": [TOP + SIZE, LEFT + SIZE], "axes": [2, 3]}
    cut = helper.make_node("Slice", ["picture", *of], ["crop"])
    constants = [numpy_helper.from_array(np.array(values, dtype=np.int64), name) for name, values in of.items()]
    # That network takes grey levels times 1/255; pictures are the bytes of a sensor.
    levels = helper.make_node("Mul", ["crop", "unit"], ["image"])
    constants.append(numpy_helper.from_array(np.array(1 / 255, dtype=np.float32), "unit"))
    graph = helper.make_graph(
        [cut, levels, *digits.graph.node], "crop", [helper.make_tensor_value_info("picture", TensorProto.FLOAT, [1, 1, SIDE, SIDE])],
        [helper.make_tensor_value_info("crop", TensorProto.FLOAT, [1, 1, SIZE, SIZE]), helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, 10])],
        [*digits.graph.initializer, *constants])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=7, producer_name="make_model.py"), str(HERE / "crop.onnx"))

    random = np.random.RandomState(1)
    pictures = np.load(DIGITS / "test.npy").reshape(-1, SIZE, SIZE)
    scenes = random.randint(0, 96, (24, 1, SIDE, SIDE)).astype(np.uint8)
    for i, scene in enumerate(scenes):
        scene[0, TOP:TOP + SIZE, LEFT:LEFT + SIZE] = pictures[i]
    np.save(HERE / "scenes.npy", scenes)


if __name__ == "__main__":
    main()
