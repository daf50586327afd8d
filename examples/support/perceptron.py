# SPDX-License-Identifier: Apache-2.0
"""A perceptron with one hidden layer on rows of bytes, trained in numpy and saved as ONNX: `rows` [n, width] of uint8 to a class."""
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def train(x: np.ndarray, y: np.ndarray, hidden: int, steps: int, seed: int) -> list:
    """Adam on cross entropy with ReLU, in batches of 256. x: bytes [n, width]; y: classes. Returns w1, b1, w2, b2 for levels times 1/255, which is what `zkinfer` makes of bytes."""
    random = np.random.RandomState(seed)
    width, classes = x.shape[1], int(y.max()) + 1
    weights = [random.randn(width, hidden) / width**0.5, np.zeros(hidden), random.randn(hidden, classes) * 0.3, np.zeros(classes)]
    first, second = [np.zeros_like(w) for w in weights], [np.zeros_like(w) for w in weights]
    levels = x / 255
    middle, spread = levels.mean(0), np.maximum(levels.std(0), 1 / 255)
    whole = (levels - middle) / spread
    for step in range(1, steps + 1):
        w1, b1, w2, b2 = weights
        batch = random.randint(0, len(y), 256)
        scaled = whole[batch]
        units = np.maximum(scaled @ w1 + b1, 0)
        error = units @ w2 + b2
        error = np.exp(error - error.max(1, keepdims=True))
        error /= error.sum(1, keepdims=True)
        error[np.arange(256), y[batch]] -= 1
        error /= 256
        back = (error @ w2.T) * (units > 0)
        for i, slope in enumerate((scaled.T @ back, back.sum(0), units.T @ error, error.sum(0))):
            slope = slope + 1e-4 * weights[i]
            first[i] = 0.9 * first[i] + 0.1 * slope
            second[i] = 0.999 * second[i] + 0.001 * slope**2
            weights[i] = weights[i] - 0.01 * (1 - (step - 1) / steps) * (first[i] / (1 - 0.9**step)) / (np.sqrt(second[i] / (1 - 0.999**step)) + 1e-8)
    # The scaling goes into the first layer.
    w1, b1, w2, b2 = weights
    return [w.astype(np.float32) for w in (w1 / spread[:, None], b1 - (middle / spread) @ w1, w2, b2)]


def classes_of(weights: list, x: np.ndarray) -> np.ndarray:
    w1, b1, w2, b2 = weights
    return (np.maximum((x / 255).astype(np.float32) @ w1 + b1, 0) @ w2 + b2).argmax(1)


def save(weights: list, path: str, name: str, takes_bytes: bool = False) -> None:
    """takes_bytes: the network's input is bytes as they are (Python), not times 1/255 (what the command line makes of files of bytes)."""
    weights = [weights[0] / 255 if takes_bytes else weights[0], *weights[1:]]
    parameters = [numpy_helper.from_array(w.astype(np.float32), n) for w, n in zip(weights, ("w1", "b1", "w2", "b2"))]
    nodes = [helper.make_node("MatMul", ["rows", "w1"], ["a"]), helper.make_node("Add", ["a", "b1"], ["b"]), helper.make_node("Relu", ["b"], ["c"]),
             helper.make_node("MatMul", ["c", "w2"], ["d"]), helper.make_node("Add", ["d", "b2"], ["e"]), helper.make_node("ArgMax", ["e"], ["class"], axis=1, keepdims=0)]
    graph = helper.make_graph(nodes, name, [helper.make_tensor_value_info("rows", TensorProto.FLOAT, [1, weights[0].shape[0]])],
                              [helper.make_tensor_value_info("class", TensorProto.INT64, [1])], parameters)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8, producer_name="train.py"), path)
