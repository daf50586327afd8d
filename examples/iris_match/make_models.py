#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the networks and pictures of this folder: codes of irises, as signs of filters over an unrolled picture of 32 by 32 (Gabor filters, as IrisCode has them), in two
versions, and a comparison.

code_v1.onnx: 4 filters of 9 by 9, stride 4: 4 * 36 = 144 bits. code_v2.onnx: 6 filters. match_v1.onnx: picture and a code to one bit, whether at most a quarter of the bits differ, and
the code again.
irises.npy: textures made of noise, three takes of each of four; synthetic, so they say nothing of error rates. Needs Debian's python3-onnx, python3-numpy.
"""
import pathlib

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

HERE = pathlib.Path(__file__).resolve().parent
SIDE, SIZE, STRIDE = 32, 9, 4
QUARTER = 0.25


def gabor(count: int) -> np.ndarray:
    """[count, 1, 9, 9], without a mean: waves of two lengths in directions all round."""
    y, x = np.mgrid[-4:5, -4:5]
    out = []
    for i in range(count):
        angle, length = np.pi * i / count, 4.0 + 2 * (i % 2)
        wave = np.cos(2 * np.pi * (x * np.cos(angle) + y * np.sin(angle)) / length + np.pi / 4) * np.exp(-(x * x + y * y) / 10)
        out.append(wave - wave.mean())
    return np.array(out, dtype=np.float32)[:, None]


def code_nodes(filters: np.ndarray):
    """picture -> bits [1, n] of 0 and 1."""
    parameters = [numpy_helper.from_array(filters, "filters"), numpy_helper.from_array(np.array(0, dtype=np.float32), "zero"), numpy_helper.from_array(np.array([1, -1], dtype=np.int64), "flat")]
    nodes = [helper.make_node("Conv", ["picture", "filters"], ["waves"], strides=[STRIDE, STRIDE]), helper.make_node("Reshape", ["waves", "flat"], ["row"]),
             helper.make_node("Greater", ["row", "zero"], ["above"]), helper.make_node("Cast", ["above"], ["code"], to=TensorProto.FLOAT)]
    return nodes, parameters


def save(name: str, inputs, nodes, outputs, parameters) -> None:
    graph = helper.make_graph(nodes, name, [helper.make_tensor_value_info(n, TensorProto.FLOAT, shape) for n, shape in inputs], [helper.make_tensor_value_info(n, TensorProto.FLOAT, shape) for n, shape in outputs], parameters)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8, producer_name="make_models.py"), str(HERE / f"{name}.onnx"))


def main() -> None:
    picture = ("picture", [1, 1, SIDE, SIDE])
    places = ((SIDE - SIZE) // STRIDE + 1) ** 2
    for version, count in ((1, 4), (2, 6)):
        nodes, parameters = code_nodes(gabor(count))
        save(f"code_v{version}", [picture], nodes, [("code", [1, count * places])], parameters)
    bits = 4 * places
    nodes, parameters = code_nodes(gabor(4))
    nodes += [helper.make_node("Sub", ["code", "registered"], ["apart"]), helper.make_node("Abs", ["apart"], ["differs"]), helper.make_node("ReduceSum", ["differs", "axes"], ["distance"], keepdims=1),
              helper.make_node("Greater", ["limit", "distance"], ["near"]), helper.make_node("Cast", ["near"], ["matches"], to=TensorProto.FLOAT),
              # Inputs are committed, all of them; the code that was compared is an output, for the registry to see that it is the one it has.
              helper.make_node("Relu", ["registered"], ["shown"])]
    parameters += [numpy_helper.from_array(np.array([1], dtype=np.int64), "axes"), numpy_helper.from_array(np.array(QUARTER * bits + 0.5, dtype=np.float32), "limit")]
    save("match_v1", [picture, ("registered", [1, bits])], nodes, [("matches", [1, 1]), ("shown", [1, bits])], parameters)

    random = np.random.RandomState(3)
    takes = []
    for _ in range(4):
        # Noise of a few pixels' size.
        spectrum = np.fft.fft2(random.randn(SIDE, SIDE)) * np.exp(-((np.fft.fftfreq(SIDE)[:, None] ** 2 + np.fft.fftfreq(SIDE)[None] ** 2) * 18))
        iris = np.real(np.fft.ifft2(spectrum))
        iris = 128 + 50 * iris / iris.std()
        takes.append([np.clip(iris + 6 * random.randn(SIDE, SIDE), 0, 255) for _ in range(3)])
    np.save(HERE / "irises.npy", np.array(takes).round().astype(np.uint8)[:, :, None, None])


if __name__ == "__main__":
    main()
